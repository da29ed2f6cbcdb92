//! The certificates that an ACME server presented.

use serde::{Deserialize, Serialize};

/// What came in the TLS handshake, whether it was trusted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presented {
    /// The names of those who issued each certificate, the server's own first.
    pub issuers: Vec<String>,
    /// Whether they lead to a root that this host's distribution ships, local additions left out; `None` where there are
    /// none to compare, or where something else is wrong with the certificates.
    pub public: Option<bool>,
    /// The lists of roots that certbots here bring themselves, and that they do not lead to.
    pub lacking: Vec<String>,
}

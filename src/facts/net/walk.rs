//! The way of an HTTP-01 validation, hop by hop.

use serde::{Deserialize, Serialize};

/// One walk to a challenge's URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The URL it began with.
    pub url: String,
}

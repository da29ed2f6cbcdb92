//! CAA records (RFC 8659) on the way from a name to its top-level domain.

use serde::{Deserialize, Serialize};

use super::dns::Outcome;

/// What was found while climbing: the steps from the name upwards, to the first that has records or fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caa {
    /// The resolver that was asked.
    pub resolver: String,
    /// The steps, the name itself first.
    pub steps: Vec<CaaStep>,
}

/// One label on the way up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaStep {
    /// The name that was asked for.
    pub name: String,
    /// The names that CNAME records lead to, in order.
    pub aliases: Vec<String>,
    /// Its records.
    pub records: Outcome<CaaRecord>,
}

/// One CAA record as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaRecord {
    /// The flags byte.
    pub flags: u8,
    /// The tag, in the record's own case.
    pub tag: String,
    /// The value; bytes that are not ASCII are written as `\xNN`.
    pub value: String,
}

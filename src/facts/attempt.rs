//! One attempt to prove an identifier, rehearsed or real: what was tried, from where, and what came of it.

use serde::{Deserialize, Serialize};

use super::Problem;
use super::net::Hop;

/// Who looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vantage {
    /// This host, by the CA's rules.
    #[serde(rename = "this host")]
    ThisHost,
    /// The CA itself.
    #[serde(rename = "CA")]
    Ca,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The lineage; `None` for names that were given on the command line.
    pub lineage: Option<String>,
    /// The identifier.
    pub identifier: String,
    /// How the token was published: `webroot`, `standalone`, `nginx` …
    pub method: String,
    /// Who looked.
    pub vantage: Vantage,
    /// Whether it would be proven.
    pub ok: bool,
    /// The check that names the cause.
    pub id: Option<String>,
    /// What the CA says, or would say.
    pub problem: Option<Problem>,
    /// The connections, in order.
    pub hops: Vec<Hop>,
    /// Why a renewal may get through all the same, where it may.
    #[serde(default)]
    pub may_pass: Option<String>,
    /// The CA came to another end than this host did; its word is of more worth.
    #[serde(default)]
    pub differs: bool,
}

//! The terms on which facts are judged, and which are not the host's.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many attempts should fit between the day a lineage becomes due and the end of its certificate.
pub const ENOUGH_ATTEMPTS: u32 = 3;

/// What the user wants the forecast to hold to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Where the forecast ends; three years from now where it is not said.
    pub until: Option<Timestamp>,
    /// How many attempts are enough.
    pub min_attempts: u32,
    /// The same for single lineages.
    pub min_attempts_of: BTreeMap<String, u32>,
    /// A CA connects to private addresses too: `--allow-private-addresses`.
    #[serde(default)]
    pub private_addresses: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            until: None,
            min_attempts: ENOUGH_ATTEMPTS,
            min_attempts_of: BTreeMap::new(),
            private_addresses: false,
        }
    }
}

impl Terms {
    /// Where the forecast ends.
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        let three_years = SignedDuration::from_hours(3 * 365 * 24 + 24);
        self.until.unwrap_or_else(|| now.saturating_add(three_years).unwrap_or(Timestamp::MAX))
    }

    /// How many attempts are enough for a lineage.
    pub fn enough_for(&self, lineage: &str) -> u32 {
        self.min_attempts_of.get(lineage).copied().unwrap_or(self.min_attempts)
    }
}

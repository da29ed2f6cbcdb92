//! Whether the schedule should have run since a moment, and the host was there to run it.

use jiff::{SignedDuration, Timestamp};

use crate::ca::DAY;
use crate::facts::{Fact, HostFacts, Missing, Role, Why};

/// What a run may take, and what clocks may differ, in seconds.
const SLACK: i64 = DAY;

impl HostFacts {
    /// The moment by which two runs must have come since another one, where that is over; `gap` is the seconds between
    /// two runs at most, `what` names what is asked.
    ///
    /// # Errors
    /// Nothing tells whether the host was running for so long.
    pub fn two_runs_since(&self, since: Timestamp, gap: i64, what: &str) -> Fact<Option<Timestamp>> {
        let grace = SignedDuration::from_secs(gap.saturating_mul(2).saturating_add(SLACK));
        let late = since.saturating_add(grace).unwrap_or(Timestamp::MAX);
        if self.now < late {
            return Ok(None);
        }
        if self.alive.is_none_or(|alive| alive < late) {
            let until =
                self.alive.map_or_else(String::new, |alive| format!(" after {}", alive.strftime("%Y-%m-%d")));
            let why = Why::Unclear(format!("nothing tells whether the host was running{until}"));
            return Err(Missing::new(what, why, Role::Other));
        }
        Ok(Some(late))
    }
}

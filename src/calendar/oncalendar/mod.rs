//! `OnCalendar=` of systemd timers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ParseError;

/// A calendar event expression of systemd.time(7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCalendar {}

impl OnCalendar {
    /// Reads an expression; accepts and refuses what systemd 252 does.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Err(ParseError::new(0, format!("cannot read `{text}` yet")))
    }

    /// The first time after `after` at which it elapses, in its own zone or else in `local`; `None` when it never does
    /// again.
    pub fn next_after(&self, _after: Timestamp, _local: &TimeZone) -> Option<Timestamp> {
        None
    }

    /// All times in `(after, until]`, ascending, at most `limit` of them.
    pub fn between(
        &self,
        _after: Timestamp,
        _until: Timestamp,
        _local: &TimeZone,
        _limit: usize,
    ) -> Vec<Timestamp> {
        Vec::new()
    }
}

impl std::fmt::Display for OnCalendar {
    /// The normalized form, as `systemd-analyze calendar` prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("*-*-*")
    }
}

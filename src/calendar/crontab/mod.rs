//! The times of a crontab's line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ParseError;

/// The five time fields of a crontab's line, or its `@` word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronTimes {}

impl CronTimes {
    /// Reads the times at the start of a line, and gives the rest of the line: accepts and refuses what Debian's cron does.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse_line(line: &str) -> Result<(Self, &str), ParseError> {
        Err(ParseError::new(0, format!("cannot read `{line}` yet")))
    }

    /// Reads times alone.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_line(text).map(|(times, _)| times)
    }

    /// `@reboot`: once after each start of the machine, and at no time that could be computed.
    pub fn at_reboot(&self) -> bool {
        false
    }

    /// The first time after `after` at which it fires on a host of this zone; `None` when it never does.
    pub fn next_after(&self, _after: Timestamp, _zone: &TimeZone) -> Option<Timestamp> {
        None
    }

    /// All times in `(after, until]`, ascending, at most `limit` of them.
    pub fn between(
        &self,
        _after: Timestamp,
        _until: Timestamp,
        _zone: &TimeZone,
        _limit: usize,
    ) -> Vec<Timestamp> {
        Vec::new()
    }
}

impl std::fmt::Display for CronTimes {
    /// Five fields with the values listed in their shortest form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("* * * * *")
    }
}

//! The days on which a line fires: walked by the `cron` crate, which knows months and leap years.
//!
//! The crate's own reading of crontabs differs from cron's (it wants seconds, counts weekdays from 1 and asks for both
//! kinds of day), so it is given what [`Fields`] has understood: values listed, weekdays by name, and two schedules
//! where either kind of day is enough.

use chrono::{DateTime, Utc};
use cron::Schedule;

use super::fields::Fields;

const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Seconds of a day.
const DAY: i64 = 86_400;

/// The days, as far as the crate's calendar goes: the year 2100.
#[derive(Clone, Debug)]
pub(super) struct Days(Vec<Schedule>);

impl Days {
    /// The days of these fields; none where a field is empty.
    pub fn new(fields: &Fields) -> Self {
        let days = listed(fields.day.bits);
        let months = listed(fields.month.bits);
        let weekdays = names(fields.weekday.bits);
        let texts = match fields.both_days() {
            true => vec![(days, weekdays)],
            false => vec![(days, Some("*".to_owned())), (Some("*".to_owned()), weekdays)],
        };
        let schedule = |(days, weekdays): (Option<String>, Option<String>)| {
            format!("0 0 0 {} {} {}", days?, months.as_ref()?, weekdays?).parse().ok()
        };
        Self(texts.into_iter().filter_map(schedule).collect())
    }

    /// The first day at or after a day; both are counted from 1970-01-01.
    pub fn from(&self, day: i64) -> Option<i64> {
        let before: DateTime<Utc> = DateTime::from_timestamp(day.checked_mul(DAY)?.checked_sub(1)?, 0)?;
        let next = |schedule: &Schedule| schedule.after(&before).next().map(|at| at.timestamp() / DAY);
        self.0.iter().filter_map(next).min()
    }
}

fn listed(bits: u64) -> Option<String> {
    let values: Vec<String> = (0..64).filter(|n| bits >> n & 1 == 1).map(|n: u32| n.to_string()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn names(bits: u64) -> Option<String> {
    let named = (0..).zip(NAMES).filter(|(n, _)| bits >> n & 1 == 1).map(|(_, name): (u32, _)| name);
    let named: Vec<&str> = named.collect();
    (!named.is_empty()).then(|| named.join(","))
}

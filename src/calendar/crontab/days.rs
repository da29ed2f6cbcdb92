//! The days on which a line fires.
//!
//! A year ahead they are looked up month by month in sets of bits. What is rarer, such as the 29th of February, is walked to
//! by the `cron` crate. Its own reading of crontabs differs from cron's (it wants seconds, counts weekdays from 1 and asks
//! for both kinds of day), so it is given what [`Fields`] has understood: values listed, weekdays by name, and two
//! schedules where either kind of day is enough.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use cron::Schedule;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::fields::Fields;

const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Seconds of a day.
const DAY: i64 = 86_400;
/// So many months are looked up before the crate is asked.
const NEAR: u32 = 13;
/// As far as the crate's calendar goes.
const LAST_YEAR: i16 = 2100;

/// The days; each is counted from 1970-01-01.
#[derive(Clone, Debug)]
pub(super) struct Days {
    fields: Fields,
    /// Most lines never ask for it.
    schedules: OnceLock<Vec<Schedule>>,
}

impl Days {
    /// The days of these fields; none where a field is empty.
    pub fn new(fields: Fields) -> Self {
        Self { fields, schedules: OnceLock::new() }
    }

    /// The first day at or after a day, up to the year 2100.
    pub fn from(&self, day: i64) -> Option<i64> {
        let mut date = date_of(day)?;
        // The day before the first of the month, to which days of the month are added.
        let mut eve = day - i64::from(date.day());
        let mut asked = u64::MAX << date.day();
        for _ in 0..NEAR {
            if date.year() > LAST_YEAR {
                return None;
            }
            let days = self.fields.days_of(date.month(), date.days_in_month(), eve + 1) & asked;
            if days != 0 {
                return Some(eve + i64::from(days.trailing_zeros()));
            }
            eve += i64::from(date.days_in_month());
            date = month_after(date)?;
            asked = u64::MAX;
        }
        self.far(eve + 1)
    }

    /// The same, as the crate knows it.
    fn far(&self, day: i64) -> Option<i64> {
        let before: DateTime<Utc> = DateTime::from_timestamp(day.checked_mul(DAY)?.checked_sub(1)?, 0)?;
        let next = |schedule: &Schedule| schedule.after(&before).next().map(|at| at.timestamp() / DAY);
        self.schedules.get_or_init(|| schedules(&self.fields)).iter().filter_map(next).min()
    }
}

/// What the crate makes of the fields.
fn schedules(fields: &Fields) -> Vec<Schedule> {
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
    texts.into_iter().filter_map(schedule).collect()
}

fn date_of(day: i64) -> Option<Date> {
    let at = Timestamp::from_second(day.checked_mul(DAY)?).ok()?;
    Some(Offset::UTC.to_datetime(at).date())
}

/// The first day of the month after that of a day.
fn month_after(date: Date) -> Option<Date> {
    match date.month() {
        12 => Date::new(date.year().checked_add(1)?, 1, 1).ok(),
        month => Date::new(date.year(), month + 1, 1).ok(),
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

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn the_bits_and_the_crate_know_the_same_days() {
        for text in [
            "0 0 * * *",
            "0 0 31 * *",
            "0 0 29 2 *",
            "0 0 1,15 * mon",
            "0 0 */2 * 5",
            "0 0 30 1-2 sun",
            "0 0 1-7 */5 *",
            "0 0 * 12 tue-thu",
        ] {
            let days = Days::new(parse(text).unwrap().0);
            for day in (0..20_000).step_by(13) {
                assert_eq!(days.from(day), days.far(day), "{text} from day {day}");
            }
        }
        let daily = Days::new(parse("0 0 * * *").unwrap().0);
        let last: i64 = 47_846; // 2100-12-31
        assert_eq!((daily.from(last), daily.far(last)), (Some(last), Some(last)));
        assert_eq!((daily.from(last + 1), daily.far(last + 1)), (None, None));
    }
}

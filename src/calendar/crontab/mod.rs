//! The times of a crontab's line: Debian's cron, in its reading and in its way through the nights on which clocks change.

mod days;
mod fields;
mod parse;
mod segments;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::days::Days;
use self::fields::Fields;
use self::segments::{Segment, segments};
use super::ParseError;

/// Minutes of a day.
const DAY: i64 = 1_440;
/// Seconds of a day and a half.
const NEAR: i64 = 129_600;

/// The five time fields of a crontab's line, or its `@` word.
#[derive(Clone, Debug)]
pub struct CronTimes {
    fields: Fields,
    /// The minutes of a day on which it fires, ascending.
    minutes: Vec<i64>,
    days: Days,
}

impl PartialEq for CronTimes {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl CronTimes {
    /// Reads the times at the start of a line, and gives the rest of the line: accepts and refuses what Debian's cron does.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse_line(line: &str) -> Result<(Self, &str), ParseError> {
        let (times, rest) = Self::read(line)?;
        // A sixth field: https://manpages.debian.org/bookworm/cron/crontab.5.en.html knows five.
        if rest.starts_with('*') {
            return Err(ParseError::new(line.len() - rest.len(), "bad command"));
        }
        Ok((times, rest))
    }

    fn read(line: &str) -> Result<(Self, &str), ParseError> {
        let (fields, end) = parse::parse(line)?;
        let hours = (0..24).filter(|hour| fields.hour.bits >> hour & 1 == 1);
        let in_hour = |hour: i64| {
            (0..60)
                .filter(move |minute| fields.minute.bits >> minute & 1 == 1)
                .map(move |m: i64| hour * 60 + m)
        };
        let minutes = hours.flat_map(in_hour).collect();
        let days = Days::new(fields);
        Ok((Self { fields, minutes, days }, line.get(end..).unwrap_or_default()))
    }

    /// Reads times alone; words behind them are refused.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (times, rest) = Self::read(text)?;
        if rest.trim().is_empty() {
            return Ok(times);
        }
        Err(ParseError::new(text.len() - rest.len(), "more than the five times"))
    }

    /// `@reboot`: once after each start of the machine, and at no time that could be computed.
    pub fn at_reboot(&self) -> bool {
        self.fields.reboot
    }

    /// Whether it fires at no time: no day is like that, or a range is empty.
    pub fn never(&self) -> bool {
        self.fields.never()
    }

    /// The first time after `after` at which it fires on a host of this zone; `None` when it never does, or not before
    /// 2101.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.never() || self.fields.reboot {
            return None;
        }
        let after = whole(after);
        if let Some(next) = self.soon(after, zone) {
            return Timestamp::from_second(next).ok();
        }
        for segment in segments(zone, after) {
            let minute = segment.first_minute(self.fields.wild()).max(segment.minute_after(after));
            if let Some(at) = segment.moment(self.minute_from(minute)?) {
                return Timestamp::from_second(at).ok();
            }
        }
        None
    }

    /// [`next_after`](Self::next_after) where no clock changes in between or shortly before.
    fn soon(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let offset = |second: i64| {
            Timestamp::from_second(second).ok().map(|at| i64::from(zone.to_offset(at).seconds()))
        };
        let here = offset(after)?;
        let minute = self.minute_from((after + here).div_euclid(60) + 1)?;
        let at = minute * 60 - here;
        // No clock changes twice within so short a time: a change is seen at the ends.
        let close = at - after < NEAR
            && offset(at) == Some(here)
            && offset(after - segments::LONGEST * 60) == Some(here);
        close.then_some(at)
    }

    /// All times in `(after, until]`, ascending, at most `limit` of them.
    pub fn between(
        &self,
        after: Timestamp,
        until: Timestamp,
        zone: &TimeZone,
        limit: usize,
    ) -> Vec<Timestamp> {
        let mut all = Vec::new();
        if self.never() || self.fields.reboot || limit == 0 {
            return all;
        }
        let (after, until) = (whole(after), whole(until));
        for segment in segments(zone, after).take_while(|segment| segment.from <= until) {
            if self.within(&segment, after, until, limit, &mut all).is_none() {
                break;
            }
        }
        all
    }

    /// Adds the firings of one stretch without a change of clocks; `None` when there is nothing to add after it.
    fn within(
        &self,
        segment: &Segment,
        after: i64,
        until: i64,
        limit: usize,
        all: &mut Vec<Timestamp>,
    ) -> Option<()> {
        let mut begin = segment.first_minute(self.fields.wild()).max(segment.minute_after(after));
        if segment.moment(self.minute_from(begin)?) == Some(segment.from) {
            // What was passed over runs at once, and once.
            all.extend(Timestamp::from_second(segment.from));
            begin = segment.minute_after(segment.from);
        }
        let last = until.min(segment.to - 1);
        loop {
            let room = limit.checked_sub(all.len()).filter(|room| *room > 0)?;
            let day = self.days.from(begin.div_euclid(DAY))?;
            let midnight = day * 86_400 - segment.offset;
            if midnight > last {
                return Some(());
            }
            let (low, high) = (begin - day * DAY, (last - midnight) / 60);
            let skipped = self.minutes.partition_point(|minute| *minute < low);
            let today = self.minutes.iter().skip(skipped).take_while(|minute| **minute <= high);
            all.extend(
                today.take(room).filter_map(|minute| Timestamp::from_second(midnight + minute * 60).ok()),
            );
            begin = (day + 1) * DAY;
        }
    }

    /// The first local minute at or after one, counted from 1970-01-01 00:00.
    fn minute_from(&self, minute: i64) -> Option<i64> {
        let (today, in_day) = (minute.div_euclid(DAY), minute.rem_euclid(DAY));
        let mut day = self.days.from(today)?;
        if day == today {
            let place = self.minutes.partition_point(|m| *m < in_day);
            if let Some(found) = self.minutes.get(place) {
                return Some(day * DAY + found);
            }
            day = self.days.from(today + 1)?;
        }
        Some(day * DAY + self.minutes.first()?)
    }
}

/// The second that a moment is in, also before 1970.
fn whole(moment: Timestamp) -> i64 {
    moment.as_second() - i64::from(moment.subsec_nanosecond() < 0)
}

impl std::fmt::Display for CronTimes {
    /// Five fields with the values listed in their shortest form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fields.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> CronTimes {
        CronTimes::parse(text).unwrap()
    }

    /// The next few firings in a zone, in UTC, without seconds.
    fn next(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (times, zone) = (times(text), TimeZone::get(zone).unwrap());
        let from: Timestamp = from.parse().unwrap();
        let all: Vec<Timestamp> =
            std::iter::successors(times.next_after(from, &zone), |at| times.next_after(*at, &zone))
                .take(count)
                .collect();
        let until = all.last().copied().unwrap_or(from);
        assert_eq!(times.between(from, until, &zone, 1_000), all, "{text}: one by one and all at once");
        all.iter().map(|at| at.strftime("%m-%d %H:%M").to_string()).collect()
    }

    fn refused(text: &str) -> String {
        CronTimes::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_debians_cron_refuses_is_refused_by_field_and_column() {
        assert_eq!(refused("60 * * * *"), "bad minute at column 1");
        assert_eq!(refused("0 24 * * *"), "bad hour at column 3");
        assert_eq!(refused("0 0 0 * *"), "bad day-of-month at column 5");
        assert_eq!(refused("0 0 * foo *"), "bad month at column 7");
        assert_eq!(refused("0 0 * * 8"), "bad day-of-week at column 9");
        assert_eq!(refused("0/15 * * * *"), "bad minute at column 2");
        assert_eq!(refused("*/0 * * * *"), "bad minute at column 3");
        assert_eq!(refused("0 0 * *"), "bad day-of-week at column 8");
        assert_eq!(refused("@Daily"), "bad time specifier at column 1");
        assert_eq!(refused("? * * * *"), "bad minute at column 1");
        assert_eq!(refused("0 0 * * * x"), "more than the five times at column 11");
        assert_eq!(refused("30-58/2147483647 * * * *"), "bad minute at column 1");
        assert_eq!(
            CronTimes::parse_line("0 0 * * * * x").unwrap_err().to_string(),
            "bad command at column 11"
        );
    }

    #[test]
    fn oddities_are_read_as_the_program_reads_them() {
        assert_eq!(times("1#2 0 * * *"), times("1 0 * * *"));
        assert_eq!(times("\t 0\t0 * JAN,mar-May Sun"), times("0 0 * 1,3-5 7"));
        assert_eq!(times("4294967296 0 * * *"), times("0 0 * * *"));
        assert!(times("0 22-2 * * *").never() && times("0 0 * * fri-mon").never());
        assert!(times("0 0 31 2 *").never() && times("0 0 31 2,4,6,9,11 *").never());
        assert!(!times("0 0 29 2 *").never() && !times("0 0 31 2 1").never());
        assert!(times("@reboot").at_reboot());
    }

    #[test]
    fn the_rest_of_the_line_is_the_command() {
        assert_eq!(CronTimes::parse_line("0 0 * * *\troot x y").unwrap().1, "root x y");
        assert_eq!(CronTimes::parse_line("@daily  x").unwrap().1, "x");
    }

    #[test]
    fn one_of_the_two_days_is_enough_unless_one_begins_with_a_star() {
        let from = "2026-01-01T00:00:00Z";
        assert_eq!(
            next("0 0 13 * 5", "UTC", from, 4),
            ["01-02 00:00", "01-09 00:00", "01-13 00:00", "01-16 00:00"]
        );
        assert_eq!(next("0 0 */2 * 5", "UTC", from, 3), ["01-09 00:00", "01-23 00:00", "02-13 00:00"]);
        assert_eq!(next("0 0 29 2 *", "UTC", from, 1), ["02-29 00:00"]);
    }

    #[test]
    fn a_fixed_time_that_the_clock_skips_runs_right_after_the_gap() {
        // On 2026-03-29 Berlin goes from 02:00 to 03:00 at 01:00 UTC.
        let from = "2026-03-28T20:00:00Z";
        assert_eq!(next("30 2 * * *", "Europe/Berlin", from, 2), ["03-29 01:00", "03-30 00:30"]);
        assert_eq!(next("0 3 * * *", "Europe/Berlin", from, 2), ["03-29 01:00", "03-30 01:00"]);
        assert_eq!(
            next("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
            ["03-29 00:30", "03-29 01:30"]
        );
    }

    #[test]
    fn in_the_hour_that_comes_twice_a_fixed_time_runs_once_and_a_star_twice() {
        // On 2026-10-25 Berlin goes from 03:00 back to 02:00 at 01:00 UTC.
        let from = "2026-10-24T22:00:00Z";
        assert_eq!(next("30 2 * * *", "Europe/Berlin", from, 2), ["10-25 00:30", "10-26 01:30"]);
        assert_eq!(next("0 3 * * *", "Europe/Berlin", from, 1), ["10-25 02:00"]);
        assert_eq!(
            next("30 * * * *", "Europe/Berlin", from, 4),
            ["10-24 22:30", "10-24 23:30", "10-25 00:30", "10-25 01:30"]
        );
    }

    #[test]
    fn half_an_hour_is_followed_too() {
        // Lord Howe goes back from 02:00 to 01:30 on 2026-04-05, at 2026-04-04T15:00 UTC.
        assert_eq!(
            next("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 2),
            ["04-04 14:45", "04-05 15:15"]
        );
    }

    #[test]
    fn a_step_of_less_than_the_limits_is_caught_up_and_a_larger_one_is_a_jump() {
        let next = |text: &str, rule: &str, from: &str| {
            let (zone, from) = (TimeZone::posix(rule).unwrap(), from.parse::<Timestamp>().unwrap());
            times(text).next_after(from, &zone).unwrap().strftime("%m-%d %H:%M").to_string()
        };
        let ahead =
            |text, by| next(text, &format!("AAA0BBB-{by},M3.5.0/2,M10.5.0/3"), "2026-03-29T01:30:00Z");
        assert_eq!(ahead("2 * * * *", "0:04"), "03-29 02:00");
        assert_eq!(ahead("2 * * * *", "0:05"), "03-29 02:57");
        assert_eq!(ahead("30 3 * * *", "2:59"), "03-29 02:00");
        assert_eq!(ahead("30 3 * * *", "3:00"), "03-30 00:30");
    }

    #[test]
    fn no_clock_changes_twice_within_what_the_short_way_looks_over() {
        let database = jiff::tz::db();
        for name in database.available() {
            let zone = database.get(name.as_str()).unwrap();
            let changes = zone.following(Timestamp::UNIX_EPOCH).map(|change| change.timestamp().as_second());
            let changes: Vec<i64> = changes.take_while(|at| *at < 4_200_000_000).collect();
            let closest = changes.windows(2).map(|pair| pair[1] - pair[0]).min();
            assert!(closest.is_none_or(|seconds| seconds > NEAR + segments::LONGEST * 60), "{name}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        let (utc, berlin) = (TimeZone::UTC, TimeZone::get("Europe/Berlin").unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for zone in [&utc, &berlin] {
            for text in ["* * * * *", "0 0 29 2 *", "@weekly"] {
                assert_eq!(times(text).next_after(Timestamp::MAX, zone), None);
                assert_eq!(times(text).next_after(at("2101-01-01T00:00:00Z"), zone), None);
                assert!(times(text).next_after(at("1880-01-01T00:00:00Z"), zone).is_some(), "{text}");
                assert_eq!(times(text).between(at("1880-01-01T00:00:00Z"), Timestamp::MAX, zone, 3).len(), 3);
                let earliest = times(text).next_after(Timestamp::MIN, zone);
                assert_eq!(
                    times(text).between(Timestamp::MIN, Timestamp::MAX, zone, 1).first().copied(),
                    earliest
                );
            }
        }
        let before = at("1969-12-31T23:59:59.5Z");
        assert_eq!(times("0 0 * * *").next_after(before, &utc), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(times("* * * * *").between(before, Timestamp::UNIX_EPOCH, &utc, 9).len(), 1);
        assert!(times("* * * * *").between(before, Timestamp::UNIX_EPOCH, &utc, 0).is_empty());
    }

    #[test]
    fn the_normalized_form_reads_back_to_the_same() {
        for text in [
            "*/15 * * * *",
            "0 0,12 * * *",
            "0-59 0 1-31 * 1-5",
            "*/20,5 */7 */2 jan-mar 0",
            "*,10 3 * * *",
            "5 22-2 * * *",
            "*/7 * 1-31 * */7",
            "1 2 1-31 * 0-6",
            "@daily",
            "@hourly",
            "@weekly",
            "@monthly",
            "@yearly",
            "@reboot",
        ] {
            let shown = times(text).to_string();
            assert_eq!(times(&shown), times(text), "{text} is shown as {shown}");
        }
        assert_eq!(times("17 3,15 * * *").to_string(), "17 3,15 * * *");
        assert_eq!(times("@daily").to_string(), "0 0 * * *");
        assert_eq!(times("@hourly").to_string(), "0 * * * *");
    }

    #[test]
    fn three_years_of_every_minute_are_one_expansion() {
        let from: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let until: Timestamp = "2029-01-01T00:00:00Z".parse().unwrap();
        let all =
            times("* * * * *").between(from, until, &TimeZone::get("Europe/Berlin").unwrap(), usize::MAX);
        assert_eq!(all.len(), 1096 * 1440);
    }
}

//! `OnCalendar=` of systemd timers: the grammar and the arithmetic of systemd 252.

mod chain;
mod days;
mod parse;
mod show;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use self::chain::{Chain, bits, next, normalize, valid};
use self::days::Days;
use super::{ParseError, zone};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 1_440 * MINUTE;
/// Within so many seconds clocks change once at most.
const SOON: i64 = 129_600;

/// The parts of an expression as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    /// Monday is bit 0; 0 stands for any.
    weekdays: u8,
    year: Chain,
    month: Chain,
    day: Chain,
    /// Days count from a month's end.
    from_the_end: bool,
    hour: Chain,
    minute: Chain,
    /// Seconds, in microseconds.
    micro: Chain,
    utc: bool,
}

/// A calendar event expression of systemd.time(7).
#[derive(Clone, Debug)]
pub struct OnCalendar {
    parts: Parts,
    /// The zone that it names.
    zone: Option<TimeZone>,
    /// The abbreviation of the local zone that it names.
    abbreviation: Option<String>,
    days: Days,
    /// The minutes of a day, ascending.
    minutes: Vec<i64>,
}

impl PartialEq for OnCalendar {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts && self.zone == other.zone
    }
}

impl OnCalendar {
    /// Reads an expression; accepts and refuses what systemd 252 does.
    ///
    /// The abbreviations of the local zone, such as CEST, are not known here: [`parse_in`](Self::parse_in) knows them.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some(text) = before_word(text, "UTC") {
            return Self::new(text, Some(TimeZone::UTC));
        }
        let last = text.rsplit_once(' ').and_then(|(text, name)| Some((text, named(name)?)));
        match last {
            Some((text, zone)) => Self::new(text, Some(zone)),
            None => Self::new(text, None),
        }
    }

    /// [`parse`](Self::parse) on a host of that zone, whose own abbreviations may stand at the end.
    ///
    /// They are taken for the local zone. systemd 252 takes CET in summer, and CEST in winter, for a time that is never.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse_in(text: &str, local: &TimeZone) -> Result<Self, ParseError> {
        let abbreviations = abbreviations(local);
        let own = abbreviations.into_iter().find_map(|name| Some((before_word(text, &name)?, name)));
        match own.filter(|_| before_word(text, "UTC").is_none()) {
            Some((text, name)) => Ok(Self { abbreviation: Some(name), ..Self::new(text, None)? }),
            None => Self::parse(text),
        }
    }

    fn new(text: &str, zone: Option<TimeZone>) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(0, "the expression is empty"));
        }
        let mut parts = parse::parse(text)?;
        if parts.weekdays == 0x7f {
            parts.weekdays = 0;
        }
        parts.from_the_end &= !parts.day.is_empty();
        for component in &mut parts.year {
            component.start = full_year(component.start);
            component.stop = full_year(component.stop);
        }
        let chains = [
            (&mut parts.year, 1970, 2199, false, "year"),
            (&mut parts.month, 1, 12, false, "month"),
            (&mut parts.day, 1, 31, parts.from_the_end, "day"),
            (&mut parts.hour, 0, 23, false, "hour"),
            (&mut parts.minute, 0, 59, false, "minute"),
            (&mut parts.micro, 0, MINUTE - 1, false, "second"),
        ];
        for (chain, from, to, from_the_end, name) in chains {
            normalize(chain);
            if !valid(chain, from, to, from_the_end) {
                return Err(ParseError::new(0, format!("no {name} is like that")));
            }
        }
        let zone = if parts.utc { Some(TimeZone::UTC) } else { zone };
        let in_hour = bits(&parts.minute, 0, 59);
        let hours = bits(&parts.hour, 0, 23);
        let minutes =
            (0..1_440).filter(|m| hours >> (m / 60) & 1 == 1 && in_hour >> (m % 60) & 1 == 1).collect();
        Ok(Self { days: Days::new(&parts), parts, zone, abbreviation: None, minutes })
    }

    /// The first time after `after` at which it elapses, in its own zone or else in `local`; `None` when it never does
    /// again before the year 2200.
    ///
    /// A time that the clock skips is passed over. Of a time that comes twice the first is taken, or the second from
    /// within it; the rest of the repeated hour is passed over, as systemd does.
    pub fn next_after(&self, after: Timestamp, local: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(local);
        let micros = after.as_microsecond();
        let offset = offset_at(zone, micros)?;
        let mut from = micros + offset + 1;
        loop {
            let found = self.local_from(from)?;
            let at = found - offset;
            if at - micros < SOON * SECOND && offset_at(zone, at) == Some(offset) {
                return Timestamp::from_microsecond(at).ok();
            }
            let wall = datetime(found)?;
            let ambiguous = zone.to_ambiguous_timestamp(wall);
            match ambiguous.offset() {
                AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                    return Timestamp::from_microsecond(found - i64::from(offset.seconds()) * SECOND).ok();
                }
                AmbiguousOffset::Gap { after, .. } => {
                    from = end_of_gap(zone, found, i64::from(after.seconds()))?
                }
            }
        }
    }

    /// All times in `(after, until]`, ascending, at most `limit` of them.
    pub fn between(
        &self,
        after: Timestamp,
        until: Timestamp,
        local: &TimeZone,
        limit: usize,
    ) -> Vec<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(local);
        let mut all: Vec<Timestamp> = Vec::new();
        let mut last = after;
        while all.len() < limit {
            let Some(next) = self.next_after(last, local).filter(|next| *next <= until) else { break };
            all.push(next);
            last = next;
            // The rest of its day at once, where no clock changes in it.
            self.rest_of_day(zone, next, until, limit, &mut all);
            last = all.last().copied().unwrap_or(last);
        }
        all
    }

    fn rest_of_day(
        &self,
        zone: &TimeZone,
        at: Timestamp,
        until: Timestamp,
        limit: usize,
        all: &mut Vec<Timestamp>,
    ) {
        let micros = at.as_microsecond();
        let Some(offset) = offset_at(zone, micros) else { return };
        let mut local = micros + offset;
        let end = local - local.rem_euclid(DAY) + DAY;
        if offset_at(zone, end - offset) != Some(offset)
            || offset_at(zone, end - DAY - offset) != Some(offset)
        {
            return;
        }
        while all.len() < limit {
            let Some(next) = self.in_day(local - local.rem_euclid(DAY), local.rem_euclid(DAY) + 1) else {
                return;
            };
            let Some(at) = Timestamp::from_microsecond(next - offset).ok().filter(|at| *at <= until) else {
                return;
            };
            all.push(at);
            local = next;
        }
    }

    /// The first local time at or after one, both in microseconds as if the zone were UTC.
    fn local_from(&self, from: i64) -> Option<i64> {
        let midnight = from - from.rem_euclid(DAY);
        let today = datetime(midnight)?.date();
        let rest = self.days.contain(today).then(|| self.in_day(midnight, from - midnight));
        if let Some(found) = rest.flatten() {
            return Some(found);
        }
        let day = self.days.from(today.tomorrow().ok()?)?;
        self.in_day(midnight_of(day)?, 0)
    }

    /// The first time of a day at or after so many microseconds of it.
    fn in_day(&self, midnight: i64, from: i64) -> Option<i64> {
        let minute = from / MINUTE;
        let place = self.minutes.partition_point(|m| *m < minute);
        let here = self.minutes.get(place)?;
        let within =
            next(&self.parts.micro, from % MINUTE).filter(|micro| *micro < MINUTE && *here == minute);
        if let Some(micro) = within {
            return Some(midnight + minute * MINUTE + micro);
        }
        let later = if *here == minute { self.minutes.get(place + 1)? } else { here };
        Some(midnight + later * MINUTE + next(&self.parts.micro, 0)?)
    }
}

/// What stands before a last word, in whatever case.
fn before_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let end = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..end)?, text.get(end..)?);
    before.strip_suffix(' ').filter(|_| last.eq_ignore_ascii_case(word))
}

/// A zone under exactly that name.
fn named(name: &str) -> Option<TimeZone> {
    let exact = |zone: &TimeZone| zone.iana_name() == Some(name) || name == "UTC";
    zone::named(name).filter(exact)
}

/// The abbreviations of a zone's standard and summer time.
fn abbreviations(zone: &TimeZone) -> Vec<String> {
    let now = Timestamp::now();
    let names = zone.following(now).take(2).map(|change| change.abbreviation().to_owned());
    let mut all: Vec<String> = names.collect();
    all.push(zone.to_offset_info(now).abbreviation().to_owned());
    all
}

/// Two digits are a year of this century, or of the last from 70 on.
fn full_year(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

/// Microseconds ahead of UTC.
fn offset_at(zone: &TimeZone, micros: i64) -> Option<i64> {
    let at = Timestamp::from_microsecond(micros).ok()?;
    Some(i64::from(zone.to_offset(at).seconds()) * SECOND)
}

fn datetime(local: i64) -> Option<DateTime> {
    Some(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(local).ok()?))
}

fn midnight_of(day: Date) -> Option<i64> {
    Some(TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()?.as_microsecond())
}

/// The first local time behind the gap in which a local time lies; `after` is the offset behind it, in seconds.
fn end_of_gap(zone: &TimeZone, local: i64, after: i64) -> Option<i64> {
    // By the later offset the time lies before the change.
    let before = Timestamp::from_microsecond(local - after * SECOND).ok()?;
    let just_before = before.checked_sub(SignedDuration::from_secs(1)).ok()?;
    let change = zone.following(just_before).next()?;
    Some(change.timestamp().as_microsecond() + after * SECOND)
}

impl std::fmt::Display for OnCalendar {
    /// The normalized form, as `systemd-analyze calendar` prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        show::write(f, &self.parts)?;
        match &self.zone {
            Some(zone) if *zone == TimeZone::UTC => f.write_str(" UTC"),
            Some(zone) => write!(f, " {}", zone.iana_name().unwrap_or_default()),
            None => match &self.abbreviation {
                Some(name) => write!(f, " {name}"),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> OnCalendar {
        OnCalendar::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// The next few times in a zone, in UTC.
    fn next(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (times, zone) = (times(text), TimeZone::get(zone).unwrap());
        let from: Timestamp = from.parse().unwrap();
        let all: Vec<Timestamp> =
            std::iter::successors(times.next_after(from, &zone), |at| times.next_after(*at, &zone))
                .take(count)
                .collect();
        let until = all.last().copied().unwrap_or(from);
        assert_eq!(times.between(from, until, &zone, 1_000), all, "{text}: one by one and all at once");
        all.iter().map(ToString::to_string).collect()
    }

    fn refused(text: &str) -> String {
        OnCalendar::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn words_and_short_forms_are_normalized() {
        for (text, normalized) in [
            ("daily", "*-*-* 00:00:00"),
            ("Weekly", "Mon *-*-* 00:00:00"),
            ("quarterly", "*-01,04,07,10-01 00:00:00"),
            ("minutely", "*-*-* *:*:00"),
            ("12:00", "*-*-* 12:00:00"),
            ("Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"),
            ("Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"),
            ("00/12:00", "*-*-* 00/12:00:00"),
            ("*-02~03", "*-02~03 00:00:00"),
            ("08:05:40.2345", "*-*-* 08:05:40.234500"),
            ("daily UTC", "*-*-* 00:00:00 UTC"),
            ("@1795435200", "2026-11-23 12:00:00 UTC"),
            ("*:*:*", "*-*-* *:*:*"),
            ("1..9/2:00", "*-*-* 01..09/2:00:00"),
        ] {
            assert_eq!(times(text).to_string(), normalized, "{text}");
        }
    }

    #[test]
    fn what_systemd_refuses_is_refused_with_its_column() {
        assert_eq!(refused(""), "the expression is empty at column 1");
        assert_eq!(refused("Mond 12:00"), "an unknown weekday at column 1");
        assert_eq!(refused("Sun..Mon"), "a range of weekdays goes backwards at column 6");
        assert_eq!(refused("12"), "`:` is missing in the time at column 3");
        assert_eq!(refused("*-13-01"), "no month is like that at column 1");
        assert_eq!(refused("25:00"), "no hour is like that at column 1");
        assert_eq!(refused("*-*~31"), "no day is like that at column 1");
        assert_eq!(refused("daily Europe/Atlantis"), "a number is missing at column 1");
        assert_eq!(refused("00:00:00 x"), "something stands behind the time at column 9");
        assert!(OnCalendar::parse("Mon, 12:00").is_ok(), "a comma behind the weekdays passes");
    }

    #[test]
    fn the_last_days_of_months_and_weekdays_are_found() {
        let from = "2026-01-01T00:00:00Z";
        assert_eq!(next("*-02~01", "UTC", from, 2), ["2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z"]);
        assert_eq!(next("Mon *-05~07/1", "UTC", from, 1), ["2026-05-25T00:00:00Z"]);
        assert_eq!(next("Sun *-02-29", "UTC", from, 1), ["2032-02-29T00:00:00Z"]);
        assert!(next("*-02-30", "UTC", from, 1).is_empty());
        assert!(next("2020-*-*", "UTC", from, 1).is_empty());
    }

    #[test]
    fn seconds_have_fractions() {
        let from = "2026-01-01T00:00:00Z";
        assert_eq!(
            next("*:*:0/20.5", "UTC", from, 3),
            ["2026-01-01T00:00:20.5Z", "2026-01-01T00:00:41Z", "2026-01-01T00:01:00Z"]
        );
    }

    #[test]
    fn a_time_that_the_clock_skips_is_passed_over() {
        // On 2026-03-29 Berlin goes from 02:00 to 03:00.
        let from = "2026-03-28T12:00:00Z";
        assert_eq!(next("02:30", "Europe/Berlin", from, 2), ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]);
        assert_eq!(
            next("*:30", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
            ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]
        );
    }

    #[test]
    fn of_the_hour_that_comes_twice_the_second_is_passed_over() {
        // On 2026-10-25 Berlin goes from 03:00 back to 02:00.
        let from = "2026-10-25T00:00:00Z";
        assert_eq!(next("*:30", "Europe/Berlin", from, 2), ["2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"]);
        assert_eq!(next("02:40", "Europe/Berlin", "2026-10-25T01:10:00Z", 1), ["2026-10-25T01:40:00Z"]);
    }

    #[test]
    fn a_zone_of_its_own_goes_before_the_hosts() {
        let from = "2026-07-01T00:00:00Z";
        assert_eq!(next("12:00 America/New_York", "Europe/Berlin", from, 1), ["2026-07-01T16:00:00Z"]);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(OnCalendar::parse_in("12:00 CEST", &berlin).unwrap().to_string(), "*-*-* 12:00:00 CEST");
        assert!(OnCalendar::parse("12:00 CEST").is_err());
    }
}

//! `OnCalendar=` of systemd timers: the grammar and the arithmetic of systemd 252.

mod chain;
mod clock;
mod days;
mod elapse;
mod parse;
mod reach;
mod search;
mod season;
mod show;

use jiff::tz::TimeZone;

use self::chain::{Chain, bits, normalize, valid};
use self::clock::Unit;
use self::days::Days;
use self::season::{Season, before_word};
use super::{ParseError, zone};

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

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
    /// The season of the local zone that it names.
    season: Option<Season>,
    days: Days,
    /// The minutes of a day, ascending.
    minutes: Vec<i64>,
    /// The part within which plain arithmetic is sure; `None` where it is everywhere.
    reach: Option<Unit>,
}

impl PartialEq for OnCalendar {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts && self.zone == other.zone && self.season == other.season
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
    /// systemd 252 takes CET in summer, and CEST in winter, for a time that is never.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse_in(text: &str, local: &TimeZone) -> Result<Self, ParseError> {
        let season = if before_word(text, "UTC").is_some() { None } else { Season::behind(text, local) };
        match season {
            Some((text, season)) => {
                let parsed = Self::new(text, None)?;
                // `@0` is in UTC, whatever stands behind it.
                let season = if parsed.parts.utc { None } else { Some(season) };
                Ok(Self { season, ..parsed })
            }
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
        Ok(Self { days: Days::new(&parts), reach: reach::reach(&parts), parts, zone, season: None, minutes })
    }
}

/// A zone under exactly that name.
fn named(name: &str) -> Option<TimeZone> {
    let exact = |zone: &TimeZone| zone.iana_name() == Some(name) || name == "UTC";
    zone::named(name).filter(exact)
}

/// Two digits are a year of this century, or of the last from 70 on.
fn full_year(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

impl std::fmt::Display for OnCalendar {
    /// The normalized form, as `systemd-analyze calendar` prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        show::write(f, &self.parts)?;
        match &self.zone {
            Some(zone) if *zone == TimeZone::UTC => f.write_str(" UTC"),
            Some(zone) => write!(f, " {}", zone.iana_name().unwrap_or_default()),
            None => match &self.season {
                Some(season) => write!(f, " {}", season.name),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
            // What runs past the minute leaves its half second behind, which skips 00:01:00.
            ["2026-01-01T00:00:20.5Z", "2026-01-01T00:00:41Z", "2026-01-01T00:01:20.5Z"]
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

//! Wall-clock times to instants, as the C library's `mktime` finds them.
//!
//! Where a time comes twice or never, or is asked for in the wrong season, the answer depends on the way it is looked
//! for; systemd relies on glibc's.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// The parts of a time, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    pub const ALL: [Self; 6] = [Self::Year, Self::Month, Self::Day, Self::Hour, Self::Minute, Self::Second];
}

/// What a clock on the wall shows; a value beyond its range is carried when it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wall {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

impl Wall {
    pub fn part(&mut self, unit: Unit) -> &mut i64 {
        match unit {
            Unit::Year => &mut self.year,
            Unit::Month => &mut self.month,
            Unit::Day => &mut self.day,
            Unit::Hour => &mut self.hour,
            Unit::Minute => &mut self.minute,
            Unit::Second => &mut self.second,
        }
    }

    /// Sets a part to its first value.
    pub fn restart(&mut self, unit: Unit) {
        *self.part(unit) = if matches!(unit, Unit::Month | Unit::Day) { 1 } else { 0 };
    }

    /// Sets all parts below one to their first values.
    pub fn restart_below(&mut self, unit: Unit) {
        Unit::ALL.into_iter().filter(|part| *part > unit).for_each(|part| self.restart(part));
    }

    /// The largest part that differs, and how.
    pub fn difference(mut self, mut other: Self) -> Option<(Unit, Ordering)> {
        Unit::ALL.into_iter().find_map(|unit| match self.part(unit).cmp(&other.part(unit)) {
            Ordering::Equal => None,
            order => Some((unit, order)),
        })
    }

    /// Days since 1970-01-01.
    pub fn day_number(self) -> i64 {
        let months = self.year * 12 + self.month - 1;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
        // Years that begin in March have their leap day at the end.
        let (year, month) = if month > 1 { (year, month - 2) } else { (year - 1, month + 10) };
        let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leaps + (month * 153 + 2) / 5 + self.day - 1 - 719_468
    }

    /// Seconds since the epoch if the zone were UTC.
    fn seconds(self) -> i64 {
        ((self.day_number() * 24 + self.hour) * 60 + self.minute) * 60 + self.second
    }
}

/// An instant, and what the clock shows then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    /// Seconds since the epoch.
    pub at: i64,
    pub wall: Wall,
    /// Whether the zone calls it summer time.
    pub summer: bool,
}

/// The seconds between two looks for the other season, and how far it is looked for.
const STRIDE: i64 = 601_200;
const STRIDES: i64 = 447;
/// How many guesses are made.
const PROBES: usize = 6;

/// The clock of a zone.
pub(super) struct Clock<'z> {
    zone: &'z TimeZone,
    /// The offset that held for the time settled last: the first guess for the next one.
    guess: i64,
}

impl<'z> Clock<'z> {
    /// A clock that was looked at last at an instant, and what it showed.
    pub fn at(zone: &'z TimeZone, instant: i64) -> Option<(Self, Settled)> {
        let shown = show(zone, instant)?;
        Some((Self { zone, guess: shown.wall.seconds() - instant }, shown))
    }

    /// The offset that is tried first, in seconds.
    pub fn guess(&self) -> i64 {
        self.guess
    }

    /// The instant at which the clock shows a time, in the season asked for if there is one.
    pub fn settle(&mut self, wall: Wall, summer: Option<bool>) -> Option<Settled> {
        // Seconds beyond a minute's are added at the end.
        let second = wall.second.clamp(0, 59);
        let local = Wall { second, ..wall }.seconds();
        let at = self.find(local, summer)?;
        self.guess = local - at;
        show(self.zone, at + wall.second - second)
    }

    fn find(&self, local: i64, summer: Option<bool>) -> Option<i64> {
        let mut at = local - self.guess;
        let (mut before_last, mut last, mut last_summer) = (at, at, false);
        for _ in 0..PROBES {
            let (offset, is_summer) = offset(self.zone, at)?;
            let missing = local - offset - at;
            if missing == 0 {
                let wrong = summer.filter(|summer| *summer != is_summer);
                return Some(wrong.map_or(at, |summer| self.in_season(local, at, summer)));
            }
            // To and fro: the time falls into a gap.
            let settles = summer.map_or(last_summer <= is_summer, |summer| summer != is_summer);
            if at == before_last && at != last && settles {
                return Some(at);
            }
            (before_last, last, last_summer) = (last, at, is_summer);
            at += missing;
        }
        None
    }

    /// The instant at which a clock of the other season would show a time; that season is taken for one of an hour where
    /// it is not found for years.
    fn in_season(&self, local: i64, at: i64, summer: bool) -> i64 {
        let mut around = (1..=STRIDES).flat_map(|n| [at - n * STRIDE, at + n * STRIDE]);
        let found = around.find_map(|other| {
            let (offset, is_summer) = offset(self.zone, other)?;
            (is_summer == summer).then_some(local - offset)
        });
        found.unwrap_or(if summer { at - 3_600 } else { at + 3_600 })
    }
}

fn offset(zone: &TimeZone, at: i64) -> Option<(i64, bool)> {
    let info = zone.to_offset_info(Timestamp::from_second(at).ok()?);
    Some((i64::from(info.offset().seconds()), info.dst().is_dst()))
}

fn show(zone: &TimeZone, at: i64) -> Option<Settled> {
    let (offset, summer) = offset(zone, at)?;
    let time = Offset::UTC.to_datetime(Timestamp::from_second(at + offset).ok()?);
    let wall = Wall {
        year: time.year().into(),
        month: time.month().into(),
        day: time.day().into(),
        hour: time.hour().into(),
        minute: time.minute().into(),
        second: time.second().into(),
    };
    Some(Settled { at, wall, summer })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_PAST_TWO: Wall = Wall { year: 2026, month: 1, day: 1, hour: 2, minute: 30, second: 0 };

    /// When a clock of Berlin that was looked at in a season shows a time, as a wall clock of UTC.
    fn settled(wall: Wall, before: &str, summer: Option<bool>) -> (String, bool) {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let before: Timestamp = before.parse().unwrap();
        let (mut clock, _) = Clock::at(&berlin, before.as_second()).unwrap();
        let settled = clock.settle(wall, summer).unwrap();
        (Timestamp::from_second(settled.at).unwrap().to_string(), settled.summer)
    }

    #[test]
    fn values_beyond_their_range_are_carried() {
        let wall = Wall { month: 14, day: 29, hour: 25, minute: 61, second: 90, ..HALF_PAST_TWO };
        assert_eq!(settled(wall, "2026-01-01T00:00:00Z", None), ("2027-03-02T01:02:30Z".to_owned(), false));
    }

    #[test]
    fn of_a_time_that_comes_twice_the_one_at_the_last_offset_is_taken() {
        let twice = Wall { month: 10, day: 25, ..HALF_PAST_TWO };
        let (first, second) =
            (("2026-10-25T00:30:00Z".to_owned(), true), ("2026-10-25T01:30:00Z".to_owned(), false));
        assert_eq!(settled(twice, "2026-10-24T00:00:00Z", None), first);
        assert_eq!(settled(twice, "2026-10-26T00:00:00Z", None), second);
        assert_eq!(settled(twice, "2026-10-24T00:00:00Z", Some(false)), second);
    }

    #[test]
    fn a_time_that_never_comes_is_moved_on_into_summer() {
        let never = Wall { month: 3, day: 29, ..HALF_PAST_TWO };
        let moved = ("2026-03-29T01:30:00Z".to_owned(), true);
        assert_eq!(settled(never, "2026-03-28T00:00:00Z", None), moved);
        assert_eq!(settled(never, "2026-03-30T00:00:00Z", None), moved);
    }

    #[test]
    fn a_time_of_the_wrong_season_is_moved_by_an_hour() {
        let winter = "2026-01-01T00:00:00Z";
        assert_eq!(settled(HALF_PAST_TWO, winter, Some(true)), ("2026-01-01T00:30:00Z".to_owned(), false));
        assert_eq!(settled(HALF_PAST_TWO, winter, Some(false)), ("2026-01-01T01:30:00Z".to_owned(), false));
    }
}

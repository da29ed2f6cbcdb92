//! The search from part to part, with all that is odd in it.
//!
//! systemd 252 goes through the parts from the year down. The first value at or after the current one is taken, and the
//! parts below start anew; where there is none, the part above goes one on. After each part the time is handed to the C
//! library. If that carries a value, the search begins again at the carried time, of which only the part directly below
//! the one that changed starts anew: what is left of it may be too late, and its season may be the wrong one.

use std::cmp::Ordering;

use jiff::tz::TimeZone;

use super::Parts;
use super::chain::{Chain, next};
use super::clock::{Clock, Settled, Unit, Wall};

const SECOND: i64 = 1_000_000;
/// systemd's calendar ends here.
const LAST_YEAR: i64 = 2199;
/// After so many turns systemd gives up: "Infinite loop in calendar calculation".
const TURNS: usize = 1_000;

/// Where one way through the parts ends.
enum End {
    Found,
    /// The time was moved on.
    Moved,
    Never,
}

/// How the C library took a time.
enum Taken {
    AsItIs,
    /// A value was carried, and the time moved on.
    Carried,
    /// It would go back, or has no instant.
    Refused,
}

/// The first time at or after an instant, both in microseconds; `season` is that of an abbreviation such as CEST.
pub(super) fn first_from(parts: &Parts, season: Option<bool>, zone: &TimeZone, from: i64) -> Option<i64> {
    let (clock, begin) = Clock::at(zone, from.div_euclid(SECOND))?;
    let begin_micro = from.rem_euclid(SECOND);
    let summer = Some(begin.summer);
    let mut search = Search { parts, clock, wall: begin.wall, micro: begin_micro, summer };
    let mut keeps_season = false;
    let mut seen = None;
    for turn in 0..TURNS {
        // Where it has been before it comes again, until the turns are used up.
        let state = Some((search.wall, search.micro, search.summer, search.clock.guess(), keeps_season));
        if state == seen {
            return None;
        }
        if turn.is_power_of_two() {
            seen = state;
        }
        if let Some(settled) = search.clock.settle(search.wall, search.summer) {
            search.go_to(&settled);
        }
        if !keeps_season {
            search.summer = season;
        }
        match search.turn() {
            End::Found if (search.wall, search.micro) >= (begin.wall, begin_micro) => {
                let at = search.clock.settle(search.wall, search.summer)?.at;
                return (at >= 0).then_some(at * SECOND + search.micro);
            }
            // It went back: an hour on, and then by whatever season holds.
            End::Found => {
                keeps_season = true;
                search.wall.hour += 1;
            }
            End::Moved => {}
            End::Never => return None,
        }
    }
    None
}

struct Search<'e, 'z> {
    parts: &'e Parts,
    clock: Clock<'z>,
    wall: Wall,
    micro: i64,
    /// The season in which the time is meant.
    summer: Option<bool>,
}

impl Search<'_, '_> {
    fn turn(&mut self) -> End {
        let mut above = None;
        for unit in Unit::ALL {
            let taken = if self.advance(unit) { self.take() } else { Taken::Refused };
            match (taken, above) {
                (Taken::AsItIs, _) => {}
                (_, None) => return End::Never,
                (Taken::Carried, _) => return End::Moved,
                (Taken::Refused, Some(above)) => return self.raise(above),
            }
            if unit == Unit::Day && !self.is_on_a_weekday() {
                return self.raise(unit);
            }
            above = Some(unit);
        }
        End::Found
    }

    /// Sets a part to its first value from the current one on; `false` where there is none.
    fn advance(&mut self, unit: Unit) -> bool {
        let parts = self.parts;
        let chain = match unit {
            Unit::Year => &parts.year,
            Unit::Month => &parts.month,
            Unit::Day if parts.from_the_end => &self.turned(&parts.day),
            Unit::Day => &parts.day,
            Unit::Hour => &parts.hour,
            Unit::Minute => &parts.minute,
            Unit::Second => {
                let Some(found) = next(&parts.micro, self.wall.second * SECOND + self.micro) else {
                    return false;
                };
                (self.wall.second, self.micro) = (found / SECOND, found % SECOND);
                return true;
            }
        };
        let value = *self.wall.part(unit);
        let Some(found) = next(chain, value) else { return false };
        if found != value {
            *self.wall.part(unit) = found;
            self.restart_below(unit);
        }
        true
    }

    /// Hands the time to the C library.
    fn take(&mut self) -> Taken {
        let settled = self.clock.settle(self.wall, self.summer);
        let Some(mut settled) = settled.filter(|settled| settled.at >= 0 && self.wall.year <= LAST_YEAR)
        else {
            return Taken::Refused;
        };
        match settled.wall.difference(self.wall) {
            None => Taken::AsItIs,
            Some((_, Ordering::Less)) => Taken::Refused,
            Some((unit, _)) => {
                if let Some(below) = Unit::ALL.into_iter().find(|below| *below > unit) {
                    settled.wall.restart(below);
                }
                self.go_to(&settled);
                Taken::Carried
            }
        }
    }

    fn go_to(&mut self, settled: &Settled) {
        (self.wall, self.summer) = (settled.wall, Some(settled.summer));
    }

    fn raise(&mut self, unit: Unit) -> End {
        *self.wall.part(unit) += 1;
        self.restart_below(unit);
        End::Moved
    }

    fn restart_below(&mut self, unit: Unit) {
        self.wall.restart_below(unit);
        self.micro = 0;
    }

    fn is_on_a_weekday(&mut self) -> bool {
        if self.parts.weekdays == 0 {
            return true;
        }
        let settled = self.clock.settle(self.wall, self.summer);
        // 1970-01-01 was a Thursday, three days after a Monday.
        settled.is_some_and(|settled| {
            settled.at >= 0 && self.parts.weekdays >> (settled.wall.day_number() + 3).rem_euclid(7) & 1 == 1
        })
    }

    /// Days that are counted from the month's end, as days of the current month.
    fn turned(&mut self, days: &Chain) -> Chain {
        let turn = |search: &mut Self, day: i64| {
            let wall = Wall { month: search.wall.month + 1, day: 1 - day, ..search.wall };
            let settled = search.clock.settle(wall, search.summer);
            let here = settled.filter(|settled| settled.at >= 0 && settled.wall.month == search.wall.month);
            here.map_or(-1, |settled| settled.wall.day)
        };
        let mut turned = days.clone();
        for component in &mut turned {
            (component.start, component.stop) = (turn(self, component.start), turn(self, component.stop));
            if component.stop > 0 {
                (component.start, component.stop) = (component.stop, component.start);
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use crate::calendar::OnCalendar;

    /// The next few times, at most three, as `systemd-analyze calendar` of systemd 252 gives them.
    fn next(text: &str, zone: &str, after: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let times = OnCalendar::parse_in(text, &zone).unwrap();
        let after: Timestamp = format!("{after}Z").parse().unwrap();
        let all: Vec<Timestamp> =
            std::iter::successors(times.next_after(after, &zone), |at| times.next_after(*at, &zone))
                .take(3)
                .collect();
        assert_eq!(times.between(after, Timestamp::MAX, &zone, 3), all, "{text}: all at once");
        all.iter().map(|at| at.to_string().trim_end_matches('Z').to_owned()).collect()
    }

    #[test]
    fn hours_past_the_end_of_a_month_skip_the_first_ones_of_the_next() {
        let times = next("1/7:14", "UTC", "2026-01-30T22:14:00");
        assert_eq!(times, ["2026-01-31T01:14:00", "2026-01-31T08:14:00", "2026-01-31T15:14:00"]);
        let times = next("1/7:14", "UTC", "2026-01-31T22:14:00");
        assert_eq!(times.first().map(String::as_str), Some("2026-02-01T08:14:00"));
    }

    #[test]
    fn minutes_past_the_end_of_a_day_and_seconds_past_that_of_an_hour_stay() {
        let times = next("*:1/25", "UTC", "2026-01-10T22:51:00");
        assert_eq!(times, ["2026-01-10T23:01:00", "2026-01-10T23:26:00", "2026-01-10T23:51:00"]);
        let times = next("*:1/25", "UTC", "2026-01-10T23:51:00");
        assert_eq!(times, ["2026-01-11T00:26:00", "2026-01-11T00:51:00", "2026-01-11T01:01:00"]);
        let times = next("*:*:0/7", "UTC", "2026-01-10T22:59:56");
        assert_eq!(times, ["2026-01-10T23:00:07", "2026-01-10T23:00:14", "2026-01-10T23:00:21"]);
    }

    #[test]
    fn days_past_the_end_of_a_year_stay() {
        let times = next("*-*-1/25", "UTC", "2026-11-26T00:00:00");
        assert_eq!(times, ["2026-12-01T00:00:00", "2026-12-26T00:00:00", "2027-01-26T00:00:00"]);
    }

    #[test]
    fn a_carry_from_winter_back_into_summer_skips_an_hour() {
        // Day 41 of October is in winter, and 00:00 in winter time on the first of November is 01:00 in summer time.
        let times = next("*-*-1/20 *:30", "America/New_York", "2026-10-22T02:30:00");
        assert_eq!(times, ["2026-10-22T03:30:00", "2026-11-01T06:30:00", "2026-11-01T07:30:00"]);
    }

    #[test]
    fn a_carry_from_summer_back_into_winter_ends_in_a_deadlock() {
        // Hour 30 of the day before is 06:00 in summer, and 00:00 in summer time is 23:00 of that day.
        assert_eq!(next("00/10:00", "Europe/Berlin", "2026-03-28T17:00:00"), ["2026-03-28T19:00:00"]);
        // Hour 25 is before the change.
        let times = next("0/5:00", "Europe/Berlin", "2026-03-28T17:00:00");
        assert_eq!(times, ["2026-03-28T19:00:00", "2026-03-28T23:00:00", "2026-03-29T03:00:00"]);
        assert!(next("*-1/5-01", "Europe/Berlin", "2026-11-26T00:00:00").is_empty());
        assert_eq!(next("*-1/5-01", "UTC", "2026-11-26T00:00:00").len(), 3);
    }

    #[test]
    fn a_midnight_that_is_skipped_or_comes_twice_is_looked_for_as_systemd_does() {
        let times = next("daily", "America/Havana", "2026-03-07T12:00:00");
        assert_eq!(times, ["2026-03-09T04:00:00", "2026-03-10T04:00:00", "2026-03-11T04:00:00"]);
        let times = next("monthly", "America/Havana", "2026-10-15T12:00:00");
        assert_eq!(times, ["2026-11-01T04:00:00", "2026-12-01T05:00:00", "2027-01-01T05:00:00"]);
        let times = next("*:30", "America/Havana", "2026-11-01T03:40:00");
        assert_eq!(times, ["2026-11-01T04:30:00", "2026-11-01T06:30:00", "2026-11-01T07:30:00"]);
        let times = next("00:30", "America/Havana", "2026-11-01T05:10:00");
        assert_eq!(times, ["2026-11-01T05:30:00", "2026-11-02T05:30:00", "2026-11-03T05:30:00"]);
    }

    #[test]
    fn a_day_that_a_zone_skips_is_passed_over() {
        assert!(next("2011-12-30", "Pacific/Apia", "2011-12-01T00:00:00").is_empty());
        let times = next("*-12-*", "Pacific/Apia", "2011-12-29T12:00:00");
        assert_eq!(times, ["2011-12-30T10:00:00", "2012-11-30T10:00:00", "2012-12-01T10:00:00"]);
    }

    #[test]
    fn days_from_a_months_end_take_a_repeated_hour_for_one_of_that_season() {
        // In the first pass of 02:10 the second one of 02:40.
        let times = next("*-*~7 *:40", "Europe/Berlin", "2026-10-25T00:10:00");
        assert_eq!(times, ["2026-10-25T01:40:00", "2026-10-25T02:40:00", "2026-10-25T03:40:00"]);
        // In the second pass the first one, which is over: systemd elapses at once, and again until the second is.
        let text = "*-*~6..11 *:40";
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let second_pass: Timestamp = "2026-10-25T01:10:00Z".parse().unwrap();
        let parts = OnCalendar::parse(text).unwrap().parts;
        let found = super::first_from(&parts, None, &berlin, second_pass.as_microsecond()).unwrap();
        assert_eq!(Timestamp::from_microsecond(found).unwrap().to_string(), "2026-10-25T00:40:00Z");
        let times = next(text, "Europe/Berlin", "2026-10-25T01:10:00");
        assert_eq!(times, ["2026-10-25T01:40:00", "2026-10-25T02:40:00", "2026-10-25T03:40:00"]);
    }

    #[test]
    fn an_abbreviation_holds_for_its_season_only() {
        assert!(next("12:00 CET", "Europe/Berlin", "2026-07-01T00:00:00").is_empty());
        let times = next("12:00 CET", "Europe/Berlin", "2026-03-27T00:00:00");
        assert_eq!(times, ["2026-03-27T11:00:00", "2026-03-28T11:00:00"]);
        assert_eq!(next("monthly CET", "Europe/Berlin", "2026-02-10T00:00:00"), ["2026-02-28T23:00:00"]);
        let times = next("02:30 CET", "Europe/Berlin", "2026-10-25T00:10:00");
        assert_eq!(times, ["2026-10-25T01:30:00", "2026-10-26T01:30:00", "2026-10-27T01:30:00"]);
        assert_eq!(next("@5 CET", "Europe/Berlin", "1970-01-01T00:00:00"), ["1970-01-01T00:00:05"]);
    }
}

//! The search from part to part, with all that is odd in it.
//!
//! systemd 252 goes through the parts from the year down. The first value at or after the current one is taken, and the
//! parts below start anew; where there is none, the part above goes one on. After each part the time is handed to the C
//! library. If that carries a value, the search begins again at the carried time, of which only the part directly below
//! the one that changed starts anew: what is left of it may be too late, and its season may be the wrong one.

use std::cmp::Ordering;

use super::Parts;
use super::chain::{Chain, next};
use super::clock::{Clock, Settled, Unit, Wall};
use jiff::tz::TimeZone;

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
    for _ in 0..TURNS {
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

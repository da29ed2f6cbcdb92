//! When an expression elapses on the clock of a zone.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};

use super::chain::next;
use super::clock::Unit;
use super::{OnCalendar, search};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 1_440 * MINUTE;
/// Within that time clocks change once at most.
const SOON: i64 = 36 * 60 * MINUTE;

/// What plain arithmetic finds.
enum Plain {
    At(i64),
    Never,
    /// A clock changes on the way, or a repetition runs past its end.
    Unsure,
}

impl OnCalendar {
    /// The first time after `after` at which it elapses, in its own zone or else in `local`; `None` when systemd finds
    /// none before the year 2200, be it that it gives up.
    ///
    /// A time that the clock skips is passed over. Of a time that comes twice the first is taken, or the second from
    /// within it; the rest of the repeated hour is passed over, as systemd does.
    ///
    /// systemd goes back from the second pass into the first where days are counted from a month's end, and so elapses
    /// at once and again until the hour is over; this gives the time of the second pass.
    pub fn next_after(&self, after: Timestamp, local: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(local);
        let from = after.as_microsecond() + 1;
        let season = self.season.as_ref().map(|season| season.summer);
        let plain = if season.is_none() { self.plain(zone, from)? } else { Plain::Unsure };
        let at = match plain {
            Plain::At(at) => at,
            Plain::Never => return None,
            Plain::Unsure => {
                let at = search::first_from(&self.parts, season, zone, from)?;
                if at < from { at + offset_at(zone, at)? - offset_at(zone, from)? } else { at }
            }
        };
        Timestamp::from_microsecond(at).ok()
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
            if self.season.is_none() && self.reach.is_none() {
                self.rest_of_day(zone, next, until, limit, &mut all);
            }
            last = all.last().copied().unwrap_or(next);
        }
        all
    }

    /// The rest of a day at once, if no clock changes in it.
    fn rest_of_day(
        &self,
        zone: &TimeZone,
        at: Timestamp,
        until: Timestamp,
        limit: usize,
        all: &mut Vec<Timestamp>,
    ) {
        let Some(offset) = offset_at(zone, at.as_microsecond()) else { return };
        let mut local = at.as_microsecond() + offset;
        let midnight = local - local.rem_euclid(DAY);
        let is_still = |local: i64| offset_at(zone, local - offset) == Some(offset);
        if self.in_day(midnight, local - midnight + 1).is_none()
            || !is_still(midnight)
            || !is_still(midnight + DAY)
        {
            return;
        }
        while all.len() < limit {
            let Some(next) = self.in_day(midnight, local - midnight + 1) else { return };
            let Some(at) = Timestamp::from_microsecond(next - offset).ok().filter(|at| *at <= until) else {
                return;
            };
            all.push(at);
            local = next;
        }
    }

    /// The first time at or after an instant, as far as it is plain.
    fn plain(&self, zone: &TimeZone, from: i64) -> Option<Plain> {
        let offset = offset_at(zone, from)?;
        let begin = from + offset;
        let Some(found) = self.local_from(begin) else { return Some(Plain::Never) };
        let at = found - offset;
        let still = |at: i64| offset_at(zone, at) == Some(offset);
        let is_soon = at - from < SOON;
        // To count days from a month's end its last days are looked at, where another season may hold; what follows then
        // takes a repeated hour for one of that season.
        let delicate = self.reach.is_some() || self.parts.from_the_end;
        if delicate && !(still(from - SOON) && (!is_soon || still(at + SOON))) {
            return Some(Plain::Unsure);
        }
        if let Some(reach) = self.reach
            && !(is_soon && same(reach, begin, found)?)
        {
            return Some(Plain::Unsure);
        }
        if is_soon {
            return Some(if still(at) { Plain::At(at) } else { Plain::Unsure });
        }
        Some(match undisturbed(zone, from, begin, found, offset) {
            Some(offset) => Plain::At(found - offset),
            None => Plain::Unsure,
        })
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

/// Whether two local times agree down to a part.
fn same(unit: Unit, one: i64, other: i64) -> Option<bool> {
    let within = |length: i64| one.div_euclid(length) == other.div_euclid(length);
    let first = |local: i64| datetime(local).map(|time| time.date().first_of_month());
    Some(match unit {
        Unit::Year => first(one)?.year() == first(other)?.year(),
        Unit::Month => first(one)? == first(other)?,
        Unit::Day => within(DAY),
        Unit::Hour => within(60 * MINUTE),
        Unit::Minute => within(MINUTE),
        Unit::Second => within(SECOND),
    })
}

/// The offset at a local time that was found, unless a change of the clock on the way to it could matter.
///
/// The search looks at times of the day on which it begins and of the one where it ends, and else at midnight only. What
/// it carries in February it carries to the first days of March.
fn undisturbed(zone: &TimeZone, from: i64, begin: i64, found: i64, mut offset: i64) -> Option<i64> {
    let day = |local: i64| local.div_euclid(DAY);
    for change in zone.following(Timestamp::from_microsecond(from - 1).ok()?) {
        let at = change.timestamp().as_microsecond();
        let after = i64::from(change.offset().seconds()) * SECOND;
        let (low, high) = (at + offset.min(after), at + offset.max(after));
        if day(low) > day(found) {
            break;
        }
        let touches_midnight = day(low) != day(high) || low % DAY == 0;
        let on_these_days = day(low) == day(begin) || day(high) == day(found);
        let date = datetime(low)?.date();
        if touches_midnight || on_these_days || (date.month() == 3 && date.day() <= 3) {
            return None;
        }
        offset = after;
    }
    Some(offset)
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
    Some(TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()?.as_microsecond())
}

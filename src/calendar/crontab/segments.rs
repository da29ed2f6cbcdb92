//! The stretches between two changes of a zone's clocks, and what cron makes of the changes.
//!
//! cron(8) counts local minutes. When they jump ahead by at most three hours, jobs at fixed times that were passed over
//! run at once, and jobs with a star in the minute or the hour go on as the clock shows; when they jump back by as
//! much, only the latter run until the minutes that were seen already are over. A larger jump starts everything anew.
//! <https://manpages.debian.org/bookworm/cron/cron.8.en.html#NOTES>

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The largest change that is followed, in minutes.
pub(super) const LONGEST: i64 = 180;
/// A step ahead of at most so many minutes is caught up minute by minute, with all jobs.
const CAUGHT_UP: i64 = 4;

/// A stretch without a change of clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Its first second, since the epoch.
    pub from: i64,
    /// The second at which the next one begins.
    to: i64,
    /// Minutes ahead of UTC.
    offset: i64,
    /// Minutes ahead of UTC before it.
    before: Option<i64>,
}

/// The stretches from the one of `second` on.
pub(super) fn segments(zone: &TimeZone, second: i64) -> impl Iterator<Item = Segment> + '_ {
    let offset = |at: i64| {
        let at = Timestamp::from_second(at).unwrap_or(Timestamp::MIN);
        i64::from(zone.to_offset(at).seconds()).div_euclid(60)
    };
    let here = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    let just_after = Timestamp::from_second(second.saturating_add(1)).unwrap_or(Timestamp::MAX);
    let last = zone.preceding(just_after).next().map(|change| change.timestamp().as_second());
    let from = last.unwrap_or(i64::MIN / 4);
    let changes = zone.following(here).map(|change| change.timestamp().as_second());
    let begins = std::iter::once(from).chain(changes);
    let ends = zone.following(here).map(|change| change.timestamp().as_second()).chain([i64::MAX / 4]);
    begins.zip(ends).map(move |(from, to)| {
        let known = from > i64::MIN / 4;
        let inside = if known { from } else { second };
        Segment { from, to, offset: offset(inside), before: known.then(|| offset(from - 1)) }
    })
}

impl Segment {
    /// The first local minute whose jobs run in it: minutes that were passed over belong to it, minutes that were seen
    /// already do not.
    pub fn first_minute(&self, wild: bool) -> i64 {
        let own = self.local(self.offset);
        let Some(before) = self.before else { return own };
        let step = self.offset - before;
        let follows = match wild {
            true => (1..=CAUGHT_UP).contains(&step),
            false => step.abs() <= LONGEST,
        };
        if follows { self.local(before) } else { own }
    }

    /// The first local minute that begins after a second.
    pub fn minute_after(&self, second: i64) -> i64 {
        if second < self.from {
            return i64::MIN / 128;
        }
        second.div_euclid(60).saturating_add(self.offset).saturating_add(1)
    }

    /// When the jobs of a local minute run; `None` where that is in the next stretch.
    pub fn moment(&self, minute: i64) -> Option<i64> {
        let at = minute.checked_sub(self.offset)?.checked_mul(60)?.max(self.from);
        (at < self.to).then_some(at)
    }

    /// The local minute at its begin, by a clock so many minutes ahead of UTC.
    fn local(&self, offset: i64) -> i64 {
        self.from.div_euclid(60).saturating_add(offset)
    }
}

//! The stretches between two changes of a zone's clocks, and what cron makes of the changes.
//!
//! cron(8) counts local minutes, and compares the clock with the last minute whose jobs it has run. Behind by at most three
//! hours, it runs the jobs at fixed times that were passed over at once, while those with a star in the minute or the hour
//! go on as the clock shows; ahead by as much, only the latter run until the minutes that were seen already are over.
//! Beyond that everything starts anew. What is caught up with counts as run at the change; cron sleeps ten seconds after each
//! minute of it that has jobs, on any line.
//! <https://manpages.debian.org/bookworm/cron/cron.8.en.html#NOTES>

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The largest distance that is followed, in minutes: so far behind, and not quite so far ahead.
pub(super) const LONGEST: i64 = 180;
/// Behind by at most so many minutes, all jobs are caught up with.
const CAUGHT_UP: i64 = 5;

/// A stretch without a change of clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Its first second, since the epoch.
    pub from: i64,
    /// The second at which the next one begins.
    pub to: i64,
    /// Seconds ahead of UTC.
    pub offset: i64,
    /// Seconds ahead of UTC before it.
    before: Option<i64>,
}

/// The stretches from the one of `second` on.
pub(super) fn segments(zone: &TimeZone, second: i64) -> impl Iterator<Item = Segment> + '_ {
    let offset = |at: i64| {
        let at = Timestamp::from_second(at).unwrap_or(Timestamp::MIN);
        i64::from(zone.to_offset(at).seconds())
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
        let clock = local_minute(self.from, self.offset);
        let Some(before) = self.before else { return clock };
        let done = local_minute(self.from - 1, before);
        let behind = clock - done;
        let follows = match wild {
            true => (0..=CAUGHT_UP).contains(&behind),
            false => behind > -LONGEST && behind <= LONGEST,
        };
        if follows { done + 1 } else { clock }
    }

    /// The first local minute that begins after a second.
    pub fn minute_after(&self, second: i64) -> i64 {
        if second < self.from { i64::MIN / 128 } else { local_minute(second, self.offset).saturating_add(1) }
    }

    /// When the jobs of a local minute run; `None` where that is in the next stretch.
    pub fn moment(&self, minute: i64) -> Option<i64> {
        let at = minute.checked_mul(60)?.checked_sub(self.offset)?.max(self.from);
        (at < self.to).then_some(at)
    }
}

/// The minute that a clock so many seconds ahead of UTC shows at a second.
fn local_minute(second: i64, offset: i64) -> i64 {
    second.saturating_add(offset).div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a stretch begins, in minutes from the clock's: at a job with a fixed time, and at one with a star.
    fn begins(step: i64) -> (i64, i64) {
        let segment = Segment { from: 6_000_000, to: i64::MAX, offset: step * 60, before: Some(0) };
        let clock = 100_000 + step;
        (segment.first_minute(false) - clock, segment.first_minute(true) - clock)
    }

    #[test]
    fn the_steps_at_which_cron_changes_its_mind() {
        assert_eq!(begins(4), (-4, -4));
        assert_eq!(begins(5), (-5, 0));
        assert_eq!(begins(179), (-179, 0));
        // The minute of the clock counts too: three hours ahead are 181 minutes to go.
        assert_eq!(begins(180), (0, 0));
        // Back by a minute the clock shows the minute that has just run.
        assert_eq!(begins(-1), (1, 1));
        assert_eq!(begins(-2), (2, 0));
        assert_eq!(begins(-180), (180, 0));
        assert_eq!(begins(-181), (0, 0));
    }
}

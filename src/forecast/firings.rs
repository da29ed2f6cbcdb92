//! When triggers fire, computed once for all lineages.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::course::moment;
use crate::ca::DAY;
use crate::calendar::{CronTimes, OnCalendar, zone};
use crate::facts::{Rule, Trigger, When};

/// How many firings of one rule are computed: three years of every minute.
const MOST: usize = 1_600_000;

/// All firings of some triggers in a period, in seconds since the epoch.
#[derive(Debug, Default)]
pub struct Firings {
    /// The times that the rules name, ascending.
    named: Vec<i64>,
    /// The same, each put off as long as its trigger may put it off, ascending.
    latest: Vec<i64>,
    /// Seconds between two firings, at most.
    largest_gap: Option<i64>,
    /// Where the computed firings end.
    end: i64,
    /// It fires, and nobody knows when: a trigger's times are not known, or all of them wait for the machine to start.
    pub untimed: bool,
}

/// The period for which firings are computed.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// Firings after this second.
    pub from: i64,
    /// What is judged as of.
    pub now: i64,
    /// Firings up to this second: beyond the forecast's end, so that the last certificates are judged by all of their
    /// attempts.
    pub until: i64,
    /// Where the forecast ends.
    pub horizon: i64,
}

impl Firings {
    /// The firings of these triggers on a host of this zone.
    pub fn of<'t>(triggers: impl Iterator<Item = &'t Trigger>, host: &TimeZone, period: Period) -> Self {
        let mut all: Vec<(i64, i64)> = Vec::new();
        let (mut untimed, mut at_boot, mut timed) = (false, false, false);
        let mut ends: Vec<i64> = Vec::new();
        for trigger in triggers {
            let times = match &trigger.when {
                Ok(when) => times(when, trigger.last_run, host, period),
                Err(_) => None,
            };
            let sleeps = i64::try_from(trigger.task.sleeps).unwrap_or(i64::MAX);
            let delay = trigger.when.as_ref().map_or(0, |when| i64::try_from(when.delay).unwrap_or(i64::MAX));
            let delay = delay.saturating_add(sleeps);
            match times {
                Some(Times::At(times)) => {
                    timed = true;
                    if times.len() >= MOST {
                        ends.extend(times.iter().max());
                    }
                    all.extend(times.into_iter().map(|at| (at, at.saturating_add(delay))));
                }
                Some(Times::AtBoot) => at_boot = true,
                None => untimed = true,
            }
        }
        untimed |= at_boot && !timed;
        all.sort_unstable();
        all.dedup();
        let largest_gap = largest_gap(&all).filter(|_| !untimed);
        // Where a rule has more firings than are computed, the last of them is the end.
        let end = ends.into_iter().min().unwrap_or(period.until);
        let named = all.iter().map(|(at, _)| *at).collect();
        let mut latest: Vec<i64> = all.into_iter().map(|(_, at)| at).collect();
        latest.sort_unstable();
        Self { named, latest, largest_gap, end, untimed }
    }

    /// The first firing at or after a second; beyond the computed ones, when it must have come by the largest gap.
    pub fn first(&self, from: i64) -> Option<i64> {
        let known = self.named.get(self.named.partition_point(|at| *at < from)).copied();
        known.or_else(|| self.largest_gap.map(|gap| from.saturating_add(gap)).filter(|_| from > self.end))
    }

    /// The firings at or after a second.
    pub fn after(&self, from: i64) -> impl Iterator<Item = Timestamp> {
        self.named.iter().skip(self.named.partition_point(|at| *at < from)).map(|at| moment(*at))
    }

    /// How many firings surely lie between two seconds, however long each is put off; beyond the end of the period as
    /// many as the largest gap leaves.
    pub fn between(&self, from: i64, to: i64) -> u32 {
        let begun = self.named.partition_point(|at| *at < from);
        let done = self.latest.partition_point(|at| *at < to);
        let known = u32::try_from(done.saturating_sub(begun)).unwrap_or(u32::MAX);
        let beyond = to.saturating_sub(from.max(self.end)).max(0);
        let more = self.largest_gap.and_then(|gap| beyond.checked_div(gap)).unwrap_or(0);
        known.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
    }

    /// How many firings are named between two seconds; their delays may lead beyond the second one.
    pub fn named_between(&self, from: i64, to: i64) -> usize {
        let place = |second: i64| self.named.partition_point(|at| *at < second);
        place(to).saturating_sub(place(from))
    }

    /// Seconds between two firings, at most, delays included; `None` for fewer than two of them.
    pub fn largest_gap(&self) -> Option<i64> {
        self.largest_gap
    }

    /// The largest number of firings within so many seconds.
    pub fn most_within(&self, seconds: i64) -> usize {
        let mut begin = self.named.iter().enumerate().peekable();
        let mut most = 0;
        for (i, at) in self.named.iter().enumerate() {
            while begin.next_if(|(_, first)| at.saturating_sub(**first) >= seconds).is_some() {}
            let first = begin.peek().map_or(i, |(first, _)| *first);
            most = most.max(i - first + 1);
        }
        most
    }
}

/// The longest wait: from each firing to the first one that has surely come after it.
fn largest_gap(all: &[(i64, i64)]) -> Option<i64> {
    let mut surely = i64::MAX;
    let mut largest = None;
    for (named, latest) in all.iter().rev() {
        if surely != i64::MAX {
            largest = largest.max(Some(surely.saturating_sub(*named)));
        }
        surely = surely.min(*latest);
    }
    largest
}

/// The times of one trigger.
enum Times {
    /// These.
    At(Vec<i64>),
    /// Whenever the machine starts.
    AtBoot,
}

/// The times of one trigger in the period; `None` where they cannot be computed.
fn times(when: &When, last: Option<Timestamp>, host: &TimeZone, period: Period) -> Option<Times> {
    let own = when.zone.as_deref().and_then(zone::named);
    let local = own.as_ref().unwrap_or(host);
    let (from, until) = (moment(period.from), moment(period.until));
    let mut all = Vec::new();
    let mut timed = false;
    for rule in &when.rules {
        let times = match rule {
            Rule::OnCalendar(text, _) => {
                OnCalendar::parse_in(text, local).ok()?.between(from, until, local, MOST)
            }
            Rule::Cron(text) => {
                let times = CronTimes::parse(text).ok()?;
                if times.at_reboot() {
                    continue;
                }
                times.between(from, until, local, MOST)
            }
            Rule::Every(seconds) => every(i64::try_from(*seconds).unwrap_or(i64::MAX), last, period),
            Rule::Anacron(days, first_hour, _) => anacron(*days, *first_hour, last, local, period)?,
            Rule::AtBoot(_) => continue,
        };
        timed = true;
        all.extend(times.into_iter().map(|at| at.as_second()));
    }
    Some(if timed { Times::At(all) } else { Times::AtBoot })
}

/// The firings so many seconds apart; without a last one the next is as far away as it can be.
fn every(seconds: i64, last: Option<Timestamp>, period: Period) -> Vec<Timestamp> {
    let seconds = seconds.max(1);
    let last = last.map(Timestamp::as_second).filter(|at| *at <= period.now && period.now - at <= seconds);
    let anchor = last.unwrap_or(period.now);
    let back = (anchor.saturating_sub(period.from)) / seconds;
    let first = anchor.saturating_sub(back.saturating_mul(seconds));
    let at = |n: usize| first.checked_add(seconds.checked_mul(i64::try_from(n).ok()?)?);
    (0..MOST).map_while(at).take_while(|at| *at <= period.until).map(moment).collect()
}

/// anacron's firings: on every so many days, from the first hour on at which it may start jobs.
fn anacron(
    days: u32,
    first_hour: u8,
    last: Option<Timestamp>,
    zone: &TimeZone,
    period: Period,
) -> Option<Vec<Timestamp>> {
    let days = i64::from(days.max(1));
    let anchor = last.map_or(period.now, Timestamp::as_second);
    let back = (anchor.saturating_sub(period.from) / DAY / days).max(0);
    let mut day = zone
        .to_datetime(moment(anchor))
        .date()
        .checked_sub(jiff::Span::new().try_days(back.checked_mul(days)?).ok()?)
        .ok()?;
    let mut all = Vec::new();
    while all.len() < MOST {
        let at = zone.to_timestamp(day.at(i8::try_from(first_hour).ok()?.min(23), 0, 0, 0)).ok()?;
        if at.as_second() > period.until {
            break;
        }
        if at.as_second() > period.from {
            all.push(at);
        }
        day = day.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{cron, days, now, timer};

    const HOURS: i64 = 3_600;

    fn period() -> Period {
        let now = now().as_second();
        Period { from: now - 10 * DAY, now, until: now + 100 * DAY, horizon: now + 100 * DAY }
    }

    fn of(rule: Rule, delay: u64, last_run: Option<Timestamp>) -> Firings {
        let when = When { rules: vec![rule], delay, ..When::default() };
        let trigger = Trigger { when: Ok(when), last_run, ..timer(None) };
        Firings::of([&trigger].into_iter(), &TimeZone::UTC, period())
    }

    #[test]
    fn a_loop_goes_on_from_its_last_run_and_else_from_now() {
        let loops = of(Rule::Every(12 * 3_600), 0, None);
        assert_eq!(loops.first(now().as_second() + 1), Some(now().as_second() + 12 * HOURS));
        let last = now() - jiff::SignedDuration::from_hours(5);
        let loops = of(Rule::Every(12 * 3_600), 0, Some(last));
        assert_eq!(loops.first(now().as_second() + 1), Some(now().as_second() + 7 * HOURS));
        assert_eq!(loops.largest_gap(), Some(12 * HOURS));
    }

    #[test]
    fn anacron_counts_days_from_its_stamp() {
        let weekly = of(Rule::Anacron(7, 3, 22), 0, Some(days(-2)));
        let next = moment(weekly.first(now().as_second()).unwrap());
        assert_eq!(next.to_string(), "2026-11-28T03:00:00Z");
        assert_eq!(weekly.largest_gap(), Some(7 * DAY));
    }

    #[test]
    fn a_delay_makes_the_gap_longer_and_the_last_attempt_uncertain() {
        let firings = of(Rule::Cron("0 0,12 * * *".into()), 43_200, None);
        assert_eq!(firings.largest_gap(), Some(DAY));
        let from = now().as_second();
        // At noon of the last day the delay may lead beyond the end.
        assert_eq!(firings.between(from, from + 10 * DAY), 19);
        assert_eq!(of(Rule::Cron("0 0,12 * * *".into()), 0, None).between(from, from + 10 * DAY), 20);
    }

    #[test]
    fn two_triggers_are_one_schedule() {
        let both = [cron("0 3 * * *"), cron("0 15 * * *")];
        let firings = Firings::of(both.iter(), &TimeZone::UTC, period());
        assert_eq!(firings.largest_gap(), Some(12 * HOURS));
        assert_eq!(firings.most_within(DAY), 2);
        assert_eq!(firings.most_within(7 * DAY), 14);
    }

    #[test]
    fn what_fires_at_the_start_of_the_machine_alone_has_no_times() {
        assert!(of(Rule::AtBoot(60), 0, None).untimed);
        assert!(of(Rule::Cron("@reboot".into()), 0, None).untimed);
        assert!(of(Rule::Cron("what is this".into()), 0, None).untimed);
    }
}

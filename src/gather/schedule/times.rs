//! When a timer elapses, from the lines of its unit.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::directives::{Directive, assigned, flag, last_set};
use crate::calendar::{OnCalendar, seconds};
use crate::facts::{Ineffective, Rule, When};

/// A winter and a summer: `12:00 CEST` has no next time in the other of them.
const SEASONS: [Timestamp; 2] = [Timestamp::UNIX_EPOCH, Timestamp::constant(15_638_400, 0)];

/// An empty assignment to any of them clears them all.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#OnActiveSec=>
const TIMES: [&str; 6] =
    ["OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"];

/// A timer's times, and why it never elapses where that is sure; `file` is its unit file. `started` says that
/// something else starts its service at boot.
pub(super) fn times(
    directives: &[Directive],
    file: &str,
    started: bool,
    zone: &TimeZone,
) -> (When, Option<Ineffective>) {
    let (lines, cleared) = assigned(directives, "Timer", &TIMES);
    let mut rules = Vec::new();
    let (mut refused, mut never) = (None, None);
    for line in &lines {
        if line.key == "OnCalendar" {
            match OnCalendar::parse_in(&line.value, zone) {
                Ok(times) if SEASONS.iter().all(|from| times.next_after(*from, zone).is_none()) => {
                    never = never.or(Some(format!("OnCalendar={}", line.value)));
                }
                Err(_) => refused = refused.or(Some(line)),
                Ok(_) => rules.push(Rule::OnCalendar(line.value.clone(), line.place())),
            }
            continue;
        }
        match seconds(&line.value) {
            Ok(Some(span)) if line.key.starts_with("OnUnit") => rules.push(Rule::Every(span)),
            Ok(Some(span)) => rules.push(Rule::AtBoot(span)),
            Ok(None) => never = never.or(Some(format!("{}={}", line.key, line.value))),
            Err(_) => refused = refused.or(Some(line)),
        }
    }
    let only_after_a_run = !rules.is_empty() && rules.iter().all(|rule| matches!(rule, Rule::Every(_)));
    let why = match (never, refused) {
        // The first run has nothing to count from: the timer waits for a service that only it starts.
        _ if only_after_a_run && !started => Some(Ineffective::NotStarted(format!(
            "nothing starts the first run after a boot, from which {file} counts"
        ))),
        _ if !rules.is_empty() => None,
        (Some(text), _) => Some(Ineffective::NeverFires(text)),
        (None, Some(line)) => Some(Ineffective::NeverFires(line.value.clone())),
        (None, None) => Some(Ineffective::NoTimes(cleared.unwrap_or_else(|| file.to_owned()))),
    };
    // systemd's own accuracy of a minute is left out.
    // FixedRandomDelay= makes the delay the same each time, but not shorter: the bound stays.
    let delay = delay(directives, "RandomizedDelaySec").saturating_add(delay(directives, "AccuracySec"));
    let catches_up = flag(directives, "Timer", "Persistent")
        && rules.iter().any(|rule| matches!(rule, Rule::OnCalendar(..)));
    (When { rules, delay, catches_up, zone: None }, why)
}

/// A span that delays; what systemd refuses is none.
fn delay(directives: &[Directive], key: &str) -> u64 {
    let line = last_set(directives, "Timer", &[key]);
    line.and_then(|line| seconds(&line.value).ok().flatten()).unwrap_or(0)
}

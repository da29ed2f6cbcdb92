//! When a systemd timer elapses.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::units::{Directive, entries, last};
use crate::calendar::{OnCalendar, seconds};
use crate::facts::{Ineffective, Rule, When};

/// An empty assignment to any of them clears them all.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#OnActiveSec=>
pub(super) const TIMES: [&str; 6] =
    ["OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"];
/// The times of a timer; lines that systemd refuses are left out, as it leaves them out.
pub(super) fn when(directives: &[Directive], zone: &TimeZone) -> When {
    let rule = |d: &&Directive| {
        let span = || seconds(d.value()).ok().flatten();
        match d.key() {
            "OnCalendar" => OnCalendar::parse_in(d.value(), zone)
                .ok()
                .map(|_| Rule::OnCalendar(d.value().to_owned(), d.place())),
            "OnUnitActiveSec" | "OnUnitInactiveSec" => span().map(Rule::Every),
            _ => span().map(Rule::AtBoot),
        }
    };
    let span = |key: &str| last(directives, "Timer", key).and_then(|text| seconds(text).ok().flatten());
    let is = |key: &str| last(directives, "Timer", key).is_some_and(truth);
    When {
        rules: entries(directives, "Timer", &TIMES).iter().filter_map(rule).collect(),
        // systemd's own accuracy of a minute is left out.
        delay: span("RandomizedDelaySec").unwrap_or(0).saturating_add(span("AccuracySec").unwrap_or(0)),
        catches_up: is("Persistent"),
        zone: None,
    }
}

/// Why a timer with these times never elapses.
pub(super) fn never(when: &When, zone: &TimeZone) -> Option<Ineffective> {
    let impossible = |rule: &Rule| match rule {
        Rule::OnCalendar(text, _) => OnCalendar::parse_in(text, zone)
            .is_ok_and(|times| times.next_after(Timestamp::UNIX_EPOCH, zone).is_none()),
        _ => false,
    };
    let texts: Vec<String> =
        when.rules.iter().filter(|rule| impossible(rule)).map(ToString::to_string).collect();
    (!texts.is_empty() && texts.len() == when.rules.len()).then(|| Ineffective::NeverFires(texts.join("; ")))
}

/// What systemd takes for yes. <https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>
pub(super) fn truth(text: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

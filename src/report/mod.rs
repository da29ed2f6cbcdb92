//! The report, one file per format.

pub mod dry_run;
pub mod explain;
pub mod json;
pub mod nagios;
mod plugin;
pub mod renew;
pub mod schedule;
pub mod text;

use jiff::Timestamp;

/// `3 lineages`, `1 lineage`.
fn count(n: usize, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
}

/// A day in UTC.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `in 12 days`, `3 hours ago`.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let size = seconds.unsigned_abs();
    let amount = match size {
        0..=7_199 => count(usize::try_from(size / 60).unwrap_or(0), "minute"),
        7_200..=172_799 => count(usize::try_from(size / 3_600).unwrap_or(0), "hour"),
        _ => count(usize::try_from(size / 86_400).unwrap_or(0), "day"),
    };
    if seconds < 0 { format!("{amount} ago") } else { format!("in {amount}") }
}

/// Text that may come from a hostile file, made safe for a terminal: control characters are escaped.
pub(crate) fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let hostile = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(hostile) {
        return text.into();
    }
    text.chars().map(|c| if hostile(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// The reasons of skips, each with the ids and the number of lineages that it concerns.
fn unknowns(report: &crate::audit::Report) -> Vec<(String, Vec<&'static str>, usize)> {
    let mut grouped: std::collections::BTreeMap<String, (Vec<&'static str>, usize)> =
        std::collections::BTreeMap::new();
    for skipped in &report.skipped {
        let crate::check::Skip::Unknown(missing) = &skipped.skip else { continue };
        let entry = grouped.entry(missing.to_string()).or_default();
        if !entry.0.contains(&skipped.check.id) {
            entry.0.push(skipped.check.id);
        }
        entry.1 = entry.1.max(skipped.lineages);
    }
    grouped.into_iter().map(|(because, (ids, lineages))| (because, ids, lineages)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_in_the_unit_a_person_would_use() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |text: &str| distance(text.parse().unwrap(), now);
        assert_eq!(at("2026-11-23T12:01:00Z"), "in 1 minute");
        assert_eq!(at("2026-11-24T11:00:00Z"), "in 23 hours");
        assert_eq!(at("2026-11-20T12:00:00Z"), "3 days ago");
    }

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }
}

//! certbot's log: which lineages it tried to renew last, in vain, and what was said of them.

mod run;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::run::Course;
use crate::facts::{Fact, Logged, Role};
use crate::gather::fs::{Root, show};

/// How much of one file is read, from its end, in bytes: with `max-log-backups = 0`, as Debian has it, it holds a week.
const MAX_FILE: u64 = 8 << 20;

/// How much is read of all files, the newest ones first.
const MAX_ALL: u64 = 16 << 20;

/// How many files are looked at: certbot keeps a thousand by itself.
const MAX_FILES: usize = 5_000;

/// The failures that certbot's logs end with, by lineage; those that logrotate has compressed are not read.
///
/// # Errors
/// The folder or its newest file cannot be read.
pub fn failures(root: &Root, logs: &Path, config: &Path, zone: &TimeZone) -> Fact<Vec<Logged>> {
    let mut course = Course::new(config, zone);
    for (path, limit) in newest(root, logs)?.into_iter().rev() {
        let end = root.read_end(&path, limit, Role::Other)?;
        course.file(&show(&path), &String::from_utf8_lossy(&end.bytes), end.skipped > 0);
    }
    Ok(course.end())
}

/// The newest files and how much of each may be read, the newest one first.
fn newest(root: &Root, logs: &Path) -> Fact<Vec<(std::path::PathBuf, u64)>> {
    let names = root.list(logs, Role::Other)?.unwrap_or_default();
    let mut files = Vec::new();
    for name in names.iter().filter_map(|name| name.to_str()).take(MAX_FILES) {
        let Some(rest) = name.strip_prefix("letsencrypt.log") else { continue };
        // `letsencrypt.log.2` is older than `letsencrypt.log.1`.
        let age = match rest.strip_prefix('.') {
            Some(digits) => digits.parse::<u32>().ok(),
            None => rest.is_empty().then_some(0),
        };
        let path = logs.join(name);
        let meta = root.stat(&path).ok();
        if let (Some(age), Some(meta)) = (age, meta) {
            files.push((std::cmp::Reverse(meta.modified), age, path, meta.size));
        }
    }
    files.sort();
    let mut left = MAX_ALL;
    let budget = files.into_iter().map_while(|(_, _, path, size)| {
        let limit = size.min(MAX_FILE).min(left);
        left -= limit;
        (left > 0 || limit > 0).then_some((path, limit))
    });
    Ok(budget.filter(|(_, limit)| *limit > 0).collect())
}

/// The moment at the head of a log line, in the host's own time: `2026-11-28 07:40:58,666`.
fn moment(stamp: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (seconds, _) = stamp.split_once(',')?;
    let local: jiff::civil::DateTime = seconds.replacen(' ', "T", 1).parse().ok()?;
    zone.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests;

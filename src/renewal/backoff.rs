//! Failures that are remembered, so that a name that fails is not tried into the CA's limits.
//! <https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account>

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The folder of notes, below the state directory.
const FOLDER: &str = "failures";

/// How long the second attempt waits in minutes; each further one twice as long, up to a day.
const FIRST: i64 = 30;
const MOST: i64 = 24 * 60;

/// The failures of a lineage since its last success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When it may be tried again.
    pub not_before: Option<Timestamp>,
    /// What the last one was.
    pub last: String,
}

impl std::fmt::Display for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            1 => write!(f, "it has failed once: {}", self.last),
            count => write!(f, "it has failed {count} times, at last: {}", self.last),
        }
    }
}

/// A file name for a lineage, whose own name could be anything.
pub(super) fn stem(lineage: &str) -> String {
    BASE64URL_NOPAD.encode(lineage.as_bytes())
}

fn file(state_dir: &Path, lineage: &str) -> PathBuf {
    state_dir.join(FOLDER).join(format!("{}.json", stem(lineage)))
}

/// What is remembered; nothing where that cannot be read.
pub fn of(state_dir: &Path, lineage: &str) -> Failures {
    let text = fs::read(file(state_dir, lineage)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Remembers one more; a CA that says how long to wait is believed.
///
/// # Errors
/// The state directory cannot be written.
pub fn failed(
    state_dir: &Path,
    lineage: &str,
    why: &str,
    retry_after: Option<u64>,
    now: Timestamp,
) -> io::Result<()> {
    let count = of(state_dir, lineage).count.saturating_add(1);
    let doubled = FIRST.saturating_mul(1_i64.checked_shl(count.saturating_sub(1)).unwrap_or(i64::MAX));
    let wait = SignedDuration::from_mins(doubled.clamp(FIRST, MOST));
    let told = SignedDuration::from_secs(retry_after.and_then(|wait| i64::try_from(wait).ok()).unwrap_or(0));
    let not_before = now.checked_add(wait.max(told)).ok();
    let failures = Failures { count, not_before, last: why.chars().take(500).collect() };
    let folder = state_dir.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut new = tempfile::NamedTempFile::new_in(&folder)?;
    new.write_all(&serde_json::to_vec(&failures)?)?;
    new.as_file().sync_all()?;
    new.persist(file(state_dir, lineage)).map_err(|e| e.error)?;
    Ok(())
}

/// Forgets them.
pub fn succeeded(state_dir: &Path, lineage: &str) {
    let _ = fs::remove_file(file(state_dir, lineage));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_twice_as_long_and_a_success_forgets() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let waits: Vec<i64> = (0..8)
            .map(|_| {
                failed(dir.path(), "a/../b", "404", None, now).unwrap();
                of(dir.path(), "a/../b").not_before.unwrap().duration_since(now).as_secs() / 60
            })
            .collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1440, 1440]);
        failed(dir.path(), "a/../b", "429", Some(200_000), now).unwrap();
        assert_eq!(of(dir.path(), "a/../b").not_before.unwrap().duration_since(now).as_secs(), 200_000);
        succeeded(dir.path(), "a/../b");
        assert_eq!(of(dir.path(), "a/../b"), Failures::default());
    }
}

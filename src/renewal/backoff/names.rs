//! The failed validations of each name within the last hour, whichever lineages' orders they were in: a CA counts them
//! by the name and the account. <https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account>

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{FOLDER, id, read, write};
use crate::ca;

/// The folder of notes, below that of the failures.
const NAMES: &str = "names";

const HOUR: SignedDuration = SignedDuration::from_secs(ca::HOUR);

/// The failures of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Failed {
    at: Vec<Timestamp>,
}

fn file(state_dir: &Path, server: &str, name: &str) -> PathBuf {
    state_dir.join(FOLDER).join(NAMES).join(id(server, name))
}

/// The failures of a name at a CA that it still counts, the oldest first.
fn counted(state_dir: &Path, server: &str, name: &str, now: Timestamp) -> Vec<Timestamp> {
    let mut failed: Failed = read(&file(state_dir, server, name));
    failed.at.retain(|at| *at <= now && now.duration_since(*at) < HOUR);
    failed.at.sort();
    failed.at
}

/// Notes that a CA did not validate a name.
///
/// # Errors
/// The state directory cannot be written.
pub(super) fn failed(state_dir: &Path, server: &str, name: &str, now: Timestamp) -> io::Result<()> {
    let mut at = counted(state_dir, server, name, now);
    at.push(now);
    write(&file(state_dir, server, name), &Failed { at })
}

/// Forgets the failures of a name that is proven.
pub(super) fn succeeded(state_dir: &Path, server: &str, name: &str) {
    let _ = std::fs::remove_file(file(state_dir, server, name));
}

/// A name that is not to be tried, since one more failure could be the last that the CA lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Until when.
    pub until: Timestamp,
    /// How often it has failed within the hour.
    pub times: usize,
    /// How many failures the CA lets through.
    pub limit: u32,
}

/// How many failures within the hour a CA lets through; the strictest limit that is known where its own is not.
fn limit(server: &str) -> u32 {
    let limits = ca::authority(server).and_then(|authority| authority.limits).unwrap_or(ca::LIMITS);
    limits.failures_per_hour
}

/// How many orders with a name may be under way at once, each of which could fail; one at least.
pub fn room(state_dir: &Path, server: &str, name: &str, now: Timestamp) -> usize {
    let most = usize::try_from(limit(server)).unwrap_or(usize::MAX).saturating_sub(1);
    most.saturating_sub(counted(state_dir, server, name, now).len()).max(1)
}

/// Whether a name is to be left alone at a CA.
pub fn held(state_dir: &Path, server: &str, name: &str, now: Timestamp) -> Option<Held> {
    let limit = limit(server);
    let counted = counted(state_dir, server, name, now);
    let over = counted.len().checked_sub(usize::try_from(limit).ok()?.saturating_sub(1))?;
    Some(Held { until: counted.get(over)?.checked_add(HOUR).ok()?, times: counted.len(), limit })
}

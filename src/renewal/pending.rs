//! Orders whose certificate was asked for and has not come: the next run fetches it, and orders nothing anew.
//!
//! The key has to be kept for that, in a file that only its owner reads; it is gone as soon as the certificate is live.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::backoff::stem;
use crate::state;

/// The folder of notes, below the state directory.
const FOLDER: &str = "orders";

/// The largest note that is read, in bytes.
const MAX_NOTE: u64 = 64 << 10;

/// Such an order.
#[derive(Serialize, Deserialize)]
pub struct Pending {
    /// The directory of the CA.
    pub server: String,
    /// The account's URL.
    pub account: String,
    /// The order's URL.
    pub order: String,
    /// What it is for; empty for all names of its lineage.
    #[serde(default)]
    pub identifiers: Vec<String>,
    /// The key of the certificate, in PEM.
    pub key: Zeroizing<String>,
}

fn file(state_dir: &Path, lineage: &str) -> PathBuf {
    state_dir.join(FOLDER).join(format!("{}.json", stem(lineage)))
}

/// Keeps it.
///
/// # Errors
/// The state directory cannot be written.
pub fn keep(state_dir: &Path, lineage: &str, pending: &Pending) -> io::Result<()> {
    let text = Zeroizing::new(serde_json::to_vec(pending)?);
    state::write(&file(state_dir, lineage), &text)
}

/// What is kept of a lineage.
pub fn of(state_dir: &Path, lineage: &str) -> Option<Pending> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(file(state_dir, lineage)).ok()?;
    let mut text = Zeroizing::new(Vec::new());
    io::Read::read_to_end(&mut io::Read::take(file, MAX_NOTE), &mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// It came to its end.
pub fn forget(state_dir: &Path, lineage: &str) {
    let _ = fs::remove_file(file(state_dir, lineage));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_its_owners_alone_and_goes_again() {
        let dir = tempfile::tempdir().unwrap();
        let pending = Pending {
            server: "https://ca.test/dir".into(),
            account: "https://ca.test/a/1".into(),
            order: "https://ca.test/o/1".into(),
            identifiers: vec!["a.test".into()],
            key: Zeroizing::new("a key".into()),
        };
        keep(dir.path(), "a.test", &pending).unwrap();
        let kept = fs::read_dir(dir.path().join(FOLDER)).unwrap().next().unwrap().unwrap();
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(of(dir.path(), "a.test").unwrap().key.as_str(), "a key");
        assert!(of(dir.path(), "b.test").is_none());
        forget(dir.path(), "a.test");
        assert!(of(dir.path(), "a.test").is_none());
    }
}

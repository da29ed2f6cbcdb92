//! Deploy hooks that a lineage is owed: noted before its certificate goes live, and until they all succeeded.
//!
//! certbot runs them once and forgets them; whatever fails or is killed there leaves a server with the old certificate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::backoff::stem;
use crate::state;

/// The folder of notes, below the state directory.
const FOLDER: &str = "owed";

fn file(state_dir: &Path, lineage: &str) -> PathBuf {
    state_dir.join(FOLDER).join(stem(lineage))
}

/// Notes it, where this user alone can write: whoever else could would have hooks run.
///
/// # Errors
/// The state directory cannot be written.
pub fn note(state_dir: &Path, lineage: &str) -> io::Result<()> {
    state::write(&file(state_dir, lineage), &[])
}

/// Whether they are owed.
pub fn is_owed(state_dir: &Path, lineage: &str) -> bool {
    file(state_dir, lineage).exists()
}

/// They have all succeeded.
pub fn settle(state_dir: &Path, lineage: &str) {
    let _ = fs::remove_file(file(state_dir, lineage));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_stays_until_it_is_settled() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_owed(dir.path(), "a.test"));
        note(dir.path(), "a.test").unwrap();
        assert!(is_owed(dir.path(), "a.test") && !is_owed(dir.path(), "b.test"));
        settle(dir.path(), "a.test");
        assert!(!is_owed(dir.path(), "a.test"));
    }
}

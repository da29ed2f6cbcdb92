//! Deploy hooks that a lineage is owed: noted before its certificate goes live, and until they all succeeded.
//!
//! certbot runs them once and forgets them; whatever fails or is killed there leaves a server with the old certificate.

use std::fs;
use std::io;

use super::stage::Options;
use crate::state;

/// The folder of notes, below the state directory.
const FOLDER: &str = "owed";

/// Notes it, where this user alone can write: whoever else could would have hooks run.
///
/// # Errors
/// The state directory cannot be written.
pub(super) fn note(options: &Options, lineage: &str) -> io::Result<()> {
    state::write(&options.note(FOLDER, lineage), &[])
}

/// Whether they are owed.
pub(super) fn is_owed(options: &Options, lineage: &str) -> bool {
    options.note(FOLDER, lineage).exists()
}

/// They have all succeeded.
pub(super) fn settle(options: &Options, lineage: &str) {
    let _ = fs::remove_file(options.note(FOLDER, lineage));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_owed_stays_until_it_is_settled() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::below(dir.path());
        let long = "a".repeat(250);
        assert!(!is_owed(&options, &long));
        note(&options, &long).unwrap();
        assert!(is_owed(&options, &long) && !is_owed(&options, "b.test"));
        let elsewhere = Options { config_dir: Path::new("/opt/letsencrypt").into(), ..options.clone() };
        assert!(!is_owed(&elsewhere, &long), "another lineage of that name");
        settle(&options, &long);
        assert!(!is_owed(&options, &long));
    }
}

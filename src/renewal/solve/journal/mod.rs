//! What hooks and updates have published, written down before it is: a run that is killed cannot take it back, and the next one
//! does.
//!
//! No secret is in it, and no command: the next run takes the key and the cleanup hook from where the lineage's conf says then.

mod found;
mod published;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::state;

pub use self::found::{Found, Left};
pub use self::published::{MAX_OUTPUT, Published};

/// The folder of journals, below the state directory.
const FOLDER: &str = "published";

/// A line. The last one of a number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: u64,
    config_dir: PathBuf,
    lineage: String,
    /// `None` once it is taken back.
    published: Option<Published>,
}

/// The journal of a run. Its file is there, and locked, while something is published.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    config_dir: PathBuf,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    standing: Vec<u64>,
    next: u64,
}

impl Journal {
    /// Of a run on this configuration folder; nothing is written yet.
    pub fn new(state_dir: &Path, config_dir: &Path) -> Self {
        let (folder, config_dir) = (state_dir.join(FOLDER), config_dir.to_path_buf());
        Self { folder, config_dir, open: Mutex::default() }
    }

    /// Writes down what is about to be published; gives its number.
    ///
    /// # Errors
    /// The journal cannot be written: nothing may be published then.
    pub fn note(&self, lineage: &str, published: &Published) -> Result<u64, String> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = (|| {
            let journal = match open.take() {
                Some(journal) => journal,
                None => Open::new(&self.folder)?,
            };
            let journal = open.insert(journal);
            let number = journal.next;
            journal.write(&self.line(number, lineage, Some(published)))?;
            journal.next += 1;
            journal.standing.push(number);
            Ok(number)
        })();
        noted.map_err(|e: io::Error| format!("{} cannot be written: {e}", self.folder.display()))
    }

    /// More is known of something that was noted.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn add(&self, number: u64, lineage: &str, published: &Published) -> io::Result<()> {
        match &mut *self.open.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(journal) => journal.write(&self.line(number, lineage, Some(published))),
            None => Ok(()),
        }
    }

    /// It is taken back.
    pub fn gone(&self, number: u64, lineage: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(journal) = &mut *open else { return };
        journal.standing.retain(|standing| *standing != number);
        if journal.standing.is_empty() {
            let _ = fs::remove_file(&journal.path);
            *open = None;
        } else {
            // Where this fails it is only taken back once more.
            let _ = journal.write(&self.line(number, lineage, None));
        }
    }

    fn line(&self, number: u64, lineage: &str, published: Option<&Published>) -> Line {
        let (lineage, published) = (lineage.to_owned(), published.cloned());
        Line { number, config_dir: self.config_dir.clone(), lineage, published }
    }
}

impl Open {
    fn new(folder: &Path) -> io::Result<Self> {
        let (path, file) = state::journal(folder)?;
        Ok(Self { path, file, standing: Vec::new(), next: 0 })
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        append(&mut self.file, line)
    }
}

fn append(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn record(text: &str) -> Published {
        Published::Record {
            server: "192.0.2.1:53".parse().unwrap(),
            credentials: "/etc/rfc2136.ini".into(),
            zone: "a.test.".into(),
            name: "_acme-challenge.a.test.".into(),
            text: text.into(),
        }
    }

    fn files(dir: &Path) -> Vec<PathBuf> {
        fs::read_dir(dir.join(FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    /// What is found of a run that is no more. What another test starts at that moment has the journal open, until it is another
    /// program, and the lock with it.
    fn found(dir: &Path) -> Found {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            match <[Found; 1]>::try_from(Found::all(dir)) {
                Ok([found]) => return found,
                Err(found) => assert!(found.is_empty() && std::time::Instant::now() < end, "{found:?}"),
            }
        }
    }

    #[test]
    fn a_journal_is_there_while_something_is_published_and_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path(), Path::new("/etc/letsencrypt"));
        assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
        let one = journal.note("a.test", &record("one")).unwrap();
        let two = journal.note("a.test", &record("two")).unwrap();
        let [file] = files(dir.path()).try_into().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // A living run is let alone.
        assert!(Found::all(dir.path()).is_empty());
        journal.gone(one, "a.test");
        assert!(file.exists());
        journal.gone(two, "a.test");
        assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
        journal.note("a.test", &record("three")).unwrap();
        assert_eq!(files(dir.path()).len(), 1);
    }

    #[test]
    fn what_a_killed_run_left_is_found_until_it_is_settled() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path(), Path::new("/etc/letsencrypt"));
        let one = journal.note("a.test", &record("one")).unwrap();
        journal.note("b.test", &record("two")).unwrap();
        journal.note("c.test", &record("three")).unwrap();
        journal.gone(one, "a.test");
        drop(journal);
        let mut found = found(dir.path());
        assert_eq!(found.notes, Vec::<String>::new());
        let lineages: Vec<&str> = found.left.iter().map(|left| left.lineage.as_str()).collect();
        assert_eq!(lineages, ["b.test", "c.test"]);
        assert_eq!(found.left[0].published, record("two"));
        let number = found.left[0].number;
        found.settle(number);
        found.end();
        let mut found = self::found(dir.path());
        let number = found.left[0].number;
        assert_eq!((found.left.len(), found.left[0].lineage.as_str()), (1, "c.test"));
        found.settle(number);
        found.end();
        assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_is_torn_or_anybody_elses_is_refused_and_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(FOLDER);
        let journal = Journal::new(dir.path(), Path::new("/etc/letsencrypt"));
        journal.note("a.test", &record("one")).unwrap();
        drop(journal);
        let [file] = files(dir.path()).try_into().unwrap();
        let mut torn = fs::OpenOptions::new().append(true).open(&file).unwrap();
        torn.write_all(b"{\"number\":1,\"command\":\"rm -rf /\"}\n{\"numb").unwrap();
        drop(torn);
        let mut found = found(dir.path());
        assert_eq!(found.left.len(), 1, "what is whole counts");
        let [note] = found.notes.as_slice() else { panic!("{:?}", found.notes) };
        assert!(note.starts_with("2 of the lines") && note.contains("refused"), "{note}");
        let number = found.left[0].number;
        found.settle(number);
        found.end();
        assert!(!file.exists() && file.with_extension("refused").exists());

        let open = folder.join("run-open.journal");
        fs::write(&open, "").unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("run-link.journal")).unwrap();
        let notes: Vec<String> = Found::all(dir.path()).into_iter().flat_map(|found| found.notes).collect();
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.iter().all(|note| note.contains("not run")), "{notes:?}");
    }
}

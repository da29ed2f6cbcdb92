//! What was created for a rehearsal and must be gone after it, written down before it is created.
//!
//! A run that is killed leaves its journal behind; the next run finds that nobody holds it, removes what it names and then
//! the journal itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::state::{self, JOURNAL};

/// The folder of journals, below the state directory.
const FOLDER: &str = "tokens";

/// The longest journal that is read, in bytes.
const MAX_JOURNAL: u64 = 64 << 20;

/// Something that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The file of a token.
    File(PathBuf),
    /// A folder above one.
    Folder(PathBuf),
}

/// The journal of a run. It is locked while the run lives.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: Vec<Entry>,
}

impl Journal {
    /// Removes what earlier runs left behind, and begins a journal of this run.
    ///
    /// # Errors
    /// The state directory cannot be written.
    pub fn begin(state_dir: &Path) -> Result<(Self, Vec<PathBuf>), Error> {
        let folder = state_dir.join(FOLDER);
        let cannot = |e: io::Error| {
            Error::new(format!("cannot write {}: {e}", folder.display()))
                .hint("run as root, or name a folder of your own with --state-dir DIR")
        };
        state::make(&folder).map_err(cannot)?;
        let swept = sweep(&folder).map_err(cannot)?;
        let (path, file) = state::journal(&folder).map_err(cannot)?;
        Ok((Self { path, file, entries: Vec::new() }, swept))
    }

    /// Writes down what is about to be created.
    ///
    /// # Errors
    /// The journal cannot be written, which it names: nothing may be created then.
    pub fn note(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        written.map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("cannot write {}, without which no token is published: {e}", self.path.display()),
            )
        })?;
        self.entries.extend_from_slice(entries);
        Ok(())
    }

    /// Whether it has the file.
    pub fn has(&self, file: &Path) -> bool {
        self.entries.iter().any(|entry| entry.path() == file)
    }

    /// Leaves a file out that was noted last, and turned out to be somebody else's.
    pub fn forget(&mut self, file: &Path) {
        if let Some(at) = self.entries.iter().rposition(|entry| entry.path() == file) {
            self.entries.remove(at);
        }
    }

    /// Removes everything that was noted, and then the journal; gives what could not be removed.
    pub fn end(&mut self) -> Vec<(PathBuf, io::Error)> {
        let failed = remove(&self.entries);
        if failed.is_empty() {
            self.entries.clear();
            let _ = fs::remove_file(&self.path);
        }
        failed
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end();
    }
}

/// Removes what the journals of runs that are no more name; gives what was removed.
fn sweep(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut swept = Vec::new();
    for found in fs::read_dir(folder)? {
        let path = found?.path();
        if path.extension().is_none_or(|ending| ending != JOURNAL) {
            continue;
        }
        let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let Ok(mut file) = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path) else {
            continue;
        };
        if file.try_lock().is_err() {
            continue;
        }
        let mut text = String::new();
        // The last line of a run that was killed while it wrote may be torn: what it names was not created yet.
        let _ = (&mut file).take(MAX_JOURNAL).read_to_string(&mut text);
        let entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let is_there = |path: &&Path| path.symlink_metadata().is_ok();
        let there: Vec<&Path> = entries.iter().map(Entry::path).filter(is_there).collect();
        if remove(&entries).is_empty() {
            fs::remove_file(&path)?;
        }
        swept.extend(there.into_iter().filter(|path| !is_there(path)).map(Path::to_path_buf));
    }
    Ok(swept)
}

/// Files first, then folders from the innermost one; a folder that others have put something into stays.
fn remove(entries: &[Entry]) -> Vec<(PathBuf, io::Error)> {
    let mut failed = Vec::new();
    for entry in entries.iter().filter(|entry| matches!(entry, Entry::File(_))) {
        if let Err(error) = fs::remove_file(entry.path())
            && error.kind() != io::ErrorKind::NotFound
        {
            failed.push((entry.path().to_path_buf(), error));
        }
    }
    for entry in entries.iter().rev().filter(|entry| matches!(entry, Entry::Folder(_))) {
        if let Err(error) = fs::remove_dir(entry.path())
            && !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty)
        {
            failed.push((entry.path().to_path_buf(), error));
        }
    }
    failed
}

impl Entry {
    fn path(&self) -> &Path {
        match self {
            Entry::File(path) | Entry::Folder(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder.join(FOLDER)).unwrap().count()
    }

    #[test]
    fn a_run_that_ends_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("w/token"), dir.path().join("w"));
        let (mut journal, swept) = Journal::begin(dir.path()).unwrap();
        assert_eq!(swept, Vec::<PathBuf>::new());
        journal.note(&[Entry::Folder(folder.clone()), Entry::File(file.clone())]).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "x").unwrap();
        drop(journal);
        assert!(!folder.exists() && files(dir.path()) == 0);
    }

    #[test]
    fn the_next_run_removes_what_a_killed_one_left_and_spares_a_living_one() {
        let dir = tempfile::tempdir().unwrap();
        let mine = dir.path().join("mine");
        fs::write(&mine, "x").unwrap();
        let (mut killed, _) = Journal::begin(dir.path()).unwrap();
        killed.note(&[Entry::File(mine.clone()), Entry::File(dir.path().join("never made"))]).unwrap();
        killed.file.write_all(b"{\"file\":\"/torn").unwrap();
        // A living run holds its lock.
        assert_eq!(Journal::begin(dir.path()).unwrap().1, Vec::<PathBuf>::new());
        assert!(mine.exists());
        killed.file.unlock().unwrap();
        let (_now, swept) = Journal::begin(dir.path()).unwrap();
        assert_eq!(swept, std::slice::from_ref(&mine));
        assert!(!mine.exists());
        killed.entries.clear();
    }

    #[test]
    fn a_folder_that_others_use_by_now_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("w");
        let (mut journal, _) = Journal::begin(dir.path()).unwrap();
        journal.note(&[Entry::Folder(folder.clone())]).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("theirs"), "x").unwrap();
        assert!(journal.end().is_empty());
        assert!(folder.join("theirs").exists());
    }
}

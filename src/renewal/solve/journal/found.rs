//! The journals that killed runs have left.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{FOLDER, Line, Published, append};
use crate::state::JOURNAL;

/// The longest journal that is read, in bytes.
const MAX_JOURNAL: u64 = 64 << 20;

/// What a refused journal is renamed to, so that it is told of once and can be looked at.
const REFUSED: &str = "refused";

/// Mode bits by which others than its owner could have written it.
const OTHERS: u32 = 0o022;

/// A journal of a run that is no more. It is locked while this lives.
#[derive(Debug)]
pub struct Found {
    path: PathBuf,
    /// `None` where nothing of it was read.
    file: Option<File>,
    lines: BTreeMap<u64, Line>,
    /// What is still published.
    pub left: Vec<Left>,
    /// What of it is not believed.
    pub notes: Vec<String>,
}

/// Something that was published and not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its number in the journal.
    pub number: u64,
    /// The configuration folder of its lineage.
    pub config_dir: PathBuf,
    /// The lineage.
    pub lineage: String,
    /// What it is.
    pub published: Published,
}

impl Found {
    /// All journals that nobody holds.
    pub fn all(state_dir: &Path) -> Vec<Found> {
        let entries = fs::read_dir(state_dir.join(FOLDER)).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == JOURNAL));
        paths.sort();
        paths.into_iter().filter_map(Self::read).collect()
    }

    /// `None` where a living run holds it.
    fn read(path: PathBuf) -> Option<Found> {
        let refused = |why: String| {
            let note = format!("{} is refused and not run by: {why}", path.display());
            Found {
                path: path.clone(),
                file: None,
                lines: BTreeMap::new(),
                left: Vec::new(),
                notes: vec![note],
            }
        };
        let file = match open(&path) {
            Ok(file) => file,
            Err(why) => return Some(refused(why)),
        };
        file.try_lock().ok()?;
        let mut bytes = Vec::new();
        if let Err(error) = (&file).take(MAX_JOURNAL).read_to_end(&mut bytes) {
            return Some(refused(error.to_string()));
        }
        if bytes.last().is_some_and(|last| *last != b'\n') {
            // What is written next must not become part of a torn line.
            let _ = (&file).write_all(b"\n");
        }
        let (mut lines, mut bad) = (BTreeMap::new(), 0);
        for text in bytes.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
            match serde_json::from_slice::<Line>(text) {
                Ok(line) => drop(lines.insert(line.number, line)),
                Err(_) => bad += 1,
            }
        }
        let left = lines.values().filter_map(Left::of).collect();
        let notes = match bad {
            0 => Vec::new(),
            bad => vec![format!(
                "{bad} of the lines of {} are torn or not ours, and refused: what they were about may still be published",
                path.display()
            )],
        };
        Some(Found { path, file: Some(file), lines, left, notes })
    }

    /// It is taken back, or nothing can be done about it.
    pub fn settle(&mut self, number: u64) {
        self.left.retain(|left| left.number != number);
        if let (Some(file), Some(line)) = (&mut self.file, self.lines.get(&number)) {
            // Where this fails it is only taken back once more.
            let _ = append(file, &Line { published: None, ..line.clone() });
        }
    }

    /// Removes it where nothing is left of it; one of which something was refused is put aside.
    pub fn end(self) {
        if !self.left.is_empty() {
            return;
        }
        let _ = match self.notes.is_empty() {
            true => fs::remove_file(&self.path),
            false => fs::rename(&self.path, self.path.with_extension(REFUSED)),
        };
    }
}

impl Left {
    fn of(line: &Line) -> Option<Self> {
        Some(Self {
            number: line.number,
            config_dir: line.config_dir.clone(),
            lineage: line.lineage.clone(),
            published: line.published.clone()?,
        })
    }
}

/// Opens a journal that nobody else can have written.
fn open(path: &Path) -> Result<File, String> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).custom_flags(flags).open(path);
    let file = file.map_err(|e: io::Error| e.to_string())?;
    let meta = file.metadata().map_err(|e| e.to_string())?;
    if !meta.is_file() {
        return Err("it is no file".into());
    }
    if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & OTHERS != 0 {
        return Err("others could have written it (chmod 600, and the owner this user)".into());
    }
    Ok(file)
}

//! What an install is about to do, written down before it does it.
//!
//! A file of two lines, each synced: what is to be installed where, and, once everything is written and only names are left
//! to change, that it is. A run that is killed before the second line is rolled back, one that is killed after it is
//! finished. A line that was cut off counts as not written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::archive::Ids;
use super::disk;
use super::live::Original;
use super::place::Place;
use crate::configobj::Change;
use crate::error::Error;
use crate::gather::x509::hex;

/// The folder of journals, below the state directory.
const FOLDER: &str = "installs";

/// The longest journal that is read, in bytes.
const MAX_JOURNAL: u64 = 4 << 20;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) place: Place,
    pub(super) version: u64,
    pub(super) changes: Vec<Change>,
    /// The folder of the links before.
    pub(super) original: Option<Original>,
}

/// The journal of one lineage's install.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// The journals of one configuration folder: whoever holds its lock has them to itself.
pub(super) fn folder(state_dir: &Path, config_dir: &Path) -> PathBuf {
    let real = fs::canonicalize(config_dir).unwrap_or_else(|_| config_dir.to_path_buf());
    let id = hex(digest(&SHA256, real.as_os_str().as_bytes()).as_ref());
    state_dir.join(FOLDER).join(id.get(..16).unwrap_or(&id))
}

fn cannot(path: &Path, e: &io::Error) -> Error {
    Error::new(format!("cannot write {}: {e}", path.display()))
        .hint("run as root, or name a folder of your own with --state-dir DIR")
}

impl Journal {
    /// Writes the plan down. The lineage has no journal yet.
    pub(super) fn begin(folder: &Path, plan: &Plan) -> Result<Self, Error> {
        let path = folder.join(&plan.place.name);
        let begin = || {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
            let mut journal = Self { path: path.clone(), file };
            let written = journal.line(plan).and_then(|()| {
                folder.ancestors().take(3).try_for_each(disk::sync_folder) // the folders may be new, too
            });
            if written.is_err() {
                let _ = disk::remove(&path);
            }
            written.map(|()| journal)
        };
        begin().map_err(|e| cannot(&path, &e))
    }

    fn line(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_all()
    }

    /// Writes down that everything is written.
    pub(super) fn staged(&mut self, ids: &Ids) -> Result<(), Error> {
        self.line(ids).map_err(|e| cannot(&self.path, &e))
    }

    /// Nothing is left to do.
    pub(super) fn end(self) -> Result<(), Error> {
        end(&self.path)
    }
}

/// Removes a journal.
pub(super) fn end(path: &Path) -> Result<(), Error> {
    let ended = disk::remove(path).and_then(|()| path.parent().map_or(Ok(()), disk::sync_folder));
    ended.map_err(|e| cannot(path, &e))
}

/// The journals that are there, by lineage name.
pub(super) fn left(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(cannot(folder, &e)),
    };
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| cannot(folder, &e))?;
    paths.sort();
    Ok(paths)
}

/// What a journal says: nothing where it was cut off before anything was done.
pub(super) fn read(path: &Path) -> Result<Option<(Plan, Option<Ids>)>, Error> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_JOURNAL).read_to_string(&mut text));
    read.map_err(|e| cannot(path, &e))?;
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let Some(first) = lines.next() else { return Ok(None) };
    let plan = serde_json::from_str(first).map_err(|e| {
        Error::new(format!("{}: {e}", path.display()))
            .hint("another version of acme-audit wrote it: let that one run, or remove it")
    })?;
    Ok(Some((plan, lines.next().and_then(|line| serde_json::from_str(line).ok()))))
}

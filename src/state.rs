//! The folder in which runs keep what later ones need, and how it is written there: for its owner alone, as a whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::error::Error;
use crate::gather::x509::hex;

/// How the file of a journal ends.
pub const JOURNAL: &str = "journal";

/// Makes it where it is not there, and looks whether it and all folders in it can be written.
///
/// # Errors
/// One cannot be: nothing may be ordered then, since what is under way could not be written down.
pub fn ready(state_dir: &Path) -> Result<(), Error> {
    let cannot = |path: &Path, error: io::Error| {
        Error::new(format!("cannot write to {}: {error}", path.display()))
            .hint("run as root, or name a folder of your own with --state-dir DIR")
    };
    make(state_dir).map_err(|e| cannot(state_dir, e))?;
    let may = |path: &Path| may_write(path).map_err(|e| cannot(path, e));
    may(state_dir)?;
    for entry in fs::read_dir(state_dir).map_err(|e| cannot(state_dir, e))?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            may(&entry.path())?;
        }
    }
    Ok(())
}

/// A file name for what two names say together: file names end somewhere and are of few letters, and those need not be.
pub fn id(first: &str, second: &str) -> String {
    hex(digest(&SHA256, format!("{first} {second}").as_bytes()).as_ref())
}

/// Makes a folder, and those above it, for this user alone.
///
/// # Errors
/// It cannot be made.
pub fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Whether this process may make and rename files in a folder, as far as that shows without doing it.
///
/// # Errors
/// It may not.
pub fn may_write(folder: &Path) -> io::Result<()> {
    Ok(accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
}

/// Writes a file that is missed by nobody where the machine stops just then, as [`write()`] does otherwise.
///
/// # Errors
/// It cannot be written; what was there stays.
pub fn cache(file: &Path, content: &[u8]) -> io::Result<()> {
    put(file, content, |_| Ok(()))
}

/// Writes a file, of mode 0600; its folder is made where it is not there.
///
/// # Errors
/// It cannot be written; what was there stays.
pub fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    put(file, content, File::sync_all)?;
    File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn put(file: &Path, content: &[u8], sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    make(folder)?;
    // Its mode is 0600.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(content)?;
    sync(new.as_file())?;
    new.persist(file).map_err(|e| e.error)?;
    Ok(())
}

/// Begins a journal, which is locked from before it has its name: whoever sees it sees that it is held.
///
/// # Errors
/// The folder cannot be written.
pub fn journal(folder: &Path) -> io::Result<(PathBuf, File)> {
    make(folder)?;
    let new = tempfile::Builder::new().prefix("run-").suffix(".new").tempfile_in(folder)?;
    new.as_file().try_lock().map_err(io::Error::from)?;
    let path = new.path().with_extension(JOURNAL);
    let file = new.persist(&path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()?;
    Ok((path, file))
}

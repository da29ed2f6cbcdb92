//! The folder in which runs keep what later ones need.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::error::Error;

/// Makes it where it is not there, and looks whether it and all folders in it can be written.
///
/// # Errors
/// One cannot be: nothing may be ordered then, since what is under way could not be written down.
pub fn ready(state_dir: &Path) -> Result<(), Error> {
    let cannot = |path: &Path, error: io::Error| {
        Error::new(format!("cannot write to {}: {error}", path.display()))
            .hint("run as root, or name a folder of your own with --state-dir DIR")
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(state_dir);
    made.map_err(|e| cannot(state_dir, e))?;
    let may = |path: &Path| {
        accessat(CWD, path, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(|e| cannot(path, e.into()))
    };
    may(state_dir)?;
    for entry in fs::read_dir(state_dir).map_err(|e| cannot(state_dir, e))?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            may(&entry.path())?;
        }
    }
    Ok(())
}

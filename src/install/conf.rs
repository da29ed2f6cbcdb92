//! The renewal configuration with changed values, by a new file and a rename, as certbot's `atomic_rewrite`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::disk;
use super::fault::cannot;
use super::place::read_conf;
use crate::configobj::{self, Change};
use crate::error::Error;

/// `NAME.conf.new`: certbot's own name for it, which it removes where it finds one.
fn new(conf: &Path) -> PathBuf {
    let mut name = conf.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    conf.with_file_name(name)
}

/// Writes the new file beside the conf; `false` where the conf says all of it already.
pub(super) fn stage(conf: &Path, changes: &[Change]) -> Result<bool, Error> {
    discard(conf)?;
    let old = read_conf(conf)?;
    let text = configobj::edit(&old, changes).map_err(|e| {
        Error::new(format!("{}: {e}", conf.display()))
            .hint("`acme-audit audit` tells what is wrong with a conf")
    })?;
    if text == old {
        return Ok(false);
    }
    let path = new(conf);
    let write = || {
        let meta = fs::metadata(conf)?;
        let file = disk::create(&path, 0o600)?;
        disk::own(&file, Some(meta.uid()), Some(meta.gid()))?;
        file.set_permissions(fs::Permissions::from_mode(disk::mode(&meta)))?;
        disk::fill(&file, &text)
    };
    write().map_err(|e| cannot("write", &path, &e))?;
    Ok(true)
}

/// Puts the new file in the conf's place.
pub(super) fn put(conf: &Path) -> Result<(), Error> {
    fs::rename(new(conf), conf).map_err(|e| cannot("write", conf, &e))?;
    let folder = conf.parent().unwrap_or(conf);
    disk::sync_folder(folder).map_err(|e| cannot("write", folder, &e))
}

/// Removes a new file.
pub(super) fn discard(conf: &Path) -> Result<(), Error> {
    let path = new(conf);
    disk::remove(&path).map_err(|e| cannot("remove", &path, &e))
}

//! The four files of a new version: written and synced under names that certbot does not see, then named.
//!
//! certbot counts a version as complete as soon as all four names exist, and links live to it at its next `renew`: no name
//! may stand before its file is whole.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::disk;
use super::fault::cannot;
use super::place::{Place, Versions, file_name};
use super::set::{Privkey, Set};
use crate::error::Error;
use crate::facts::Kind;

/// certbot's BASE_PRIVKEY_MODE.
const KEY_MODE: u32 = 0o600;
/// What it keeps of the mode of the key before (`compute_private_key_mode`).
const KEPT_KEY_MODE: u32 = 0o074;
/// What `open` gives under certbot's usual umask; a stricter umask counts, a laxer one does not.
const PUBLIC_MODE: u32 = 0o644;
/// The largest key that is read, in bytes.
const MAX_KEY: u64 = 512 << 10;

/// What tells our file from another that took its name: its length and when it was written, in seconds and nanoseconds. A
/// rename changes neither, nor does a copy of the whole host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Id {
    length: u64,
    modified: (i64, i64),
}

/// One for each file, in [`Kind::ALL`] order.
pub(super) type Ids = [Id; 4];

impl Id {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::symlink_metadata(path)?;
        Ok(Self { length: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) })
    }

    fn is(self, path: &Path) -> bool {
        Self::of(path).is_ok_and(|other| other == self)
    }
}

/// Writes the four files, without their names.
pub(super) fn stage(place: &Place, versions: &Versions, set: &Set) -> Result<Ids, Error> {
    sweep(place)?;
    let stage = |kind: Kind| {
        let path = place.unnamed(kind, versions.next);
        let old = place.file(Kind::Privkey, versions.common);
        let staged = match (kind, set.privkey()) {
            (Kind::Privkey, Privkey::Same) => {
                check_same(set, &old)?;
                link_to_old_key(&path, &old, versions.common)
            }
            (Kind::Privkey, Privkey::Pem(key)) => write_key(&path, key, &old),
            _ => disk::create(&path, PUBLIC_MODE).and_then(|file| disk::fill(&file, set.public(kind))),
        };
        staged.and_then(|()| Id::of(&path)).map_err(|e| cannot("write", &path, &e))
    };
    Ok([stage(Kind::Cert)?, stage(Kind::Privkey)?, stage(Kind::Chain)?, stage(Kind::Fullchain)?])
}

/// Not a byte of the key is there before owner and mode are right.
fn write_key(path: &Path, key: &[u8], old: &Path) -> io::Result<()> {
    let file = disk::create(path, KEY_MODE)?;
    let old = fs::metadata(old)?;
    disk::own(&file, None, Some(old.gid()))?;
    file.set_permissions(fs::Permissions::from_mode(KEY_MODE | (disk::mode(&old) & KEPT_KEY_MODE)))?;
    disk::fill(&file, key)
}

/// As `save_successor`: to the file that the old key's link names, else to the old key.
fn link_to_old_key(path: &Path, old: &Path, version: u64) -> io::Result<()> {
    let text = fs::read_link(old).unwrap_or_else(|_| file_name(Kind::Privkey, version).into());
    symlink(text, path)
}

fn check_same(set: &Set, old: &Path) -> Result<(), Error> {
    use std::io::Read;
    // Read into room that is there, so that no copy is left behind where a buffer grew.
    let room = fs::metadata(old).map(|meta| meta.len().min(MAX_KEY)).unwrap_or_default();
    let mut key = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or_default() + 64));
    File::open(old)
        .and_then(|file| file.take(MAX_KEY).read_to_end(&mut key))
        .map_err(|e| cannot("read", old, &e))?;
    set.fits(&key).map_err(|why| {
        Error::new(format!("the certificate is not installed: {}: {why}", old.display()))
            .hint("the one in live stays: run again")
    })
}

/// Removes what older installs, of which no journal is left, did not name.
fn sweep(place: &Place) -> Result<(), Error> {
    let list = |e: io::Error| cannot("list", &place.archive, &e);
    for entry in fs::read_dir(&place.archive).map_err(list)? {
        let name = entry.map_err(list)?.file_name();
        let ours = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".new"));
        if ours.is_some_and(|name| Kind::ALL.iter().any(|kind| super::place::number(*kind, name).is_some())) {
            let path = place.archive.join(name);
            disk::remove(&path).map_err(|e| cannot("remove", &path, &e))?;
        }
    }
    Ok(())
}

/// Whether each of the four is there and ours, under its name or not yet.
pub(super) fn is_whole(place: &Place, version: u64, ids: &Ids) -> bool {
    Kind::ALL.iter().zip(ids).all(|(kind, id)| {
        let (unnamed, named) = (place.unnamed(*kind, version), place.file(*kind, version));
        id.is(&named) || (id.is(&unnamed) && disk::is_absent(&named))
    })
}

/// Names those that have no name yet.
pub(super) fn name(place: &Place, version: u64, ids: &Ids) -> Result<(), Error> {
    for (kind, id) in Kind::ALL.into_iter().zip(ids) {
        let (unnamed, named) = (place.unnamed(kind, version), place.file(kind, version));
        if id.is(&named) {
            continue;
        }
        if !disk::is_absent(&named) {
            return Err(Error::new(format!("{} is there already", named.display())).hint(
                "another program writes there and does not mind certbot's lock: find it, then run again",
            ));
        }
        fs::rename(&unnamed, &named).map_err(|e| cannot("write", &named, &e))?;
    }
    disk::sync_folder(&place.archive).map_err(|e| cannot("write", &place.archive, &e))
}

/// Removes the four as far as they are ours.
pub(super) fn discard(place: &Place, version: u64, ids: Option<&Ids>) -> Result<(), Error> {
    for (at, kind) in Kind::ALL.into_iter().enumerate() {
        let (unnamed, named) = (place.unnamed(kind, version), place.file(kind, version));
        if ids.and_then(|ids| ids.get(at)).is_some_and(|id| id.is(&named)) {
            disk::remove(&named).map_err(|e| cannot("remove", &named, &e))?;
        }
        disk::remove(&unnamed).map_err(|e| cannot("remove", &unnamed, &e))?;
    }
    Ok(())
}

//! The change of the four links of live, all at once.
//!
//! Four link swaps in a row would not do: after the first, new certificate and old key make a web server refuse to start.
//! So a folder with the new links, and with all else that is in `live/NAME`, is built beside it as `live/.NAME.new`, and the
//! two are exchanged by one system call (renameat2(2), RENAME_EXCHANGE). The folder before is then given the new links, too,
//! and exchanged back: containers that have it mounted, and programs that watch it, keep it (they see its links change one
//! after the other, as with certbot; whoever goes by the path does not). Where a file system lacks that, the links are
//! swapped one by one as certbot does, with its `previous_*.pem` links, from which it takes back a swap that was cut off.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::disk;
use super::fault::cannot;
use super::place::{Place, file_name};
use crate::error::Error;
use crate::facts::Kind;

/// How the links of live were changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// All four at once.
    Exchanged,
    /// One by one, for this reason: for a moment they were of two versions.
    Links(String),
}

/// Device and inode of the folder of the links before an install.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Original(u64, u64);

impl Original {
    fn of(meta: &fs::Metadata) -> Self {
        Self(meta.dev(), meta.ino())
    }

    /// Of the folder that can be exchanged; `None` where it cannot.
    pub(super) fn read(place: &Place) -> Option<Self> {
        fs::symlink_metadata(folder(place).ok()?).ok().map(|meta| Self::of(&meta))
    }
}

/// What was built.
#[derive(Debug)]
pub(super) enum Staged {
    /// The folder of the new links.
    Folder,
    /// Nothing but new links, and why.
    Links(String),
}

/// The folder of the four links, where they are the four files of one real folder; otherwise why not.
fn folder(place: &Place) -> Result<&Path, String> {
    let folder = place.link(Kind::Cert).parent().unwrap_or(Path::new("/"));
    for kind in Kind::ALL {
        if *place.link(kind) != folder.join(format!("{}.pem", kind.word())) {
            return Err("the conf names links in several folders or of other names".into());
        }
    }
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(folder),
        Ok(_) => Err(format!("{} is a link", folder.display())),
        Err(e) => Err(format!("{}: {e}", folder.display())),
    }
}

/// `live/.NAME.new`.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// `previous_kind.pem`, as in certbot's `_previous_symlinks`.
fn previous(place: &Place, kind: Kind) -> PathBuf {
    place.link(kind).with_file_name(format!("previous_{}.pem", kind.word()))
}

/// A link's text for another version, in the folder it names now (`_update_link_to`).
fn text(place: &Place, kind: Kind, version: u64) -> Result<PathBuf, Error> {
    let link = place.link(kind);
    let text = fs::read_link(link).map_err(|e| cannot("read the link", link, &e))?;
    Ok(text.parent().unwrap_or(Path::new("")).join(file_name(kind, version)))
}

/// Builds what the swap needs, so that the swap itself needs no space.
pub(super) fn stage(place: &Place, version: u64) -> Result<Staged, Error> {
    discard(place)?;
    let folder = match folder(place) {
        Ok(folder) => folder,
        Err(why) => return stage_links(place, version, why),
    };
    let new = beside(folder);
    let fault = |e: io::Error| cannot("write", &new, &e);
    fs::create_dir(&new).map_err(fault)?;
    if let Err(e) = mirror(folder, &new) {
        let because = format!("{}: {e}", folder.display());
        return match Errno::from_io_error(&e) {
            Some(Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::OPNOTSUPP | Errno::BUSY) => {
                disk::remove_folder(&new).map_err(|e| cannot("remove", &new, &e))?;
                stage_links(place, version, because)
            }
            _ => Err(fault(e)),
        };
    }
    for kind in Kind::ALL {
        let name = new.join(format!("{}.pem", kind.word()));
        symlink(text(place, kind, version)?, &name).map_err(|e| cannot("write", &name, &e))?;
    }
    disk::sync_folder(&new).map_err(fault)?;
    Ok(Staged::Folder)
}

/// Gives `new` all that `old` has, apart from certbot's links: files by hard links, so that they stay the same files.
fn mirror(old: &Path, new: &Path) -> io::Result<()> {
    let mut folders = vec![(old.to_path_buf(), new.to_path_buf())];
    while let Some((from, to)) = folders.pop() {
        disk::dress(&to, &from)?;
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (source, copy) = (entry.path(), to.join(entry.file_name()));
            if from == old && entry.file_name().to_str().is_some_and(is_certbots) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::create_dir(&copy)?;
                folders.push((source, copy));
            } else {
                fs::hard_link(&source, &copy)?;
            }
        }
        if from != old {
            disk::sync_folder(&to)?;
        }
    }
    Ok(())
}

/// The links of a folder of live.
fn is_certbots(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| {
        let link = format!("{}.pem", kind.word());
        name == link || name == format!("previous_{link}") || name == format!(".{link}.new")
    })
}

/// Makes the new links beside the old ones, and certbot's way back.
fn stage_links(place: &Place, version: u64, because: String) -> Result<Staged, Error> {
    for kind in Kind::ALL {
        let new = beside(place.link(kind));
        disk::remove(&new).map_err(|e| cannot("remove", &new, &e))?;
        symlink(text(place, kind, version)?, &new).map_err(|e| cannot("write", &new, &e))?;
    }
    Ok(Staged::Links(because))
}

/// Makes the new version the one in live. An error means that live is as it was, as far as links could be put back.
pub(super) fn swap(place: &Place, version: u64, staged: Staged) -> Result<Swap, Error> {
    let because = match staged {
        Staged::Links(because) => because,
        Staged::Folder => {
            let folder = folder(place).map_err(Error::new)?;
            match rustix::fs::renameat_with(CWD, beside(folder), CWD, folder, RenameFlags::EXCHANGE) {
                Ok(()) => return Ok(Swap::Exchanged),
                Err(e) if cannot_be_exchanged(e) => {
                    let because = format!("{} cannot be exchanged: {e}", folder.display());
                    stage_links(place, version, because.clone())?;
                    because
                }
                Err(e) => return Err(cannot("exchange", folder, &e.into())),
            }
        }
    };
    swap_links(place)?;
    Ok(Swap::Links(because))
}

fn swap_links(place: &Place) -> Result<(), Error> {
    let mut old = Vec::new();
    for kind in Kind::ALL {
        let (link, way_back) = (place.link(kind), previous(place, kind));
        let text = fs::read_link(link).map_err(|e| cannot("read the link", link, &e))?;
        match symlink(&text, &way_back) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(cannot("write", &way_back, &e)),
            _ => old.push((kind, text)),
        }
    }
    for (done, kind) in Kind::ALL.into_iter().enumerate() {
        let link = place.link(kind);
        if let Err(e) = fs::rename(beside(link), link) {
            let put_back = |(kind, text): &(Kind, PathBuf)| {
                // That needs no space.
                let way_back = previous(place, *kind);
                match fs::read_link(&way_back).is_ok_and(|there| there == *text) {
                    true => fs::rename(&way_back, place.link(*kind)),
                    false => {
                        let new = beside(place.link(*kind));
                        symlink(text, &new).and_then(|()| fs::rename(&new, place.link(*kind)))
                    }
                }
            };
            let left = old.iter().take(done).filter_map(|of| Some((of.0, put_back(of).err()?)));
            let left = left.map(|(kind, e)| cannot("put back", place.link(kind), &e));
            return Err(Error::all([cannot("write", link, &e)].into_iter().chain(left)));
        }
    }
    Ok(())
}

/// Waits until the change is on the disk.
pub(super) fn sync(place: &Place) -> Result<(), Error> {
    let sync = |path: &Path| disk::sync_folder(path).map_err(|e| cannot("write", path, &e));
    if let Ok(folder) = folder(place) {
        sync(folder)?;
        return sync(folder.parent().unwrap_or(folder));
    }
    Kind::ALL.iter().try_for_each(|kind| sync(place.link(*kind).parent().unwrap_or(Path::new("/"))))
}

/// Puts the folder before in its place again, with the links that live has now, where it is beside it.
pub(super) fn bring_back(place: &Place, original: Option<Original>) -> Result<(), Error> {
    let Ok(folder) = folder(place) else { return Ok(()) };
    let before = beside(folder);
    if original.is_none() || fs::symlink_metadata(&before).ok().map(|meta| Original::of(&meta)) != original {
        return Ok(());
    }
    for kind in Kind::ALL {
        let (link, name) = (place.link(kind), format!("{}.pem", kind.word()));
        let text = fs::read_link(link).map_err(|e| cannot("read the link", link, &e))?;
        let (path, new) = (before.join(&name), before.join(format!(".{name}.new")));
        let relink = || {
            disk::remove(&new)?;
            symlink(&text, &new)?;
            fs::rename(&new, &path)?;
            disk::remove(&before.join(format!("previous_{name}")))
        };
        relink().map_err(|e| cannot("write", &path, &e))?;
    }
    rescue(folder, &before)?;
    disk::sync_folder(&before).map_err(|e| cannot("write", &before, &e))?;
    match rustix::fs::renameat_with(CWD, &before, CWD, folder, RenameFlags::EXCHANGE) {
        Ok(()) => {}
        // Then it was not exchanged before either: another folder has the number of the one that is looked for.
        Err(e) if cannot_be_exchanged(e) => return Ok(()),
        Err(e) => return Err(cannot("exchange", folder, &e.into())),
    }
    rescue(&before, folder)?;
    sync(place)
}

/// Whether the file system, or what is mounted there, has no way to exchange folders.
fn cannot_be_exchanged(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::XDEV | Errno::BUSY)
}

/// Moves what was put into one folder while it was live, or just before, into the other.
fn rescue(from: &Path, to: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(from).map_err(|e| cannot("list", from, &e))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(is_certbots) {
            continue;
        }
        let (ours, theirs) = (entry.path(), to.join(&name));
        let (Ok(a), b) = (fs::symlink_metadata(&ours), fs::symlink_metadata(&theirs)) else { continue };
        let is_new = match b {
            Ok(b) => {
                let newer = (a.ctime(), a.ctime_nsec()) > (b.ctime(), b.ctime_nsec());
                !a.is_dir() && !b.is_dir() && a.ino() != b.ino() && newer
            }
            Err(_) => true,
        };
        if is_new {
            let moved = if a.is_dir() { fs::rename(&ours, &theirs) } else { relink(&ours, &theirs) };
            moved.map_err(|e| cannot("move", &ours, &e))?;
        }
    }
    Ok(())
}

/// A hard link, in the place of what is there.
fn relink(from: &Path, to: &Path) -> io::Result<()> {
    let new = beside(to);
    disk::remove(&new)?;
    fs::hard_link(from, &new)?;
    fs::rename(&new, to)
}

/// Removes what [`stage`] made, or what the exchange put in its place, and certbot's way back.
pub(super) fn discard(place: &Place) -> Result<(), Error> {
    for kind in Kind::ALL {
        for path in [beside(place.link(kind)), previous(place, kind)] {
            disk::remove(&path).map_err(|e| cannot("remove", &path, &e))?;
        }
    }
    if let Ok(folder) = folder(place) {
        let new = beside(folder);
        disk::remove_folder(&new).map_err(|e| cannot("remove", &new, &e))?;
    }
    Ok(())
}

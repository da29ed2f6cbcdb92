//! The few file operations of an install; each comes back only when it is on the disk, where that matters.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, Uid, XattrFlags};
use rustix::io::Errno;

/// Room for the extended attributes of a folder, in bytes: Linux has no larger ones (xattr(7)).
const XATTRS: usize = 64 << 10;

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a file or link, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    gone(path, fs::remove_file(path))
}

/// Removes a folder with all that is in it, if it is there; follows no link.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    gone(path, fs::remove_dir_all(path))
}

/// A read-only file system refuses to remove even what is not there.
fn gone(path: &Path, result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(_) if is_absent(path) => Ok(()),
        result => result,
    }
}

/// Whether there is nothing of this name.
pub(super) fn is_absent(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
}

/// A new file with no more than these mode bits, whatever the umask.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Writes all of it and waits for the disk.
pub(super) fn fill(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a file an owner and a group, as far as they are not its own.
pub(super) fn own(file: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    let now = file.metadata()?;
    let uid = uid.filter(|uid| *uid != now.uid());
    let gid = gid.filter(|gid| *gid != now.gid());
    if uid.is_some() || gid.is_some() {
        rustix::fs::fchown(file, uid.map(Uid::from_raw), gid.map(Gid::from_raw))?;
    }
    Ok(())
}

/// Whether a new file in a folder can have this group: root gives any, a user those that are its own, and a folder may give its
/// own.
pub(super) fn may_give(folder: &Path, gid: u32) -> bool {
    let own = rustix::process::getegid().as_raw() == gid;
    let others =
        || rustix::process::getgroups().unwrap_or_default().iter().any(|group| group.as_raw() == gid);
    let by_folder = || fs::metadata(folder).is_ok_and(|meta| mode(&meta) & 0o2000 != 0 && meta.gid() == gid);
    rustix::process::geteuid().is_root() || own || others() || by_folder()
}

/// The mode bits.
pub(super) fn mode(of: &Metadata) -> u32 {
    of.permissions().mode() & 0o7777
}

/// Gives a new folder what its like has: owner, group, mode, access lists and labels.
pub(super) fn dress(folder: &Path, like: &Path) -> io::Result<()> {
    let meta = fs::metadata(like)?;
    let open = File::open(folder)?;
    own(&open, Some(meta.uid()), Some(meta.gid()))?;
    open.set_permissions(fs::Permissions::from_mode(mode(&meta)))?;
    // A file system may have none, and some may not be set, even by root: those it has by inheritance.
    let mut names = vec![0; XATTRS];
    let Ok(length) = rustix::fs::listxattr(like, names.as_mut_slice()) else { return Ok(()) };
    let mut value = vec![0; XATTRS];
    for name in names.get(..length).unwrap_or_default().split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let Ok(length) = rustix::fs::getxattr(like, name, value.as_mut_slice()) else { continue };
        let value = value.get(..length).unwrap_or_default();
        let set = rustix::fs::fsetxattr(&open, name, value, XattrFlags::empty());
        if let Err(e @ (Errno::NOSPC | Errno::DQUOT | Errno::IO)) = set {
            return Err(e.into());
        }
    }
    Ok(())
}

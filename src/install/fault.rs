//! What a failed write means, and what to do about it.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::error::Error;

/// `doing` says what could not be done to `path`: `write`, `rename`.
pub(super) fn cannot(doing: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot {doing} {}: {error}", path.display())).hint(hint(path, error))
}

fn hint(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().unwrap_or(path).display().to_string();
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) if inodes_used_up(path) => {
            format!(
                "the file system of {folder} has no inodes left: remove files (`df -i {folder}`), then run again"
            )
        }
        Some(Errno::NOSPC) => {
            format!("free space on the file system of {folder} (`df -h {folder}`), then run again")
        }
        Some(Errno::DQUOT) => {
            format!("the quota on {folder} is used up: free space or raise it, then run again")
        }
        Some(Errno::FBIG) => {
            "raise the limit on the size of files (`ulimit -f`, LimitFSIZE= of a unit), then run again".into()
        }
        Some(Errno::ROFS) => {
            format!(
                "the file system of {folder} is read-only: see why (`dmesg`), remount it rw, then run again"
            )
        }
        Some(Errno::IO) => format!("the disk of {folder} fails: look at `dmesg`, save what is on it"),
        Some(Errno::ACCESS | Errno::PERM) => {
            format!(
                "run as root, or as the user who owns {folder}; `lsattr -d {folder}` shows a folder made immutable"
            )
        }
        Some(Errno::NOENT) => {
            format!("a file that certbot needs is gone: see `acme-audit audit`, path {folder}")
        }
        _ => format!("see `ls -la {folder}`, then run again"),
    }
}

/// Whether the inodes, not the blocks, are what is lacking.
fn inodes_used_up(path: &Path) -> bool {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
    folder
        .and_then(|folder| rustix::fs::statvfs(folder).ok())
        .is_some_and(|fs| fs.f_files > 0 && fs.f_favail == 0 && fs.f_bavail > 0)
}

//! certbot's own three locks, so that no certbot runs while we write, nor we while it does.
//!
//! certbot takes POSIX locks (`fcntl.lockf`) on `.certbot.lock` of its logs, configuration and working folder, in this order,
//! and removes the file before it lets go of the lock. These here are open file description locks: they conflict with POSIX
//! locks, and, unlike those, are not lost when some other code of this process opens and closes the file (fcntl(2)).
//! <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/lock.py>

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::fault::cannot;
use crate::error::Error;

/// The file that is locked, in each folder.
const FILE: &str = ".certbot.lock";

/// The three folders: certbot's `--logs-dir`, `--config-dir` and `--work-dir`.
#[derive(Clone, Debug)]
pub struct Folders {
    /// `/var/log/letsencrypt`; made with mode 0700 where it is not there.
    pub logs: PathBuf,
    /// `/etc/letsencrypt`.
    pub config: PathBuf,
    /// `/var/lib/letsencrypt`; made with mode 0755 where it is not there.
    pub work: PathBuf,
}

/// The three locks while they are held.
#[derive(Debug)]
pub struct Lock {
    config: PathBuf,
    _held: Vec<Held>,
}

impl Lock {
    /// Takes the three locks in certbot's order; waits for none.
    ///
    /// # Errors
    /// Another process holds one of them, which the error names by number and name, or a file cannot be made.
    pub fn take(folders: &Folders) -> Result<Self, Error> {
        let all = [(&folders.logs, Some(0o700)), (&folders.config, None), (&folders.work, Some(0o755))];
        let mut held: Vec<Held> = Vec::new();
        for (folder, mode) in all {
            if let Some(mode) = mode {
                let made = DirBuilder::new().recursive(true).mode(mode).create(folder);
                made.map_err(|e| cannot("make", folder, &e))?;
            }
            let meta = fs::metadata(folder).map_err(|e| cannot("find", folder, &e))?;
            // One folder may be two of the three.
            if held.iter().all(|other| other.folder != same(&meta)) {
                held.push(Held::take(folder.join(FILE), same(&meta))?);
            }
        }
        Ok(Self { config: folders.config.clone(), _held: held })
    }

    /// The configuration folder.
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// Whether this is the configuration folder, however it is spelled.
    pub(super) fn covers(&self, config_dir: &Path) -> bool {
        let (own, other) = (fs::metadata(&self.config), fs::metadata(config_dir));
        own.is_ok_and(|own| other.is_ok_and(|other| same(&own) == same(&other)))
    }
}

/// Device and inode.
type Same = (u64, u64);

fn same(meta: &Metadata) -> Same {
    (meta.dev(), meta.ino())
}

/// One lock.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    folder: Same,
    file: File,
}

impl Held {
    fn take(path: PathBuf, folder: Same) -> Result<Self, Error> {
        let fault = |e: io::Error| cannot("lock", &path, &e);
        loop {
            let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
            let file = open.map_err(fault)?;
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&write_lock())) {
                Err(nix::errno::Errno::EACCES | nix::errno::Errno::EAGAIN) => match holder(&file) {
                    Ok(None) => continue, // let go of since
                    found => return Err(is_held(&path, &file, found.ok().flatten())),
                },
                Err(e) => return Err(fault(e.into())),
                Ok(_) => {}
            }
            // Whoever held it may have removed the file between our look-up of the name and our lock.
            match (fs::metadata(&path), file.metadata()) {
                (Ok(named), Ok(locked)) if same(&named) == same(&locked) => {
                    return Ok(Self { path, folder, file });
                }
                (Err(e), _) if e.kind() != io::ErrorKind::NotFound => return Err(fault(e)),
                (_, Err(e)) => return Err(fault(e)),
                _ => {}
            }
        }
    }
}

impl Drop for Held {
    /// Removed before it is let go of: the other way round, one that waits could lock it, and we remove it then.
    fn drop(&mut self) {
        let ours = fs::metadata(&self.path)
            .is_ok_and(|named| self.file.metadata().is_ok_and(|locked| same(&named) == same(&locked)));
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A lock of the whole file for writing, as `lockf` asks for it.
fn write_lock() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// The process that holds a POSIX or open file description lock of a file, without taking it: 0 where it is in another
/// process namespace, -1 for open file description locks, which the kernel ascribes to no process.
///
/// # Errors
/// The file system has no such locks.
pub(crate) fn holder(file: impl AsFd) -> io::Result<Option<i32>> {
    let mut asked = write_lock();
    fcntl(file, FcntlArg::F_GETLK(&mut asked))?;
    Ok((asked.l_type != libc::F_UNLCK as i16).then_some(asked.l_pid))
}

fn is_held(path: &Path, file: &File, pid: Option<i32>) -> Error {
    let pid = match pid {
        Some(-1) => file.metadata().ok().and_then(|meta| holder_by_fdinfo(meta.ino())),
        pid => pid.filter(|pid| *pid > 0),
    };
    let Some(pid) = pid else {
        return Error::new(format!("{} is locked by another process", path.display())).hint(
            "it may be in another container: a certbot or acme-audit that uses the same folders; wait for its end",
        );
    };
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = if name.trim().is_empty() { "a process" } else { name.trim() };
    Error::new(format!("{} is locked by {name}, process {pid}", path.display()))
        .hint(format!("wait for its end, then run again (`ps -p {pid} -o pid,etime,args` shows what it is)"))
}

/// The process that has a locked file open: its fdinfo tells (proc_pid_fdinfo(5)).
fn holder_by_fdinfo(inode: u64) -> Option<i32> {
    let inode = format!(":{inode} ");
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: i32 = process.file_name().to_str()?.parse().ok()?;
        let mut open = fs::read_dir(process.path().join("fdinfo")).ok()?.flatten();
        let locks = |info: String| info.lines().any(|line| line.contains("OFDLCK") && line.contains(&inode));
        open.any(|fd| fs::read_to_string(fd.path()).is_ok_and(locks)).then_some(pid)
    })
}

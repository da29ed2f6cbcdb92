//! The folder a sandbox host is built in: every path is a path of that host and never leaves the folder.
//!
//! A manifest path is absolute, has no `..`, and is resolved the way the host itself would: an absolute link starts
//! again at the folder, so `/lib -> usr/lib` or a link to `/snap/bin/certbot` never reaches the real machine.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};

use super::Error;

/// A host's file system below a folder of ours.
pub(super) struct Place {
    root: PathBuf,
    /// The modification time of a file that names none.
    stamp: Timestamp,
}

impl Place {
    /// Takes an empty folder, or makes one; anything else is refused.
    pub(super) fn new(root: &Path, stamp: Timestamp) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(|e| Error::io(root, &e))?;
        let root = fs::canonicalize(root).map_err(|e| Error::io(root, &e))?;
        let mut entries = fs::read_dir(&root).map_err(|e| Error::io(&root, &e))?;
        if entries.next().is_some() {
            return Err(Error::new(format!(
                "{}: is not empty; the host is only built into an empty folder",
                root.display()
            )));
        }
        Ok(Self { root, stamp })
    }

    /// Where `path` is on the real machine, the links on the way followed inside the folder, the last one only if
    /// `follow`.
    fn resolve(&self, path: &str, follow: bool) -> Result<PathBuf, Error> {
        let mut todo = VecDeque::new();
        let mut components = Path::new(path).components();
        if components.next() != Some(Component::RootDir) {
            return Err(Error::new(format!("{path}: is not an absolute path")));
        }
        for component in components {
            match component {
                Component::Normal(name) => todo.push_back(name.to_owned()),
                _ => return Err(Error::new(format!("{path}: `..` is not allowed"))),
            }
        }
        let mut at: Vec<OsString> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop_front() {
            if name == ".." {
                at.pop();
                continue;
            }
            let here: PathBuf = self.root.join(at.iter().collect::<PathBuf>()).join(&name);
            let last = todo.is_empty();
            match fs::read_link(&here) {
                Ok(target) if follow || !last => {
                    links += 1;
                    if links > 40 {
                        return Err(Error::new(format!("{path}: too many symbolic links")));
                    }
                    for component in target.components().rev() {
                        match component {
                            Component::Normal(part) => todo.push_front(part.to_owned()),
                            Component::ParentDir => todo.push_front("..".into()),
                            Component::RootDir => at.clear(),
                            _ => {}
                        }
                    }
                }
                _ => at.push(name),
            }
        }
        Ok(self.root.join(at.iter().collect::<PathBuf>()))
    }

    /// The entry `path` itself, with its parent folders made.
    fn entry(&self, path: &str) -> Result<PathBuf, Error> {
        let real = self.resolve(path, false)?;
        if real == self.root {
            return Err(Error::new(format!("{path}: is the whole host")));
        }
        if let Some(parent) = real.parent() {
            self.make_dirs(parent, path)?;
        }
        Ok(real)
    }

    fn make_dirs(&self, real: &Path, path: &str) -> Result<(), Error> {
        let Ok(inside) = real.strip_prefix(&self.root) else {
            return Err(Error::new(format!("{path}: leaves the host")));
        };
        let mut at = self.root.clone();
        for part in inside {
            at.push(part);
            if at.is_dir() {
                continue;
            }
            fs::create_dir(&at).and_then(|()| set_mode(&at, 0o755)).map_err(|e| Error::io(path, &e))?;
        }
        Ok(())
    }

    /// Whether `path` exists (a dangling link does).
    pub(super) fn exists(&self, path: &str) -> Result<bool, Error> {
        Ok(fs::symlink_metadata(self.resolve(path, false)?).is_ok())
    }

    /// Makes a folder and its parents; `mode` is for the folder itself.
    pub(super) fn dir(&self, path: &str, mode: u32) -> Result<(), Error> {
        let real = self.resolve(path, true)?;
        self.make_dirs(&real, path)?;
        set_mode(&real, mode).map_err(|e| Error::io(path, &e))
    }

    /// Makes a folder only if it is missing, so that a mode set earlier stays.
    pub(super) fn dir_if_missing(&self, path: &str, mode: u32) -> Result<(), Error> {
        if self.resolve(path, true)?.is_dir() {
            return Ok(());
        }
        self.dir(path, mode)
    }

    /// Writes a new file, or replaces what a link at `path` leads to; its date is the host's default one.
    pub(super) fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Error> {
        self.write_dated(path, bytes, mode, self.stamp)
    }

    /// Writes a file with the modification time `when`.
    pub(super) fn write_dated(
        &self,
        path: &str,
        bytes: &[u8],
        mode: u32,
        when: Timestamp,
    ) -> Result<(), Error> {
        self.entry(path)?;
        let real = self.resolve(path, true)?;
        let parent = real.parent().unwrap_or(&self.root);
        self.make_dirs(parent, path)?;
        let written = match fs::remove_file(&real) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            // Made anew, so that a read-only file can be replaced without being root.
            _ => fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&real)
                .and_then(|mut file| file.write_all(bytes)),
        };
        written
            .and_then(|()| set_mode(&real, mode))
            .and_then(|()| set_mtime(&real, when))
            .map_err(|e| Error::io(path, &e))
    }

    /// The bytes of a file.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let real = self.resolve(path, true)?;
        let meta = fs::metadata(&real).map_err(|e| Error::io(path, &e))?;
        if !meta.is_file() {
            // A FIFO would keep us waiting.
            return Err(Error::new(format!("{path}: is not a file")));
        }
        fs::read(real).map_err(|e| Error::io(path, &e))
    }

    /// Replaces a file's bytes; its mode and date stay.
    pub(super) fn edit(
        &self,
        path: &str,
        change: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, Error>,
    ) -> Result<(), Error> {
        let real = self.resolve(path, true)?;
        let meta = fs::metadata(&real).map_err(|e| Error::io(path, &e))?;
        let bytes = change(self.read(path)?)?;
        self.write_dated(path, &bytes, meta.mode() & 0o7777, mtime(&meta))
    }

    /// Makes a symbolic link; an entry of that name must not exist, except the same link.
    pub(super) fn link(&self, path: &str, target: &str) -> Result<(), Error> {
        self.link_dated(path, target, self.stamp)
    }

    /// Makes a symbolic link dated `when`.
    pub(super) fn link_dated(&self, path: &str, target: &str, when: Timestamp) -> Result<(), Error> {
        let real = self.entry(path)?;
        match fs::read_link(&real) {
            Ok(already) if already == Path::new(target) => return Ok(()),
            _ => {}
        }
        symlink(target, &real).and_then(|()| set_mtime(&real, when)).map_err(|e| Error::io(path, &e))
    }

    /// What a link says, unresolved.
    pub(super) fn link_target(&self, path: &str) -> Result<PathBuf, Error> {
        fs::read_link(self.resolve(path, false)?).map_err(|e| Error::io(path, &e))
    }

    /// Removes a file, a link or a whole folder.
    pub(super) fn remove(&self, path: &str) -> Result<(), Error> {
        let real = self.entry_that_exists(path)?;
        let removed = if real.is_dir() && !real.is_symlink() {
            fs::remove_dir_all(&real)
        } else {
            fs::remove_file(&real)
        };
        removed.map_err(|e| Error::io(path, &e))
    }

    fn entry_that_exists(&self, path: &str) -> Result<PathBuf, Error> {
        let real = self.resolve(path, false)?;
        if real == self.root {
            return Err(Error::new(format!("{path}: is the whole host")));
        }
        match fs::symlink_metadata(&real) {
            Ok(_) => Ok(real),
            Err(e) => Err(Error::io(path, &e)),
        }
    }

    /// Cuts a file to `size` bytes, or extends it with a hole.
    pub(super) fn truncate(&self, path: &str, size: u64) -> Result<(), Error> {
        let real = self.resolve(path, true)?;
        let meta = fs::metadata(&real).map_err(|e| Error::io(path, &e))?;
        set_mode(&real, 0o600)
            .and_then(|()| fs::OpenOptions::new().write(true).open(&real)?.set_len(size))
            .and_then(|()| set_mode(&real, meta.mode() & 0o7777))
            .and_then(|()| set_mtime(&real, mtime(&meta)))
            .map_err(|e| Error::io(path, &e))
    }

    /// Renames an entry; links move as links.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let source = self.entry_that_exists(from)?;
        fs::rename(source, self.entry(to)?).map_err(|e| Error::io(to, &e))
    }

    /// Sets the mode of a file or folder, links followed.
    pub(super) fn chmod(&self, path: &str, mode: u32) -> Result<(), Error> {
        set_mode(&self.resolve(path, true)?, mode).map_err(|e| Error::io(path, &e))
    }

    /// Sets the modification time of an entry, of a link itself.
    pub(super) fn touch(&self, path: &str, when: Timestamp) -> Result<(), Error> {
        set_mtime(&self.entry_that_exists(path)?, when).map_err(|e| Error::io(path, &e))
    }

    /// Makes a FIFO in place of whatever is at `path`.
    pub(super) fn fifo(&self, path: &str) -> Result<(), Error> {
        let real = self.entry(path)?;
        if self.exists(path)? {
            self.remove(path)?;
        }
        mknodat(CWD, &real, FileType::Fifo, Mode::from_raw_mode(0o644), 0)
            .map_err(|e| Error::io(path, &e.into()))
    }

    /// The mode bits and modification time of a file, links followed.
    pub(super) fn mode_and_date(&self, path: &str) -> Result<(u32, Timestamp), Error> {
        let meta = fs::metadata(self.resolve(path, true)?).map_err(|e| Error::io(path, &e))?;
        Ok((meta.mode() & 0o7777, mtime(&meta)))
    }

    /// The names in a folder, sorted.
    pub(super) fn list(&self, path: &str) -> Result<Vec<String>, Error> {
        let entries = fs::read_dir(self.resolve(path, true)?).map_err(|e| Error::io(path, &e))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::io(path, &e))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Whether `path` is a folder, links not followed.
    pub(super) fn is_real_dir(&self, path: &str) -> Result<bool, Error> {
        Ok(fs::symlink_metadata(self.resolve(path, false)?).is_ok_and(|meta| meta.is_dir()))
    }

    /// Whether `path` is itself a symbolic link.
    pub(super) fn is_link(&self, path: &str) -> Result<bool, Error> {
        Ok(self.resolve(path, false)?.is_symlink())
    }
}

fn set_mode(real: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(real, fs::Permissions::from_mode(mode))
}

fn mtime(meta: &fs::Metadata) -> Timestamp {
    Timestamp::from_second(meta.mtime()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn set_mtime(real: &Path, when: Timestamp) -> io::Result<()> {
    let time = Timespec { tv_sec: when.as_second(), tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, real, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

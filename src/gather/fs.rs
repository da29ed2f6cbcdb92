//! Reading a host's files, the running one's or one below `--root`, without ever leaving the root.
//!
//! Only regular files are opened, never a FIFO or a device, and none is read beyond its limit.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, RawMode, ResolveFlags, Stat};
use rustix::io::Errno;

mod part;

pub use self::part::End;
pub use super::names::{kind_word, normalize, show, show_bytes};
use crate::error::Error;
use crate::facts::{Fact, Missing, Role, Why};

/// How many names of one folder are listed at most.
const MAX_ENTRIES: usize = 1_000_000;

/// How often a path is opened while renames elsewhere keep the kernel from resolving it.
const MAX_RACES: usize = 1_000;

/// The file system of the host that is looked at.
#[derive(Debug)]
pub struct Root {
    below: Option<(OwnedFd, PathBuf)>,
}

/// What `stat` says, as far as it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Regular file, folder, link …
    pub kind: FileType,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content, seconds since the epoch.
    pub modified: i64,
}

/// A file's content and metadata.
#[derive(Debug)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The metadata from before it was read.
    pub meta: Meta,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    role: Role,
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// The listing itself says that it is a regular file; some file systems do not say.
    pub regular: bool,
}

impl Folder {
    /// The text of a symbolic link in this folder; `Ok(None)` where something else stands there.
    pub fn read_link(&self, name: &OsStr) -> Result<Option<PathBuf>, Why> {
        match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
            Ok(text) => Ok(Some(PathBuf::from(OsString::from_vec(text.into_bytes())))),
            Err(Errno::INVAL) => Ok(None),
            Err(e) => Err(why(e)),
        }
    }

    /// What the folder holds, sorted by the names' bytes.
    ///
    /// # Errors
    /// A [`Missing`] that names the folder.
    pub fn entries(self) -> Fact<Vec<Entry>> {
        let missing = |why| Missing::new(show(&self.path), why, self.role);
        let mut entries = Vec::new();
        for entry in Dir::new(self.fd).map_err(|e| missing(why(e)))? {
            let entry = entry.map_err(|e| missing(why(e)))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                let regular = entry.file_type() == FileType::RegularFile;
                entries.push(Entry { name: OsString::from_vec(name.to_vec()), regular });
            }
            if entries.len() > MAX_ENTRIES {
                return Err(missing(Why::TooLarge(entries.len() as u64, MAX_ENTRIES as u64)));
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

impl Root {
    /// The running host.
    pub fn live() -> Self {
        Self { below: None }
    }

    /// The host below a folder.
    ///
    /// # Errors
    /// The folder cannot be opened, or the kernel is older than 5.6 and cannot confine look-ups.
    pub fn below(dir: &Path) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(dir, flags, Mode::empty()).map_err(|e| {
            Error::new(format!("cannot open the root {}: {e}", dir.display()))
                .hint("--root takes a folder that holds a host's etc/")
        })?;
        let real = rustix::fs::readlink(proc_path(&fd), Vec::new())
            .map(|path| PathBuf::from(OsString::from_vec(path.into_bytes())))
            .unwrap_or_else(|_| dir.to_path_buf());
        let root = Self { below: Some((fd, real)) };
        match root.open(Path::new("/"), OFlags::PATH) {
            Err(Errno::NOSYS) => Err(Error::new("this kernel cannot confine look-ups to a root").hint(
                "--root needs Linux 5.6 or later; run in a chroot or a container of that tree instead",
            )),
            _ => Ok(root),
        }
    }

    /// Whether this is the running host.
    pub fn is_live(&self) -> bool {
        self.below.is_none()
    }

    fn open(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match &self.below {
            None => rustix::fs::open(path, flags, Mode::empty()),
            Some((fd, _)) => {
                let confined = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
                let open = || rustix::fs::openat2(fd, path, flags, Mode::empty(), confined);
                // Where anything on the system is renamed meanwhile, the kernel cannot be sure of a `..`, and wants to be asked
                // again. <https://man7.org/linux/man-pages/man2/openat2.2.html#ERRORS>
                let mut tries = std::iter::repeat_with(open).take(MAX_RACES);
                tries.find(|opened| !matches!(opened, Err(Errno::AGAIN))).unwrap_or(Err(Errno::AGAIN))
            }
        }
    }

    /// What stands at a path, links followed.
    pub fn stat(&self, path: &Path) -> Result<Meta, Why> {
        let stat = match &self.below {
            None => rustix::fs::stat(path),
            Some(_) => self.open(path, OFlags::PATH).and_then(|fd| rustix::fs::fstat(&fd)),
        };
        told("stat", path, stat.map(|s| meta(&s)).map_err(why))
    }

    /// What stands at a path, the last link not followed.
    pub fn lstat(&self, path: &Path) -> Result<Meta, Why> {
        let stat = match &self.below {
            None => rustix::fs::lstat(path),
            Some(_) => self.open(path, OFlags::PATH | OFlags::NOFOLLOW).and_then(|fd| rustix::fs::fstat(&fd)),
        };
        told("lstat", path, stat.map(|s| meta(&s)).map_err(why))
    }

    /// Whether something is there, links followed; what cannot be told counts as absent.
    pub fn exists(&self, path: &Path) -> bool {
        self.stat(path).is_ok()
    }

    /// Whether a folder is there.
    pub fn is_dir(&self, path: &Path) -> bool {
        self.stat(path).is_ok_and(|m| m.kind == FileType::Directory)
    }

    /// The text of a symbolic link; `Ok(None)` where something else stands there.
    pub fn read_link(&self, path: &Path) -> Result<Option<PathBuf>, Why> {
        let text = match &self.below {
            None => rustix::fs::readlink(path, Vec::new()),
            Some(_) => self
                .open(path, OFlags::PATH | OFlags::NOFOLLOW)
                .and_then(|fd| rustix::fs::readlinkat(&fd, c"", Vec::new()))
                // An O_PATH descriptor of what is no link answers ENOENT instead of EINVAL.
                .map_err(|e| if e == Errno::NOENT && self.lstat(path).is_ok() { Errno::INVAL } else { e }),
        };
        match text {
            Ok(text) => Ok(Some(PathBuf::from(OsString::from_vec(text.into_bytes())))),
            Err(Errno::INVAL) => Ok(None),
            Err(e) => Err(why(e)),
        }
    }

    /// The path after all links were followed, as the host itself would name it.
    pub fn real_path(&self, path: &Path) -> Option<PathBuf> {
        let fd = self.open(path, OFlags::PATH).ok()?;
        let real = rustix::fs::readlink(proc_path(&fd), Vec::new()).ok()?;
        let real = PathBuf::from(OsString::from_vec(real.into_bytes()));
        match &self.below {
            None => Some(real),
            Some((_, root)) => real.strip_prefix(root).ok().map(|inside| Path::new("/").join(inside)),
        }
    }

    /// Reads a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// A [`Missing`] with `role` that names the path and says why.
    pub fn read(&self, path: &Path, limit: u64, role: Role) -> Fact<Content> {
        // Looked at before it is opened: to open a device can already do something.
        match self.stat(path).and_then(|meta| refuse_odd(meta, limit)) {
            Ok(_) => self.read_regular(path, limit, role),
            Err(why) => {
                tracing::debug!("not read: {}: {why}", path.display());
                Err(Missing::new(show(path), why, role))
            }
        }
    }

    /// [`Root::read`] with one look-up less where a folder's listing has just called the path a regular file.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_listed(&self, path: &Path, regular: bool, limit: u64, role: Role) -> Fact<Content> {
        if regular { self.read_regular(path, limit, role) } else { self.read(path, limit, role) }
    }

    fn read_regular(&self, path: &Path, limit: u64, role: Role) -> Fact<Content> {
        let missing = |why: Why| {
            tracing::debug!("not read: {}: {why}", path.display());
            Missing::new(show(path), why, role)
        };
        // NONBLOCK and NOCTTY: should a FIFO or terminal have taken the file's place meanwhile, nothing waits.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = self.open(path, flags).map_err(|e| missing(why(e)))?;
        let meta = rustix::fs::fstat(&fd).map(|s| meta(&s)).map_err(|e| missing(why(e)))?;
        let meta = refuse_odd(meta, limit).map_err(missing)?;
        let bytes = read_up_to(fd.as_fd(), meta.size, limit).map_err(|e| missing(why(e)))?;
        if bytes.len() as u64 > limit {
            return Err(missing(Why::TooLarge(bytes.len() as u64, limit)));
        }
        tracing::debug!("read {}, {} bytes", path.display(), bytes.len());
        Ok(Content { bytes, meta })
    }

    /// Reads a text file that should be UTF-8; other bytes become U+FFFD.
    pub fn read_text(&self, path: &Path, limit: u64, role: Role) -> Fact<String> {
        self.read(path, limit, role).map(|content| match String::from_utf8(content.bytes) {
            Ok(text) => text,
            Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
        })
    }

    /// The names in a folder, sorted by their bytes; `Ok(None)` where there is no such folder.
    pub fn list(&self, path: &Path, role: Role) -> Fact<Option<Vec<OsString>>> {
        let entries = self.folder(path, role)?.map(Folder::entries).transpose()?;
        Ok(entries.map(|entries| entries.into_iter().map(|entry| entry.name).collect()))
    }

    /// Opens a folder; `Ok(None)` where there is none.
    pub fn folder(&self, path: &Path, role: Role) -> Fact<Option<Folder>> {
        let missing = |why| Missing::new(show(path), why, role);
        match self.open(path, OFlags::RDONLY | OFlags::DIRECTORY) {
            Ok(fd) => {
                tracing::trace!("list {}", path.display());
                Ok(Some(Folder { fd, path: path.to_path_buf(), role }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR) => Err(missing(Why::Unclear("is not a folder".into()))),
            Err(e) => Err(missing(why(e))),
        }
    }

    /// [`Root::list`] where an absent or unreadable folder is as good as an empty one.
    pub fn list_or_empty(&self, path: &Path) -> Vec<OsString> {
        self.list(path, Role::Other).ok().flatten().unwrap_or_default()
    }
}

/// Tells on standard error, where that is asked for, what a look-up of no content saw.
fn told<T>(look_up: &str, path: &Path, seen: Result<T, Why>) -> Result<T, Why> {
    match &seen {
        Ok(_) => tracing::trace!("{look_up} {}", path.display()),
        Err(why) => tracing::trace!("{look_up} {}: {why}", path.display()),
    }
    seen
}

/// Only regular files within the limit are read.
fn refuse_odd(meta: Meta, limit: u64) -> Result<Meta, Why> {
    if meta.kind != FileType::RegularFile {
        return Err(Why::NotAFile(kind_word(meta.kind).into()));
    }
    if meta.size > limit {
        return Err(Why::TooLarge(meta.size, limit));
    }
    Ok(meta)
}

fn read_up_to(fd: BorrowedFd<'_>, expected: u64, limit: u64) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; usize::try_from(expected.min(limit)).unwrap_or(0).saturating_add(1)];
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            if filled as u64 > limit {
                break;
            }
            bytes.resize(filled.saturating_mul(2).max(4096), 0);
        }
        let Some(free) = bytes.get_mut(filled..) else { break };
        match rustix::io::read(fd, free) {
            Ok(0) => break,
            Ok(n) => {
                filled += n;
                // A regular file that gave just what its size promised has nothing more.
                if filled as u64 == expected {
                    break;
                }
            }
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn proc_path(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn meta(stat: &Stat) -> Meta {
    Meta {
        kind: FileType::from_raw_mode(stat.st_mode as RawMode),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: stat.st_mtime,
    }
}

fn why(errno: Errno) -> Why {
    match errno {
        Errno::NOENT | Errno::NOTDIR => Why::NotFound,
        Errno::ACCESS | Errno::PERM => Why::Denied,
        Errno::LOOP => Why::Loop,
        other => Why::Io(std::io::Error::from(other).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::below(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn an_absolute_link_stays_inside_the_root() {
        let (dir, root) = tree();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/hostname"), "inside").unwrap();
        symlink("/etc/hostname", dir.path().join("link")).unwrap();
        symlink("../../../../../../etc/hostname", dir.path().join("up")).unwrap();
        for name in ["/link", "/up"] {
            assert_eq!(root.read(Path::new(name), 100, Role::Other).unwrap().bytes, b"inside");
            assert_eq!(root.real_path(Path::new(name)).unwrap(), Path::new("/etc/hostname"));
        }
    }

    #[test]
    fn a_fifo_is_refused_without_waiting() {
        let (dir, root) = tree();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.path().join("f"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let missing = root.read(Path::new("/f"), 100, Role::Pem).unwrap_err();
        assert_eq!(missing.why, Why::NotAFile("a FIFO".into()));
    }

    #[test]
    fn a_huge_file_is_refused_by_its_size() {
        let (dir, root) = tree();
        std::fs::File::create(dir.path().join("big")).unwrap().set_len(1 << 40).unwrap();
        let missing = root.read(Path::new("/big"), 1000, Role::Pem).unwrap_err();
        assert_eq!(missing.why, Why::TooLarge(1 << 40, 1000));
    }

    #[test]
    fn a_cyclic_link_is_named_as_one() {
        let (dir, root) = tree();
        symlink("b", dir.path().join("a")).unwrap();
        symlink("a", dir.path().join("b")).unwrap();
        assert_eq!(root.stat(Path::new("/a")), Err(Why::Loop));
    }

    #[test]
    fn a_link_is_told_from_a_file() {
        let (dir, root) = tree();
        std::fs::write(dir.path().join("f"), "").unwrap();
        symlink("f", dir.path().join("l")).unwrap();
        assert_eq!(root.read_link(Path::new("/l")), Ok(Some(PathBuf::from("f"))));
        assert_eq!(root.read_link(Path::new("/f")), Ok(None));
        assert_eq!(root.read_link(Path::new("/none")), Err(Why::NotFound));
    }
}

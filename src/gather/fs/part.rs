//! The beginning or the end of files that are too long to be read as a whole.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::OFlags;

use super::{Meta, Root, meta, read_up_to, refuse_odd, show, why};
use crate::facts::{Fact, Missing, Role, Why};

/// The last bytes of a file.
#[derive(Debug)]
pub struct End {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many bytes stand before them.
    pub skipped: u64,
    /// The metadata from before they were read.
    pub meta: Meta,
}

impl Root {
    /// The first bytes of a regular file, `limit` at most: what the kernel lists below `/proc` has no size of its own.
    ///
    /// # Errors
    /// A [`Missing`] with `role` that names the path and says why.
    pub fn read_start(&self, path: &Path, limit: u64, role: Role) -> Fact<Vec<u8>> {
        let (fd, _) = self.open_regular(path, role)?;
        let missing = |e| Missing::new(show(path), why(e), role);
        let mut bytes = read_up_to(fd.as_fd(), limit, limit).map_err(missing)?;
        bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    /// The last bytes of a regular file, `limit` at most.
    ///
    /// # Errors
    /// A [`Missing`] with `role` that names the path and says why.
    pub fn read_end(&self, path: &Path, limit: u64, role: Role) -> Fact<End> {
        let (fd, meta) = self.open_regular(path, role)?;
        let skipped = meta.size.saturating_sub(limit);
        let missing = |e| Missing::new(show(path), why(e), role);
        rustix::fs::seek(&fd, rustix::fs::SeekFrom::Start(skipped)).map_err(missing)?;
        let mut bytes = read_up_to(fd.as_fd(), meta.size - skipped, limit).map_err(missing)?;
        bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(End { bytes, skipped, meta })
    }

    fn open_regular(&self, path: &Path, role: Role) -> Fact<(std::os::fd::OwnedFd, Meta)> {
        let missing = |why: Why| Missing::new(show(path), why, role);
        // Looked at before it is opened: to open a device can already do something.
        self.stat(path).and_then(|meta| refuse_odd(meta, u64::MAX)).map_err(missing)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = self.open(path, flags).map_err(|e| missing(why(e)))?;
        let meta = rustix::fs::fstat(&fd).map(|s| meta(&s)).map_err(|e| missing(why(e)))?;
        Ok((fd, refuse_odd(meta, u64::MAX).map_err(missing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_is_read_from_either_end() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), "0123456789").unwrap();
        let root = Root::below(dir.path()).unwrap();
        let path = Path::new("/f");
        assert_eq!(root.read_start(path, 3, Role::Other).unwrap(), b"012");
        assert_eq!(root.read_start(path, 30, Role::Other).unwrap(), b"0123456789");
        let end = root.read_end(path, 3, Role::Other).unwrap();
        assert_eq!((end.bytes.as_slice(), end.skipped), (b"789".as_slice(), 7));
        assert_eq!(root.read_end(path, 30, Role::Other).unwrap().bytes, b"0123456789");
        assert_eq!(root.read_end(Path::new("/g"), 3, Role::Other).unwrap_err().why, Why::NotFound);
        assert!(!Root::live().read_start(Path::new("/proc/net/tcp"), 4096, Role::Other).unwrap().is_empty());
    }
}

//! Paths and kinds of file as text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::FileType;

/// A path as text: bytes that are not UTF-8 and control characters are escaped, so that it can be printed.
pub fn show(path: &Path) -> String {
    show_bytes(path.as_os_str())
}

/// A file name as text, escaped like [`show`].
pub fn show_bytes(name: &OsStr) -> String {
    let mut shown = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// Joins a link's text to the folder it stands in and removes `.` and `..` by their names alone.
pub fn normalize(folder: &Path, text: &Path) -> PathBuf {
    let mut path = PathBuf::from("/");
    for part in folder.join(text).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    path
}

/// `a folder`, `a FIFO` and so on.
pub fn kind_word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "of an unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_utf8_are_shown_escaped() {
        assert_eq!(show(Path::new(OsStr::from_bytes(b"a\xffb\x1b[31m"))), "a\\xffb\\u{1b}[31m");
    }

    #[test]
    fn a_link_text_is_joined_by_names() {
        assert_eq!(
            normalize(Path::new("/etc/letsencrypt/live/a"), Path::new("../../archive/a/cert1.pem")),
            Path::new("/etc/letsencrypt/archive/a/cert1.pem")
        );
    }
}

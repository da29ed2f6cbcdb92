//! What went wrong, and in which line of the manifest.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a sandbox host could not be built: the manifest line, and the path or option at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    line: Option<usize>,
    says: String,
}

impl Error {
    /// An error that no line of the manifest is known for yet.
    pub(super) fn new(says: impl Into<String>) -> Self {
        Self { line: None, says: says.into() }
    }

    /// What the operating system said about `path`.
    pub(super) fn io(path: impl AsRef<Path>, error: &io::Error) -> Self {
        let mut says = error.to_string();
        if let Some(first) = says.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Self::new(format!("{}: {says}", path.as_ref().display()))
    }

    /// The same error with its manifest line; the innermost line stays.
    #[must_use]
    pub(super) fn at(mut self, line: usize) -> Self {
        self.line.get_or_insert(line);
        self
    }

    /// The same error, said of a line inside the text of a package bundle.
    #[must_use]
    pub(super) fn inside(self, bundle: &str) -> Self {
        Self { line: None, says: format!("in package {bundle}: {self}") }
    }

    /// The manifest line at fault, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "manifest line {line}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

impl std::error::Error for Error {}

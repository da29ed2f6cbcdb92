//! Reads certbot's renewal files exactly as certbot does, and changes single
//! values of them.
//!
//! Those files are in the dialect of Python's `configobj`, opened with
//! `ConfigObj(path, encoding='utf-8', default_encoding='utf-8')`: lists and
//! interpolation on. This reader gives the verdict, the first error line, the
//! tree and the interpolated values of configobj 5.0.9; the integration test
//! `configobj_oracle` compares the two on random files.
//! <https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format>
//!
//! It runs in time linear in the file, never panics, and its errors carry no
//! more of the file than a key or section name, since a line may be a secret.

mod edit;
mod error;
mod interpolate;
mod lex;
mod parse;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use edit::{Change, EditError, edit};
pub use error::{Error, ErrorKind, InterpolationError};

/// A whole file: its root section and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    root: Section,
}

/// The keys and sub-sections between one `[name]` and the next.
///
/// `Clone`, `Debug` and `==` recurse once per level of brackets; a file of n
/// bytes cannot nest deeper than about the square root of 2n.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    name: String,
    line: u32,
    entries: Vec<Entry>,
    sections: Vec<Section>,
    index: HashMap<String, Slot>,
}

/// One `key = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key without its quotes. May be empty (`"" = x`) or contain any
    /// character except a line feed.
    pub key: String,
    /// The value as written, before interpolation.
    pub value: Value,
    /// Line of the key, 1-based, also when the value spans several lines.
    pub line: u32,
}

/// A value before or after interpolation, without its quotes and comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// `a = x`, `a = "x, y"`, `a = """x"""` or `a =`.
    Scalar(String),
    /// `a = x, y`, `a = x,` or `a = ,`: an unquoted comma makes a list.
    List(Vec<String>),
}

/// Where a name of a section is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Entry(usize),
    Section(usize),
}

/// The tree of a renewal file.
///
/// # Errors
///
/// The first error in the order Python meets them. Bytes that are not UTF-8
/// come first, because Python decodes the whole file before it parses a line.
pub fn parse(bytes: &[u8]) -> Result<Document, Error> {
    parse::document(bytes)
}

impl Document {
    /// The root section: the keys above the first `[section]`, and all
    /// top-level sections.
    pub fn root(&self) -> &Section {
        &self.root
    }

    /// A key of the root section.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.root.get(key)
    }

    /// A top-level section.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.root.section(name)
    }

    /// The value certbot gets for `key` in the section at `section_path`
    /// (empty: the root), with every `%(name)s` replaced.
    ///
    /// `Ok(None)` when there is no such section or key.
    ///
    /// # Errors
    ///
    /// As [`Document::interpolate`]. certbot meets them when it reads the key,
    /// not when it opens the file.
    pub fn value(
        &self,
        section_path: &[&str],
        key: &str,
    ) -> Result<Option<Cow<'_, Value>>, InterpolationError> {
        interpolate::entry(self, section_path, key)
    }

    /// `value` with every `%(name)s` replaced, as if it were written in the
    /// section at `section_path` (empty: the root).
    ///
    /// A name is looked up in that section, in its `[[DEFAULT]]`, then in the
    /// same way in each section around it. Nothing else is special: `%%`,
    /// `%s` and `%Y` stay as they are, so `%%(a)s` is `%` and the value of `a`.
    ///
    /// # Errors
    ///
    /// A name that is missing, loops or is not text, a missing
    /// section, and values no honest file has (see [`InterpolationError`]).
    pub fn interpolate<'a>(
        &self,
        section_path: &[&str],
        value: &'a str,
    ) -> Result<Cow<'a, str>, InterpolationError> {
        interpolate::text(self, section_path, value)
    }
}

impl Section {
    /// The name between the brackets, without its quotes; empty for the root.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Line of the `[name]`, 1-based; 0 for the root.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The keys in the order of the file, without those of sub-sections.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The direct sub-sections in the order of the file.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The entry of that key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match self.index.get(key) {
            Some(Slot::Entry(at)) => self.entries.get(*at),
            _ => None,
        }
    }

    /// The direct sub-section of that name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        match self.index.get(name) {
            Some(Slot::Section(at)) => self.sections.get(*at),
            _ => None,
        }
    }

    fn contains(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }
}

impl Drop for Section {
    /// Takes the tree apart in a loop: the derived drop recurses.
    fn drop(&mut self) {
        let mut doomed = std::mem::take(&mut self.sections);
        while let Some(mut section) = doomed.pop() {
            doomed.append(&mut section.sections);
        }
    }
}

impl Value {
    /// The text of a scalar; `None` for a list.
    pub fn as_scalar(&self) -> Option<&str> {
        match self {
            Value::Scalar(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// The items of a list; `None` for a scalar.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            Value::Scalar(_) => None,
            Value::List(items) => Some(items),
        }
    }
}

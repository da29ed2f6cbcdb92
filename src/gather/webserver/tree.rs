//! nginx's configuration as a tree, with what is included in its place.

use std::path::Path;

use super::nginx::{included, tokens};
use super::{MAX_FILE, Reading};
use crate::facts::Role;
use crate::gather::fs::{normalize, show};

/// How many statements are read.
const MAX_STATEMENTS: usize = 500_000;
/// How deep blocks and includes may be nested.
const MAX_DEPTH: usize = 32;

/// A statement, with what its braces hold.
#[derive(Debug)]
pub(super) struct Block {
    /// `file:line`.
    pub place: String,
    pub words: Vec<String>,
    pub body: Vec<Block>,
}

/// What a main file says; `None` where that is too much.
pub(super) fn tree(reading: &mut Reading<'_>, main: &Path) -> Option<Vec<Block>> {
    let prefix = main.parent().unwrap_or(Path::new("/")).to_path_buf();
    let mut growing = Growing { reading, prefix, left: MAX_STATEMENTS };
    growing.file(main, 0)
}

struct Growing<'r, 'a> {
    reading: &'r mut Reading<'a>,
    prefix: std::path::PathBuf,
    left: usize,
}

impl Growing<'_, '_> {
    fn file(&mut self, path: &Path, depth: usize) -> Option<Vec<Block>> {
        if depth > MAX_DEPTH {
            return None;
        }
        // What cannot be read is noted where all files are read.
        let Ok(text) = self.reading.root.read_text(path, MAX_FILE, Role::Other) else {
            return Some(Vec::new());
        };
        let mut all = Vec::new();
        tokens(&text, |line, words, end| all.push((line, words.to_vec(), end)));
        self.body(path, &mut all.into_iter(), depth)
    }

    /// What stands up to the brace that closes a block, or the end of the file.
    fn body(
        &mut self,
        path: &Path,
        tokens: &mut impl Iterator<Item = (usize, Vec<String>, char)>,
        depth: usize,
    ) -> Option<Vec<Block>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut body = Vec::new();
        while let Some((line, words, end)) = tokens.next() {
            self.left = self.left.checked_sub(1)?;
            match (words.as_slice(), end) {
                (_, '}') => break,
                ([include, pattern], ';') if include == "include" => {
                    let pattern = normalize(&self.prefix, Path::new(pattern));
                    for path in included(self.reading, &pattern) {
                        body.extend(self.file(&path, depth + 1)?);
                    }
                }
                (_, end) => {
                    // A boxed iterator, for each level would be a type of its own.
                    let inner: &mut dyn Iterator<Item = _> = tokens;
                    let inner =
                        if end == '{' { self.body(path, &mut { inner }, depth + 1)? } else { Vec::new() };
                    body.push(Block { place: format!("{}:{line}", show(path)), words, body: inner });
                }
            }
        }
        Some(body)
    }
}

//! Builds the tree, line by line.

use super::lex::{self, is_space, is_tail, until};
use super::{Document, Entry, Error, ErrorKind, Section, Slot, Value, value};

/// The tree, or the first error in the order Python meets them.
pub(super) fn document(bytes: &[u8]) -> Result<Document, Error> {
    let text = decode(bytes)?;
    let mut lines = numbered(text);
    let mut tree = Tree::default();
    while let Some((number, line)) = lines.next() {
        let visible = line.trim_start_matches(is_space);
        if visible.is_empty() || visible.starts_with('#') {
            continue;
        }
        if let Some(marker) = lex::section_marker(line) {
            tree.open(&marker, number, line)?;
        } else if let Some((key, value)) = lex::key_value(line) {
            let entry = Raw { key, value, line, number };
            let (value, last_line) = entry.read(&mut lines)?;
            tree.insert(&entry, value, last_line)?;
        } else {
            return Err(error(number, ErrorKind::Syntax, None, column(line, visible)));
        }
    }
    Ok(tree.finish())
}

/// The lines with their numbers, without their ends.
///
/// Only `\n` ends a line: Python reads the file as bytes, in lines, and then
/// takes any `\r` from their ends. A `\r` elsewhere is space inside a line.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.split_terminator('\n')
        .enumerate()
        .map(|(before, line)| (to_u32(before + 1), line.trim_end_matches('\r')))
}

/// The text without a byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|fault| {
        let valid = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        let line = valid.bytes().filter(|&b| b == b'\n').count() + 1;
        let before = valid.rsplit('\n').next().unwrap_or_default();
        let column = before.chars().count() + 1;
        error(to_u32(line), ErrorKind::Encoding, None, Some(to_u32(column)))
    })
}

/// A `key = value` line before the value has been read.
pub(super) struct Raw<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: &'a str,
    pub(super) number: u32,
}

impl Raw<'_> {
    /// The value, and the number of the line it ends on.
    pub(super) fn read<'a>(
        &self,
        lines: &mut impl Iterator<Item = (u32, &'a str)>,
    ) -> Result<(Value, u32), Error> {
        for quotes in ["\"\"\"", "'''"] {
            if let Some(rest) = self.value.strip_prefix(quotes) {
                let (text, last_line) =
                    self.triple_quoted(rest, quotes, lines).map_err(|kind| self.error(kind))?;
                return Ok((Value::Scalar(text), last_line));
            }
        }
        let value = value::value(self.value).map_err(|kind| self.error(kind))?;
        Ok((value, self.number))
    }

    /// A value in triple quotes, `first` being the rest of its first line.
    fn triple_quoted<'a>(
        &self,
        first: &str,
        quotes: &str,
        lines: &mut impl Iterator<Item = (u32, &'a str)>,
    ) -> Result<(String, u32), ErrorKind> {
        let close = |rest| is_tail(rest).then_some(());
        if let Some((text, ())) = until(first, quotes, close) {
            return Ok((text.to_owned(), self.number));
        }
        if first.contains(quotes) {
            return Err(ErrorKind::AfterTripleQuotes);
        }
        let mut text = first.to_owned();
        for (number, line) in lines {
            text.push('\n');
            if let Some((end, ())) = until(line, quotes, close) {
                text.push_str(end);
                return Ok((text, number));
            }
            if line.contains(quotes) {
                return Err(ErrorKind::AfterTripleQuotes);
            }
            text.push_str(line);
        }
        Err(ErrorKind::Unterminated)
    }

    /// An error in the value, on the line of the key as in Python.
    fn error(&self, kind: ErrorKind) -> Error {
        error(self.number, kind, Some(self.key), column(self.line, self.value))
    }
}

/// The tree so far, with the sections that are still open taken out of it.
#[derive(Default)]
struct Tree {
    root: Section,
    open: Vec<Section>,
}

impl Tree {
    /// The section that keys go to.
    fn current(&mut self) -> &mut Section {
        match self.open.last_mut() {
            Some(section) => section,
            None => &mut self.root,
        }
    }

    /// Puts the open sections below `depth` into their parents.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(done) = self.open.pop() else { break };
            self.current().sections.push(done);
        }
    }

    fn open(&mut self, marker: &lex::Marker<'_>, number: u32, line: &str) -> Result<(), Error> {
        let fail = |kind| error(number, kind, Some(marker.name), column(line, marker.name));
        if marker.opened != marker.closed {
            return Err(fail(ErrorKind::Brackets));
        }
        if marker.opened > self.open.len() + 1 {
            return Err(fail(ErrorKind::Nesting));
        }
        self.close_to(marker.opened - 1);
        let parent = self.current();
        if parent.contains(marker.name) {
            return Err(fail(ErrorKind::DuplicateSection));
        }
        let slot = Slot::Section(parent.sections.len());
        parent.index.insert(marker.name.to_owned(), slot);
        let mut section = Section::default();
        section.name.push_str(marker.name);
        section.line = number;
        self.open.push(section);
        Ok(())
    }

    fn insert(&mut self, raw: &Raw<'_>, value: Value, last_line: u32) -> Result<(), Error> {
        let section = self.current();
        if section.contains(raw.key) {
            // Python has by now gone on to the last line of the value.
            let column = if last_line == raw.number { column(raw.line, raw.key) } else { None };
            return Err(error(last_line, ErrorKind::DuplicateKey, Some(raw.key), column));
        }
        let slot = Slot::Entry(section.entries.len());
        section.index.insert(raw.key.to_owned(), slot);
        section.entries.push(Entry { key: raw.key.to_owned(), value, line: raw.number });
        Ok(())
    }

    fn finish(mut self) -> Document {
        self.close_to(0);
        Document { root: self.root }
    }
}

fn error(line: u32, kind: ErrorKind, name: Option<&str>, column: Option<u32>) -> Error {
    Error { line, column, kind, name: name.map(str::to_owned) }
}

/// The column of `part`, which is a piece of `line`.
fn column(line: &str, part: &str) -> Option<u32> {
    let offset = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    Some(to_u32(line.get(..offset)?.chars().count() + 1))
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

//! Changes single values of a renewal file and keeps every other byte.
//!
//! certbot writes the whole file anew from its tree, comments included
//! (`ConfigObj.write`). Values are quoted here as it quotes them (`_quote`).

use serde::{Deserialize, Serialize};

use super::lex::{self, is_space};
use super::parse::{Raw, document, numbered};
use super::{Document, Error, Section, Value, value};

/// A value to set or a key to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The names of the sections around it, from the outermost: none for the
    /// root. A section that is not there is added.
    pub section: Vec<String>,
    /// The key.
    pub key: String,
    /// The value as certbot shall read it; `None` removes the key.
    pub value: Option<Value>,
}

/// Why a file cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The file does not parse as it is.
    Parse(Error),
    /// No way of writing it makes certbot read this value for this key:
    /// control characters, both kinds of triple quotes, `%(name)s`.
    Value(String),
}

impl std::fmt::Display for EditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EditError::Parse(error) => error.fmt(f),
            EditError::Value(key) => {
                write!(f, "the value for `{key}` cannot be written so that certbot reads it")
            }
        }
    }
}

impl std::error::Error for EditError {}

/// The file with these changes; the same bytes where it says all of it already.
///
/// # Errors
///
/// The file does not parse, or a value cannot be written. What comes back has
/// been read again: it says what was asked for, and all else as before.
pub fn edit(bytes: &[u8], changes: &[Change]) -> Result<Vec<u8>, EditError> {
    let before = document(bytes).map_err(EditError::Parse)?;
    let (mark, text) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (&b"\xef\xbb\xbf"[..], rest),
        None => (&b""[..], bytes),
    };
    let mut text = String::from_utf8_lossy(text).into_owned(); // it parsed, so it is UTF-8
    let mut wanted = flat(&before);
    for change in changes {
        if holds(&document(text.as_bytes()).map_err(EditError::Parse)?, change) {
            continue;
        }
        text = Layout::of(&text).map_err(EditError::Parse)?.apply(change)?;
        let at = (change.section.clone(), change.key.clone());
        wanted.retain(|(place, _)| *place != at);
        wanted.extend(change.value.clone().map(|value| (at, value)));
    }
    let cannot = || EditError::Value(changes.last().map(|change| change.key.clone()).unwrap_or_default());
    let after = document(text.as_bytes()).map_err(|_| cannot())?;
    let mut read = flat(&after);
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    read.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(change) = changes.iter().find(|change| !holds(&after, change) && last(changes, change)) {
        return Err(EditError::Value(change.key.clone()));
    }
    if read != wanted {
        return Err(cannot());
    }
    Ok([mark, text.as_bytes()].concat())
}

/// Whether no later change is for the same key.
fn last(changes: &[Change], change: &Change) -> bool {
    let same = |other: &&Change| other.section == change.section && other.key == change.key;
    changes.iter().rev().find(same).is_some_and(|found| std::ptr::eq(found, change))
}

/// Whether certbot reads what the change asks for.
fn holds(document: &Document, change: &Change) -> bool {
    let path: Vec<&str> = change.section.iter().map(String::as_str).collect();
    match document.value(&path, &change.key) {
        Ok(found) => found.as_deref() == change.value.as_ref(),
        Err(_) => false,
    }
}

type Place = (Vec<String>, String);

/// Every value with its place.
fn flat(document: &Document) -> Vec<(Place, Value)> {
    let mut all = Vec::new();
    let mut open: Vec<(Vec<String>, &Section)> = vec![(Vec::new(), document.root())];
    while let Some((path, section)) = open.pop() {
        let entries = section.entries().iter();
        all.extend(entries.map(|entry| ((path.clone(), entry.key.clone()), entry.value.clone())));
        for sub in section.sections() {
            open.push(([path.as_slice(), &[sub.name().to_owned()]].concat(), sub));
        }
    }
    all
}

/// What stands on which lines.
struct Layout<'a> {
    lines: Vec<&'a str>,
    pieces: Vec<Piece>,
}

/// A section marker or an entry.
struct Piece {
    /// The sections around it; for a marker, with its own name.
    section: Vec<String>,
    /// `None` for a marker.
    key: Option<String>,
    /// Its lines: the first, and the one after the last.
    from: usize,
    to: usize,
}

impl<'a> Layout<'a> {
    fn of(text: &'a str) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut section: Vec<String> = Vec::new();
        let mut lines = numbered(text);
        while let Some((number, line)) = lines.next() {
            let visible = line.trim_start_matches(is_space);
            if visible.is_empty() || visible.starts_with('#') {
                continue;
            }
            let from = (number as usize).saturating_sub(1);
            if let Some(marker) = lex::section_marker(line) {
                section.truncate(marker.opened.saturating_sub(1));
                section.push(marker.name.to_owned());
                pieces.push(Piece { section: section.clone(), key: None, from, to: from + 1 });
            } else if let Some((key, value)) = lex::key_value(line) {
                let (_, last) = Raw { key, value, line, number }.read(&mut lines)?;
                let (section, key) = (section.clone(), Some(key.to_owned()));
                pieces.push(Piece { section, key, from, to: last as usize });
            }
        }
        Ok(Self { lines: text.split_inclusive('\n').collect(), pieces })
    }

    /// The text with one change.
    fn apply(&self, change: &Change) -> Result<String, EditError> {
        let found = self
            .pieces
            .iter()
            .find(|piece| piece.section == change.section && piece.key.as_ref() == Some(&change.key));
        let cannot = || EditError::Value(change.key.clone());
        Ok(match (found, &change.value) {
            (None, None) => self.lines.concat(),
            (Some(piece), None) => self.splice(piece.from, piece.to, ""),
            (Some(piece), Some(value)) => {
                let value = quoted(value).ok_or_else(cannot)?;
                self.splice(piece.from, piece.to, &self.replaced(piece, &value).ok_or_else(cannot)?)
            }
            (None, Some(value)) => {
                self.inserted(change, &quoted(value).ok_or_else(cannot)?).ok_or_else(cannot)?
            }
        })
    }

    fn splice(&self, from: usize, to: usize, new: &str) -> String {
        let before = self.lines.get(..from).unwrap_or_default().concat();
        let after = self.lines.get(to..).unwrap_or_default().concat();
        let gap =
            if before.is_empty() || before.ends_with('\n') || new.is_empty() { "" } else { self.line_end() };
        [&before, gap, new, &after].concat()
    }

    /// An entry's lines with another value: the key as it was, and the comment.
    fn replaced(&self, piece: &Piece, new: &str) -> Option<String> {
        let first = self.lines.get(piece.from)?;
        let last = self.lines.get(piece.to.checked_sub(1)?)?;
        let end = last.get(body(last).len()..)?;
        let (_, old) = lex::key_value(body(first))?;
        let start = (old.as_ptr() as usize).checked_sub(first.as_ptr() as usize)?;
        let head = first.get(..start)?;
        let comment = if old.starts_with("\"\"\"") || old.starts_with("'''") {
            let quotes = old.get(..3)?;
            let tail = if piece.to - piece.from == 1 { old.get(3..)? } else { body(last) };
            // The text ends at the first quotes that nothing but a comment follows.
            let close = |rest: &'a str| lex::is_tail(rest).then_some(rest);
            lex::until(tail, quotes, close).map(|(_, rest)| rest)?
        } else {
            old.get(value::end(old)..)?
        };
        let before = if head.ends_with('=') { " " } else { "" };
        let after = if comment.starts_with('#') { " " } else { "" };
        Some([head, before, new, after, comment, end].concat())
    }

    /// The text with a new entry: after the last one of its section, or in a new section.
    fn inserted(&self, change: &Change, value: &str) -> Option<String> {
        let key = quoted_text(&change.key, false)?;
        let end = self.line_end();
        let mut own = self.pieces.iter().filter(|piece| piece.section == change.section);
        if let Some(last) = own.next_back() {
            let indent = self.lines.get(last.from).map(|line| indentation(line)).unwrap_or_default();
            return Some(self.splice(last.to, last.to, &format!("{indent}{key} = {value}{end}")));
        }
        let Some((name, parents)) = change.section.split_last() else {
            return Some(self.splice(0, 0, &format!("{key} = {value}{end}")));
        };
        // Within the nearest section around it that is there, after all that it holds.
        let depth = (0..=parents.len()).rev().find(|depth| {
            *depth == 0 || self.pieces.iter().any(|piece| parents.get(..*depth) == Some(&piece.section))
        })?;
        let around = parents.get(..depth)?;
        let at = self.pieces.iter().rev().find(|piece| piece.section.starts_with(around)).map_or(0, |p| p.to);
        let mut new = String::new();
        for (level, name) in parents.iter().chain([name]).enumerate().skip(depth) {
            let name = quoted_text(name, false)?;
            let (open, close) = ("[".repeat(level + 1), "]".repeat(level + 1));
            new.push_str(&format!("{open}{name}{close}{end}"));
        }
        new.push_str(&format!("{key} = {value}{end}"));
        Some(self.splice(at, at, &new))
    }

    /// How the file ends its lines.
    fn line_end(&self) -> &'static str {
        if self.lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }
}

/// A line without its end, as it is parsed.
fn body(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r')
}

fn indentation(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// A value as ConfigObj writes it; `None` where it refuses to.
fn quoted(value: &Value) -> Option<String> {
    match value {
        Value::Scalar(text) => quoted_text(text, true),
        Value::List(items) => match items.as_slice() {
            [] => Some(",".to_owned()),
            [one] => Some(quoted_text(one, false)? + ","),
            all => {
                Some(all.iter().map(|item| quoted_text(item, false)).collect::<Option<Vec<_>>>()?.join(", "))
            }
        },
    }
}

/// ConfigObj's `_quote` for one text; `multiline` allows triple quotes.
fn quoted_text(text: &str, multiline: bool) -> Option<String> {
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
        return Some("\"\"".to_owned());
    };
    let both = text.contains('\'') && text.contains('"');
    if multiline && (both || text.contains('\n')) {
        let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| !text.contains(quotes))?;
        return Some([quotes, text, quotes].concat());
    }
    let edge = |c| matches!(c, ' ' | '\r' | '\n' | '\u{b}' | '\t' | '\'' | '"');
    if text.contains('\n') {
        return None;
    }
    if !edge(first) && !edge(last) && !text.contains([',', '#']) {
        return Some(text.to_owned());
    }
    let quote = match (both, text.contains('"')) {
        (true, _) => return None,
        (false, true) => "'",
        (false, false) => "\"",
    };
    Some([quote, text, quote].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(section: &[&str], key: &str, value: &str) -> Change {
        let section = section.iter().map(|name| (*name).to_owned()).collect();
        Change { section, key: key.to_owned(), value: Some(Value::Scalar(value.to_owned())) }
    }

    fn changed(text: &str, changes: &[Change]) -> String {
        String::from_utf8(edit(text.as_bytes(), changes).unwrap()).unwrap()
    }

    const CONF: &str = "# renew_before_expiry = 30 days\nversion = 2.1.0\narchive_dir = /a\n\n# Options\n\
                        [renewalparams]\nkey_type = ecdsa # kept\nwebroot_path = /w,\n\n[[webroot_map]]\na.test = /w\n\
                        # the end\n";

    #[test]
    fn a_value_is_replaced_and_all_else_is_kept() {
        assert_eq!(
            changed(CONF, &[set(&["renewalparams"], "key_type", "rsa"), set(&[], "version", "5.8.0")]),
            CONF.replace("= ecdsa", "= rsa").replace("2.1.0", "5.8.0")
        );
        let list = Value::List(vec!["/x".into(), "/y".into()]);
        let change = Change { value: Some(list), ..set(&["renewalparams"], "webroot_path", "") };
        assert_eq!(changed(CONF, &[change]), CONF.replace("= /w,", "= /x, /y"));
    }

    #[test]
    fn a_file_that_says_it_already_is_not_touched() {
        assert_eq!(changed(CONF, &[set(&["renewalparams"], "key_type", "ecdsa")]), CONF);
        assert_eq!(changed(CONF, &[Change { value: None, ..set(&[], "none", "") }]), CONF);
    }

    #[test]
    fn a_new_key_follows_the_last_of_its_section_and_a_new_section_the_last_of_the_file() {
        assert_eq!(
            changed(
                CONF,
                &[
                    set(&["renewalparams"], "server", "https://ca/"),
                    set(&[], "renew_before_expiry", "9 days")
                ]
            ),
            CONF.replace("/w,\n", "/w,\nserver = https://ca/\n")
                .replace("= /a\n", "= /a\nrenew_before_expiry = 9 days\n")
        );
        assert_eq!(
            changed(CONF, &[set(&["acme_renewal_info"], "ari_retry_after", "2026-11-24T01:39:30")]),
            CONF.replace(
                "a.test = /w\n",
                "a.test = /w\n[acme_renewal_info]\nari_retry_after = 2026-11-24T01:39:30\n"
            )
        );
        assert_eq!(changed("a = b", &[set(&["s", "t"], "c", "d")]), "a = b\n[s]\n[[t]]\nc = d\n");
    }

    #[test]
    fn a_key_is_removed_with_all_its_lines() {
        let text = "a = '''x\ny''' # c\nb = 1\n";
        assert_eq!(changed(text, &[Change { value: None, ..set(&[], "a", "") }]), "b = 1\n");
        assert_eq!(changed(text, &[set(&[], "a", "z")]), "a = z # c\nb = 1\n");
    }

    #[test]
    fn values_are_quoted_as_configobj_quotes_them() {
        for (value, written) in [
            ("", "\"\""),
            ("plain", "plain"),
            (" edge", "\" edge\""),
            ("a, b", "\"a, b\""),
            ("a#b", "\"a#b\""),
            ("say \"x\", y", "'say \"x\", y'"),
            ("both ' and \"", "\"\"\"both ' and \"\"\"\""),
            ("two\nlines", "\"\"\"two\nlines\"\"\""),
        ] {
            let result = edit(b"k = x#c\n", &[set(&[], "k", value)]);
            match value {
                // Python's own reader takes the quotes for the end: it cannot be written.
                "both ' and \"" => assert!(result.is_ok() || result == Err(EditError::Value("k".into()))),
                _ => assert_eq!(String::from_utf8(result.unwrap()).unwrap(), format!("k = {written} #c\n")),
            }
        }
    }

    #[test]
    fn what_certbot_would_read_otherwise_is_refused() {
        for value in ["%(nothing)s", "a'''b\"\"\"c"] {
            assert_eq!(edit(b"k = x\n", &[set(&[], "k", value)]), Err(EditError::Value("k".into())));
        }
        assert!(matches!(edit(b"[a\n", &[]), Err(EditError::Parse(_))));
    }

    #[test]
    fn line_ends_marks_and_a_missing_last_end_are_kept() {
        assert_eq!(changed("a = 1\r\nb = 2\r\n", &[set(&[], "c", "3")]), "a = 1\r\nb = 2\r\nc = 3\r\n");
        assert_eq!(changed("\u{feff}a = 1", &[set(&[], "a", "2")]), "\u{feff}a = 2");
        assert_eq!(
            changed("a =\nb = # c\n", &[set(&[], "a", "1"), set(&[], "b", "2")]),
            "a = 1\nb = 2 # c\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_change_of_any_file_is_read_back_or_refused(
            text in "(#? ?[ab\\[\\]]{0,3} ?[=,'\"#\\[\\] ab]{0,8}\n){0,6}",
            key in "[ab= \\[#]{1,3}", value in "[ab,'\"# \n%()s]{0,8}", deep in 0..3usize,
        ) {
            let section: Vec<&str> = ["a", "b"].into_iter().take(deep).collect();
            let change = set(&section, &key, &value);
            if let Ok(new) = edit(text.as_bytes(), std::slice::from_ref(&change)) {
                proptest::prop_assert!(holds(&document(&new).unwrap(), &change));
            }
        }
    }
}

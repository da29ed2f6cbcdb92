//! Tells what one line is: a `[section]` or a `key = value`.
//!
//! configobj tries two regular expressions that backtrack. Each function here
//! walks over the line once and finds the match Python finds first.

/// White space as Python's `str.strip` and `\s` see it: Rust's and the four
/// ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Whether nothing but a comment is left of a line.
pub(super) fn is_tail(rest: &str) -> bool {
    let rest = rest.trim_start_matches(is_space);
    rest.is_empty() || rest.starts_with('#')
}

/// The text before and after the first `close` that `accept` agrees to, which
/// is given what follows it.
pub(super) fn until<'a, T>(
    text: &'a str,
    close: &str,
    mut accept: impl FnMut(&'a str) -> Option<T>,
) -> Option<(&'a str, T)> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(close)) {
        let at = from + found;
        if let Some(what) = text.get(at + close.len()..).and_then(&mut accept) {
            return Some((text.get(..at)?, what));
        }
        from = at + 1; // closing quotes may overlap: `x''''` ends in the last three
    }
    None
}

/// `[name]`, with the number of brackets on each side.
#[derive(Debug, PartialEq)]
pub(super) struct Marker<'a> {
    pub(super) name: &'a str,
    pub(super) opened: usize,
    pub(super) closed: usize,
}

/// The section marker on a line that is not blank.
pub(super) fn section_marker(line: &str) -> Option<Marker<'_>> {
    let mut rest = line.trim_start_matches(is_space);
    let mut from_last_bracket = rest;
    let mut opened = 0;
    while let Some(inner) = rest.strip_prefix('[') {
        from_last_bracket = rest;
        rest = inner.trim_start_matches(is_space);
        opened += 1;
    }
    if opened == 0 {
        return None;
    }
    let name = match rest.chars().next() {
        Some('"') => quoted_name(rest, "\""),
        Some('\'') => quoted_name(rest, "'"),
        _ => plain_name(rest),
    };
    if let Some((name, closed)) = name {
        return Some(Marker { name, opened, closed });
    }
    // Python now takes the last bracket for the first character of the name:
    // `[[]` is a section called `[`. To give back more brackets cannot help.
    if opened == 1 {
        return None;
    }
    let (name, closed) = plain_name(from_last_bracket)?;
    Some(Marker { name, opened: opened - 1, closed })
}

/// A name in quotes with something visible inside, and the `]` after it.
fn quoted_name<'a>(text: &'a str, quote: &str) -> Option<(&'a str, usize)> {
    let inner = text.strip_prefix(quote)?;
    // The first visible character belongs to the name even if it is a quote.
    let first = inner.trim_start_matches(is_space);
    let start = inner.len() - first.len() + first.chars().next()?.len_utf8();
    let (head, tail) = inner.split_at_checked(start)?;
    let (name, closed) = until(tail, quote, closing_brackets)?;
    Some((inner.get(..head.len() + name.len())?, closed))
}

/// The number of `]` in what ends a marker, if `rest` does.
fn closing_brackets(rest: &str) -> Option<usize> {
    let after = rest.trim_start_matches(|c| c == ']' || is_space(c));
    let closed = rest.chars().take_while(|&c| c == ']' || is_space(c)).filter(|&c| c == ']').count();
    (closed > 0 && (after.is_empty() || after.starts_with('#'))).then_some(closed)
}

/// The shortest name that a run of `]` and space ends, and the `]` after it.
fn plain_name(text: &str) -> Option<(&str, usize)> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    if matches!(first, '"' | '\'') || is_space(first) {
        return None;
    }
    let mut name_end = None;
    let mut closed = 0;
    for (at, c) in chars {
        if c == ']' || is_space(c) {
            name_end.get_or_insert(at);
            closed += usize::from(c == ']');
        } else if c == '#' && closed > 0 {
            break;
        } else {
            name_end = None;
            closed = 0;
        }
    }
    let name = text.get(..name_end?)?;
    (closed > 0).then_some((name, closed))
}

/// The key without quotes, and the value with its comment, of a line that is
/// not blank. The value is empty or begins with a visible character.
pub(super) fn key_value(line: &str) -> Option<(&str, &str)> {
    let text = line.trim_start_matches(is_space);
    let first = text.chars().next()?;
    let quoted = match first {
        '"' => quoted_key(text, "\""),
        '\'' => quoted_key(text, "'"),
        _ => None,
    };
    if quoted.is_some() {
        return quoted;
    }
    let from = if matches!(first, '"' | '\'' | '=') {
        // No key can begin here, so Python takes the last space of the
        // indentation for its first character: ` = x` has the key ` `.
        let indent = line.len() - text.len();
        let (at, _) = line.get(..indent)?.char_indices().next_back()?;
        line.get(at..)?
    } else {
        text
    };
    let (before, value) = from.split_once('=')?;
    let key = before.trim_end_matches(is_space);
    let key = if key.is_empty() { before } else { key };
    Some((key, value.trim_start_matches(is_space)))
}

/// A key from its opening quote to the first closing one before a `=`.
fn quoted_key<'a>(text: &'a str, quote: &str) -> Option<(&'a str, &'a str)> {
    until(text.strip_prefix(quote)?, quote, |rest| {
        let value = rest.trim_start_matches(is_space).strip_prefix('=')?;
        Some(value.trim_start_matches(is_space))
    })
}

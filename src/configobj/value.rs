//! Tells what one value is: text, a list, or an error.

use super::lex::{is_space, is_tail};
use super::{ErrorKind, Value};

/// Where a value is cut: list items before `last`, then the last item (empty
/// after a trailing comma, or when there is no value at all).
#[derive(Clone, Copy)]
struct Cut {
    last: usize,
    end: usize,
}

/// The kinds of visible character that may follow a closing quote.
#[derive(Clone, Copy)]
enum Next {
    Comma,
    /// The end of the line or a comment.
    Tail,
    Other,
}

/// What is known about quotes of one kind to the right.
#[derive(Clone, Copy, Default)]
struct Quotes {
    /// The cut that follows from the nearest one that can end a list item.
    item: Option<Cut>,
    /// The nearest one that can end the whole value.
    last: Option<usize>,
}

/// A value as written after the `=`, which begins with a visible character
/// unless it is empty. Triple quotes are not handled here.
pub(super) fn value(text: &str) -> Result<Value, ErrorKind> {
    let cut = match cut(text) {
        Ok(cut) => cut,
        Err(_) if text.strip_prefix(',').is_some_and(is_tail) => return Ok(Value::List(vec![])),
        Err(kind) => return Err(kind),
    };
    let list = text.get(..cut.last).unwrap_or_default();
    let last = text.get(cut.last..cut.end).unwrap_or_default();
    if list.is_empty() {
        return Ok(Value::Scalar(unquote(last).to_owned()));
    }
    let mut items = items(list)?;
    if !last.is_empty() {
        items.push(unquote(last).to_owned());
    }
    Ok(Value::List(items))
}

/// Where a value that [`value`] accepts ends: what follows is space and a comment.
pub(super) fn end(text: &str) -> usize {
    match cut(text) {
        Ok(cut) => text.get(..cut.end).unwrap_or_default().trim_end_matches(is_space).len(),
        Err(_) => 1, // the comma of an empty list
    }
}

/// Finds the cut that Python's backtracking finds first.
///
/// Python goes from left to right, prefers a further list item to the end of
/// the list, and the nearest closing quote to a later one. Whether a choice
/// leads to a match depends only on what is right of it, so this goes from
/// right to left and keeps, for each choice, the first one that does.
fn cut(text: &str) -> Result<Cut, ErrorKind> {
    let mut next = Next::Tail;
    let mut next_at = text.len();
    // The result for an item that begins at the next visible character.
    let mut item = Ok(Cut { last: text.len(), end: text.len() });
    // The result after the next comma, unless the line or a `#` ends before it.
    let mut after_comma: Option<Result<Cut, ErrorKind>> = None;
    // The end of the last visible character before the end or the `#`.
    let mut visible_end = None;
    let mut double = Quotes::default();
    let mut single = Quotes::default();

    for (at, c) in text.char_indices().rev() {
        if is_space(c) {
            continue;
        }
        let end = at + c.len_utf8();
        match c {
            ',' => {
                // If no item can begin after a space, Python makes the space
                // part of it, and then anything up to the next comma will do:
                // `a, "b, c` is a list of three.
                let after = match (item, after_comma) {
                    (Err(_), Some(Ok(cut))) if next_at > end => Ok(cut),
                    (result, _) => result,
                };
                after_comma = Some(after);
                item = Err(ErrorKind::EmptyItem);
                next = Next::Comma;
            }
            '#' => {
                after_comma = None;
                visible_end = None;
                item = Ok(Cut { last: at, end: at });
                next = Next::Tail;
            }
            '"' | '\'' => {
                let quotes = if c == '"' { &mut double } else { &mut single };
                item = match *quotes {
                    Quotes { item: Some(cut), .. } => Ok(cut),
                    Quotes { last: Some(close), .. } => Ok(Cut { last: at, end: close + 1 }),
                    _ => Err(ErrorKind::Quotes),
                };
                match (next, after_comma) {
                    (Next::Comma, Some(Ok(cut))) => quotes.item = Some(cut),
                    (Next::Tail, _) => quotes.last = Some(at),
                    _ => {}
                }
                visible_end.get_or_insert(end);
                next = Next::Other;
            }
            _ => {
                let end = *visible_end.get_or_insert(end);
                item = after_comma.unwrap_or(Ok(Cut { last: at, end }));
                next = Next::Other;
            }
        }
        next_at = at;
    }
    item
}

/// The items of a list that ends in a comma.
fn items(list: &str) -> Result<Vec<String>, ErrorKind> {
    let mut items = Vec::new();
    let mut rest = list;
    // Quotes known to end no further item, so as not to look again each time.
    let mut unclosed = [false; 2];
    while let Some(first) = rest.chars().next() {
        let mut found = None;
        for (quote, unclosed) in ['"', '\''].into_iter().zip(&mut unclosed) {
            if first == quote && !*unclosed {
                found = quoted_item(rest, quote);
                *unclosed = found.is_none();
            }
        }
        let Some((item, after)) = found.or_else(|| rest.split_once(',')) else {
            break;
        };
        let item = item.trim_end_matches(is_space);
        if item.is_empty() {
            return Err(ErrorKind::EmptyItem);
        }
        items.push(unquote(item).to_owned());
        rest = after.trim_start_matches(is_space);
    }
    Ok(items)
}

/// An item from its opening quote to the first closing one before a comma.
fn quoted_item(text: &str, quote: char) -> Option<(&str, &str)> {
    text.match_indices(quote).skip(1).find_map(|(at, _)| {
        let (item, rest) = text.split_at_checked(at + quote.len_utf8())?;
        Some((item, rest.trim_start_matches(is_space).strip_prefix(',')?))
    })
}

/// The text inside the quotes, if it begins and ends with the same one.
///
/// A quote alone is its own other end: it becomes the empty string.
fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        if text.starts_with(quote) && text.ends_with(quote) {
            return text.get(1..text.len() - 1).unwrap_or_default();
        }
    }
    text
}

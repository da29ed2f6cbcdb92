//! Replaces `%(name)s`, as configobj's default (`configparser`) interpolation.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Document, InterpolationError, Section, Value};

/// Values inside each other; see [`InterpolationError::TooDeep`].
const MAX_DEPTH: usize = 900;

/// Bytes of names looked up and of text put out for one value; see
/// [`InterpolationError::TooLarge`].
const MAX_WORK: usize = 64 << 10;

/// `text` as if it were written in the section at `path`.
pub(super) fn text<'a>(
    document: &Document,
    path: &[&str],
    text: &'a str,
) -> Result<Cow<'a, str>, InterpolationError> {
    let scope = scope(document, path).ok_or(InterpolationError::NoSection)?;
    expand(&scope, None, text, &mut 0)
}

/// The value of `key` in the section at `path`.
pub(super) fn entry<'a>(
    document: &'a Document,
    path: &[&str],
    key: &str,
) -> Result<Option<Cow<'a, Value>>, InterpolationError> {
    let Some(scope) = scope(document, path) else {
        return Ok(None);
    };
    let Some(entry) = scope.last().and_then(|section| section.get(key)) else {
        return Ok(None);
    };
    let mut work = 0;
    let expanded = match &entry.value {
        Value::Scalar(text) => match expand(&scope, Some(key), text, &mut work)? {
            Cow::Borrowed(_) => Cow::Borrowed(&entry.value),
            Cow::Owned(text) => Cow::Owned(Value::Scalar(text)),
        },
        Value::List(items) => {
            let items: Result<_, _> = items
                .iter()
                .map(|item| expand(&scope, Some(key), item, &mut work).map(Cow::into_owned))
                .collect();
            Cow::Owned(Value::List(items?))
        }
    };
    Ok(Some(expanded))
}

/// The sections from the root to the one at `path`.
fn scope<'a>(document: &'a Document, path: &[&str]) -> Option<Vec<&'a Section>> {
    let mut scope = vec![document.root()];
    for name in path {
        scope.push(scope.last()?.section(name)?);
    }
    Some(scope)
}

/// `text` with its references replaced, and those in what replaces them.
///
/// `key` is the one `text` belongs to, if any. A name is always looked up from
/// the innermost section of `scope`, wherever the reference was found; so the
/// names alone tell a loop.
fn expand<'a>(
    scope: &[&Section],
    key: Option<&str>,
    text: &'a str,
    work: &mut usize,
) -> Result<Cow<'a, str>, InterpolationError> {
    if Reference::first_in(text).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut output = String::new();
    let mut seen: HashSet<&str> = key.into_iter().collect();
    // The values being expanded: the rest of each, and the name it came from.
    let mut open = vec![(text, key)];
    while let Some((rest, name)) = open.pop() {
        let Some(reference) = Reference::first_in(rest) else {
            push(&mut output, rest, work)?;
            if let Some(name) = name {
                seen.remove(name);
            }
            continue;
        };
        push(&mut output, reference.before, work)?;
        let value = fetch(scope, reference.name, work)?;
        if !seen.insert(reference.name) {
            return Err(InterpolationError::Loop(reference.name.to_owned()));
        }
        let Value::Scalar(value) = value else {
            return Err(InterpolationError::NotText(reference.name.to_owned()));
        };
        open.push((reference.after, name));
        open.push((value, Some(reference.name)));
        if open.len() > MAX_DEPTH {
            return Err(InterpolationError::TooDeep);
        }
    }
    Ok(Cow::Owned(output))
}

/// Appends `text` unless there has been too much.
fn push(output: &mut String, text: &str, work: &mut usize) -> Result<(), InterpolationError> {
    spend(work, text.len())?;
    output.push_str(text);
    Ok(())
}

fn spend(work: &mut usize, cost: usize) -> Result<(), InterpolationError> {
    *work = work.saturating_add(cost);
    if *work > MAX_WORK { Err(InterpolationError::TooLarge) } else { Ok(()) }
}

/// The value of `name` as seen from the innermost section of `scope`.
fn fetch<'a>(scope: &[&'a Section], name: &str, work: &mut usize) -> Result<&'a Value, InterpolationError> {
    let mut is_section = false;
    for section in scope.iter().rev() {
        spend(work, name.len() + 1)?;
        if let Some(entry) = section.get(name) {
            return Ok(&entry.value);
        }
        if section.get("DEFAULT").is_some() {
            return Err(InterpolationError::DefaultIsKey);
        }
        let default = section.section("DEFAULT");
        if let Some(entry) = default.and_then(|default| default.get(name)) {
            return Ok(&entry.value);
        }
        // Python forgets a section it found, unless it was the last it tried.
        is_section = default.is_some_and(|default| default.section(name).is_some());
    }
    Err(if is_section {
        InterpolationError::NotText(name.to_owned())
    } else {
        InterpolationError::Missing(name.to_owned())
    })
}

/// A `%(name)s` and the text around it.
struct Reference<'a> {
    before: &'a str,
    name: &'a str,
    after: &'a str,
}

impl<'a> Reference<'a> {
    /// The first one: the name is anything but `)`, even `%(`.
    fn first_in(text: &'a str) -> Option<Self> {
        let mut from = 0;
        for (close, _) in text.match_indices(')') {
            let after = text.get(close + 1..)?;
            if let Some(after) = after.strip_prefix('s')
                && let Some((head, name)) = text.get(from..close)?.split_once("%(")
            {
                return Some(Self { before: text.get(..from + head.len())?, name, after });
            }
            from = close + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{document, list, scalar};
    use super::*;

    const NESTED: &str = "\
a = root
b = %(a)s
c = %(b)s/%(b)s
loop = %(pool)s
pool = x%(loop)s
here = [x]
items = %(a)s, %%, %(items)s
none = %(list)s
list = x,
[DEFAULT]
d = default %(a)s
[[e]]
[s]
a = inner
[[DEFAULT]]
f = near
[[t]]
";

    fn interpolate(path: &[&str], value: &str) -> Result<String, InterpolationError> {
        document(NESTED).interpolate(path, value).map(Cow::into_owned)
    }

    #[test]
    fn a_name_is_looked_up_from_the_section_outwards() {
        assert_eq!(interpolate(&[], "%(c)s!").as_deref(), Ok("root/root!"));
        // Even a value found further out sees the names of the innermost section.
        assert_eq!(interpolate(&["s", "t"], "%(c)s").as_deref(), Ok("inner/inner"));
        assert_eq!(interpolate(&["s", "t"], "%(f)s").as_deref(), Ok("near"));
        assert_eq!(interpolate(&["s", "t"], "%(d)s").as_deref(), Ok("default inner"));
        assert_eq!(interpolate(&["s", "u"], "x"), Err(InterpolationError::NoSection));
    }

    #[test]
    fn a_percent_sign_means_nothing_else() {
        for text in ["%s", "%Y-%m", "%%", "%(a)", "%(a) s", "100%", "%(a", "(a)s", "%a)s"] {
            assert_eq!(interpolate(&[], text).as_deref(), Ok(text));
        }
        assert_eq!(interpolate(&[], "%%(a)s").as_deref(), Ok("%root"));
        assert_eq!(interpolate(&[], "%(x)%(a)s").as_deref(), Ok("%(x)root"));
    }

    #[test]
    fn a_name_may_be_missing_a_loop_or_not_text() {
        use InterpolationError::{Loop, Missing, NotText};
        for name in ["x", "", "%(a", "DEFAULT"] {
            assert_eq!(interpolate(&[], &format!("%({name})s")), Err(Missing(name.to_owned())));
        }
        assert_eq!(interpolate(&[], "%(loop)s"), Err(Loop("loop".to_owned())));
        assert_eq!(interpolate(&["s"], "%(list)s"), Err(NotText("list".to_owned())));
        assert_eq!(interpolate(&["s"], "%(e)s"), Err(NotText("e".to_owned())));
        let document = document("[s]\nDEFAULT = 1\na = 2\nb = %(a)s\nc = %(d)s");
        assert_eq!(document.interpolate(&["s"], "%(a)s").as_deref(), Ok("2"));
        assert_eq!(document.interpolate(&["s"], "%(d)s"), Err(InterpolationError::DefaultIsKey));
    }

    #[test]
    fn the_value_of_a_key_is_interpolated_item_by_item() {
        let document = document(NESTED);
        let value = |path: &[&str], key: &str| document.value(path, key).map(|v| v.map(Cow::into_owned));
        assert_eq!(value(&[], "here"), Ok(Some(scalar("[x]"))));
        assert_eq!(value(&[], "b"), Ok(Some(scalar("root"))));
        assert_eq!(value(&[], "list"), Ok(Some(list(&["x"]))));
        assert_eq!(value(&[], "items"), Err(InterpolationError::Loop("items".to_owned())));
        assert_eq!(value(&[], "loop"), Err(InterpolationError::Loop("loop".to_owned())));
        assert_eq!(value(&["s"], "b"), Ok(None));
        assert_eq!(value(&["u"], "b"), Ok(None));
    }

    #[test]
    fn values_inside_each_other_have_an_end() {
        let chain = |n: usize| {
            let lines: String = (1..n).map(|i| format!("k{i} = %(k{})s\n", i - 1)).collect();
            let document = document(&format!("k0 = x\n{lines}"));
            document.interpolate(&[], &format!("%(k{})s", n - 1)).map(Cow::into_owned)
        };
        assert_eq!(chain(800).as_deref(), Ok("x"));
        assert_eq!(chain(2000), Err(InterpolationError::TooDeep));
        for last in ["", "x"] {
            let lines: String = (1..60).map(|i| format!("k{i} = %(k{0})s%(k{0})s\n", i - 1)).collect();
            let document = document(&format!("k0 = {last}\n{lines}"));
            assert_eq!(document.interpolate(&[], "%(k59)s"), Err(InterpolationError::TooLarge));
        }
    }

    #[test]
    fn the_items_of_a_list_share_one_end() {
        let big = "x".repeat(1 << 20);
        let document = document(&format!("big = {big}\nlist = {}", "%(big)s,".repeat(5)));
        assert_eq!(document.value(&[], "list"), Err(InterpolationError::TooLarge));
    }
}

//! The variables of a shell text, as far as their values are plain.

use std::collections::HashMap;

/// `PATH` after an assignment; `None` where its value is not plain text.
pub(super) fn changed_path(before: Option<&str>, value: &str) -> Option<String> {
    let names_itself = value.contains("$PATH") || value.contains("${PATH}");
    let value = match before {
        Some(before) => value.replace("${PATH}", before).replace("$PATH", before),
        None if names_itself => return None,
        None => value.to_owned(),
    };
    (!value.contains('$')).then_some(value)
}

/// `NAME=value`.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

/// The words of a variable's value: `$COMPOSE run certbot renew`, `${CERTBOT:-certbot} renew`; `$DIR/renew.sh` is one.
pub(super) fn resolved(word: &str, variables: &HashMap<&str, &str>) -> Vec<String> {
    let Some(rest) = word.strip_prefix('$') else { return vec![word.to_owned()] };
    let (inner, after) = match rest.strip_prefix('{') {
        Some(braced) => braced.split_once('}').unwrap_or((braced, "")),
        None => {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest.split_at(end)
        }
    };
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, d)| (name, Some(d)));
    match variables.get(name).copied().or(default) {
        Some(value) if after.is_empty() => value.split_whitespace().map(str::to_owned).collect(),
        Some(value) if after.starts_with('/') => vec![format!("{value}{after}")],
        _ => vec![word.to_owned()],
    }
}

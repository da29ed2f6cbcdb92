//! The `Key=value` lines of a unit file, as systemd reads them.

use std::path::{Path, PathBuf};

use crate::gather::fs::show;

/// One `Key=value` of a unit and its drop-ins, in the order in which systemd reads them.
pub(super) struct Directive {
    section: String,
    /// The word before the `=`.
    pub key: String,
    /// The text after it, trimmed, continued lines joined.
    pub value: String,
    file: PathBuf,
    line: usize,
}

impl Directive {
    /// `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", show(&self.file), self.line)
    }

    /// Whether it stands in this section.
    pub fn is_in(&self, section: &str) -> bool {
        self.section == section
    }
}

/// Reads a file's lines; those that are not UTF-8 are ignored, as systemd does.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>
pub(super) fn parse(text: &str, file: &Path) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut section = String::new();
    let mut joined = String::new();
    let mut first = None;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        // Comments may stand between the lines of one continued value.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let started = first.take().unwrap_or(number);
        if let Some(part) = line.strip_suffix('\\') {
            joined.push_str(part);
            joined.push(' ');
            first = Some(started);
            continue;
        }
        joined.push_str(line);
        let whole = std::mem::take(&mut joined);
        let line = whole.trim();
        if line.contains('\u{fffd}') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            directives.push(Directive {
                section: section.clone(),
                key: key.trim().into(),
                value: value.trim().into(),
                file: file.to_path_buf(),
                line: started,
            });
        }
    }
    directives
}

/// The last assignment of a setting; an empty one gives it its default back.
pub(super) fn last_set<'d>(
    directives: &'d [Directive],
    section: &str,
    keys: &[&str],
) -> Option<&'d Directive> {
    let matching = directives.iter().rev().find(|d| d.section == section && keys.contains(&d.key.as_str()));
    matching.filter(|d| !d.value.is_empty())
}

/// The last value of a setting.
pub(super) fn last<'d>(directives: &'d [Directive], section: &str, key: &str) -> Option<&'d str> {
    last_set(directives, section, &[key]).map(|d| d.value.as_str())
}

/// A boolean; what is none is ignored.
pub(super) fn flag(directives: &[Directive], section: &str, key: &str) -> bool {
    last(directives, section, key).is_some_and(|value| {
        ["1", "yes", "y", "true", "t", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
    })
}

/// The assignments of a list that an empty one to any of its keys clears, and the file that did so last.
pub(super) fn assigned<'d>(
    directives: &'d [Directive],
    section: &str,
    keys: &[&str],
) -> (Vec<&'d Directive>, Option<String>) {
    let mut list = Vec::new();
    let mut cleared = None;
    for d in directives.iter().filter(|d| d.section == section && keys.contains(&d.key.as_str())) {
        if d.value.is_empty() {
            list.clear();
            cleared = Some(show(&d.file));
        } else {
            list.push(d);
        }
    }
    (list, cleared)
}

/// The values of one list.
pub(super) fn values(directives: &[Directive], section: &str, key: &str) -> Vec<String> {
    assigned(directives, section, &[key]).0.into_iter().map(|d| d.value.clone()).collect()
}

/// Replaces the specifiers that only depend on the unit's name.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Specifiers>
pub(super) fn specifiers(text: &str, unit: &str) -> String {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some('n') => out.push_str(unit),
            Some('N') => out.push_str(stem),
            Some('p') => out.push_str(prefix),
            Some('i') => out.push_str(instance),
            Some('I') => out.push_str(&instance.replace('-', "/").replace("\\x2d", "-")),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

//! `Condition…=` and `Assert…=` of a unit, as far as it is certain that they fail.

use std::path::Path;

use rustix::fs::FileType;

use super::directives::{Directive, specifiers};
use super::{Look, gone};
use crate::facts::Ineffective;

const KINDS: [&str; 6] = [
    "PathExists",
    "PathIsDirectory",
    "PathIsSymbolicLink",
    "DirectoryNotEmpty",
    "FileNotEmpty",
    "FileIsExecutable",
];
/// They are made at boot: a tree on disk does not show them.
const VOLATILE: [&str; 6] = ["/run/", "/var/run/", "/proc/", "/sys/", "/dev/", "/tmp/"];

/// The first condition that surely keeps a unit from starting.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Conditions%20and%20Asserts>
pub(super) fn failing(look: &Look<'_>, directives: &[Directive], unit: &str) -> Option<Ineffective> {
    ["Condition", "Assert"].iter().find_map(|word| {
        let mut all: Vec<&Directive> = Vec::new();
        for d in directives.iter().filter(|d| d.is_in("Unit") && d.key.starts_with(word)) {
            // An empty one clears all of them, whatever their kinds.
            if d.value.is_empty() { all.clear() } else { all.push(d) }
        }
        let (any, each): (Vec<&Directive>, Vec<&Directive>) =
            all.into_iter().partition(|d| d.value.starts_with('|'));
        let fails = |d: &&Directive| surely_fails(look, d, word, unit);
        let alone = each.iter().find_map(|d| Some((*d, fails(d)?)));
        // Of those with a `|`, one that holds is enough.
        let (d, because) = alone.or_else(|| {
            let all: Option<Vec<String>> = any.iter().map(fails).collect();
            Some((*any.first()?, all?.into_iter().next()?))
        })?;
        Some(Ineffective::NotStarted(format!("{}={} of {}: {because}", d.key, d.value, d.place())))
    })
}

fn surely_fails(look: &Look<'_>, d: &Directive, word: &str, unit: &str) -> Option<String> {
    let kind = d.key.strip_prefix(word).filter(|kind| KINDS.contains(kind))?;
    let text = d.value.trim_start_matches('|').trim();
    let (negated, text) = text.strip_prefix('!').map_or((false, text), |text| (true, text.trim()));
    let text = specifiers(text, unit);
    let path = Path::new(&text);
    if !path.is_absolute() || text.contains('%') {
        return None;
    }
    let holds = match look.root.stat(path) {
        Ok(meta) => match kind {
            "PathExists" => true,
            "PathIsDirectory" => meta.kind == FileType::Directory,
            "FileNotEmpty" => meta.kind == FileType::RegularFile && meta.size > 0,
            "FileIsExecutable" => meta.kind == FileType::RegularFile && meta.mode & 0o111 != 0,
            _ => return None,
        },
        Err(_) => {
            let volatile = !look.root.is_live() && VOLATILE.iter().any(|dir| text.starts_with(dir));
            if volatile || !gone(look.root, path) {
                return None;
            }
            false
        }
    };
    (holds == negated).then(|| match (kind, look.root.exists(path)) {
        (_, false) => format!("{text} does not exist"),
        ("PathExists", true) => format!("{text} exists"),
        (_, true) if negated => format!("{text} is one"),
        (_, true) => format!("{text} is none"),
    })
}

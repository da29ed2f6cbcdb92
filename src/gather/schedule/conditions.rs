//! `Condition…=` and `Assert…=` lines of a unit that surely do not hold.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Conditions%20and%20Asserts>

use std::path::Path;

use super::units::{Directive, entries};
use crate::gather::fs::Root;

const TESTS: [&str; 3] = ["PathExists", "PathIsDirectory", "FileIsExecutable"];

/// The first line that keeps a unit from starting.
pub(super) fn unmet(root: &Root, directives: &[Directive]) -> Option<String> {
    ["Condition", "Assert"].iter().find_map(|kind| {
        TESTS.iter().find_map(|test| {
            let key = format!("{kind}{test}");
            let lines = entries(directives, "Unit", &[key.as_str()]);
            lines.iter().find_map(|d| {
                let holds = holds(root, test, d.value())?;
                (!holds).then(|| format!("{key}={} of {} does not hold", d.value(), d.place()))
            })
        })
    })
}

/// Whether a test holds; `None` where that cannot be told, or where one of several is enough (`|`).
fn holds(root: &Root, test: &str, value: &str) -> Option<bool> {
    let (wanted, path) = match value.strip_prefix('!') {
        Some(path) => (false, path),
        None => (true, value),
    };
    let volatile = ["/run", "/proc", "/sys", "/dev", "/tmp"].iter().any(|dir| path.starts_with(dir));
    if value.starts_with('|') || !path.starts_with('/') || path.contains('%') || (volatile && !root.is_live())
    {
        return None;
    }
    let path = Path::new(path);
    // In a tree of only a few folders nothing can be said of the others.
    let folder = path.ancestors().nth(1)?;
    if !root.is_live() && !root.is_dir(folder) {
        return None;
    }
    let found = match test {
        "PathIsDirectory" => root.is_dir(path),
        "FileIsExecutable" => root.stat(path).is_ok_and(|meta| meta.mode & 0o111 != 0),
        _ => root.exists(path),
    };
    Some(found == wanted)
}

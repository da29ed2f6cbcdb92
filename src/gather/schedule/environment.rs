//! The environment that a service's settings give to its command: `$CERTBOT_ARGS` from a package's file.

use std::collections::BTreeMap;
use std::path::Path;

use super::units::{Directive, entries};
use crate::facts::Role;
use crate::gather::fs::Root;

/// How much of a file is read.
const MAX_FILE: u64 = 64 << 10;

/// Names and values, the last assignment counting.
pub(super) type Environment = BTreeMap<String, String>;

/// What `Environment=` and the files of `EnvironmentFile=` say, the files last.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=>
pub(super) fn environment(root: &Root, directives: &[Directive]) -> Environment {
    let mut all = Environment::new();
    for d in entries(directives, "Service", &["Environment"]) {
        all.extend(super::shell::commands(d.value()).concat().iter().filter_map(|word| assignment(word)));
    }
    for d in entries(directives, "Service", &["EnvironmentFile"]) {
        let path = d.value().trim_start_matches('-');
        let Ok(text) = root.read_text(Path::new(path), MAX_FILE, Role::Other) else { continue };
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
        all.extend(lines.filter_map(assignment));
    }
    all
}

fn assignment(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim();
    let bare = [('"', '"'), ('\'', '\'')]
        .iter()
        .find_map(|(open, close)| value.strip_prefix(*open)?.strip_suffix(*close))
        .unwrap_or(value);
    Some((name.trim().to_owned(), bare.to_owned()))
}

/// A command with its variables replaced where they are known; unknown ones are empty, as systemd has them.
pub(super) fn expand(command: &str, environment: &Environment) -> String {
    let word = |word: &str| {
        let name = word.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or(word.strip_prefix('$'));
        match name
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty())
        {
            Some(name) => environment.get(name).cloned().unwrap_or_default(),
            None => word.to_owned(),
        }
    };
    if !command.contains('$') || environment.is_empty() {
        return command.to_owned();
    }
    let words = command.split(' ').map(word).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

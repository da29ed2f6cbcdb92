//! The variables of a service, and a command line with their values in it.

use std::collections::BTreeMap;
use std::path::Path;

use super::Look;
use super::directives::{Directive, specifiers, values};
use crate::facts::{Egress, Role, Why};

const MAX_FILE: u64 = 64 << 10;
/// How long a command may become.
const MAX_COMMAND: usize = 64 << 10;

/// What is known of a service's variables.
pub(super) struct Environment {
    set: BTreeMap<String, String>,
    /// All files were read: what is not set is empty.
    whole: bool,
    /// A file is there and was not read.
    unread: bool,
}

impl Environment {
    /// `Environment=`, then `EnvironmentFile=`, which overrides it.
    /// <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=>
    pub fn of(look: &Look<'_>, directives: &[Directive], unit: &str) -> Self {
        let mut set = BTreeMap::new();
        for value in values(directives, "Service", "Environment") {
            set.extend(assignments(&specifiers(&value, unit)));
        }
        let files = values(directives, "Service", "EnvironmentFile");
        let (mut whole, mut unread) = (!files.is_empty(), false);
        for file in files {
            let file = specifiers(&file, unit);
            let path = file.strip_prefix('-').unwrap_or(&file);
            match look.root.read_text(Path::new(path), MAX_FILE, Role::Other) {
                Ok(text) => set.extend(text.lines().filter_map(|line| {
                    let line = line.trim();
                    let (name, value) = line.split_once('=')?;
                    let value = value.trim();
                    let quoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
                    (!line.starts_with(['#', ';']))
                        .then(|| (name.trim().to_owned(), quoted.unwrap_or(value).to_owned()))
                })),
                Err(missing) => {
                    whole = false;
                    unread |= missing.why != Why::NotFound;
                }
            }
        }
        Self { set, whole, unread }
    }

    /// Those that decide how requests leave the host; a unit stands at `place`.
    pub fn egress(&self, place: &str) -> Egress {
        let unread = || format!("{place} names an EnvironmentFile that cannot be read");
        let mut egress = Egress { unclear: self.unread.then(unread), ..Egress::default() };
        self.set.iter().for_each(|(name, value)| egress.set(name, value, place));
        egress
    }

    /// The value of a variable, where it is known.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(String::as_str)
    }

    /// The command with the values that are known in it: `${NAME}` anywhere, `$NAME` where it is a word of its own.
    /// <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines>
    pub fn expand(&self, command: &str) -> String {
        if !command.contains('$') {
            return command.to_owned();
        }
        let mut out = String::new();
        for word in command.split_whitespace() {
            let expanded = self.word(word);
            if out.len().saturating_add(expanded.len()) > MAX_COMMAND {
                return command.to_owned();
            }
            if !out.is_empty() && !expanded.is_empty() {
                out.push(' ');
            }
            out.push_str(&expanded);
        }
        out
    }

    fn word(&self, word: &str) -> String {
        let name = word.strip_prefix('$').filter(|name| is_name(name));
        if let Some(name) = name {
            return match self.set.get(name) {
                Some(value) => value.clone(),
                None if self.whole => String::new(),
                None => word.to_owned(),
            };
        }
        let mut out = String::new();
        let mut rest = word;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let known = after.split_once('}').and_then(|(name, tail)| Some((self.set.get(name)?, tail)));
            let Some((value, tail)) = known.filter(|_| out.len() < MAX_COMMAND) else {
                out.push_str("${");
                rest = after;
                continue;
            };
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        out.replace("$$", "$")
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The assignments of an `Environment=`.
pub(super) fn assignments(text: &str) -> Vec<(String, String)> {
    words(text).iter().filter_map(|word| assignment(word)).collect()
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    is_name(name).then(|| (name.to_owned(), value.to_owned()))
}

/// Words as `Environment=` has them, quotes taken off.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

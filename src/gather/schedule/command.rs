//! What a command line would do for certbot's lineages: renew them, fail to, or have nothing to do with them.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::client::{Found, base, client_of, container, is_client, mentions_certbot};
use super::path::not_on_path;
use super::shell::commands;
use super::variables::{assignment, changed_path, resolved};
use super::words::{KEYWORDS, MENTIONS, PANELS, ROOTS, WRAPPERS};
use super::{Look, MAX_SCRIPT, gone};
use crate::facts::{Ineffective, Role, Why};
use crate::gather::fs::normalize;

/// How many words of one call are looked at.
const MAX_WORDS: usize = 200;
/// How deep `sudo sh -c "…"` and the like may be nested.
const MAX_DEPTH: usize = 3;

const SYSTEMD: [&str; 2] = ["/run/systemd/system", "/run/systemd/system/"];

/// The client that a shell command starts; bare names are looked up on `path` where one is given.
pub(super) fn recognise(look: &Look<'_>, command: &str, path: Option<&str>) -> Option<Found> {
    recognise_in(look, command, path, None)
}

/// The same in a working folder.
pub(super) fn recognise_in(
    look: &Look<'_>,
    command: &str,
    path: Option<&str>,
    folder: Option<&Path>,
) -> Option<Found> {
    let (path, folder) = (path.map(str::to_owned), folder.map(Path::to_path_buf));
    Judge { look, level: 0, scripts: &Cell::new(0), path, folder, own: None }.text(command, 0)
}

/// The client that the text of a script starts, which something else runs.
pub(super) fn recognise_script(look: &Look<'_>, text: &str, path: Option<&str>) -> Option<Found> {
    Judge { look, level: 1, scripts: &Cell::new(0), path: path.map(str::to_owned), folder: None, own: None }
        .script_text(text)
}

/// How deep scripts that call scripts are followed, and how many of them for one command.
const MAX_LEVEL: usize = 3;
const MAX_SCRIPTS: usize = 40;

struct Judge<'a> {
    look: &'a Look<'a>,
    /// How many scripts lie around this text.
    level: usize,
    /// How many scripts were read for this command.
    scripts: &'a Cell<usize>,
    /// Where bare names are looked up; `None` where that is not known.
    path: Option<String>,
    /// The working folder, where it is known.
    folder: Option<PathBuf>,
    /// Where the script lies that this text is of.
    own: Option<PathBuf>,
}

impl Judge<'_> {
    fn text(&self, text: &str, depth: usize) -> Option<Found> {
        let all = commands(text);
        // A function may be called below what sets its variables.
        let mut variables: HashMap<&str, &str> = HashMap::new();
        for words in all.iter().rev().filter(|words| words.iter().all(|word| assignment(word).is_some())) {
            variables.extend(words.iter().filter_map(|word| assignment(word)));
        }
        let mut guard: Option<Ineffective> = None;
        let mut best: Option<Found> = None;
        let mut path = self.path.clone();
        let mut folder = self.folder.clone();
        for (i, words) in all.iter().enumerate() {
            let assigned = words.iter().take_while(|word| assignment(word).is_some()).count();
            let exports = usize::from(words.first().is_some_and(|word| word == "export"));
            if assigned == words.len() || exports == 1 {
                let settings = words.iter().skip(exports).filter_map(|word| assignment(word));
                for (name, value) in settings {
                    if name == "PATH" {
                        path = changed_path(path.as_deref(), value);
                    }
                    variables.insert(name, value);
                }
                continue;
            }
            let negated =
                words.iter().take_while(|word| KEYWORDS.contains(&word.as_str())).any(|word| word == "!");
            let own = words.iter().filter_map(|word| assignment(word)).find(|(name, _)| *name == "PATH");
            let call: Vec<String> = words
                .iter()
                .map(String::as_str)
                .skip_while(|word| KEYWORDS.contains(word) || assignment(word).is_some())
                .flat_map(|word| resolved(word, &variables))
                .take(MAX_WORDS)
                .collect();
            let call: Vec<&str> = call.iter().map(String::as_str).collect();
            match call.first() {
                Some(&("test" | "[" | "[[")) => {
                    let leaves = all
                        .get(i + 1)
                        .is_some_and(|next| next.iter().any(|word| word == "exit" || word == "return"));
                    guard = guard.or_else(|| self.guard(&call, negated, leaves));
                    continue;
                }
                Some(&"cd") => {
                    folder = match call.get(1) {
                        // `cd "$(dirname "$0")"`
                        Some(to) if to.starts_with('$') => self.own.clone(),
                        Some(to) if !to.starts_with(['-', '~']) => Some(folder.unwrap_or_default().join(to)),
                        _ => None,
                    };
                    continue;
                }
                // What is read in can set anything.
                Some(&("." | "source" | "eval")) => path = None,
                _ => {}
            }
            let here = match own {
                Some((_, value)) => changed_path(path.as_deref(), value),
                None => path.clone(),
            };
            let Some(mut found) =
                (Judge { path: here, folder: folder.clone(), own: self.own.clone(), ..*self })
                    .call(&call, depth)
            else {
                continue;
            };
            found.renews = guard.clone().map_or(found.renews, Err);
            if best.as_ref().is_none_or(|best| found.weight() > best.weight()) {
                best = Some(found);
            }
            if best.as_ref().is_some_and(Found::is_renewal) {
                break;
            }
        }
        best
    }

    /// `test -x /usr/bin/certbot -a ! -d /run/systemd/system`, and the same the other way round before an `exit`.
    fn guard(&self, call: &[&str], negated: bool, leaves: bool) -> Option<Ineffective> {
        for (i, pair) in call.windows(2).enumerate() {
            let &[test, path] = pair else { continue };
            let not = i.checked_sub(1).and_then(|i| call.get(i)).is_some_and(|word| *word == "!") != negated;
            if test == "-d" && SYSTEMD.contains(&path) && (not || leaves) && self.look.os.systemd {
                return Some(Ineffective::GuardedAgainstSystemd);
            }
            if test == "-x" && !not && is_client(path) && gone(self.look.root, Path::new(path)) {
                return Some(Ineffective::ProgramMissing(path.into()));
            }
        }
        None
    }

    fn call(&self, words: &[&str], depth: usize) -> Option<Found> {
        let (&program, rest) = words.split_first()?;
        let name = base(program);
        if depth > MAX_DEPTH || MENTIONS.contains(&name) {
            return None;
        }
        if client_of(program).is_some() {
            return self.client(program, rest);
        }
        // What a file that is read in may set.
        if let Some(variable) = program.strip_prefix('$').filter(|rest| !rest.starts_with('/')) {
            let named = mentions_certbot(&variable.to_ascii_lowercase()) && rest.contains(&"renew");
            return named.then(|| Found::elsewhere(Ok(())));
        }
        let mut found = self.by_program(program, rest, depth)?;
        // snapd's own program is not asked for: its units are made by it.
        if name != "snap" && program.starts_with('/') && gone(self.look.root, Path::new(program)) {
            found.renews = found.renews.and(Err(Ineffective::ProgramMissing(program.into())));
        }
        // sudo and its kin have users and search paths of their own.
        found.own_right &= !ROOTS.contains(&name);
        Some(found)
    }

    fn by_program(&self, program: &str, rest: &[&str], depth: usize) -> Option<Found> {
        let name = base(program);
        let after_c = rest.iter().position(|word| shell_option(word)).and_then(|at| rest.get(at + 1));
        match name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" => match after_c {
                Some(text) if is_login(rest) => self.anywhere().text(text, depth + 1),
                Some(text) => self.text(text, depth + 1),
                None => self.script(rest.iter().find(|word| !word.starts_with('-'))?),
            },
            "su" | "runuser" if after_c.is_some() => self.anywhere().text(after_c?, depth + 1),
            "docker" | "podman" | "nerdctl" => container(rest).map(Found::elsewhere),
            "docker-compose" | "podman-compose" => {
                container(&[&["compose"], rest].concat()).map(Found::elsewhere)
            }
            "systemctl" => {
                let starts = rest.iter().any(|word| ["start", "restart", "try-restart"].contains(word));
                let unit = rest.iter().any(|word| !word.starts_with('-') && mentions_certbot(word));
                let runs = starts && unit && !rest.iter().any(|word| word.ends_with(".timer"));
                runs.then(|| Found::elsewhere(Ok(())))
            }
            // `snap run --timer=… certbot.renew`, as snapd writes it.
            "snap" if rest.first() == Some(&"run") && rest.contains(&"certbot.renew") => {
                Some(Found::elsewhere(Ok(())))
            }
            "php" | "node" | "ruby" => self.other_script(rest),
            "make" | "gmake" => self.makefile(rest),
            "command" if rest.first().is_some_and(|word| word.starts_with('-')) => None,
            _ if ROOTS.contains(&name) || name == "env" => self.anywhere().wrapped(rest, depth),
            _ if WRAPPERS.contains(&name) => self.wrapped(rest, depth),
            _ if name.starts_with("python") => {
                let Some(at) = rest.iter().position(|word| is_client(word)) else {
                    return self.other_script(rest);
                };
                // What python is given is a module or a file, and no name for PATH.
                self.anywhere().client(rest.get(at)?, rest.get(at + 1..)?)
            }
            _ if PANELS.contains(&program) || name == "letsencrypt-cron.pl" => Some(Found::elsewhere(Ok(()))),
            // A name without a folder is no script of the working folder.
            _ => program.contains('/').then(|| self.script(program)).flatten().or_else(|| {
                let at = rest.iter().position(|word| is_client(word))?;
                let after = rest.get(at + 1..)?;
                let call = || self.anywhere().client(rest.get(at)?, after);
                after.contains(&"renew").then(call).flatten()
            }),
        }
    }

    /// The same where `PATH` is not known.
    fn anywhere(&self) -> Judge<'_> {
        Judge { path: None, folder: self.folder.clone(), own: self.own.clone(), ..*self }
    }

    /// The program somewhere after `sudo -u root`, `timeout 1h` and the like.
    fn wrapped(&self, words: &[&str], depth: usize) -> Option<Found> {
        for (at, word) in words.iter().enumerate() {
            if MENTIONS.contains(&base(word)) {
                return None;
            }
            if word.starts_with('-') || assignment(word).is_some() {
                continue;
            }
            let found = self.call(words.get(at..)?, depth + 1);
            // Another wrapper has looked at all that follows it.
            if found.is_some() || WRAPPERS.contains(&base(word)) {
                return found;
            }
        }
        None
    }

    fn client(&self, program: &str, words: &[&str]) -> Option<Found> {
        let mut found = Found::of(client_of(program)?, words)?;
        if program.starts_with('/') && gone(self.look.root, Path::new(program)) {
            found.renews = Err(Ineffective::ProgramMissing(program.into()));
        } else if let (Ok(()), Some(path)) = (&found.renews, &self.path) {
            found.renews = not_on_path(self.look.root, program, path).map_or(Ok(()), Err);
        }
        Some(found)
    }

    /// A script that is called by its path.
    fn script(&self, program: &str) -> Option<Found> {
        if self.level >= MAX_LEVEL || self.scripts.get() >= MAX_SCRIPTS {
            return None;
        }
        let path = &match (program.strip_prefix("$/"), &self.own) {
            // `"$DIR/renew.sh"` with `DIR=$(cd "$(dirname "$0")" && pwd)`
            (Some(rest), Some(own)) => normalize(own, Path::new(rest)),
            _ => normalize(self.folder.as_deref().unwrap_or(Path::new("")), Path::new(program)),
        };
        if !path.is_absolute() {
            return None;
        }
        self.scripts.set(self.scripts.get() + 1);
        if gone(self.look.root, path) {
            let missing = || Found::elsewhere(Err(Ineffective::ProgramMissing(program.into())));
            return mentions_certbot(program).then(missing);
        }
        match self.look.root.read_text(path, MAX_SCRIPT, Role::Schedule) {
            Ok(text) => {
                let (path, own) = (self.path.clone(), path.parent().map(Path::to_path_buf));
                Judge { level: self.level + 1, path, folder: self.folder.clone(), own, ..*self }
                    .script_text(&text)
            }
            // A script that this process may not read, or that the tree does not hold, is taken at its name.
            Err(missing) if matches!(missing.why, Why::Denied | Why::NotFound) => {
                mentions_certbot(base(program)).then(|| Found::elsewhere(Ok(())))
            }
            Err(_) => None,
        }
    }

    /// `make -C DIR renew`: a call is seen, but not which goal it belongs to.
    fn makefile(&self, words: &[&str]) -> Option<Found> {
        let folder = words.iter().position(|word| *word == "-C").and_then(|at| words.get(at + 1))?;
        let text =
            self.look.root.read_text(&Path::new(folder).join("Makefile"), MAX_SCRIPT, Role::Other).ok()?;
        (mentions_certbot(&text) && text.contains("renew")).then(|| Found::elsewhere(Ok(())))
    }

    fn script_text(&self, text: &str) -> Option<Found> {
        let first = text.lines().next().unwrap_or_default();
        if text.contains('\0') {
            return None;
        }
        if first.starts_with("#!") && text.contains(&format!("{first}\r\n")) {
            let mut found = self.text(&text.replace('\r', ""), 0)?;
            let interpreter = first.trim_start_matches("#!").trim();
            found.renews =
                Err(Ineffective::ProgramMissing(format!("`{interpreter}\\r` (Windows line ends)")));
            return Some(found);
        }
        if !first.starts_with("#!") || first.contains("sh") {
            // A login shell reads /etc/profile first.
            let login = first.split_whitespace().any(|word| word.starts_with('-') && word.contains('l'));
            return if login { self.anywhere().text(text, 0) } else { self.text(text, 0) };
        }
        other_text(text)
    }

    /// The script that an interpreter other than a shell is given.
    fn other_script(&self, words: &[&str]) -> Option<Found> {
        let program = words.iter().find(|word| !word.starts_with('-'))?;
        let path = normalize(self.folder.as_deref().unwrap_or(Path::new("")), Path::new(program));
        if !path.is_absolute() {
            return None;
        }
        other_text(&self.look.root.read_text(&path, MAX_SCRIPT, Role::Other).ok()?)
    }
}

/// Python, Perl and others: a call is seen, but not its guards.
fn other_text(text: &str) -> Option<Found> {
    let names = |line: &str| !line.trim_start().starts_with('#') && mentions_certbot(line);
    (text.lines().any(names) && text.contains("renew")).then(|| Found::elsewhere(Ok(())))
}

/// `-c`, `-lc`, `-ec` and `--command`.
fn shell_option(word: &str) -> bool {
    word == "--command" || word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// `bash -lc`, `bash --login -c`.
fn is_login(words: &[&str]) -> bool {
    let short = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains(['l', 'i']);
    words.iter().take_while(|word| word.starts_with('-')).any(|word| *word == "--login" || short(word))
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;

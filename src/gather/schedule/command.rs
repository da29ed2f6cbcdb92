//! What a command line would do for certbot's lineages: renew them, fail to, or have nothing to do with them.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

use super::client::{Renews, base, container, is_client, mentions_certbot, other, verb};
use super::shell::commands;
use super::{Look, gone, search};
use crate::facts::{Client, Ineffective, Purpose, Role, Why};

/// How much of a script is read.
const MAX_SCRIPT: u64 = 256 << 10;
/// How many words of one call are looked at.
const MAX_WORDS: usize = 200;
/// How deep `sudo sh -c "…"` and the like may be nested.
const MAX_DEPTH: usize = 3;

/// Programs that have other programs among their words.
const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "env",
    "nice",
    "ionice",
    "timeout",
    "flock",
    "chronic",
    "cronic",
    "exec",
    "nohup",
    "time",
    "setsid",
    "systemd-cat",
    "systemd-run",
    "systemd-inhibit",
    "runuser",
    "su",
    "chrt",
    "stdbuf",
    "unbuffer",
    "command",
    "eval",
    "run-one",
    "setlock",
    "lockf",
    "xargs",
    "caffeinate",
    "snap",
    "watch",
    "faketime",
    "chpst",
    "softlimit",
];
/// Programs that only mention their words.
const MENTIONS: &[&str] = &[
    "test", "[", "[[", "which", "type", "hash", "echo", "printf", "rm", "ls", "cat", "grep", "egrep",
    "logger", "mail", "pgrep", "pkill", "kill", "killall", "service", "touch", "chown", "chmod", "cp", "mv",
    "ln", "rsync", "scp", "tar", "mkdir", "cd", "find", "apt", "apt-get", "dnf", "yum", "apk", "pip", "pip3",
    "man", "tail", "head", "sed", "awk", "perl", "true", "false", "sleep", "exit", "return", "export",
    "readonly", "local", "case", "for", "alias",
];
const KEYWORDS: &[&str] = &["if", "then", "else", "elif", "while", "until", "do", "{", "}", "!"];
/// What acme-audit can be told besides looking and renewing.
const OTHER_VERBS: [&str; 8] = ["explain", "facts", "demo", "schedule", "config", "probe", "migrate", "help"];
const SYSTEMD: [&str; 2] = ["/run/systemd/system", "/run/systemd/system/"];

/// What a command does for lineages.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// Whether it does, and why not.
    pub renews: Renews,
    /// The client that it calls.
    pub client: Client,
    /// What for.
    pub purpose: Purpose,
}

/// Judges a shell command, or a systemd `ExecStart=`; `None` where no client is called. `path` is where bare names of
/// programs are searched, where that is known.
pub(super) fn judge(look: &Look<'_>, command: &str, path: Option<&str>) -> Option<Judged> {
    judged(look, 0, path, |judge| judge.text(command, 0))
}

/// Judges the text of a script that something else runs.
pub(super) fn judge_script(look: &Look<'_>, text: &str, path: Option<&str>) -> Option<Judged> {
    judged(look, 1, path, |judge| judge.script_text(text))
}

fn judged(
    look: &Look<'_>,
    level: usize,
    path: Option<&str>,
    text: impl Fn(&Judge<'_>) -> Option<Renews>,
) -> Option<Judged> {
    let seen = Cell::new((Client::Certbot, Purpose::Renews));
    let renews = text(&Judge { look, level, scripts: &Cell::new(0), seen: &seen, path })?;
    let (client, purpose) = seen.get();
    Some(Judged { renews, client, purpose })
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
    /// The client that was called last, and what for.
    seen: &'a Cell<(Client, Purpose)>,
    /// Where bare names are searched; `None` where that is not known.
    path: Option<&'a str>,
}

impl Judge<'_> {
    fn text(&self, text: &str, depth: usize) -> Option<Renews> {
        let all = commands(text);
        let mut variables: HashMap<&str, &str> = HashMap::new();
        let mut guard: Option<Ineffective> = None;
        let mut first: Option<Renews> = None;
        for (i, words) in all.iter().enumerate() {
            let exported = words.first().is_some_and(|word| word == "export" || word == "readonly");
            let settings = words.iter().skip(usize::from(exported));
            let assigned = settings.clone().take_while(|word| assignment(word).is_some()).count();
            if assigned > 0 && assigned == settings.len() {
                variables.extend(settings.filter_map(|word| assignment(word)));
                continue;
            }
            // `PATH=… certbot renew` and a line `PATH=…` before it.
            let own = words.iter().filter_map(|word| assignment(word)).find(|(name, _)| *name == "PATH");
            let own = own.map(|(_, value)| value).or(variables.get("PATH").copied());
            let judge = match own {
                Some(value) if value.contains('$') => Judge { path: None, ..*self },
                Some(value) => Judge { path: Some(value), ..*self },
                None => Judge { ..*self },
            };
            let negated =
                words.iter().take_while(|word| KEYWORDS.contains(&word.as_str())).any(|word| word == "!");
            let call: Vec<&str> = words
                .iter()
                .map(String::as_str)
                .skip_while(|word| KEYWORDS.contains(word) || assignment(word).is_some())
                .map(|word| resolve(word, &variables))
                .take(MAX_WORDS)
                .collect();
            if matches!(call.first(), Some(&("test" | "[" | "[["))) {
                let leaves = all
                    .get(i + 1)
                    .is_some_and(|next| next.iter().any(|word| word == "exit" || word == "return"));
                guard = guard.or_else(|| self.guard(&call, negated, leaves));
            } else if let Some(renews) = judge.call(&call, depth) {
                match guard.clone().map_or(renews, Err) {
                    Ok(()) => return Some(Ok(())),
                    Err(why) => first = first.or(Some(Err(why))),
                }
            }
        }
        first
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

    fn call(&self, words: &[&str], depth: usize) -> Option<Renews> {
        let (&program, rest) = words.split_first()?;
        let name = base(program);
        if depth > MAX_DEPTH || MENTIONS.contains(&name) {
            return None;
        }
        if is_client(program) {
            return self.client(program, rest);
        }
        if let Some((client, renews)) = other(program, rest) {
            self.seen.set((client, Purpose::Renews));
            let missing = program.starts_with('/') && gone(self.look.root, Path::new(program));
            return Some(if missing { Err(Ineffective::ProgramMissing(program.into())) } else { renews });
        }
        let renews = self.by_program(program, rest, depth)?;
        // snapd's own program is not asked for: its units are made by it.
        let missing = name != "snap" && program.starts_with('/') && gone(self.look.root, Path::new(program));
        Some(if missing { renews.and(Err(Ineffective::ProgramMissing(program.into()))) } else { renews })
    }

    fn by_program(&self, program: &str, rest: &[&str], depth: usize) -> Option<Renews> {
        let name = base(program);
        let after_c = rest.iter().position(|word| shell_option(word)).and_then(|at| rest.get(at + 1));
        match name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" => match after_c {
                // A login shell reads files that set the PATH.
                Some(text) if rest.iter().any(|word| word.starts_with("-l") || *word == "--login") => {
                    Judge { path: None, ..*self }.text(text, depth + 1)
                }
                Some(text) => self.text(text, depth + 1),
                None => self.script(rest.iter().find(|word| !word.starts_with('-'))?),
            },
            "su" | "runuser" if after_c.is_some() => Judge { path: None, ..*self }.text(after_c?, depth + 1),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => container(rest),
            "systemctl" => {
                let starts = rest.iter().any(|word| ["start", "restart", "try-restart"].contains(word));
                let unit = rest.iter().any(|word| !word.starts_with('-') && mentions_certbot(word));
                (starts && unit && !rest.iter().any(|word| word.ends_with(".timer"))).then_some(Ok(()))
            }
            // `snap run --timer=… certbot.renew`, as snapd writes it.
            "snap" if rest.first() == Some(&"run") && rest.contains(&"certbot.renew") => Some(Ok(())),
            "command" if rest.first().is_some_and(|word| word.starts_with('-')) => None,
            // sudo and env have paths of their own.
            "sudo" | "doas" | "env" | "systemd-run" => Judge { path: None, ..*self }.wrapped(rest, depth),
            _ if WRAPPERS.contains(&name) => self.wrapped(rest, depth),
            _ if name.starts_with("python") => {
                let at = rest.iter().position(|word| is_client(word))?;
                self.client(rest.get(at)?, rest.get(at + 1..)?)
            }
            _ => self.script(program).or_else(|| {
                let at = rest.iter().position(|word| is_client(word))?;
                let after = rest.get(at + 1..)?;
                after.contains(&"renew").then(|| self.client(rest.get(at)?, after)).flatten()
            }),
        }
    }

    /// The program somewhere after `sudo -u root`, `timeout 1h` and the like.
    fn wrapped(&self, words: &[&str], depth: usize) -> Option<Renews> {
        for (at, word) in words.iter().enumerate() {
            if MENTIONS.contains(&base(word)) {
                return None;
            }
            if word.starts_with('-') || assignment(word).is_some() {
                continue;
            }
            let renews = self.call(words.get(at..)?, depth + 1);
            // Another wrapper has looked at all that follows it.
            if renews.is_some() || WRAPPERS.contains(&base(word)) {
                return renews;
            }
        }
        None
    }

    fn client(&self, program: &str, words: &[&str]) -> Option<Renews> {
        if program.starts_with('/') && gone(self.look.root, Path::new(program)) {
            return Some(Err(Ineffective::ProgramMissing(program.into())));
        }
        if let Some(path) =
            self.path.filter(|path| !program.contains('/') && search::fails(self.look.root, path, program))
        {
            return Some(Err(Ineffective::NotOnPath(program.into(), path.to_owned())));
        }
        if base(program) == "acme-audit" {
            let renews = words.contains(&"renew") && !words.contains(&"--dry-run");
            let looks = !renews && !words.iter().any(|word| OTHER_VERBS.contains(word));
            if looks || renews {
                self.seen.set((Client::AcmeAudit, if renews { Purpose::Renews } else { Purpose::Audits }));
            }
            return (looks || renews).then_some(Ok(()));
        }
        self.seen.set((Client::Certbot, Purpose::Renews));
        Some(verb(words))
    }

    /// A script that is called by its path.
    fn script(&self, program: &str) -> Option<Renews> {
        if self.level >= MAX_LEVEL || self.scripts.get() >= MAX_SCRIPTS || !program.starts_with('/') {
            return None;
        }
        self.scripts.set(self.scripts.get() + 1);
        let path = Path::new(program);
        if gone(self.look.root, path) {
            return mentions_certbot(program).then(|| Err(Ineffective::ProgramMissing(program.into())));
        }
        match self.look.root.read_text(path, MAX_SCRIPT, Role::Schedule) {
            Ok(text) => Judge { level: self.level + 1, ..*self }.script_text(&text),
            // A script that this process may not read, or that the tree does not hold, is taken at its name.
            Err(missing) if matches!(missing.why, Why::Denied | Why::NotFound) => {
                mentions_certbot(base(program)).then_some(Ok(()))
            }
            Err(_) => None,
        }
    }

    fn script_text(&self, text: &str) -> Option<Renews> {
        let first = text.lines().next().unwrap_or_default();
        if text.contains('\0') {
            return None;
        }
        if !first.starts_with("#!") || first.contains("sh") {
            return self.text(text, 0);
        }
        // Python, Perl and others: a call is seen, but not its guards.
        let names = |line: &str| !line.trim_start().starts_with('#') && mentions_certbot(line);
        (text.lines().any(names) && text.contains("renew")).then_some(Ok(()))
    }
}

/// `-c`, `-lc`, `-ec` and `--command`.
fn shell_option(word: &str) -> bool {
    word == "--command" || word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

fn resolve<'a>(word: &'a str, variables: &HashMap<&'a str, &'a str>) -> &'a str {
    let name =
        word.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| word.strip_prefix('$'));
    name.and_then(|name| variables.get(name).copied()).unwrap_or(word)
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;

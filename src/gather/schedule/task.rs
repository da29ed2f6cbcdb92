//! What one run of a command does: which lineages, how long it waits, and where its output goes.

use std::path::Path;

use super::client::{Found, base, client_of, mentions_certbot};
use super::pause::span;
use super::shell::commands;
use super::{Look, MAX_SCRIPT, surroundings};
use crate::facts::{Role, Task};

/// How deep `sh -c "…"` is read.
const MAX_DEPTH: usize = 3;
const FORCES: [&str; 3] = ["--force-renewal", "--force-renew", "--renew-by-default"];
const DISCARDS: [&str; 4] = [">/dev/null 2>&1", "&>/dev/null", ">&/dev/null", ">/dev/null 2>/dev/null"];

/// Reads a command, and the script that it names, for what a run of it does; `place` is its `file:line`.
pub(super) fn task(look: &Look<'_>, found: &Found, command: &str, place: &str) -> Task {
    let mut task = Task { purpose: found.purpose, ..Task::default() };
    read(&mut task, command, place, 0);
    settle(&mut task);
    let script = command.split_whitespace().find(|word| {
        word.starts_with('/')
            && client_of(word).is_none()
            && !word.starts_with("/dev/")
            && look.root.exists(Path::new(word))
    });
    if let Some(path) = script {
        script_task(look, &mut task, path);
        settle(&mut task);
    }
    task
}

/// What names a lineage at run time, or none, means all of them.
fn settle(task: &mut Task) {
    if task.only.iter().any(|name| name.is_empty() || name.contains(['$', '`', '*'])) {
        task.only.clear();
        task.names.clear();
    }
}

/// The same for a script that something else runs.
pub(super) fn script(look: &Look<'_>, found: &Found, path: &str) -> Task {
    let mut task = Task { purpose: found.purpose, ..Task::default() };
    script_task(look, &mut task, path);
    settle(&mut task);
    task
}

fn script_task(look: &Look<'_>, task: &mut Task, path: &str) {
    let Ok(text) = look.root.read_text(Path::new(path), MAX_SCRIPT, Role::Other) else { return };
    if text.starts_with("#!") && text.contains("sh") && !text.contains('\0') {
        read(task, &text, path, 0);
        // The line is more telling than the file.
        if let Some((flag, place)) = task.forced.as_mut().filter(|(_, place)| place == path) {
            let line = text
                .lines()
                .position(|line| !line.trim_start().starts_with('#') && line.contains(flag.as_str()));
            *place = line.map_or_else(|| path.to_owned(), |i| format!("{path}:{}", i + 1));
        }
    }
}

fn read(task: &mut Task, text: &str, place: &str, depth: usize) {
    for words in commands(text) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        surroundings::command(&mut task.egress, &words, place);
        for (i, word) in words.iter().enumerate() {
            let rest = words.get(i + 1..).unwrap_or_default();
            match base(word) {
                "timeout" => limit(task, rest),
                "sleep" => task.sleeps = task.sleeps.max(rest.first().and_then(|w| span(w)).unwrap_or(0)),
                name if name.starts_with("perl") || name.starts_with("python") => {
                    let pause = rest.iter().find(|word| word.contains("sleep")).map_or(0, |code| pause(code));
                    task.sleeps = task.sleeps.max(pause);
                }
                // What a shell is given with -c, but no hook.
                "-c" | "-lc" | "-ec" | "-ic" if depth < MAX_DEPTH => {
                    read(task, rest.first().copied().unwrap_or_default(), place, depth + 1);
                }
                _ => {}
            }
        }
        let client = words.iter().position(|word| client_of(word).is_some() || is_image(word));
        if let Some(rest) = client.and_then(|at| words.get(at + 1..)) {
            options(task, rest, place);
            if task.discards.is_none() {
                task.discards = discards(&words, rest);
            }
        }
    }
    // `sleep $((RANDOM % 3600))`: the shell's arithmetic is no word of a command to us.
    task.sleeps = task.sleeps.max(arithmetic(text));
}

/// `certbot/certbot` and its kin, and the service of a compose file.
fn is_image(word: &str) -> bool {
    !word.starts_with(['-', '/', '.'])
        && !word.contains(":/")
        && !word.contains('=')
        && mentions_certbot(word)
}

fn options(task: &mut Task, words: &[&str], place: &str) {
    let names = |word: &&str| *word == "--cert-name" || word.starts_with("--cert-name=");
    if !words.iter().any(names) {
        if words.contains(&"renew") {
            // Beside commands that name one, this one renews all of them.
            task.only.push(String::new());
        } else {
            task.names.extend(first_name(words));
        }
    }
    for (i, word) in words.iter().enumerate() {
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        let value = || value.or_else(|| words.get(i + 1).copied()).map(str::to_owned);
        match name {
            "--cert-name" => task.only.extend(value().filter(|name| !task.only.contains(name))),
            "--config-dir" => task.config_dir = value().or(task.config_dir.take()),
            "--logs-dir" => task.logs_dir = value().or(task.logs_dir.take()),
            "--no-random-sleep-on-renew" => task.no_random_sleep = true,
            _ if FORCES.contains(&name) && task.forced.is_none() => {
                task.forced = Some((name.to_owned(), place.to_owned()));
            }
            _ => {}
        }
    }
}

/// The first of the names that `-d`, `--domain` or `--domains` gives: certbot calls the lineage after it.
fn first_name(words: &[&str]) -> Option<String> {
    let list = words.iter().enumerate().find_map(|(i, word)| match word.split_once('=') {
        Some(("--domain" | "--domains", list)) => Some(list),
        _ if ["-d", "--domain", "--domains"].contains(word) => words.get(i + 1).copied(),
        _ => word.strip_prefix("-d").filter(|list| list.contains('.')),
    })?;
    list.split(',').next().map(str::to_owned)
}

/// `timeout -k 10 300 certbot renew`. <https://www.gnu.org/software/coreutils/timeout>
fn limit(task: &mut Task, words: &[&str]) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-k" | "--kill-after" | "-s" | "--signal" => {
                words.next();
            }
            word if word.starts_with('-') => {}
            word => {
                // 0 stands for no limit.
                if let Some(seconds) = span(word).filter(|seconds| *seconds > 0) {
                    task.time_limit = Some((seconds, format!("timeout {word}")));
                }
                return;
            }
        }
    }
}

/// The greatest number of a line of Perl or Python that sleeps: `sleep int(rand(43200))`.
fn pause(code: &str) -> u64 {
    let after = code.rsplit_once("sleep").map_or("", |(_, after)| after);
    let numbers = after.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|n| n.parse::<u64>().ok()).filter(|n| *n < 10_000_000).max().unwrap_or(0)
}

fn arithmetic(text: &str) -> u64 {
    let mut greatest = 0;
    for after in text.split("sleep $((").skip(1).take(20) {
        let inside = after.split("))").next().unwrap_or_default();
        let modulus = inside.rsplit_once('%').map_or("", |(_, after)| after);
        let digits: String =
            modulus.chars().skip_while(|c| c.is_whitespace()).take_while(char::is_ascii_digit).collect();
        greatest = greatest.max(digits.parse::<u64>().unwrap_or(0));
    }
    greatest
}

/// What throws both outputs away, or the errors of a certbot that says nothing else.
fn discards(words: &[&str], options: &[&str]) -> Option<String> {
    // A redirection inside a hook is the hook's.
    let joined: String = words.iter().copied().filter(|word| !word.contains(' ')).collect();
    let both = [">/dev/null2>&1", "&>/dev/null", ">&/dev/null", ">/dev/null2>/dev/null", "1>/dev/null2>&1"];
    if let Some(at) = both.iter().position(|form| joined.contains(form)) {
        return DISCARDS.get(at).or(DISCARDS.first()).map(|form| (*form).to_owned());
    }
    let quiet = options.iter().any(|word| ["-q", "--quiet"].contains(word));
    (quiet && joined.contains("2>/dev/null")).then(|| "2>/dev/null".to_owned())
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;

//! What one run does besides renewing: the flags of the client, and what stands around it.

use std::path::Path;

use super::Look;
use super::client::{base, is_client};
use super::shell::{Words, commands};
use crate::calendar::seconds;
use crate::facts::{Role, Task};

/// How much of a script is read.
const MAX_SCRIPT: u64 = 256 << 10;
const FORCED: [&str; 4] = ["--force-renewal", "--force-renew", "--renew-by-default", "--force"];

/// Reads it from a command and from the script that it names; `place` is the `file:line` of the command.
pub(super) fn task(look: &Look<'_>, command: &str, place: &str) -> Task {
    let mut task = Task::default();
    read(&mut task, command, place);
    for words in commands(command) {
        let Some(script) = words.iter().find(|word| word.starts_with('/')) else { continue };
        if is_client(script) || script.contains("/bin/") && !script.contains("/local/") {
            continue;
        }
        if let Ok(text) = look.root.read_text(Path::new(script), MAX_SCRIPT, Role::Other) {
            read(&mut task, &text, script);
        }
    }
    task
}

fn read(task: &mut Task, text: &str, place: &str) {
    if text.contains('\0') {
        return;
    }
    task.sleeps = task.sleeps.saturating_add(random_sleep(text));
    for words in commands(text) {
        sleeps(task, &words);
        let Some(at) = words.iter().position(|word| is_client(word) || word.ends_with("certbot/certbot"))
        else {
            // `docker compose run --rm certbot renew` and scripts of one's own.
            flags(task, &words, place);
            continue;
        };
        limit(task, words.get(..at).unwrap_or_default());
        flags(task, words.get(at..).unwrap_or_default(), place);
    }
    if task.discards.is_none() {
        task.discards = discarded(text);
    }
}

/// The client's own flags.
fn flags(task: &mut Task, words: &[String], place: &str) {
    let renews = words.iter().any(|word| word == "renew" || word == "certonly" || word == "run");
    if !renews {
        return;
    }
    task.only.extend(values(words, "--cert-name"));
    task.config_dir = values(words, "--config-dir").pop().or(task.config_dir.take());
    task.no_random_sleep |= words.iter().any(|word| word == "--no-random-sleep-on-renew");
    if let Some(flag) = words.iter().find(|word| FORCED.contains(&word.as_str())) {
        task.forced = Some((flag.clone(), place.to_owned()));
    }
}

/// The values of an option, behind it or behind its `=`.
fn values(words: &[String], option: &str) -> Vec<String> {
    let value = |(i, word): (usize, &String)| match word.strip_prefix(option)? {
        "" => words.get(i + 1).cloned(),
        rest => rest.strip_prefix('=').map(str::to_owned),
    };
    words.iter().enumerate().filter_map(value).collect()
}

/// `timeout 5m` in front of the client.
fn limit(task: &mut Task, before: &[String]) {
    let Some(at) = before.iter().rposition(|word| base(word) == "timeout") else { return };
    let mut words = before.iter().skip(at + 1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-k" | "-s" | "--kill-after" | "--signal" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            // timeout(1) counts as sleep(1) does: s, m, h, d.
            length => {
                if let Ok(Some(length)) = seconds(length) {
                    task.time_limit = Some((length, format!("timeout {word}")));
                }
                return;
            }
        }
    }
}

/// `sleep 300`, `sleep $((RANDOM % 3600))`, `perl -e 'sleep int(rand(3600))'` and the documentation's Python.
fn sleeps(task: &mut Task, words: &Words) {
    let Some(program) = words.iter().find(|word| !word.contains('=')).map(|word| base(word)) else { return };
    let script = || {
        words.iter().skip_while(|word| !word.starts_with('-')).nth(1).map(String::as_str).unwrap_or_default()
    };
    let longest = match program {
        "sleep" => {
            let lengths = words.iter().skip_while(|word| base(word) != "sleep").skip(1);
            lengths.filter_map(|word| seconds(word).ok().flatten()).sum()
        }
        "perl" | "python" | "python3" | "awk" | "ruby" if script().contains("sleep") => {
            largest_number(script())
        }
        _ if program.starts_with("python") && script().contains("sleep") => largest_number(script()),
        _ => 0,
    };
    task.sleeps = task.sleeps.saturating_add(longest);
}

/// `sleep $((RANDOM % 3600))` and its like, whose numbers are no words of the command.
fn random_sleep(text: &str) -> u64 {
    let Some((_, after)) = text.split_once("sleep $((") else { return 0 };
    let modulus = after.split_once('%').map(|(_, rest)| rest.trim_start());
    let digits = modulus.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The number of a random sleep's expression.
fn largest_number(text: &str) -> u64 {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
    numbers.max().unwrap_or(0)
}

/// What sends the output and the errors to /dev/null.
fn discarded(text: &str) -> Option<String> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let quiet = text.contains(" -q") || text.contains("--quiet");
    let all = [">/dev/null2>&1", "&>/dev/null", ">&/dev/null", "1>/dev/null2>&1", "2>&1>/dev/null"];
    if all.iter().any(|sign| squeezed.contains(sign)) {
        return Some(">/dev/null 2>&1".to_owned());
    }
    (quiet && squeezed.contains("2>/dev/null")).then(|| "2>/dev/null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Task {
        let mut task = Task::default();
        read(&mut task, command, "/etc/cron.d/x:3");
        task
    }

    #[test]
    fn the_clients_flags_are_read() {
        let task = of(
            "certbot renew -q --cert-name a.example --cert-name=b.example --force-renewal --config-dir /srv/le",
        );
        assert_eq!(task.only, ["a.example", "b.example"]);
        assert_eq!(task.forced, Some(("--force-renewal".into(), "/etc/cron.d/x:3".into())));
        assert_eq!(task.config_dir.as_deref(), Some("/srv/le"));
        assert!(of("certbot renew --no-random-sleep-on-renew").no_random_sleep);
        assert_eq!(of("certbot renew"), Task::default());
    }

    #[test]
    fn sleeps_and_limits_are_told_in_seconds() {
        assert_eq!(of("sleep 1847 && certbot renew -q").sleeps, 1_847);
        assert_eq!(of("perl -e 'sleep int(rand(43200))' && certbot -q renew").sleeps, 43_200);
        let python = "/opt/certbot/bin/python -c 'import random; import time; time.sleep(random.random() * 3600)' && certbot renew";
        assert_eq!(of(python).sleeps, 3_600);
        assert_eq!(of("sleep $SLEEPTIME && certbot renew").sleeps, 0);
        assert_eq!(of("sleep $((RANDOM % 3600)); certbot renew").sleeps, 3_600);
        assert_eq!(of("timeout -k 10 5m certbot renew").time_limit, Some((300, "timeout 5m".into())));
        assert_eq!(of("timeout 300 /usr/bin/certbot renew").time_limit, Some((300, "timeout 300".into())));
    }

    #[test]
    fn output_into_the_void_is_seen() {
        for command in
            ["certbot renew >/dev/null 2>&1", "certbot renew &> /dev/null", "certbot -q renew 2> /dev/null"]
        {
            assert!(of(command).discards.is_some(), "{command}");
        }
        for command in [
            "certbot renew >/dev/null",
            "certbot renew >> /var/log/x 2>&1",
            "test -d x 2>/dev/null; certbot renew",
        ] {
            assert_eq!(of(command).discards, None, "{command}");
        }
    }
}

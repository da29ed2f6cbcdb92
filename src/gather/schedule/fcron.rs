//! fcron's tables: crontab lines, and some of its own kind. <http://fcron.free.fr/doc/en/fcrontab.5.html>

use std::path::Path;

use super::columns::{Times, split, times};
use super::command::recognise;
use super::cron::{Cron, Job};
use super::settings::Settings;
use crate::facts::{Rule, TriggerKind, When};
use crate::gather::fs::show;

const SPOOL: &str = "/var/spool/fcron";

impl Cron<'_> {
    /// The sources of the tables, which fcron keeps beside what it made of them.
    pub(super) fn fcrontabs(&mut self) {
        for (path, name) in self.files(Path::new(SPOOL)) {
            let Some(user) = name.strip_suffix(".orig") else { continue };
            let Some(text) = self.read_once(&path) else { continue };
            let mut settings = Settings::default();
            for (line, number) in text.lines().map(str::trim).zip(1..) {
                if line.is_empty() || line.starts_with(['#', '!']) || settings.take(line) {
                    continue;
                }
                let command = settings.expand(after_times(line));
                let Some(found) = recognise(self.look, &command, settings.path.as_deref()) else { continue };
                let fields = options_off(line).and_then(split).map(|(fields, _)| fields);
                let when = match fields.filter(|fields| times(fields) == Times::Sound) {
                    Some(fields) => {
                        Ok(When { rules: vec![Rule::Cron(fields.to_owned())], ..When::default() })
                    }
                    None => Err(super::untimed("the times of fcron are not understood")),
                };
                let mut job =
                    Job::new(TriggerKind::Cron, format!("{}:{number}", show(&path)), &command, found, when);
                job.task = super::task::task(self.look, &job.found, &command, &job.place);
                job.task.egress = settings.egress(&job.place).over(job.task.egress);
                job.user = Some(user.trim_start_matches("systab").to_owned()).filter(|user| !user.is_empty());
                self.push(job);
            }
        }
    }
}

/// A line of five fields without what may stand before them: `&nice(5),mail 17 3 * * *`.
fn options_off(line: &str) -> Option<&str> {
    match line.strip_prefix('&') {
        Some(rest) if rest.starts_with([' ', '\t']) => Some(rest.trim_start()),
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains('(') => Some(rest),
        Some(rest) => rest.split_once(char::is_whitespace).map(|(_, rest)| rest.trim_start()),
        None => (!line.starts_with(['@', '%'])).then_some(line),
    }
}

/// What a line runs: after five fields, `@options 12h`, or `%nightly,options` with its fields.
fn after_times(line: &str) -> &str {
    if let Some(rest) = options_off(line) {
        return split(rest).map_or("", |(_, rest)| rest);
    }
    let fields = match line.split(['*', ',', ' ']).next().unwrap_or_default() {
        "%hours" | "%days" | "%mons" | "%dow" => 5,
        "%hourly" | "%midhourly" => 1,
        "%daily" | "%middaily" | "%nightly" | "%weekly" | "%midweekly" => 2,
        "%monthly" | "%midmonthly" => 3,
        _ => 1,
    };
    (0..=fields)
        .fold(line, |rest, _| rest.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest))
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_stands_behind_the_times() {
        for line in [
            "17 3,15 * * * certbot renew",
            "&nice(5),mailto(root) 17 3 * * * certbot renew",
            "&17 3 * * * certbot renew",
            "@ 12h certbot renew",
            "@nolog,serial 1d certbot renew",
            "%nightly,mail * 21-23,3-5 certbot renew",
            "%hourly 17 certbot renew",
        ] {
            assert_eq!(after_times(line), "certbot renew", "{line}");
        }
    }
}

//! Folders of scripts, and what runs them: `run-parts`, `periodic`, anacron.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;

use super::Look;
use super::crontab::{Job, after_words};
use crate::calendar::zone;
use crate::facts::{Role, Rule, When};

/// How much of a table or a stamp is read.
const MAX_TEXT: u64 = 1 << 20;
/// The hours in which anacron starts jobs, where its table does not say.
const ALL_DAY: (u8, u8) = (0, 24);

/// What runs the scripts of a folder.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    /// The folder.
    pub folder: PathBuf,
    /// When.
    pub when: When,
    /// When it did so last.
    pub last_run: Option<Timestamp>,
}

/// The folder that a command runs the scripts of: `run-parts --report /etc/cron.daily`, `periodic weekly`.
pub(super) fn folders(command: &str) -> Vec<PathBuf> {
    let words: Vec<&str> = command.split(|c: char| c.is_whitespace() || ";&|{}()".contains(c)).collect();
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let rest = || words.iter().skip(i + 1).filter(|word| !word.is_empty() && !word.starts_with('-'));
        match word.rsplit('/').next().unwrap_or(word) {
            "run-parts" => found.extend(rest().find(|word| word.starts_with('/')).map(PathBuf::from)),
            "periodic" => {
                for base in ["/etc/periodic", "/usr/local/etc/periodic"] {
                    found.extend(rest().take(1).map(|period| Path::new(base).join(period)));
                }
            }
            _ => {}
        }
    }
    found
}

/// What the lines of crontabs run; `test -x /usr/sbin/anacron ||` leaves the folder to anacron where that is there.
pub(super) fn of_jobs(look: &Look<'_>, jobs: &[Job]) -> Vec<Runner> {
    let anacron = has_anacron(look);
    let mut runners = Vec::new();
    for job in jobs {
        let Ok(rule) = &job.times else { continue };
        if job.command.contains("anacron ||") && anacron {
            continue;
        }
        for folder in folders(&job.command) {
            let when = When { rules: vec![rule.clone()], ..When::default() };
            runners.push(Runner { folder, when, last_run: None });
        }
    }
    runners
}

/// A line of anacrontab: its number, when it runs, its name and its command.
pub(super) struct AnacronJob {
    pub line: usize,
    pub when: When,
    pub last_run: Option<Timestamp>,
    pub command: String,
}

/// The jobs of anacron, where it is installed. <https://manpages.debian.org/bookworm/anacron/anacrontab.5.en.html>
pub(super) fn anacron(look: &Look<'_>, text: &str) -> Vec<AnacronJob> {
    let setting = |name: &str| {
        let value = |line: &str| {
            line.trim().strip_prefix(name)?.trim_start().strip_prefix('=').map(str::trim).map(str::to_owned)
        };
        text.lines().rev().find_map(value)
    };
    let hours = setting("START_HOURS_RANGE").and_then(|range| {
        let (from, to) = range.split_once('-')?;
        Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
    });
    let (from, to) = hours.unwrap_or(ALL_DAY);
    let random: u64 = setting("RANDOM_DELAY").and_then(|minutes| minutes.parse().ok()).unwrap_or(0);
    let job = |(line, number): (&str, usize)| {
        let mut words = line.split_whitespace();
        let days = match words.next()? {
            "@daily" => 1,
            "@weekly" => 7,
            "@monthly" => 31,
            period => period.parse().ok()?,
        };
        let delay: u64 = words.next()?.parse().ok()?;
        let name = words.next()?;
        let command = after_words(line, 3).to_owned();
        // It may be started at any time of the hours it is allowed.
        let window = u64::from(to.saturating_sub(from)) * 3_600;
        let delay = delay.saturating_add(random).saturating_mul(60).saturating_add(window.min(86_400));
        let when = When { rules: vec![Rule::Anacron(days, from, to)], delay, catches_up: true, zone: None };
        Some(AnacronJob { line: number, when, last_run: stamp(look, name), command })
    };
    text.lines()
        .zip(1..)
        .filter(|(line, _)| {
            !line.contains('=') || line.trim_start().starts_with(|c: char| c.is_ascii_digit())
        })
        .filter_map(job)
        .collect()
}

/// Whether anacron is there, or may be in a tree without programs.
pub(super) fn has_anacron(look: &Look<'_>) -> bool {
    let programs = ["/usr/sbin/anacron", "/sbin/anacron"];
    let there = programs.iter().any(|program| look.root.exists(Path::new(program)));
    there
        || (look.root.exists(Path::new("/etc/anacrontab"))
            && !programs.iter().any(|p| super::gone(look.root, Path::new(p))))
}

/// The day on which anacron last ran a job, at its begin.
fn stamp(look: &Look<'_>, name: &str) -> Option<Timestamp> {
    let path = Path::new("/var/spool/anacron").join(name.rsplit('/').next()?);
    let text = look.root.read_text(&path, MAX_TEXT, Role::Other).ok()?;
    let date = Date::strptime("%Y%m%d", text.trim()).ok()?;
    look.zone.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// A zone that a table names and that exists.
pub(super) fn known_zone(name: Option<&str>) -> Option<String> {
    name.filter(|name| zone::named(name).is_some()).map(str::to_owned)
}

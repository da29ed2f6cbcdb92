//! The lines of crontabs, as the host's cron reads them.

use std::path::Path;

use super::Look;
use crate::calendar::CronTimes;
use crate::facts::{Ineffective, Rule};

/// A table: whose it is decides its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// `/etc/crontab` and `/etc/cron.d`: a column names the user.
    System,
    /// A user's own.
    User(String),
}

/// One line that is to run something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// Its number, counted from 1.
    pub line: usize,
    /// Its times, where they were understood.
    pub times: Result<Rule, String>,
    /// The user that it runs as.
    pub user: Option<String>,
    /// The command, with cron's `%` still in it.
    pub command: String,
    /// `PATH=` above it.
    pub path: Option<String>,
    /// `MAILTO=""` above it.
    pub unmailed: bool,
    /// `CRON_TZ=` above it.
    pub zone: Option<String>,
    /// No day is like its times.
    pub never: bool,
}

/// All lines of a table that are no settings, comments or blank.
pub(super) fn jobs(text: &str, owner: &Owner) -> Vec<Job> {
    let mut settings = Settings::default();
    let mut jobs = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let text = text.trim_start_matches([' ', '\t']);
        if text.is_empty() || text.starts_with('#') || settings.take(text) {
            continue;
        }
        // cronie's and SUSE's cron take a `-` before the minute: do not log.
        let text = text.strip_prefix('-').unwrap_or(text);
        let (times, never, rest) = match CronTimes::parse_line(text) {
            Ok((times, rest)) => {
                let shown = text.get(..text.len() - rest.len()).unwrap_or_default().trim();
                let rule = if times.at_reboot() { Rule::AtBoot(0) } else { Rule::Cron(shown.to_owned()) };
                (Ok(rule), times.never(), rest)
            }
            // What would be its columns, so that it can be told whether it matters.
            Err(e) => (Err(e.what), false, after_words(text, if text.starts_with('@') { 1 } else { 5 })),
        };
        let (user, command) = match owner {
            Owner::User(user) => (Some(user.clone()), rest.trim()),
            Owner::System => {
                let (user, command) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
                (Some(user.to_owned()).filter(|user| !user.is_empty()), command.trim())
            }
        };
        jobs.push(Job {
            line,
            times,
            user,
            command: command.to_owned(),
            path: settings.path.clone(),
            unmailed: settings.unmailed,
            zone: settings.zone.clone(),
            never,
        });
    }
    jobs
}

/// The settings of a table up to a line.
#[derive(Default)]
struct Settings {
    path: Option<String>,
    unmailed: bool,
    zone: Option<String>,
}

impl Settings {
    /// Whether a line is a setting, which then counts for the lines below it.
    /// <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
    fn take(&mut self, text: &str) -> bool {
        let Some((name, value)) = text.split_once('=') else { return false };
        let name = bare(name.trim());
        let is_name = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return false;
        }
        let value = bare(value.trim());
        match name {
            "PATH" => self.path = Some(value.to_owned()),
            "MAILTO" => self.unmailed = value.is_empty(),
            "CRON_TZ" => self.zone = Some(value.to_owned()).filter(|zone| !zone.is_empty()),
            _ => {}
        }
        true
    }
}

fn bare(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// What follows the first `count` words.
pub(super) fn after_words(mut text: &str, count: usize) -> &str {
    for _ in 0..count {
        text = text.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    }
    text.trim_start()
}

/// Why Debian's cron ignores all of a table: it stops at the first error, and wants a line break at the end.
pub(super) fn refused_whole(look: &Look<'_>, text: &str, jobs: &[Job]) -> Option<Ineffective> {
    let debian = ["debian", "ubuntu"]
        .iter()
        .any(|id| look.os.id == *id || look.os.like.split_whitespace().any(|like| like == *id));
    if !debian {
        return None;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Some(Ineffective::Syntax("the file does not end with a line break".to_owned()));
    }
    let wrong = jobs.iter().find_map(|job| Some((job.line, job.times.as_ref().err()?)));
    wrong.map(|(line, what)| {
        Ineffective::Syntax(format!("{what} in line {line}, and Debian's cron then ignores all of the file"))
    })
}

/// cron ends the command at the first `%` without a backslash: <https://man7.org/linux/man-pages/man5/crontab.5.html>.
pub(super) fn until_percent(command: &str) -> String {
    let mut kept = String::with_capacity(command.len());
    for c in command.chars() {
        match c {
            '%' if kept.ends_with('\\') => {
                kept.pop();
                kept.push('%');
            }
            '%' => break,
            c => kept.push(c),
        }
    }
    kept
}

/// Where cron searches a program that is named without a folder, and whose crontab sets no PATH; `None` where that is
/// not known of the host's cron.
pub(super) fn default_path(look: &Look<'_>) -> Option<&'static str> {
    let like = |id: &str| look.os.id == id || look.os.like.split_whitespace().any(|like| like == id);
    if ["debian", "ubuntu", "arch"].iter().any(|id| like(id)) || look.os.is_rhel() {
        return Some("/usr/bin:/bin");
    }
    (look.os.id == "alpine").then_some("/usr/sbin:/usr/bin:/sbin:/bin")
}

/// Whether `CRON_TZ` counts: cronie knows it, Debian's cron does not.
pub(super) fn knows_zones(look: &Look<'_>) -> bool {
    look.os.is_rhel() || look.os.id == "arch" || look.root.exists(Path::new("/usr/sbin/cronie"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_count_for_the_lines_below_them() {
        let text = "0 1 * * * root a\nPATH = \"/x:/y\"\nMAILTO=\"\"\n# c\n\t@daily root b c\n";
        let jobs = jobs(text, &Owner::System);
        assert_eq!(jobs.len(), 2);
        assert_eq!((jobs[0].path.as_deref(), jobs[0].unmailed), (None, false));
        assert_eq!((jobs[1].line, jobs[1].path.as_deref(), jobs[1].unmailed), (5, Some("/x:/y"), true));
        assert_eq!((jobs[1].user.as_deref(), jobs[1].command.as_str()), (Some("root"), "b c"));
        assert_eq!(jobs[1].times, Ok(Rule::Cron("@daily".into())));
    }

    #[test]
    fn a_users_own_table_has_no_column_for_the_user() {
        let jobs = jobs("@reboot root x\n0 25 * * * y\n0 0 31 2 * z\n", &Owner::User("joe".into()));
        assert_eq!((jobs[0].command.as_str(), &jobs[0].times), ("root x", &Ok(Rule::AtBoot(0))));
        assert_eq!((jobs[1].command.as_str(), &jobs[1].times), ("y", &Err("bad hour".into())));
        assert!(jobs[2].never);
    }

    #[test]
    fn a_percent_sign_ends_the_command_unless_it_is_escaped() {
        assert_eq!(until_percent("a $(date +\\%F) b"), "a $(date +%F) b");
        assert_eq!(until_percent("a $(date +%F) b"), "a $(date +");
    }
}

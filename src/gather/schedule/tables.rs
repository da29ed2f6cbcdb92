//! Crontabs, line by line.

use std::path::Path;

use super::client::{Found, client_of};
use super::columns::{Times, is_torn, split, times, until_percent, word};
use super::command::{recognise, recognise_in};
use super::cron::{Cron, Job};
use super::daemon::Dialect;
use super::runparts::Runner;
use super::settings::Settings;
use super::variables::assignment;
use super::words::is_call;
use crate::calendar::zone;
use crate::facts::{Fact, Ineffective, Rule, TriggerKind, When};
use crate::gather::fs::show;

/// How many lines of one table are looked at: Debian's cron refuses longer ones.
const MAX_LINES: usize = 10_000;

/// One line that is no comment and no setting.
struct Entry<'l> {
    number: usize,
    times: &'l str,
    user: Option<&'l str>,
    command: &'l str,
    fault: Option<Ineffective>,
    settings: Settings,
    /// The line ends as those of Windows do.
    carriage: bool,
}

impl Cron<'_> {
    pub(super) fn system_crontabs(&mut self) {
        let unread = || {
            let why = "busybox's crond reads nothing but /etc/crontabs";
            (self.dialect == Dialect::Busybox).then(|| Ineffective::FileIgnored(why.into()))
        };
        let (unread, crontab) = (unread(), Path::new("/etc/crontab"));
        self.table(crontab, None, unread.clone().or_else(|| self.insecure(crontab)));
        for (path, name) in self.files(Path::new("/etc/cron.d")) {
            let ignored =
                unread.clone().or_else(|| self.ignored_name(&name)).or_else(|| self.insecure(&path));
            self.table(&path, None, ignored);
        }
    }

    pub(super) fn user_crontabs(&mut self) {
        // Alpine's /var/spool/cron/crontabs is a link to /etc/crontabs: `table` reads no file twice.
        let folders = [
            "/var/spool/cron/crontabs",
            "/var/spool/cron/tabs",
            "/var/spool/cron",
            "/etc/crontabs",
            "/var/cron/tabs",
        ];
        for folder in folders {
            for (path, user) in self.files(Path::new(folder)) {
                // What `crontab` leaves behind when it is interrupted.
                if !user.starts_with("tmp.") {
                    self.table(&path, Some(&user), None);
                }
            }
        }
    }

    /// One table; `own` is the user whose own it is, and else a column names the user.
    fn table(&mut self, path: &Path, own: Option<&str>, ignored: Option<Ineffective>) {
        let Some(text) = self.read_once(path) else { return };
        let mut settings = Settings::default();
        let mut entries = Vec::new();
        for (i, raw) in text.split('\n').enumerate().take(MAX_LINES) {
            let line = raw.trim();
            if line.is_empty() || line.starts_with('#') || settings.take(line) {
                continue;
            }
            let entry = self.entry(line, i + 1, own, &settings);
            let carriage = raw.ends_with('\r');
            entries.extend(entry.map(|entry| Entry { carriage, ..entry }));
        }
        let whole = ignored.or_else(|| self.refused(&text, &entries));
        for entry in entries {
            self.line(path, own, entry, whole.as_ref());
        }
    }

    fn entry<'l>(
        &self,
        line: &'l str,
        number: usize,
        own: Option<&'l str>,
        settings: &Settings,
    ) -> Option<Entry<'l>> {
        // cronie and SUSE's cron take a `-` before the minute: do not log.
        let line = line.trim_start_matches('-');
        let wrong = |what: String| Some(Ineffective::Syntax(what));
        let (settings, carriage) = (settings.clone(), false);
        let Some((fields, rest)) = split(line) else {
            // Too short to do anything, but enough for a cron that refuses the whole table.
            let Times::Wrong(what) = times(line) else { return None };
            let (times, user, fault) = (line, Some(""), wrong(what));
            return Some(Entry { number, times, user, command: "", fault, settings, carriage });
        };
        let mut fault = match times(fields) {
            Times::Sound | Times::AtBoot => None,
            Times::Never => Some(Ineffective::NeverFires(fields.to_owned())),
            // Other crons than Debian's know `0~59` and `@every_minute`.
            Times::Wrong(_) if self.dialect != Dialect::Debian && fields.contains(['~', '@']) => None,
            Times::Wrong(what) => wrong(what),
        };
        let (first, after) = word(rest);
        let column = || Some(Ineffective::UserColumn(first.into()));
        let calls = |command: &str| recognise(self.look, command, None).is_some();
        let (user, command) = match own {
            Some(user) => {
                if self.users.has(first) && !is_call(first) && calls(after) {
                    fault = fault.or_else(column);
                }
                (Some(user), rest)
            }
            None if self.is_program(first) || (self.users.lacks(first) && !calls(after) && calls(rest)) => {
                fault = fault.or_else(column);
                (None, rest)
            }
            None => {
                if self.users.lacks(first) {
                    fault = fault.or_else(|| wrong(format!("there is no user `{first}`")));
                }
                (Some(first), after)
            }
        };
        Some(Entry { number, times: fields, user, command, fault, settings, carriage })
    }

    /// Whether a system table names a program where its user should stand.
    fn is_program(&self, word: &str) -> bool {
        let program =
            word.contains('/') || client_of(word).is_some() || is_call(word) || assignment(word).is_some();
        program && !self.users.has(word)
    }

    /// Why cron refuses a whole table: Debian's does for any wrong line.
    fn refused(&self, text: &str, entries: &[Entry<'_>]) -> Option<Ineffective> {
        if !self.dialect.drops_whole_tables() {
            return None;
        }
        let unended = !text.ends_with('\n')
            && text
                .lines()
                .last()
                .is_some_and(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        let whole = |what: String| format!("{what}, and Debian's cron then ignores all of the file");
        let wrong = entries.iter().find_map(|entry| match &entry.fault {
            Some(Ineffective::Syntax(what)) => Some(whole(format!("line {}: {what}", entry.number))),
            Some(Ineffective::UserColumn(word)) if entry.user.is_none() => {
                Some(whole(format!("line {}: `{word}` is no user", entry.number)))
            }
            _ => None,
        });
        let unended = || unended.then(|| "the file does not end with a line break".to_owned());
        wrong.or_else(unended).map(Ineffective::Syntax)
    }

    fn line(&mut self, path: &Path, own: Option<&str>, entry: Entry<'_>, whole: Option<&Ineffective>) {
        let place = format!("{}:{}", show(path), entry.number);
        let kept = if self.dialect.cuts_at_percent() {
            until_percent(entry.command)
        } else {
            entry.command.to_owned()
        };
        // The shell hands it to the program as a part of the last word.
        let carriage = || {
            let what = "the line ends with a carriage return, which is a part of its command";
            entry.carriage.then(|| Ineffective::Syntax(what.into()))
        };
        // The own fault tells more than what it does to the table.
        let own_fault = entry.fault.clone().or_else(|| whole.cloned()).or_else(carriage);
        let fault = own_fault.or_else(|| self.stopped.clone());
        let when = self.when(&entry);
        let path = entry.settings.path.clone();
        let runners = Runner::all(&kept, &when, fault.as_ref()).into_iter();
        let egress = entry.settings.egress(&place);
        self.runners.extend(runners.map(|runner| Runner {
            path: path.clone(),
            egress: egress.clone(),
            ..runner
        }));
        let column = own.is_some() && matches!(entry.fault, Some(Ineffective::UserColumn(_)));
        let kept = entry.settings.expand(&kept);
        // cron starts a job in the home of its user.
        let home = entry.user.and_then(|user| self.users.home(user));
        let kept = home.map_or_else(|| kept.clone(), |home| at_home(&kept, home));
        let judged = if column { word(&kept).1 } else { &kept };
        let search = self.search_path(&entry).filter(|_| !column);
        let found = recognise_in(self.look, judged, search.as_deref(), home);
        let whole = entry.settings.expand(entry.command);
        let whole = home.map_or_else(|| whole.clone(), |home| at_home(&whole, home));
        let cut = self.cut(&whole, &kept, found.as_ref());
        let Some(found) = cut.or(found) else { return };
        let mut job = Job::new(TriggerKind::Cron, place, entry.command, found, when);
        job.task = super::task::task(self.look, &job.found, judged, &job.place);
        job.task.egress = egress.over(job.task.egress);
        if entry.settings.mails_nobody && job.task.discards.is_none() && !kept.contains('>') {
            job.task.discards = Some("MAILTO=\"\"".into());
        }
        job.user = entry.user.map(str::to_owned);
        job.fault = fault;
        self.push(job);
    }

    /// The call behind a `%` that cron never hands to the shell.
    fn cut(&self, whole: &str, kept: &str, found: Option<&Found>) -> Option<Found> {
        let plain = whole.replace("\\%", "%");
        if kept.len() == plain.len() || found.is_some_and(|found| found.renews.is_ok()) && !is_torn(kept) {
            return None;
        }
        let mut lost = recognise(self.look, &plain, None)?;
        if lost.is_renewal() && (found.is_none_or(|found| found.renews.is_err()) || is_torn(kept)) {
            lost.renews = Err(Ineffective::CutByPercent(kept.trim_end().to_owned()));
            return Some(lost);
        }
        None
    }

    /// `PATH`; a crontab's is taken as it stands, without variables.
    fn search_path(&self, entry: &Entry<'_>) -> Option<String> {
        let own = entry.settings.path.clone();
        Some(own.unwrap_or_else(|| self.dialect.default_path(entry.user).to_owned()))
    }

    fn when(&self, entry: &Entry<'_>) -> Fact<When> {
        let rule = match times(entry.times) {
            Times::AtBoot => Rule::AtBoot(0),
            Times::Wrong(what) => return Err(super::untimed(&what)),
            _ => Rule::Cron(entry.times.to_owned()),
        };
        // Debian's cron ignores it.
        let known = |name: &String| self.dialect == Dialect::Cronie && zone::named(name).is_some();
        let zone = entry.settings.zone.clone().filter(known);
        Ok(When { rules: vec![rule], zone, ..When::default() })
    }
}

/// A command with its user's home in the place of `~/` and `$HOME`.
fn at_home(command: &str, home: &Path) -> String {
    let home = show(home);
    let text = command.replace("${HOME}", &home).replace("$HOME/", &format!("{home}/"));
    let text = text.replace(" ~/", &format!(" {home}/"));
    text.strip_prefix("~/").map(|rest| format!("{home}/{rest}")).unwrap_or(text)
}

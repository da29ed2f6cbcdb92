//! cron, anacron, run-parts and periodic.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::Look;
use super::command::{judge, judge_script};
use crate::facts::{Client, Ineffective, Missing, Role, Task, Trigger, TriggerKind, Why};
use crate::gather::fs::{Meta, Root, show};
use crate::gather::secrets::mask_command;

/// How much of a crontab or a script is read.
const MAX_TEXT: u64 = 1 << 20;
/// How many files of one folder are looked at.
const MAX_FILES: usize = 10_000;

/// What cron and its kin would run, and what could not be read.
pub(super) fn jobs(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut cron = Cron { look, found: Vec::new(), unread: Vec::new(), seen: BTreeSet::new() };
    cron.system_crontabs();
    cron.user_crontabs();
    for folder in ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"] {
        cron.scripts(Path::new(folder), TriggerKind::CronDir);
    }
    cron.table(Path::new("/etc/anacrontab"), TriggerKind::Anacron, None, None);
    cron.periodic();
    (cron.found, cron.unread)
}

struct Cron<'a> {
    look: &'a Look<'a>,
    found: Vec<Trigger>,
    unread: Vec<Missing>,
    seen: BTreeSet<PathBuf>,
}

impl Cron<'_> {
    fn root(&self) -> &Root {
        self.look.root
    }

    fn system_crontabs(&mut self) {
        let crontab = Path::new("/etc/crontab");
        self.table(crontab, TriggerKind::Cron, None, self.insecure(crontab));
        for (path, name) in self.files(Path::new("/etc/cron.d")) {
            let ignored = self.ignored_name(&name).or_else(|| self.insecure(&path));
            self.table(&path, TriggerKind::Cron, None, ignored);
        }
    }

    fn user_crontabs(&mut self) {
        // Alpine's /var/spool/cron/crontabs is a link to /etc/crontabs: `table` reads no file twice.
        for folder in ["/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs", "/var/cron/tabs"] {
            for (path, user) in self.files(Path::new(folder)) {
                self.table(&path, TriggerKind::Cron, Some(&user), None);
            }
        }
    }

    /// The regular files of a folder, without the leftovers of editors and package managers.
    fn files(&mut self, folder: &Path) -> Vec<(PathBuf, String)> {
        let names = match self.root().list(folder, Role::Schedule) {
            Ok(names) => names.unwrap_or_default(),
            Err(missing) => {
                self.unread.push(missing);
                return Vec::new();
            }
        };
        let names = names.into_iter().take(MAX_FILES).filter_map(|name| name.into_string().ok());
        let names = names.filter(|name| !is_leftover(name));
        let files = names.map(|name| (folder.join(&name), name));
        files
            .filter(|(path, _)| self.meta(path).is_none_or(|meta| meta.kind == FileType::RegularFile))
            .collect()
    }

    fn meta(&self, path: &Path) -> Option<Meta> {
        self.root().stat(path).ok()
    }

    fn read(&mut self, path: &Path) -> Option<String> {
        match self.root().read_text(path, MAX_TEXT, Role::Schedule) {
            Ok(text) => Some(text),
            Err(missing) => {
                if missing.why != Why::NotFound {
                    self.unread.push(missing);
                }
                None
            }
        }
    }

    /// One table, line by line; `own` is the user whose own table it is, and else a column names the user.
    fn table(&mut self, path: &Path, kind: TriggerKind, own: Option<&str>, ignored: Option<Ineffective>) {
        let real = self.root().real_path(path).unwrap_or_else(|| path.to_path_buf());
        if !self.seen.insert(real) {
            return;
        }
        let Some(text) = self.read(path) else { return };
        for (i, line) in text.lines().enumerate() {
            let job = match kind {
                TriggerKind::Anacron => anacron_line(line).map(|command| (None, command)),
                _ => cron_line(line, own),
            };
            let Some((user, command)) = job else { continue };
            let Some(renews) = judge(self.look, &until_percent(command)) else {
                continue;
            };
            self.found.push(Trigger {
                kind,
                r#where: format!("{}:{}", show(path), i + 1),
                unit: None,
                user: user.map(str::to_owned),
                command: mask_command(command),
                ineffective: ignored.clone().or(renews.err()),
                client: Client::default(),
                when: Err(super::untimed()),
                task: Task::default(),
                last_run: None,
                unit_state: None,
            });
        }
    }

    /// A folder for run-parts.
    fn scripts(&mut self, folder: &Path, kind: TriggerKind) {
        for (path, name) in self.files(folder) {
            let Some(text) = self.read(&path) else { continue };
            let Some(renews) = judge_script(self.look, &text) else {
                continue;
            };
            let not_executable = || Ineffective::FileIgnored("it is not executable".into());
            let ignored = self
                .ignored_name(&name)
                .or_else(|| self.meta(&path).is_some_and(|meta| meta.mode & 0o111 == 0).then(not_executable));
            self.found.push(Trigger {
                kind,
                r#where: show(&path),
                unit: None,
                user: None,
                command: show(&path),
                ineffective: ignored.or(renews.err()),
                client: Client::default(),
                when: Err(super::untimed()),
                task: Task::default(),
                last_run: None,
                unit_state: None,
            });
        }
    }

    /// Alpine's folders of scripts, and FreeBSD's switch for the script that its port installs.
    fn periodic(&mut self) {
        let periodic = Path::new("/etc/periodic");
        for folder in self.root().list_or_empty(periodic).into_iter().take(MAX_FILES) {
            if self.root().is_dir(&periodic.join(&folder)) {
                self.scripts(&periodic.join(folder), TriggerKind::Periodic);
            }
        }
        for path in ["/etc/periodic.conf", "/etc/periodic.conf.local"].map(Path::new) {
            let Some(text) = self.read(path) else { continue };
            for (i, line) in text.lines().enumerate() {
                let setting = line.trim().split_once('=').filter(|(key, _)| *key == "weekly_certbot_enable");
                let Some((_, value)) = setting else { continue };
                let value = value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if ["yes", "true", "on", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes)) {
                    self.found.push(Trigger {
                        kind: TriggerKind::Periodic,
                        r#where: format!("{}:{}", show(path), i + 1),
                        unit: None,
                        user: None,
                        command: line.trim().to_owned(),
                        ineffective: self.port_script_gone(),
                        client: Client::default(),
                        when: Err(super::untimed()),
                        task: Task::default(),
                        last_run: None,
                        unit_state: None,
                    });
                }
            }
        }
    }

    fn port_script_gone(&self) -> Option<Ineffective> {
        let folder = Path::new("/usr/local/etc/periodic/weekly");
        let names = self.root().list(folder, Role::Schedule).ok().flatten()?;
        let there = names.iter().any(|name| name.to_string_lossy().contains("certbot"));
        (!there).then(|| Ineffective::ProgramMissing(show(&folder.join("500.certbot"))))
    }

    /// Which file names count: run-parts(8) and cron(8) of Debian, busybox's run-parts; cronie takes them all.
    /// <https://manpages.debian.org/bookworm/cron/cron.8.en.html>
    fn ignored_name(&self, name: &str) -> Option<Ineffective> {
        let os = self.look.os;
        let like =
            |id: &str| os.id.starts_with(id) || os.like.split_whitespace().any(|word| word.starts_with(id));
        let takes_all =
            os.is_rhel() || like("arch") || like("suse") || like("opensuse") || os.id == "freebsd";
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        (!plain && !takes_all).then(|| {
            Ineffective::FileIgnored("its name has other signs than letters, digits, `-` and `_`".into())
        })
    }

    fn insecure(&self, path: &Path) -> Option<Ineffective> {
        let mode = self.meta(path)?.mode & 0o777;
        (mode & 0o022 != 0).then(|| {
            Ineffective::FileIgnored(format!("its mode is {mode:04o}: others than its owner may write to it"))
        })
    }
}

/// Names that nobody expects to be run.
fn is_leftover(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || [".dpkg-", ".rpmsave", ".rpmnew", ".rpmorig", ".ucf-", ".swp"]
            .iter()
            .any(|part| name.contains(part))
}

/// User and command of a crontab's line; `None` for comments, settings and what is no schedule.
fn cron_line<'l>(line: &'l str, own: Option<&'l str>) -> Option<(Option<&'l str>, &'l str)> {
    // cronie and SUSE's cron take a `-` before the minute: do not log.
    let line = line.trim_start().trim_start_matches('-');
    if !line.starts_with(|c: char| c.is_ascii_digit() || c == '*' || c == '@') {
        return None;
    }
    let rest = after_words(line, if line.starts_with('@') { 1 } else { 5 })?;
    match own {
        Some(user) => Some((Some(user), rest)),
        None => {
            let command = after_words(rest, 1)?;
            Some((rest.split_whitespace().next(), command))
        }
    }
}

/// The command of `period delay name command`.
fn anacron_line(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.starts_with(|c: char| c.is_ascii_digit() || c == '@').then(|| after_words(line, 3)).flatten()
}

/// What follows the first `count` words.
fn after_words(mut text: &str, count: usize) -> Option<&str> {
    for _ in 0..count {
        text = text.trim_start().split_once(char::is_whitespace)?.1;
    }
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// cron ends the command at the first `%` without a backslash: <https://man7.org/linux/man-pages/man5/crontab.5.html>.
fn until_percent(command: &str) -> String {
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

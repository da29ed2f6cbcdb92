//! cron, anacron, run-parts and periodic.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::client::mentions_client;
use super::command::{Judged, judge, judge_script};
use super::crontab::{self, Job, Owner, until_percent};
use super::runparts::{self, Runner};
use super::task::task;
use super::users::{User, kept_out, users};
use super::{Look, daemon};
use crate::facts::{Ineffective, Missing, Role, Rule, Task, Trigger, TriggerKind, When, Why};
use crate::gather::fs::{Meta, Root, show};
use crate::gather::secrets::mask_command;

/// How much of a crontab or a script is read.
const MAX_TEXT: u64 = 1 << 20;
/// How many files of one folder are looked at.
const MAX_FILES: usize = 10_000;

/// What cron and its kin would run, and what could not be read.
pub(super) fn jobs(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut cron = Cron {
        look,
        users: users(look.root),
        missing: daemon::missing(look),
        runners: Vec::new(),
        found: Vec::new(),
        unread: Vec::new(),
        seen: BTreeSet::new(),
    };
    cron.system_crontabs();
    cron.user_crontabs();
    cron.anacron();
    for folder in ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"] {
        cron.scripts(Path::new(folder), TriggerKind::CronDir);
    }
    cron.periodic();
    (cron.found, cron.unread)
}

struct Cron<'a> {
    look: &'a Look<'a>,
    users: Vec<User>,
    /// Why no crontab is read.
    missing: Option<String>,
    /// What runs folders of scripts.
    runners: Vec<Runner>,
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
        self.table(crontab, &Owner::System, self.insecure(crontab));
        for (path, name) in self.files(Path::new("/etc/cron.d")) {
            let ignored = self.ignored_name(&name).or_else(|| self.insecure(&path));
            self.table(&path, &Owner::System, ignored);
        }
    }

    fn user_crontabs(&mut self) {
        // Alpine's /var/spool/cron/crontabs is a link to /etc/crontabs: `table` reads no file twice.
        for folder in ["/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs", "/var/cron/tabs"] {
            for (path, user) in self.files(Path::new(folder)) {
                self.table(&path, &Owner::User(user), None);
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

    /// One table, line by line.
    fn table(&mut self, path: &Path, owner: &Owner, ignored: Option<Ineffective>) {
        let real = self.root().real_path(path).unwrap_or_else(|| path.to_path_buf());
        if !self.seen.insert(real) {
            return;
        }
        let Some(text) = self.read(path) else { return };
        let jobs = crontab::jobs(&text, owner);
        let refused = crontab::refused_whole(self.look, &text, &jobs);
        if ignored.is_none() && refused.is_none() && self.missing.is_none() {
            self.runners.extend(runparts::of_jobs(self.look, &jobs));
        }
        for job in &jobs {
            let place = format!("{}:{}", show(path), job.line);
            let whole = ignored.clone().or_else(|| refused.clone());
            self.found.extend(self.trigger(job, owner, place, whole));
        }
    }

    /// What one line is for the renewals; `ignored` is why all of its table is.
    fn trigger(
        &self,
        job: &Job,
        owner: &Owner,
        place: String,
        ignored: Option<Ineffective>,
    ) -> Option<Trigger> {
        let kept = until_percent(&job.command);
        let path = job.path.as_deref().or_else(|| crontab::default_path(self.look));
        let own = self.judged(&kept, job, owner, path);
        let (judged, fault) = match own {
            Some((judged, fault)) => (judged, fault),
            // What the whole line would do without cron's percent sign.
            None => {
                let all = job.command.replace("\\%", "%");
                let judged =
                    judge(self.look, &all, path).filter(|judged| judged.renews.is_ok() && all != kept)?;
                (judged, Some(Ineffective::CutByPercent(kept.trim().to_owned())))
            }
        };
        let syntax = || job.times.as_ref().err().map(|what| Ineffective::Syntax(what.clone()));
        let never = || {
            job.never.then(|| {
                Ineffective::NeverFires(job.times.as_ref().map_or_else(Clone::clone, ToString::to_string))
            })
        };
        let missing = || self.missing.clone().map(Ineffective::NotStarted);
        let user = job.user.as_deref();
        let ineffective = syntax()
            .filter(|_| ignored.is_none() || job.times.is_err())
            .or(ignored)
            .or(fault)
            .or_else(never)
            .or_else(missing)
            .or(judged.renews.err())
            .or_else(|| {
                kept_out(self.look, user?)
                    .filter(|_| !job.command.contains("sudo") && !job.command.contains("--config-dir"))
            });
        let zone = job.zone.as_deref().filter(|_| crontab::knows_zones(self.look));
        let when = match &job.times {
            Ok(rule) => {
                Ok(When { rules: vec![rule.clone()], zone: runparts::known_zone(zone), ..When::default() })
            }
            Err(what) => Err(super::untimed(what)),
        };
        let mut task = task(self.look, &kept, &place);
        if job.unmailed && task.discards.is_none() && !kept.contains('>') {
            task.discards = Some("MAILTO=\"\"".to_owned());
        }
        Some(Trigger {
            kind: TriggerKind::Cron,
            r#where: place,
            unit: None,
            user: job.user.clone(),
            command: mask_command(&job.command),
            ineffective,
            client: judged.client,
            when,
            task: Task { purpose: judged.purpose, ..task },
            last_run: None,
            unit_state: None,
        })
    }

    /// What the command does, also where the columns are those of the other kind of table.
    fn judged(
        &self,
        command: &str,
        job: &Job,
        owner: &Owner,
        path: Option<&str>,
    ) -> Option<(Judged, Option<Ineffective>)> {
        let known = |word: &str| self.users.iter().any(|user| user.name == word);
        match owner {
            Owner::User(_) => {
                let (first, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
                let named = known(first) || first == "root";
                if let Some(judged) = named.then(|| judge(self.look, rest, path)).flatten() {
                    return Some((judged, Some(Ineffective::UserColumn(first.to_owned()))));
                }
            }
            Owner::System => {
                let user = job.user.as_deref().unwrap_or_default();
                let all = format!("{user} {command}");
                let program = user.contains('/') || (mentions_client(user) && !known(user));
                let stranger = !self.users.is_empty() && !known(user);
                let wrong = program || (stranger && judge(self.look, command, path).is_none());
                if let Some(judged) = wrong.then(|| judge(self.look, &all, path)).flatten() {
                    return Some((judged, Some(Ineffective::UserColumn(user.to_owned()))));
                }
            }
        }
        judge(self.look, command, path).map(|judged| (judged, None))
    }

    /// anacron's own lines, and the folders that they run.
    fn anacron(&mut self) {
        let path = Path::new("/etc/anacrontab");
        let Some(text) = self.read(path) else { return };
        if !runparts::has_anacron(self.look) {
            return;
        }
        for job in runparts::anacron(self.look, &text) {
            for folder in runparts::folders(&job.command) {
                self.runners.push(Runner { folder, when: job.when.clone(), last_run: job.last_run });
            }
            let place = format!("{}:{}", show(path), job.line);
            let Some(judged) = judge(self.look, &job.command, None) else { continue };
            self.found.push(Trigger {
                kind: TriggerKind::Anacron,
                unit: None,
                user: None,
                command: mask_command(&job.command),
                ineffective: judged.renews.err(),
                client: judged.client,
                when: Ok(job.when),
                task: Task { purpose: judged.purpose, ..task(self.look, &job.command, &place) },
                last_run: job.last_run,
                unit_state: None,
                r#where: place,
            });
        }
    }

    /// A folder for run-parts.
    fn scripts(&mut self, folder: &Path, kind: TriggerKind) {
        for (path, name) in self.files(folder) {
            let Some(text) = self.read(&path) else { continue };
            // run-parts hands on cron's own PATH.
            let Some(judged) = judge_script(self.look, &text, None) else { continue };
            let not_executable = || Ineffective::FileIgnored("it is not executable".into());
            let ignored = self
                .ignored_name(&name)
                .or_else(|| self.meta(&path).is_some_and(|meta| meta.mode & 0o111 == 0).then(not_executable));
            let runner = self.runners.iter().find(|runner| same_folder(self.root(), &runner.folder, folder));
            // A tree of etc alone may lack the table that runs it.
            let nothing = || match &self.missing {
                Some(missing) => missing.clone(),
                None => format!("nothing runs the scripts in {}", show(folder)),
            };
            let not_run =
                (runner.is_none() && !self.look.os.only_etc).then(nothing).map(Ineffective::NotStarted);
            let place = show(&path);
            self.found.push(Trigger {
                kind,
                unit: None,
                user: None,
                command: place.clone(),
                ineffective: ignored.or(judged.renews.err()).or(not_run),
                client: judged.client,
                when: match runner {
                    Some(runner) => Ok(runner.when.clone()),
                    None => Err(super::untimed("nothing says when the scripts of this folder run")),
                },
                task: Task { purpose: judged.purpose, ..task(self.look, &text, &place) },
                last_run: runner.and_then(|runner| runner.last_run),
                unit_state: None,
                r#where: place,
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
        let weekly = Path::new("/usr/local/etc/periodic/weekly");
        for path in ["/etc/periodic.conf", "/etc/periodic.conf.local"].map(Path::new) {
            let Some(text) = self.read(path) else { continue };
            for (i, line) in text.lines().enumerate() {
                let setting = line.trim().split_once('=').filter(|(key, _)| *key == "weekly_certbot_enable");
                let Some((_, value)) = setting else { continue };
                let value = value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if ["yes", "true", "on", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes)) {
                    let runner = self.runners.iter().find(|runner| runner.folder == weekly);
                    // FreeBSD's own /etc/crontab has it on Saturdays.
                    let weekly = || When { rules: vec![Rule::Cron("15 4 * * 6".into())], ..When::default() };
                    self.found.push(Trigger {
                        kind: TriggerKind::Periodic,
                        r#where: format!("{}:{}", show(path), i + 1),
                        unit: None,
                        user: None,
                        command: line.trim().to_owned(),
                        ineffective: self.port_script_gone(),
                        client: crate::facts::Client::Certbot,
                        when: Ok(runner.map_or_else(weekly, |runner| runner.when.clone())),
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
        let meta = self.meta(path)?;
        let mode = meta.mode & 0o777;
        if mode & 0o022 != 0 {
            let why = format!("its mode is {mode:04o}: others than its owner may write to it");
            return Some(Ineffective::FileIgnored(why));
        }
        // Below a root the owners may be those of whoever copied the tree.
        (self.root().is_live() && meta.uid != 0)
            .then(|| Ineffective::FileIgnored(format!("it belongs to the user {}, not to root", meta.uid)))
    }
}

/// Whether two paths are the same folder.
fn same_folder(root: &Root, one: &Path, other: &Path) -> bool {
    one == other || (root.real_path(one).is_some() && root.real_path(one) == root.real_path(other))
}

/// Names that nobody expects to be run.
fn is_leftover(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || [".dpkg-", ".rpmsave", ".rpmnew", ".rpmorig", ".ucf-", ".swp"]
            .iter()
            .any(|part| name.contains(part))
}

//! cron, anacron, run-parts and periodic: what they share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::FileType;

use super::Look;
use super::client::Found;
use super::daemon::{Dialect, not_started, turns_tables_into_timers};
use super::users::Users;
use crate::facts::{Fact, Ineffective, Missing, Role, Task, Trigger, TriggerKind, When, Why};
use crate::gather::fs::{Meta, Root};
use crate::gather::secrets::mask_command;

/// How much of a crontab or a script is read.
const MAX_TEXT: u64 = 1 << 20;
/// How many files of one folder are looked at.
pub(super) const MAX_FILES: usize = 10_000;

/// What cron and its kin would run, and what could not be read.
pub(super) fn jobs(look: &Look<'_>) -> (Vec<Trigger>, Vec<Missing>) {
    let mut cron = Cron {
        look,
        dialect: Dialect::of(look),
        users: Users::read(look.root),
        stopped: not_started(look),
        by_generator: turns_tables_into_timers(look),
        runners: Vec::new(),
        found: Vec::new(),
        unread: Vec::new(),
        seen: BTreeSet::new(),
    };
    cron.system_crontabs();
    cron.user_crontabs();
    cron.fcrontabs();
    cron.anacrontab();
    for folder in ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"] {
        cron.scripts(Path::new(folder), TriggerKind::CronDir);
    }
    cron.other_folders();
    cron.periodic();
    (cron.found, cron.unread)
}

/// What is known of the host's crons while its tables are read.
pub(super) struct Cron<'a> {
    pub look: &'a Look<'a>,
    pub dialect: Dialect,
    pub users: Users,
    /// Why no table is looked at.
    pub stopped: Option<Ineffective>,
    /// systemd-cron runs the tables and the folders.
    pub by_generator: bool,
    pub runners: Vec<super::runparts::Runner>,
    found: Vec<Trigger>,
    pub unread: Vec<Missing>,
    seen: BTreeSet<PathBuf>,
}

/// A line or a script that calls a client.
pub(super) struct Job {
    pub kind: TriggerKind,
    pub place: String,
    pub user: Option<String>,
    pub command: String,
    pub found: Found,
    /// Why it is never started.
    pub fault: Option<Ineffective>,
    pub when: Fact<When>,
    pub task: Task,
    pub last_run: Option<Timestamp>,
}

impl Job {
    pub(super) fn new(
        kind: TriggerKind,
        place: String,
        command: &str,
        found: Found,
        when: Fact<When>,
    ) -> Self {
        let command = command.to_owned();
        let task = Task::default();
        Self { kind, place, user: None, command, found, fault: None, when, task, last_run: None }
    }
}

impl Cron<'_> {
    pub(super) fn root(&self) -> &Root {
        self.look.root
    }

    pub(super) fn push(&mut self, job: Job) {
        let denied = || {
            let user = job.user.as_deref().filter(|_| job.found.own_right && job.found.is_renewal())?;
            let config = job.task.config_dir.as_deref().map_or(self.look.config, Path::new);
            self.users.kept_out(self.root(), user, config)
        };
        let ineffective = job.fault.clone().or_else(|| job.found.renews.clone().err()).or_else(denied);
        self.found.push(Trigger {
            kind: job.kind,
            r#where: job.place,
            unit: None,
            user: job.user,
            command: mask_command(&job.command),
            ineffective,
            client: job.found.client,
            when: job.when,
            task: job.task,
            last_run: job.last_run,
            unit_state: None,
        });
    }

    /// The regular files of a folder, without the leftovers of editors and package managers.
    pub(super) fn files(&mut self, folder: &Path) -> Vec<(PathBuf, String)> {
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

    pub(super) fn meta(&self, path: &Path) -> Option<Meta> {
        self.root().stat(path).ok()
    }

    /// A table's text; `None` where it was read before, is absent, or cannot be read, which is noted.
    pub(super) fn read_once(&mut self, path: &Path) -> Option<String> {
        let real = self.root().real_path(path).unwrap_or_else(|| path.to_path_buf());
        self.seen.insert(real).then(|| self.read(path)).flatten()
    }

    pub(super) fn read(&mut self, path: &Path) -> Option<String> {
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

    /// Which file names count: run-parts(8) and cron(8) of Debian, busybox's run-parts; cronie takes them all.
    /// <https://manpages.debian.org/bookworm/cron/cron.8.en.html>
    pub(super) fn ignored_name(&self, name: &str) -> Option<Ineffective> {
        let takes_all = matches!(self.dialect, Dialect::Cronie | Dialect::FreeBsd);
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        (!plain && !takes_all).then(|| {
            Ineffective::FileIgnored("its name has other signs than letters, digits, `-` and `_`".into())
        })
    }

    /// A system table that others may write to, or that is not root's.
    pub(super) fn insecure(&self, path: &Path) -> Option<Ineffective> {
        let meta = self.meta(path)?;
        let mode = meta.mode & 0o777;
        if mode & 0o022 != 0 {
            let why = format!("its mode is {mode:04o}: others than its owner may write to it");
            return Some(Ineffective::FileIgnored(why));
        }
        // In a tree that was copied without its owners they mean nothing.
        let owners_kept = self.meta(Path::new("/etc")).is_some_and(|meta| meta.uid == 0);
        let foreign = owners_kept && meta.uid != 0 && self.dialect == Dialect::Debian;
        foreign.then(|| Ineffective::FileIgnored(format!("its owner is user {}, not root", meta.uid)))
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

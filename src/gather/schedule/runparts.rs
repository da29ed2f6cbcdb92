//! Folders of scripts, and what runs them.

use std::collections::BTreeSet;
use std::path::Path;

use super::Look;
use super::client::base;
use super::command::recognise_script;
use super::cron::{Cron, Job};
use super::path::{is_whole, populated};
use super::shell::commands;
use crate::facts::{Egress, Fact, Ineffective, Rule, TriggerKind, When};
use crate::gather::fs::show;

/// A line that runs the scripts of a folder.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    /// The folder.
    pub folder: String,
    /// When.
    pub when: Fact<When>,
    /// Why it does not.
    pub fault: Option<Ineffective>,
    /// It stands back where anacron is installed.
    pub unless_anacron: bool,
    /// anacron's name for it.
    pub job: Option<String>,
    /// `PATH`, where its table says.
    pub path: Option<String>,
    /// The proxy variables of its table.
    pub egress: Egress,
}

impl Runner {
    /// The folders that a command runs: with run-parts, or FreeBSD's `periodic daily`.
    pub(super) fn all(command: &str, when: &Fact<When>, fault: Option<&Ineffective>) -> Vec<Runner> {
        if !["run-parts", "periodic", "run-crons"].iter().any(|word| command.contains(word)) {
            return Vec::new();
        }
        let period = |(name, days): (&str, u32)| Runner {
            folder: format!("/etc/cron.{name}"),
            when: Ok(When { rules: vec![Rule::Anacron(days, 0, 24)], catches_up: true, ..When::default() }),
            fault: fault.cloned(),
            unless_anacron: false,
            job: None,
            path: None,
            egress: Egress::default(),
        };
        if command.contains("run-crons") {
            // Gentoo's and SUSE's, every few minutes: it runs what has not run for so long.
            return [("daily", 1), ("hourly", 1), ("weekly", 7), ("monthly", 31)].map(period).to_vec();
        }
        let unless_anacron = command.contains("anacron") && command.contains("||");
        let folders = commands(command).into_iter().flat_map(|words| {
            let at = words.iter().position(|word| ["run-parts", "periodic"].contains(&base(word)));
            let (name, rest) = match at.and_then(|at| Some((words.get(at)?, words.get(at + 1..)?))) {
                Some((name, rest)) => (base(name).to_owned(), rest.to_vec()),
                None => (String::new(), Vec::new()),
            };
            let folders = move |word: String| match name.as_str() {
                "periodic" if !word.starts_with(['-', '/', '>']) => {
                    vec![format!("/etc/periodic/{word}"), format!("/usr/local/etc/periodic/{word}")]
                }
                "run-parts" if word.starts_with('/') => vec![word.trim_end_matches('/').to_owned()],
                _ => Vec::new(),
            };
            rest.into_iter().flat_map(folders)
        });
        let runner = |folder| Runner {
            folder,
            when: when.clone(),
            fault: fault.cloned(),
            unless_anacron,
            job: None,
            path: None,
            egress: Egress::default(),
        };
        folders.map(runner).collect()
    }
}

impl Cron<'_> {
    /// The scripts of a folder for run-parts.
    pub(super) fn scripts(&mut self, folder: &Path, kind: TriggerKind) {
        for (path, name) in self.files(folder) {
            let ignored = self.ignored_name(&name);
            self.script(folder, &path, kind, ignored);
        }
    }

    /// One of them.
    pub(super) fn script(
        &mut self,
        folder: &Path,
        path: &Path,
        kind: TriggerKind,
        ignored: Option<Ineffective>,
    ) {
        let runner = self.runner(folder);
        let Some(text) = self.read(path) else { return };
        let search = runner.as_ref().and_then(|runner| runner.path.as_deref());
        let Some(found) = recognise_script(self.look, &text, search) else { return };
        let not_executable = || Ineffective::FileIgnored("it is not executable".into());
        let own = ignored
            .or_else(|| self.meta(path).is_some_and(|meta| meta.mode & 0o111 == 0).then(not_executable));
        let place = show(path);
        let when = match &runner {
            Some(runner) => runner.when.clone(),
            None => Err(super::untimed("nothing says when the scripts of this folder run")),
        };
        let mut job = Job::new(kind, place.clone(), &place, found, when);
        job.task = super::task::script(self.look, &job.found, &place);
        if let Some(runner) = &runner {
            job.task.egress = runner.egress.clone().over(job.task.egress);
        }
        job.fault = own.or_else(|| match &runner {
            Some(runner) => runner.fault.clone(),
            None => self.nothing_runs(folder),
        });
        job.last_run = runner.as_ref().and_then(|r| self.stamp(r.job.as_deref()?));
        self.push(job);
    }

    /// The folders that somebody's own lines run.
    pub(super) fn other_folders(&mut self) {
        const USUAL: [&str; 4] =
            ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"];
        let own = |runner: &&Runner| {
            !USUAL.contains(&runner.folder.as_str()) && !runner.folder.contains("/etc/periodic/")
        };
        let folders: BTreeSet<String> =
            self.runners.iter().filter(own).map(|runner| runner.folder.clone()).collect();
        for folder in folders {
            self.scripts(Path::new(&folder), TriggerKind::CronDir);
        }
    }

    /// The line that runs a folder: an effective one before any other.
    fn runner(&self, folder: &Path) -> Option<Runner> {
        let folder = show(folder);
        let anacron = anacron_is_there(self.look);
        let here = || {
            let all = self.runners.iter().filter(|runner| runner.folder == folder);
            all.filter(|runner| !(runner.unless_anacron && anacron))
        };
        here().find(|runner| runner.fault.is_none()).or_else(|| here().next()).cloned()
    }

    /// Only said of a whole host all of whose tables were read.
    fn nothing_runs(&self, folder: &Path) -> Option<Ineffective> {
        let certain = self.unread.is_empty()
            && is_whole(self.root())
            && populated(self.root(), "/usr/sbin")
            && self.root().exists(Path::new("/etc/crontab"))
            && !self.by_generator;
        let what = format!("nothing runs the scripts in {}", show(folder));
        certain.then_some(Ineffective::NotStarted(what)).or_else(|| self.stopped.clone())
    }
}

/// Whether anacron is installed: where programs are not in the tree, its table says so.
pub(super) fn anacron_is_there(look: &Look<'_>) -> bool {
    let program =
        ["/usr/sbin/anacron", "/usr/bin/anacron"].iter().any(|path| look.root.exists(Path::new(path)));
    program || !lacks_anacron(look) && look.root.exists(Path::new("/etc/anacrontab"))
}

/// Whether anacron is surely not installed.
pub(super) fn lacks_anacron(look: &Look<'_>) -> bool {
    let listed = is_whole(look.root) && populated(look.root, "/usr/sbin");
    listed && !super::path::has_program(look, &["anacron"])
}

//! Deploy hooks, and the servers that certbot's installer plugins load anew: after each renewal, and until all have succeeded.
//!
//! Hooks run first, lineage by lineage, and those that fail again after the post hooks, which may have started what a pre hook had
//! stopped. Only then servers are loaded anew, each once: Apache's control program would start a stopped one, and past systemd.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::stage::Stage;
use super::{Renewal, owed, reload};
use crate::facts::{HostFacts, Lineage};
use crate::gather::fs::Root;
use crate::gather::starts;
use crate::hooks::{Hooks, Ran};
use crate::install;

/// How often a hook that starts something is run within a time: systemd refuses the sixth start of a unit within ten seconds, which
/// is stopped then, and a post hook's start counts too.
/// <https://www.freedesktop.org/software/systemd/man/252/systemd.unit.html#StartLimitIntervalSec=interval>
const STARTS: usize = 4;
const WITHIN: Duration = Duration::from_millis(10_500);

/// When those that failed are run again: what post hooks start is not always up at once, and systemd's limit passes.
const AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(8)];

/// What is run for one lineage, and what came of it.
pub(super) struct Deploy {
    /// Its row.
    at: usize,
    hooks: Vec<String>,
    reload: Option<String>,
    live: String,
    names: String,
    ran: Vec<Ran>,
    loaded: Option<Ran>,
}

/// When services were started last, each by its hooks.
pub(super) struct Starts<'a> {
    /// Where the scripts of hooks are read.
    root: &'a Root,
    times: BTreeMap<String, Vec<Instant>>,
}

impl Stage<'_> {
    /// What is to be run for what was renewed, and where an earlier run still owes it.
    pub(super) fn deploys(
        &self,
        hooks: &Hooks,
        lineages: &[Lineage],
        all: &mut [Renewal],
        host: &HostFacts,
    ) -> Vec<Deploy> {
        let mut deploys = Vec::new();
        for (at, (lineage, renewal)) in lineages.iter().zip(all).enumerate() {
            let is_owed = owed::is_owed(self.options, &lineage.name);
            if self.options.no_hooks || renewal.installed.is_none() && !is_owed {
                continue;
            }
            if install::is_begun(self.lock, &lineage.name, &self.options.state_dir) {
                let wait = "its deploy hooks wait until the next run has settled the install";
                renewal.notes.push(wait.into());
                continue;
            }
            if renewal.installed.is_none() {
                renewal.notes.push("its deploy hooks were owed by an earlier run".into());
            }
            // Which ones they are is not known then.
            if let Some(missing) = lineage.conf.as_ref().err().or(host.hooks.as_ref().err()) {
                let (command, output) = ("its deploy hooks".into(), format!("they stay owed: {missing}"));
                renewal.hooks.push(Ran { command, code: None, output });
                continue;
            }
            let own = hooks.deploy.iter().find(|(name, _)| *name == lineage.name);
            deploys.push(Deploy {
                at,
                hooks: own.map(|(_, commands)| commands.clone()).unwrap_or_default(),
                reload: reload::after(lineage, host),
                live: live_folder(lineage, host),
                names: renewal.installed.as_ref().map_or(lineage.names(), |live| &live.names).join(" "),
                ran: Vec::new(),
                loaded: None,
            });
        }
        deploys
    }

    /// Runs the hooks.
    pub(super) fn deploy(&self, deploys: &mut [Deploy], recent: &mut Starts<'_>, stopped: &mut Option<u8>) {
        for deploy in deploys {
            for command in &deploy.hooks {
                match self.spaced(command, &deploy.variables(), recent, stopped) {
                    Some(ran) => deploy.ran.push(ran),
                    None => return,
                }
            }
        }
    }

    /// Runs a hook, as late as it has to be so that a service is not started too often; `None` where the end was asked for.
    fn spaced(
        &self,
        command: &str,
        variables: &[(&str, &str)],
        recent: &mut Starts<'_>,
        stopped: &mut Option<u8>,
    ) -> Option<Ran> {
        let wait = recent.wait(&starts(recent.root, command), Instant::now());
        if !wait.is_zero() {
            // Post hooks come after this: nobody who asked for the end waits longer than for what runs.
            if stopped.is_none() {
                self.through(stopped, async { sleep(wait).await });
            }
            if stopped.is_some() {
                return None;
            }
        }
        if self.cut.was_asked_for() { None } else { self.hook(command, variables, stopped) }
    }

    /// Runs those that failed again.
    pub(super) fn deploy_again(
        &self,
        deploys: &mut [Deploy],
        recent: &mut Starts<'_>,
        stopped: &mut Option<u8>,
    ) {
        for wait in AGAIN {
            if stopped.is_some() || !deploys.iter().any(|deploy| deploy.ran.iter().any(may_pass)) {
                return;
            }
            self.through(stopped, async { sleep(wait).await });
            for deploy in &mut *deploys {
                let mut ran = std::mem::take(&mut deploy.ran);
                let failed = ran.iter_mut().zip(&deploy.hooks).filter(|(ran, _)| may_pass(ran));
                for (ran, command) in failed {
                    let again = self.spaced(command, &deploy.variables(), recent, stopped);
                    *ran = again.unwrap_or_else(|| ran.clone());
                }
                deploy.ran = ran;
            }
        }
    }

    /// Loads servers anew.
    pub(super) fn load_anew(&self, deploys: &mut [Deploy], stopped: &mut Option<u8>) {
        let path = reload::path(&std::env::var("PATH").unwrap_or_default());
        let mut all: BTreeMap<String, Option<Ran>> = BTreeMap::new();
        for deploy in deploys {
            let Some(command) = &deploy.reload else { continue };
            if !all.contains_key(command) && self.cut.was_asked_for() {
                return;
            }
            let run = || self.hook(command, &[("PATH", &path)], stopped);
            deploy.loaded = all.entry(command.clone()).or_insert_with(run).clone();
        }
    }

    /// Tells what came of it, and forgets what is not owed any more.
    pub(super) fn deployed(&self, deploys: Vec<Deploy>, all: &mut [Renewal]) {
        for deploy in deploys {
            let Some(renewal) = all.get_mut(deploy.at) else { continue };
            let due = deploy.hooks.len() + usize::from(deploy.reload.is_some());
            renewal.hooks.extend(deploy.ran.into_iter().chain(deploy.loaded));
            if renewal.hooks.len() < due {
                renewal.notes.push("the run was ended: its deploy hooks are left to the next one".into());
            } else if renewal.hooks.iter().all(|ran| ran.code == Some(0)) {
                owed::settle(self.options, &renewal.lineage);
            }
        }
    }
}

impl Deploy {
    fn variables(&self) -> [(&str, &str); 2] {
        [("RENEWED_LINEAGE", &self.live), ("RENEWED_DOMAINS", &self.names)]
    }
}

impl<'a> Starts<'a> {
    pub(super) fn new(root: &'a Root) -> Self {
        Self { root, times: BTreeMap::new() }
    }

    /// How long to wait before a hook is run that starts these; it counts from then on.
    fn wait(&mut self, started: &[String], now: Instant) -> Duration {
        let oldest = |name: &String| {
            let times = self.times.get(name)?;
            times.len().checked_sub(STARTS).and_then(|first| times.get(first)).map(|oldest| *oldest + WITHIN)
        };
        let at = started.iter().filter_map(oldest).fold(now, Instant::max);
        for name in started {
            self.times.entry(name.clone()).or_default().push(at);
        }
        at.saturating_duration_since(now)
    }
}

/// Whether another try is of use: not of what is not there or may not be run, and one that took too long would take as long again.
fn may_pass(ran: &Ran) -> bool {
    ran.code.is_some_and(|code| !matches!(code, 0 | 126 | 127))
}

/// The folder of a lineage's links as hooks are told it.
fn live_folder(lineage: &Lineage, host: &HostFacts) -> String {
    let of_conf = lineage.live.first().and_then(|link| Path::new(&link.path).parent());
    match of_conf {
        Some(folder) => folder.to_string_lossy().into_owned(),
        None => format!("{}/live/{}", host.dirs.config, lineage.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_is_started_more_often_than_systemd_lets_it() {
        let root = Root::live();
        let (mut starts, begin) = (Starts::new(&root), Instant::now());
        let [nginx, postfix] = ["nginx", "postfix"].map(|name| vec![name.to_owned()]);
        let mut now = begin;
        let mut times = Vec::new();
        for _ in 0..9 {
            now += starts.wait(&nginx, now);
            times.push((now - begin).as_millis());
            now += Duration::from_secs(1);
        }
        assert_eq!(times, [0, 1_000, 2_000, 3_000, 10_500, 11_500, 12_500, 13_500, 21_000]);
        assert_eq!(starts.wait(&postfix, begin), Duration::ZERO);
        assert_eq!(starts.wait(&[], begin), Duration::ZERO);
        let both = [nginx, postfix].concat();
        assert_eq!(starts.wait(&both, now), Duration::from_secs(0), "at 22 s, four since 11.5 s");
    }
}

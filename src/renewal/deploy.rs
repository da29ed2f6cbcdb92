//! Deploy hooks, and the servers that certbot's installer plugins load anew: after each renewal, and until all have succeeded.

use std::path::Path;

use super::stage::Stage;
use super::{Renewal, owed, reload};
use crate::facts::{HostFacts, Lineage, Missing};
use crate::gather::Host;
use crate::hooks::{Hooks, Ran};
use crate::install;

/// What is run for one lineage.
struct Deploy<'a> {
    hooks: &'a [String],
    reload: Option<String>,
    live: String,
    names: String,
    path: String,
}

impl<'a> Deploy<'a> {
    fn of(lineage: &Lineage, renewal: &Renewal, hooks: &'a Hooks, host: &HostFacts) -> Self {
        let own = hooks.deploy.iter().find(|(name, _)| *name == lineage.name);
        Self {
            hooks: own.map(|(_, commands)| commands.as_slice()).unwrap_or_default(),
            reload: reload::after(lineage, host),
            live: live_folder(lineage, host),
            names: renewal.installed.as_ref().map_or(lineage.names(), |live| &live.names).join(" "),
            path: reload::path(&std::env::var("PATH").unwrap_or_default()),
        }
    }

    /// The commands in their order, each with its variables.
    fn all(&self) -> Vec<(&str, Vec<(&str, &str)>)> {
        let variables = vec![("RENEWED_LINEAGE", self.live.as_str()), ("RENEWED_DOMAINS", &self.names)];
        let with_path = [variables.clone(), vec![("PATH", &self.path)]].concat();
        let of_hooks = self.hooks.iter().map(|command| (command.as_str(), variables.clone()));
        of_hooks.chain(self.reload.iter().map(|command| (command.as_str(), with_path.clone()))).collect()
    }
}

impl Stage<'_> {
    /// Runs the deploy hooks of what was renewed, and those that an earlier run still owes.
    pub(super) fn deploy(
        &self,
        hooks: &Hooks,
        lineages: &[Lineage],
        all: &mut [Renewal],
        host: &Host,
        stopped: &mut Option<u8>,
    ) {
        for (lineage, renewal) in lineages.iter().zip(all) {
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
            if let Some(missing) = unread(lineage, &host.facts) {
                let (command, output) = ("its deploy hooks".into(), format!("they stay owed: {missing}"));
                renewal.hooks.push(Ran { command, code: None, output });
                continue;
            }
            let deploy = Deploy::of(lineage, renewal, hooks, &host.facts);
            let commands = deploy.all();
            for (command, variables) in commands.iter().take_while(|_| !self.cut.was_asked_for()) {
                renewal.hooks.extend(self.hook(command, variables, stopped));
            }
            if renewal.hooks.len() < commands.len() {
                renewal.notes.push("the run was ended: its deploy hooks are left to the next one".into());
            } else {
                self.forget_if_done(renewal);
            }
        }
    }

    /// Runs those that failed once more: a post hook may have started what a pre hook had stopped.
    pub(super) fn deploy_again(
        &self,
        hooks: &Hooks,
        lineages: &[Lineage],
        all: &mut [Renewal],
        host: &Host,
        stopped: &mut Option<u8>,
    ) {
        for (lineage, renewal) in lineages.iter().zip(all) {
            let deploy = Deploy::of(lineage, renewal, hooks, &host.facts);
            let commands = deploy.all();
            if renewal.hooks.is_empty()
                || renewal.hooks.len() != commands.len()
                || unread(lineage, &host.facts).is_some()
            {
                continue;
            }
            // One that was ended because it took too long would take as long again.
            let failed = |ran: &Ran| ran.code.is_some_and(|code| code != 0);
            for (ran, (command, variables)) in renewal.hooks.iter_mut().zip(commands) {
                if failed(ran) && !self.cut.was_asked_for() {
                    *ran = self.hook(command, &variables, stopped).unwrap_or_else(|| ran.clone());
                }
            }
            self.forget_if_done(renewal);
        }
    }

    fn forget_if_done(&self, renewal: &Renewal) {
        if renewal.hooks.iter().all(|ran| ran.code == Some(0)) {
            owed::settle(self.options, &renewal.lineage);
        }
    }
}

/// Why it is not known which hooks it has.
fn unread<'a>(lineage: &'a Lineage, host: &'a HostFacts) -> Option<&'a Missing> {
    lineage.conf.as_ref().err().or(host.hooks.as_ref().err())
}

/// The folder of a lineage's links as hooks are told it.
fn live_folder(lineage: &Lineage, host: &HostFacts) -> String {
    let of_conf = lineage.live.first().and_then(|link| Path::new(&link.path).parent());
    match of_conf {
        Some(folder) => folder.to_string_lossy().into_owned(),
        None => format!("{}/live/{}", host.dirs.config, lineage.name),
    }
}

//! How a run comes to its end when it is asked to.
//!
//! The first signal lets a hook that runs come to its end, and leaves out what would be begun after it: orders and pre hooks. What
//! takes back what was done, and what a pre hook has stopped, is done all the same, and so are the deploy hooks of what was renewed.
//! Each further one (Ctrl-C twice) ends the hook or the update that runs, with all that the hook has started. Cleanup and post
//! hooks are still begun after it: without them records stay and servers stand still. Deploy hooks are not; they stay owed.

use std::thread;

use tokio::sync::oneshot;

use super::stage::Stage;
use super::{Outcome, Renewal};
use crate::facts::Lineage;
use crate::hooks::{Hook, Ran};

/// How many letters of names a post hook gets, as with certbot.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/hooks.py>
const MAX_NAMES: usize = 16_000;

/// A terminal that is closed, or a session that ends, often sends it together with another one: that is not asking twice.
const SIGHUP: u8 = 1;

impl Stage<'_> {
    /// Runs pre hooks to their end; after a signal none is begun.
    pub(super) fn before(&self, commands: &[String], stopped: &mut Option<u8>) -> Vec<Ran> {
        let mut all = Vec::new();
        for command in commands {
            if stopped.is_some() {
                break;
            }
            all.extend(self.hook(command, &[], stopped));
        }
        all
    }

    /// Runs post hooks to their end, signals or not, with the names that were renewed and those that were tried in vain.
    pub(super) fn after(
        &self,
        commands: &[String],
        all: &[Renewal],
        lineages: &[Lineage],
        stopped: &mut Option<u8>,
    ) -> Vec<Ran> {
        let renewed =
            all.iter().filter_map(|renewal| renewal.installed.as_ref()).flat_map(|live| &live.names);
        let in_vain = |renewal: &Renewal| matches!(renewal.outcome, Outcome::Failed | Outcome::NeedsSnippet);
        let failed = lineages.iter().zip(all).filter(|(_, renewal)| in_vain(renewal));
        let failed = failed.flat_map(|(lineage, _)| lineage.names());
        let (renewed, failed) = (listed(renewed), listed(failed));
        let variables = [("RENEWED_DOMAINS", renewed.as_str()), ("FAILED_DOMAINS", failed.as_str())];
        commands.iter().filter_map(|command| self.hook(command, &variables, stopped)).collect()
    }

    /// Runs a hook to its end.
    pub(super) fn hook(
        &self,
        command: &str,
        variables: &[(&str, &str)],
        stopped: &mut Option<u8>,
    ) -> Option<Ran> {
        self.to_its_end(stopped, || Some(Hook { command, variables, without: &[] }.run(&self.cut)))
    }

    /// Runs what runs hooks, and hears signals meanwhile.
    pub(super) fn to_its_end<T: Default + Send>(
        &self,
        stopped: &mut Option<u8>,
        run: impl FnOnce() -> T + Send,
    ) -> T {
        let (running, mut ended) = oneshot::channel::<()>();
        thread::scope(|scope| {
            let hooks = scope.spawn(move || {
                let _running = running;
                run()
            });
            self.through(stopped, async { drop((&mut ended).await) });
            hooks.join().unwrap_or_default()
        })
    }

    /// Waits for what has to come to its end.
    pub(super) fn through(&self, stopped: &mut Option<u8>, work: impl Future<Output = ()>) {
        let mut work = Box::pin(work);
        while let Err(signal) = self.net.run(work.as_mut()) {
            if stopped.is_some() && signal != SIGHUP {
                self.cut.now();
            }
            stopped.get_or_insert(signal);
        }
    }
}

/// Names as hooks get them, as many as there is room for.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let mut all = String::new();
    for name in names {
        if all.len() + name.len() >= MAX_NAMES {
            break;
        }
        all.extend([if all.is_empty() { "" } else { " " }, name]);
    }
    all
}

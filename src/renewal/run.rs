//! The course of a run: what is due, pre hooks, orders side by side, each certificate checked and put live as it comes, deploy
//! hooks, post hooks, and a look at what is served.

use std::fs;
use std::path::PathBuf;
use std::thread;

use tokio::sync::oneshot;

use super::jobs::{Job, is_left_alone, jobs, judged};
use super::solve::{Solver, Solvers};
use super::{Outcome, Renewal, Renewals, Served, owed, reload, served};
use crate::challenge::{Address, Socket};
use crate::error::Error;
use crate::facts::Lineage;
use crate::gather::Host;
use crate::gather::net::{Net, Sight};
use crate::gather::x509;
use crate::hooks::{self, Hooks, Ran};
use crate::install::Lock;
use crate::rehearsal::Publisher;
use crate::rehearsal::news::{Hear, News};

/// How it is renewed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of HTTP-01 validations.
    pub http_port: u16,
    /// The port of the servers that use the certificates.
    pub https_port: u16,
    /// Where web servers pass challenges to.
    pub respond_at: Address,
    /// Where journals, failures and debts are kept.
    pub state_dir: PathBuf,
    /// certbot's configuration folder.
    pub config_dir: PathBuf,
    /// Orders are placed at this directory instead of the one that each conf names.
    pub server: Option<String>,
    /// Renew whatever is due or not.
    pub forced: bool,
    /// Run no hooks, and load no server anew.
    pub no_hooks: bool,
}

/// Where it takes place.
pub struct Stage<'a> {
    /// The network.
    pub net: &'a Net,
    /// How it is renewed.
    pub options: &'a Options,
    /// certbot's locks, which are held until the end.
    pub lock: &'a Lock,
    /// Sockets that systemd has bound for web servers to pass challenges to.
    pub inherited: Vec<Socket>,
    /// Who is told how it goes on.
    pub hear: Hear<'a>,
}

/// Renews what is due.
///
/// # Errors
/// The state directory cannot be written, or the system gives no random bytes.
pub fn run(host: &Host, mut stage: Stage<'_>) -> Result<Renewals, Error> {
    let options = stage.options;
    let lineages: Vec<Lineage> = (0..host.confs.len()).filter_map(|at| host.lineage(at)).collect();
    let (left_alone, mut lineages): (Vec<_>, Vec<_>) =
        lineages.into_iter().partition(|lineage| is_left_alone(lineage, &host.facts, options));
    // A resolver that is asked for a record before it is made would keep that there is none, and may be the CA's.
    let sight = Sight { names: false, walks: false, cas: true };
    stage.net.see(&mut lineages, &host.facts, host.root(), sight);
    lineages.extend(left_alone);
    lineages.sort_by(|a, b| a.name.cmp(&b.name));
    let mut all: Vec<Renewal> =
        lineages.iter().map(|lineage| judged(lineage, &host.facts, options)).collect();
    let mut around = Vec::new();
    let mut stopped = None;
    let solvers = Solvers::new(&host.facts, host.root(), stage.net.zones(), options.no_hooks);
    let jobs = jobs(&lineages, &mut all, &host.facts, options, &solvers);
    let mut publisher = stage.publisher(&jobs)?;
    let of = |lineages: &[Lineage]| match options.no_hooks {
        true => Hooks::default(),
        false => Hooks::of(lineages, &host.facts, host.root()),
    };
    let due: Vec<Lineage> = jobs.iter().map(|job| job.lineage.clone()).collect();
    let (of_due, of_all) = (if due.is_empty() { Hooks::default() } else { of(&due) }, of(&[]));
    // A pre hook of one lineage often stops the web server that the others are proven by: those come first.
    let (calm, rest): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| of(std::slice::from_ref(job.lineage)).pre == of_all.pre);
    let why: Vec<(usize, String)> =
        calm.iter().chain(&rest).filter_map(|job| Some((job.at, all.get(job.at)?.because.clone()))).collect();
    let mut ran = Vec::new();
    for (jobs, may_run) in [(calm, &of_all.pre), (rest, &of_due.pre)] {
        if jobs.is_empty() || stopped.is_some() {
            continue;
        }
        let pre: Vec<String> = may_run.iter().filter(|command| !ran.contains(*command)).cloned().collect();
        around.extend(stage.hooks(&pre, &[], &mut stopped));
        ran.extend(pre);
        if stopped.is_none() {
            let jobs = stage.passing(jobs, &mut all, &mut publisher, &mut stopped)?;
            stopped = stopped.or(stage.net.run(stage.place(&jobs, &mut all, &mut publisher, host)).err());
            stage.take_back(&jobs, &mut all);
        }
    }
    if stopped.is_some() {
        for (at, why) in why {
            let Some(renewal) = all.get_mut(at) else { continue };
            if renewal.outcome == Outcome::Failed && renewal.because == why {
                renewal.because = "the run was ended before it was renewed".into();
            }
        }
    }
    publisher.end().iter().for_each(|left| (stage.hear)(News::Left(left)));
    stage.deploy(&of(&lineages), &lineages, &mut all, host, &mut stopped);
    around.extend(stage.hooks(&of_due.post, &[], &mut stopped));
    if stopped.is_none() {
        stage.look_at_served(&lineages, &mut all);
    }
    around.iter().for_each(|ran| (stage.hear)(News::Hook(ran)));
    let respond_at = options.respond_at.to_string();
    Ok(Renewals { all, notes: Vec::new(), around, stopped, respond_at })
}

impl Stage<'_> {
    /// What publishes; what an earlier run had left behind is removed first.
    fn publisher(&mut self, jobs: &[Job<'_>]) -> Result<Publisher, Error> {
        let Options { http_port, respond_at, state_dir, .. } = self.options;
        let (at, inherited) = ((*http_port, respond_at.clone()), std::mem::take(&mut self.inherited));
        let targets = jobs.iter().flat_map(|job| &job.case.targets);
        Publisher::new(targets, state_dir, at, inherited, self.hear)
    }

    /// Takes back what hooks and updates have published and an interrupted order has not.
    fn take_back(&self, jobs: &[Job<'_>], all: &mut [Renewal]) {
        let ends = jobs.iter().filter_map(|job| job.solver.as_ref()).map(Solver::end);
        // A second signal ends it.
        let _ = self.net.run(futures_util::future::join_all(ends));
        for (job, solver) in jobs.iter().filter_map(|job| Some((job, job.solver.as_ref()?))) {
            if let Some(renewal) = all.get_mut(job.at) {
                renewal.notes.extend(solver.notes());
            }
        }
    }

    /// Looks at what the host's own server gives for what was renewed.
    fn look_at_served(&self, lineages: &[Lineage], all: &mut [Renewal]) {
        for (lineage, renewal) in lineages.iter().zip(all) {
            let (Some(live), Ok(before)) = (&renewal.installed, &lineage.cert) else { continue };
            // A server that nobody has loaded anew for long gives one of long ago.
            let mut earlier = self.archived(&lineage.name);
            earlier.push(before.serial.clone());
            earlier.retain(|serial| *serial != live.serial);
            let look = served::look(lineage.names(), self.options.https_port, &live.serial, &earlier);
            renewal.served = self.net.run(look).unwrap_or(Served::NotChecked);
        }
    }

    /// The serial numbers of the certificates in the archive, as far as they can be read.
    fn archived(&self, lineage: &str) -> Vec<String> {
        let folder = self.options.config_dir.join("archive").join(lineage);
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_cert = |path: &PathBuf| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("cert"))
        };
        let serial = |path: PathBuf| {
            let ders = x509::certificates(&fs::read(path).ok()?).ok()?;
            Some(x509::cert(&x509::parse(ders.first()?).ok()?).serial)
        };
        files.filter(is_cert).filter_map(serial).collect()
    }

    /// Runs hooks to their end. A signal meanwhile is heard, and only what comes after is left out: whatever a pre hook has
    /// stopped, the post hook starts again.
    fn hooks(&self, commands: &[String], variables: &[(&str, &str)], stopped: &mut Option<u8>) -> Vec<Ran> {
        self.to_its_end(stopped, || hooks::run(commands, variables))
    }

    fn to_its_end(&self, stopped: &mut Option<u8>, run: impl FnOnce() -> Vec<Ran> + Send) -> Vec<Ran> {
        let (running, ended) = oneshot::channel::<()>();
        thread::scope(|scope| {
            let hooks = scope.spawn(|| {
                let _running = running;
                run()
            });
            let heard = self.net.run(async { drop(ended.await) }).err();
            *stopped = stopped.or(heard);
            hooks.join().unwrap_or_default()
        })
    }

    /// Runs the deploy hooks of what was renewed, and those that an earlier run still owes.
    fn deploy(
        &self,
        hooks: &Hooks,
        lineages: &[Lineage],
        all: &mut [Renewal],
        host: &Host,
        stopped: &mut Option<u8>,
    ) {
        let state_dir = &self.options.state_dir;
        for (lineage, renewal) in lineages.iter().zip(all) {
            let is_owed = owed::is_owed(state_dir, &lineage.name);
            if self.options.no_hooks || renewal.installed.is_none() && !is_owed {
                continue;
            }
            if renewal.installed.is_none() {
                renewal.notes.push("its deploy hooks were owed by an earlier run".into());
            }
            let commands =
                hooks.deploy.iter().find(|(name, _)| *name == lineage.name).map(|(_, commands)| commands);
            let live = format!("{}/live/{}", host.facts.dirs.config, lineage.name);
            let names = lineage.names().join(" ");
            let variables = [("RENEWED_LINEAGE", live.as_str()), ("RENEWED_DOMAINS", names.as_str())];
            renewal.hooks = self.hooks(commands.map(Vec::as_slice).unwrap_or_default(), &variables, stopped);
            renewal.hooks.extend(self.to_its_end(stopped, || reload::after(lineage)));
            if renewal.hooks.iter().all(|ran: &Ran| ran.code == Some(0)) {
                owed::settle(state_dir, &lineage.name);
            }
        }
    }
}

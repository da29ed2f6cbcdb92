//! The course of a run: what is due, pre hooks, orders side by side, each certificate checked and put live as it comes, deploy
//! hooks, post hooks, servers loaded anew, and a look at what is served.

use std::collections::{BTreeMap, BTreeSet};

use super::deploy::Starts;
use super::jobs::{Job, is_left_alone, jobs, judged};
use super::solve::{Solver, Solvers};
use super::stage::{Options, Stage};
use super::{Outcome, Renewal, Renewals, Served, explain, pending, served, windows};
use crate::audit::Report;
use crate::error::Error;
use crate::facts::Lineage;
use crate::gather::Host;
use crate::gather::certbot::name_of;
use crate::gather::net::Sight;
use crate::hooks::Hooks;
use crate::rehearsal::Publisher;
use crate::rehearsal::news::News;
use crate::state;

/// Renews what is due.
///
/// # Errors
/// The state directory cannot be written, or the system gives no random bytes.
pub fn run(host: &Host, mut stage: Stage<'_>) -> Result<Renewals, Error> {
    let options = stage.options;
    let lineages: Vec<Lineage> = (0..host.confs.len()).filter_map(|at| host.lineage(at)).collect();
    pending::sweep(options, &lineages);
    let (left_alone, mut lineages): (Vec<_>, Vec<_>) =
        lineages.into_iter().partition(|lineage| is_left_alone(lineage, &host.facts, options));
    // A resolver that is asked for a record before it is made would keep that there is none, and may be the CA's.
    let sight = Sight { cas: true, ..Sight::default() };
    windows::recall(options, &mut lineages, host.facts.now);
    stage.net.see(&mut lineages, &host.facts, host.root(), sight, stage.net.ends());
    windows::keep(options, &lineages, host.facts.now);
    lineages.extend(left_alone);
    lineages.sort_by(|a, b| a.name.cmp(&b.name));
    let mut all: Vec<Renewal> =
        lineages.iter().map(|lineage| judged(lineage, &host.facts, options)).collect();
    let mut around = Vec::new();
    let mut stopped = None;
    let solvers = Solvers::new(&host.facts, host.root(), stage.net.zones(), options, &stage.cut);
    let notes = stage.take_back_left(&lineages, &solvers, &mut stopped);
    let jobs = jobs(&lineages, &mut all, &host.facts, options, &solvers);
    if !jobs.is_empty() {
        state::ready(&options.state_dir)?;
    }
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
        around.extend(stage.before(&pre, &mut stopped));
        ran.extend(pre);
        if stopped.is_none() {
            let mut jobs = stage.passing(jobs, &mut all, &mut publisher, &mut stopped)?;
            let hooked = !ran.is_empty();
            let opened = stage.open_ports(&mut jobs, &mut all, &mut publisher, &host.facts, hooked);
            stopped = stopped.or(stage.net.run(opened).err());
            if stopped.is_none() {
                stopped = stage.order(&mut jobs, &mut all, &mut publisher, host).err();
            }
            stage.take_back(&jobs, &mut all, &mut stopped);
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
    let mut deploys = stage.deploys(&of(&lineages), &lineages, &mut all, &host.facts);
    let mut recent = Starts::new(host.root());
    stage.deploy(&mut deploys, &mut recent, &mut stopped);
    let after = stage.after(&of_due.post, &all, &lineages, &mut stopped);
    if !after.is_empty() || deploys.len() > 1 {
        stage.deploy_again(&mut deploys, &mut recent, &mut stopped);
    }
    stage.load_anew(&mut deploys, &mut stopped);
    stage.deployed(deploys, &mut all);
    around.extend(after);
    let mut report = None;
    if stopped.is_none() {
        let renewed = stage.look_at_served(host, &mut all, &mut stopped);
        report = stage.explain(host, lineages, renewed, &all, &mut stopped);
    }
    let respond_at = options.respond_at.to_string();
    Ok(Renewals { all, notes, around, stopped, respond_at, report })
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
    fn take_back(&self, jobs: &[Job<'_>], all: &mut [Renewal], stopped: &mut Option<u8>) {
        let ends = jobs.iter().filter_map(|job| job.solver.as_ref()).map(Solver::end);
        self.through(stopped, async { drop(futures_util::future::join_all(ends).await) });
        for (job, solver) in jobs.iter().filter_map(|job| Some((job, job.solver.as_ref()?))) {
            if let Some(renewal) = all.get_mut(job.at) {
                renewal.notes.extend(solver.notes());
            }
        }
    }

    /// Looks at what the host's own server gives for what was renewed, now or by an earlier run whose hooks were owed; those
    /// lineages as they are now.
    fn look_at_served(&self, host: &Host, all: &mut [Renewal], stopped: &mut Option<u8>) -> Vec<Lineage> {
        let new = all.iter_mut().filter(|renewal| renewal.installed.is_some() || !renewal.hooks.is_empty());
        let mut new: BTreeMap<String, &mut Renewal> =
            new.map(|renewal| (renewal.lineage.clone(), renewal)).collect();
        let confs = host.confs.iter().enumerate().filter(|(_, conf)| new.contains_key(&name_of(conf)));
        let mut renewed: Vec<Lineage> = confs.filter_map(|(at, _)| host.lineage(at)).collect();
        if renewed.is_empty() {
            return renewed;
        }
        let hooked = |name: &str| new.get(name).is_some_and(|renewal| !renewal.hooks.is_empty());
        *stopped = self.net.run(served::look(self.net, &mut renewed, hooked)).err();
        for lineage in &renewed {
            if let Some(renewal) = new.get_mut(&lineage.name) {
                renewal.served = served::of(lineage);
                let done = renewal.hooks.iter().all(|ran| ran.code == Some(0));
                if renewal.served == Served::Old && done && served::is_for_a_routine(lineage, &host.facts) {
                    renewal.served = Served::NotChecked;
                    let note = "its server still gives the certificate before, and is loaded anew by routine";
                    renewal.notes.push(note.into());
                }
            }
        }
        renewed
    }

    /// What the audit says of what failed, and of what is renewed and reaches nobody.
    fn explain(
        &self,
        host: &Host,
        lineages: Vec<Lineage>,
        renewed: Vec<Lineage>,
        all: &[Renewal],
        stopped: &mut Option<u8>,
    ) -> Option<Report> {
        let of = lineages.into_iter().zip(all);
        let mut failed: Vec<Lineage> =
            of.filter(|(_, renewal)| renewal.is_failed()).map(|(lineage, _)| lineage).collect();
        let lame = all.iter().filter(|renewal| renewal.is_lame() && !renewal.is_failed());
        let lame: BTreeSet<&str> = lame.map(|renewal| renewal.lineage.as_str()).collect();
        let lame = renewed.into_iter().filter(|lineage| lame.contains(lineage.name.as_str()));
        let sight = Sight { names: true, challenges: true, walks: true, ..Sight::default() };
        if stopped.is_none() {
            let looked = self.net.look_at(&mut failed, &host.facts, host.root(), sight, self.net.ends());
            *stopped = self.net.run(looked).err();
        }
        failed.extend(lame);
        (!failed.is_empty()).then(|| explain::explain(failed, all, &host.facts, self.config))
    }
}

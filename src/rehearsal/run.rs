//! The course of a rehearsal: hooks, the walks from this host, the orders at CAs, and everything taken back.

use std::path::PathBuf;

use super::beside;

use super::local::{self, Local};
use super::news::{Hear, News};
use super::orders::Orders;
use super::{Plan, Publisher, Rehearsal, Untested, failed, port};
use crate::audit::audited;
use crate::challenge::{Address, Socket};
use crate::config::Config;
use crate::error::Error;
use crate::facts::Lineage;
use crate::gather::Host;
use crate::gather::net::{Net, Sight};
use crate::hooks::{self, Hooks};

/// How it is rehearsed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of HTTP-01 validations.
    pub port: u16,
    /// Where web servers pass challenges to.
    pub respond_at: Address,
    /// Where the journal and accounts are kept.
    pub state_dir: PathBuf,
    /// Orders are placed at this directory instead of the one that each CA has for tests.
    pub server: Option<String>,
    /// No order is placed.
    pub local: bool,
    /// Pre hooks are run before, and post hooks after it.
    pub run_hooks: bool,
    /// The deploy hooks of lineages that pass are run.
    pub run_deploy_hooks: bool,
}

/// Where it takes place.
pub struct Stage<'a> {
    /// The network.
    pub net: &'a Net,
    /// How it is rehearsed.
    pub options: &'a Options,
    /// Sockets that systemd has bound for web servers to pass challenges to.
    pub inherited: Vec<Socket>,
    /// Who is told how it goes on.
    pub hear: Hear<'a>,
}

/// Rehearses names that have no lineage.
///
/// # Errors
/// Nothing can be written down, or the system gives no random bytes.
pub fn of_names(plan: &Plan, mut stage: Stage<'_>) -> Result<Rehearsal, Error> {
    let options = stage.options;
    let orders: Vec<Orders> = options.server.iter().map(|server| Orders::of_names(plan, server)).collect();
    let unasked = orders.is_empty() && !options.local;
    let publisher = stage.publisher(plan)?;
    let Local { attempts, mut untested, stopped, .. } = stage.rehearse(plan, publisher, orders)?;
    if unasked {
        let what = "no CA was asked: --server URL names one".to_owned();
        untested.push(Untested { lineage: None, what, matters: false });
    }
    Ok(Rehearsal { attempts, untested, stopped, ..Rehearsal::default() })
}

/// Rehearses the lineages of a host, and audits them with what it showed.
///
/// # Errors
/// Nothing can be written down, or the system gives no random bytes.
pub fn of_lineages(host: Host, config: &Config, mut stage: Stage<'_>) -> Result<Rehearsal, Error> {
    let options = stage.options;
    let mut lineages: Vec<Lineage> = (0..host.confs.len()).filter_map(|at| host.lineage(at)).collect();
    let sight = Sight { names: true, challenges: true, cas: !options.local, ..Sight::default() };
    stage.net.see(&mut lineages, &host.facts, host.root(), sight, stage.net.ends());
    if lineages.is_empty() {
        let what = format!(
            "{}/renewal holds no lineage: -d DOMAIN rehearses a name without one",
            host.facts.dirs.config
        );
        let untested = vec![Untested { lineage: None, what, matters: true }];
        return Ok(Rehearsal { untested, ..Rehearsal::default() });
    }
    let mut plan = Plan::default();
    lineages.iter().for_each(|lineage| plan.lineage(lineage, &host.facts));
    let orders = match options.local {
        true => Vec::new(),
        false => {
            Orders::of_lineages(&mut plan, &lineages, &host.facts, host.root(), options.server.as_deref())
        }
    };
    let hooks = Hooks::of(&lineages, &host.facts, host.root());
    let publisher = stage.publisher(&plan)?;
    if options.run_hooks {
        stage.run(&hooks.pre, &[]);
    } else if hooks.around() > 0 {
        let what = format!("{} pre and post hooks were not run (--run-hooks runs them)", hooks.around());
        plan.untested.push(Untested { lineage: None, what, matters: false });
    }
    let done = stage.rehearse(&plan, publisher, orders);
    if options.run_hooks {
        stage.run(&hooks.post, &[]);
    }
    let mut done = done?;
    port::say_who_frees_it(&mut done, &lineages, &host.facts, options.run_hooks);
    done.show(&mut lineages);
    if options.run_deploy_hooks && done.stopped.is_none() {
        for (lineage, commands) in &hooks.deploy {
            stage.deploy(lineage, commands, &lineages, &done, &host);
        }
    }
    let untested = plan.untested.into_iter().chain(done.untested).collect();
    let report = audited(host.facts, &lineages, config);
    let beside = if options.local { Vec::new() } else { beside::of(&report) };
    Ok(Rehearsal { attempts: done.attempts, untested, beside, stopped: done.stopped, report: Some(report) })
}

impl Stage<'_> {
    /// What publishes; what an earlier run had left behind is removed first.
    fn publisher(&mut self, plan: &Plan) -> Result<Publisher, Error> {
        let Options { port, respond_at, state_dir, .. } = self.options;
        let (at, inherited) = ((*port, respond_at.clone()), std::mem::take(&mut self.inherited));
        Publisher::new(plan.targets.iter(), state_dir, at, inherited, self.hear)
    }

    /// Rehearses here, then at the CAs, and takes everything back.
    fn rehearse(&self, plan: &Plan, mut publisher: Publisher, orders: Vec<Orders>) -> Result<Local, Error> {
        let mut done = local::run(&plan.targets, self.net, &mut publisher, self.hear);
        if let Ok(done) = &mut done {
            for orders in orders {
                if done.stopped.is_some() {
                    break;
                }
                let placed = orders.place(self.net, &mut publisher, &self.options.state_dir, self.hear);
                match self.net.run(placed) {
                    Ok(at_ca) => done.join(at_ca),
                    Err(signal) => done.stopped = Some(signal),
                }
            }
        }
        publisher.end().iter().for_each(|left| (self.hear)(News::Left(left)));
        done
    }

    fn run(&self, commands: &[String], variables: &[(&str, &str)]) {
        hooks::run(commands, variables).iter().for_each(|ran| (self.hear)(News::Hook(ran)));
    }

    /// Runs the deploy hooks of a lineage of which each name passed, as certbot would after a renewal.
    fn deploy(&self, name: &str, commands: &[String], lineages: &[Lineage], done: &Local, host: &Host) {
        let mut own =
            done.attempts.iter().filter(|attempt| attempt.lineage.as_deref() == Some(name)).peekable();
        if own.peek().is_none() || own.any(|attempt| failed(&done.attempts, attempt)) {
            return;
        }
        let live = format!("{}/live/{name}", host.facts.dirs.config);
        let of = lineages.iter().find(|lineage| lineage.name == name);
        let names = of.map(|lineage| lineage.names().join(" ")).unwrap_or_default();
        self.run(commands, &[("RENEWED_LINEAGE", &live), ("RENEWED_DOMAINS", &names)]);
    }
}

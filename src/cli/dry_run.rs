//! `acme-audit dry-run`: rehearse the challenges, print what came of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::args::Format;
use super::audit;
use super::settings::Settings;
use crate::acme::{AccountKey, Client};
use crate::audit::Judged;
use crate::ca::staging;
use crate::challenge::journal::Journal;
use crate::challenge::listen::inherited;
use crate::challenge::{Address, Socket};
use crate::error::Error;
use crate::facts::Lineage;
use crate::gather::Host;
use crate::gather::fs::Root;
use crate::gather::net::Net;
use crate::rehearsal::ca::{self, AtCa, Case, certbots_keys};
use crate::rehearsal::hooks::{self, Hooks, Ran};
use crate::rehearsal::local::{self, Local};
use crate::rehearsal::{Means, Plan, Publisher, Rehearsal, Target, Untested};
use crate::report::dry_run;

/// Arguments of the dry run.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// Only these lineages
    #[arg(value_name = "NAME", conflicts_with = "domains")]
    pub names: Vec<String>,
    /// Rehearse this name instead of a lineage: behind a web server with our snippet, or with --webroot or --standalone
    #[arg(
        short = 'd',
        long = "domain",
        visible_alias = "domains",
        value_name = "DOMAIN",
        value_delimiter = ','
    )]
    pub domains: Vec<String>,
    /// Publish the tokens of -d below this web root
    #[arg(
        short = 'w',
        long,
        visible_alias = "webroot-path",
        value_name = "DIR",
        requires = "domains",
        conflicts_with = "standalone"
    )]
    pub webroot: Option<PathBuf>,
    /// Publish the tokens of -d by a listener of our own on the challenge's port
    #[arg(long, requires = "domains")]
    pub standalone: bool,
    /// Where a web server passes challenges to, with a snippet of contrib/web-servers: an address and port, or the path of
    /// a unix socket
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8402")]
    pub respond_at: Address,
    /// Run pre hooks before and post hooks after the challenges, as certbot's dry run does
    #[arg(long, conflicts_with = "domains")]
    pub run_hooks: bool,
    /// Run the deploy hooks of lineages that pass, as certbot would after a renewal
    #[arg(long, conflicts_with = "domains")]
    pub run_deploy_hooks: bool,
    /// Place the orders at this directory instead of the staging one of the lineage's own CA
    #[arg(long, value_name = "URL", conflicts_with = "local")]
    pub server: Option<String>,
    /// Walk to the challenges from this host only, and ask no CA
    #[arg(long)]
    pub local: bool,
}

/// Rehearses and prints; gives the exit code.
pub fn run(settings: &Settings, args: &DryRunArgs) -> Result<u8, Error> {
    if settings.root.is_some() {
        return Err(Error::new("dry-run publishes challenges on this host, and --root names another")
            .hint("run it on that host, or name certbot's folder with --config-dir DIR"));
    }
    // Before there are threads: it takes variables out of the environment.
    let inherited = inherited();
    let Some(net) = audit::net(settings)? else {
        return Err(Error::new(
            "dry-run walks to the challenges over the network, and --offline forbids that",
        )
        .hint("leave --offline out; --local asks no CA"));
    };
    let rehearsal = match args.domains.as_slice() {
        [] => of_lineages(settings, args, &net, inherited)?,
        names => of_names(settings, args, names, &net, inherited)?,
    };
    print(&rehearsal, settings)
}

fn of_names(
    settings: &Settings,
    args: &DryRunArgs,
    names: &[String],
    net: &Net,
    inherited: Vec<Socket>,
) -> Result<Rehearsal, Error> {
    let means = match (&args.webroot, args.standalone) {
        (Some(webroot), _) => Means::Webroot(audit::absolute(webroot)?),
        (None, true) => Means::Standalone,
        (None, false) => Means::Behind { server: "behind a server", root: None },
    };
    let plan = Plan::of_names(names, &means);
    let publisher = publisher(settings, args, &plan, inherited)?;
    let case = || Case::of_names(plan.targets.clone());
    let orders = args.server.iter().map(|server| Order {
        server: server.clone(),
        keys: Vec::new(),
        cases: vec![case()],
    });
    let mut orders: Vec<Order> = orders.collect();
    let Local { attempts, mut untested, stopped, .. } =
        rehearsed(&plan, net, publisher, &mut orders, &settings.state_dir)?;
    if orders.is_empty() && !args.local {
        let what = "no CA was asked: --server URL names one".to_owned();
        untested.push(Untested { lineage: None, what, matters: false });
    }
    Ok(Rehearsal { attempts, untested, stopped, report: None })
}

fn of_lineages(
    settings: &Settings,
    args: &DryRunArgs,
    net: &Net,
    inherited: Vec<Socket>,
) -> Result<Rehearsal, Error> {
    let host = audit::host_of(settings, &args.names)?;
    let mut lineages: Vec<Lineage> = (0..host.confs.len()).filter_map(|at| host.lineage(at)).collect();
    net.see(&mut lineages, &host.facts, host.root());
    let mut plan = Plan::default();
    lineages.iter().for_each(|lineage| plan.lineage(lineage, &host.facts));
    let hooks = Hooks::of(&lineages, &host.facts, host.root());
    let publisher = publisher(settings, args, &plan, inherited)?;
    if args.run_hooks {
        told(&hooks::run(&hooks.pre, &[]));
    } else if hooks.around() > 0 {
        let what = format!("{} pre and post hooks were not run (--run-hooks runs them)", hooks.around());
        plan.untested.push(Untested { lineage: None, what, matters: false });
    }
    let mut orders = match args.local {
        true => Vec::new(),
        false => orders(&mut plan, &lineages, &host, args.server.as_deref()),
    };
    let done = rehearsed(&plan, net, publisher, &mut orders, &settings.state_dir);
    if args.run_hooks {
        told(&hooks::run(&hooks.post, &[]));
    }
    let mut done = done?;
    for (target, walk) in std::mem::take(&mut done.walks) {
        let of = lineages.iter_mut().find(|lineage| Some(&lineage.name) == target.lineage.as_ref());
        let seen = of.and_then(|lineage| lineage.seen.as_mut());
        let seen = seen.and_then(|seen| seen.iter_mut().find(|name| name.identifier == target.identifier));
        if let Some(seen) = seen {
            seen.walk = Some(Ok(walk));
        }
    }
    if args.run_deploy_hooks && done.stopped.is_none() {
        deploy(&hooks, &lineages, &done, &host);
    }
    let untested = plan.untested.into_iter().chain(done.untested).collect();
    let report = Some(judged(host, lineages, settings));
    Ok(Rehearsal { attempts: done.attempts, untested, stopped: done.stopped, report })
}

/// What publishes; what an earlier run had left behind is removed first.
fn publisher(
    settings: &Settings,
    args: &DryRunArgs,
    plan: &Plan,
    inherited: Vec<Socket>,
) -> Result<Publisher, Error> {
    let journal = match Journal::begin(&settings.state_dir) {
        Ok((journal, swept)) => {
            for path in swept {
                anstream::eprintln!("removed what an earlier run had left behind: {}", path.display());
            }
            Some(journal)
        }
        // Without files there is nothing to write down.
        Err(error) if plan.targets.iter().any(|target| target.means.needs_files()) => return Err(error),
        Err(_) => None,
    };
    let port = settings.network.as_ref().map_or(80, |network| network.http_port);
    Ok(Publisher::new(journal, port, args.respond_at.clone(), inherited))
}

/// Says on standard error which hooks did not end well: certbot only warns of them.
fn told(ran: &[Ran]) {
    for Ran { command, code } in ran.iter().filter(|ran| ran.code != Some(0)) {
        let code =
            code.map_or_else(|| "without an exit code".to_owned(), |code| format!("with exit code {code}"));
        anstream::eprintln!("the hook `{command}` ended {code}");
    }
}

/// Runs the deploy hooks of every lineage of which each name passed.
fn deploy(hooks: &Hooks, lineages: &[Lineage], done: &Local, host: &Host) {
    for (name, commands) in &hooks.deploy {
        let mut own =
            done.attempts.iter().filter(|attempt| attempt.lineage.as_ref() == Some(name)).peekable();
        if own.peek().is_none() || !own.all(|attempt| attempt.ok) {
            continue;
        }
        let live = format!("{}/live/{name}", host.facts.dirs.config);
        let names =
            lineages.iter().find(|lineage| lineage.name == *name).map(|lineage| lineage.names().join(" "));
        let variables = [("RENEWED_LINEAGE", live.as_str()), ("RENEWED_DOMAINS", &names.unwrap_or_default())];
        told(&hooks::run(commands, &variables));
    }
}

/// The orders of one directory.
struct Order {
    server: String,
    /// Those of certbot's accounts there.
    keys: Vec<AccountKey>,
    cases: Vec<Case>,
}

/// The orders of lineages, by the directory where they can be tried.
fn orders(plan: &mut Plan, lineages: &[Lineage], host: &Host, server: Option<&str>) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for lineage in lineages {
        let of = |target: &&Target| target.lineage.as_ref() == Some(&lineage.name);
        let targets: Vec<Target> = plan.targets.iter().filter(of).cloned().collect();
        if targets.is_empty() {
            continue;
        }
        let own = lineage.asks(&host.facts).unwrap_or_default();
        let Some(server) = server.or_else(|| staging(own)) else {
            let what = format!("{own} has no directory for tests: --server URL tries any");
            plan.untested.push(Untested { lineage: Some(lineage.name.clone()), what, matters: false });
            continue;
        };
        let case = Case::of(lineage, targets);
        match orders.iter_mut().find(|order| order.server == server) {
            Some(order) => order.cases.push(case),
            None => {
                let keys = certbots_keys(&host.facts, server, host.root());
                orders.push(Order { server: server.to_owned(), keys, cases: vec![case] });
            }
        }
    }
    orders
}

/// Rehearses here, then at the CAs, and takes everything back.
fn rehearsed(
    plan: &Plan,
    net: &Net,
    mut publisher: Publisher,
    orders: &mut [Order],
    state_dir: &Path,
) -> Result<Local, Error> {
    let mut done = local::run(&plan.targets, net, &mut publisher);
    if let Ok(done) = &mut done {
        for order in orders.iter_mut() {
            if done.stopped.is_some() {
                break;
            }
            let asked = net.run(at_ca(order, net, &mut publisher, state_dir));
            match asked {
                Ok(at_ca) => done.join(at_ca),
                Err(signal) => done.stopped = Some(signal),
            }
        }
    }
    for left in publisher.end() {
        anstream::eprintln!("{left}");
    }
    done
}

/// Places the orders of one directory.
async fn at_ca(order: &mut Order, net: &Net, publisher: &mut Publisher, state_dir: &Path) -> AtCa {
    let Order { server, keys, cases } = order;
    let untested = |what: String| AtCa {
        untested: vec![Untested { lineage: None, what, matters: true }],
        ..AtCa::default()
    };
    let transport = match net.way(&Root::live()) {
        Ok(transport) => transport,
        Err(fault) => return untested(format!("{server}: {fault}")),
    };
    let client = match Client::open(transport, server).await {
        Ok(client) => Arc::new(client),
        Err(fault) => return untested(format!("{server}: {fault}")),
    };
    match ca::account(client, std::mem::take(keys), state_dir, server).await {
        Ok(account) => ca::run(cases, &account, server, publisher).await,
        Err(why) => untested(format!("{server} gives no account: {why}")),
    }
}

/// The audit of the same lineages, with what the rehearsal showed.
fn judged(host: Host, lineages: Vec<Lineage>, settings: &Settings) -> crate::audit::Report {
    let mut judged = Judged::default();
    judged.join(crate::audit::judge(&host.facts, lineages.len(), 1, |at| lineages.get(at).cloned()));
    judged.report(host.facts, &settings.config)
}

/// Prints what came of it.
pub fn print(rehearsal: &Rehearsal, settings: &Settings) -> Result<u8, Error> {
    if rehearsal.stopped.is_some() {
        anstream::eprintln!("stopped; what was published is removed");
        return Ok(rehearsal.exit_code());
    }
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match settings.format {
        Format::Json => dry_run::json::write(&mut out, rehearsal),
        Format::Text | Format::Nagios => dry_run::text::write(&mut out, rehearsal, settings.quiet),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(rehearsal.exit_code())
}

//! `acme-audit renew`: renew what is due, in place, and print what came of it.

use std::io::Write;

use clap::Args;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::dry_run::{self, DryRunArgs};
use super::global::Format;
use super::host;
use super::network::directory;
use super::settings::Settings;
use crate::challenge::Address;
use crate::challenge::listen::inherited;
use crate::error::Error;
use crate::hooks::Cut;
use crate::install::{self, Folders, Lock, Outcome};
use crate::rehearsal::news::News;
use crate::renewal::Renewals;
use crate::renewal::run;
use crate::renewal::stage::{Options, Stage};
use crate::report::dry_run::Live;
use crate::report::printable;
use crate::report::renew;

/// Arguments of the renewal.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// Only these lineages
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Renew whatever is due or not, and whatever failed before
    #[arg(long, visible_alias = "force")]
    pub force_renewal: bool,
    /// Rehearse only: the same as `acme-audit dry-run`
    #[arg(long)]
    pub dry_run: bool,
    /// Place the orders at this directory instead of each lineage's own CA
    #[arg(long, value_name = "URL", value_parser = directory)]
    pub server: Option<String>,
    /// Make a new account where certbot has none that the CA knows: you agree to the CA's terms of service
    #[arg(long)]
    pub agree_tos: bool,
    /// Where the CA of a new account may write to
    #[arg(short = 'm', long, value_name = "ADDRESS", requires = "agree_tos")]
    pub email: Option<String>,
    /// Run no hooks, and load no web server anew
    #[arg(long)]
    pub no_hooks: bool,
    /// Where a web server passes challenges to, with a snippet of contrib/web-servers
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8402")]
    pub respond_at: Address,
}

/// Renews and prints; gives the exit code.
pub fn run(settings: &Settings, args: &RenewArgs) -> Result<u8, Error> {
    if args.dry_run {
        return dry_run::run(settings, &args.rehearsal());
    }
    if settings.root.is_some() {
        return Err(Error::new("renew changes this host, and --root names another")
            .hint("run it on that host, or name certbot's folder with --config-dir DIR"));
    }
    if settings.at.is_some() {
        return Err(Error::new("renew orders now, and --at names another time")
            .hint("leave --at out; acme-audit --at TIME tells what would be due then"));
    }
    // A core dump would have the keys in it. What it starts dumps as the caller lets it.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let inherited = inherited();
    let Some(net) = host::net(settings)? else {
        return Err(Error::new("renew asks a CA over the network, and --offline forbids that")
            .hint("leave --offline out"));
    };
    if !settings.config_dir.exists() {
        return Err(Error::new(format!("there is no folder {}", settings.config_dir.display()))
            .hint("certbot keeps lineages in /etc/letsencrypt; --config-dir DIR names another place"));
    }
    let folders = Folders {
        logs: settings.logs_dir.clone(),
        config: settings.config_dir.clone(),
        work: settings.work_dir.clone(),
    };
    let lock = Lock::take(&folders)?;
    let live = Live::new(settings.quiet);
    let hear = |news: News<'_>| live.hear(news);
    for recovered in install::recover(&lock, &settings.state_dir) {
        match recovered {
            Ok(done) => anstream::eprintln!("{}: {}", printable(&done.lineage), recovered_as(&done.outcome)),
            Err(error) => anstream::eprintln!("{error}"),
        }
    }
    let host = host::named(settings, &args.names)?;
    let options = options(settings, args);
    let config = &settings.config;
    let cut = Cut::default();
    let stage = Stage { net: &net, options: &options, config, lock: &lock, inherited, hear: &hear, cut };
    let renewals = run::run(&host, stage);
    live.end();
    drop(lock);
    print(&renewals?, settings)
}

/// What was done about an install that was interrupted.
fn recovered_as(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Finished { version, .. } => format!("an interrupted run's version {version} is live now"),
        Outcome::RolledBack => "an interrupted run's install is taken back".to_owned(),
        Outcome::Overtaken => "what an interrupted run left is removed: it was renewed since".to_owned(),
    }
}

impl RenewArgs {
    fn rehearsal(&self) -> DryRunArgs {
        DryRunArgs {
            names: self.names.clone(),
            domains: Vec::new(),
            webroot: None,
            standalone: false,
            respond_at: self.respond_at.clone(),
            run_hooks: !self.no_hooks,
            run_deploy_hooks: false,
            server: self.server.clone(),
            local: false,
        }
    }
}

fn options(settings: &Settings, args: &RenewArgs) -> Options {
    let network = settings.network.as_ref();
    Options {
        http_port: network.map_or(80, |network| network.http_port),
        https_port: network.map_or(443, |network| network.https_port),
        respond_at: args.respond_at.clone(),
        state_dir: settings.state_dir.clone(),
        config_dir: settings.config_dir.clone(),
        server: args.server.clone(),
        forced: args.force_renewal,
        no_hooks: args.no_hooks,
        agree_tos: args.agree_tos,
        email: args.email.clone(),
    }
}

fn print(renewals: &Renewals, settings: &Settings) -> Result<u8, Error> {
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match settings.format {
        Format::Json => renew::json::write(&mut out, renewals),
        Format::Nagios => renew::nagios::write(&mut out, renewals),
        Format::Text => renew::text::write(&mut out, renewals, settings.quiet),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(renewals.exit_code())
}

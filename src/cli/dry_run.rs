//! `acme-audit dry-run`: rehearse the challenges, print what came of it.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::global::Format;
use super::network::directory;
use super::settings::Settings;
use super::{domains, host};
use crate::challenge::Address;
use crate::challenge::listen::inherited;
use crate::error::Error;
use crate::facts::StandaloneAt;
use crate::rehearsal::news::News;
use crate::rehearsal::run::{self, Options, Stage};
use crate::rehearsal::{Means, Plan, Rehearsal};
use crate::report::dry_run::{self, Live};

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
    #[arg(long, value_name = "URL", conflicts_with = "local", value_parser = directory)]
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
    let Some(net) = host::net(settings)? else {
        return Err(Error::new(
            "dry-run walks to the challenges over the network, and --offline forbids that",
        )
        .hint("leave --offline out; --local asks no CA"));
    };
    let (names, means) = (domains::each(&args.domains)?, means(args)?);
    let live = Live::new(settings.quiet);
    let hear = |news: News<'_>| live.hear(news);
    let options = options(settings, args);
    let stage = Stage { net: &net, options: &options, inherited, hear: &hear };
    let rehearsal = match args.domains.as_slice() {
        [] => run::of_lineages(host::named(settings, &args.names)?, &settings.config, stage),
        _ => run::of_names(&Plan::of_names(&names, &means), stage),
    };
    live.end();
    print(&rehearsal?, settings)
}

fn options(settings: &Settings, args: &DryRunArgs) -> Options {
    Options {
        port: settings.network.as_ref().map_or(80, |network| network.http_port),
        respond_at: args.respond_at.clone(),
        state_dir: settings.state_dir.clone(),
        server: args.server.clone(),
        local: args.local,
        run_hooks: args.run_hooks,
        run_deploy_hooks: args.run_deploy_hooks,
    }
}

/// How the names of the command line are published.
fn means(args: &DryRunArgs) -> Result<Means, Error> {
    Ok(match (&args.webroot, args.standalone) {
        (Some(webroot), _) => Means::Webroot(host::absolute(webroot)?),
        (None, true) => Means::Standalone(StandaloneAt::default()),
        (None, false) => Means::Behind { server: "behind a server", root: None },
    })
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
        Format::Nagios => dry_run::nagios::write(&mut out, rehearsal),
        Format::Text => dry_run::text::write(&mut out, rehearsal, settings.quiet),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(rehearsal.exit_code())
}

//! `acme-audit demo`: builds the sandbox host and audits it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::args::Format;
use super::audit;
use super::settings::Settings;
use crate::challenge::Address;
use crate::demo;
use crate::demo::network::{Network, SITES, Site};
use crate::error::Error;
use crate::facts::Egress;
use crate::gather::fs::Root;
use crate::gather::net::{Net, Options};
use crate::gather::{self, Request};
use crate::rehearsal::news::News;
use crate::rehearsal::run::{self, Stage};
use crate::rehearsal::{Means, Plan, Target};
use crate::report::dry_run::Live;

/// Rehearses the challenges of the sandbox's sites, which lie on loopback, and prints what comes of it.
fn rehearse(folder: &Path, settings: &Settings) -> Result<(), Error> {
    let cannot = |e: std::io::Error| Error::new(format!("cannot start the sandbox's own servers: {e}"));
    let network = Network::start(folder).map_err(cannot)?;
    for site in SITES {
        std::fs::create_dir_all(folder.join(site.webroot)).map_err(cannot)?;
    }
    let target = |site: &Site| Target {
        lineage: None,
        identifier: site.name.to_owned(),
        means: Means::Webroot(folder.join(site.webroot)),
    };
    let targets: Vec<Target> = SITES.iter().map(target).collect();
    let net = Net::new(Options {
        resolver: Some(network.resolver),
        http_port: network.http_port,
        https_port: 443,
        allow_private: true,
        own: Egress::default(),
        ca_bundle: None,
        deadline: Duration::from_secs(60),
        progress: false,
    })?;
    let options = run::Options {
        port: network.http_port,
        respond_at: Address::Tcp((std::net::Ipv4Addr::LOCALHOST, 0).into()),
        state_dir: folder.join("var/lib/acme-audit"),
        server: None,
        local: true,
        run_hooks: false,
        run_deploy_hooks: false,
    };
    let live = Live::new(true);
    let hear = |news: News<'_>| live.hear(news);
    let stage = Stage { net: &net, options: &options, inherited: Vec::new(), hear: &hear };
    let rehearsal = run::of_names(&Plan { targets, untested: Vec::new() }, stage)?;
    anstream::println!("\nacme-audit dry-run --local, on {} names of the sandbox:\n", SITES.len());
    super::dry_run::print(&rehearsal, settings)?;
    Ok(())
}

/// Builds, audits, prints; succeeds when the sandbox shows what it should, which is a host that fails.
pub fn run(settings: &Settings, keep: Option<&Path>) -> Result<u8, Error> {
    let now = settings.at.unwrap_or_else(Timestamp::now);
    let temporary = match keep {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("acme-audit-demo-").tempdir().map_err(|e| {
            Error::new(format!("cannot make a temporary folder: {e}")).hint("name one with --keep DIR")
        })?),
    };
    let folder = match (&temporary, keep) {
        (Some(temporary), _) => temporary.path(),
        (None, Some(keep)) => keep,
        (None, None) => return Err(Error::new("the demo has no folder")),
    };
    demo::build(demo::HOST, folder, now)
        .map_err(|e| Error::new(e.to_string()).hint("name an empty folder with --keep DIR"))?;
    let host = gather::host(Request {
        root: Root::below(folder)?,
        config_dir: "/etc/letsencrypt".into(),
        work_dir: "/var/lib/letsencrypt".into(),
        logs_dir: "/var/log/letsencrypt".into(),
        now,
    });
    let report = audit::look(host, &[], settings, None)?;
    audit::print(&report, settings)?;
    if settings.format == Format::Text {
        rehearse(folder, settings)?;
        let shown = folder.display();
        match keep {
            Some(_) => anstream::println!("\nthe sandbox host is in {shown}; try: acme-audit --root {shown}"),
            None => anstream::println!(
                "\nthe sandbox host was in {shown}; keep one with: acme-audit demo --keep DIR"
            ),
        }
    }
    Ok(0)
}

//! `acme-audit demo`: builds the sandbox host and audits it, then rehearses challenges on the sandbox's network.

use std::path::Path;

use jiff::Timestamp;

use super::global::Format;
use super::settings::Settings;
use super::{audit, dry_run};
use crate::demo;
use crate::error::Error;
use crate::gather::fs::Root;
use crate::gather::{self, Request};
use crate::rehearsal::news::News;
use crate::report::dry_run::Live;

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
    let report = audit::look(host, settings, None)?;
    audit::print(&report, settings)?;
    if settings.format != Format::Text {
        return Ok(0);
    }
    let code = rehearse(settings)?;
    let shown = folder.display();
    match keep {
        Some(_) => anstream::println!("\nthe sandbox host is in {shown}; try: acme-audit --root {shown}"),
        None => {
            anstream::println!(
                "\nthe sandbox host was in {shown}; keep one with: acme-audit demo --keep DIR"
            );
        }
    }
    Ok(code)
}

/// Rehearses the challenges of the sandbox's sites, and prints what came of it; gives the exit code of a signal, else 0.
fn rehearse(settings: &Settings) -> Result<u8, Error> {
    let live = Live::new(true);
    let demo::Shown { server, rehearsal } = demo::rehearse(&|news: News<'_>| live.hear(news))?;
    anstream::println!(
        "\nacme-audit dry-run --server {server} -d NAME -w DIR, for each name of the sandbox's own network:\n"
    );
    let code = dry_run::print(&rehearsal, settings)?;
    Ok(if rehearsal.stopped.is_some() { code } else { 0 })
}

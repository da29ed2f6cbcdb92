//! `acme-audit audit`: gather, judge, print.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::global::Format;
use super::host;
use super::replay::replay;
use super::settings::Settings;
use crate::audit::{Judged, Report, judge};
use crate::error::Error;
use crate::facts::Lineage;
use crate::gather::Host;
use crate::gather::net::{Net, Sight};
use crate::report;

/// How many lineages are looked at over the network at once: enough that dead names cost their time together, and few
/// enough to be held in memory.
const BATCH: usize = 1_000;

/// Arguments of the audit.
#[derive(Debug, Default, Args)]
pub struct AuditArgs {
    /// Only these lineages
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Judge facts printed by `acme-audit facts` instead of this host; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
}

/// Audits and prints; gives the exit code.
pub fn run(settings: &Settings, args: &AuditArgs) -> Result<u8, Error> {
    let report = match &args.facts {
        Some(file) => replay(settings, file, &args.names)?,
        None => look(host::named(settings, &args.names)?, settings, host::net(settings)?)?,
    };
    print(&report, settings)
}

/// Judges every lineage of a gathered host, with what the network shows where it is asked.
pub fn look(host: Host, settings: &Settings, net: Option<Net>) -> Result<Report, Error> {
    let jobs = match settings.jobs {
        Some(jobs) => jobs.get(),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let judged = match &net {
        None => judge(&host.facts, host.confs.len(), jobs, |at| host.lineage(at)),
        Some(net) => {
            let mut judged = Judged::default();
            for batch in batches(&host, net) {
                judged.join(judge(&host.facts, batch.len(), jobs, |at| batch.get(at).cloned()));
            }
            judged
        }
    };
    Ok(judged.report(host.facts, &settings.config))
}

/// The lineages with what the network shows of them, so many at once.
pub fn batches<'h>(host: &'h Host, net: &'h Net) -> impl Iterator<Item = Vec<Lineage>> + 'h {
    let ends = net.ends();
    let starts = (0..host.confs.len()).step_by(BATCH);
    starts.map(move |start| {
        let places = start..host.confs.len().min(start.saturating_add(BATCH));
        let mut batch: Vec<Lineage> = places.filter_map(|at| host.lineage(at)).collect();
        let sight = Sight { names: true, challenges: true, walks: true, cas: true, served: true };
        net.see(&mut batch, &host.facts, host.root(), sight, ends);
        batch
    })
}

/// Prints a report in the format that was asked for.
pub fn print(report: &Report, settings: &Settings) -> Result<u8, Error> {
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match settings.format {
        Format::Text => report::text::write(&mut out, report, settings.quiet),
        Format::Json => report::json::write(&mut out, report),
        Format::Nagios => report::nagios::write(&mut out, report),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(report.exit_code())
}

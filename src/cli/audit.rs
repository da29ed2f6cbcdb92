//! `acme-audit audit`: gather, judge, print.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{AuditArgs, Format};
use super::settings::Settings;
use crate::audit::{Judge, Judged, Report, judge};
use crate::calendar;
use crate::error::Error;
use crate::facts::{HostFacts, Lineage};
use crate::gather::fs::{Root, show_bytes};
use crate::gather::net::{Net, Sight};
use crate::gather::{self, Host, Request};
use crate::report;

/// The longest line of a facts file, in bytes: a hostile file must not fill the memory.
const MAX_FACT_LINE: u64 = 64 * 1024 * 1024;

/// How many lineages are looked at over the network at once: enough that dead names cost their time together, and few
/// enough to be held in memory.
const BATCH: usize = 1_000;

/// Audits and prints; gives the exit code.
pub fn run(settings: &Settings, args: &AuditArgs) -> Result<u8, Error> {
    let report = match &args.facts {
        Some(file) => replay(settings, file, &args.names)?,
        None => look(tested(settings)?, &args.names, settings, net(settings)?)?,
    };
    print(&report, settings)
}

/// The network, where the flags let it be asked.
pub fn net(settings: &Settings) -> Result<Option<Net>, Error> {
    settings.network.clone().map(Net::new).transpose()
}

/// The host that the flags name, with all lineages or the named ones.
pub fn host_of(settings: &Settings, names: &[String]) -> Result<Host, Error> {
    only(tested(settings)?, names)
}

/// The host that the flags name, with what its servers say of their configurations; offline nobody is to look a name up.
pub fn tested(settings: &Settings) -> Result<Host, Error> {
    let mut host = host(settings)?;
    if settings.network.is_some() {
        host.test_servers();
    }
    Ok(host)
}

/// A host with the named lineages alone, where any are named.
fn only(mut host: Host, names: &[String]) -> Result<Host, Error> {
    if !names.is_empty() {
        let known: BTreeSet<String> = host.confs.iter().map(|conf| stem(&show_bytes(&conf.name))).collect();
        refuse_unknown(names, &known)?;
        host.confs.retain(|conf| names.contains(&stem(&show_bytes(&conf.name))));
    }
    Ok(host)
}

/// Judges every lineage of a gathered host, or the named ones, with what the network shows where it is asked.
pub fn look(host: Host, names: &[String], settings: &Settings, net: Option<Net>) -> Result<Report, Error> {
    let host = only(host, names)?;
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
    let starts = (0..host.confs.len()).step_by(BATCH);
    starts.map(|start| {
        let places = start..host.confs.len().min(start.saturating_add(BATCH));
        let mut batch: Vec<Lineage> = places.filter_map(|at| host.lineage(at)).collect();
        let sight = Sight { names: true, challenges: true, walks: true, cas: true, served: true };
        net.see(&mut batch, &host.facts, host.root(), sight);
        batch
    })
}

fn root(settings: &Settings) -> Result<Root, Error> {
    match &settings.root {
        Some(dir) => Root::below(dir),
        None => Ok(Root::live()),
    }
}

/// The time zone of the host that the flags name; UTC where it cannot be read.
pub fn zone(settings: &Settings) -> Result<TimeZone, Error> {
    Ok(gather::zone(&root(settings)?).map_or(TimeZone::UTC, |zone| calendar::zone::of_host(&zone)))
}

/// Gathers the facts of the host that the flags name.
pub fn host(settings: &Settings) -> Result<Host, Error> {
    let mut host = gather::host(Request {
        root: root(settings)?,
        config_dir: absolute(&settings.config_dir)?,
        work_dir: absolute(&settings.work_dir)?,
        logs_dir: absolute(&settings.logs_dir)?,
        now: settings.at.unwrap_or_else(Timestamp::now),
    });
    host.facts.terms = settings.terms(host.facts.now)?;
    Ok(host)
}

/// A path as this process means it.
pub fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|e| Error::new(format!("{}: {e}", path.display())).hint("give an absolute path"))
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

fn replay(settings: &Settings, file: &Path, names: &[String]) -> Result<Report, Error> {
    let wrong = |line: usize, what: String| {
        Error::new(format!("{}:{line}: {what}", file.display()))
            .hint("make the file with `acme-audit facts > FILE`")
    };
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(file).map_err(|e| {
            Error::new(format!("cannot read {}: {e}", file.display()))
                .hint("make it with `acme-audit facts > FILE`")
        })?)
    };
    let mut lines = BufReader::new(input);
    let mut line = Vec::new();
    let mut next = |number: usize| -> Result<Option<Vec<u8>>, Error> {
        line.clear();
        let read = lines.by_ref().take(MAX_FACT_LINE).read_until(b'\n', &mut line);
        match read {
            Ok(0) => Ok(None),
            Ok(n) if n as u64 == MAX_FACT_LINE => {
                Err(wrong(number, "the line is longer than any fact".into()))
            }
            Ok(_) => Ok(Some(std::mem::take(&mut line))),
            Err(e) => Err(wrong(number, e.to_string())),
        }
    };
    let first = next(1)?.ok_or_else(|| wrong(1, "the file is empty".into()))?;
    let mut host: HostFacts = serde_json::from_slice(&first).map_err(|e| wrong(1, e.to_string()))?;
    if host.schema != gather::SCHEMA {
        return Err(wrong(1, format!("its schema is `{}`, not `{}`", host.schema, gather::SCHEMA)));
    }
    host.now = settings.at.unwrap_or(host.now);
    host.terms = settings.terms(host.now)?;
    host.servers = host.servers.indexed();
    let mut known = BTreeSet::new();
    let mut judged = Judged::default();
    let mut judge = Judge::new(&host);
    for number in 2.. {
        let Some(text) = next(number)? else { break };
        let lineage: Lineage = serde_json::from_slice(&text).map_err(|e| wrong(number, e.to_string()))?;
        known.insert(lineage.name.clone());
        if names.is_empty() || names.contains(&lineage.name) {
            judge.lineage(lineage);
        }
    }
    judged.join(judge.finish());
    refuse_unknown(names, &known)?;
    Ok(judged.report(host, &settings.config))
}

fn refuse_unknown(names: &[String], known: &BTreeSet<String>) -> Result<(), Error> {
    let Some(unknown) = names.iter().find(|name| !known.contains(*name)) else { return Ok(()) };
    let close = known.iter().find(|k| k.contains(unknown.as_str()) || unknown.contains(k.as_str()));
    Err(Error::new(format!("no lineage is named `{unknown}`")).hint(match close {
        Some(close) => format!("did you mean `{close}`?"),
        None => match known.len() {
            0 => "there is none on this host".into(),
            _ => format!("there are: {}", known.iter().take(10).cloned().collect::<Vec<_>>().join(", ")),
        },
    }))
}

fn stem(conf: &str) -> String {
    conf.strip_suffix(".conf").unwrap_or(conf).to_owned()
}

//! `acme-audit audit`: gather, judge, print.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{AuditArgs, Format, Global};
use crate::audit::{Judge, Judged, Report, judge};
use crate::calendar;
use crate::config::Config;
use crate::error::Error;
use crate::facts::{HostFacts, Lineage};
use crate::gather::fs::{Root, show_bytes};
use crate::gather::{self, Host, Request};
use crate::report;

/// The longest line of a facts file, in bytes: a hostile file must not fill the memory.
const MAX_FACT_LINE: u64 = 64 * 1024 * 1024;

/// Audits and prints; gives the exit code.
pub fn run(global: &Global, args: &AuditArgs) -> Result<u8, Error> {
    let config = Config::load(global.config.as_deref())?;
    let report = match &args.facts {
        Some(file) => replay(global, file, &args.names, &config)?,
        None => look(host(global)?, &args.names, global, &config)?,
    };
    print(&report, global)
}

/// Judges every lineage of a gathered host, or the named ones.
pub fn look(mut host: Host, names: &[String], global: &Global, config: &Config) -> Result<Report, Error> {
    if !names.is_empty() {
        let known: BTreeSet<String> = host.confs.iter().map(|conf| stem(&show_bytes(&conf.name))).collect();
        refuse_unknown(names, &known)?;
        host.confs.retain(|conf| names.contains(&stem(&show_bytes(&conf.name))));
    }
    let jobs = match global.jobs {
        Some(jobs) => jobs.get(),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let judged = judge(&host.facts, host.confs.len(), jobs, |at| host.lineage(at));
    Ok(judged.report(host.facts, config))
}

fn root(global: &Global) -> Result<Root, Error> {
    match &global.root {
        Some(dir) => Root::below(dir),
        None => Ok(Root::live()),
    }
}

/// The time zone of the host that the flags name; UTC where it cannot be read.
pub fn zone(global: &Global) -> Result<TimeZone, Error> {
    Ok(gather::zone(&root(global)?).map_or(TimeZone::UTC, |zone| calendar::zone::of_host(&zone)))
}

/// Gathers the facts of the host that the flags name.
pub fn host(global: &Global) -> Result<Host, Error> {
    Ok(gather::host(Request {
        root: root(global)?,
        config_dir: absolute(&global.config_dir)?,
        work_dir: absolute(&global.work_dir)?,
        logs_dir: absolute(&global.logs_dir)?,
        now: global.at.unwrap_or_else(Timestamp::now),
    }))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|e| Error::new(format!("{}: {e}", path.display())).hint("give an absolute path"))
}

/// Prints a report in the format that was asked for.
pub fn print(report: &Report, global: &Global) -> Result<u8, Error> {
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match global.format {
        Format::Text => report::text::write(&mut out, report, global.quiet),
        Format::Json => report::json::write(&mut out, report),
        Format::Nagios => report::nagios::write(&mut out, report),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(report.exit_code())
}

fn replay(global: &Global, file: &Path, names: &[String], config: &Config) -> Result<Report, Error> {
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
    host.now = global.at.unwrap_or(host.now);
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
    Ok(judged.report(host, config))
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

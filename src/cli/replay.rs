//! `acme-audit audit --facts FILE`: judge what another run, or another host, has gathered.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::host::refuse_unknown;
use super::settings::Settings;
use crate::audit::{Judge, Judged, Report};
use crate::error::Error;
use crate::facts::{HostFacts, Lineage};
use crate::gather;

/// The longest line of a facts file, in bytes: a hostile file must not fill the memory.
const MAX_FACT_LINE: u64 = 64 * 1024 * 1024;

/// Judges the facts of a file; `-` is standard input.
pub fn replay(settings: &Settings, file: &Path, names: &[String]) -> Result<Report, Error> {
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

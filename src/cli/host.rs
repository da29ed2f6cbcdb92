//! The host and the network that the flags name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::settings::Settings;
use crate::calendar;
use crate::error::Error;
use crate::gather::fs::{Root, show_bytes};
use crate::gather::net::Net;
use crate::gather::{self, Host, Request};

/// The network, where the flags let it be asked.
pub fn net(settings: &Settings) -> Result<Option<Net>, Error> {
    settings.network.clone().map(Net::new).transpose()
}

/// The host that the flags name, with all lineages or the named ones.
pub fn named(settings: &Settings, names: &[String]) -> Result<Host, Error> {
    only(tested(settings)?, names)
}

/// The host that the flags name, with what its servers say of their configurations; offline nobody is to look a name up.
pub fn tested(settings: &Settings) -> Result<Host, Error> {
    let mut host = all(settings)?;
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
pub fn all(settings: &Settings) -> Result<Host, Error> {
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

/// Refuses a name that no lineage has.
pub fn refuse_unknown(names: &[String], known: &BTreeSet<String>) -> Result<(), Error> {
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

//! `acme-audit facts`: a host line, then one line per lineage.

use std::io::Write;

use serde::Serialize;

use super::settings::Settings;
use super::{audit, host};
use crate::error::Error;
use crate::facts::Lineage;

/// Prints the facts.
pub fn run(settings: &Settings) -> Result<u8, Error> {
    let host = host::tested(settings)?;
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let net = host::net(settings)?;
    let mut lineages: Box<dyn Iterator<Item = Lineage>> = match &net {
        Some(net) => Box::new(audit::batches(&host, net).flatten()),
        None => Box::new((0..host.confs.len()).filter_map(|at| host.lineage(at))),
    };
    let written = line(&mut out, &host.facts)
        .and_then(|()| lineages.try_for_each(|lineage| line(&mut out, &lineage)))
        .and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(format!("cannot write the facts: {e}")))
        }
        _ => Ok(0),
    }
}

fn line<T: Serialize>(out: &mut impl Write, value: &T) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

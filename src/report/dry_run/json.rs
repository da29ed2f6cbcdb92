//! For programs: schema `acme-audit.dry-run/1`. Changes are additive only; the order of members is free.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use crate::facts::net::Hop;
use crate::facts::{Attempt, Vantage};
use crate::rehearsal::{Beside, Rehearsal};
use crate::report::json::{FindingOut, finding};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    exit_code: u8,
    attempts: Vec<AttemptOut<'a>>,
    not_tested: Vec<String>,
    /// What the CA's tests leave out, and the audit looked at.
    looked_at: Vec<BesideOut<'a>>,
    /// What the audit finds wrong with the same lineages, as in `acme-audit.report/1`.
    findings: Vec<FindingOut<'a>>,
}

#[derive(Serialize)]
struct BesideOut<'a> {
    what: &'a str,
    well: bool,
    ids: Vec<&'a str>,
    unknown: &'a [String],
}

#[derive(Serialize)]
pub(in crate::report) struct AttemptOut<'a> {
    lineage: Option<&'a str>,
    identifier: &'a str,
    method: &'a str,
    vantage: Vantage,
    ok: bool,
    id: Option<&'a str>,
    problem: Option<ProblemOut<'a>>,
    may_pass: Option<&'a str>,
    differs: bool,
    hops: Vec<HopOut<'a>>,
}

#[derive(Serialize)]
struct ProblemOut<'a> {
    r#type: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct HopOut<'a> {
    url: &'a str,
    addresses: &'a [IpAddr],
    used: Option<IpAddr>,
    status: Option<u16>,
    location: Option<&'a str>,
    ms: u64,
    error: Option<&'a str>,
}

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, rehearsal: &Rehearsal) -> io::Result<()> {
    let findings = rehearsal.report.as_ref().map(|report| report.findings.as_slice()).unwrap_or_default();
    let document = Document {
        schema: "acme-audit.dry-run/1",
        exit_code: rehearsal.exit_code(),
        attempts: rehearsal.attempts.iter().map(attempt).collect(),
        not_tested: rehearsal.untested.iter().map(ToString::to_string).collect(),
        looked_at: rehearsal.beside.iter().map(beside).collect(),
        findings: findings.iter().map(finding).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn beside(beside: &Beside) -> BesideOut<'_> {
    let ids = beside.found.iter().map(|(id, _)| *id).collect();
    BesideOut { what: beside.what, well: beside.is_well(), ids, unknown: &beside.open }
}

pub(in crate::report) fn attempt(attempt: &Attempt) -> AttemptOut<'_> {
    AttemptOut {
        lineage: attempt.lineage.as_deref(),
        identifier: &attempt.identifier,
        method: &attempt.method,
        vantage: attempt.vantage,
        ok: attempt.ok,
        id: attempt.id.as_deref(),
        problem: attempt
            .problem
            .as_ref()
            .map(|problem| ProblemOut { r#type: &problem.r#type, detail: &problem.detail }),
        may_pass: attempt.may_pass.as_deref(),
        differs: attempt.differs,
        hops: attempt.hops.iter().map(hop).collect(),
    }
}

fn hop(hop: &Hop) -> HopOut<'_> {
    HopOut {
        url: &hop.url,
        addresses: &hop.addresses,
        used: hop.used,
        status: hop.status,
        location: hop.location.as_deref(),
        ms: hop.millis,
        error: hop.error.as_deref(),
    }
}

//! For programs: schema `acme-audit.renew/1`. Changes are additive only; the order of members is free.

use std::io::{self, Write};

use serde::Serialize;

use super::snippet;
use crate::hooks::Ran;
use crate::renewal::{Renewal, Renewals};
use crate::report::dry_run::json::{AttemptOut, attempt};
use crate::report::json::{FindingOut, finding};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    exit_code: u8,
    renewals: Vec<RenewalOut<'a>>,
    /// Pre and post hooks.
    hooks: Vec<RanOut<'a>>,
    /// What the audit finds wrong with lineages that failed or are not served, as in `acme-audit.report/1`.
    findings: Vec<FindingOut<'a>>,
    /// About no lineage of these.
    notes: &'a [String],
}

#[derive(Serialize)]
struct RenewalOut<'a> {
    lineage: &'a str,
    outcome: &'static str,
    because: &'a str,
    at: Option<String>,
    archive_version: Option<u64>,
    serial: Option<&'a str>,
    not_after: Option<String>,
    /// Names that the new certificate lacks.
    lost: &'a [String],
    hooks: Vec<RanOut<'a>>,
    served: &'static str,
    attempts: Vec<AttemptOut<'a>>,
    notes: &'a [String],
    /// The lines that its web server lacks.
    snippet: Option<String>,
}

#[derive(Serialize)]
struct RanOut<'a> {
    command: &'a str,
    exit_code: Option<i32>,
    output: &'a str,
}

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, renewals: &Renewals) -> io::Result<()> {
    let document = Document {
        schema: "acme-audit.renew/1",
        exit_code: renewals.exit_code(),
        renewals: renewals.all.iter().map(|renewal| one(renewal, &renewals.respond_at)).collect(),
        hooks: renewals.around.iter().map(ran).collect(),
        findings: renewals.report.iter().flat_map(|report| &report.findings).map(finding).collect(),
        notes: &renewals.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn one<'a>(renewal: &'a Renewal, respond_at: &str) -> RenewalOut<'a> {
    let live = renewal.installed.as_ref();
    RenewalOut {
        lineage: &renewal.lineage,
        outcome: renewal.outcome.word(),
        because: &renewal.because,
        at: renewal.at.map(|at| at.to_string()),
        archive_version: live.map(|live| live.version),
        serial: live.map(|live| live.serial.as_str()),
        not_after: live.map(|live| live.not_after.to_string()),
        lost: &renewal.lost,
        hooks: renewal.hooks.iter().map(ran).collect(),
        served: renewal.served.word(),
        attempts: renewal.attempts.iter().map(attempt).collect(),
        notes: &renewal.notes,
        snippet: renewal.behind.and_then(|server| snippet::of(server, respond_at)),
    }
}

fn ran(ran: &Ran) -> RanOut<'_> {
    RanOut { command: &ran.command, exit_code: ran.code, output: &ran.output }
}

//! For programs: schema `acme-audit.report/1`. Changes are additive only; the order of members is free.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::audit::{LineageVerdict, Report};
use crate::check::{Evidence, Fix, Skip};
use crate::fold::Folded;
use crate::index::Row;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    generated_at: Timestamp,
    as_of: Timestamp,
    host: &'a str,
    version: &'static str,
    lineages: Each<'a, LineageOut<'a>>,
    findings: Vec<FindingOut<'a>>,
    skipped: Vec<SkippedOut>,
    summary: Summary,
    verdict: &'static str,
    exit_code: u8,
}

/// Items that are made while they are written: a hundred thousand lineages are never held twice.
struct Each<'a, T>(Box<dyn Fn(usize) -> Option<T> + 'a>);

impl<T: Serialize> Serialize for Each<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for item in (0..).map_while(|at| (self.0)(at)) {
            seq.serialize_element(&item)?;
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct LineageOut<'a> {
    name: &'a str,
    identifiers: &'a [Box<str>],
    verdict: &'static str,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    issuer: Option<&'a str>,
    key: Option<&'a str>,
    serial: Option<&'a str>,
    authenticator: Option<&'a str>,
    installer: Option<&'a str>,
    server: Option<&'a str>,
    forecast: Option<ForecastOut>,
}

/// Attempts and coming renewals need the schedule's arithmetic; until then they are null, not guessed.
#[derive(Serialize)]
struct ForecastOut {
    due_at: Option<Timestamp>,
    due_by: Option<Timestamp>,
    due_because: crate::forecast::Because,
    next_attempts: Option<()>,
    attempts_before_expiry: Option<()>,
    failures_survived: Option<()>,
    renewals: Option<()>,
    enough_until: Option<()>,
}

#[derive(Serialize)]
struct FindingOut<'a> {
    id: &'static str,
    severity: crate::check::Severity,
    lowered_because: Option<&'static str>,
    lineages: &'a [String],
    identifiers: &'a [String],
    title: &'static str,
    says: &'a str,
    why: &'static str,
    evidence: &'a [Evidence],
    fix: Fix,
    consequences: Vec<ConsequenceOut<'a>>,
    ignored: Option<&'a str>,
    bites_at: Option<Timestamp>,
    cites: &'static [&'static str],
}

#[derive(Serialize)]
struct ConsequenceOut<'a> {
    id: &'static str,
    says: &'a str,
}

#[derive(Serialize)]
struct SkippedOut {
    id: &'static str,
    kind: &'static str,
    because: String,
    lineages: usize,
}

#[derive(Serialize)]
struct Summary {
    lineages: usize,
    renews: usize,
    at_risk: usize,
    fails: usize,
    unknown: usize,
    checks: usize,
    skipped: usize,
}

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let document = Document {
        schema: "acme-audit.report/1",
        generated_at: Timestamp::now(),
        as_of: report.host.now,
        host: &report.host.host,
        version: env!("CARGO_PKG_VERSION"),
        lineages: Each(Box::new(|at| Some(lineage(report.index.rows.get(at)?, *report.verdicts.get(at)?)))),
        findings: report.findings.iter().map(finding).collect(),
        skipped: report
            .skipped
            .iter()
            .map(|s| {
                let (kind, because) = match &s.skip {
                    Skip::NotApplicable(because) => ("not-applicable", (*because).to_owned()),
                    Skip::NotAsked(because) => ("not-asked", (*because).to_owned()),
                    Skip::Unknown(missing) => ("unknown", missing.to_string()),
                };
                SkippedOut { id: s.check.id, kind, because, lineages: s.lineages }
            })
            .collect(),
        summary: Summary {
            lineages: report.verdicts.len(),
            renews: report.count(LineageVerdict::Renews),
            at_risk: report.count(LineageVerdict::AtRisk),
            fails: report.count(LineageVerdict::Fails),
            unknown: report.count(LineageVerdict::Unknown),
            checks: report.checks,
            skipped: report.skipped.len(),
        },
        verdict: report.verdict().word(),
        exit_code: report.exit_code(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn lineage(row: &Row, verdict: LineageVerdict) -> LineageOut<'_> {
    LineageOut {
        name: &row.name,
        identifiers: &row.names,
        verdict: verdict.word(),
        not_before: row.validity.map(|(before, _)| before),
        not_after: row.validity.map(|(_, after)| after),
        issuer: row.issuer.as_deref(),
        key: row.key.as_deref(),
        serial: row.serial.as_deref(),
        authenticator: row.authenticator.as_deref(),
        installer: row.installer.as_deref(),
        server: row.server.as_deref(),
        forecast: row.forecast.as_ref().map(|f| ForecastOut {
            due_at: f.due_at,
            due_by: f.due_by,
            due_because: f.due_because,
            next_attempts: None,
            attempts_before_expiry: None,
            failures_survived: None,
            renewals: None,
            enough_until: None,
        }),
    }
}

fn finding(folded: &Folded) -> FindingOut<'_> {
    let (check, finding) = (folded.cause.check, &folded.cause.finding);
    FindingOut {
        id: check.id,
        severity: folded.cause.severity,
        lowered_because: finding.lowered.map(|(_, because)| because),
        lineages: &finding.lineages,
        identifiers: &finding.identifiers,
        title: check.title,
        says: &finding.says,
        why: check.why,
        evidence: &finding.evidence,
        fix: finding.fix.clone().unwrap_or_else(|| Fix { summary: check.fix.into(), commands: Vec::new() }),
        consequences: folded
            .consequences
            .iter()
            .map(|c| ConsequenceOut { id: c.id, says: &c.says })
            .collect(),
        ignored: folded.ignored.as_deref(),
        bites_at: finding.bites_at,
        cites: check.cites,
    }
}

//! For programs: schema `acme-audit.report/1`. Changes are additive only; the order of members is free.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::audit::{LineageVerdict, Report};
use crate::ca::DAY;
use crate::check::{Evidence, Fix, Skip};
use crate::facts::HostFacts;
use crate::fold::Folded;
use crate::forecast::{Forecast, Renewal, moment};
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

/// What depends on the schedule is null where that is not known, and never guessed.
#[derive(Serialize)]
struct ForecastOut {
    due_at: Option<Timestamp>,
    due_by: Option<Timestamp>,
    due_because: crate::forecast::Because,
    /// The window is the CA's renewal information as it is known to be made, not as it was fetched.
    ari_predicted: bool,
    next_attempts: Option<Vec<Timestamp>>,
    attempts_before_expiry: Option<u32>,
    failures_survived: Option<u32>,
    /// At least as many attempts fit as the user wants.
    enough: Option<bool>,
    largest_gap_seconds: Option<i64>,
    /// The first of them.
    renewals: Option<Vec<RenewalOut>>,
    renewals_total: Option<usize>,
    enough_until: Option<Timestamp>,
    limit_reached_at: Option<Timestamp>,
}

/// How many of the coming renewals are printed.
const RENEWALS: usize = 40;

#[derive(Serialize)]
struct RenewalOut {
    at: Timestamp,
    lifetime_days: i64,
    attempts: u32,
    /// The CA validates the names anew, instead of using an earlier validation again.
    validated: bool,
}

#[derive(Serialize)]
pub(super) struct FindingOut<'a> {
    id: &'static str,
    severity: crate::check::Severity,
    lowered_because: Option<&'a str>,
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
        lineages: Each(Box::new(|at| {
            Some(lineage(report.index.rows.get(at)?, *report.verdicts.get(at)?, &report.host))
        })),
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

fn lineage<'r>(row: &'r Row, verdict: LineageVerdict, host: &HostFacts) -> LineageOut<'r> {
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
        forecast: row.forecast.as_ref().map(|forecast| forecast_of(row, forecast, host)),
    }
}

/// How many of the coming attempts are printed.
const ATTEMPTS: usize = 3;

fn forecast_of(row: &Row, forecast: &Forecast, host: &HostFacts) -> ForecastOut {
    let plan = host.plan(&row.name).filter(|plan| !plan.firings.untimed);
    let outlook = forecast.outlook.as_ref();
    let due = forecast.due_at.map(|at| at.max(host.now).as_second());
    let renewals: Option<Vec<RenewalOut>> = plan.as_ref().filter(|_| outlook.is_some()).map(|plan| {
        let coming = forecast.renewals(host, plan);
        coming.filter_map(|renewal| Some(RenewalOut::new(renewal.at?, renewal))).collect()
    });
    ForecastOut {
        due_at: forecast.due_at,
        due_by: forecast.due_by,
        due_because: forecast.due_because,
        ari_predicted: forecast.predicted(),
        next_attempts: plan
            .as_ref()
            .zip(due)
            .map(|(plan, due)| plan.firings.after(due).take(ATTEMPTS).collect()),
        attempts_before_expiry: outlook.map(|o| o.attempts),
        failures_survived: outlook.map(|o| o.attempts.saturating_sub(1)),
        enough: outlook.map(|o| o.window >= host.terms.enough_for(&row.name)),
        largest_gap_seconds: plan.as_ref().and_then(|plan| plan.firings.largest_gap()),
        renewals_total: renewals.as_ref().map(Vec::len),
        renewals: renewals.map(|mut renewals| {
            renewals.truncate(RENEWALS);
            renewals
        }),
        enough_until: outlook.and_then(|o| o.stops).map(|renewal| moment(renewal.due.at)),
        limit_reached_at: outlook.and_then(|o| o.limited).map(moment),
    }
}

impl RenewalOut {
    fn new(at: i64, renewal: Renewal) -> Self {
        let lifetime_days = renewal.new.lifetime().saturating_add(DAY / 2).div_euclid(DAY);
        Self { at: moment(at), lifetime_days, attempts: renewal.attempts, validated: renewal.validates }
    }
}

pub(super) fn finding(folded: &Folded) -> FindingOut<'_> {
    let (check, finding) = (folded.cause.check, &folded.cause.finding);
    FindingOut {
        id: check.id,
        severity: folded.cause.severity,
        lowered_because: finding.lowered.as_ref().map(|(_, because)| &**because),
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

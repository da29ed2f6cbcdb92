//! An audit as a monitoring plugin tells it: the worst of it in the status line, each finding in a line of the long output.

use std::io::{self, Write};

use super::plugin::{self, clean};
use super::{count, unknowns};
use crate::audit::{LineageVerdict, Report};
use crate::fold::Folded;

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let unknowns = unknowns(report);
    let worst = match report.loud().next() {
        Some(folded) => {
            let more = report.loud().count() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{}{more}", describe(folded))
        }
        None => match (report.verdict(), unknowns.first()) {
            (LineageVerdict::Unknown, Some((because, _, _))) => clean(because),
            _ => format!("{} will renew", count(report.verdicts.len(), "lineage")),
        },
    };
    plugin::status(out, report.exit_code(), &worst, &perfdata(report))?;
    for folded in report.loud() {
        writeln!(out, "{}: {} [{}]", folded.cause.severity.word(), describe(folded), folded.cause.check.id)?;
    }
    for (because, ids, _) in &unknowns {
        writeln!(out, "unknown: {} [{}]", clean(because), ids.join(" "))?;
    }
    Ok(())
}

fn describe(folded: &Folded) -> String {
    let finding = &folded.cause.finding;
    match finding.lineages.as_slice() {
        [] => clean(&finding.says),
        [only] if finding.says.contains(only.as_str()) => clean(&finding.says),
        [only] => clean(&format!("{only}: {}", finding.says)),
        [first, rest @ ..] => clean(&format!("{first} and {} more: {}", rest.len(), finding.says)),
    }
}

fn perfdata(report: &Report) -> String {
    let mut data = format!(
        "lineages={} renews={} at_risk={} fails={} unknown={}",
        report.verdicts.len(),
        report.count(LineageVerdict::Renews),
        report.count(LineageVerdict::AtRisk),
        report.count(LineageVerdict::Fails),
        report.count(LineageVerdict::Unknown)
    );
    if let Some(expiry) = report.first_expiry() {
        let left = expiry.as_second().saturating_sub(report.host.now.as_second());
        data.push_str(&format!(" first_expiry={left}s"));
    }
    data
}

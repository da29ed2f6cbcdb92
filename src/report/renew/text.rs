//! For people: each lineage in a line; what was not renewed with the CA's words, the cause and what to do.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::snippet;
use crate::checks::CHECKS;
use crate::facts::Attempt;
use crate::hooks::Ran;
use crate::renewal::{Outcome, Renewal, Renewals, Served};
use crate::report::text::{findings, line, prose};
use crate::report::{count, printable};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// Writes the report. `quiet` leaves out what is well.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, renewals: &Renewals, quiet: bool) -> io::Result<()> {
    details(out, renewals, quiet)?;
    if !(quiet && renewals.exit_code() == 0) {
        writeln!(out, "{}", summary(renewals))?;
    }
    Ok(())
}

/// What there is to say besides the summary.
pub(super) fn details(out: &mut impl Write, renewals: &Renewals, quiet: bool) -> io::Result<()> {
    for renewal in &renewals.all {
        one(out, renewal, renewals, quiet)?;
    }
    if let Some(report) = renewals.report.as_ref().filter(|report| !report.findings.is_empty()) {
        writeln!(out)?;
        findings(out, report, &report.findings.iter().collect::<Vec<_>>())?;
    }
    for note in &renewals.notes {
        prose(out, "note", &printable(note))?;
    }
    renewals.around.iter().filter(|ran| ran.code != Some(0)).try_for_each(|ran| hook(out, ran, ""))?;
    snippets(out, renewals)
}

/// The lines that web servers lack, each once.
fn snippets(out: &mut impl Write, renewals: &Renewals) -> io::Result<()> {
    let lacking = || renewals.all.iter().filter(|renewal| renewal.outcome == Outcome::NeedsSnippet);
    for server in snippet::servers().filter(|server| lacking().any(|renewal| renewal.behind == Some(server)))
    {
        if let Some(lines) = snippet::of(server, &renewals.respond_at) {
            writeln!(out, "\n{BOLD}{server}{BOLD:#}")?;
            for line in lines.trim_end().lines() {
                writeln!(out, "{}", printable(line))?;
            }
        }
    }
    if lacking().next().is_some() {
        writeln!(out)?;
    }
    Ok(())
}

fn one(out: &mut impl Write, renewal: &Renewal, renewals: &Renewals, quiet: bool) -> io::Result<()> {
    let name = printable(&renewal.lineage);
    let respond_at = &renewals.respond_at;
    let until =
        renewal.at.map(|at| format!(", from {} on", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
    let because = printable(&renewal.because);
    match renewal.outcome {
        Outcome::Renewed | Outcome::NotDue if quiet && !renewal.is_lame() => return Ok(()),
        Outcome::Renewed => {
            let live = renewal.installed.as_ref();
            let end = live.map(|live| live.not_after.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            let version = live.map(|live| live.version).unwrap_or_default();
            writeln!(
                out,
                "{GOOD}{:<14}{GOOD:#} {name}: until {end}, version {version} of its archive",
                "renewed"
            )?;
        }
        Outcome::NotDue => writeln!(out, "{DIM}{:<14}{DIM:#} {name}: {because}{until}", "not due")?,
        Outcome::HeldBack => writeln!(
            out,
            "{BAD}{:<14}{BAD:#} {BOLD}{name}{BOLD:#}: {because}{until}; --force tries now",
            "held back"
        )?,
        Outcome::NeedsSnippet => {
            writeln!(out, "{BAD}{:<14}{BAD:#} {BOLD}{name}{BOLD:#}: {because}", "needs snippet")?;
            prose(
                out,
                "fix",
                &printable(&format!(
                    "let the web server pass challenges to {respond_at}, with the lines below; certbot renews it meanwhile"
                )),
            )?;
        }
        Outcome::Failed => {
            writeln!(out, "{BAD}{:<14}{BAD:#} {BOLD}{name}{BOLD:#}: {because}", "failed")?;
            if let Some(at) = renewal.at {
                line(out, "next try", &at.strftime("from %Y-%m-%d %H:%M UTC on").to_string())?;
            }
        }
    }
    for attempt in renewal.attempts.iter().filter(|attempt| !attempt.ok) {
        failed(out, attempt, renewals)?;
    }
    for ran in renewal.hooks.iter().filter(|ran| ran.code != Some(0)) {
        hook(out, ran, ": the next run tries it again")?;
    }
    if !renewal.lost.is_empty() {
        let names = renewal.lost.join(", ");
        let told = format!("{names}: not in the new certificate, as allow_subset_of_names has it; see below");
        prose(out, "lost", &printable(&told))?;
    }
    if renewal.served == Served::Old {
        prose(out, "served", "this host's server still gives the certificate before: see below")?;
    }
    for note in &renewal.notes {
        prose(out, "note", &printable(note))?;
    }
    Ok(())
}

/// A hook that did not end well, and what it said.
fn hook(out: &mut impl Write, ran: &Ran, then: &str) -> io::Result<()> {
    let code =
        ran.code.map_or_else(|| "without an exit code".to_owned(), |code| format!("with exit code {code}"));
    prose(out, "hook", &printable(&format!("`{}` ended {code}{then}", ran.command)))?;
    ran.output.lines().try_for_each(|said| line(out, "", &printable(said)))
}

fn failed(out: &mut impl Write, attempt: &Attempt, renewals: &Renewals) -> io::Result<()> {
    if let Some(problem) = &attempt.problem {
        prose(out, "CA says", &printable(&format!("{}: {}", attempt.identifier, problem.detail)))?;
    }
    let Some(check) = CHECKS.iter().find(|check| Some(check.id) == attempt.id.as_deref()) else {
        return Ok(());
    };
    line(out, "cause", &format!("{} {DIM}{}{DIM:#}", check.title, check.id))?;
    let mut found = renewals.report.iter().flat_map(|report| &report.findings);
    match found.any(|folded| folded.cause.check.id == check.id) {
        true => Ok(()),
        false => prose(out, "fix", check.fix),
    }
}

/// All of it in a line.
pub(super) fn summary(renewals: &Renewals) -> String {
    let of = |outcome: Outcome| renewals.all.iter().filter(|renewal| renewal.outcome == outcome).count();
    let mut parts =
        vec![format!("{} renewed", of(Outcome::Renewed)), format!("{} not due", of(Outcome::NotDue))];
    for (outcome, words) in [
        (Outcome::HeldBack, "held back"),
        (Outcome::NeedsSnippet, "in need of a snippet"),
        (Outcome::Failed, "failed"),
    ] {
        if of(outcome) > 0 {
            parts.push(format!("{} {words}", of(outcome)));
        }
    }
    format!("{}: {}", count(renewals.all.len(), "lineage"), parts.join(", "))
}

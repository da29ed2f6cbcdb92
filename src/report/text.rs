//! For people: worst first; each finding says what, where, why it bites and when, and what to type.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{count, day, distance, printable, unknowns};
use crate::audit::{LineageVerdict, Report};
use crate::check::{Evidence, Severity, Source};
use crate::fold::Folded;

/// How many lines of evidence, names or consequences are printed before the rest is counted.
const MANY: usize = 6;

/// Where prose is broken, in characters.
const WIDTH: usize = 100;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn color(severity: Severity) -> Style {
    let color = match severity {
        Severity::WillFail => AnsiColor::Red,
        Severity::MayFail => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    Style::new().bold().fg_color(Some(color.into()))
}

/// Writes the report. `quiet` leaves out notes and ignored findings, and of a host without fault also the summary and what could
/// not be looked at.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, report: &Report, quiet: bool) -> io::Result<()> {
    let shown: Vec<&Folded> = report
        .findings
        .iter()
        .filter(|f| !quiet || (f.ignored.is_none() && f.cause.severity > Severity::Note))
        .collect();
    let (ignored, shown): (Vec<&Folded>, Vec<&Folded>) = shown.into_iter().partition(|f| f.ignored.is_some());
    findings(out, report, &shown)?;
    for finding in ignored {
        let because = finding.ignored.as_deref().unwrap_or_default();
        let id = finding.cause.check.id;
        writeln!(out, "{DIM}ignored{DIM:#}    {id}: {} (because {})", said(finding), printable(because))?;
    }
    let silent = quiet && report.exit_code() == 0;
    for (id, day) in report.back.iter().filter(|_| !silent) {
        writeln!(out, "{DIM}ended{DIM:#}      {id} was ignored until {day}")?;
    }
    let unknowns = unknowns(report);
    let most = match quiet {
        true if silent => 0,
        true => MANY,
        false => usize::MAX,
    };
    for (because, ids, lineages) in unknowns.iter().take(most) {
        let on = if *lineages > 0 { format!(" on {}", count(*lineages, "lineage")) } else { String::new() };
        writeln!(out, "{BOLD}unknown{BOLD:#}    {}", printable(because))?;
        writeln!(out, "           {DIM}leaves open{on}: {}{DIM:#}", some(ids))?;
    }
    if let Some(missing) = report.undecided().find_map(|s| match &s.skip {
        crate::check::Skip::Unknown(missing) if missing.why == crate::facts::Why::Denied => Some(missing),
        _ => None,
    }) {
        writeln!(out, "           hint: run as root, who can read {}", printable(&missing.what))?;
    }
    if !silent {
        summary(out, report, unknowns.len())?;
    }
    Ok(())
}

/// The first few findings of each check in full, the reason once; of a host where one fault shows everywhere the rest
/// is named and counted.
pub(super) fn findings(out: &mut impl Write, report: &Report, shown: &[&Folded]) -> io::Result<()> {
    let mut alike: BTreeMap<(Reverse<Severity>, &str), Vec<&Folded>> = BTreeMap::new();
    for folded in shown {
        let key = (Reverse(folded.cause.severity), folded.cause.check.id);
        let before = alike.entry(key).or_default();
        if before.len() < MANY {
            write_finding(out, report, folded, before.is_empty())?;
        }
        before.push(folded);
    }
    for ((severity, id), all) in alike.into_iter().filter(|(_, all)| all.len() > MANY) {
        let more: Vec<String> = all.iter().skip(MANY).map(|folded| named(folded)).collect();
        let (style, word) = (color(severity.0), severity.0.word().replace('-', " "));
        writeln!(
            out,
            "{style}{word:<10}{style:#} {BOLD}{} more alike{BOLD:#}  {DIM}{id}{DIM:#}",
            more.len()
        )?;
        prose(out, "of", &some(&more))?;
        writeln!(out)?;
    }
    Ok(())
}

/// What a finding is about, for a list.
fn named(folded: &Folded) -> String {
    match folded.cause.finding.lineages.as_slice() {
        [] => folded.cause.finding.evidence.first().map_or_else(|| "the host".into(), |e| e.r#where.clone()),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (+{})", rest.len()),
    }
}

fn write_finding(out: &mut impl Write, report: &Report, folded: &Folded, first: bool) -> io::Result<()> {
    let (check, finding, severity) = (folded.cause.check, &folded.cause.finding, folded.cause.severity);
    let style = color(severity);
    let word = severity.word().replace('-', " ");
    writeln!(out, "{style}{word:<10}{style:#} {BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", said(folded), check.id)?;
    if finding.lineages.len() > 1 {
        prose(out, "lineages", &some(&finding.lineages))?;
    }
    for (i, evidence) in finding.evidence.iter().take(MANY).enumerate() {
        line(out, "saw", &seen(evidence))?;
        // Said once where several places want the same.
        let next = finding.evidence.get(i + 1).filter(|_| i + 1 < MANY).and_then(|e| e.wanted.as_ref());
        if let Some(wanted) = evidence.wanted.as_ref().filter(|wanted| Some(*wanted) != next) {
            line(out, "wanted", &printable(wanted))?;
        }
    }
    if finding.evidence.len() > MANY {
        line(out, "", &format!("and in {} more places", finding.evidence.len() - MANY))?;
    }
    if let Some((lowered, because)) = finding.lowered.as_ref().filter(|(lowered, _)| *lowered == severity) {
        let word = if *lowered == Severity::Note { "a note" } else { "may fail" };
        prose(out, "only", &format!("{word}, because {because}"))?;
    }
    if severity != Severity::Note {
        if first {
            prose(out, "why", check.why)?;
        }
        if let Some(when) = when(report, folded) {
            prose(out, "when", &when)?;
        }
    }
    let (summary, commands) = match &finding.fix {
        Some(fix) => (fix.summary.as_str(), fix.commands.as_slice()),
        None => (check.fix, [].as_slice()),
    };
    prose(out, "fix", &printable(summary))?;
    for command in commands.iter().take(MANY) {
        line(out, "", &format!("$ {}", printable(command)))?;
    }
    for consequence in folded.consequences.iter().take(MANY) {
        prose(out, "hence", &format!("{} ({})", printable(&consequence.says), consequence.id))?;
    }
    if folded.consequences.len() > MANY {
        line(out, "", &format!("and {} more consequences", folded.consequences.len() - MANY))?;
    }
    writeln!(out)
}

/// A label in the left column and text in the right one.
pub(super) fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {DIM}{label:<8}{DIM:#} {text}")
}

/// [`line`] for prose, broken at blanks; commands and evidence are never broken, so that they can be copied.
pub(super) fn prose(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    let mut row = String::new();
    let mut label = label;
    for word in text.split(' ') {
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > WIDTH {
            line(out, label, &row)?;
            label = "";
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(out, label, &row)
}

/// What a finding says, with its lineage where that is not said yet.
fn said(folded: &Folded) -> String {
    let finding = &folded.cause.finding;
    match finding.lineages.as_slice() {
        [only] if !finding.says.contains(only.as_str()) => {
            format!("{}: {}", printable(only), printable(&finding.says))
        }
        _ => printable(&finding.says).into_owned(),
    }
}

pub(super) fn seen(evidence: &Evidence) -> String {
    // What came over the network is labelled with where it was seen from; the disk is this host's own.
    let network = matches!(evidence.kind, Source::Http | Source::Dns | Source::Tls);
    let vantage = match &*evidence.vantage {
        "this host" if network => " (from this host)".to_owned(),
        "this host" => String::new(),
        vantage => format!(" ({vantage})"),
    };
    if evidence.saw.is_empty() {
        return format!("{}{vantage}", printable(&evidence.r#where));
    }
    format!("{}{vantage}: {}", printable(&evidence.r#where), printable(&evidence.saw))
}

/// The first few, and how many more.
fn some<T: AsRef<str>>(items: &[T]) -> String {
    let mut text = items.iter().take(MANY).map(|i| printable(i.as_ref())).collect::<Vec<_>>().join(", ");
    if items.len() > MANY {
        text.push_str(&format!(" and {} more", items.len() - MANY));
    }
    text
}

/// When it bites: the renewal that fails, and the expiry that nothing then prevents.
fn when(report: &Report, folded: &Folded) -> Option<String> {
    let finding = &folded.cause.finding;
    let now = report.host.now;
    let rows = || finding.lineages.iter().filter_map(|name| report.index.get(name));
    let expiry = rows().filter_map(|row| row.validity.map(|(_, after)| after)).min();
    let expiry = if finding.lineages.is_empty() { report.first_expiry() } else { expiry };
    let expires = |at| {
        let verb = if at <= now { "expired" } else { "expires" };
        format!("the certificate {verb} on {} ({})", day(at), distance(at, now))
    };
    match (finding.bites_at, expiry) {
        (Some(bites), Some(expiry)) if bites == now => Some(format!("now; {}", expires(expiry))),
        (Some(bites), None) if bites == now => Some("now".into()),
        (Some(bites), Some(expiry)) if bites < expiry && bites > now => {
            Some(format!("the renewal due on {} ({}); {}", day(bites), distance(bites, now), expires(expiry)))
        }
        (Some(bites), Some(expiry)) if bites < expiry && expiry > now => {
            Some(format!("already: a renewal has been due since {}; {}", day(bites), expires(expiry)))
        }
        (_, Some(expiry)) => Some(expires(expiry)),
        (Some(bites), None) => Some(format!("on {} ({})", day(bites), distance(bites, now))),
        (None, None) => None,
    }
}

fn summary(out: &mut impl Write, report: &Report, unknown: usize) -> io::Result<()> {
    let total = report.verdicts.len();
    let parts: Vec<String> = [
        (LineageVerdict::Renews, "will renew"),
        (LineageVerdict::AtRisk, "at risk"),
        (LineageVerdict::Fails, "will fail"),
        (LineageVerdict::Unknown, "unknown"),
    ]
    .iter()
    .filter_map(|(verdict, words)| {
        let n = report.count(*verdict);
        (n > 0).then(|| format!("{n} {words}"))
    })
    .collect();
    let verdicts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let unmanaged = match unmanaged(report) {
        0 => String::new(),
        n => format!(", and {n} that nothing renews"),
    };
    let left = if unknown > 0 { format!(", {unknown} left unknown") } else { String::new() };
    writeln!(
        out,
        "{}{verdicts}{unmanaged} {DIM}({} on {}, as of {}{left}){DIM:#}",
        count(total, "lineage"),
        printable(&report.host.dirs.config),
        printable(&report.host.host),
        report.host.now.strftime("%Y-%m-%d %H:%M UTC"),
    )
}

/// How many certificates without a conf are found fault with: they are no lineages of certbot's, and have no verdict.
fn unmanaged(report: &Report) -> usize {
    let orphans = report.host.orphans.as_deref().unwrap_or_default();
    let named: BTreeSet<&str> =
        report.loud().flat_map(|folded| &folded.cause.finding.lineages).map(String::as_str).collect();
    orphans
        .iter()
        .filter(|orphan| named.contains(orphan.name.as_str()) && report.index.get(&orphan.name).is_none())
        .count()
}

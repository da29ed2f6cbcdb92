//! For people: each attempt in a line; a failed one with its way, the CA's words, the cause and what to do. Where this host
//! and the CA agree, that is one attempt.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::check::Source;
use crate::checks::CHECKS;
use crate::facts::net::Hop;
use crate::facts::{Attempt, Vantage};
use crate::fold::Folded;
use crate::rehearsal::Rehearsal;
use crate::report::text::{line, prose, seen};
use crate::report::{count, printable};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// What is said where the CA and this host disagree.
const DIFFERS: &str = "this host came to another end: it may not see itself as others do (hairpin NAT, another resolver), \
                       and the CA's word counts";

/// What is said of a failure that the CA did not see.
const OUTRANKED: &str = "the CA found it, and its word counts: this host may not see itself as others do (hairpin NAT, another \
                         resolver)";

/// The ways of answering in which a web server passes challenges on.
const PASSED_ON: [&str; 3] = ["behind a server", "nginx", "apache"];

/// What to do where it does not.
const PASS_ON: &str = "let the web server pass /.well-known/acme-challenge/ to 127.0.0.1:8402, or where --respond-at says: \
                       contrib/web-servers has the lines for nginx, Apache, HAProxy, Caddy and Traefik";

/// Writes the report. `quiet` leaves out what passed.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, rehearsal: &Rehearsal, quiet: bool) -> io::Result<()> {
    details(out, rehearsal, quiet)?;
    if !(quiet && rehearsal.exit_code() == 0) {
        writeln!(out, "{}", summary(rehearsal))?;
    }
    Ok(())
}

/// What there is to say besides the summary.
pub(super) fn details(out: &mut impl Write, rehearsal: &Rehearsal, quiet: bool) -> io::Result<()> {
    let mut told: Vec<&str> = Vec::new();
    let shown = || rehearsal.attempts.iter().filter(|attempt| !is_said_before(rehearsal, attempt));
    for attempt in shown().filter(|attempt| !attempt.ok) {
        let id = attempt.id.as_deref().unwrap_or_default();
        let first = !told.contains(&id);
        failed(out, rehearsal, attempt, first)?;
        told.push(id);
    }
    for attempt in shown().filter(|attempt| attempt.ok && !quiet) {
        writeln!(out, "{GOOD}{:<10}{GOOD:#} {}", "passed", tried(rehearsal, attempt))?;
        if attempt.differs {
            prose(out, "but", DIFFERS)?;
        }
    }
    for untested in &rehearsal.untested {
        let word = if untested.matters { BOLD } else { DIM };
        writeln!(out, "{word}{:<10}{word:#} {}", "not tested", printable(&untested.to_string()))?;
    }
    beside(out, rehearsal, quiet)
}

/// What the rehearsal does not try, in one line as far as nothing is to be said of it.
fn beside(out: &mut impl Write, rehearsal: &Rehearsal, quiet: bool) -> io::Result<()> {
    let (well, other): (Vec<_>, Vec<_>) = rehearsal.beside.iter().partition(|beside| beside.is_well());
    if !(well.is_empty() || quiet) {
        let well: Vec<&str> = well.iter().map(|beside| beside.what).collect();
        writeln!(out, "{GOOD}{:<10}{GOOD:#} {}: all well", "looked at", well.join(", "))?;
    }
    for beside in other {
        // What the CA refused is told already.
        let told = |id: &str| rehearsal.attempts.iter().any(|attempt| attempt.id.as_deref() == Some(id));
        for (id, says) in beside.found.iter().filter(|(id, _)| !told(id)) {
            writeln!(out, "{BAD}{:<10}{BAD:#} {} {DIM}{id}{DIM:#}", "found", printable(says))?;
        }
        for why in &beside.open {
            writeln!(out, "{BOLD}{:<10}{BOLD:#} {}: {}", "not seen", beside.what, printable(why))?;
        }
    }
    if rehearsal.beside.iter().any(|beside| !beside.found.is_empty()) {
        writeln!(out, "{:<10} acme-audit audit says what to do about it", "")?;
    }
    Ok(())
}

fn failed(out: &mut impl Write, rehearsal: &Rehearsal, attempt: &Attempt, first: bool) -> io::Result<()> {
    writeln!(out, "{BAD}{:<10}{BAD:#} {BOLD}{}{BOLD:#}", "failed", tried(rehearsal, attempt))?;
    for hop in &attempt.hops {
        line(out, "went to", &way(hop))?;
    }
    // What the CA says is of more worth than what it would say.
    let at_ca = seen_from(rehearsal, attempt, Vantage::Ca);
    if at_ca.is_some_and(|at_ca| at_ca.ok) {
        prose(out, "but", OUTRANKED)?;
        return writeln!(out);
    }
    let at_ca = at_ca.filter(|at_ca| agree(attempt, at_ca));
    let who = if at_ca.is_some() { "CA says" } else { "the CA" };
    if let Some(problem) = &at_ca.unwrap_or(attempt).problem {
        prose(out, who, &printable(&problem.detail))?;
    }
    if attempt.differs {
        prose(out, "but", DIFFERS)?;
    }
    if let Some(why) = &attempt.may_pass {
        prose(out, "but", why)?;
    }
    let Some(check) = CHECKS.iter().find(|check| Some(check.id) == attempt.id.as_deref()) else {
        if PASSED_ON.contains(&attempt.method.as_str()) {
            prose(out, "fix", PASS_ON)?;
        }
        return writeln!(out);
    };
    line(out, "cause", &format!("{} {DIM}{}{DIM:#}", check.title, check.id))?;
    if first {
        prose(out, "why", check.why)?;
    }
    let finding = said_of(rehearsal, attempt).map(|folded| &folded.cause.finding);
    let on_disk = finding.iter().flat_map(|finding| &finding.evidence).filter(|saw| saw.kind == Source::File);
    for saw in on_disk {
        line(out, "in", &seen(saw))?;
    }
    let fix = finding.and_then(|finding| finding.fix.as_ref());
    prose(out, "fix", &printable(fix.map_or(check.fix, |fix| &fix.summary)))?;
    for command in fix.iter().flat_map(|fix| &fix.commands) {
        line(out, "", &format!("$ {}", printable(command)))?;
    }
    writeln!(out)
}

/// The audit's finding about the same name and cause.
fn said_of<'r>(rehearsal: &'r Rehearsal, attempt: &Attempt) -> Option<&'r Folded> {
    let lineage = attempt.lineage.as_ref()?;
    rehearsal.report.as_ref()?.findings.iter().find(|folded| {
        let finding = &folded.cause.finding;
        Some(folded.cause.check.id) == attempt.id.as_deref()
            && finding.lineages.contains(lineage)
            && (finding.identifiers.is_empty() || finding.identifiers.contains(&attempt.identifier))
    })
}

/// The attempt at the same name that was seen from there.
fn seen_from<'r>(rehearsal: &'r Rehearsal, of: &Attempt, vantage: Vantage) -> Option<&'r Attempt> {
    rehearsal.attempts.iter().find(|attempt| {
        attempt.vantage == vantage && attempt.lineage == of.lineage && attempt.identifier == of.identifier
    })
}

/// Whether two vantages came to one end, for one reason.
fn agree(one: &Attempt, other: &Attempt) -> bool {
    one.ok == other.ok && one.id == other.id && one.method == other.method
}

/// Whether this host's attempt at the same name says what the CA's does.
fn is_said_before(rehearsal: &Rehearsal, attempt: &Attempt) -> bool {
    let here = seen_from(rehearsal, attempt, Vantage::ThisHost);
    attempt.vantage == Vantage::Ca && here.is_some_and(|here| agree(here, attempt))
}

fn tried(rehearsal: &Rehearsal, attempt: &Attempt) -> String {
    let of = match &attempt.lineage {
        Some(lineage) if *lineage != attempt.identifier => format!(" of {lineage}"),
        _ => String::new(),
    };
    let at_ca = seen_from(rehearsal, attempt, Vantage::Ca);
    let from = match attempt.vantage {
        Vantage::ThisHost if at_ca.is_some_and(|at_ca| agree(attempt, at_ca)) => "this host and from the CA",
        Vantage::ThisHost => "this host",
        Vantage::Ca => "the CA",
    };
    let text = format!("{}{of}, {}, seen from {from}", attempt.identifier, attempt.method);
    printable(&text).into_owned()
}

fn way(hop: &Hop) -> String {
    let at = hop.used.map_or_else(String::new, |used| format!(" at {used}"));
    let came = match (&hop.error, hop.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => match &hop.location {
            Some(location) => format!("{status} to {location}"),
            None => status.to_string(),
        },
        (None, None) => "no answer".to_owned(),
    };
    printable(&format!("{}{at}: {came} ({} ms)", hop.url, hop.millis)).into_owned()
}

/// All of it in a line.
pub(super) fn summary(rehearsal: &Rehearsal) -> String {
    let all = rehearsal.attempts.len();
    let failed = rehearsal.attempts.iter().filter(|attempt| !attempt.ok).count();
    let untested = match rehearsal.untested.iter().filter(|untested| untested.matters).count() {
        0 => String::new(),
        n => format!(", {n} left untested"),
    };
    format!("{}: {} passed, {failed} failed{untested}", count(all, "attempt"), all - failed)
}

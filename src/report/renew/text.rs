//! For people: each lineage in a line; what was not renewed with the CA's words, the cause and what to do.

use std::io::{self, Write};
use std::net::SocketAddr;

use anstyle::{AnsiColor, Style};

use crate::checks::CHECKS;
use crate::facts::Attempt;
use crate::renewal::{Outcome, Renewal, Renewals, Served};
use crate::report::text::{line, prose};
use crate::report::{count, printable};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// The address in them.
const DEFAULT: &str = "127.0.0.1:8402";

/// What lets a web server pass challenges to us.
const SNIPPETS: [(&str, &str); 2] = [
    ("nginx", include_str!("../../../contrib/web-servers/nginx.conf")),
    ("apache", include_str!("../../../contrib/web-servers/apache.conf")),
];

/// Writes the report. `quiet` leaves out what is well.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, renewals: &Renewals, quiet: bool) -> io::Result<()> {
    for renewal in &renewals.all {
        one(out, renewal, &renewals.respond_at, quiet)?;
    }
    snippets(out, renewals)?;
    if !(quiet && renewals.exit_code() == 0) {
        writeln!(out, "{}", summary(renewals))?;
    }
    Ok(())
}

/// The lines that web servers lack, each once.
fn snippets(out: &mut impl Write, renewals: &Renewals) -> io::Result<()> {
    let lacking = || renewals.all.iter().filter(|renewal| renewal.outcome == Outcome::NeedsSnippet);
    let is_all = |server: &str| {
        lacking().any(|renewal| renewal.attempts.iter().all(|attempt| attempt.method == server))
    };
    for (server, lines) in SNIPPETS {
        if is_all(server) {
            // Of a socket's path each server has a notation of its own.
            let lines = match renewals.respond_at.parse::<SocketAddr>() {
                Ok(address) => lines.replace(DEFAULT, &address.to_string()),
                Err(_) => lines.to_owned(),
            };
            writeln!(out, "\n{BOLD}{server}{BOLD:#}\n{}", lines.trim_end())?;
        }
    }
    if lacking().next().is_some() {
        writeln!(out)?;
    }
    Ok(())
}

fn one(out: &mut impl Write, renewal: &Renewal, respond_at: &str, quiet: bool) -> io::Result<()> {
    let name = printable(&renewal.lineage);
    let lame = renewal.served == Served::Old || renewal.hooks.iter().any(|ran| ran.code != Some(0));
    let until =
        renewal.at.map(|at| format!(", from {} on", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
    let because = printable(&renewal.because);
    match renewal.outcome {
        Outcome::Renewed | Outcome::NotDue if quiet && !lame => return Ok(()),
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
        failed(out, attempt)?;
    }
    for ran in renewal.hooks.iter().filter(|ran| ran.code != Some(0)) {
        let code = ran
            .code
            .map_or_else(|| "without an exit code".to_owned(), |code| format!("with exit code {code}"));
        prose(
            out,
            "hook",
            &printable(&format!("`{}` ended {code}: the next run tries it again", ran.command)),
        )?;
        for said in ran.output.lines() {
            line(out, "", &printable(said))?;
        }
    }
    if renewal.served == Served::Old {
        prose(
            out,
            "served",
            "this host's server still gives the certificate before: load it anew (acme-audit explain no-reload-at-all)",
        )?;
    }
    for note in &renewal.notes {
        prose(out, "note", &printable(note))?;
    }
    Ok(())
}

fn failed(out: &mut impl Write, attempt: &Attempt) -> io::Result<()> {
    if let Some(problem) = &attempt.problem {
        prose(out, "CA says", &printable(&format!("{}: {}", attempt.identifier, problem.detail)))?;
    }
    let Some(check) = CHECKS.iter().find(|check| Some(check.id) == attempt.id.as_deref()) else {
        return Ok(());
    };
    line(out, "cause", &format!("{} {DIM}{}{DIM:#}", check.title, check.id))?;
    prose(out, "fix", check.fix)
}

fn summary(renewals: &Renewals) -> String {
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

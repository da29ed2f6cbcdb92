//! For monitoring: what failed first is in the status line; the report for people follows.

use std::io::{self, Write};

use super::text;
use crate::checks::CHECKS;
use crate::rehearsal::Rehearsal;
use crate::report::plugin;

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, rehearsal: &Rehearsal) -> io::Result<()> {
    let failed = rehearsal.failed().count();
    let data = format!(
        "attempts={} passed={} failed={failed} untested={}",
        rehearsal.attempts.len(),
        rehearsal.attempts.len() - failed,
        rehearsal.untested.iter().filter(|untested| untested.matters).count()
    );
    let says = (worst(rehearsal), text::summary(rehearsal));
    plugin::with_report(out, (rehearsal.exit_code(), data), says, |long| text::details(long, rehearsal, true))
}

fn worst(rehearsal: &Rehearsal) -> Option<String> {
    let failed = rehearsal.failed().min_by_key(|attempt| attempt.may_pass.is_some()).map(|attempt| {
        let check = CHECKS.iter().find(|check| Some(check.id) == attempt.id.as_deref());
        let said = attempt.problem.as_ref().map_or("failed", |problem| problem.detail.as_str());
        let why = check.map_or(said, |check| check.title);
        format!("{}: {why}", attempt.identifier)
    });
    let untested = || rehearsal.untested.iter().find(|untested| untested.matters).map(ToString::to_string);
    let beside = || {
        let beside = rehearsal.beside.iter().find(|beside| !beside.is_well())?;
        let found = beside.found.first().map(|(_, says)| says).or(beside.open.first())?;
        Some(format!("{}: {found}", beside.what))
    };
    failed.or_else(untested).or_else(beside)
}

//! For monitoring: what is not renewed, or not as it should be, is in the status line; the report for people follows.

use std::io::{self, Write};

use super::text;
use crate::renewal::{Outcome, Renewal, Renewals, Served};
use crate::report::plugin;

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub fn write(out: &mut impl Write, renewals: &Renewals) -> io::Result<()> {
    let of = |outcome| renewals.all.iter().filter(|renewal| renewal.outcome == outcome).count();
    let data = format!(
        "lineages={} renewed={} not_due={} held_back={} needs_snippet={} failed={}",
        renewals.all.len(),
        of(Outcome::Renewed),
        of(Outcome::NotDue),
        of(Outcome::HeldBack),
        of(Outcome::NeedsSnippet),
        of(Outcome::Failed)
    );
    let says = (worst(renewals), text::summary(renewals));
    plugin::with_report(out, (renewals.exit_code(), data), says, |long| text::details(long, renewals, true))
}

fn worst(renewals: &Renewals) -> Option<String> {
    let all = || renewals.all.iter();
    if let Some(failed) = all().find(|renewal| renewal.is_failed()) {
        return Some(format!("{}: {}", failed.lineage, failed.because));
    }
    let lame = all().find(|renewal| renewal.is_lame());
    let around = || renewals.around.iter().find(|ran| ran.code != Some(0));
    lame.map(|lame| format!("{}: {}", lame.lineage, lameness(lame)))
        .or_else(|| around().map(|ran| format!("the hook `{}` failed", ran.command)))
}

fn lameness(renewal: &Renewal) -> &'static str {
    match renewal {
        _ if !renewal.lost.is_empty() => "its new certificate lacks names",
        _ if renewal.served == Served::Old => "the certificate before is still served",
        _ => "a deploy hook failed",
    }
}

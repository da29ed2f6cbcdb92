//! What `acme-audit schedule` prints: every trigger, and what all of them together make of the lineages.

mod json;
mod next;
mod strip;
mod text;

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use next::Next;

use crate::audit::Report;
use crate::facts::{Fact, Trigger};
use crate::forecast::Firings;

/// How many of a trigger's next runs are printed for programs.
const RUNS: usize = 3;

/// The schedule of a host, ready to be printed.
pub struct View<'r> {
    report: &'r Report,
    zone: TimeZone,
    lines: Fact<Vec<Line<'r>>>,
    /// The firings of all effective triggers together.
    all: Firings,
}

/// One trigger and its times.
struct Line<'r> {
    trigger: &'r Trigger,
    next: Vec<Timestamp>,
    /// Seconds between two runs at most, delays included.
    largest_gap: Option<i64>,
}

/// A moment's day in a zone.
fn local_day(at: Timestamp, zone: &TimeZone) -> jiff::civil::Date {
    zone.to_datetime(at).date()
}

impl<'r> View<'r> {
    /// Computes the times.
    pub fn new(report: &'r Report) -> Self {
        let host = &report.host;
        let (zone, period) = (host.time_zone(), host.period());
        let line = |trigger: &'r Trigger| {
            let firings = Firings::of(std::iter::once(trigger), &zone, period);
            let runs = trigger.ineffective.is_none();
            let next =
                firings.after(period.now.saturating_add(1)).take(if runs { RUNS } else { 0 }).collect();
            Line { trigger, next, largest_gap: firings.largest_gap() }
        };
        let lines = match &host.triggers {
            Ok(triggers) => Ok(triggers.iter().map(line).collect()),
            Err(missing) => Err(missing.clone()),
        };
        let all = Firings::of(host.effective_triggers(), &zone, period);
        Self { report, lines, all, zone }
    }

    /// 2 where a lineage has no attempt in time, 1 where it has too few, 3 where the schedule could not be read, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.lines.is_err() {
            return 3;
        }
        let terms = &self.report.host.terms;
        let worst = self.report.index.rows.iter().filter_map(|row| {
            let outlook = row.forecast.as_ref()?.outlook?;
            Some(match outlook.window {
                0 => 2,
                n if n < terms.enough_for(&row.name) => 1,
                _ => 0,
            })
        });
        worst.max().unwrap_or(0)
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn text(&self, out: &mut impl Write) -> io::Result<()> {
        text::write(self, out)
    }

    /// Prints it for programs: schema `acme-audit.schedule/1`.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        json::write(self, out)
    }
}

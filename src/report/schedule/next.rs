//! What `acme-audit schedule next` prints: schema `acme-audit.next/1`.

use std::io::{self, Write};

use anstyle::Style;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::report::printable;

const DIM: Style = Style::new().dimmed();

/// The next times of one expression.
#[derive(Debug, Serialize)]
pub struct Next {
    schema: &'static str,
    expression: String,
    normalized: String,
    /// The times, ascending; empty where it never fires.
    #[serde(rename = "next")]
    pub times: Vec<Timestamp>,
    /// It fires at each start of the machine, and at no time that could be computed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_boot: bool,
}

impl Next {
    /// The answer for an expression.
    pub fn new(expression: &str, normalized: String, times: Vec<Timestamp>) -> Self {
        Self {
            schema: "acme-audit.next/1",
            expression: expression.to_owned(),
            normalized,
            times,
            at_boot: false,
        }
    }

    /// Prints it for people, each time in the zone and in UTC.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        writeln!(out, "{DIM}normalized{DIM:#}  {}", printable(&self.normalized))?;
        if self.times.is_empty() {
            let when =
                if self.at_boot { "at each start of the machine" } else { "never: no day is like that" };
            return writeln!(out, "{DIM}next{DIM:#}        {when}");
        }
        for (i, at) in self.times.iter().enumerate() {
            let label = if i == 0 { "next" } else { "" };
            let local = at.to_zoned_datetime(zone.clone());
            let fraction = if at.subsec_nanosecond() == 0 { "" } else { "%.f" };
            write!(
                out,
                "{DIM}{label:<10}{DIM:#}  {}",
                local.strftime(&format!("%a %Y-%m-%d %H:%M:%S{fraction} %Z"))
            )?;
            if *zone == TimeZone::UTC {
                writeln!(out)?;
            } else {
                writeln!(out, "  {DIM}{at}{DIM:#}")?;
            }
        }
        Ok(())
    }

    /// Prints it for programs.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

//! The frame of a monitoring plugin's output: one status line with performance data, then the long output.
//! <https://www.monitoring-plugins.org/doc/guidelines.html>

use std::io::{self, Write};

use super::printable;

/// Writes the status line of an exit code.
///
/// # Errors
/// The output cannot be written.
pub(super) fn status(out: &mut impl Write, code: u8, says: &str, data: &str) -> io::Result<()> {
    let word = match code {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    };
    writeln!(out, "ACME-AUDIT {word} - {} | {data}", clean(says))
}

/// Writes the status line with the worst, where there is one, before the summary; then a report for people as the long output.
///
/// # Errors
/// The output cannot be written.
pub(super) fn with_report(
    out: &mut impl Write,
    (code, data): (u8, String),
    (worst, summary): (Option<String>, String),
    report: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let says = worst.map_or_else(|| summary.clone(), |worst| format!("{worst} ({summary})"));
    status(out, code, &says, &data)?;
    let mut long = Vec::new();
    report(&mut long)?;
    out.write_all(String::from_utf8_lossy(&long).replace('|', "/").as_bytes())
}

/// Text that cannot end the status: a line break does, and `|` begins performance data.
pub(super) fn clean(text: &str) -> String {
    printable(text).replace('|', "/")
}

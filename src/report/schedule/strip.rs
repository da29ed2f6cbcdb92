//! A month of days in a few lines: attempts on each, and what becomes due or expires.

use std::io::{self, Write};

use anstyle::Style;
use jiff::civil::Date;

use super::{View, local_day};
use crate::forecast::{Forecast, moment};
use crate::index::Row;
use crate::report::printable;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// How many days are shown.
const DAYS: usize = 31;
/// How many lineages are shown.
const MANY: usize = 12;
/// How wide their names may be.
const NAME: usize = 28;

/// Writes the strip; of the lineages only those that become due or expire within it.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> io::Result<()> {
    let host = &view.report.host;
    let today = local_day(host.now, &view.zone);
    let days: Vec<Date> = today.series(jiff::ToSpan::day(1)).take(DAYS).collect();
    let Some(last) = days.last().copied() else { return Ok(()) };
    let concerned = |row: &&Row| -> bool {
        row.forecast.as_ref().is_some_and(|forecast| {
            let due = forecast.due_at.map(|at| local_day(at, &view.zone));
            let end = local_day(moment(forecast.cert.to), &view.zone);
            due.is_some_and(|due| due <= last) || end <= last
        })
    };
    let rows: Vec<&Row> = view.report.index.rows.iter().filter(concerned).collect();
    let shown = rows.get(..rows.len().min(MANY)).unwrap_or_default();
    let longest = shown.iter().map(|row| row.name.chars().count().min(NAME)).max().unwrap_or(0).max(8);

    let months = months(&days);
    writeln!(out, "{BOLD}{:<longest$}{BOLD:#}  {months}", "")?;
    let weekdays = spread(days.iter().map(|day| weekday(*day)));
    writeln!(out, "{DIM}{:<longest$}  {weekdays}{DIM:#}", "")?;
    let mut counts = vec![0usize; days.len()];
    for at in view.all.after(host.now.as_second().saturating_add(1)) {
        let day = local_day(at, &view.zone);
        let Ok(place) = days.binary_search(&day) else { break };
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    let attempts = spread(counts.iter().map(|n| digit(*n)));
    writeln!(out, "{:<longest$}  {attempts}", "attempts")?;
    for row in shown {
        let name: String = printable(&row.name).chars().take(NAME).collect();
        let marks = spread(days.iter().map(|day| row.forecast.as_ref().map_or(' ', |f| mark(view, f, *day))));
        writeln!(out, "{name:<longest$}  {marks}")?;
    }
    if rows.len() > shown.len() {
        writeln!(out, "{DIM}and {} more that become due in these days{DIM:#}", rows.len() - shown.len())?;
    }
    if shown.is_empty() {
        let what = if view.report.index.rows.is_empty() {
            "there is no lineage"
        } else {
            "no lineage becomes due in these days"
        };
        writeln!(out, "{DIM}{what}{DIM:#}")
    } else {
        writeln!(out, "{DIM}{:<longest$}  . not due   ~ may be due   # due   ! expires{DIM:#}", "")
    }
}

/// What a day is for a lineage.
fn mark(view: &View<'_>, forecast: &Forecast, day: Date) -> char {
    let of = |at| local_day(at, &view.zone);
    let end = of(moment(forecast.cert.to));
    match (forecast.due_at.map(of), forecast.due_by.map(of)) {
        _ if day == end => '!',
        _ if day > end => ' ',
        (Some(at), Some(by)) if at <= day && day < by => '~',
        (_, Some(by)) if by <= day => '#',
        _ => '.',
    }
}

/// The names of the months above their first days.
fn months(days: &[Date]) -> String {
    let mut line = String::new();
    for (i, day) in days.iter().enumerate() {
        let at = 2 * i;
        let label = day.strftime("%b %-d").to_string();
        let begins = i == 0 || day.weekday() == jiff::civil::Weekday::Monday;
        // A label needs its own width and a blank before it.
        if begins && line.len() <= at && at + label.len() <= 2 * days.len() {
            line.push_str(&" ".repeat(at - line.len()));
            line.push_str(&label);
            line.push(' ');
        }
    }
    line.trim_end().to_owned()
}

fn weekday(day: Date) -> char {
    ['M', 'T', 'W', 'T', 'F', 'S', 'S']
        .get(usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0))
        .copied()
        .unwrap_or(' ')
}

fn digit(n: usize) -> char {
    match u32::try_from(n) {
        Ok(0) => '.',
        Ok(n @ 1..=9) => char::from_digit(n, 10).unwrap_or('+'),
        _ => '+',
    }
}

/// A blank between each two signs.
fn spread(signs: impl Iterator<Item = char>) -> String {
    signs.flat_map(|sign| [sign, ' ']).collect::<String>().trim_end().to_owned()
}

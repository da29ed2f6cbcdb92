//! For people: a table of the triggers, a month of days, and how long the schedule is enough.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;

use super::{Line, View, strip};
use crate::ca::DAY;
use crate::facts::Purpose;
use crate::forecast::moment;
use crate::report::{count, day, printable};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));

/// Writes all of it.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> io::Result<()> {
    match &view.lines {
        Ok(lines) if lines.is_empty() => writeln!(out, "nothing on this host starts an ACME client")?,
        Ok(lines) => table(view, lines, out)?,
        Err(missing) => writeln!(out, "{BOLD}unknown{BOLD:#}  {}", printable(&missing.to_string()))?,
    }
    writeln!(out)?;
    strip::write(view, out)?;
    forecast(view, out)
}

fn table(view: &View<'_>, lines: &[Line<'_>], out: &mut impl Write) -> io::Result<()> {
    let name = |line: &Line<'_>| {
        let trigger = line.trigger;
        printable(trigger.name()).into_owned()
    };
    let next = |line: &Line<'_>| next_run(line, &view.zone);
    let names = width("trigger", lines.iter().map(name));
    let clients = width("client", lines.iter().map(|line| line.trigger.client.word().to_owned()));
    let running = lines.iter().filter(|line| line.trigger.ineffective.is_none());
    let times = width("next run", running.map(next));
    writeln!(
        out,
        "{BOLD}{:<names$}  {:<clients$}  {:<9}  {:<times$}  largest gap{BOLD:#}",
        "trigger", "client", "effective", "next run"
    )?;
    for line in lines {
        let client = line.trigger.client.word();
        write!(out, "{:<names$}  {client:<clients$}  ", name(line))?;
        match &line.trigger.ineffective {
            Some(why) => writeln!(out, "{BAD}{:<9}{BAD:#}  {}", "no", printable(&why.to_string()))?,
            None => {
                let word = match line.trigger.task.purpose {
                    Purpose::Audits => "looks",
                    Purpose::Renews if !line.trigger.client.knows_certbots_lineages() => "other",
                    Purpose::Renews => "yes",
                };
                let gap = line.largest_gap.map_or_else(|| "unknown".to_owned(), span);
                writeln!(out, "{GOOD}{word:<9}{GOOD:#}  {:<times$}  {gap}", next(line))?;
            }
        }
        detail(line, out)?;
    }
    Ok(())
}

/// Where the trigger stands and what it runs, under its line.
fn detail(line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
    let trigger = line.trigger;
    let place = if trigger.unit.is_some() { format!("{}: ", trigger.r#where) } else { String::new() };
    let user = trigger.user.as_deref().filter(|user| *user != "root");
    let user = user.map(|user| format!("as {user}: ")).unwrap_or_default();
    let text = format!("{place}{user}{}", trigger.command);
    writeln!(out, "  {DIM}{}{DIM:#}", printable(&text))
}

fn next_run(line: &Line<'_>, zone: &TimeZone) -> String {
    let Some(next) = line.next.first() else {
        return match &line.trigger.when {
            Err(missing) => missing.why.to_string(),
            Ok(_) => "at each start of the machine".to_owned(),
        };
    };
    let delay =
        line.trigger.when.as_ref().map_or(0, |when| when.delay).saturating_add(line.trigger.task.sleeps);
    let at = next.to_zoned_datetime(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z");
    // A minute is systemd's own accuracy.
    match i64::try_from(delay) {
        Ok(delay) if delay > 60 => format!("{at} + up to {}", span(delay)),
        _ => at.to_string(),
    }
}

fn width(title: &str, texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| text.chars().count()).chain([title.len()]).max().unwrap_or(0)
}

/// `12 hours`, `7 days`, `1 day 30 minutes`.
fn span(seconds: i64) -> String {
    let part = |n: i64, unit: &str| (n > 0).then(|| count(usize::try_from(n).unwrap_or(0), unit));
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / 3_600, seconds % 3_600 / 60);
    let parts: Vec<String> = [part(days, "day"), part(hours, "hour"), part(minutes, "minute")]
        .into_iter()
        .flatten()
        .take(2)
        .collect();
    if parts.is_empty() { count(usize::try_from(seconds).unwrap_or(0), "second") } else { parts.join(" ") }
}

/// The lineage with the fewest attempts, and the first day on which the schedule is no longer enough.
fn forecast(view: &View<'_>, out: &mut impl Write) -> io::Result<()> {
    let host = &view.report.host;
    let rows = || view.report.index.rows.iter().filter_map(|row| Some((row, row.forecast.as_ref()?)));
    let fewest = rows()
        .filter_map(|(row, forecast)| Some((row, forecast.outlook?, forecast.due_at?)))
        .filter(|(row, ..)| row.validity.is_some_and(|(_, after)| after > host.now))
        .min_by_key(|(row, outlook, _)| (outlook.window, row.name.clone()));
    if let Some((row, outlook, due)) = fewest {
        let (name, survives) = (printable(&row.name), outlook.window.saturating_sub(1));
        let fit = count(usize::try_from(outlook.window).unwrap_or(0), "attempt");
        writeln!(
            out,
            "\n{fit} fit for {name} after it becomes due on {}: it survives {} in a row",
            day(due),
            count(usize::try_from(survives).unwrap_or(0), "failure")
        )?;
    }
    let stops = rows().filter_map(|(row, forecast)| Some((row, forecast.outlook?.stops?)));
    let end = day(host.terms.horizon(host.now));
    match stops.min_by_key(|(_, renewal)| renewal.due.at) {
        Some((row, renewal)) => {
            let attempts = count(usize::try_from(renewal.attempts).unwrap_or(0), "attempt");
            let days = (renewal.old.lifetime() + DAY / 2) / DAY;
            writeln!(
                out,
                "{BOLD}the schedule stops being enough on {}{BOLD:#}: {attempts} fit for {}, whose certificate then lives {}",
                day(moment(renewal.due.at)),
                printable(&row.name),
                count(usize::try_from(days).unwrap_or(0), "day"),
            )
        }
        None if fewest.is_some() => {
            writeln!(out, "the schedule is enough until {end}, where the forecast ends")
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        assert_eq!(span(86_400), "1 day");
        assert_eq!(span(43_260), "12 hours 1 minute");
        assert_eq!(span(31 * 86_400 + 3_600 + 60), "31 days 1 hour");
        assert_eq!(span(30), "30 seconds");
    }
}

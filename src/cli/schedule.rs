//! `acme-audit schedule`: every trigger and what it makes of the lineages; `schedule next`: one expression's times.

use std::io::Write;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::global::Format;
use super::settings::Settings;
use super::{audit, host};
use crate::calendar::{CronTimes, OnCalendar, ParseError, zone};
use crate::error::Error;
use crate::report::schedule::{Next, View};

/// The exit code for a schedule that does not renew, and for an expression that never fires.
const BROKEN: u8 = 2;

/// What to do with schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Print when a calendar expression of systemd or a crontab's times come next
    Next(NextArgs),
}

/// Arguments of `schedule next`.
#[derive(Debug, Args)]
pub struct NextArgs {
    /// An expression of systemd.time(7), as in OnCalendar=
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true, required_unless_present = "cron")]
    pub calendar: Option<String>,
    /// The five time fields of a crontab's line, or a word such as @daily; as Debian's cron reads them
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true, conflicts_with = "calendar")]
    pub cron: Option<String>,
    /// Times after this one instead of now
    #[arg(long, value_name = "RFC3339")]
    pub from: Option<Timestamp>,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// The time zone of an expression that names none, instead of the host's
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
}

/// Prints every trigger; gives the exit code.
pub fn run(settings: &Settings) -> Result<u8, Error> {
    let report = audit::look(host::all(settings)?, settings, None)?;
    let view = View::new(&report);
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match settings.format {
        Format::Json => view.json(&mut out),
        Format::Text | Format::Nagios => view.text(&mut out),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(view.exit_code())
}

/// Prints the next times of one expression; gives the exit code.
pub fn next(settings: &Settings, args: &NextArgs) -> Result<u8, Error> {
    let zone = match &args.tz {
        Some(name) => zone::named(name).ok_or_else(|| {
            Error::new(format!("no time zone is named `{name}`"))
                .hint("give a name of the IANA database, such as Europe/Berlin")
        })?,
        None => host::zone(settings)?,
    };
    let from = args.from.or(settings.at).unwrap_or_else(Timestamp::now);
    let next = match (&args.calendar, &args.cron) {
        (Some(text), _) => calendar(text, from, args.count, &zone)?,
        (None, Some(text)) => cron(text, from, args.count, &zone)?,
        (None, None) => {
            return Err(Error::new("there is no expression").hint("give one with --calendar or --cron"));
        }
    };
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let written = match settings.format {
        Format::Json => next.json(&mut out),
        Format::Text | Format::Nagios => next.text(&mut out, &zone),
    };
    super::written(written.and_then(|()| out.flush()))?;
    Ok(if next.times.is_empty() && !next.at_boot { BROKEN } else { 0 })
}

fn calendar(text: &str, from: Timestamp, count: u32, zone: &TimeZone) -> Result<Next, Error> {
    let times = OnCalendar::parse_in(text, zone).map_err(|e| {
        refused(text, &e)
            .hint("the grammar is systemd.time(7), such as `*-*-* 00,12:00:00` or `Mon..Fri 03:30`")
    })?;
    let normalized = times.to_string();
    Ok(Next::new(text, normalized, repeat(from, count, |at| times.next_after(at, zone))))
}

fn cron(text: &str, from: Timestamp, count: u32, zone: &TimeZone) -> Result<Next, Error> {
    let times = CronTimes::parse(text).map_err(|e| {
        refused(text, &e)
            .hint("give the five fields of a crontab, such as `17 3,15 * * *`, or a word such as @daily")
    })?;
    let mut next = Next::new(text, times.to_string(), repeat(from, count, |at| times.next_after(at, zone)));
    next.at_boot = times.at_reboot();
    Ok(next)
}

fn refused(text: &str, e: &ParseError) -> Error {
    Error::new(format!("`{text}`: {e}"))
}

fn repeat(from: Timestamp, count: u32, next: impl Fn(Timestamp) -> Option<Timestamp>) -> Vec<Timestamp> {
    std::iter::successors(next(from), |at| next(*at)).zip(0..count).map(|(at, _)| at).collect()
}

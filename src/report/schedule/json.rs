//! For programs: schema `acme-audit.schedule/1`. Changes are additive only.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::{Line, View};
use crate::facts::{Client, Purpose, TriggerKind};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: Timestamp,
    host: &'a str,
    time_zone: Option<&'a str>,
    triggers: Vec<TriggerOut<'a>>,
    largest_gap_seconds: Option<i64>,
    /// Why the triggers are not known.
    unknown: Option<String>,
    exit_code: u8,
}

#[derive(Serialize)]
struct TriggerOut<'a> {
    kind: TriggerKind,
    r#where: &'a str,
    unit: Option<&'a str>,
    user: Option<&'a str>,
    command: &'a str,
    client: Client,
    purpose: Purpose,
    effective: bool,
    why_not: Option<String>,
    max_gap_seconds: Option<i64>,
    delay_seconds: Option<u64>,
    next: &'a [Timestamp],
    last_run: Option<Timestamp>,
    /// The lineages that it is confined to; empty for all.
    only: &'a [String],
}

/// Writes the document.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> io::Result<()> {
    let host = &view.report.host;
    let document = Document {
        schema: "acme-audit.schedule/1",
        as_of: host.now,
        host: &host.host,
        time_zone: host.zone.as_ref().ok().and_then(|zone| zone.name.as_deref()),
        triggers: view.lines.iter().flatten().map(trigger).collect(),
        largest_gap_seconds: view.all.largest_gap(),
        unknown: view.lines.as_ref().err().map(ToString::to_string),
        exit_code: view.exit_code(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn trigger<'a>(line: &'a Line<'_>) -> TriggerOut<'a> {
    let trigger = line.trigger;
    TriggerOut {
        kind: trigger.kind,
        r#where: &trigger.r#where,
        unit: trigger.unit.as_deref(),
        user: trigger.user.as_deref(),
        command: &trigger.command,
        client: trigger.client,
        purpose: trigger.task.purpose,
        effective: trigger.ineffective.is_none(),
        why_not: trigger.ineffective.as_ref().map(ToString::to_string),
        max_gap_seconds: line.largest_gap,
        delay_seconds: trigger.when.as_ref().ok().map(|when| when.delay),
        next: &line.next,
        last_run: trigger.last_run,
        only: &trigger.task.only,
    }
}

//! From lines to failures.
//!
//! The messages are those of certbot 0.31 to 5.8, as they stand in their sources and in logs that they wrote.
//! <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py>

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::moment;
use crate::facts::{Attempt, Logged, Problem, Vantage};
use crate::gather::fs::show;
use crate::gather::secrets::mask_command;

/// How many lineages' failures are kept.
const MAX_FAILURES: usize = 10_000;

/// How many names' problems are kept of one of them.
const MAX_ATTEMPTS: usize = 10;

/// Characters of a text that are kept.
const MAX_TEXT: usize = 300;

/// Where reading has come to.
pub(super) struct Course<'a> {
    renewal: String,
    zone: &'a TimeZone,
    failures: BTreeMap<String, Logged>,
    run: Run,
    trace: Option<Trace>,
}

/// One run of certbot, as far as it was read.
#[derive(Default)]
struct Run {
    /// Its beginning was read; without it nobody knows whether it only rehearsed.
    known: bool,
    /// `--dry-run`.
    rehearses: bool,
    lineage: Lineage,
}

/// What was said since the lineage's turn came.
#[derive(Default)]
struct Lineage {
    name: Option<String>,
    /// Of another folder of configuration.
    foreign: bool,
    rehearsed: bool,
    method: Option<String>,
    waited: Option<u32>,
    attempts: Vec<Attempt>,
}

/// The traceback below a failure.
struct Trace {
    lineage: String,
    indented: bool,
}

impl<'a> Course<'a> {
    /// Nothing was read yet; `config` is certbot's folder.
    pub fn new(config: &Path, zone: &'a TimeZone) -> Self {
        let renewal = show(&config.join("renewal"));
        Self { renewal, zone, failures: BTreeMap::new(), run: Run::default(), trace: None }
    }

    /// The failures that no later success of a rehearsal has made good.
    pub fn end(self) -> Vec<Logged> {
        self.failures.into_values().collect()
    }

    /// Reads a file, each after those that are older.
    pub fn file(&mut self, path: &str, text: &str, only_end: bool) {
        (self.run, self.trace) = (Run::default(), None);
        for (at, line) in text.lines().enumerate().skip(usize::from(only_end)) {
            match stamped(line) {
                Some((stamp, message)) => {
                    self.trace = self.trace.take().filter(|_| message.starts_with("Traceback was:"));
                    let place = if only_end { path.to_owned() } else { format!("{path}:{}", at + 1) };
                    self.message(stamp, message.strip_prefix("Notifying user: ").unwrap_or(message), &place);
                }
                None if self.trace.is_some() => self.traced(line),
                None => self.told(line),
            }
        }
    }

    fn message(&mut self, stamp: &str, message: &str, place: &str) {
        if message.starts_with("certbot version:") {
            self.run = Run { known: true, ..Run::default() };
        } else if let Some(arguments) = message.strip_prefix("Arguments: [") {
            self.run.rehearses = arguments.contains("'--dry-run'");
        } else if let Some(path) = message.strip_prefix("Processing ") {
            let (folder, file) = path.rsplit_once('/').unwrap_or_default();
            let name = file.strip_suffix(".conf").map(str::to_owned);
            self.run.lineage = Lineage { name, foreign: folder != self.renewal, ..Lineage::default() };
        } else if message.starts_with("Simulating renewal") {
            self.run.lineage.rehearsed = true;
        } else if let Some(rest) = message.strip_prefix("Plugins selected: Authenticator ") {
            self.run.lineage.method = rest.split(',').next().map(str::to_owned);
        } else if let Some(seconds) = between(message, "Waiting ", " seconds for DNS changes to propagate") {
            self.run.lineage.waited = seconds.parse().ok();
        } else if let Some((name, error)) = failure(message) {
            self.failed(stamp, name, error, place);
        } else {
            self.told(message);
        }
    }

    fn failed(&mut self, stamp: &str, name: &str, error: &str, place: &str) {
        let Run { known, rehearses, lineage } = &mut self.run;
        let told = std::mem::take(lineage);
        let ours = !told.foreign && told.name.as_deref().is_none_or(|turn| turn == name);
        let Some(at) = moment(stamp, self.zone).filter(|_| *known && ours && !*rehearses && !told.rehearsed)
        else {
            return;
        };
        if self.failures.len() >= MAX_FAILURES && !self.failures.contains_key(name) {
            return;
        }
        let method = told.method.unwrap_or_else(|| "unknown".into());
        let of_lineage =
            |attempt| Attempt { lineage: Some(name.to_owned()), method: method.clone(), ..attempt };
        let logged = Logged {
            lineage: name.to_owned(),
            at,
            place: place.to_owned(),
            error: clean(error),
            exception: None,
            raised_in: None,
            waited: told.waited,
            attempts: told.attempts.into_iter().map(of_lineage).collect(),
        };
        self.failures.insert(name.to_owned(), logged);
        self.trace = Some(Trace { lineage: name.to_owned(), indented: false });
    }

    /// A line of a longer message: what the CA said of a name, or that a lineage was renewed.
    fn told(&mut self, line: &str) {
        let line = line.trim();
        let attempts = &mut self.run.lineage.attempts;
        if let Some(path) = line.strip_suffix("(success)") {
            // `/etc/letsencrypt/live/NAME/fullchain.pem (success)`, of a renewal or of its rehearsal.
            let name = path.trim().rsplit('/').nth(1);
            name.and_then(|name| self.failures.remove(name));
        } else if let Some(name) = line.strip_prefix("Identifier: ").or_else(|| line.strip_prefix("Domain: "))
        {
            if attempts.len() < MAX_ATTEMPTS {
                attempts.push(attempt(name));
            }
        } else if let Some(said) = attempts.last_mut().and_then(|attempt| attempt.problem.as_mut()) {
            if let Some(kind) = line.strip_prefix("Type: ") {
                said.r#type = format!("urn:ietf:params:acme:error:{}", clean(kind.trim()));
            } else if let Some(detail) = line.strip_prefix("Detail: ").filter(|_| said.detail.is_empty()) {
                said.detail = clean(detail);
            }
        }
    }

    /// A line of a traceback: the file of the innermost call, and after it the error's class.
    fn traced(&mut self, line: &str) {
        let Some(trace) = &mut self.trace else { return };
        let Some(logged) = self.failures.get_mut(&trace.lineage) else { return };
        if let Some(file) = between(line, "  File \"", "\", line ") {
            logged.raised_in = Some(clean(file));
        } else if !line.starts_with(' ') && trace.indented {
            let class = line.split(':').next().unwrap_or_default();
            let is_class = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if !class.is_empty() && class.chars().all(is_class) {
                logged.exception = Some(clean(class));
            }
        }
        trace.indented = line.starts_with(' ');
    }
}

/// `2026-11-28 07:40:58,666:ERROR:certbot._internal.renewal:…`: the moment and the message.
fn stamped(line: &str) -> Option<(&str, &str)> {
    const STAMP: usize = 23;
    let (stamp, rest) = line.split_at_checked(STAMP)?;
    let shape = |i: usize, b: u8| match i {
        4 | 7 => b == b'-',
        10 => b == b' ',
        13 | 16 => b == b':',
        19 => b == b',',
        _ => b.is_ascii_digit(),
    };
    let is_stamp = stamp.bytes().enumerate().all(|(i, b)| shape(i, b));
    let mut parts = rest.strip_prefix(':').filter(|_| is_stamp)?.splitn(3, ':');
    let (_level, _logger) = (parts.next()?, parts.next()?);
    Some((stamp, parts.next()?))
}

/// The lineage and the error of a message that an attempt failed with.
fn failure(message: &str) -> Option<(&str, &str)> {
    if let Some(rest) = message.strip_prefix("Failed to renew certificate ") {
        return rest.split_once(" with error: ");
    }
    // Before certbot 1.11.
    let (name, rest) = message.strip_prefix("Attempting to renew cert (")?.split_once(") from ")?;
    let (_, error) = rest.split_once(" produced an unexpected error: ")?;
    Some((name, error.strip_suffix(". Skipping.").unwrap_or(error)))
}

fn attempt(identifier: &str) -> Attempt {
    Attempt {
        lineage: None,
        identifier: clean(identifier),
        method: String::new(),
        vantage: Vantage::Ca,
        ok: false,
        id: None,
        problem: Some(Problem::default()),
        hops: Vec::new(),
        may_pass: None,
        differs: false,
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    Some(text.strip_prefix(before)?.split_once(after)?.0)
}

/// A text for people: secrets masked, without control characters, and no longer than helps.
fn clean(text: &str) -> String {
    mask_command(text.trim()).chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

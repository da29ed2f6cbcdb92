//! The pipeline's middle: lineages are streamed, judged and dropped; verdicts are folded into a report.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict, cap};
use crate::checks::CHECKS;
use crate::config::Config;
use crate::facts::{HostFacts, Lineage};
use crate::fold::{Folded, Raised, fold};
use crate::forecast::forecast;
use crate::index::{Index, Row, Words};
use crate::shell::quote_within;

/// What the audit says, ready to be printed in any format.
#[derive(Debug)]
pub struct Report {
    /// The host's facts that reports print.
    pub host: HostFacts,
    /// The lineages, in the order of their names.
    pub index: Index,
    /// The verdict on each row of the index.
    pub verdicts: Vec<LineageVerdict>,
    /// What was found, worst first.
    pub findings: Vec<Folded>,
    /// What was not answered.
    pub skipped: Vec<Skipped>,
    /// What was ignored until a day that is over, and has been found again: id and day.
    pub back: Vec<(String, jiff::civil::Date)>,
    /// How many checks there are.
    pub checks: usize,
}

/// Will the lineage renew?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineageVerdict {
    /// Nothing speaks against it.
    Renews,
    /// What decides it could not be read.
    Unknown,
    /// It may fail.
    AtRisk,
    /// It will fail, or has failed.
    Fails,
}

impl LineageVerdict {
    /// The word in the reports.
    pub fn word(self) -> &'static str {
        match self {
            LineageVerdict::Renews => "renews",
            LineageVerdict::Unknown => "unknown",
            LineageVerdict::AtRisk => "at-risk",
            LineageVerdict::Fails => "fails",
        }
    }
}

/// A check that gave no answer, for one reason, on some lineages.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The check.
    pub check: &'static Check,
    /// The reason.
    pub skip: Skip,
    /// On how many lineages; 0 for a check of the host.
    pub lineages: usize,
}

/// Judges lineages that are all at hand.
pub fn audited(host: HostFacts, lineages: &[Lineage], config: &Config) -> Report {
    let mut judged = Judged::default();
    judged.join(judge(&host, lineages.len(), 1, |at| lineages.get(at).cloned()));
    judged.report(host, config)
}

/// Judges lineages one at a time and keeps only what the report needs.
#[derive(Debug)]
pub struct Judge<'a> {
    host: &'a HostFacts,
    words: Words,
    judged: Judged,
}

/// What judges leave behind; those of several threads can be joined.
#[derive(Debug, Default)]
pub struct Judged {
    rows: Vec<Row>,
    raised: Vec<Raised>,
    skips: BTreeMap<(usize, Skip), usize>,
}

impl<'a> Judge<'a> {
    /// A judge of lineages on this host.
    pub fn new(host: &'a HostFacts) -> Self {
        Self { host, words: Words::default(), judged: Judged::default() }
    }

    /// Forecasts and judges one lineage, then keeps its row.
    pub fn lineage(&mut self, mut lineage: Lineage) {
        lineage.forecast = forecast(&lineage, self.host);
        let mut unknown = false;
        for (i, check) in CHECKS.iter().enumerate() {
            let Run::Lineage(run) = check.run else { continue };
            match run(&lineage, self.host) {
                Ok(findings) => {
                    for finding in findings {
                        self.judged.raise(check, attribute(finding, &lineage));
                    }
                }
                Err(skip) => {
                    unknown |= decides(check, &skip);
                    *self.judged.skips.entry((i, skip)).or_default() += 1;
                }
            }
        }
        let mut row = self.words.row(&lineage);
        row.unknown = unknown;
        self.judged.rows.push(row);
    }

    /// What it has kept.
    pub fn finish(self) -> Judged {
        self.judged
    }
}

impl Judged {
    /// Adds another judge's results.
    pub fn join(&mut self, other: Judged) {
        self.rows.extend(other.rows);
        self.raised.extend(other.raised);
        for (key, count) in other.skips {
            *self.skips.entry(key).or_default() += count;
        }
    }

    fn raise(&mut self, check: &'static Check, finding: Finding) {
        self.raised.push(Raised { check, severity: cap(check, &finding), finding, ignored: None });
    }

    fn take(&mut self, i: usize, check: &'static Check, verdict: Verdict) {
        match verdict {
            Ok(findings) => findings.into_iter().for_each(|mut finding| {
                quote_named(&mut finding);
                self.raise(check, finding);
            }),
            Err(skip) => {
                self.skips.entry((i, skip)).or_default();
            }
        }
    }

    /// Runs the checks of the host and those across lineages, folds everything and gives the report.
    pub fn report(mut self, host: HostFacts, config: &Config) -> Report {
        self.rows.sort_by(|a, b| a.name.cmp(&b.name));
        let index = Index::new(std::mem::take(&mut self.rows));
        for (i, check) in CHECKS.iter().enumerate() {
            match check.run {
                Run::Host(run) => self.take(i, check, run(&host)),
                Run::Across(run) => self.take(i, check, run(&index, &host)),
                Run::Lineage(_) => {}
            }
        }
        self.raised.sort_by(|a, b| a.finding.lineages.cmp(&b.finding.lineages));
        let due = |row: &Row| row.forecast.as_ref()?.due_at;
        let soonest = index.rows.iter().filter_map(due).min();
        for raised in &mut self.raised {
            let finding = &mut raised.finding;
            if finding.bites_at.is_none() && raised.severity > Severity::Note {
                finding.bites_at = match finding.lineages.as_slice() {
                    [] => soonest,
                    named => named.iter().filter_map(|name| due(index.get(name)?)).min(),
                };
            }
        }
        let findings = fold(config.decide(self.raised, host.now));
        let skipped: Vec<Skipped> = self
            .skips
            .into_iter()
            .filter_map(|((i, skip), lineages)| Some(Skipped { check: CHECKS.get(i)?, skip, lineages }))
            .collect();
        let verdicts = verdicts(&index, &findings, &skipped);
        let found = |id: &str| findings.iter().any(|f| f.ignored.is_none() && f.cause.check.id == id);
        let ended = config.ignored().filter(|ignore| ignore.ended(host.now) && found(&ignore.id));
        let back = ended.filter_map(|ignore| Some((ignore.id.clone(), ignore.until?))).collect();
        Report { host, index, verdicts, findings, skipped, back, checks: CHECKS.len() }
    }
}

/// Adds what the engine knows of the lineage to a finding of one of its checks.
fn attribute(mut finding: Finding, lineage: &Lineage) -> Finding {
    if finding.lineages.is_empty() {
        finding.lineages.push(lineage.name.clone());
    }
    if let Some(fix) = &mut finding.fix {
        quote_within(&mut fix.commands, said_by(lineage));
    }
    if finding.bites_at.is_none() {
        let due = lineage.forecast.as_ref().and_then(|f| f.due_at);
        finding.bites_at = due.or_else(|| lineage.cert.as_ref().ok().map(|c| c.not_after));
    }
    finding
}

/// Every text of the lineage's own files that a suggested command may repeat.
fn said_by(lineage: &Lineage) -> impl Iterator<Item = &str> {
    let conf = lineage.conf.iter().flat_map(|conf| {
        let values =
            conf.settings.iter().flat_map(|s| s.items().iter().map(String::as_str).chain([s.key.as_str()]));
        values.chain([conf.path.as_str()])
    });
    let live =
        lineage.live.iter().flat_map(|link| [Some(link.path.as_str()), link.target()].into_iter().flatten());
    let archive = lineage.archive.iter().map(|archive| archive.path.as_str());
    let names = lineage.names().iter().map(String::as_str);
    let plugins = [lineage.authenticator(), lineage.installer()].into_iter().flatten();
    [lineage.name.as_str()].into_iter().chain(conf).chain(live).chain(archive).chain(names).chain(plugins)
}

/// The same for a finding of the host or across lineages, from what it names itself.
fn quote_named(finding: &mut Finding) {
    let Some(fix) = &mut finding.fix else { return };
    let places = finding.evidence.iter().flat_map(|e| {
        let file =
            e.r#where.rsplit_once(':').filter(|(_, line)| line.parse::<u32>().is_ok()).map(|(file, _)| file);
        [Some(e.r#where.as_str()), file, Some(e.saw.as_str()), e.wanted.as_deref()].into_iter().flatten()
    });
    let subject = match &finding.subject {
        Subject::Path(text) | Subject::Process(text) | Subject::Trigger(text) | Subject::Account(text) => {
            Some(text)
        }
        _ => None,
    };
    let names = finding.lineages.iter().chain(subject).map(String::as_str);
    quote_within(&mut fix.commands, names.chain(places));
}

/// Whether a skip leaves open something that could be a will-fail.
fn decides(check: &Check, skip: &Skip) -> bool {
    check.severity == Severity::WillFail && matches!(skip, Skip::Unknown(missing) if missing.decides())
}

fn verdicts(index: &Index, findings: &[Folded], skipped: &[Skipped]) -> Vec<LineageVerdict> {
    let mut of_host = LineageVerdict::Renews;
    // What could not be seen of the whole host is open for every lineage.
    if skipped.iter().any(|s| s.lineages == 0 && decides(s.check, &s.skip)) {
        of_host = LineageVerdict::Unknown;
    }
    let mut named: std::collections::HashMap<&str, LineageVerdict> = std::collections::HashMap::new();
    for folded in findings.iter().filter(|f| f.ignored.is_none()) {
        let verdict = match folded.cause.severity {
            Severity::WillFail => LineageVerdict::Fails,
            Severity::MayFail => LineageVerdict::AtRisk,
            Severity::Note => continue,
        };
        if folded.cause.finding.lineages.is_empty() {
            of_host = of_host.max(verdict);
        }
        for name in &folded.cause.finding.lineages {
            let entry = named.entry(name).or_insert(verdict);
            *entry = verdict.max(*entry);
        }
    }
    let unknown = |row: &Row| if row.unknown { LineageVerdict::Unknown } else { LineageVerdict::Renews };
    index
        .rows
        .iter()
        .map(|row| {
            named.get(&*row.name).copied().unwrap_or(LineageVerdict::Renews).max(unknown(row)).max(of_host)
        })
        .collect()
}

impl Report {
    /// The findings that count: neither notes nor ignored.
    pub fn loud(&self) -> impl Iterator<Item = &Folded> {
        self.findings.iter().filter(|f| f.ignored.is_none() && f.cause.severity > Severity::Note)
    }

    /// The skips that leave a will-fail open.
    pub fn undecided(&self) -> impl Iterator<Item = &Skipped> {
        self.skipped.iter().filter(|s| decides(s.check, &s.skip))
    }

    /// The verdict on the whole host.
    pub fn verdict(&self) -> LineageVerdict {
        match self.loud().map(|f| f.cause.severity).max() {
            Some(Severity::WillFail) => LineageVerdict::Fails,
            Some(Severity::MayFail) => LineageVerdict::AtRisk,
            _ if self.undecided().next().is_some() => LineageVerdict::Unknown,
            _ => LineageVerdict::Renews,
        }
    }

    /// 2 will fail, 1 may fail, 3 something that decides could not be read, 0 otherwise: the monitoring-plugin
    /// convention.
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            LineageVerdict::Fails => 2,
            LineageVerdict::AtRisk => 1,
            LineageVerdict::Unknown => 3,
            LineageVerdict::Renews => 0,
        }
    }

    /// How many lineages have a verdict.
    pub fn count(&self, verdict: LineageVerdict) -> usize {
        self.verdicts.iter().filter(|v| **v == verdict).count()
    }

    /// When the first certificate expires.
    pub fn first_expiry(&self) -> Option<Timestamp> {
        self.index.rows.iter().filter_map(|row| row.validity.map(|(_, after)| after)).min()
    }
}

/// Judges `count` lineages on `jobs` threads; `read` gives the one at a place.
pub fn judge<F>(host: &HostFacts, count: usize, jobs: usize, read: F) -> Judged
where
    F: Fn(usize) -> Option<Lineage> + Sync,
{
    /// How many lineages a thread takes at once.
    const CHUNK: usize = 8;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut judge = Judge::new(host);
        loop {
            let start = next.fetch_add(CHUNK, std::sync::atomic::Ordering::Relaxed);
            if start >= count {
                return judge.finish();
            }
            (start..count.min(start.saturating_add(CHUNK))).filter_map(&read).for_each(|l| judge.lineage(l));
        }
    };
    let others = jobs.min(count.div_ceil(CHUNK)).saturating_sub(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut judged = work();
        for thread in threads {
            match thread.join() {
                Ok(other) => judged.join(other),
                // Lineages that were not judged must not look healthy.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        judged
    })
}

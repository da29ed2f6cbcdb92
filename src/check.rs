//! The vocabulary: what a check is, what it may answer, and how loud the answer may be.
//!
//! A check is one `static` value that holds its documentation and its logic. It is pure: facts in, [`Verdict`]
//! out. The engine in `audit` runs it, [`cap`] bounds its severity by the certainty of its evidence, and
//! [`fold`](crate::fold::fold) puts causes over their consequences.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::{HostFacts, Lineage, Missing};
use crate::index::{Idle, Index};

/// One way a renewal fails: its documentation and its logic in one value.
#[derive(Debug)]
pub struct Check {
    /// Its id, equal to the file's name with `-` for `_`; it names the fault, never the fix.
    pub id: &'static str,
    /// What is wrong, in a few lower-case words.
    pub title: &'static str,
    /// The most a finding may say.
    pub severity: Severity,
    /// What happens at the next renewal.
    pub why: &'static str,
    /// What to type or edit.
    pub fix: &'static str,
    /// RFC sections, CA pages or certbot pages.
    pub cites: &'static [&'static str],
    /// Ids of the findings that this fault makes into consequences.
    pub explains: &'static [&'static str],
    /// The logic.
    pub run: Run,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// The host alone.
    Host(fn(&HostFacts) -> Verdict),
    /// One lineage on its host.
    Lineage(fn(&Lineage, &HostFacts) -> Verdict),
    /// All lineages' compact rows, after the stream.
    Across(fn(&Index, &HostFacts) -> Verdict),
}

/// What a check answers: `Ok(vec![])` is a pass.
pub type Verdict = Result<Vec<Finding>, Skip>;

/// Why a check gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// The question does not arise here.
    NotApplicable(&'static str),
    /// It was not to be asked: `--offline`, or live facts below `--root`.
    NotAsked(&'static str),
    /// It could not be looked at.
    Unknown(Missing),
}

impl From<Missing> for Skip {
    fn from(missing: Missing) -> Self {
        Skip::from(&missing)
    }
}

impl From<&Missing> for Skip {
    /// A missing fact is Unknown, unless another check reports that very observation as the host's fault.
    fn from(missing: &Missing) -> Self {
        if missing.reported_by().is_some() {
            Skip::NotApplicable("an earlier fault of this lineage hides it")
        } else {
            Skip::Unknown(missing.clone())
        }
    }
}

/// How bad a finding is, named by its consequence; the order is by loudness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; changes no exit code.
    Note,
    /// A renewal may fail, or may not reach its users.
    MayFail,
    /// The next renewal will fail, or has failed.
    WillFail,
}

impl Severity {
    /// `will-fail`, `may-fail` or `note`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::MayFail => "may-fail",
            Severity::WillFail => "will-fail",
        }
    }
}

/// What exactly is at fault; findings of one check with the same thing at fault become one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The host as a whole.
    Host,
    /// The lineage under judgement.
    Lineage,
    /// One identifier of the lineage.
    Identifier(String),
    /// A file or folder.
    Path(String),
    /// A process, by name or number.
    Process(String),
    /// A timer or cron line.
    Trigger(String),
    /// A plugin of certbot.
    Plugin(String),
    /// An ACME account.
    Account(String),
    /// An ACME server.
    Server(String),
    /// A name of the DNS with its records: a zone, a domain, or the owner of CAA records.
    Records(String),
}

/// Something wrong on the user's host.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is at fault.
    pub subject: Subject,
    /// The lineages it touches; the engine adds the one under judgement. Empty for the whole host.
    pub lineages: Vec<String>,
    /// The identifiers it touches; empty for all of them.
    pub identifiers: Vec<String>,
    /// One sentence with this machine's own names and numbers.
    pub says: String,
    /// Where we looked, what we saw, what we wanted.
    pub evidence: Vec<Evidence>,
    /// What to type here, where it is more exact than the check's own words.
    pub fix: Option<Fix>,
    /// A severity below the check's own, with the reason.
    pub lowered: Option<(Severity, Cow<'static, str>)>,
    /// When it bites; the engine fills in the lineage's next renewal.
    pub bites_at: Option<Timestamp>,
    /// It does not bite at the next renewal, but only after it.
    pub bites_later: bool,
}

/// What was observed, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What kind of place.
    pub kind: Source,
    /// `file:line`, URL or address.
    pub r#where: String,
    /// Where from.
    pub vantage: Cow<'static, str>,
    /// What was there.
    pub saw: String,
    /// What should have been.
    pub wanted: Option<String>,
}

/// The kinds of place that evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Source {
    File,
    Http,
    Dns,
    Tls,
    Acme,
    Process,
    Log,
    Clock,
}

/// How to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// In words.
    pub summary: String,
    /// What to type, in order.
    pub commands: Vec<String>,
}

impl Finding {
    /// A finding about the lineage under judgement, or about the host where there is none.
    pub fn new(says: impl Into<String>) -> Self {
        Self {
            subject: Subject::Lineage,
            lineages: Vec::new(),
            identifiers: Vec::new(),
            says: says.into(),
            evidence: Vec::new(),
            fix: None,
            lowered: None,
            bites_at: None,
            bites_later: false,
        }
    }

    /// A finding about a trigger that does nothing although lineages depend on it.
    pub fn of_idle(
        idle: &Idle<'_>,
        says: impl Into<String>,
        saw: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        let place = idle.trigger.r#where.as_str();
        Self::new(says)
            .about(Subject::Trigger(place.to_owned()))
            .of(&idle.lineages)
            .saw_wanted(place, saw, wanted)
    }

    /// Names what is at fault.
    pub fn about(mut self, subject: Subject) -> Self {
        if let Subject::Identifier(name) = &subject {
            self.identifiers.push(name.clone());
        }
        self.subject = subject;
        self
    }

    /// Names the lineages that a host check's or an across check's finding touches.
    pub fn of<I: IntoIterator<Item = S>, S: Into<String>>(mut self, lineages: I) -> Self {
        self.lineages.extend(lineages.into_iter().map(Into::into));
        self
    }

    /// Names the identifiers it touches.
    pub fn identifiers<I: IntoIterator<Item = S>, S: Into<String>>(mut self, names: I) -> Self {
        self.identifiers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds what was seen in a file.
    pub fn saw(self, place: impl Into<String>, saw: impl Into<String>) -> Self {
        self.evidence(Evidence::file(place, saw))
    }

    /// Adds what was seen in a file and what should have been there.
    pub fn saw_wanted(
        self,
        place: impl Into<String>,
        saw: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        self.evidence(Evidence { wanted: Some(wanted.into()), ..Evidence::file(place, saw) })
    }

    /// Adds evidence of any kind.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Says what to do on this host.
    pub fn fix<I: IntoIterator<Item = S>, S: Into<String>>(
        mut self,
        summary: impl Into<String>,
        commands: I,
    ) -> Self {
        self.fix =
            Some(Fix { summary: summary.into(), commands: commands.into_iter().map(Into::into).collect() });
        self
    }

    /// Makes it quieter than its check, with the reason.
    pub fn lowered(mut self, severity: Severity, because: impl Into<Cow<'static, str>>) -> Self {
        self.lowered = Some((severity, because.into()));
        self
    }

    /// Makes it quieter where a condition holds.
    pub fn lowered_if(self, condition: bool, severity: Severity, because: &'static str) -> Self {
        if condition { self.lowered(severity, because) } else { self }
    }

    /// Says when it bites.
    pub fn bites_at(mut self, at: Timestamp) -> Self {
        self.bites_at = Some(at);
        self
    }

    /// The next renewal still works; only what comes after it does not.
    pub fn bites_after_the_next_renewal(mut self) -> Self {
        self.bites_later = true;
        self
    }
}

impl Evidence {
    /// What the disk says.
    pub fn file(place: impl Into<String>, saw: impl Into<String>) -> Self {
        Self {
            kind: Source::File,
            r#where: place.into(),
            vantage: Cow::Borrowed("this host"),
            saw: saw.into(),
            wanted: None,
        }
    }

    /// What a name server said, asked from this host.
    pub fn dns(place: impl Into<String>, saw: impl Into<String>, resolver: &str) -> Self {
        Self {
            kind: Source::Dns,
            vantage: format!("this host, via resolver {resolver}").into(),
            ..Self::file(place, saw)
        }
    }

    /// Whether it is certain: read from the disk or the kernel, or said by the CA itself.
    fn is_certain(&self) -> bool {
        match self.kind {
            Source::File | Source::Process | Source::Log | Source::Clock | Source::Acme => true,
            Source::Http | Source::Dns | Source::Tls => self.vantage == "CA",
        }
    }
}

/// `a.example`, `a.example and b.example`, `a.example and 3 more names`.
pub fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        [one, more @ ..] => format!("{one} and {} more names", more.len()),
    }
}

/// The severity that a finding may have: the one place where the certainty of the evidence caps it.
///
/// What the disk or the CA itself says can be will-fail; what was only seen from this host over the network is
/// may-fail at most; what bites only after the next renewal is a note.
pub fn cap(check: &Check, finding: &Finding) -> Severity {
    let mut severity = check.severity;
    if let Some((lowered, _)) = &finding.lowered {
        severity = severity.min(*lowered);
    }
    if !finding.evidence.is_empty() && !finding.evidence.iter().any(Evidence::is_certain) {
        severity = severity.min(Severity::MayFail);
    }
    if finding.bites_later {
        severity = severity.min(Severity::Note);
    }
    severity
}

#[cfg(test)]
mod tests {
    use super::*;

    static CHECK: Check = Check {
        id: "x",
        title: "x",
        severity: Severity::WillFail,
        why: "",
        fix: "",
        cites: &[],
        explains: &[],
        run: Run::Host(|_| Ok(vec![])),
    };

    fn seen(kind: Source, vantage: &'static str) -> Finding {
        Finding::new("x").evidence(Evidence { kind, vantage: vantage.into(), ..Evidence::file("a", "b") })
    }

    #[test]
    fn what_the_disk_or_the_ca_says_can_be_will_fail() {
        assert_eq!(cap(&CHECK, &seen(Source::File, "this host")), Severity::WillFail);
        assert_eq!(cap(&CHECK, &seen(Source::Acme, "CA")), Severity::WillFail);
        assert_eq!(cap(&CHECK, &seen(Source::Http, "CA")), Severity::WillFail);
    }

    #[test]
    fn what_only_this_host_saw_over_the_network_is_may_fail_at_most() {
        for kind in [Source::Http, Source::Dns, Source::Tls] {
            assert_eq!(cap(&CHECK, &seen(kind, "this host, via 192.0.2.1")), Severity::MayFail);
        }
    }

    #[test]
    fn what_bites_only_after_the_next_renewal_is_a_note() {
        let finding = seen(Source::File, "this host").bites_after_the_next_renewal();
        assert_eq!(cap(&CHECK, &finding), Severity::Note);
    }

    #[test]
    fn a_finding_may_be_lowered_but_never_raised() {
        let note = Check { severity: Severity::Note, ..CHECK_COPY };
        assert_eq!(cap(&note, &Finding::new("x").lowered(Severity::WillFail, "no")), Severity::Note);
        assert_eq!(cap(&CHECK, &Finding::new("x").lowered(Severity::MayFail, "yes")), Severity::MayFail);
    }

    const CHECK_COPY: Check = Check {
        id: "y",
        title: "y",
        severity: Severity::Note,
        why: "",
        fix: "",
        cites: &[],
        explains: &[],
        run: Run::Host(|_| Ok(vec![])),
    };

    #[test]
    fn a_missing_fact_that_another_check_reports_is_not_unknown_twice() {
        use crate::facts::{Role, Why};
        let fifo = Missing::new("/x", Why::NotAFile("a FIFO".into()), Role::Pem);
        assert!(matches!(Skip::from(&fifo), Skip::NotApplicable(_)));
        let denied = Missing::new("/x", Why::Denied, Role::Pem);
        assert!(matches!(Skip::from(&denied), Skip::Unknown(_)));
    }
}

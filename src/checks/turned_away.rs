//! What the checks share that explain why the CA did not get through to port 80, as certbot's log tells. No check by itself.

use crate::check::{Evidence, Finding, Severity, Skip, Source, listed};
use crate::facts::{HTTP_01, HostFacts, Lineage, Logged};

/// How many examples are shown.
pub(super) const EXAMPLES: usize = 3;

/// After so many days without another attempt a failure tells little of today.
const OLD: i64 = 7;

/// The names of a lineage that are validated over HTTP.
///
/// # Errors
/// There is none.
pub(super) fn over_http<'a>(lineage: &'a Lineage, host: &HostFacts) -> Result<Vec<&'a str>, Skip> {
    let names = lineage.names().iter().map(String::as_str);
    let found: Vec<&str> =
        names.filter(|name| lineage.validation_method(host, name) == Some(HTTP_01)).collect();
    lineage.cert.as_ref()?;
    if found.is_empty() { Err(Skip::NotApplicable("it is not validated over HTTP")) } else { Ok(found) }
}

/// What the CA said of single names when the last attempt failed.
pub(super) struct Said<'a> {
    /// The attempt.
    pub logged: &'a Logged,
    /// The names and the CA's words; never empty.
    pub names: Vec<(&'a str, &'a str)>,
}

/// What the CA said in such words, where it did.
///
/// # Errors
/// certbot's log could not be read.
pub(super) fn said<'a>(
    lineage: &Lineage,
    host: &'a HostFacts,
    such: impl Fn(&str) -> bool,
) -> Result<Option<Said<'a>>, Skip> {
    let Some(logged) = host.failed(lineage)? else { return Ok(None) };
    let words = |attempt: &'a crate::facts::Attempt| {
        let detail = attempt.problem.as_ref()?.detail.as_str();
        such(detail).then_some((attempt.identifier.as_str(), detail))
    };
    let names: Vec<_> = logged.attempts.iter().filter_map(words).collect();
    Ok(Some(Said { logged, names }).filter(|said| !said.names.is_empty()))
}

impl Said<'_> {
    /// Its names in a few words.
    pub fn listed(&self) -> String {
        listed(&self.names.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    }

    /// The first of the CA's words.
    pub fn first(&self) -> &str {
        self.names.first().map_or("", |(_, detail)| detail)
    }

    /// Adds the names and what was said of them; what is old is no more than a note.
    pub fn shown(&self, finding: Finding, host: &HostFacts) -> Finding {
        let at = self.logged.at.strftime("%Y-%m-%d %H:%M UTC");
        let finding = finding.identifiers(self.names.iter().map(|(name, _)| *name));
        let finding = self.names.iter().take(EXAMPLES).fold(finding, |finding, (name, detail)| {
            let saw = format!("{at}: {name}: {detail}");
            finding.evidence(Evidence { kind: Source::Log, ..Evidence::file(&self.logged.place, saw) })
        });
        let days = host.now.duration_since(self.logged.at).as_secs() / crate::ca::DAY;
        match days >= OLD {
            true => finding.lowered(Severity::Note, format!("that was {days} days ago")),
            false => finding,
        }
    }
}

/// Words that a connection which is not let in ends in.
pub(super) fn is_refused(detail: &str) -> bool {
    [
        "Timeout during connect",
        "Connection refused",
        "Connection reset",
        "Network unreachable",
        "No route to host",
    ]
    .iter()
    .any(|words| detail.contains(words))
}

//! A lineage's identifiers that one set of CAA records refuses for one reason, together.

use super::{Cause, Open, Parties, Refusal, Ruling};
use crate::check::{Evidence, Finding, Severity, Skip, Subject, listed};
use crate::facts::net::{Caa, CaaRecord, CaaStep, Failure, FailureKind, NameSeen};
use crate::facts::{HostFacts, Lineage, Missing, Role, UNUSED, Why, is_plain};

/// Identifiers that the same records refuse.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The identifiers.
    pub names: Vec<&'a str>,
    /// The resolver that was asked.
    pub resolver: &'a str,
    /// Why the first of them is refused; the others alike.
    pub refusal: Refusal<'a>,
}

/// The refusals of one cause among the lineage's identifiers, by the records that refuse.
///
/// # Errors
/// The network was not asked, or what one of the identifiers needs is not known.
pub fn refused<'a>(
    lineage: &'a Lineage,
    parties: &Parties<'_>,
    cause: Cause,
) -> Result<Vec<Refused<'a>>, Skip> {
    let mut found: Vec<Refused<'a>> = Vec::new();
    let mut unknown = None;
    for name in lineage.seen()? {
        let caa = match &name.caa {
            Ok(caa) => caa,
            Err(missing) => {
                unknown.get_or_insert(Skip::from(missing));
                continue;
            }
        };
        match parties.judge(&name.identifier, caa) {
            Ruling::Forbidden(refusal) if refusal.cause() == cause => add(&mut found, name, caa, refusal),
            Ruling::Depends(open) => {
                if let Some(skip) = left_open(open, cause, lineage, parties) {
                    unknown.get_or_insert(skip);
                }
            }
            Ruling::Failed(step, failure) if !is_theirs(name, caa, failure) => {
                unknown.get_or_insert(not_answered(step, caa, failure));
            }
            // What is theirs is a finding of its own check.
            Ruling::Allowed | Ruling::Forbidden(_) | Ruling::Failed(..) | Ruling::NoTop(_) => {}
        }
    }
    match unknown {
        Some(skip) if found.is_empty() => Err(skip),
        _ => Ok(found),
    }
}

fn add<'a>(found: &mut Vec<Refused<'a>>, name: &'a NameSeen, caa: &'a Caa, refusal: Refusal<'a>) {
    let same = |other: &&mut Refused<'a>| {
        other.refusal.step.owner().eq_ignore_ascii_case(refusal.step.owner())
            && other.refusal.because == refusal.because
    };
    match found.iter_mut().find(same) {
        Some(known) => known.names.push(&name.identifier),
        None => found.push(Refused { names: vec![&name.identifier], resolver: &caa.resolver, refusal }),
    }
}

/// Whether a look-up failed beyond the resolver, which at the same time answered for addresses of the name: then it is not
/// our own network.
pub fn is_theirs(name: &NameSeen, caa: &Caa, failure: &Failure) -> bool {
    let answered = name.dns.as_ref().is_ok_and(|dns| {
        dns.resolver == caa.resolver && (dns.a.failure().is_none() || dns.aaaa.failure().is_none())
    });
    answered && !matches!(failure.kind, FailureKind::Unreachable(_) | FailureKind::Malformed(_))
}

/// A failure that may be our own network's.
pub fn not_answered(step: &CaaStep, caa: &Caa, failure: &Failure) -> Skip {
    let why = Why::Unclear(format!("{failure}, via resolver {}", caa.resolver));
    Skip::Unknown(Missing::new(format!("the CAA records of {}", step.name), why, Role::Other))
}

/// Why a ruling is open, for the check that it concerns.
fn left_open(open: Open, cause: Cause, lineage: &Lineage, parties: &Parties<'_>) -> Option<Skip> {
    match (open, cause) {
        (Open::Account, Cause::Account) => parties.accounts.clone().err(),
        (Open::Method, Cause::Method) => {
            let plugin = lineage.authenticator().unwrap_or("certbot");
            let why = Why::Unclear(format!("which one {plugin} will use is not known"));
            let what = format!("the challenge for {}", lineage.name);
            Some(Skip::Unknown(Missing::new(what, why, Role::Other)))
        }
        _ => None,
    }
}

impl<'a> Refused<'a> {
    /// The name that holds the records.
    pub fn owner(&self) -> &'a str {
        self.refusal.step.owner()
    }

    /// The identifiers in a sentence.
    pub fn named(&self) -> String {
        listed(&self.names)
    }

    /// Shows the records as they now are; nothing where the name could not stand on a command line.
    pub fn look(&self) -> Vec<String> {
        look(self.owner())
    }

    /// Begins a finding with the records as evidence; `wanted` is the record to publish.
    pub fn finding(
        &self,
        says: impl Into<String>,
        records: &[&CaaRecord],
        wanted: impl Into<String>,
        lineage: &Lineage,
        host: &HostFacts,
    ) -> Finding {
        let step = self.refusal.step;
        let place = match step.aliases.last() {
            Some(target) => format!("CAA records of {target}, to which {} leads", step.name),
            None => format!("CAA records of {}", step.name),
        };
        let saw = records.iter().map(|record| record.to_string()).collect::<Vec<_>>().join(", ");
        let wanted = Some(wanted.into());
        let finding = Finding::new(says)
            .about(Subject::Records(self.owner().to_owned()))
            .identifiers(self.names.iter().copied())
            .evidence(Evidence { wanted, ..Evidence::dns(place, saw, self.resolver) });
        finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    }
}

/// Asks for the CAA records of a name; nothing where it could not stand on a command line.
pub fn look(name: &str) -> Vec<String> {
    if is_plain(name) { vec![format!("dig +short CAA {name}")] } else { Vec::new() }
}

/// The line of a zone file.
pub fn zone_line(owner: &str, flags: u8, tag: &str, value: &str) -> String {
    format!("{}. CAA {flags} {tag} \"{value}\"", owner.trim_end_matches('.'))
}

//! The identifiers of a lineage with what name servers say of them.

use std::net::IpAddr;

use super::{Dns, Failure, FailureKind, NameSeen, Outcome};
use crate::check::{Finding, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, Missing, Role, Why};

/// The names of a lineage of which something is known, and why nothing is known of another.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The names with their records.
    pub known: Vec<(&'a NameSeen, &'a Dns)>,
    missing: Option<Missing>,
}

impl Lineage {
    /// The names that will be proved by a challenge, or by any; addresses as identifiers have no records.
    ///
    /// # Errors
    /// The network was not asked.
    pub fn resolved<'a>(&'a self, host: &HostFacts, challenge: Option<&str>) -> Result<Resolved<'a>, Skip> {
        let mut resolved = Resolved { known: Vec::new(), missing: None };
        for name in self.seen()? {
            let identifier = name.identifier.as_str();
            if identifier.parse::<IpAddr>().is_ok() {
                continue;
            }
            if challenge.is_some() && self.validation_method(host, identifier) != challenge {
                continue;
            }
            match &name.dns {
                Ok(dns) if !dns.is_unanswered() => resolved.known.push((name, dns)),
                Ok(dns) => resolved.missing = Some(unanswered(identifier, &dns.resolver)),
                Err(missing) => resolved.missing = Some(missing.clone()),
            }
        }
        Ok(resolved)
    }
}

impl Resolved<'_> {
    /// What was found; Unknown where nothing was and a name could not be asked for.
    ///
    /// # Errors
    /// A name could not be asked for.
    pub fn verdict(self, findings: Vec<Finding>) -> Verdict {
        match self.missing {
            Some(missing) if findings.is_empty() => Err(Skip::Unknown(missing)),
            _ => Ok(findings),
        }
    }
}

impl Dns {
    /// The registered domain does not exist: the answer comes from the zone above it.
    pub fn domain_is_gone(&self) -> bool {
        let (a, aaaa, _) = self.public();
        let gone = matches!(a, Outcome::NoSuchName) || matches!(aaaa, Outcome::NoSuchName);
        gone && self.aliases.is_empty() && self.zone.as_ref().is_some_and(|zone| zone.is_public_suffix())
    }

    /// The resolver said nothing of the name: that is a fault of this host's network, not of the name.
    fn is_unanswered(&self) -> bool {
        fn silent<T>(outcome: &Outcome<T>) -> bool {
            outcome.failure().is_some_and(Failure::is_ours)
        }
        silent(&self.a) && silent(&self.aaaa)
    }
}

/// The Extended DNS Errors that are about signatures. <https://www.rfc-editor.org/rfc/rfc8914#section-4>
const DNSSEC_ERRORS: [u16; 10] = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12];

impl Failure {
    /// The signatures do not hold.
    pub fn is_dnssec(&self) -> bool {
        let said = self.extended.iter().any(|extended| DNSSEC_ERRORS.contains(&extended.code));
        self.kind == FailureKind::ServFail && (self.bogus || said)
    }

    /// It says nothing of the name: the resolver did not answer, or not us.
    pub fn is_ours(&self) -> bool {
        matches!(self.kind, FailureKind::Timeout | FailureKind::Unreachable(_) | FailureKind::Refused)
    }
}

fn unanswered(identifier: &str, resolver: &str) -> Missing {
    let why = Why::Unclear(format!("the resolver {resolver} gives no answer"));
    Missing::new(format!("the addresses of {identifier}"), why, Role::Other)
}

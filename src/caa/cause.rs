//! Which fault a refusal is to be reported as: one refusal, one cause.

use super::{Because, Bound, Fault, Fit, Refusal};
use crate::facts::net::CaaRecord;

/// The fault behind a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The records of another domain, to which an alias leads.
    Alias,
    /// A critical record that CAs do not know, or one that means this CA and is badly written.
    Malformed,
    /// The CA may issue, but not for this account.
    Account,
    /// The CA may issue, but not by this challenge.
    Method,
    /// Only wildcards are withheld from the CA, by `issuewild`.
    Wildcard,
    /// The CA is not named.
    Issuer,
}

impl<'a> Refusal<'a> {
    /// What to report: what comes closest to letting the CA issue.
    pub fn cause(&self) -> Cause {
        if self.foreign() {
            return Cause::Alias;
        }
        match self.nearest() {
            None => Cause::Malformed,
            Some((_, Fault::Bound(_, Bound { account: Fit::No, .. }))) => Cause::Account,
            Some((_, Fault::Bound(..))) => Cause::Method,
            Some((_, Fault::Misspelt(_) | Fault::Malformed(_))) => Cause::Malformed,
            Some((record, Fault::Nobody | Fault::Other(_))) => match is_wild(record) {
                true => Cause::Wildcard,
                false => Cause::Issuer,
            },
        }
    }

    /// The record that comes closest to permitting the request, and what is wrong with it; `None` where a critical record
    /// forbids all.
    pub fn nearest(&self) -> Option<(&'a CaaRecord, &Fault)> {
        match &self.because {
            Because::Critical(_) => None,
            Because::Unmatched(faults) => {
                faults.iter().min_by_key(|(_, fault)| distance(fault)).map(|(record, fault)| (*record, fault))
            }
        }
    }

    /// The records that refuse it.
    pub fn records(&self) -> Vec<&'a CaaRecord> {
        match &self.because {
            Because::Critical(record) => vec![record],
            Because::Unmatched(faults) => faults.iter().map(|(record, _)| *record).collect(),
        }
    }

    /// Whether an alias leads to a domain that somebody else registered.
    fn foreign(&self) -> bool {
        let registered = |name: &str| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            psl::domain_str(&name).unwrap_or(&name).to_owned()
        };
        !self.step.aliases.is_empty() && registered(self.step.owner()) != registered(&self.step.name)
    }
}

/// Whether a record is for wildcards alone.
pub(super) fn is_wild(record: &CaaRecord) -> bool {
    record.tag.eq_ignore_ascii_case("issuewild")
}

/// How far a record is from permitting the request.
fn distance(fault: &Fault) -> u8 {
    match fault {
        Fault::Bound(_, Bound { account: Fit::No, method: Fit::No }) => 1,
        Fault::Bound(..) => 0,
        Fault::Misspelt(_) => 2,
        Fault::Malformed(_) => 3,
        Fault::Other(_) => 4,
        Fault::Nobody => 5,
    }
}

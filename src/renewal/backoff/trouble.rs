//! What kind of failure it is: how much of a CA's limits it costs decides how soon it may be tried again.

use jiff::{SignedDuration, Timestamp};

use crate::acme::{Identified, Outcome, Refusal, Step};
use crate::ca::{DAY, HOUR};
use crate::facts::net::CaFault;
use crate::facts::{Problem, retry_after};
use crate::gather::x509;

const MINUTE: i64 = 60;

/// A CA that names no time is asked again after these seconds, by what it says of its limit; the first that fits counts.
/// <https://letsencrypt.org/docs/rate-limits/>
const LIMITED: &[(&str, i64)] = &[
    ("too many failed authorizations", HOUR),
    ("too many new orders", 3 * HOUR),
    ("already issued for this exact set", 34 * HOUR),
    ("already issued for", 4 * HOUR),
    ("temporarily prevented", DAY),
];

/// How long a CA can have us wait at most: no limit is counted over more than a week, and a server that is down is back
/// the next day.
pub(super) const MOST_TOLD: i64 = 7 * DAY;
const MOST_DOWN: i64 = DAY;

/// The shortest wait that is heeded.
const LEAST: i64 = 5 * MINUTE;

/// Why a renewal failed, as far as it decides about the next attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// What it costs.
    pub kind: Kind,
    /// After how many seconds the CA wants to be asked again.
    pub retry_after: Option<u64>,
    /// What the CA says.
    pub detail: String,
    /// The identifiers that it did not validate.
    pub names: Vec<String>,
}

/// What a failure costs at the CA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// This host could not do its part; whether the CA counts something is open.
    #[default]
    Own,
    /// Nothing: the CA is not there, or not well.
    Down,
    /// The CA refuses the order, or did not validate a name.
    Refused,
    /// One of the CA's limits is reached.
    Limited,
    /// A certificate was issued that cannot be used.
    InVain,
    /// It is not tried at all.
    Held,
}

/// A renewal that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// Why, in words.
    pub because: String,
    /// What that means for the next attempt.
    pub trouble: Trouble,
    /// From when on it is tried, where it is not now.
    pub at: Option<Timestamp>,
}

impl From<String> for Failed {
    fn from(because: String) -> Self {
        Self { because, ..Self::default() }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self { because: refusal.to_string(), trouble: Trouble::of(&refusal), at: None }
    }
}

impl Trouble {
    /// A chain that must not get live: one that cannot even be read may be another one when it is fetched again.
    pub fn of_sent(chain: &str) -> Self {
        let kind = if x509::certificates(chain.as_bytes()).is_ok() { Kind::InVain } else { Kind::Down };
        Self { kind, ..Self::default() }
    }

    /// What a refusal is.
    pub fn of(refusal: &Refusal) -> Self {
        let retry_after = refusal.retry_after();
        let kind = match refusal {
            Refusal::Problem(problem) => return Self::said(problem),
            Refusal::Fault(CaFault::Status(429, _)) => Kind::Limited,
            Refusal::Fault(CaFault::Status(400..=499, _)) => Kind::Refused,
            Refusal::Fault(_) | Refusal::Unfinished(..) => Kind::Down,
            Refusal::Own(_) => Kind::Own,
        };
        Self { kind, retry_after, ..Self::default() }
    }

    /// What a refusal is of a certificate that is there, or will be: to ask for it again costs nothing.
    pub fn of_fetch(refusal: &Refusal) -> Self {
        match Self::of(refusal) {
            Self { kind: Kind::Refused, retry_after, .. } => {
                Self { kind: Kind::Down, retry_after, ..Self::default() }
            }
            other => other,
        }
    }

    /// What the CA says, of an order or of one of its identifiers.
    pub fn said(problem: &Problem) -> Self {
        let kind = match (problem.kind(), problem.status) {
            ("rateLimited", _) | (_, Some(429)) => Kind::Limited,
            ("serverInternal", _) | (_, Some(500..=599)) => Kind::Down,
            _ => Kind::Refused,
        };
        Self { kind, retry_after: problem.retry_after, detail: problem.detail.clone(), names: Vec::new() }
    }

    /// What an order that brought no certificate came to.
    pub fn of_order(outcome: &Outcome) -> Self {
        let failed = || {
            outcome.identifiers.iter().filter_map(|(name, of)| match of {
                Identified::Failed(refusal) => Some((name, refusal)),
                _ => None,
            })
        };
        let counted: Vec<String> = failed()
            .filter(|(_, refusal)| Self::of(refusal).kind == Kind::Refused)
            .map(|(name, _)| name.clone())
            .collect();
        let refused = outcome.refused.as_ref();
        match (refused, failed().next()) {
            (Some((Step::NewOrder | Step::Finalize, refusal)), _) => Self::of(refusal),
            (Some((Step::Fetch, refusal)), _) => Self::of_fetch(refusal),
            // A name that the CA has looked at counts, whatever became of the others.
            (_, Some(_)) if !counted.is_empty() => {
                Self { kind: Kind::Refused, names: counted, ..Self::default() }
            }
            (_, Some((_, refusal))) => Self::of(refusal),
            (Some((Step::Publish, refusal)), None) => Self::of(refusal),
            (None, None) => Self { kind: Kind::Refused, ..Self::default() },
        }
    }

    /// How long the CA wants to be left alone, in seconds, as far as that is heeded.
    pub(super) fn told(&self, now: Timestamp) -> Option<i64> {
        let seconds = |wait: u64| i64::try_from(wait).unwrap_or(i64::MAX);
        let header = self.retry_after.map(seconds);
        let written = || Some(retry_after(&self.detail)?.duration_since(now).as_secs());
        let most = if self.kind == Kind::Limited { MOST_TOLD } else { MOST_DOWN };
        header.or_else(written).filter(|wait| *wait > 0).map(|wait| wait.clamp(LEAST, most))
    }

    /// The wait of a limit without a time.
    pub(super) fn of_limit(&self) -> SignedDuration {
        let found = LIMITED.iter().find(|(words, _)| self.detail.contains(words));
        SignedDuration::from_secs(found.map_or(HOUR, |(_, wait)| *wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, status: u16, detail: &str, retry_after: Option<u64>) -> Refusal {
        let r#type = format!("urn:ietf:params:acme:error:{kind}");
        let detail = detail.to_owned();
        Refusal::Problem(Box::new(Problem {
            r#type,
            detail,
            status: Some(status),
            retry_after,
            ..Problem::default()
        }))
    }

    #[test]
    fn what_the_ca_counts_is_told_from_what_it_does_not() {
        let of = |fault: CaFault| Trouble::of(&Refusal::Fault(fault)).kind;
        assert_eq!(of(CaFault::Timeout), Kind::Down);
        assert_eq!(of(CaFault::Connect("refused".into())), Kind::Down);
        assert_eq!(of(CaFault::NoAcme("maintenance".into())), Kind::Down);
        assert_eq!(of(CaFault::Status(503, String::new())), Kind::Down);
        assert_eq!(of(CaFault::Status(429, String::new())), Kind::Limited);
        assert_eq!(of(CaFault::Status(404, String::new())), Kind::Refused);
        let of = |kind, status| Trouble::of(&problem(kind, status, "", None)).kind;
        assert_eq!(of("serverInternal", 500), Kind::Down);
        assert_eq!(of("rateLimited", 429), Kind::Limited);
        assert_eq!(of("caa", 403), Kind::Refused);
    }

    #[test]
    fn a_limit_without_a_time_waits_by_its_kind() {
        let now: Timestamp = "2026-11-24T03:00:00Z".parse().unwrap();
        let of = |detail: &str| {
            let trouble = Trouble::of(&problem("rateLimited", 429, detail, None));
            (trouble.told(now), trouble.of_limit().as_hours())
        };
        assert_eq!(of("too many failed authorizations (5) for \"a.test\" in the last 1h0m0s"), (None, 1));
        assert_eq!(of("too many new orders (300) from this account"), (None, 3));
        assert_eq!(of("too many certificates (5) already issued for this exact set of identifiers").1, 34);
        assert_eq!(of("too many certificates (50) already issued for \"a.test\"").1, 4);
        assert_eq!(of("Your account is temporarily prevented from requesting certificates").1, 24);
        assert_eq!(of("slow down"), (None, 1));
        assert_eq!(of("too many …, retry after 2026-11-24 03:30:00 UTC: see").0, Some(1_800));
    }

    #[test]
    fn nobody_has_us_wait_for_ever_nor_hurry() {
        let now = Timestamp::now();
        let told = |status, wait| Trouble::of(&problem("rateLimited", status, "", Some(wait))).told(now);
        assert_eq!(told(429, 366 * 86_400), Some(7 * DAY));
        assert_eq!((told(429, 0), told(429, 1), told(429, 3_600)), (None, Some(LEAST), Some(3_600)));
        let down = Trouble::of(&problem("serverInternal", 503, "", Some(366 * 86_400)));
        assert_eq!(down.told(now), Some(DAY));
    }
}

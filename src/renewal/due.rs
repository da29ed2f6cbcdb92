//! Whether a lineage is to be renewed now: by the newest certbot's rules, with one moment in the CA's window that stays the same.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use crate::facts::{HostFacts, Lineage};
use crate::forecast::{Because, Due, newest_rules};

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Renew it, for this reason.
    Now(String),
    /// Not yet, or never by itself.
    Later {
        /// From when on it will be renewed; `None` where only a person does.
        at: Option<Timestamp>,
        /// Why.
        because: String,
    },
}

/// Decides; `forced` renews whatever is due or not, as far as it can be read.
/// <https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates>
///
/// # Errors
/// The conf or the certificate cannot be read.
pub fn decide(lineage: &Lineage, host: &HostFacts, forced: bool) -> Result<Decision, String> {
    if let (Err(missing), _) | (_, Err(missing)) = (&lineage.conf, &lineage.cert) {
        return Err(missing.to_string());
    }
    if forced {
        return Ok(Decision::Now("it was asked for".into()));
    }
    let unsaid = "neither its conf nor its certificate says when it is due";
    let (course, cert) = newest_rules(lineage, host).ok_or(unsaid)?;
    let now = host.now.as_second();
    let Some(due) = course.due(cert) else {
        return Ok(Decision::Later { at: None, because: "autorenew is False in its conf".into() });
    };
    if cert.to <= now {
        return Ok(Decision::Now("it has expired".into()));
    }
    let due = wished(lineage, due);
    let at = moment(due, &seed(lineage));
    let because = words(due);
    Ok(match at <= now {
        true => Decision::Now(because),
        false => Decision::Later { at: Timestamp::from_second(at).ok(), because },
    })
}

/// The CA's own word counts where it is for sooner, even where certbot would not ask for it: it may be about to revoke the certificate.
fn wished(lineage: &Lineage, due: Due) -> Due {
    match &lineage.ari {
        Some(Ok(ari)) if ari.start.as_second() < due.at => {
            let at = ari.start.as_second();
            Due { at, by: ari.end.as_second().clamp(at, due.by.max(at)), because: Because::Ari }
        }
        _ => due,
    }
}

/// What tells certificates apart.
fn seed(lineage: &Lineage) -> String {
    lineage.cert.as_ref().map(|cert| cert.serial.clone()).unwrap_or_default()
}

/// A moment in the window, which only the certificate decides: a moment that every run draws anew makes runs that are frequent
/// renew at the window's begin. <https://www.rfc-editor.org/rfc/rfc9773#section-4.2>
fn moment(due: Due, seed: &str) -> i64 {
    let hash = digest(&SHA256, seed.as_bytes());
    let part = hash.as_ref().iter().take(4).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    let span = i128::from(due.by.saturating_sub(due.at));
    let offset = span.saturating_mul(i128::from(part)) >> 32;
    due.at.saturating_add(i64::try_from(offset).unwrap_or(0))
}

fn words(due: Due) -> String {
    match due.because {
        Because::Ari => "the CA's window (ARI)",
        Because::Revoked => "the CA calls the certificate back (ARI)",
        Because::RenewBeforeExpiry => "renew_before_expiry of its conf",
        Because::Lifetime => "the last third of its lifetime, or half of a short one",
        Because::Fixed30Days => "30 days before it expires",
        Because::Expired => "it has expired",
        Because::Forced => "it was asked for",
        Because::AutorenewOff => "autorenew is False in its conf",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{host, lineage, lineage_with, lives};
    use crate::facts::net::Ari;
    use crate::facts::{Missing, Role, Why};

    fn due_in(lineage: &Lineage) -> Decision {
        decide(lineage, &host(), false).unwrap()
    }

    #[test]
    fn a_young_certificate_waits_and_an_old_one_does_not() {
        assert!(matches!(due_in(&lineage()), Decision::Later { at: Some(_), .. }));
        let mut old = lineage();
        lives(&mut old, -85, 5);
        assert!(matches!(due_in(&old), Decision::Now(_)));
        let mut over = lineage();
        lives(&mut over, -90, -1);
        assert_eq!(due_in(&over), Decision::Now("it has expired".into()));
    }

    #[test]
    fn autorenew_holds_it_back_unless_it_is_forced() {
        let off = lineage_with("autorenew", "False");
        assert!(matches!(due_in(&off), Decision::Later { at: None, .. }));
        assert!(matches!(decide(&off, &host(), true), Ok(Decision::Now(_))));
    }

    #[test]
    fn an_old_certbots_thirty_days_are_not_ours() {
        let mut short = lineage();
        lives(&mut short, -1, 5);
        let host = crate::checks::testing::with_certbots(&["2.1.0"]);
        assert!(matches!(decide(&short, &host, false), Ok(Decision::Later { at: Some(_), .. })));
    }

    #[test]
    fn the_cas_window_counts_with_a_certbot_that_does_not_ask_for_it() {
        let mut young = lineage();
        let host = crate::checks::testing::with_certbots(&["2.1.0"]);
        assert!(matches!(decide(&young, &host, false), Ok(Decision::Later { .. })));
        let ari = |start: &str, end: &str| {
            let [start, end] = [start, end].map(|time| time.parse().unwrap());
            Some(Ok(Ari { start, end, explanation: None, retry_after: None }))
        };
        young.ari = ari("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
        assert_eq!(decide(&young, &host, false), Ok(Decision::Now("the CA's window (ARI)".into())));
        young.ari = ari("2100-01-01T00:00:00Z", "2100-01-02T00:00:00Z");
        assert!(matches!(decide(&young, &host, false), Ok(Decision::Later { .. })));
    }

    #[test]
    fn what_cannot_be_read_is_said_even_where_it_is_forced() {
        let mut gone = lineage();
        gone.cert = Err(Missing { what: "live/a/cert.pem".into(), why: Why::NotFound, role: Role::Other });
        assert!(decide(&gone, &host(), true).unwrap_err().contains("cert.pem"));
    }

    #[test]
    fn the_moment_in_a_window_stays_and_differs_between_certificates() {
        let due = Due { at: 1_000_000, by: 1_172_800, because: Because::Ari };
        let moments: Vec<i64> = ["a", "b", "c", "d"].iter().map(|seed| moment(due, seed)).collect();
        assert!(moments.iter().all(|at| (due.at..due.by).contains(at)));
        assert_eq!(moment(due, "a"), moments[0]);
        assert!(moments.windows(2).any(|two| two[0] != two[1]));
    }
}

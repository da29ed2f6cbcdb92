//! The resolver as the walk to a challenge asks it.

use hickory_proto::rr::Name;

use super::resolver::Resolver;
use crate::facts::net::{Failure, FailureKind, Outcome};
use crate::gather::net::http01::{Addresses, Found};

impl Addresses for Resolver {
    async fn of(&self, host: &str) -> Found {
        // As it stands, whatever its labels are made of.
        let name = Name::from_labels(host.split('.').map(str::as_bytes))
            .ok()
            .filter(|_| !host.split('.').any(str::is_empty));
        let Some(name) = name else {
            let none =
                |kind| Some(format!("DNS problem: server failure at resolver looking up {kind} for {host}"));
            return Found { v4_problem: none("A"), v6_problem: none("AAAA"), ..Found::default() };
        };
        let (v4, v6) = tokio::join!(self.v4(&name), self.v6(&name));
        Found {
            v4_problem: problem(&v4.outcome, "A", host),
            v6_problem: problem(&v6.outcome, "AAAA", host),
            v4: v4.outcome.records().to_vec(),
            v6: v6.outcome.records().to_vec(),
        }
    }
}

/// What the CA says of an outcome. <https://github.com/letsencrypt/boulder/blob/main/bdns/problem.go>
fn problem<T>(outcome: &Outcome<T>, kind: &str, host: &str) -> Option<String> {
    match outcome {
        Outcome::Found(_) | Outcome::Nothing => None,
        Outcome::NoSuchName => Some(format!(
            "DNS problem: NXDOMAIN looking up {kind} for {host} - check that a DNS record exists for this domain"
        )),
        Outcome::Failed(Failure { kind: FailureKind::ServFail, .. }) => Some(format!(
            "DNS problem: SERVFAIL looking up {kind} for {host} - the domain's nameservers may be malfunctioning"
        )),
        Outcome::Failed(Failure { kind: FailureKind::Timeout, .. }) => {
            Some(format!("DNS problem: query timed out looking up {kind} for {host}"))
        }
        Outcome::Failed(failure) => Some(format!("DNS problem: {failure} looking up {kind} for {host}")),
    }
}

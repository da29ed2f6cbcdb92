//! The resolver as the walk to a challenge asks it.

use hickory_proto::rr::Name;

use super::resolver::Resolver;
use crate::facts::net::{Failure, FailureKind, Outcome, no_such_name};
use crate::gather::net::http01::{Addresses, Found};

impl Addresses for Resolver {
    async fn of(&self, host: &str) -> Found {
        // As it stands, whatever its labels are made of.
        let labels = host.split('.').map(str::as_bytes);
        let Some(name) =
            Name::from_labels(labels.clone()).ok().filter(|_| !labels.clone().any(<[u8]>::is_empty))
        else {
            let unasked =
                |kind| Some(Failure::new(FailureKind::Malformed("no name".into())).words(kind, host));
            return Found { v4_problem: unasked("A"), v6_problem: unasked("AAAA"), ..Found::default() };
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

/// What the CA says of an outcome.
fn problem<T>(outcome: &Outcome<T>, kind: &str, host: &str) -> Option<String> {
    match outcome {
        Outcome::Found(_) | Outcome::Nothing => None,
        Outcome::NoSuchName => Some(no_such_name(kind, host)),
        Outcome::Failed(failure) => Some(failure.words(kind, host)),
    }
}

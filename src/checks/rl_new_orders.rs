//! The CA's limit for new orders of one account has been reached.

use super::limited::verdict;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// More orders within three hours than the CA takes of one account. What is renewed with the same names does not count, so
/// nothing can be foreseen from a schedule.
pub static CHECK: Check = Check {
    id: "rl-new-orders",
    title: "the CA takes no more orders of the account for now",
    severity: Severity::MayFail,
    why: "after 300 orders within three hours the CA answers `too many new orders`, and takes one more every 36 seconds; a \
          renewal with the same names as before is exempt, one with other names is not",
    fix: "spread new certificates over the day, and find out what orders so many: a loop, or a host that forgets its \
          certificates",
    cites: &["https://letsencrypt.org/docs/rate-limits/#new-orders-per-account"],
    explains: &["ari-window-missed"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    verdict(lineage, host, &["too many new orders"], "find out what orders so many")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::limited::fixture::judged;

    #[test]
    fn what_the_ca_refuses_holds_for_its_time() {
        judged(&CHECK, "too many new orders (300) from this account in the last 3h0m0s");
    }
}

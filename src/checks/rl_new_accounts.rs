//! The CA registers no more accounts from this address.

use super::limited::verdict;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// More accounts from one address within three hours than the CA registers.
pub static CHECK: Check = Check {
    id: "rl-new-accounts",
    title: "the CA registers no more accounts from this address",
    severity: Severity::MayFail,
    why: "after ten new accounts from one address within three hours the CA answers `too many new registrations`; it is \
          what hosts and containers come to that forget their account at each start",
    fix: "keep certbot's folder `accounts` between runs (a volume for /etc/letsencrypt), so that no new account is needed",
    cites: &["https://letsencrypt.org/docs/rate-limits/#new-registrations-per-ip-address"],
    explains: &["ari-window-missed"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    verdict(lineage, host, &["too many new registrations"], "keep certbot's folder `accounts` between runs")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::limited::fixture::judged;

    #[test]
    fn what_the_ca_refuses_holds_for_its_time() {
        judged(&CHECK, "too many new registrations (10) from this IP address in the last 3h0m0s");
        judged(
            &CHECK,
            "too many new registrations (500) from this /48 subnet of IPv6 addresses in the last 3h0m0s",
        );
    }
}

//! The AAAA record leads to another server than the A record.

use super::walked::{seen, shown, walks, way};
use crate::check::{Check, Run, Severity, Skip, Verdict};
use crate::facts::net::{Trouble, Walk, Way};
use crate::facts::{HostFacts, Lineage, Missing, Role, Why};

/// The AAAA record leads to another server than the A record.
pub static CHECK: Check = Check {
    id: "aaaa-wrong-host",
    title: "IPv6 leads to another server or site than IPv4",
    severity: Severity::MayFail,
    why: "the CA takes IPv6 where there is an AAAA record, and goes over to IPv4 only when it cannot connect: a \
          challenge that is served over IPv4 alone is not found",
    fix: "let the server listen on [::]:80 for the same site, or correct or remove the AAAA record",
    cites: &["https://letsencrypt.org/docs/ipv6-support/", "https://github.com/certbot/certbot/issues/6992"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Family)?;
    let (all, _) = walks(lineage)?;
    let unseen = all.iter().find(|(_, walk)| way(lineage, host) != Way::Own && walk.ipv6_unseen());
    if let (true, Some((name, _))) = (shown.is_empty(), unseen) {
        let why = Why::Unclear("this host has no IPv6, which the CA takes first".into());
        return Err(Skip::from(Missing::new(format!("{name} over IPv6"), why, Role::Other)));
    }
    let says = |names: &str, walk: &Walk| {
        let (v6, v4) = (first(Some(walk)), first(walk.other.as_deref()));
        format!("{names}: over IPv6 there is {v6}, over IPv4 {v4}, and the CA stays with IPv6")
    };
    Ok(shown.finding(
        says,
        "the same answer over both",
        "let the same site answer on [::]:80, or correct the AAAA record, then try",
    ))
}

/// What came over one family: its first hop, or the last where it did not get an answer.
fn first(walk: Option<&Walk>) -> String {
    walk.and_then(|walk| walk.hops.first()).map(seen).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, unknown};
    use crate::checks::walked::fixture::{URL, answered, ended, fails, healthy, hop, lineage, miss, passes};
    use crate::facts::net::{Fault, Hop, NO_ROUTE, Walk};

    fn both(v6: Walk, v4: Walk) -> Walk {
        Walk { other: Some(Box::new(v4)), ..v6 }
    }

    #[test]
    fn a_fault_over_ipv6_alone_may_fail() {
        let denied = miss(vec![answered(URL, 403, "Apache", "")]);
        let walk = both(denied, healthy());
        assert_eq!(fails(&CHECK, walk.clone(), "over IPv6 there is 403 from Apache").0, Severity::MayFail);
        fails(&CHECK, both(ended(vec![hop(URL)], Fault::AnswerTimeout), healthy()), "no answer");
        for check in crate::checks::CHECKS.iter().filter(|check| check.id != CHECK.id) {
            passes(check, "webroot", walk.clone());
        }
    }

    #[test]
    fn another_server_that_also_finds_nothing_may_fail() {
        let apache = miss(vec![answered(URL, 404, "Apache/2.4", "")]);
        fails(&CHECK, both(apache, healthy()), "404 from Apache/2.4 at");
    }

    #[test]
    fn the_same_answer_and_a_fault_over_ipv4_alone_are_silent() {
        passes(&CHECK, "webroot", both(healthy(), healthy()));
        passes(&CHECK, "webroot", both(healthy(), ended(vec![hop(URL)], Fault::Refused)));
        passes(&CHECK, "standalone", both(miss(vec![answered(URL, 403, "Apache", "")]), healthy()));
    }
    #[test]
    fn a_host_without_ipv6_does_not_know() {
        let mut walk = healthy();
        walk.hops.insert(0, Hop { error: Some(NO_ROUTE.into()), ..hop(URL) });
        passes(&CHECK, "standalone", walk.clone());
        unknown(&CHECK, &lineage("webroot", Some(Ok(walk))), &host());
    }
}

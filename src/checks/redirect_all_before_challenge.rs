//! Port 80 only redirects, and what it leads to does not answer.

use super::walked::{HAIRPIN, seen, shown, start};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// Port 80 only redirects, and what it leads to does not answer.
pub static CHECK: Check = Check {
    id: "redirect-all-before-challenge",
    title: "the redirect of port 80 ends in an error",
    severity: Severity::MayFail,
    why: "the CA follows the redirect and gets the error that every visitor gets there: `Connection refused`, \
          or `Invalid response from URL: 503`",
    fix: "serve /.well-known/acme-challenge/ on port 80 before the redirect, or mend the target",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/hestiacp/hestiacp/issues/1168",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::RedirectAll)?;
    let says = |names: &str, walk: &Walk| {
        let (url, end) = walk.last().map(|hop| (start(&hop.url), seen(hop))).unwrap_or_default();
        format!("{names}: port 80 redirects the challenge to {url}, which ends in an error: {end}")
    };
    let findings = shown.finding(
        says,
        "an answer below the redirect's target",
        "serve the path on port 80 before the redirect, or mend the target, then try; a router may keep this \
         host alone from the target (hairpin NAT)",
    );
    Ok(findings.into_iter().map(|finding| finding.lowered(Severity::MayFail, HAIRPIN)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, ended, fails, hop, miss, moved, passes};
    use crate::facts::net::Fault;

    const TO: &str = "https://example.com/x";

    #[test]
    fn a_target_that_refuses_or_is_out_of_order_may_fail() {
        let walk = ended(vec![moved(URL, TO), hop(TO)], Fault::Refused);
        passes(&CHECK, "nginx", walk.clone());
        assert_eq!(
            fails(&CHECK, walk, "redirects the challenge to https://example.com/x").0,
            Severity::MayFail
        );
        fails(&CHECK, miss(vec![moved(URL, TO), answered(TO, 503, "nginx", "")]), "503");
    }

    #[test]
    fn a_redirect_to_a_404_is_healthy() {
        passes(&CHECK, "webroot", miss(vec![moved(URL, TO), answered(TO, 404, "nginx", "")]));
    }
}

//! A content network or firewall answers in place of the site.

use super::walked::shown;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Miss, Trouble, Walk, miss};
use crate::facts::{HostFacts, Lineage};

/// A content network or firewall answers in place of the site.
pub static CHECK: Check = Check {
    id: "cdn-waf-bot-challenge",
    title: "a CDN or web application firewall answers the challenge itself",
    severity: Severity::MayFail,
    why: "the CA is no browser and gets no further than the challenge page or the error: `Invalid response from \
          URL: 403`",
    fix: "a rule that lets /.well-known/acme-challenge/ through unchecked, or validation over DNS-01",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://developers.cloudflare.com/waf/custom-rules/skip/",
        "https://github.com/certbot/certbot/issues/10028",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Challenge)?;
    let says = |names: &str, walk: &Walk| {
        let who = match miss(walk) {
            Some(Miss::Challenge(who)) => who,
            _ => "a content network",
        };
        let status = walk.last().and_then(|hop| hop.status).unwrap_or_default();
        let what = match status {
            520..=530 => "does not reach the origin",
            _ => "stops the request before the site",
        };
        format!("{names}: {who} {what} and answers {status} itself")
    };
    Ok(shown
        .finding(says, "the site's own answer", "let the path through unchecked, then try")
        .into_iter()
        .map(|finding| {
            finding.lowered(
                Severity::MayFail,
                "seen from this host; such networks judge each visitor by himself",
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, only};
    use crate::checks::walked::fixture::{URL, answered, fails, lineage, miss, passes};

    #[test]
    fn a_challenge_page_and_an_unreached_origin_may_fail() {
        let walk = miss(vec![answered(URL, 403, "cloudflare", "<title>Just a moment...")]);
        assert_eq!(fails(&CHECK, walk.clone(), "Cloudflare stops the request").0, Severity::MayFail);
        let origin = miss(vec![answered(URL, 522, "cloudflare", "")]);
        fails(&CHECK, origin, "does not reach the origin and answers 522");
        only(&CHECK, &lineage("nginx", Some(Ok(walk))), &host());
    }

    #[test]
    fn the_sites_own_404_through_a_network_is_silent() {
        passes(&CHECK, "webroot", miss(vec![answered(URL, 404, "cloudflare", "")]));
    }
}

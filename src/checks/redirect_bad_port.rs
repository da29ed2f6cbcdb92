//! The challenge is redirected to another port.

use super::walked::{shown, start, with_suspects};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// The challenge is redirected to another port.
pub static CHECK: Check = Check {
    id: "redirect-bad-port",
    title: "a redirect leads to a port other than 80 and 443",
    severity: Severity::WillFail,
    why: "the CA follows redirects to two ports only: `Invalid port in redirect target. Only ports 80 and 443 \
          are supported, not N`",
    fix: "leave the port out of the redirect, or exempt /.well-known/acme-challenge/ from it",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/letsencrypt/boulder/blob/main/va/http.go",
        "https://github.com/nextcloud-snap/nextcloud-snap/issues/896",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::BadPort)?;
    let says = |names: &str, walk: &Walk| {
        let to = walk.last().and_then(|hop| hop.location.as_deref()).unwrap_or_default();
        format!(
            "{names}: the challenge is redirected to {}, and the CA goes to ports 80 and 443 only",
            start(to)
        )
    };
    let findings = shown.finding(
        says,
        "a redirect without a port, or none",
        "exempt /.well-known/acme-challenge/ from the redirect or drop its port, then try",
    );
    Ok(findings.into_iter().map(|finding| with_suspects(finding, host, CHECK.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, ended, fails, moved, passes};
    use crate::facts::net::Fault;

    fn elsewhere() -> crate::facts::net::Walk {
        ended(vec![moved(URL, "https://example.com:10443/x")], Fault::BadPort(10443))
    }

    #[test]
    fn another_port_fails() {
        let (severity, finding) = fails(&CHECK, elsewhere(), "redirected to https://example.com:10443/x");
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.evidence[0].saw.contains("Only ports 80 and 443 are supported, not 10443"));
    }

    #[test]
    fn a_plugin_that_comes_before_its_servers_redirects_is_silent() {
        passes(&CHECK, "nginx", elsewhere());
        passes(&CHECK, "standalone", elsewhere());
    }

    #[test]
    fn a_redirect_of_another_server_is_not_the_plugins() {
        let mut walk = elsewhere();
        walk.hops[0] = crate::facts::net::Hop { server: Some("awselb/2.0".into()), ..walk.hops[0].clone() };
        let lineage = crate::checks::walked::fixture::lineage("nginx", Some(Ok(walk)));
        crate::checks::testing::only(&CHECK, &lineage, &crate::checks::testing::host());
        passes(&CHECK, "webroot", crate::checks::walked::fixture::miss(vec![answered(URL, 404, "x", "")]));
    }
}

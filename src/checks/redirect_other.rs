//! A redirect that the CA does not follow to its end.

use super::walked::{shown, start};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Fault, Hop, Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// A redirect that the CA does not follow to its end.
pub static CHECK: Check = Check {
    id: "redirect-other",
    title: "a redirect leads where the CA does not go",
    severity: Severity::WillFail,
    why: "the CA refuses loops, a twelfth redirect, statuses other than 301, 302, 307 and 308, other schemes, \
          private addresses, unknown top-level domains, long paths and TLS below 1.2",
    fix: "exempt /.well-known/acme-challenge/ from the redirect",
    cites: &[
        "https://github.com/letsencrypt/boulder/blob/main/va/http.go",
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/NginxProxyManager/nginx-proxy-manager/issues/5561",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Redirect)?;
    Ok(shown.finding(
        |names, walk| format!("{names}: {}", what(walk)),
        "an answer on port 80, or a redirect that the CA follows",
        "serve /.well-known/acme-challenge/ without a redirect, then try",
    ))
}

/// What is wrong with the way.
fn what(walk: &Walk) -> String {
    let Some(fault) = &walk.fault else { return String::new() };
    let to = walk.last().map(|hop| start(hop.location.as_deref().unwrap_or(&hop.url))).unwrap_or_default();
    match fault {
        Fault::Loop => match walk.fallback() {
            Some(dead) => dead_ipv6(dead),
            None => format!("the redirects lead in a circle, back to {to}"),
        },
        Fault::TooManyRedirects => "the CA gives up at the twelfth redirect".into(),
        Fault::DisallowedStatus(status) => {
            format!("a redirect with status {status}, which the CA does not follow")
        }
        Fault::BadScheme(scheme) => format!("a redirect to {scheme}:, and the CA speaks http and https only"),
        Fault::EmptyHost | Fault::InvalidUrl(_) => format!("a redirect to {to:?}, which is no URL"),
        Fault::NotIana(name) => format!("a redirect to {name}, a name that does not exist in public"),
        Fault::ScopedAddress(name) => format!("a redirect to {name}, an address of the local network"),
        Fault::TargetTooLong(length) => format!("a redirect to a path of {length} bytes; the CA takes 2000"),
        Fault::Reserved { host, block, .. } => {
            format!("a redirect to {host}, whose address is reserved ({block})")
        }
        Fault::NoAddress { host, .. } => format!("a redirect to {host}, which has no address"),
        Fault::OldTls { .. } => format!("a redirect to {to}, where TLS 1.2 is not spoken"),
        Fault::NotTls => format!("a redirect to {to}, where plain HTTP is spoken and not TLS"),
        Fault::Alert(alert) => format!("a redirect to {to}, where TLS is refused: {}", start(alert)),
        Fault::Certificate(why) => format!("a redirect to {to}, whose certificate the CA cannot read: {why}"),
        Fault::OtherSpelling(host) => {
            format!(
                "a redirect to {host}, which the CA does not find unless it is written in ASCII and no longer than need be"
            )
        }
        other => format!("a redirect to {to}, which ends in an error: {other}"),
    }
}

/// A loop that no browser sees, for it tries every address at each step.
fn dead_ipv6(dead: &Hop) -> String {
    let place = dead.used.map(|address| format!("port {} of {address}", dead.port)).unwrap_or_default();
    format!(
        "the redirect to {} cannot be followed over IPv6 ({place}), so the CA begins again over IPv4, meets the same \
         redirect and takes it for a loop",
        start(&dead.url),
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{host, run};
    use crate::checks::walked::fixture::{URL, ended, fails, hop, lineage, moved, passes};
    use crate::facts::net::Fault;

    const TO: &str = "https://example.com/x";

    #[test]
    fn each_kind_fails_in_words_of_its_own() {
        for (fault, says) in [
            (Fault::Loop, "in a circle, back to https://example.com/x"),
            (Fault::TooManyRedirects, "twelfth redirect"),
            (Fault::DisallowedStatus(303), "status 303"),
            (Fault::BadScheme("ftp".into()), "redirect to ftp:"),
            (Fault::NotIana("nas.local".into()), "nas.local"),
            (Fault::TargetTooLong(2001), "2001 bytes"),
            (Fault::OldTls { alert: true }, "TLS 1.2"),
            (Fault::Alert("certificate required".into()), "is refused: certificate required"),
            (Fault::Certificate("its serial number is negative".into()), "serial number is negative"),
            (Fault::OtherSpelling("bücher.example".into()), "bücher.example"),
        ] {
            let walk = ended(vec![moved(URL, TO)], fault);
            passes(&CHECK, "apache-is-not-asked", walk.clone());
            assert_eq!(fails(&CHECK, walk, says).0, Severity::MayFail);
        }
    }

    #[test]
    fn a_loop_that_is_a_dead_ipv6_port_is_explained() {
        let mut dead = hop(TO);
        (dead.port, dead.used) = (443, Some("2001:db8::7".parse().unwrap()));
        let walk = ended(vec![moved(URL, TO), dead, moved(URL, TO)], Fault::Loop);
        let (_, finding) = fails(&CHECK, walk, "cannot be followed over IPv6 (port 443 of 2001:db8::7)");
        assert!(finding.evidence[0].saw.contains("Redirect loop detected"));
    }

    #[test]
    fn the_first_names_addresses_are_for_the_dns_checks() {
        let fault = Fault::NoAddress { host: "example.com".into(), problem: None };
        passes(&CHECK, "webroot", ended(vec![hop(URL)], fault));
    }

    #[test]
    fn a_tls_that_fails_here_alone_tells_nothing() {
        let fault = Fault::Tls("peer misbehaved: IllegalHelloRetryRequest".into());
        let lineage = lineage("webroot", Some(Ok(ended(vec![moved(URL, TO), hop(TO)], fault))));
        assert!(matches!(run(&CHECK, &lineage, &host()), Err(Skip::Unknown(_))));
    }

    #[test]
    fn names_with_other_faults_are_findings_of_their_own() {
        let mut lineage = lineage("webroot", Some(Ok(ended(vec![moved(URL, TO)], Fault::Loop))));
        let other = ended(vec![moved(URL, TO)], Fault::NotIana("nas.local".into()));
        lineage.seen.as_mut().unwrap()[1].walk = Some(Ok(other));
        let findings = run(&CHECK, &lineage, &host()).unwrap();
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[1].identifiers, ["www.example.com"]);
    }
}

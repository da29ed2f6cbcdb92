//! Nobody answers on port 80.

use super::walked::shown;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::Trouble;
use crate::facts::{HostFacts, Lineage};

/// Nobody answers on port 80.
pub static CHECK: Check = Check {
    id: "port80-blocked",
    title: "no connection to port 80 can be made",
    severity: Severity::WillFail,
    why: "the CA always begins at port 80 and waits ten seconds: `Timeout during connect (likely firewall \
          problem)`",
    fix: "let port 80 in at every firewall on the way (ufw allow 80/tcp, the provider's security group, the \
          router), for the whole world",
    cites: &[
        "https://letsencrypt.org/docs/allow-port-80/",
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/certbot/certbot/issues/5995",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Blocked)?;
    Ok(shown.by_address(
        |address| {
            format!("port 80 of {address} does not answer: a firewall drops what comes, or nothing is there")
        },
        "a connection within ten seconds",
        "ask the CA first, for many routers do not lead a host back to itself (hairpin NAT); if it fails there \
         too, let port 80 in at every firewall on the way",
    ))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{host, unknown};
    use crate::checks::walked::fixture::{URL, ended, fails, hop, lineage, passes};
    use crate::facts::net::Fault;

    #[test]
    fn a_port_that_does_not_answer_fails_once_for_its_address() {
        for fault in [Fault::ConnectTimeout, Fault::HostUnreachable] {
            let (severity, finding) = fails(&CHECK, ended(vec![hop(URL)], fault), "port 80 of 203.0.113.7");
            assert_eq!(severity, Severity::MayFail);
            assert_eq!(finding.subject, Subject::Process("port 80 of 203.0.113.7".into()));
            assert!(finding.lowered.unwrap().1.contains("hairpin"));
            assert_eq!(finding.fix.unwrap().commands, ["certbot renew --cert-name example.com --dry-run"]);
        }
    }

    #[test]
    fn it_counts_for_a_listener_that_comes_later_too() {
        let walk = ended(vec![hop(URL)], Fault::ConnectTimeout);
        let lineage = lineage("standalone", Some(Ok(walk)));
        crate::checks::testing::only(&CHECK, &lineage, &host());
    }

    #[test]
    fn another_url_that_does_not_answer_is_another_fault() {
        let hops = vec![hop(URL), hop("https://example.com/")];
        passes(&CHECK, "webroot", ended(hops, Fault::ConnectTimeout));
    }

    #[test]
    fn a_host_without_a_route_knows_nothing() {
        let walk = ended(vec![hop(URL)], Fault::NetworkUnreachable);
        unknown(&CHECK, &lineage("webroot", Some(Ok(walk))), &host());
    }
}

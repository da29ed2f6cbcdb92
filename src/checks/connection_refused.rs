//! Port 80 refuses, or hangs up.

use super::walked::shown;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::Trouble;
use crate::facts::{HostFacts, Lineage};

/// Port 80 refuses, or hangs up.
pub static CHECK: Check = Check {
    id: "connection-refused",
    title: "port 80 refuses connections",
    severity: Severity::WillFail,
    why: "the CA always begins at port 80: `Connection refused`, or `Connection reset by peer` where something \
          hangs up",
    fix: "let the web server listen on port 80, over IPv6 too where the name has an AAAA record",
    cites: &[
        "https://letsencrypt.org/docs/allow-port-80/",
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Refused)?;
    Ok(shown.by_address(
        |address| format!("port 80 of {address} refuses the connection or cuts it off without an answer"),
        "an HTTP server",
        "let the web server listen on port 80; if it does, ask the CA, for a router may refuse this host alone \
         (hairpin NAT)",
    ))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, ended, fails, hop, passes};
    use crate::facts::net::Fault;

    #[test]
    fn a_port_that_refuses_or_hangs_up_fails() {
        for fault in [Fault::Refused, Fault::Reset, Fault::Closed] {
            let (severity, _) = fails(&CHECK, ended(vec![hop(URL)], fault), "port 80 of 203.0.113.7");
            assert_eq!(severity, Severity::MayFail);
        }
    }

    #[test]
    fn a_port_that_certbot_opens_itself_may_be_shut_until_then() {
        for plugin in ["standalone", "manual", "nginx"] {
            passes(&CHECK, plugin, ended(vec![hop(URL)], Fault::Refused));
        }
    }
}

//! Something on the way to a public CA answers with certificates of its own.

use crate::ca;
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::net::{CaFault, CaSeen, Presented};
use crate::facts::{HostFacts, InstallKind, Lineage, Missing, Role, UNUSED, Why};

/// The certificate of a public CA's server leads to no public root.
pub static CHECK: Check = Check {
    id: "tls-interception",
    title: "something between this host and the CA answers with a certificate of its own",
    severity: Severity::WillFail,
    why: "a proxy that opens TLS signs with a CA of its own; a certbot of pip or of the snap trusts only the list that it \
          brings along, whatever this host trusts, and stops with `CERTIFICATE_VERIFY_FAILED`",
    fix: "let the CA's host pass unopened at the proxy, or name the proxy's CA in REQUESTS_CA_BUNDLE where certbot is started",
    cites: &[
        "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification",
        "https://letsencrypt.org/docs/integration-guide/#firewall-configuration",
    ],
    explains: &["ca-cert-not-trusted-by-client", "ari-window-missed"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    if ca::authority(&ca.server).is_none() || host.given("no-verify-ssl").is_some() {
        return Ok(vec![]);
    }
    let Some(presented) = &ca.presented else { return Ok(vec![]) };
    // A store that is too old for the CA's own chain is another fault.
    if presented.issuers.iter().any(|issuer| ca::issues_for_cas(issuer)) {
        return Ok(vec![]);
    }
    let trusted = match (presented.public, ca.fault()) {
        (Some(true), _) => return Ok(vec![]),
        (None, _) => return Err(Skip::Unknown(incomparable(ca))),
        (Some(false), None) => true,
        (Some(false), Some(CaFault::Untrusted(_))) => false,
        // That it cannot be reached at all is told by others.
        (Some(false), Some(_)) => return Ok(vec![]),
    };
    host.environments_known(&lineage.name)?;
    let finding = match trusted {
        true => by_the_host_alone(ca, presented, lineage, host),
        false => Some(by_nobody(ca, presented)),
    };
    let finding = finding.map(|finding| {
        finding.about(Subject::Server(ca.server.clone())).lowered_if(
            host.unused(lineage),
            Severity::Note,
            UNUSED,
        )
    });
    Ok(finding.into_iter().collect())
}

/// This host does not trust what answers either.
fn by_nobody(ca: &CaSeen, presented: &Presented) -> Finding {
    let issuer = presented.issuers.first().map_or("nobody", String::as_str);
    Finding::new(format!(
        "something answers in the place of {} with a certificate of `{issuer}`, which this host does not trust",
        ca.server
    ))
    .evidence(chain(ca, presented))
    .fix(
        "let the CA's host pass unopened at the proxy; or add the proxy's CA to this host's store (certbot of the \
         distribution) and name it in REQUESTS_CA_BUNDLE where certbot is started (pip, snap)",
        [format!("curl -v {}", ca.server)],
    )
}

/// This host was taught to trust what answers, and its certbots were not.
fn by_the_host_alone(
    ca: &CaSeen,
    presented: &Presented,
    lineage: &Lineage,
    host: &HostFacts,
) -> Option<Finding> {
    let own = host.environments(&lineage.name).into_iter().find(|environment| environment.bundle().is_none());
    let (lacking, installs) = (presented.lacking.first()?, host.installs.as_ref().ok()?);
    // What is scheduled is not started, or has the variable.
    own?;
    let all = installs.iter().all(|install| install.kind != InstallKind::Package)
        && presented.lacking.len() == installs.len();
    let issuer = presented.issuers.first().map_or("nobody", String::as_str);
    let mut finding = Finding::new(format!(
        "something answers in the place of {} with a certificate of `{issuer}`: this host trusts it, and the certbot with \
         {lacking} does not",
        ca.server
    ))
    .evidence(chain(ca, presented));
    for path in &presented.lacking {
        finding = finding.saw_wanted(path, "leads to no root in it", "REQUESTS_CA_BUNDLE in the schedule");
    }
    let trigger = host.covering(&lineage.name).next();
    let edit =
        trigger.and_then(|trigger| Some(format!("systemctl edit {}", trigger.unit_state.as_ref()?.service)));
    let finding = finding.fix(
        "give the schedule REQUESTS_CA_BUNDLE with this host's own list, which has the proxy's CA: \
         /etc/ssl/certs/ca-certificates.crt on Debian, /etc/pki/tls/certs/ca-bundle.crt on Fedora",
        edit,
    );
    Some(finding.lowered_if(!all, Severity::MayFail, "another certbot here trusts what this host trusts"))
}

fn chain(ca: &CaSeen, presented: &Presented) -> Evidence {
    let saw = format!("issued by {}", presented.issuers.join(", then "));
    let wanted = Some("a chain to a public root".to_owned());
    Evidence { kind: Source::Tls, wanted, ..Evidence::file(&ca.server, saw) }
}

fn incomparable(ca: &CaSeen) -> Missing {
    let why =
        Why::Unclear("it cannot be held against the public roots: this host ships none, or something else is wrong with it".into());
    Missing::new(format!("the certificate of {}", ca.server), why, Role::Other)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        ca_seen, cli_ini, host, install, lineage, loud, only, run, silent, unknown,
    };
    use crate::facts::net::{CaFault, CaSeen, Presented};
    use crate::facts::{HostFacts, Install, InstallKind, Lineage};

    const LIST: &str = "/opt/certbot/lib/python3.11/site-packages/certifi/cacert.pem";

    fn intercepted(change: impl Fn(&mut CaSeen)) -> Lineage {
        ca_seen(|ca| {
            let issuers = vec!["CN=Corp Proxy CA, O=Corp".to_owned()];
            ca.presented = Some(Presented { issuers, public: Some(false), lacking: vec![LIST.into()] });
            change(ca);
        })
    }

    fn pip() -> HostFacts {
        let own = Install { kind: InstallKind::Pip, ..install("5.8.0", &["nginx"]) };
        HostFacts { installs: Ok(vec![own]), ..host() }
    }

    fn untrusted(ca: &mut CaSeen) {
        ca.directory = Err(CaFault::Untrusted("UnknownIssuer".into()));
    }

    #[test]
    fn what_this_host_does_not_trust_may_fail_and_explains_why() {
        let (severity, finding) = only(&CHECK, &intercepted(untrusted), &host());
        assert_eq!(severity, Severity::MayFail, "seen from this host alone");
        assert!(finding.says.contains("`CN=Corp Proxy CA, O=Corp`"), "{}", finding.says);
        assert_eq!(loud(&[intercepted(untrusted)], &host()), ["tls-interception"]);
    }

    #[test]
    fn a_certbot_with_a_list_of_its_own_will_fail_where_only_the_host_trusts() {
        let (severity, finding) = only(&CHECK, &intercepted(|_| ()), &pip());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains(LIST), "{}", finding.says);
        assert_eq!(finding.fix.unwrap().commands, ["systemctl edit certbot.service"]);
        let mut both = pip();
        both.installs.as_mut().unwrap().push(install("2.1.0", &[]));
        assert_eq!(only(&CHECK, &intercepted(|_| ()), &both).0, Severity::MayFail);
    }

    #[test]
    fn a_schedule_that_names_a_bundle_and_a_certbot_of_the_distribution_are_silent() {
        let mut named = pip();
        let task = &mut named.triggers.as_mut().unwrap()[0].task;
        task.egress.set("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt", "x");
        silent(&CHECK, &intercepted(|_| ()), &named);
        let none = |ca: &mut CaSeen| ca.presented.as_mut().unwrap().lacking.clear();
        silent(&CHECK, &intercepted(none), &host());
        silent(
            &CHECK,
            &intercepted(|_| ()),
            &HostFacts { cli_ini: cli_ini(&[("no-verify-ssl", "true")]).cli_ini, ..pip() },
        );
    }

    #[test]
    fn a_public_chain_an_old_store_and_a_private_ca_are_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &pip());
        silent(&CHECK, &intercepted(|ca| ca.presented.as_mut().unwrap().public = Some(true)), &pip());
        let old = |ca: &mut CaSeen| {
            untrusted(ca);
            ca.presented.as_mut().unwrap().issuers =
                vec!["C=US, O=Let's Encrypt, CN=YE1".into(), "C=US, O=ISRG, CN=Root YE".into()];
        };
        silent(&CHECK, &intercepted(old), &pip());
        silent(&CHECK, &intercepted(|ca| ca.server = "https://ca.corp.example/acme".into()), &pip());
        let refused = |ca: &mut CaSeen| ca.scheduled = Some(CaFault::Connect("x".into()));
        silent(&CHECK, &intercepted(refused), &pip());
    }

    #[test]
    fn without_roots_to_compare_it_is_unknown() {
        unknown(&CHECK, &intercepted(|ca| ca.presented.as_mut().unwrap().public = None), &pip());
        let mut unclear = pip();
        unclear.triggers.as_mut().unwrap()[0].task.egress.unclear = Some("a login shell".into());
        unknown(&CHECK, &intercepted(|_| ()), &unclear);
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}

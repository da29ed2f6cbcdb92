//! The CA of this lineage no longer issues certificates.

use crate::ca::{host as host_of, retired};
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The conf's server belongs to a service that has ended.
pub static CHECK: Check = Check {
    id: "ca-discontinued",
    title: "the CA has ended its service",
    severity: Severity::WillFail,
    why: "the CA accepts no order any more, so every renewal fails until the lineage moves to another CA",
    fix: "certbot renew --cert-name NAME --server https://acme-v02.api.letsencrypt.org/directory --force-renewal",
    cites: &["https://github.com/acmesh-official/acme.sh/issues/6480"],
    explains: &["ari-window-missed", "certificate-expired", "account-dir-missing"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some((place, setting)) = host.setting(conf, "server") else { return Ok(vec![]) };
    let Some(ca) = setting.text().and_then(host_of).and_then(retired) else { return Ok(vec![]) };
    let ended = host.now.to_string().as_str() >= ca.last_issuance;
    let says = match ended {
        true => format!("{} has issued no certificate since {}", ca.name, ca.last_issuance),
        false => format!("{} issues its last certificate on {}", ca.name, ca.last_issuance),
    };
    let (name, new) = (&lineage.name, crate::ca::LETS_ENCRYPT);
    let finding = Finding::new(says)
        .about(Subject::Server(setting.text().unwrap_or_default().to_owned()))
        .saw_wanted(place, setting.shown(), "a CA that issues")
        .fix(
            "move to another CA",
            [format!("certbot renew --cert-name {name} --server {new} --force-renewal")],
        );
    let finding = finding.lowered_if(!ended, Severity::MayFail, "it still issues today");
    Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::Role;

    const BUYPASS: &str = "https://api.buypass.com/acme/directory";

    #[test]
    fn a_ca_that_ended_fails() {
        let (severity, finding) = only(&CHECK, &lineage_with("server", BUYPASS), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Server(BUYPASS.into()));
    }

    #[test]
    fn before_its_end_it_may_fail_only() {
        let mut host = host();
        host.now = "2025-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(only(&CHECK, &lineage_with("server", BUYPASS), &host).0, Severity::MayFail);
    }

    #[test]
    fn a_ca_that_issues_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("server", "https://acme.zerossl.com/v2/DV90"), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

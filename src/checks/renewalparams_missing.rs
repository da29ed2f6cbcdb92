//! A conf without `[renewalparams]`.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The section that says how to renew is not there.
pub static CHECK: Check = Check {
    id: "renewalparams-missing",
    title: "the renewal configuration has no [renewalparams]",
    severity: Severity::WillFail,
    why: "certbot says `Renewal configuration file … lacks renewalparams. Skipping.` at every renewal",
    fix: "reissue the certificate under its name: certbot certonly --cert-name NAME -d … with its authenticator",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &[
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if conf.has_section("renewalparams") {
        return Ok(vec![]);
    }
    let says = format!("the renewal configuration of {} does not say how to renew it", lineage.name);
    let domains: Vec<String> = lineage.names().iter().map(|name| format!("-d {name}")).collect();
    let domains = if domains.is_empty() { "-d …".to_owned() } else { domains.join(" ") };
    Ok(vec![
        Finding::new(says)
            .saw_wanted(
                &conf.path,
                "no section [renewalparams]",
                "[renewalparams] with an authenticator and a server",
            )
            .fix(
                "reissue it under the same name, with the authenticator that it had",
                [format!("certbot certonly --cert-name {} {domains}", lineage.name)],
            ),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn a_conf_without_the_section_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        let conf = lineage.conf.as_mut().unwrap();
        conf.sections.clear();
        conf.settings.retain(|s| s.section.is_empty());
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.fix.unwrap().commands[0].ends_with("-d example.com -d www.example.com"));
        assert_eq!(loud(&[lineage], &host()), ["renewalparams-missing"]);
    }

    #[test]
    fn a_conf_with_it_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

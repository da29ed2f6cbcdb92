//! `[renewalparams]` without an authenticator.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, SettingValue};

/// The conf does not name the plugin that proves control of the names.
pub static CHECK: Check = Check {
    id: "authenticator-missing",
    title: "the renewal configuration names no authenticator",
    severity: Severity::WillFail,
    why: "certbot says `Renewal configuration file … does not specify an authenticator. Skipping.` at every renewal",
    fix: "certbot reconfigure --cert-name NAME --webroot -w DIR (or another authenticator)",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins",
    ],
    explains: &[
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(head) = conf.sections.iter().find(|s| s.path == "renewalparams") else {
        return Err(Skip::NotApplicable("the conf has no [renewalparams]"));
    };
    let (place, saw) = match conf.setting("renewalparams", "authenticator") {
        None => (format!("{}:{}", conf.path, head.line), "no `authenticator` in [renewalparams]".to_owned()),
        // `None` passes certbot's first test and then leaves it without a plugin, unless cli.ini names one.
        Some(s) if matches!(&s.value, SettingValue::Text(t) if t.is_empty() || t == "None") => {
            if host.cli("authenticator").is_some() {
                return Ok(vec![]);
            }
            (conf.at(s), s.shown())
        }
        Some(_) => return Ok(vec![]),
    };
    let finding =
        Finding::new(format!("the renewal configuration of {} names no authenticator", lineage.name))
            .saw_wanted(place, saw, "authenticator = webroot, nginx, a DNS plugin …")
            .fix(
                "choose one; for a webroot",
                [format!("certbot reconfigure --cert-name {} --webroot -w /var/www/html", lineage.name)],
            );
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, loud, only, silent, unknown, unset};
    use crate::facts::Role;

    #[test]
    fn a_conf_without_an_authenticator_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "authenticator");
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
        assert_eq!(loud(&[lineage], &host()), ["authenticator-missing"]);
    }

    #[test]
    fn none_and_nothing_are_no_authenticators() {
        only(&CHECK, &lineage_with("authenticator", "None"), &host());
        only(&CHECK, &lineage_with("authenticator", ""), &host());
    }

    #[test]
    fn a_conf_that_names_one_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

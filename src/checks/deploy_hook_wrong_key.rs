//! The deploy hook stands in the conf under a key that certbot does not read.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Install, Lineage, UNUSED};

/// `deploy_hook` in the conf, where the file's key is `renew_hook`.
pub static CHECK: Check = Check {
    id: "deploy-hook-wrong-key",
    title: "the deploy hook in the conf stands under the wrong key",
    severity: Severity::MayFail,
    why: "the option is called --deploy-hook, but in the file its key is renew_hook: certbot before 5.3 ignores the line \
          and removes it at the next renewal, so the hook never runs",
    fix: "rename the key to renew_hook, or certbot reconfigure --cert-name NAME --deploy-hook 'COMMAND' (certbot 2.3 and \
          later)",
    cites: &[
        "https://github.com/certbot/certbot/pull/10534",
        "https://github.com/certbot/certbot/issues/8368",
    ],
    explains: &["no-reload-at-all"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(setting) = conf.param("deploy_hook").filter(|s| s.text() != Some("")) else {
        return Ok(vec![]);
    };
    if conf.param("renew_hook").is_some()
        || host.given("deploy-hook").is_some()
        || host.given("renew-hook").is_some()
    {
        return Ok(vec![]);
    }
    let finding =
        Finding::new(format!("the deploy hook of {} never runs: its key is renew_hook", lineage.name))
            .saw_wanted(
                conf.at(setting),
                setting.shown(),
                setting.shown().replacen("deploy_hook", "renew_hook", 1),
            )
            .fix("rename the key", [format!("sed -i 's/^deploy_hook *=/renew_hook =/' {}", conf.path)]);
    // Since 5.3 certbot calls it deploy_hook inside, and so reads both keys.
    let mut releases = host.installs.iter().flatten().map(Install::release).peekable();
    let reads_both = releases.peek().is_some() && releases.all(|r| r.is_some_and(|r| r >= (5, 3)));
    Ok(vec![if reads_both {
        finding.lowered(Severity::Note, "certbot 5.3 and newer read this key as well")
    } else {
        finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, denied, host, lineage, lineage_with, only, silent, unknown, unset, with_certbots,
    };
    use crate::facts::{Lineage, Role};

    fn wrong() -> Lineage {
        let mut lineage = lineage_with("deploy_hook", "systemctl reload nginx");
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "renew_hook");
        lineage
    }

    #[test]
    fn the_options_name_as_key_may_fail_its_users() {
        let (severity, finding) = only(&CHECK, &wrong(), &with_certbots(&["4.0.0"]));
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].wanted.as_deref(), Some("renew_hook = systemctl reload nginx"));
        only(&CHECK, &wrong(), &with_certbots(&["5.8.0", "2.1.0"]));
    }

    #[test]
    fn a_certbot_that_reads_both_makes_it_a_note() {
        assert_eq!(only(&CHECK, &wrong(), &with_certbots(&["5.8.0"])).0, Severity::Note);
    }

    #[test]
    fn renew_hook_beside_it_or_a_hook_in_cli_ini_is_silent() {
        silent(&CHECK, &lineage_with("deploy_hook", "x"), &host());
        silent(&CHECK, &wrong(), &cli_ini(&[("deploy-hook", "systemctl reload nginx")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

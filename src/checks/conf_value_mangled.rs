//! A value that ConfigObj reads otherwise than it was meant.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, SettingValue};

/// A comma made a list of a text, or `%(name)s` refers to nothing.
pub static CHECK: Check = Check {
    id: "conf-value-mangled",
    title: "a value of the conf is not read as it was meant",
    severity: Severity::WillFail,
    why: "an unquoted comma turns a text into a list, which certbot's shell and plugin code does not expect; `%(name)s` \
          that refers to nothing makes certbot fail when it reads the value",
    fix: "put the value in quotes; write the percent sign otherwise, for instance in a script that the hook calls",
    cites: &[
        "https://configobj.readthedocs.io/en/latest/configobj.html#string-interpolation",
        "https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Keys of `[renewalparams]` that certbot restores as text.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py>
const TEXTS: [&str; 20] = [
    "config_dir",
    "logs_dir",
    "work_dir",
    "user_agent",
    "server",
    "account",
    "authenticator",
    "installer",
    "renew_hook",
    "deploy_hook",
    "pre_hook",
    "post_hook",
    "manual_auth_hook",
    "manual_cleanup_hook",
    "http01_address",
    "preferred_chain",
    "key_type",
    "elliptic_curve",
    "preferred_profile",
    "required_profile",
];

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let mut findings = Vec::new();
    for setting in &conf.settings {
        let place = conf.at(setting);
        if let Some(why) = &setting.unresolved {
            // certbot reads every value of [renewalparams] and its own keys of the top level; others it leaves alone.
            let read = setting.section.starts_with("renewalparams")
                || (setting.section.is_empty()
                    && (setting.key == "version" || Kind::ALL.iter().any(|kind| kind.word() == setting.key)));
            findings.push(
                Finding::new(format!(
                    "{} of {} refers to a value that is not there",
                    setting.key, lineage.name
                ))
                .saw_wanted(&place, why, "text without `%(…)s`")
                .fix(
                    format!("rewrite the value at {place}"),
                    [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
                )
                .lowered_if(!read, Severity::Note, "certbot does not read this value"),
            );
        } else if let SettingValue::List(items) = &setting.value
            && setting.section == "renewalparams"
            && TEXTS.contains(&setting.key.as_str())
        {
            findings.push(
                Finding::new(format!(
                    "{} of {} is read as a list of {}",
                    setting.key,
                    lineage.name,
                    items.len()
                ))
                .saw_wanted(&place, setting.shown(), format!("{} = \"…\" in quotes", setting.key))
                .fix(
                    format!("put the value at {place} in quotes"),
                    [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
                )
                .lowered(Severity::MayFail, "what certbot makes of a list depends on the key"),
            );
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::{Lineage, Role, Setting, SettingValue};

    fn change(lineage: &mut Lineage, key: &str, change: impl FnOnce(&mut Setting)) {
        change(lineage.conf.as_mut().unwrap().settings.iter_mut().find(|s| s.key == key).unwrap());
    }

    #[test]
    fn a_hook_cut_at_its_comma_may_fail() {
        let mut lineage = lineage();
        change(&mut lineage, "renew_hook", |s| s.value = SettingValue::List(vec!["a".into(), "b".into()]));
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].saw, "renew_hook = a, b");
    }

    #[test]
    fn a_reference_to_nothing_fails_where_certbot_reads_it() {
        let mut lineage = lineage_with("post_hook", "echo %(x)s");
        change(&mut lineage, "post_hook", |s| s.unresolved = Some("there is no `x`".into()));
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
        let mut other = crate::checks::testing::lineage();
        change(&mut other, "archive_dir", |s| s.unresolved = Some("there is no `x`".into()));
        assert_eq!(only(&CHECK, &other, &host()).0, Severity::Note);
    }

    #[test]
    fn lists_that_are_meant_and_percent_signs_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("post_hook", "date +%s"), &host());
        let mut lists = lineage_with("pref_challs", "http-01");
        change(&mut lists, "pref_challs", |s| s.value = SettingValue::List(vec!["http-01".into()]));
        silent(&CHECK, &lists, &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

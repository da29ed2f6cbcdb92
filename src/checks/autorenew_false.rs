//! `autorenew = False` switches a lineage off without a word.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, Usage};

/// The conf says that `certbot renew` shall pass it over.
pub static CHECK: Check = Check {
    id: "autorenew-false",
    title: "automatic renewal is switched off for this lineage",
    severity: Severity::WillFail,
    why: "`certbot renew` says `not yet due for renewal` and exits 0 for ever, while `certbot renew --dry-run` still passes",
    fix: "set autorenew = True in renewal/NAME.conf, or delete the line: certbot has no option that switches it on again",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(setting) =
        conf.param("autorenew").filter(|s| s.text().is_some_and(|t| t.eq_ignore_ascii_case("false")))
    else {
        return Ok(vec![]);
    };
    let mut finding = Finding::new(format!(
        "automatic renewal is switched off for {}",
        lineage.name
    ))
    .saw_wanted(
        conf.at(setting),
        setting.shown(),
        "autorenew = True, or no such line",
    )
    // certbot knows `--no-autorenew` alone.
    .fix(
        "switch it on",
        [format!(
            "sed -i {}s/{}/True/ {}",
            setting.line,
            setting.text().unwrap_or_default(),
            conf.path
        )],
    );
    if let Ok(cert) = &lineage.cert {
        finding = finding.bites_at(cert.not_after);
    }
    let unused = matches!(host.servers.usage(&lineage.name), Usage::NotNamed);
    Ok(vec![finding.lowered_if(unused, Severity::Note, "no server found on this host names this lineage")])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn false_in_any_case_fails() {
        for value in ["False", "false", "FALSE"] {
            assert_eq!(only(&CHECK, &lineage_with("autorenew", value), &host()).0, Severity::WillFail);
        }
    }

    #[test]
    fn true_or_nothing_is_silent() {
        silent(&CHECK, &lineage_with("autorenew", "True"), &host());
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

//! `renew_before_expiry` stands where certbot does not read it, says nothing, or makes the lineage always due.

use crate::ca::is_lets_encrypt;
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{Conf, HostFacts, Kind, Lineage, UNUSED};
use crate::forecast::{certbot_release, interval_seconds};

/// The interval is in a section, is no interval, or is as long as the certificate lives.
pub static CHECK: Check = Check {
    id: "renew-before-expiry-wrong",
    title: "renew_before_expiry does not do what it says",
    severity: Severity::MayFail,
    why: "in a section certbot ignores it; a value that is no interval counts as nothing, so the renewal waits for the \
          expiry; one as long as the lifetime renews at every run until the CA's limit is reached",
    fix: "delete it: certbot 4.0 and newer choose well; before that, have a third of the lifetime at the top of the conf",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#renewal-config-file",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &["ari-window-missed", "attempts-too-few", "certificate-expired", "rl-exact-set"],
    run: Run::Lineage(run),
};

const KEY: &str = "renew_before_expiry";
/// What parsedatetime may understand although [`interval_seconds`] does not.
const UNITS: [&str; 7] = ["sec", "min", "hour", "day", "week", "month", "year"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let name = &lineage.name;
    let inside = conf.settings.iter().find(|s| s.key == KEY && !s.section.is_empty());
    let finding = match (conf.top(KEY), inside) {
        (None, Some(setting)) => {
            Finding::new(format!("certbot ignores {KEY} of {name}: it stands in a section")).saw_wanted(
                conf.at(setting),
                format!("{} below [{}]", setting.shown(), setting.section),
                "the line above the first section",
            )
        }
        (Some(setting), _) => {
            let Some(text) = setting.text() else { return Ok(vec![]) };
            match interval_seconds(text) {
                None if UNITS.iter().any(|unit| text.to_ascii_lowercase().contains(unit)) => {
                    return Ok(vec![]);
                }
                None => Finding::new(format!(
                    "{KEY} of {name} is no interval, so nothing is renewed before it expires"
                ))
                .saw_wanted(
                    conf.at(setting),
                    setting.shown(),
                    "an interval such as 30 days",
                ),
                Some(seconds) => {
                    let cert = lineage.cert.as_ref()?;
                    if seconds < cert.lifetime_seconds() {
                        return Ok(vec![]);
                    }
                    let lifetime = cert.lifetime();
                    let says =
                        format!("{name} is due at every run: it lives {lifetime}, and {KEY} is {text}");
                    let finding = Finding::new(says)
                        .saw_wanted(conf.at(setting), setting.shown(), format!("less than {lifetime}"))
                        .saw(&lineage.link(Kind::Cert).path, format!("a lifetime of {lifetime}"));
                    let strict = lineage.server().is_some_and(is_lets_encrypt);
                    let because = "this CA's limits are not known to be as low as Let's Encrypt's";
                    finding.lowered_if(!strict, Severity::Note, because)
                }
            }
        }
        (None, None) => return Ok(vec![]),
    };
    let finding = mended(finding, lineage, host, conf);
    Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
}

/// certbot 4.0 and newer choose well by themselves; before that a third of the lifetime must be said.
fn mended(finding: Finding, lineage: &Lineage, host: &HostFacts, conf: &Conf) -> Finding {
    let path = &conf.path;
    let delete = format!("sed -i '/^ *{KEY} *=/d' {path}");
    if certbot_release(lineage, conf, host).is_some_and(|release| release >= (4, 0)) {
        return finding.fix("delete the line: this certbot chooses a good time by itself", [delete]);
    }
    let days = lineage.cert.as_ref().map_or(30, |cert| (cert.lifetime_days() / 3).max(1));
    let line = format!("{KEY} = {days} days");
    finding.fix(
        format!("say at the top of the conf when to renew: {line}"),
        [delete, format!("sed -i '1i {line}' {path}")],
    )
}

#[cfg(test)]
mod tests {
    use super::{CHECK, KEY};
    use crate::check::Severity;
    use crate::checks::testing::{
        denied, host, lineage, lineage_with, only, set, silent, unknown, with_certbots,
    };
    use crate::facts::{Lineage, Role};

    fn top(value: &str) -> Lineage {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "", KEY, value);
        lineage
    }

    #[test]
    fn in_the_wrong_section_it_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage_with(KEY, "10 days"), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.evidence[0].saw.contains("[renewalparams]"));
    }

    #[test]
    fn what_is_no_interval_or_longer_than_the_lifetime_may_fail() {
        only(&CHECK, &top("soon"), &host());
        let finding = only(&CHECK, &top("100 days"), &host()).1;
        assert!(finding.says.contains("every run"));
        assert_eq!(finding.fix.unwrap().commands.len(), 1, "it is deleted");
    }

    #[test]
    fn an_old_certbot_is_told_a_third_of_the_lifetime() {
        let fix = only(&CHECK, &top("100 days"), &with_certbots(&["2.1.0"])).1.fix.unwrap();
        assert!(fix.commands[1].contains("'1i renew_before_expiry = 30 days'"));
    }

    #[test]
    fn a_private_ca_without_limits_is_a_note() {
        let mut lineage = top("100 days");
        set(
            lineage.conf.as_mut().unwrap(),
            "renewalparams",
            "server",
            "https://step.corp.example/acme/directory",
        );
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::Note);
    }

    #[test]
    fn a_good_interval_in_any_words_or_none_is_silent() {
        for value in ["30 days", "20", "3 weeks", "1 month 1 week", "a week", "in 20 days"] {
            silent(&CHECK, &top(value), &host());
        }
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = top("30 days");
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

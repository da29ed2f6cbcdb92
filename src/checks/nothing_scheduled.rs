//! No timer, cron line or container was found that runs `certbot renew`.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, InstallKind};

/// Nothing effective starts a renewal.
pub static CHECK: Check = Check {
    id: "nothing-scheduled",
    title: "nothing on this host runs the renewals",
    severity: Severity::WillFail,
    why: "certbot renews only when something starts it; every certificate here expires, and no mail says so beforehand",
    fix: "enable the timer of certbot's package, or add a line to /etc/crontab: 0 0,12 * * * root certbot renew -q",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal"],
    explains: &["certificate-expired"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    if !host.runs_nothing()? {
        return Ok(vec![]);
    }
    let triggers = host.triggers.as_ref()?;
    let mut finding = Finding::new(match triggers.len() {
        0 => "no timer, cron line or container on this host runs certbot".to_owned(),
        1 => "the one thing here that should run certbot does not".to_owned(),
        n => format!("of the {n} things here that should run certbot none does"),
    })
    .about(Subject::Host);
    for trigger in triggers {
        let why = trigger.ineffective.as_ref().map(ToString::to_string).unwrap_or_default();
        finding = finding.saw(&trigger.r#where, why);
    }
    if triggers.is_empty() {
        finding = finding.saw_wanted(
            "/etc/systemd/system, /usr/lib/systemd/system, /etc/crontab, /etc/cron.*, /var/spool/cron",
            "nothing that calls certbot",
            "a timer or a cron line that runs certbot renew",
        );
    }
    let has_snap = host.installs.iter().flatten().any(|install| install.kind == InstallKind::Snap);
    let command = match triggers.iter().find_map(|t| t.unit.as_deref()) {
        _ if has_snap => "snap start --enable certbot.renew".to_owned(),
        Some(unit) if host.os.systemd => format!("systemctl enable --now {unit}"),
        _ => "echo '0 0,12 * * * root certbot renew -q' >> /etc/crontab".to_owned(),
    };
    Ok(vec![finding.fix("have certbot run twice a day", [command])])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Renewal, Role};

    #[test]
    fn a_host_without_any_trigger_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Host);
        assert!(finding.fix.unwrap().commands[0].contains("crontab"));
    }

    #[test]
    fn triggers_that_do_nothing_are_shown_with_their_reasons() {
        let host = with_triggers(vec![
            timer(Some(Ineffective::NotEnabled)),
            timer(Some(Ineffective::GuardedAgainstSystemd)),
        ]);
        let (_, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(finding.evidence.len(), 2);
        assert!(finding.evidence[0].saw.contains("not enabled"));
    }

    #[test]
    fn debians_inert_cron_line_beside_its_timer_is_silent() {
        silent(
            &CHECK,
            &lineage(),
            &with_triggers(vec![timer(Some(Ineffective::GuardedAgainstSystemd)), timer(None)]),
        );
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_host_without_lineages_is_silent() {
        let mut host = with_triggers(vec![]);
        host.renewal = Ok(Renewal::default());
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}

//! No timer, cron line or container was found that runs `certbot renew`.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Install, InstallKind, Purpose, Trigger, TriggerKind};
use crate::index::Index;

/// Nothing effective starts a renewal.
pub static CHECK: Check = Check {
    id: "nothing-scheduled",
    title: "nothing on this host runs the renewals",
    severity: Severity::WillFail,
    why: "certbot renews only when something starts it; every certificate here expires, and no mail says so beforehand",
    fix: "enable the timer of certbot's package, or add a line to /etc/crontab: 0 0,12 * * * root certbot renew -q",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    if !host.runs_nothing()? {
        return forgotten(index, host);
    }
    let triggers: Vec<&Trigger> =
        host.triggers.as_ref()?.iter().filter(|t| t.task.purpose == Purpose::Renews).collect();
    // What other containers may do with one that runs once is not seen: container-without-scheduler says so.
    if !triggers.is_empty() && triggers.iter().all(|trigger| trigger.kind == TriggerKind::Container) {
        return Ok(vec![]);
    }
    let others = triggers.iter().filter(|trigger| !trigger.client.knows_certbots_lineages());
    let mut finding = Finding::new(match (triggers.len(), others.count()) {
        (0, _) => "no timer, cron line or container on this host runs certbot".to_owned(),
        (n, others) if n == others => {
            "what renews here is another client, which does not know certbot's lineages".to_owned()
        }
        (1, _) => "the one thing here that should run certbot does not".to_owned(),
        (n, _) => format!("of the {n} things here that should run certbot none does"),
    })
    .about(Subject::Host);
    for trigger in &triggers {
        let why = match &trigger.ineffective {
            Some(why) => why.to_string(),
            None => format!("{} renews its own certificates", trigger.client.word()),
        };
        finding = finding.saw(&trigger.r#where, why);
    }
    if triggers.is_empty() {
        finding = finding.saw_wanted(
            "/etc/systemd/system, /usr/lib/systemd/system, /etc/crontab, /etc/cron.*, /var/spool/cron",
            "nothing that calls certbot",
            "a timer or a cron line that runs certbot renew",
        );
    }
    let program = host.installs.iter().flatten().find_map(program).unwrap_or_else(|| "certbot".to_owned());
    let has_snap = host.installs.iter().flatten().any(|install| install.kind == InstallKind::Snap);
    let command = match triggers.iter().find_map(|t| t.unit.as_deref()) {
        _ if has_snap => "snap start --enable certbot.renew".to_owned(),
        Some(unit) if host.os.systemd => format!("systemctl enable --now {unit}"),
        _ => format!("echo '0 0,12 * * * root {program} renew -q' >> /etc/crontab"),
    };
    let expired = index.rows.iter().any(|row| row.validity.is_some_and(|(_, after)| after <= host.now));
    let (summary, now) = match expired {
        true => {
            ("have certbot run twice a day, and renew what has expired now", Some(format!("{program} renew")))
        }
        false => ("have certbot run twice a day", None),
    };
    Ok(vec![finding.fix(summary, [command].into_iter().chain(now))])
}

/// The lineages that each trigger leaves out.
fn forgotten(index: &Index, host: &HostFacts) -> Verdict {
    let left: Vec<String> = index.uncovered(host)?.into_iter().map(str::to_owned).collect();
    let some = host.effective_triggers().next().is_some();
    let Some(first) = left.first().filter(|_| some) else { return Ok(vec![]) };
    let says = match left.len() {
        n if n == index.rows.len() && n > 1 => {
            format!("nothing renews any of the {n} lineages: what runs here names others")
        }
        1 => format!("nothing renews {first}: what runs here names other lineages"),
        n => format!("nothing renews {first} and {} more: what runs here names other lineages", n - 1),
    };
    let mut finding = Finding::new(says).about(Subject::Trigger("--cert-name".to_owned())).of(left);
    for trigger in host.effective_triggers().take(3) {
        finding = finding.saw_wanted(
            &trigger.r#where,
            trigger.command.as_str(),
            "`certbot renew` without --cert-name, for all lineages",
        );
    }
    Ok(vec![finding.fix("have one command renew all of them", ["certbot renew -q"])])
}

/// The certbot to call: cron's own PATH does not lead to one in a virtual environment or a snap.
fn program(install: &Install) -> Option<String> {
    let plain = |path: &str| path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    match install.kind {
        InstallKind::Package => Some("/usr/bin/certbot".to_owned()),
        InstallKind::Snap => Some("/snap/bin/certbot".to_owned()),
        InstallKind::Pip => {
            let (prefix, _) =
                install.path.split_once("/lib/python").or(install.path.split_once("/lib64/python"))?;
            plain(prefix).then(|| format!("{prefix}/bin/certbot"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        across, days, denied, host, install, lineage, only, silent, timer, unknown, with_triggers,
    };
    use crate::facts::{
        Client, Ineffective, Install, InstallKind, Lineage, Renewal, Role, Task, Trigger, TriggerKind,
    };

    #[test]
    fn a_host_without_any_trigger_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Host);
        assert_eq!(
            finding.fix.unwrap().commands,
            ["echo '0 0,12 * * * root /usr/bin/certbot renew -q' >> /etc/crontab"]
        );
    }

    #[test]
    fn a_virtual_environment_is_called_by_its_path_and_what_has_expired_is_renewed_now() {
        let mut host = with_triggers(vec![]);
        let pip = Install {
            kind: InstallKind::Pip,
            path: "/opt/certbot/lib/python3.11/site-packages".into(),
            ..install("5.8.0", &[])
        };
        host.installs = Ok(vec![pip]);
        let mut expired = lineage();
        expired.cert.as_mut().unwrap().not_after = days(-1);
        let commands = only(&CHECK, &expired, &host).1.fix.unwrap().commands;
        assert!(commands[0].contains(" root /opt/certbot/bin/certbot renew -q"));
        assert_eq!(commands[1], "/opt/certbot/bin/certbot renew");
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
    fn a_lineage_that_every_trigger_leaves_out_fails_alone() {
        let task = Task { only: vec!["example.com".into()], ..Task::default() };
        let host = with_triggers(vec![Trigger { task, ..timer(None) }]);
        let other = Lineage { name: "other.example".into(), ..lineage() };
        let findings = across(&CHECK, &[lineage(), other], &host).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].lineages, ["other.example"]);
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn another_clients_schedule_is_none_for_certbots_lineages() {
        let host = with_triggers(vec![Trigger { client: Client::AcmeSh, ..timer(None) }]);
        let finding = only(&CHECK, &lineage(), &host).1;
        assert!(finding.says.contains("another client"), "{}", finding.says);
        assert!(finding.evidence[0].saw.contains("acme.sh renews its own"));
    }

    #[test]
    fn containers_that_run_once_are_left_to_their_own_check() {
        let once = Ineffective::NotStarted("the container renews once".into());
        let container = Trigger { kind: TriggerKind::Container, ..timer(Some(once)) };
        silent(&CHECK, &lineage(), &with_triggers(vec![container]));
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

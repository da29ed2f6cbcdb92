//! The schedule renews what is not due, again and again.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};
use crate::forecast::moment;

/// `--force-renewal` in a timer, a cron line or cli.ini.
pub static CHECK: Check = Check {
    id: "force-renewal-in-schedule",
    title: "the schedule forces a renewal at every run",
    severity: Severity::WillFail,
    why: "every run is a new certificate, until the CA answers `too many certificates (5) already issued for this exact \
          set of identifiers`; then nothing is renewed for days, also where it is needed",
    fix: "take --force-renewal (--renew-by-default) out of the command or of cli.ini; certbot renews in time by itself",
    cites: &[
        "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates",
    ],
    explains: &["ari-window-missed", "certificate-expired", "rl-exact-set"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(forecast) = &lineage.forecast else { return Ok(vec![]) };
    let forcing = host.covering(&lineage.name).find_map(|trigger| Some((trigger, host.forces(trigger)?)));
    let Some((trigger, (saw, place))) = forcing else { return Ok(vec![]) };
    let in_a_week = outlook.forced_in_a_week;
    let finding =
        Finding::new(format!("{} renews at every run, up to {in_a_week} times a week", trigger.name()))
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(&place, saw, "a command without it")
            .saw(&trigger.r#where, trigger.times())
            .fix("take the flag out", Vec::<String>::new());
    let finding = match outlook.limited {
        Some(at) => finding.bites_at(moment(at)),
        None => finding,
    };
    let finding = match forecast.course.limits() {
        _ if host.unused(lineage) => finding.lowered(Severity::Note, UNUSED),
        None => {
            finding.lowered(Severity::Note, "this CA's limits are not known to be as low as Let's Encrypt's")
        }
        Some(limits) => {
            finding.lowered_if(in_a_week < limits.same_names, Severity::Note, "it stays below the CA's limit")
        }
    };
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, cron, denied, host, lineage, only, set, silent, unknown, with_triggers,
    };
    use crate::facts::{Client, HostFacts, Role, Task, Trigger};

    fn forced(times: &str) -> HostFacts {
        let place = "/etc/cron.d/certbot:3".to_owned();
        let task = Task { forced: Some(("--force-renewal".into(), place)), ..Task::default() };
        with_triggers(vec![Trigger { task, ..cron(times) }])
    }

    #[test]
    fn every_day_fails_and_once_a_week_is_a_note() {
        let (severity, finding) = only(&CHECK, &lineage(), &forced("0 3 * * *"));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("7 times a week"), "{}", finding.says);
        assert_eq!(only(&CHECK, &lineage(), &forced("0 3 * * 1")).0, Severity::Note);
    }

    #[test]
    fn in_cli_ini_it_counts_for_every_run() {
        let (severity, finding) = only(&CHECK, &lineage(), &cli_ini(&[("force-renewal", "true")]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].r#where, "/etc/letsencrypt/cli.ini:1");
        let mut weekly = cli_ini(&[("force-renewal", "true")]);
        weekly.triggers = Ok(vec![cron("0 3 * * 1")]);
        assert_eq!(only(&CHECK, &lineage(), &weekly).0, Severity::Note);
        let other = Trigger { client: Client::AcmeAudit, ..cron("0 3 * * *") };
        weekly.triggers = Ok(vec![other]);
        silent(&CHECK, &lineage(), &weekly);
    }

    #[test]
    fn a_private_ca_is_a_note_and_a_plain_renewal_silent() {
        let mut private = lineage();
        set(
            private.conf.as_mut().unwrap(),
            "renewalparams",
            "server",
            "https://step.corp.example/acme/directory",
        );
        assert_eq!(only(&CHECK, &private, &forced("0 3 * * *")).0, Severity::Note);
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &cli_ini(&[("force-renewal", "false")]));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}

//! Too few attempts fit between the day a certificate becomes due and its end, however often the schedule runs.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, UNUSED};

/// The time in which the certificate is due is too short for the schedule.
pub static CHECK: Check = Check {
    id: "attempts-too-few",
    title: "too few attempts fit before the certificate expires",
    severity: Severity::WillFail,
    why: "renewals fail for a day now and then (an outage of the CA, a limit, a name server); with fewer than three \
          attempts one such day costs the certificate",
    fix: "have it run twice a day, and have the certificate become due earlier: delete a short renew_before_expiry",
    cites: &[
        "https://letsencrypt.org/docs/integration-guide/#when-to-renew",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let wanted = host.terms.enough_for(&lineage.name);
    let cert = lineage.cert.as_ref()?;
    let Some(due) = lineage.forecast.as_ref().and_then(|forecast| forecast.due_by) else { return Ok(vec![]) };
    if outlook.window >= wanted {
        return Ok(vec![]);
    }
    let days = (cert.not_after.as_second() - due.as_second()).max(0) as f64 / 86_400.0;
    let attempts = match outlook.window {
        0 => "no attempt fits".to_owned(),
        1 => "one attempt fits".to_owned(),
        n => format!("{n} attempts fit"),
    };
    let mut finding =
        Finding::new(format!("{attempts} between the day {} becomes due and its end", lineage.name))
            .about(Subject::Lineage)
            .saw_wanted(
                &lineage.link(Kind::Cert).path,
                format!("due {days:.1} days before it expires"),
                format!("time for {wanted} attempts"),
            );
    for trigger in host.covering(&lineage.name).take(3) {
        finding = finding.saw(&trigger.r#where, trigger.times());
    }
    let finding = if host.unused(lineage) {
        finding.lowered(Severity::Note, UNUSED)
    } else {
        finding.lowered_if(outlook.may_do(host.now), Severity::MayFail, "some attempts fit, or may fit")
    };
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cron, denied, host, lineage, only, set, silent, unknown, with_certbots, with_triggers,
    };
    use crate::facts::{Lineage, Role};

    fn due_before(interval: &str) -> Lineage {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "", "renew_before_expiry", interval);
        lineage
    }

    #[test]
    fn a_short_renew_before_expiry_leaves_too_few_attempts() {
        let mut host = with_certbots(&["2.1.0"]);
        host.triggers = Ok(vec![cron("0 3 * * *")]);
        let (severity, finding) = only(&CHECK, &due_before("2 days"), &host);
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.starts_with("2 attempts fit"), "{}", finding.says);
        assert_eq!(only(&CHECK, &due_before("2 hours"), &host).0, Severity::WillFail);
    }

    #[test]
    fn the_cas_renewal_information_comes_before_a_late_wish() {
        silent(&CHECK, &due_before("2 days"), &with_triggers(vec![cron("0 3 * * *")]));
    }

    #[test]
    fn twice_a_day_and_fewer_when_the_user_says_so_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut host = with_certbots(&["2.1.0"]);
        host.triggers = Ok(vec![cron("0 3 * * *")]);
        host.terms.min_attempts = 2;
        silent(&CHECK, &due_before("2 days"), &host);
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}

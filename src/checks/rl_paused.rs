//! The CA has paused a name that failed too often in a row, or runs are so dense that it would before the certificate
//! expires.

use super::limited::refused;
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// More attempts than a name may fail in a row.
pub static CHECK: Check = Check {
    id: "rl-paused",
    title: "failures in a row have the CA pause the name",
    severity: Severity::MayFail,
    why: "after 1,152 failures in a row the CA takes no more orders for the name until a person follows the link in its \
          error; at a run every few minutes that takes days",
    fix: "mend what the validation fails of, follow the link that the CA gives in certbot's log, and have it run twice a \
          day",
    cites: &[
        "https://letsencrypt.org/docs/rate-limits/#consecutive-authorization-failures-per-hostname-per-account",
    ],
    explains: &["ari-window-missed", "rl-failed-authz"],
    run: Run::Lineage(run),
};

/// How the CA says it. <https://github.com/letsencrypt/boulder/blob/main/wfe2/wfe.go>
const WORDS: [&str; 1] = ["temporarily prevented from requesting certificates"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    match paused(lineage, host) {
        Ok(Some(finding)) => Ok(vec![finding]),
        passed => {
            let foreseen = foreseen(lineage, host)?;
            if foreseen.is_empty() { passed.map(|_| foreseen) } else { Ok(foreseen) }
        }
    }
}

/// The pause that the CA answered the last attempt with. The link that ends it is not repeated here: whoever has it may.
fn paused(lineage: &Lineage, host: &HostFacts) -> Result<Option<Finding>, Skip> {
    let Some(logged) = refused(lineage, host, &WORDS)? else { return Ok(None) };
    let detail = logged.refusal().map_or("", |(_, detail)| detail);
    let said = detail.split(" Please visit").next().unwrap_or(detail);
    let evidence = Evidence { kind: Source::Log, ..Evidence::file(&logged.place, said) };
    let file = logged.place.rsplit_once(':').map_or(logged.place.as_str(), |(file, _)| file);
    let finding = Finding::new(format!(
        "the CA has paused {} since {}: it takes no order until somebody follows its link",
        lineage.name,
        logged.at.strftime("%Y-%m-%d %H:%M UTC")
    ))
    .evidence(evidence)
    .fix(
        "mend what the validation fails of, then follow the link in the log; if somebody has, the next attempt succeeds",
        [
            format!("grep -o 'https://[^ ]*unpause[^ ]*' {file} | tail -n 1"),
            format!("certbot renew --cert-name {}", lineage.name),
        ],
    );
    Ok(Some(finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)))
}

/// A schedule that would have a failing name paused.
fn foreseen(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(forecast) = &lineage.forecast else { return Ok(vec![]) };
    let (Some(limits), Some(due)) = (forecast.course.limits(), forecast.due_by) else { return Ok(vec![]) };
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    // Failures beyond the hourly limit are refused and do not count.
    let a_day =
        u32::try_from(outlook.in_a_day).unwrap_or(u32::MAX).min(limits.failures_per_hour.saturating_mul(24));
    let counted = a_day.saturating_sub(limits.failures_forgiven_per_day);
    let Some(days) = limits.failures_until_paused.checked_div(counted).map(i64::from) else {
        return Ok(vec![]);
    };
    let window = forecast.cert.to.saturating_sub(due.as_second()) / 86_400;
    if days >= window {
        return Ok(vec![]);
    }
    let says = format!(
        "should {} fail, {a_day} failures a day have the CA pause it after {days} days, {} before it expires",
        lineage.name,
        window - days
    );
    Ok(vec![
        Finding::new(says)
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(&trigger.r#where, trigger.times(), "twice a day")
            .fix("have it run twice a day", Vec::<String>::new())
            .lowered(Severity::Note, "only a renewal that fails comes to this"),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cron, denied, failed, host, lineage, lives, only, silent, unknown, with_triggers,
    };
    use crate::facts::{HostFacts, Role};

    #[test]
    fn a_pause_may_fail_until_a_success_and_its_link_is_not_repeated() {
        let error = "urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: Your account \
                     is temporarily prevented from requesting certificates for example.com and possibly others. Please \
                     visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=s3cret";
        let (severity, finding) = only(&CHECK, &lineage(), &failed(-1, error, &[]));
        assert_eq!(severity, Severity::MayFail);
        assert!(!format!("{finding:?}").contains("s3cret"));
        let commands = finding.fix.unwrap().commands;
        assert!(commands[0].contains("/var/log/letsencrypt/letsencrypt.log |"), "{commands:?}");
        let mut renewed = lineage();
        lives(&mut renewed, 0, 90);
        silent(&CHECK, &renewed, &failed(-1, error, &[]));
        silent(&CHECK, &lineage(), &failed(-1, "Some challenges have failed.", &[]));
        unknown(&CHECK, &lineage(), &HostFacts { logged: denied(Role::Other), ..host() });
    }

    #[test]
    fn every_five_minutes_is_a_note() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![cron("*/5 * * * *")]));
        assert_eq!(severity, Severity::Note);
        assert!(
            finding.says.contains("120 failures a day have the CA pause it after 9 days"),
            "{}",
            finding.says
        );
    }

    #[test]
    fn every_hour_and_twice_a_day_are_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 * * * *")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}

//! The certificate has been due for long, the schedule has run since, and nothing was renewed.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, UNUSED};

/// The time in which the CA wants the renewal has passed, and so have several runs.
pub static CHECK: Check = Check {
    id: "ari-window-missed",
    title: "the renewal is overdue",
    severity: Severity::MayFail,
    why: "the certificate was due, the schedule should have run several times since, and the old certificate is still \
          there: the renewals fail, or the schedule does not do what it seems to",
    fix: "look at what certbot said last in /var/log/letsencrypt/letsencrypt.log, and try it: certbot renew --dry-run",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc9773#section-4.2",
        "https://letsencrypt.org/docs/integration-guide/#when-to-renew",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let cert = lineage.cert.as_ref()?;
    let Some(due) = lineage.forecast.as_ref().and_then(|forecast| forecast.due_by) else { return Ok(vec![]) };
    let Some(gap) = outlook.largest_gap else { return Ok(vec![]) };
    let Some(late) = host.two_runs_since(due, gap, "the runs since the certificate was due")? else {
        return Ok(vec![]);
    };
    let days = (host.now.as_second() - due.as_second()) / 86_400;
    let mut finding =
        Finding::new(format!("{} has been due for {days} days, and nothing has renewed it", lineage.name))
            .about(Subject::Lineage)
            .bites_at(due)
            .saw_wanted(
                &lineage.link(Kind::Cert).path,
                format!("issued on {}", cert.not_before.strftime("%Y-%m-%d")),
                format!("a certificate issued by {}", late.strftime("%Y-%m-%d")),
            )
            .fix(
                "see why: what certbot said last, and a rehearsal",
                [
                    format!("tail -n 40 {}/letsencrypt.log", host.dirs.logs),
                    format!("certbot renew --cert-name {} --dry-run", lineage.name),
                ],
            );
    for trigger in host.covering(&lineage.name).take(3) {
        finding = finding.saw(&trigger.r#where, trigger.times());
    }
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{days, denied, host, lineage, lives, only, silent, unknown};
    use crate::facts::{Lineage, Role};

    /// Ninety days, so many of them past.
    fn aged(days: i64) -> Lineage {
        let mut lineage = lineage();
        lives(&mut lineage, -days, 90 - days);
        lineage
    }

    #[test]
    fn ten_days_after_it_was_due_it_may_fail() {
        let (severity, finding) = only(&CHECK, &aged(71), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("has been due for 10 days"), "{}", finding.says);
    }

    #[test]
    fn due_tonight_or_since_yesterday_is_silent() {
        silent(&CHECK, &aged(60), &host());
        silent(&CHECK, &aged(62), &host());
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn in_a_copied_tree_nobody_knows_what_happened_since() {
        let mut host = host();
        host.alive = None;
        unknown(&CHECK, &aged(71), &host);
        host.alive = Some(days(-9));
        unknown(&CHECK, &aged(71), &host);
        silent(&CHECK, &lineage(), &host);
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}

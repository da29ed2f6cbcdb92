//! Nothing has run certbot for longer than the schedule would have it.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{Client, HostFacts, Lineage, Missing, UNUSED};

/// The newest trace of a run is older than two runs of the schedule and a day.
pub static CHECK: Check = Check {
    id: "last-run-too-old",
    title: "certbot has not run when the schedule says it should",
    severity: Severity::MayFail,
    why: "the schedule looks right and leaves no trace: it is not started, or ends before certbot does anything, and the \
          certificates will expire",
    fix: "start the service by hand and see what it says: systemctl start certbot.service; journalctl -u certbot",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal",
        "https://www.rfc-editor.org/rfc/rfc9773#section-4.3",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(gap) = outlook.largest_gap else { return Ok(vec![]) };
    // acme-audit's own runs leave their traces elsewhere.
    if host.covering(&lineage.name).any(|trigger| trigger.client == Client::AcmeAudit) {
        return Ok(vec![]);
    }
    let Some((last, place)) = last_trace(lineage, host)? else {
        return Err(Skip::NotApplicable("nothing tells when certbot ran last"));
    };
    if host.two_runs_since(last, gap, "certbot's last run")?.is_none() {
        return Ok(vec![]);
    }
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    let days = (host.now.as_second() - last.as_second()) / 86_400;
    let name = trigger.name();
    let start = match trigger.unit_state.as_ref().map(|state| state.service.as_str()) {
        Some(service) => vec![format!("systemctl start {service}"), format!("journalctl -u {service} -n 40")],
        None => vec!["certbot renew".to_owned()],
    };
    let finding = Finding::new(format!("certbot last ran {days} days ago, though {name} should run it"))
        .about(Subject::Trigger(trigger.r#where.clone()))
        .saw_wanted(place, last.strftime("%Y-%m-%d %H:%M UTC").to_string(), "a trace of the last two runs")
        .saw(&trigger.r#where, trigger.times())
        .fix("run it by hand and see what it says", start);
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

/// The newest trace of a run and where it was seen: certbot's log, the conf's `ari_retry_after` (certbot 5), a stamp.
fn last_trace(lineage: &Lineage, host: &HostFacts) -> Result<Option<(Timestamp, String)>, Missing> {
    let conf = lineage.conf.as_ref().map_err(Clone::clone)?;
    let log = host.log.as_ref().map_err(Clone::clone)?;
    let log = log.map(|at| (at, format!("{}/letsencrypt.log", host.dirs.logs)));
    let retry = conf.setting("acme_renewal_info", "ari_retry_after").and_then(|setting| {
        // certbot writes naive local time.
        let local: DateTime = setting.text()?.parse().ok()?;
        Some((host.time_zone().to_timestamp(local).ok()?, conf.at(setting)))
    });
    let stamps =
        host.covering(&lineage.name).filter_map(|trigger| Some((trigger.last_run?, trigger.r#where.clone())));
    Ok(stamps.chain(log).chain(retry).max_by_key(|(at, _)| *at))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{days, denied, host, lineage, only, run, set, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn a_log_of_last_month_may_fail() {
        let mut host = host();
        host.log = Ok(Some(days(-30)));
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("last ran 30 days ago"), "{}", finding.says);
    }

    #[test]
    fn any_newer_trace_is_silent() {
        let mut host = host();
        host.log = Ok(Some(days(-30)));
        let mut checked = lineage();
        set(checked.conf.as_mut().unwrap(), "acme_renewal_info", "ari_retry_after", "2026-11-23T13:00:00");
        silent(&CHECK, &checked, &host);
        host.triggers.as_mut().unwrap()[0].last_run = Some(days(-1));
        silent(&CHECK, &lineage(), &host);
        host.log = Ok(Some(days(-1)));
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn without_any_trace_it_is_not_asked_and_in_a_copied_tree_unknown() {
        let mut host = host();
        host.log = Ok(None);
        assert!(matches!(run(&CHECK, &lineage(), &host), Err(Skip::NotApplicable(_))));
        host.log = Ok(Some(days(-30)));
        host.alive = Some(days(-29));
        unknown(&CHECK, &lineage(), &host);
        host.log = denied(Role::Other);
        unknown(&CHECK, &lineage(), &host);
    }
}

//! What is scheduled calls the client without renewing.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// A dry run, `certonly` or no verb at all is scheduled.
pub static CHECK: Check = Check {
    id: "cron-wrong-verb",
    title: "what is scheduled does not renew",
    severity: Severity::WillFail,
    why: "`certbot` without `renew` asks questions that nobody answers, `renew --dry-run` changes nothing, and `certonly` makes a second lineage or stops at a prompt; all of them look like a renewal in the log",
    fix: "have it run certbot renew -q",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal",
        "https://github.com/certbot/certbot/issues/5920",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::WrongVerb(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let what = match idle.why {
            Ineffective::WrongVerb(what) => what.as_str(),
            _ => "",
        };
        Finding::of_idle(
            &idle,
            format!("what {place} runs does not renew ({what}), and nothing else does"),
            idle.trigger.command.as_str(),
            "certbot renew -q",
        )
        .fix("have it run `certbot renew -q`", Vec::<String>::new())
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_dry_run_alone_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew --dry-run".into(),
            ..timer(Some(Ineffective::WrongVerb("--dry-run".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "does not renew (--dry-run)");
    }
}

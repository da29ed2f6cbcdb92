//! cron refuses the line, or ends its command at a percent sign.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// A line that cron does not run as it was meant.
pub static CHECK: Check = Check {
    id: "cron-percent-or-syntax",
    title: "cron refuses the line, or cuts its command at a percent sign",
    severity: Severity::WillFail,
    why: "an unescaped % ends the command and makes the rest its input; a field that cron cannot read makes it drop the line or all of the table, with one message in the log",
    fix: "write \\% for every percent sign in the command; check the five times, and end the file with a line break",
    cites: &["https://manpages.debian.org/bookworm/cron/crontab.5.en.html"],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle =
        index.idle(host, |why| matches!(why, Ineffective::Syntax(_) | Ineffective::CutByPercent(_)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let (says, saw, wanted, fix) = match idle.why {
            Ineffective::CutByPercent(kept) => (
                "cron ends the command at a percent sign, and nothing else renews".to_owned(),
                format!("only `{kept}` is run"),
                "\\% for each percent sign",
                "put a backslash before each percent sign",
            ),
            Ineffective::Syntax(what) if what.contains("carriage return") => (
                "the file has the line ends of Windows, which break the command, and nothing else renews"
                    .to_owned(),
                what.clone(),
                "a line break alone at the end of each line",
                "take the carriage returns out",
            ),
            why => (
                "cron does not read the line, and nothing else renews".to_owned(),
                why.to_string(),
                "five times and a command, in a file that ends with a line break",
                "mend the line",
            ),
        };
        Finding::of_idle(&idle, says, saw, wanted)
            .fix(fix, idle.why.to_string().contains("carriage return").then(|| without_returns(place)))
    };
    Ok(idle.into_iter().map(finding).collect())
}

/// What to type for a table that came from Windows.
fn without_returns(place: &str) -> String {
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    match file.strip_prefix("/var/spool/cron/crontabs/") {
        // crontab alone tells cron of the change.
        Some(user) => format!("crontab -u {user} -l | tr -d '\\r' | crontab -u {user} -"),
        None => format!("sed -i 's/\\r$//' {file}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{lineage, only, timer, trigger_at_fault, with_triggers};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_command_that_is_cut_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::CutByPercent("test $(date +".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "percent sign");
    }

    #[test]
    fn windows_line_ends_are_taken_out() {
        let table = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            ..timer(Some(Ineffective::Syntax("the line ends with a carriage return".into())))
        };
        let (_, finding) = only(&super::CHECK, &lineage(), &with_triggers(vec![table]));
        assert_eq!(finding.fix.unwrap().commands, ["sed -i 's/\\r$//' /etc/cron.d/certbot"]);
    }
}

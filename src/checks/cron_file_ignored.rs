//! cron passes over the file that holds the renewal.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// The file's name, mode or owner makes cron ignore it.
pub static CHECK: Check = Check {
    id: "cron-file-ignored",
    title: "cron ignores the file with the renewal",
    severity: Severity::WillFail,
    why: "in /etc/cron.d Debian's cron reads only names of letters, digits, `-` and `_`, and only files that root owns and nobody else may write; run-parts wants the executable bit; nothing is said",
    fix: "rename the file without a dot, chown root:root and chmod 644 it (755 for a script in cron.daily)",
    cites: &["https://manpages.debian.org/bookworm/cron/cron.8.en.html"],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::FileIgnored(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let why = match idle.why {
            Ineffective::FileIgnored(why) => why.as_str(),
            _ => "",
        };
        let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        let plain = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("certbot");
        // There the line is right and the place is not: its user's column must go.
        if why.contains("/etc/crontabs") {
            let says = format!("cron ignores {file}, and nothing else renews");
            return Finding::of_idle(&idle, says, why, "the line, without its user, in /etc/crontabs/root")
                .fix("put the line, without its user, into root's own table", ["crontab -e"]);
        }
        let command = match name.contains('.') {
            true => format!("mv {file} {folder}/{plain}"),
            false if folder == "/etc/cron.d" || name == "crontab" => {
                format!("chown root:root {file} && chmod 644 {file}")
            }
            false => format!("chown root:root {file} && chmod 755 {file}"),
        };
        Finding::of_idle(
            &idle,
            format!("cron ignores {file}, and nothing else renews"),
            why,
            "a file that cron reads",
        )
        .fix("give it a name, an owner and a mode that cron takes", [command])
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_dot_in_the_name_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot.cron:2".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::FileIgnored("its name has a dot".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "cron ignores /etc/cron.d/certbot.cron");
    }
}

//! The script that answers the challenges for the manual plugin is gone, or cannot be executed.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{Conf, HostFacts, Lineage, Missing, PathState, Role, UNUSED, Why};

/// A manual hook's program cannot be run.
pub static CHECK: Check = Check {
    id: "manual-hook-missing-or-broken",
    title: "the script that answers the challenges cannot be run",
    severity: Severity::WillFail,
    why: "certbot only warns (`Hook '--manual-auth-hook' … reported error code 127`) and goes on, so the CA finds no \
          record or file and refuses the name",
    fix: "bring the script back, or name the new one: certbot reconfigure --cert-name NAME --manual-auth-hook COMMAND \
          (certbot 2.3 and later)",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

const HOOKS: [&str; 2] = ["manual_auth_hook", "manual_cleanup_hook"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("manual") || host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    let (mut findings, mut unclear): (Vec<Finding>, _) = (Vec::new(), None);
    for key in HOOKS {
        let Some(setting) = conf.param(key).filter(|_| host.given(&key.replace('_', "-")).is_none()) else {
            continue;
        };
        // Only what the facts could tell to be the program; a shell's own words are not judged.
        let Some(word) = setting.text().and_then(first_word) else {
            continue;
        };
        let saw = match lineage.paths.get(word) {
            Some(PathState::Absent(top)) if host.is_partial(top) => {
                let why = Why::Unclear(format!("{top} is not in this tree"));
                unclear = Some(Missing::new(word, why, Role::Other));
                continue;
            }
            Some(PathState::Absent(_)) => "does not exist",
            Some(PathState::File { executable: false, .. }) if word.starts_with('/') => "is not executable",
            Some(PathState::Folder | PathState::Shut(_)) if word.starts_with('/') => "is a folder",
            Some(PathState::Unknown(missing)) => {
                unclear = Some(missing.clone());
                continue;
            }
            _ => continue,
        };
        if let Some(known) = findings.iter_mut().find(|f| f.subject == Subject::Path(word.to_owned())) {
            known.evidence.push(crate::check::Evidence::file(conf.at(setting), setting.shown()));
            continue;
        }
        let finding = Finding::new(format!("{word}, a {key}, {saw}"))
            .about(Subject::Path(word.to_owned()))
            .saw(conf.at(setting), setting.shown())
            .saw_wanted(word, saw, "a program that can be executed");
        let finding = match saw {
            "is not executable" => finding.fix("let it be executed", [format!("chmod 755 {word}")]),
            _ => finding.fix(
                "bring it back, or name the program that does it now",
                [name_another(conf, word, host, lineage)],
            ),
        };
        let cleans = key == "manual_cleanup_hook";
        let finding = finding.lowered_if(cleans, Severity::Note, "it only tidies up after the validation");
        findings.push(if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding });
    }
    if !findings.is_empty() {
        host.sees_certbots_paths()?;
    }
    match (findings.is_empty(), unclear) {
        (true, Some(missing)) => Err(Skip::from(missing)),
        _ => Ok(findings),
    }
}

/// What names another program for the hooks that begin with this word.
fn name_another(conf: &Conf, word: &str, host: &HostFacts, lineage: &Lineage) -> String {
    let begins = |key: &&&str| conf.param_text(key).and_then(first_word) == Some(word);
    let options = HOOKS.iter().filter(begins).map(|key| format!("--{} COMMAND", key.replace('_', "-")));
    host.reconfigure(lineage, &options.collect::<Vec<_>>().join(" "))
}

/// The first word that is no assignment.
fn first_word(command: &str) -> Option<&str> {
    command.split_whitespace().find(|word| !word.contains('=')).map(|word| word.trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, params, silent, unknown};
    use crate::facts::{Lineage, PathState, Role};

    const HOOK: &str = "/etc/letsencrypt/acme-dns-auth.py";

    fn manual(key: &str, command: &str, state: PathState) -> Lineage {
        let mut lineage = params(&[("authenticator", "manual"), (key, command)]);
        lineage.paths.insert(HOOK.into(), state);
        lineage
    }

    fn absent() -> PathState {
        PathState::Absent(HOOK.into())
    }

    #[test]
    fn a_script_that_is_gone_or_not_executable_fails() {
        assert_eq!(only(&CHECK, &manual("manual_auth_hook", HOOK, absent()), &host()).0, Severity::WillFail);
        let file = PathState::File { executable: false, readable_by_all: false };
        let (_, finding) = only(
            &CHECK,
            &manual("manual_auth_hook", "A=1 /etc/letsencrypt/acme-dns-auth.py -x", file),
            &host(),
        );
        assert_eq!(finding.fix.unwrap().commands, ["chmod 755 /etc/letsencrypt/acme-dns-auth.py"]);
    }

    #[test]
    fn a_cleanup_script_that_is_gone_is_a_note() {
        assert_eq!(only(&CHECK, &manual("manual_cleanup_hook", HOOK, absent()), &host()).0, Severity::Note);
    }

    #[test]
    fn a_script_that_runs_or_is_only_an_argument_is_silent() {
        silent(
            &CHECK,
            &manual("manual_auth_hook", HOOK, PathState::File { executable: true, readable_by_all: false }),
            &host(),
        );
        silent(
            &CHECK,
            &manual("manual_auth_hook", "python3 /etc/letsencrypt/acme-dns-auth.py", absent()),
            &host(),
        );
        silent(
            &CHECK,
            &manual("manual_auth_hook", "test -x /etc/letsencrypt/acme-dns-auth.py && x", absent()),
            &host(),
        );
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_path_that_cannot_be_looked_at_is_unknown() {
        let state = PathState::Unknown(denied::<()>(Role::Other).unwrap_err());
        unknown(&CHECK, &manual("manual_auth_hook", HOOK, state), &host());
    }

    #[test]
    fn a_backup_of_etc_alone_leaves_it_unknown() {
        let mut host = host();
        host.os.only_etc = true;
        let state = PathState::Absent("/usr".into());
        unknown(&CHECK, &manual("manual_auth_hook", HOOK, state), &host);
    }
}

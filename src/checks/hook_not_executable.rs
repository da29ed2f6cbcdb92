//! A script in a hook folder lacks the right to be executed.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HookFile, HookStage, HostFacts};

/// certbot passes over a script whose mode has no x.
pub static CHECK: Check = Check {
    id: "hook-not-executable",
    title: "a hook script is not executable",
    severity: Severity::MayFail,
    why: "certbot lists only executable files of its hook folders and passes over the others without a word, so what \
          the script should reload is not reloaded",
    fix: "chmod 755 the script, or move it out of the folder if it is not to run",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/hooks.py"],
    explains: &["no-reload-at-all"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let hooks = host.hooks.as_ref()?;
    if host.renewal.as_ref()?.confs == 0 || host.given("no-directory-hooks").is_some() {
        return Ok(vec![]);
    }
    let dead = hooks.iter().filter(|hook| hook.shebang && !hook.runs && !is_put_aside(&hook.path));
    Ok(dead.map(|hook| finding(hook, hooks)).collect())
}

fn finding(hook: &HookFile, hooks: &[HookFile]) -> Finding {
    let finding = Finding::new(format!("{} is not executable, so certbot never runs it", hook.path))
        .about(Subject::Path(hook.path.clone()))
        .saw_wanted(&hook.path, format!("mode {:04o}", hook.mode & 0o7777), "mode 0755")
        .fix("let certbot run it", [format!("chmod 755 {}", hook.path)]);
    // One that runs before the renewal reloads nothing after it.
    let others = hooks.iter().any(|h| h.runs && h.stage == hook.stage && name(&h.path) == name(&hook.path));
    finding.lowered_if(others && hook.stage != HookStage::Pre, Severity::Note, "another copy of it does run")
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether the name says that the file is not meant to run.
fn is_put_aside(path: &str) -> bool {
    const ENDINGS: [&str; 17] = [
        "~",
        ".sample",
        ".example",
        ".bak",
        ".backup",
        ".old",
        ".orig",
        ".disabled",
        ".off",
        ".save",
        ".rpmnew",
        ".rpmsave",
        ".rpmorig",
        ".swp",
        ".txt",
        ".md",
        ".inc",
    ];
    let name = name(path);
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || lower.starts_with("readme")
        || lower.contains(".dpkg-")
        || lower.contains(".ucf-")
        || ENDINGS.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{cli_ini, denied, host, lineage, only, silent, unknown};
    use crate::facts::{HookFile, HookStage, HostFacts, Renewal, Role};

    fn file(name: &str, runs: bool, shebang: bool) -> HostFacts {
        let path = format!("/etc/letsencrypt/renewal-hooks/deploy/{name}");
        let mode = if runs { 0o755 } else { 0o644 };
        HostFacts {
            hooks: Ok(vec![HookFile { stage: HookStage::Deploy, path, runs, shebang, mode }]),
            ..host()
        }
    }

    #[test]
    fn a_script_without_x_may_fail_its_users() {
        let (severity, finding) = only(&CHECK, &lineage(), &file("reload-nginx", false, true));
        assert_eq!(severity, Severity::MayFail);
        assert!(matches!(finding.subject, Subject::Path(path) if path.ends_with("reload-nginx")));
        assert_eq!(finding.evidence[0].saw, "mode 0644");
    }

    #[test]
    fn one_that_runs_or_is_no_script_is_silent() {
        silent(&CHECK, &lineage(), &file("reload-nginx", true, true));
        silent(&CHECK, &lineage(), &file("functions", false, false));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn files_put_aside_are_silent() {
        for name in
            ["README", "reload.sh~", "x.sample", "x.dpkg-old", "x.bak", "x.disabled", ".x.swp", ".hidden"]
        {
            silent(&CHECK, &lineage(), &file(name, false, true));
        }
    }

    #[test]
    fn folders_that_are_switched_off_or_not_needed_are_silent() {
        let mut host = file("reload-nginx", false, true);
        host.cli_ini = cli_ini(&[("no-directory-hooks", "true")]).cli_ini;
        silent(&CHECK, &lineage(), &host);
        let mut host = file("reload-nginx", false, true);
        host.renewal = Ok(Renewal::default());
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_unknown() {
        let mut host = host();
        host.hooks = denied(Role::Other);
        unknown(&CHECK, &lineage(), &host);
    }
}

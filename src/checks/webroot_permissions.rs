//! The web server may not reach the challenge's file.

use super::walked::{seen, shown};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage, PathState};

/// The challenge path is denied, and a folder on the way to the web root is shut to others.
pub static CHECK: Check = Check {
    id: "webroot-permissions",
    title: "the web server may not search a folder above the web root",
    severity: Severity::MayFail,
    why: "certbot writes its file readable for all, but the server's user does not get past a folder above it, and the CA \
          gets `Invalid response from URL: 403`",
    fix: "let others pass through the folder: chmod o+x FOLDER; or serve challenges from another web root",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#webroot",
        "https://github.com/certbot/certbot/issues/6872",
    ],
    explains: &["dotfile-deny", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let denied = shown(lineage, host, Trouble::Deny)?;
    let root = |walk: &Walk| lineage.webroot_of(&walk.identifier).or(lineage.webroot_for_all());
    let shut = |walk: &Walk| match lineage.paths.get(root(walk)?.1)? {
        PathState::Shut(by) => Some(by.as_str()),
        _ => None,
    };
    let denied = denied.only(|walk| shut(walk).is_some());
    let says = |names: &str, walk: &Walk| {
        let (by, answer) = (shut(walk).unwrap_or_default(), walk.last().map(seen).unwrap_or_default());
        format!("{names}: the server answers {answer}, and others than owner and group may not search {by}")
    };
    let findings = denied.findings(says, "404", "let others pass through the folder, then try");
    let with_place = |(finding, walk): (Finding, &Walk)| match shut(walk) {
        Some(by) => finding
            .saw_wanted(by, "others may not search it", "x for others in its mode")
            .fix("let others pass through the folder", [format!("chmod o+x {by}")]),
        None => finding,
    };
    Ok(findings.into_iter().map(with_place).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, loud, only, silent, unknown};
    use crate::checks::walked::fixture::{URL, answered, healthy, lineage, miss};
    use crate::facts::net::Walk;
    use crate::facts::{Lineage, PathState, Role};

    fn shut(walk: Walk) -> Lineage {
        let mut lineage = lineage("webroot", Some(Ok(walk)));
        lineage.paths.insert("/var/www/html".into(), PathState::Shut("/var/www".into()));
        lineage
    }

    #[test]
    fn a_403_below_a_shut_folder_may_fail_and_explains_the_denial() {
        let walk = miss(vec![answered(URL, 403, "nginx", "")]);
        let (severity, finding) = only(&CHECK, &shut(walk.clone()), &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.fix.unwrap().commands, ["chmod o+x /var/www"]);
        assert_eq!(loud(&[shut(walk)], &host()), ["webroot-permissions"]);
    }

    #[test]
    fn a_server_that_gets_through_and_an_open_folder_are_silent() {
        silent(&CHECK, &shut(healthy()), &host());
        silent(&CHECK, &lineage("webroot", Some(Ok(miss(vec![answered(URL, 403, "nginx", "")])))), &host());
        unknown(&CHECK, &lineage("webroot", Some(denied(Role::Other))), &host());
    }
}

//! The archive holds a newer complete version than the one that live points at.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::checks::relinked_to_stale_higher_number::{STALE_SECONDS, start};
use crate::facts::{HostFacts, Lineage};

/// A renewal was cut off between writing the files and linking to them.
pub static CHECK: Check = Check {
    id: "live-behind-archive",
    title: "a newer certificate lies in the archive, and live does not point at it",
    severity: Severity::WillFail,
    why: "the next `certbot renew` links to it (`Found a new certificate … that was not linked to … fixing`) without \
          running a hook or reloading a server, so the old certificate may be served until it expires",
    fix: "certbot renew --cert-name NAME, then reload by hand every server that uses it: no hook runs for this",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
    ],
    explains: &["leaf-not-signed-by-chain", "fullchain-differs", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let archive = lineage.archive.as_ref()?;
    if matches!(host.locked_by, Some(Ok(Some(_)))) {
        return Err(Skip::NotApplicable("a certbot holds its lock and may be about to link"));
    }
    let versions: Vec<u32> = lineage.live.iter().filter_map(|link| link.version()).collect();
    let (4, Some(current)) = (versions.len(), versions.iter().min().copied()) else {
        return Err(Skip::NotApplicable("the four live paths do not point at versions"));
    };
    if versions.iter().any(|n| *n != current) {
        return Err(Skip::NotApplicable(
            "the live links lead to different versions: mixed-versions-in-live speaks",
        ));
    }
    let Some(latest) = archive.latest_complete().filter(|version| version.number > current) else {
        return Ok(vec![]);
    };
    let linked = archive.versions.iter().find(|version| version.number == current);
    if let (Some(new), Some(old)) = (start(Some(latest)), start(linked))
        && old.saturating_sub(new) > STALE_SECONDS
    {
        return Err(Skip::NotApplicable("the higher number is the older certificate"));
    }
    let n = latest.number;
    let mut finding =
        Finding::new(format!("{} points at version {current}, and version {n} is complete", lineage.name));
    for link in lineage.live.iter().filter(|link| link.version() != Some(n)) {
        let word = link.kind.word();
        finding = finding.saw_wanted(
            &link.path,
            format!("-> {word}{}.pem", link.version().unwrap_or_default()),
            format!("{}/{word}{n}.pem", archive.path),
        );
    }
    let valid = lineage.cert.as_ref().is_ok_and(|cert| cert.not_after > host.now);
    let finding =
        finding.lowered_if(valid, Severity::MayFail, "the version that live points at is still valid");
    Ok(vec![finding.fix(
        "let certbot link to it, then reload by hand what uses it: certbot runs no hook on relinking",
        [format!("certbot renew --cert-name {}", lineage.name), "systemctl reload nginx".to_owned()],
    )])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{days, denied, host, issued, lineage, link, loud, only, silent, unknown};
    use crate::facts::{Kind, Lineage, LinkState, Role, Version};

    fn behind() -> Lineage {
        let mut lineage = lineage();
        let mut newer = issued(lineage.cert.as_ref().unwrap());
        newer.not_before = days(-1);
        lineage.archive.as_mut().unwrap().versions.push(Version {
            number: 3,
            present: [true; 4],
            issued: Some(newer),
        });
        lineage
    }

    #[test]
    fn a_newer_complete_version_may_fail_and_the_fix_reloads_by_hand() {
        let (severity, finding) = only(&CHECK, &behind(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.fix.unwrap().summary.contains("by hand"));
        assert_eq!(loud(&[behind()], &host()), ["live-behind-archive"]);
    }

    #[test]
    fn links_to_different_versions_are_left_to_mixed_versions_in_live() {
        let mut lineage = lineage();
        lineage.live[2].state = link(Kind::Chain, 1);
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn an_incomplete_version_and_links_that_are_none_are_silent() {
        let mut incomplete = behind();
        incomplete.archive.as_mut().unwrap().versions[2].present[3] = false;
        silent(&CHECK, &incomplete, &host());
        let mut copied = behind();
        copied.live[0].state = LinkState::NotALink("a regular file".into());
        silent(&CHECK, &copied, &host());
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_running_certbot_is_left_to_finish() {
        let mut host = host();
        host.locked_by = Some(Ok(Some(4711)));
        silent(&CHECK, &behind(), &host);
        host.locked_by = Some(Ok(None));
        only(&CHECK, &behind(), &host);
    }

    #[test]
    fn an_archive_we_may_not_list_is_unknown() {
        let mut lineage = lineage();
        lineage.archive = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

//! The highest complete number in the archive is not the newest certificate.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage, Version};

/// certbot goes by the number, whatever the certificate says.
pub static CHECK: Check = Check {
    id: "relinked-to-stale-higher-number",
    title: "the highest number in the archive is an older certificate",
    severity: Severity::MayFail,
    why: "at every run certbot links live to the highest number of which all four files exist, so an old certificate \
          takes the place of the newer one, without any hook or reload",
    fix: "give the newer set the highest number plus one in archive/NAME and link live to it, or move the stale sets aside",
    cites: &[
        "https://github.com/certbot/certbot/issues/10655",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

/// How much older it must be, in seconds: some CAs date a certificate back to midnight, others by an hour.
pub(super) const STALE_SECONDS: i64 = 2 * 86_400;

/// notBefore of a version, where it was read.
pub(super) fn start(version: Option<&Version>) -> Option<i64> {
    version.and_then(|v| v.issued.as_ref()).map(|issued| issued.not_before.as_second())
}

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let archive = lineage.archive.as_ref()?;
    if matches!(host.locked_by, Some(Ok(Some(_)))) {
        return Err(Skip::NotApplicable("a certbot holds its lock and may be about to link"));
    }
    let (Some(highest), Some(stale)) = (archive.latest_complete(), start(archive.latest_complete())) else {
        return Ok(vec![]);
    };
    let complete = archive.versions.iter().filter(|version| version.complete());
    let newest = complete.max_by_key(|version| start(Some(version)));
    let (Some(newest), Some(fresh)) = (newest, start(newest)) else { return Ok(vec![]) };
    if fresh.saturating_sub(stale) <= STALE_SECONDS {
        return Ok(vec![]);
    }
    let (high, new, name) = (highest.number, newest.number, &lineage.name);
    let cert = |n: u32| format!("{}/cert{n}.pem", archive.path);
    let date =
        |v: &Version| v.issued.as_ref().map(|i| format!("notBefore {}", i.not_before)).unwrap_or_default();
    let next = archive.versions.last().map_or(high, |v| v.number).saturating_add(1);
    let copies = lineage.live.iter().map(|link| {
        let word = link.kind.word();
        format!("cp -p {0}/{word}{new}.pem {0}/{word}{next}.pem", archive.path)
    });
    Ok(vec![
        Finding::new(format!(
            "version {high} of {name} is older than version {new}, and certbot links to the higher number"
        ))
        .saw(cert(new), date(newest))
        .saw_wanted(cert(high), date(highest), "the newest certificate under the highest number")
        .fix(
            "give the newer set the highest number, let certbot link to it, and reload what uses it by hand",
            copies.chain([format!("certbot renew --cert-name {name}")]),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{days, denied, host, lineage, link, loud, only, silent, unknown};
    use crate::facts::{Kind, Lineage, Role};

    /// Version 2, the highest, is from long ago.
    fn stale() -> Lineage {
        let mut lineage = lineage();
        let versions = &mut lineage.archive.as_mut().unwrap().versions;
        versions[0].issued.as_mut().unwrap().not_before = days(-10);
        versions[1].issued.as_mut().unwrap().not_before = days(-80);
        lineage
    }

    #[test]
    fn an_older_certificate_under_the_highest_number_may_fail() {
        let (severity, finding) = only(&CHECK, &stale(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.fix.unwrap().commands[0].ends_with("cert3.pem"));
    }

    #[test]
    fn a_hand_installed_first_version_that_is_still_linked_is_one_finding() {
        let mut lineage = stale();
        Kind::ALL.iter().for_each(|kind| lineage.live[kind.index()].state = link(*kind, 1));
        assert_eq!(loud(&[lineage], &host()), ["relinked-to-stale-higher-number"]);
    }

    #[test]
    fn a_difference_of_hours_and_incomplete_sets_are_silent() {
        let mut hours = stale();
        let versions = &mut hours.archive.as_mut().unwrap().versions;
        versions[1].issued.as_mut().unwrap().not_before = days(-11);
        silent(&CHECK, &hours, &host());
        let mut incomplete = stale();
        incomplete.archive.as_mut().unwrap().versions[0].present[1] = false;
        silent(&CHECK, &incomplete, &host());
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_running_certbot_is_left_to_finish() {
        let mut host = host();
        host.locked_by = Some(Ok(Some(4711)));
        silent(&CHECK, &stale(), &host);
    }

    #[test]
    fn an_archive_we_may_not_list_is_unknown() {
        let mut lineage = lineage();
        lineage.archive = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

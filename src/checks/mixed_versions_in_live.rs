//! The four live links lead to different versions, or the key is not the certificate's.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, Missing, Role, Why};

/// Certificate and key do not belong together.
pub static CHECK: Check = Check {
    id: "mixed-versions-in-live",
    title: "the files of the lineage do not belong together",
    severity: Severity::WillFail,
    why: "certbot does not compare them, but a server that reads a certificate with another one's key refuses to start \
          or reload: `key values mismatch`",
    fix: "link all four files of live/NAME to one version of the archive, then reload the server",
    cites: &[
        "https://docs.openssl.org/master/man3/SSL_CTX_use_certificate/",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &[
        "live-behind-archive",
        "leaf-not-signed-by-chain",
        "fullchain-differs",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    let key = lineage.key.as_ref()?;
    let place = |kind: Kind| lineage.link(kind).target().unwrap_or(&lineage.link(kind).path).to_owned();
    let Some(spki) = &key.spki_sha256 else {
        let why = Why::Unclear("is a key of a type that is not understood here".into());
        return Err(Skip::Unknown(Missing::new(place(Kind::Privkey), why, Role::Other)));
    };
    let versions: Vec<u32> = lineage.live.iter().filter_map(|link| link.version()).collect();
    let differ = versions.iter().any(|n| Some(n) != versions.first());
    let shows = |mut finding: Finding| {
        for link in lineage.live.iter().filter(|_| differ) {
            if let Some(target) = link.target() {
                finding = finding.saw(&link.path, format!("-> {target}"));
            }
        }
        fixed(lineage, finding)
    };
    if *spki != cert.spki_sha256 {
        let says = format!("the private key of {} is not the key of its certificate", lineage.name);
        let (has, wants) = (short(spki), short(&cert.spki_sha256));
        return Ok(vec![shows(Finding::new(says).saw_wanted(
            place(Kind::Privkey),
            format!("{}, public key {has}", key.key),
            format!("{}, public key {wants} of {}", cert.key, place(Kind::Cert)),
        ))]);
    }
    if !differ || versions.len() != 4 {
        return Ok(vec![]);
    }
    // Each version has its own key unless reuse_key says otherwise, so a fullchain of another version has another.
    let reuses = lineage.conf.as_ref().is_ok_and(|conf| conf.param_true("reuse_key"));
    let apart = lineage.link(Kind::Fullchain).version() != lineage.link(Kind::Privkey).version();
    if apart && !reuses && matches!(lineage.fullchain, Ok(false)) {
        let says = format!("the fullchain of {} is of another version than its private key", lineage.name);
        return Ok(vec![shows(Finding::new(says))]);
    }
    let lowest = versions.iter().min();
    let latest =
        lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete()).map(|v| v.number);
    let finding =
        shows(Finding::new(format!("the live links of {} lead to different versions", lineage.name)));
    if latest.as_ref() > lowest {
        if matches!(host.locked_by, Some(Ok(Some(_)))) {
            return Err(Skip::NotApplicable("a certbot holds its lock and may be linking now"));
        }
        // certbot links all four to it at its next run, without a hook or a reload.
        return Ok(vec![finding.lowered(Severity::MayFail, "key and certificate belong together")]);
    }
    Ok(vec![finding.lowered(Severity::Note, "key and certificate belong together")])
}

fn short(spki: &str) -> &str {
    spki.get(..16).unwrap_or(spki)
}

fn fixed(lineage: &Lineage, finding: Finding) -> Finding {
    let name = &lineage.name;
    let Some(version) = lineage.archive.as_ref().ok().and_then(|archive| archive.latest_complete()) else {
        return finding;
    };
    let n = version.number;
    if lineage.live.iter().all(|link| link.version() == Some(n)) {
        return finding.fix(
            "the files themselves were exchanged: restore the key from a backup, or renew now",
            [format!("certbot renew --cert-name {name} --force-renewal")],
        );
    }
    let relink = lineage
        .live
        .iter()
        .map(|link| format!("ln -sfn ../../archive/{name}/{}{n}.pem {}", link.kind.word(), link.path));
    finding.fix(format!("link all four to version {n}, then reload the server"), relink)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, link, loud, only, silent, unknown};
    use crate::facts::{Kind, Lineage, LinkState, Role};

    fn foreign_key(mut lineage: Lineage) -> Lineage {
        lineage.key.as_mut().unwrap().spki_sha256 = Some("bb".into());
        lineage
    }

    #[test]
    fn a_key_of_another_version_fails_and_is_the_only_loud_finding() {
        let mut lineage = foreign_key(lineage());
        lineage.live[1].state = link(Kind::Privkey, 1);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.fix.unwrap().commands[1].contains("privkey2.pem"));
        assert_eq!(loud(&[lineage], &host()), ["mixed-versions-in-live"]);
    }

    #[test]
    fn a_foreign_key_under_the_right_number_fails_too() {
        let finding = only(&CHECK, &foreign_key(lineage()), &host()).1;
        assert!(finding.fix.unwrap().summary.contains("exchanged"));
    }

    #[test]
    fn a_fullchain_of_another_version_fails_unless_the_key_is_reused() {
        let mut mixed = lineage();
        mixed.live[3].state = link(Kind::Fullchain, 1);
        mixed.fullchain = Ok(false);
        assert_eq!(only(&CHECK, &mixed, &host()).0, Severity::WillFail);
        assert_eq!(loud(&[mixed.clone()], &host()), ["mixed-versions-in-live"]);
        mixed.conf = lineage_with("reuse_key", "True").conf;
        assert_eq!(only(&CHECK, &mixed, &host()).0, Severity::MayFail);
        assert_eq!(loud(&[mixed], &host()), ["mixed-versions-in-live"]);
    }

    #[test]
    fn different_numbers_that_fit_together_are_a_note() {
        let mut lineage = lineage_with("reuse_key", "True");
        lineage.live[1].state = link(Kind::Privkey, 1);
        lineage.archive.as_mut().unwrap().versions[1].present[1] = false;
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::Note);
    }

    #[test]
    fn one_version_is_silent_and_so_are_copies_that_match() {
        silent(&CHECK, &lineage(), &host());
        let mut copied = lineage();
        for kind in Kind::ALL {
            copied.live[kind.index()].state = LinkState::NotALink("a regular file".into());
        }
        silent(&CHECK, &copied, &host());
        assert_eq!(loud(&[copied], &host()), ["live-not-symlink"]);
    }

    #[test]
    fn a_key_that_cannot_be_read_or_understood_is_unknown() {
        let mut shut = lineage();
        shut.key = denied(Role::Pem);
        unknown(&CHECK, &shut, &host());
        let mut strange = lineage();
        strange.key.as_mut().unwrap().spki_sha256 = None;
        unknown(&CHECK, &strange, &host());
    }
}

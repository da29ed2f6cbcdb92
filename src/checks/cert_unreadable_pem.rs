//! One of the four files is there and is not what it should be.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, LinkState, Usage, Why};

/// A PEM file is empty or damaged.
pub static CHECK: Check = Check {
    id: "cert-unreadable-pem",
    title: "a certificate, chain or key file is empty or damaged",
    severity: Severity::WillFail,
    why: "with a damaged cert.pem certbot says `produced an unexpected error: Unable to load PEM file` and skips the \
          lineage; with any other damaged file the servers that read it cannot start or reload",
    fix: "link live/NAME to the previous complete version, move the damaged set aside and renew with --force-renewal",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc7468#section-2",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let mut damaged = Vec::new();
    let mut unknown = None;
    for link in &lineage.live {
        let Some(missing) = lineage.unread(link.kind) else { continue };
        match &missing.why {
            Why::Malformed(_, what) => damaged.push((link, what)),
            _ if missing.reported_by().is_some() => {}
            _ => unknown = Some(missing),
        }
    }
    let Some((first, what)) = damaged.first() else {
        return unknown.map_or(Ok(vec![]), |missing| Err(Skip::Unknown(missing.clone())));
    };
    let place = |link: &crate::facts::LiveLink| link.target().unwrap_or(&link.path).to_owned();
    let says = match damaged.len() {
        1 => format!("{} cannot be used: {what}", place(first)),
        n => format!("{n} of the four files of {} cannot be used: {what}", lineage.name),
    };
    let mut finding = Finding::new(says);
    for (link, what) in &damaged {
        let wanted = match link.kind {
            Kind::Privkey => "a private key in PEM form",
            Kind::Cert | Kind::Chain | Kind::Fullchain => "certificates in PEM form",
        };
        finding = finding.saw_wanted(place(link), what.as_str(), wanted);
    }
    let current = match &first.state {
        LinkState::Link { version, .. } => *version,
        _ => None,
    };
    let previous = lineage.archive.as_ref().ok().and_then(|archive| {
        archive.versions.iter().rev().find(|v| v.complete() && v.issued.is_some() && Some(v.number) < current)
    });
    let name = &lineage.name;
    let renew = format!("certbot renew --cert-name {name} --force-renewal");
    finding = match (previous, current) {
        (Some(version), Some(bad)) => {
            let aside =
                lineage.live.iter().filter_map(|link| Some(link.target()?.rsplit_once('/')?.0)).next();
            let aside = aside
                .map(|folder| format!("mkdir {folder}/damaged && mv {folder}/*{bad}.pem {folder}/damaged/"));
            let relink = lineage.live.iter().map(|link| {
                format!(
                    "ln -sfn ../../archive/{name}/{}{}.pem {}",
                    link.kind.word(),
                    version.number,
                    link.path
                )
            });
            finding.fix(
                format!("go back to version {}, then renew", version.number),
                aside.into_iter().chain(relink).chain([renew]),
            )
        }
        _ => finding.fix(
            "restore the file from a backup, or delete the lineage and reissue it under the same name",
            [format!("certbot certificates --cert-name {name}")],
        ),
    };
    // certbot reads cert.pem alone; a renewal replaces the others, but what reads them breaks before that.
    let certbot_goes_on = damaged.iter().all(|(link, _)| link.kind != Kind::Cert);
    let unused = certbot_goes_on && matches!(host.servers.usage(name), Usage::NotNamed);
    Ok(vec![finding.lowered_if(
        unused,
        Severity::Note,
        "certbot itself does not read this file, and no server found on this host names the lineage",
    )])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert_ref, denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Missing, Role, Servers, SignatureState, Why};

    fn empty<T>(kind: &str) -> Result<T, Missing> {
        let place = format!("/etc/letsencrypt/archive/example.com/{kind}2.pem");
        Err(Missing::new(place, Why::Malformed(0, "the file is empty".into()), Role::Pem))
    }

    #[test]
    fn an_empty_certificate_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        lineage.cert = empty("cert");
        lineage.fullchain = empty("cert");
        lineage.signed = SignatureState::NotChecked;
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence.len(), 1, "fullchain.pem itself is well");
        assert!(finding.fix.unwrap().summary.contains("version 1"));
        assert_eq!(loud(&[lineage], &host()), ["cert-unreadable-pem"]);
    }

    #[test]
    fn a_disk_that_was_full_is_one_finding_of_four_files() {
        let mut lineage = lineage();
        (lineage.cert, lineage.key, lineage.chain) = (empty("cert"), empty("privkey"), empty("chain"));
        lineage.fullchain = empty("fullchain");
        lineage.signed = SignatureState::NotChecked;
        assert_eq!(only(&CHECK, &lineage, &host()).1.evidence.len(), 4);
        assert_eq!(loud(&[lineage], &host()), ["cert-unreadable-pem"]);
    }

    #[test]
    fn a_damaged_key_that_no_server_names_is_a_note() {
        let mut lineage = lineage();
        lineage.key = empty("privkey");
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
        let mut host = host();
        host.servers = Servers { refs: vec![cert_ref("other", "/x")], ..Servers::default() }.indexed();
        assert_eq!(only(&CHECK, &lineage, &host).0, Severity::Note);
    }

    #[test]
    fn four_good_files_are_silent_and_so_is_one_that_is_gone() {
        silent(&CHECK, &lineage(), &host());
        let mut gone = lineage();
        gone.key = Err(Missing::new("/x", Why::NotFound, Role::Pem));
        silent(&CHECK, &gone, &host());
    }

    #[test]
    fn a_key_we_may_not_read_is_unknown() {
        let mut lineage = lineage();
        lineage.key = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

//! One of the four files is there and is not what it should be.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::checks::symlink_target_missing::{go_back, rebuilt, reissue};
use crate::facts::{HostFacts, Kind, Lineage, Usage, Why};

/// A PEM file is empty or damaged.
pub static CHECK: Check = Check {
    id: "cert-unreadable-pem",
    title: "a certificate, chain or key file is empty or damaged",
    severity: Severity::WillFail,
    why: "with a damaged cert.pem certbot says `produced an unexpected error: Unable to load PEM file` and skips the \
          lineage; with any other damaged file the servers that read it cannot start or reload",
    fix: "take what fullchain.pem still holds from there, link to a complete version that is valid, or renew with \
          --force-renewal",
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
    let mut finding = Finding::new(says).bites_at(host.now);
    for (link, what) in &damaged {
        let wanted = match link.kind {
            Kind::Privkey => "a private key in PEM form",
            Kind::Cert | Kind::Chain | Kind::Fullchain => "certificates in PEM form",
        };
        finding = finding.saw_wanted(place(link), what.as_str(), wanted);
    }
    let name = &lineage.name;
    let kinds: Vec<Kind> = damaged.iter().map(|(link, _)| link.kind).collect();
    // certbot reads cert.pem alone; a renewal replaces the others, but what reads them breaks before that.
    let certbot_goes_on = !kinds.contains(&Kind::Cert);
    let reuses = lineage.conf.as_ref().is_ok_and(|conf| conf.param_true("reuse_key"));
    let bad = first.version();
    let best = lineage.archive.as_ref().ok().and_then(|archive| archive.best_but(bad, host.now));
    let (summary, commands) = match (rebuilt(lineage, &kinds), best) {
        (Some((summary, commands)), _) => {
            let test = format!("certbot renew --cert-name {name} --dry-run");
            (summary, commands.into_iter().chain([test]).collect())
        }
        (None, best) if certbot_goes_on && !reuses && best.is_none_or(|v| !v.valid_at(host.now)) => (
            "restore the file from a backup; without one, renew now, which writes all four anew".to_owned(),
            vec![format!("certbot renew --cert-name {name} --force-renewal")],
        ),
        (None, Some(version)) => {
            let (summary, relink) = go_back(lineage, version, host.now);
            let folder = lineage.live.iter().find_map(|link| Some(link.target()?.rsplit_once('/')?.0));
            // certbot would link to the higher number again.
            let aside = folder.zip(bad).map(|(folder, bad)| {
                format!("mkdir {folder}/damaged && mv {folder}/*[a-z]{bad}.pem {folder}/damaged/")
            });
            (summary, aside.into_iter().chain(relink).collect())
        }
        (None, None) => reissue(lineage),
    };
    finding = finding.fix(summary, commands);
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
    use crate::checks::testing::{cert_ref, days, denied, host, lineage, loud, only, silent, unknown};
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
        assert!(finding.fix.unwrap().commands[0].starts_with("openssl x509 -in"), "it is in fullchain.pem");
        assert_eq!(loud(&[lineage], &host()), ["cert-unreadable-pem"]);
    }

    #[test]
    fn a_disk_that_was_full_is_one_finding_of_four_files() {
        let mut lineage = lineage();
        (lineage.cert, lineage.key, lineage.chain) = (empty("cert"), empty("privkey"), empty("chain"));
        lineage.fullchain = empty("fullchain");
        lineage.signed = SignatureState::NotChecked;
        let finding = only(&CHECK, &lineage, &host()).1;
        assert_eq!(finding.evidence.len(), 4);
        assert!(
            finding.fix.unwrap().commands[0]
                .ends_with("*[a-z]2.pem /etc/letsencrypt/archive/example.com/damaged/")
        );
        assert_eq!(loud(&[lineage], &host()), ["cert-unreadable-pem"]);
    }

    #[test]
    fn a_damaged_key_that_no_server_names_is_a_note() {
        let mut lineage = lineage();
        lineage.key = empty("privkey");
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.fix.unwrap().commands[0].ends_with("--force-renewal"), "version 1 has expired");
        lineage.archive.as_mut().unwrap().versions[0].issued.as_mut().unwrap().not_after = days(1);
        assert!(only(&CHECK, &lineage, &host()).1.fix.unwrap().summary.contains("version 1"));
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

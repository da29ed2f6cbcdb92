//! A live link whose file in the archive is gone.

use jiff::Timestamp;

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, LinkState, Version, Why};

/// A live path is a link, and nothing stands where it leads.
pub static CHECK: Check = Check {
    id: "symlink-target-missing",
    title: "a live link leads to a file that does not exist",
    severity: Severity::WillFail,
    why: "certbot refuses the whole renewal configuration (`target … of symlink … does not exist`) and skips the \
          lineage; no server that names the link can start",
    fix: "restore archive/NAME from a backup, link to a complete version, or delete the lineage and reissue it",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &[
        "renewalparams-missing",
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let mut broken = Vec::new();
    for link in &lineage.live {
        let LinkState::Link { text, target, mode: None, .. } = &link.state else { continue };
        match lineage.unread(link.kind).map(|missing| (&missing.why, missing)) {
            Some((Why::NotFound, _)) | None => broken.push((link, text, target)),
            // Links that lead in a circle belong to file-unreadable.
            Some((_, missing)) if missing.reported_by().is_some() => {}
            Some((_, missing)) => return Err(Skip::Unknown(missing.clone())),
        }
    }
    let Some((first, _, target)) = broken.first() else { return Ok(vec![]) };
    let says = match broken.len() {
        1 => format!("{} leads to {target}, which does not exist", first.path),
        4 => format!("the live links of {} lead to files that do not exist", lineage.name),
        n => format!("{n} of the four live links of {} lead to files that do not exist", lineage.name),
    };
    let mut finding = Finding::new(says).bites_at(host.now);
    for (link, text, target) in &broken {
        finding = finding.saw_wanted(&link.path, format!("-> {text}"), format!("the file {target}"));
    }
    let lost: Vec<Kind> = broken.iter().map(|(link, _, _)| link.kind).collect();
    if let Some((summary, commands)) = rebuilt(lineage, &lost) {
        let test = format!("certbot renew --cert-name {} --dry-run", lineage.name);
        return Ok(vec![finding.fix(summary, commands.into_iter().chain([test]))]);
    }
    let best = lineage.archive.as_ref().ok().and_then(|archive| archive.best_but(None, host.now));
    let (summary, commands) = match best {
        Some(version) => go_back(lineage, version, host.now),
        None => reissue(lineage),
    };
    Ok(vec![finding.fix(summary, commands)])
}

/// How to make the lost files anew from the others of their version; a key cannot be.
pub(super) fn rebuilt(lineage: &Lineage, lost: &[Kind]) -> Option<(String, Vec<String>)> {
    let path = |kind: Kind| {
        let link = lineage.link(kind);
        let one_version =
            link.version().is_some() && link.version() == lineage.link(*lost.first()?).version();
        link.target().filter(|_| one_version)
    };
    // What is there and can be read.
    let good = |kind: Kind| {
        let there = matches!(lineage.link(kind).state, LinkState::Link { mode: Some(_), .. });
        path(kind).filter(|_| there && !lost.contains(&kind) && lineage.unread(kind).is_none())
    };
    if lost == [Kind::Fullchain] {
        let (cert, chain, full) = (good(Kind::Cert)?, good(Kind::Chain)?, path(Kind::Fullchain)?);
        let summary = "put it together again from the certificate and the chain".to_owned();
        return Some((summary, vec![format!("cat {cert} {chain} > {full}")]));
    }
    if lost.contains(&Kind::Privkey) {
        return None;
    }
    let full = good(Kind::Fullchain)?;
    let commands = lost.iter().map(|kind| {
        let path = path(*kind)?;
        Some(match kind {
            Kind::Cert => format!("openssl x509 -in {full} -out {path}"),
            _ => format!("awk '/-----BEGIN CERTIFICATE-----/ {{ n++ }} n > 1' {full} > {path}"),
        })
    });
    Some((
        format!("take it from {full}, which holds the certificate and its chain"),
        commands.collect::<Option<_>>()?,
    ))
}

/// How to link to a complete version; certbot renews at once where that has expired.
pub(super) fn go_back(lineage: &Lineage, version: &Version, now: Timestamp) -> (String, Vec<String>) {
    let (name, n) = (&lineage.name, version.number);
    let relink = lineage
        .live
        .iter()
        .map(|link| format!("ln -sfn ../../archive/{name}/{}{n}.pem {}", link.kind.word(), link.path));
    let renew = format!("certbot renew --cert-name {name}");
    if version.valid_at(now) {
        let summary = format!("link to version {n}, the newest complete one that is valid");
        return (summary, relink.chain([format!("{renew} --dry-run")]).collect());
    }
    let summary = format!(
        "restore the files from a backup; without one, link to version {n}, which is not valid now, only so that \
         certbot can load the lineage, and renew at once"
    );
    (summary, relink.chain([format!("{renew} --force-renewal")]).collect())
}

/// How to begin anew: certbot would call a second lineage NAME-0001 as long as the first is there.
pub(super) fn reissue(lineage: &Lineage) -> (String, Vec<String>) {
    let name = &lineage.name;
    let domains = match lineage.names() {
        [] => {
            let versions = lineage.archive.iter().flat_map(|archive| &archive.versions);
            let issued = versions.rev().find_map(|version| version.issued.as_ref());
            let map = lineage.conf.iter().flat_map(|conf| conf.webroot_map()).map(|s| s.key.clone());
            domains(&issued.map_or_else(|| map.collect(), |cert| cert.names.clone()))
        }
        // The engine quotes these.
        names => names.iter().map(|name| format!(" -d {name}")).collect(),
    };
    let how = lineage.authenticator().map(|plugin| format!(" -a {plugin}")).unwrap_or_default();
    (
        format!("restore archive/{name} from a backup; without one, delete the lineage and reissue it"),
        vec![
            format!("certbot delete --cert-name {name}"),
            format!("certbot certonly --cert-name {name}{how}{domains}"),
        ],
    )
}

/// The names as certbot's options; dots where one would not be one plain word for a shell.
pub(super) fn domains(names: &[String]) -> String {
    let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    match names {
        names if !names.is_empty() && names.iter().all(plain) => {
            names.iter().map(|name| format!(" -d {name}")).collect()
        }
        _ => " -d …".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{days, denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Lineage, LinkState, Missing, Role, SignatureState, Why};

    fn cut(lineage: &mut Lineage, kinds: &[usize], why: Why) {
        for kind in kinds {
            let LinkState::Link { mode, .. } = &mut lineage.live[*kind].state else { panic!() };
            *mode = None;
            let missing = Missing::new(lineage.live[*kind].path.clone(), why.clone(), Role::Pem);
            match kind {
                0 => lineage.cert = Err(missing),
                1 => lineage.key = Err(missing),
                2 => lineage.chain = Err(missing),
                _ => lineage.fullchain = Err(missing),
            }
        }
    }

    #[test]
    fn a_pruned_key_fails_and_the_fix_names_a_complete_version() {
        let mut lineage = lineage();
        cut(&mut lineage, &[1], Why::NotFound);
        lineage.archive.as_mut().unwrap().versions[1].present[1] = false;
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("privkey2.pem"));
        let fix = finding.fix.unwrap();
        assert!(fix.commands[0].contains("cert1.pem"));
        assert!(fix.commands[4].ends_with("--force-renewal"), "version 1 ends this very second");
        lineage.archive.as_mut().unwrap().versions[0].issued.as_mut().unwrap().not_after = days(1);
        assert!(only(&CHECK, &lineage, &host()).1.fix.unwrap().commands[4].ends_with("--dry-run"));
    }

    #[test]
    fn what_stands_in_another_file_is_taken_from_there() {
        for (kind, command) in [
            (0, "openssl x509 -in /etc/letsencrypt/archive/example.com/fullchain2.pem -out"),
            (
                2,
                "awk '/-----BEGIN CERTIFICATE-----/ { n++ } n > 1' /etc/letsencrypt/archive/example.com/full",
            ),
            (
                3,
                "cat /etc/letsencrypt/archive/example.com/cert2.pem /etc/letsencrypt/archive/example.com/chain2",
            ),
        ] {
            let mut lineage = lineage();
            cut(&mut lineage, &[kind], Why::NotFound);
            let fix = only(&CHECK, &lineage, &host()).1.fix.unwrap();
            assert!(fix.commands[0].starts_with(command), "{fix:?}");
        }
    }

    #[test]
    fn a_tree_restored_without_its_archive_is_one_loud_finding() {
        let mut lineage = lineage();
        cut(&mut lineage, &[0, 1, 2, 3], Why::NotFound);
        lineage.signed = SignatureState::NotChecked;
        lineage.archive = Err(Missing::new("/etc/letsencrypt/archive/example.com", Why::NotFound, Role::Pem));
        let finding = only(&CHECK, &lineage, &host()).1;
        assert!(finding.says.starts_with("the live links"));
        assert_eq!(
            finding.fix.unwrap().commands[1],
            "certbot certonly --cert-name example.com -a webroot -d example.com -d www.example.com"
        );
        assert_eq!(loud(&[lineage], &host()), ["symlink-target-missing"]);
    }

    #[test]
    fn good_links_and_what_is_no_link_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut copied = lineage();
        copied.live[0].state = LinkState::NotALink("a regular file".into());
        copied.live[1].state = LinkState::Absent;
        silent(&CHECK, &copied, &host());
    }

    #[test]
    fn links_in_a_circle_are_left_to_file_unreadable() {
        let mut lineage = lineage();
        cut(&mut lineage, &[0], Why::Loop);
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn an_archive_we_may_not_enter_is_unknown() {
        let mut shut = lineage();
        cut(&mut shut, &[0], Why::Denied);
        unknown(&CHECK, &shut, &host());
        let mut unread = lineage();
        unread.conf = denied(Role::Conf);
        unknown(&CHECK, &unread, &host());
    }
}

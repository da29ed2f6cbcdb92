//! The folder that the conf names as web root is not there.

use std::collections::BTreeMap;

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, PathState, UNUSED, Usage};

/// A web root that a name of the certificate depends on is missing.
pub static CHECK: Check = Check {
    id: "webroot-moved-or-deleted",
    title: "the web root in the conf does not exist",
    severity: Severity::WillFail,
    why: "certbot silently creates the old path anew and puts the challenge file where no server looks, so the CA gets \
          a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`",
    fix: "name the folder that the site is served from now: certbot reconfigure --cert-name NAME --webroot -w DIR",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#webroot"],
    explains: &["certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("webroot") || host.chooses_authenticator() {
        return Ok(vec![]);
    }
    if ["webroot-path", "w", "webroot-map"].iter().any(|option| host.given(option).is_some()) {
        return Ok(vec![]);
    }
    let cert = lineage.cert.as_ref()?;
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut places: BTreeMap<&str, String> = BTreeMap::new();
    for name in cert.names.iter().filter(|name| !name.starts_with("*.")) {
        let Some((setting, path)) = lineage.webroot_of(name).or(lineage.webroot_for_all()) else { continue };
        names.entry(path).or_default().push(name);
        places.entry(path).or_insert_with(|| conf.at(setting));
    }
    let (mut findings, mut unclear) = (Vec::new(), None);
    for (path, names) in names {
        let (is_file, top) = match lineage.paths.get(path) {
            Some(PathState::Absent(top)) => (false, top.as_str()),
            Some(PathState::File { .. }) => (true, path),
            Some(PathState::Unknown(missing)) => {
                unclear = Some(missing);
                continue;
            }
            Some(PathState::Folder) | None => continue,
        };
        let says = match is_file {
            true => format!("{path}, the web root of {}, is a file", names.join(", ")),
            false => format!("{path}, the web root of {}, does not exist", names.join(", ")),
        };
        let place = places.get(path).cloned().unwrap_or_else(|| conf.path.clone());
        let mut finding = Finding::new(says)
            .about(Subject::Path(path.to_owned()))
            .identifiers(names)
            .saw_wanted(place, path, "an existing folder that the server serves files from");
        if !is_file && top != path {
            finding = finding.saw(top, "nothing is there");
        }
        let root = root_beside(lineage, host);
        if let Some((root, place)) = root {
            finding = finding.saw(place, format!("the server's root is {root}"));
        }
        let now = root.map_or("/the/root/of/the/site", |(root, _)| root);
        let command = format!("certbot reconfigure --cert-name {} --webroot -w {now}", lineage.name);
        finding = finding.fix("name the folder that the site is served from now", [command]);
        if host.unused(lineage) {
            finding = finding.lowered(Severity::Note, UNUSED);
        } else if !is_file && is_served(path, host) {
            finding = finding.lowered(
                Severity::MayFail,
                "a server's configuration names this same folder, and certbot creates it when it is missing",
            );
        }
        findings.push(finding);
    }
    match (findings.is_empty(), unclear) {
        (true, Some(missing)) => Err(Skip::from(missing)),
        _ => Ok(findings),
    }
}

/// Whether a server serves files from that very path: it may lie on a tmpfs, and certbot makes it anew.
fn is_served(path: &str, host: &HostFacts) -> bool {
    let path = path.trim_end_matches('/');
    host.servers.roots.iter().any(|(root, _)| {
        let below = root.trim_end_matches('/').strip_prefix(path);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with("/.well-known"))
    })
}

/// The document root in the file that names the lineage's certificate.
fn root_beside<'a>(lineage: &Lineage, host: &'a HostFacts) -> Option<(&'a str, &'a str)> {
    let Usage::Named(refs) = host.servers.usage(&lineage.name) else { return None };
    let file = |place: &'a str| place.rsplit_once(':').map_or(place, |(file, _)| file);
    let roots = host.servers.roots.iter();
    let mut beside = roots.filter(|(_, place)| refs.iter().any(|r| file(&r.r#where) == file(place)));
    beside.next().map(|(root, place)| (root.as_str(), place.as_str()))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{cli_ini, denied, host, lineage, lineage_with, only, set, silent, unknown};
    use crate::facts::{Lineage, PathState, Role};

    fn gone() -> Lineage {
        let mut lineage = lineage();
        lineage.paths.insert("/var/www/html".into(), PathState::Absent("/var/www".into()));
        lineage
    }

    #[test]
    fn a_missing_root_fails_once_for_all_its_names() {
        let (severity, finding) = only(&CHECK, &gone(), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Path("/var/www/html".into()));
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
    }

    #[test]
    fn the_root_of_the_servers_file_is_shown_and_typed() {
        let mut host = host();
        host.servers.roots = vec![("/srv/site".into(), "/etc/nginx/sites-enabled/site:5".into())];
        let (_, finding) = only(&CHECK, &gone(), &host);
        assert!(finding.fix.unwrap().commands[0].ends_with("-w /srv/site"));
    }

    #[test]
    fn a_folder_that_the_server_still_names_may_fail_only() {
        for root in ["/var/www/html/", "/var/www/html/.well-known/acme-challenge"] {
            let mut host = host();
            host.servers.roots = vec![(root.into(), "/etc/nginx/nginx.conf:5".into())];
            assert_eq!(only(&CHECK, &gone(), &host).0, Severity::MayFail);
        }
    }

    #[test]
    fn a_root_of_a_name_that_the_certificate_no_longer_has_is_silent() {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "old.example.com", "/var/www/old");
        lineage.paths.insert("/var/www/old".into(), PathState::Absent("/var/www/old".into()));
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn a_folder_another_plugin_and_a_path_of_cli_ini_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut other = lineage_with("authenticator", "nginx");
        other.paths = gone().paths;
        silent(&CHECK, &other, &host());
        silent(&CHECK, &gone(), &cli_ini(&[("webroot-path", "/srv/acme")]));
    }

    #[test]
    fn a_folder_that_we_may_not_enter_is_unknown() {
        let mut lineage = lineage();
        let missing = denied::<()>(Role::Other).unwrap_err();
        lineage.paths.insert("/var/www/html".into(), PathState::Unknown(missing));
        unknown(&CHECK, &lineage, &host());
    }
}

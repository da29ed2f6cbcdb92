//! The folder that the conf names as web root is not there.

use std::collections::BTreeMap;

use super::walked::{HAIRPIN, seen, shown};
use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{
    Conf, DIR, HostFacts, Lineage, Missing, PathState, Role, Setting, UNUSED, Why, is_plain, replace_in,
    try_it,
};

/// A web root that a name of the certificate depends on is missing.
pub static CHECK: Check = Check {
    id: "webroot-moved-or-deleted",
    title: "the web root in the conf is gone, or is not what the server serves",
    severity: Severity::WillFail,
    why: "certbot silently creates the old path anew and puts the challenge file where no server looks, so the CA gets \
          a 404: `Invalid response from http://…/.well-known/acme-challenge/…: 404`",
    fix: "name the folder that the site is served from now: certbot reconfigure --cert-name NAME --webroot -w DIR \
          (certbot 2.3 and later)",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#webroot"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("webroot") || host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    if ["webroot-path", "w", "webroot-map"].iter().any(|option| host.given(option).is_some()) {
        return Ok(vec![]);
    }
    let cert = lineage.cert.as_ref()?;
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut places: BTreeMap<&str, &Setting> = BTreeMap::new();
    for name in cert.names.iter().filter(|name| !name.starts_with("*.")) {
        let Some((setting, path)) = lineage.webroot_of(name).or(lineage.webroot_for_all()) else {
            continue;
        };
        names.entry(path).or_default().push(name);
        places.entry(path).or_insert(setting);
    }
    let (mut findings, mut unclear) = (Vec::new(), None);
    for (path, names) in names {
        let (is_file, top) = match lineage.paths.get(path) {
            Some(PathState::Absent(top)) if host.is_partial(top) => {
                let why = Why::Unclear(format!("{top} is not in this tree"));
                unclear = Some(Missing::new(path, why, Role::Other));
                continue;
            }
            Some(PathState::Absent(top)) => (false, top.as_str()),
            Some(PathState::File { .. }) => (true, path),
            Some(PathState::Unknown(missing)) => {
                unclear = Some(missing.clone());
                continue;
            }
            Some(PathState::Folder | PathState::Shut(_)) | None => continue,
        };
        // One folder may be the web root of several lineages, whose findings become one.
        let says = format!("the web root {path} {}", if is_file { "is a file" } else { "does not exist" });
        let root = host.served_from(lineage, &names, path);
        let served = !is_file && is_served(path, host);
        let (summary, commands) = match served {
            true => make(path, host),
            false => name_another(lineage, conf, host, path, root.map(|(root, _)| root)),
        };
        let (place, saw) = places.get(path).map_or_else(
            || (conf.path.clone(), path.to_owned()),
            |setting| (conf.at(setting), setting.shown()),
        );
        let mut finding = Finding::new(says)
            .about(Subject::Path(path.to_owned()))
            .identifiers(names)
            .saw_wanted(place, saw, "an existing folder that the server serves files from");
        if !is_file && top != path {
            finding = finding.saw(top, "nothing is there");
        }
        if let Some((root, place)) = root {
            finding = finding.saw(place, format!("the server's root is {root}"));
        }
        finding = finding.fix(summary, commands);
        if host.unused(lineage) {
            finding = finding.lowered(Severity::Note, UNUSED);
        } else if served {
            finding = finding.lowered(
                Severity::MayFail,
                "a server's configuration names this same folder, and certbot creates it when it is missing",
            );
        }
        findings.push(finding);
    }
    if !findings.is_empty() {
        host.sees_certbots_paths()?;
    }
    match (findings.is_empty(), unclear) {
        (true, Some(missing)) => Err(Skip::from(missing)),
        (true, None) => Ok(not_served(lineage, host)),
        _ => Ok(findings),
    }
}

/// The folder is there, and a file that the dry run put below it does not come back.
fn not_served(lineage: &Lineage, host: &HostFacts) -> Vec<Finding> {
    let Ok(shown) = shown(lineage, host, Trouble::NotServed) else { return Vec::new() };
    let says = |names: &str, walk: &Walk| {
        let root =
            lineage.webroot_of(&walk.identifier).or(lineage.webroot_for_all()).map_or("", |(_, root)| root);
        let answers = walk.last().map(seen).unwrap_or_default();
        format!("a file that was put below {root} does not come back for {names}, which answers {answers}")
    };
    let fix = match host.served_from(lineage, &[], "") {
        Some((root, place)) => format!("the server's root is {root} ({place}): name it as web root"),
        None => format!("name the folder that the site is served from as web root; {DIR}"),
    };
    let findings = shown.finding(says, "200 and the file", &fix);
    findings.into_iter().map(|finding| finding.lowered(Severity::MayFail, HAIRPIN)).collect()
}

/// Whether a server serves files from that very path: it may lie on a tmpfs, and certbot makes it anew.
fn is_served(path: &str, host: &HostFacts) -> bool {
    let path = path.trim_end_matches('/');
    host.servers.roots.iter().any(|(root, _)| {
        let below = root.trim_end_matches('/').strip_prefix(path);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with("/.well-known"))
    })
}

/// What makes a folder that the server names as well; `/run` is empty after each boot.
fn make(path: &str, host: &HostFacts) -> (String, Vec<String>) {
    const FILE: &str = "/etc/tmpfiles.d/acme-challenges.conf";
    if host.os.systemd && is_plain(path) && (path.starts_with("/run/") || path.starts_with("/var/run/")) {
        let line = format!("echo 'd {path} 0755 root root -' > {FILE}");
        return (
            "make the folder now and at each boot".into(),
            vec![line, format!("systemd-tmpfiles --create {FILE}")],
        );
    }
    ("make the folder".into(), vec![format!("mkdir -p {path}")])
}

/// What names another folder for this one alone.
fn name_another(
    lineage: &Lineage,
    conf: &Conf,
    host: &HostFacts,
    gone: &str,
    root: Option<&str>,
) -> (String, Vec<String>) {
    const WORDS: &str = "name the folder that the site is served from now";
    let summary = root.map_or_else(|| format!("{WORDS}; {DIR}"), |_| WORDS.to_owned());
    let root = root.unwrap_or("DIR");
    // `-w` is for all names at once, and needs a verb that older certbots have not.
    if host.has_reconfigure() && lineage.webroots().len() == 1 {
        return (summary, vec![host.reconfigure(lineage, &format!("--webroot -w {}", root))]);
    }
    let edit = replace_in(conf, &conf.lines_with(gone), gone, root);
    (summary, edit.into_iter().chain([try_it(lineage)]).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        cli_ini, denied, host, lineage, lineage_with, only, set, silent, unknown, with_certbots,
    };
    use crate::checks::walked::fixture::{healthy, lineage as walked};
    use crate::facts::net::Walk;
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
    fn without_a_known_root_or_a_verb_for_it_the_conf_is_edited_or_the_folder_is_asked_for() {
        let fix = only(&CHECK, &gone(), &host()).1.fix.unwrap();
        assert!(fix.commands[0].ends_with("-w DIR") && fix.summary.ends_with("serves this name from"));
        let fix = only(&CHECK, &gone(), &with_certbots(&["2.1.0"])).1.fix.unwrap();
        assert!(fix.commands[0].starts_with("sed -i -e 12s,/var/www/html,DIR, -e 13s,"), "{fix:?}");
    }

    #[test]
    fn a_root_of_another_name_stays_as_it_is() {
        let mut lineage = gone();
        set(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "www.example.com", "/srv/www");
        let fix = only(&CHECK, &lineage, &host()).1.fix.unwrap();
        assert!(fix.commands[0].starts_with("sed -i -e 12s,/var/www/html,DIR, /etc"), "{fix:?}");
    }

    #[test]
    fn a_planted_file_that_does_not_come_back_may_fail() {
        let planted = |walk: Walk| Walk { expected: Some("token.thumbprint".into()), ..walk };
        let missed = walked("webroot", Some(Ok(planted(healthy()))));
        let (severity, finding) = only(&CHECK, &missed, &host());
        assert_eq!(severity, Severity::MayFail);
        let says =
            "a file that was put below /var/www/html does not come back for example.com and www.example.com";
        assert!(finding.says.starts_with(says), "{}", finding.says);
        silent(&CHECK, &walked("webroot", Some(Ok(healthy()))), &host());
        silent(&CHECK, &walked("nginx", Some(Ok(planted(healthy())))), &host());
    }

    #[test]
    fn a_backup_of_etc_alone_leaves_it_unknown() {
        let (mut lineage, mut host) = (gone(), host());
        lineage.paths.insert("/var/www/html".into(), PathState::Absent("/var".into()));
        only(&CHECK, &lineage, &host);
        host.os.only_etc = true;
        unknown(&CHECK, &lineage, &host);
    }

    #[test]
    fn a_folder_that_the_server_still_names_may_fail_only() {
        for root in ["/var/www/html/", "/var/www/html/.well-known/acme-challenge"] {
            let mut host = host();
            host.servers.roots = vec![(root.into(), "/etc/nginx/nginx.conf:5".into())];
            let (severity, finding) = only(&CHECK, &gone(), &host);
            assert_eq!(severity, Severity::MayFail);
            assert_eq!(finding.fix.unwrap().commands, ["mkdir -p /var/www/html"]);
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

//! The conf was written where the folders have other names: inside a container, or on another host.

use std::collections::BTreeMap;
use std::path::Path;

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, LinkState, PathState};

/// Several paths of the conf lie below one folder that does not exist here.
pub static CHECK: Check = Check {
    id: "container-tree-moved-absolute-paths",
    title: "the conf's paths belong to another host or container",
    severity: Severity::WillFail,
    why: "certbot uses the paths as they stand: it puts challenges where no server looks for them, and finds neither hooks \
          nor credentials",
    fix: "mount the folders under the same names on both sides, or give the paths anew with certbot reconfigure",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/install.html#alternative-1-docker",
        "https://github.com/certbot/certbot/issues/10588",
    ],
    explains: &["live-not-symlink", "webroot-moved-or-deleted", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Folders of every host: a tree without one of them was only copied in part.
const OF_EVERY_HOST: [&str; 15] = [
    "/bin", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv",
    "/tmp", "/usr", "/var",
];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, state) in &lineage.paths {
        if let PathState::Absent(top) = state
            && path.starts_with('/')
            && top != path
            && !OF_EVERY_HOST.contains(&top.as_str())
        {
            missing.entry(top).or_default().push(path);
        }
    }
    // The four live paths, where the conf puts them outside certbot's folder of this host.
    let inside = format!("{}/", host.dirs.config);
    let absent =
        lineage.live.iter().filter(|link| link.line.is_some() && matches!(link.state, LinkState::Absent));
    for path in absent.map(|link| link.path.as_str()).filter(|path| !path.starts_with(&inside)) {
        let shared = missing.keys().copied().find(|top| Path::new(path).starts_with(top));
        if let Some(top) = shared.or_else(|| path.split_once("/live/").map(|(top, _)| top)) {
            missing.entry(top).or_default().push(path);
        }
    }
    let mut findings = Vec::new();
    for (top, paths) in missing.into_iter().filter(|(_, paths)| paths.len() > 1) {
        let says =
            format!("{} paths of {} lie below {top}, which does not exist here", paths.len(), lineage.name);
        let mut finding = Finding::new(says).about(Subject::Path(top.to_owned()));
        for path in paths {
            let setting = conf.settings.iter().find(|s| s.items().iter().any(|item| item.contains(path)));
            let place = setting.map_or_else(|| conf.path.clone(), |s| conf.at(s));
            let key = setting.map_or("", |s| s.key.as_str());
            finding = finding.saw_wanted(
                place,
                format!("{key} = {path}"),
                format!("a path below a folder that exists, not {top}"),
            );
        }
        findings.push(finding.fix(
            format!("make {top} available here under that name, or give the paths anew"),
            [format!("certbot reconfigure --cert-name {} --webroot -w /var/www/html", lineage.name)],
        ));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{denied, host, lineage, loud, only, set, silent, unknown};
    use crate::facts::{Kind, Lineage, LinkState, Missing, PathState, Role, Why};

    fn with(paths: &[(&str, &str)]) -> Lineage {
        let mut lineage = lineage();
        for (i, (path, top)) in paths.iter().enumerate() {
            set(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", &format!("n{i}.example"), path);
            lineage.paths.insert((*path).to_owned(), PathState::Absent((*top).to_owned()));
        }
        lineage
    }

    #[test]
    fn two_paths_below_one_missing_folder_fail() {
        let (severity, finding) =
            only(&CHECK, &with(&[("/data/www/a", "/data"), ("/data/www/b", "/data")]), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Path("/data".into()));
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn a_tree_from_a_container_is_one_loud_finding() {
        let mut moved = with(&[("/data/www/a", "/data")]);
        for link in &mut moved.live {
            link.path = link.path.replace("/etc/", "/data/");
            link.state = LinkState::Absent;
            let missing = Missing::new(link.path.clone(), Why::NotFound, Role::Pem);
            match link.kind {
                Kind::Cert => moved.cert = Err(missing),
                Kind::Privkey => moved.key = Err(missing),
                Kind::Chain => moved.chain = Err(missing),
                Kind::Fullchain => moved.fullchain = Err(missing),
            }
        }
        assert_eq!(only(&CHECK, &moved, &host()).1.evidence.len(), 5);
        assert_eq!(loud(&[moved], &host()), ["container-tree-moved-absolute-paths"]);
    }

    #[test]
    fn single_paths_and_a_tree_that_was_copied_in_part_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &with(&[("/data/www/a", "/data"), ("/srv/b", "/srv/b")]), &host());
        silent(&CHECK, &with(&[("/var/www/a", "/var"), ("/var/www/b", "/var")]), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

//! The conf was written where the folders have other names: inside a container, or on another host.

use std::collections::BTreeMap;
use std::path::Path;

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{
    Conf, DIR, HostFacts, Lineage, LinkState, PathState, Setting, is_of_every_host, is_plain, replace_in,
    try_it,
};

/// Several paths of the conf lie below one folder that does not exist here.
pub static CHECK: Check = Check {
    id: "container-tree-moved-absolute-paths",
    title: "the conf's paths belong to another host or container",
    severity: Severity::WillFail,
    why: "certbot uses the paths as they stand: it puts challenges where no server looks for them, and finds neither hooks \
          nor credentials",
    fix: "mount the folders under the same names on both sides, or put the paths of this host into renewal/NAME.conf; certbot \
          reconfigure cannot load such a conf",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/install.html#alternative-1-docker",
        "https://github.com/certbot/certbot/issues/10588",
    ],
    explains: &[
        "live-not-symlink",
        "webroot-moved-or-deleted",
        "manual-hook-missing-or-broken",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, state) in &lineage.paths {
        if let PathState::Absent(top) = state
            && path.starts_with('/')
            && top != path
            && !is_of_every_host(top)
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
        let says = format!("{top}, below which the conf's paths lie, does not exist here");
        let (summary, commands) = give_anew(lineage, conf, host, top, &paths);
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
        findings.push(finding.fix(summary, commands));
    }
    if !findings.is_empty() {
        host.sees_certbots_paths()?;
    }
    Ok(findings)
}

/// Puts the paths of this host into the conf: certbot's own folder, and the web roots.
fn give_anew(
    lineage: &Lineage,
    conf: &Conf,
    host: &HostFacts,
    top: &str,
    paths: &[&str],
) -> (String, Vec<String>) {
    let mut summary =
        format!("make {top} available here under that name, or put this host's paths into the conf");
    let mut edits = Vec::new();
    let config = paths.iter().find_map(|path| path.split_once("/live/")).map(|(config, _)| config);
    if let Some(config) = config.filter(|config| is_plain(config) && is_plain(&host.dirs.config)) {
        edits.push(format!("sed -i s,{config}/,{}/,g {}", host.dirs.config, conf.path));
    }
    let names: Vec<&str> = lineage.names().iter().map(String::as_str).collect();
    let root = host.served_from(lineage, &names, top).map(|(root, _)| root);
    let is_root = |path: &&&str| {
        let is = |s: &Setting| s.section.ends_with("/webroot_map") || s.key == "webroot_path";
        conf.settings.iter().any(|s| is(s) && s.items().iter().any(|item| item == **path))
    };
    for path in paths.iter().filter(is_root) {
        edits.extend(replace_in(conf, &conf.lines_with(path), path, root.unwrap_or("DIR")));
        if root.is_none() && !summary.ends_with(DIR) {
            summary = format!("{summary}; {DIR}");
        }
    }
    edits.push(try_it(lineage));
    (summary, edits)
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
        let (_, finding) = only(&CHECK, &moved, &host());
        assert_eq!(finding.evidence.len(), 5);
        let commands = finding.fix.unwrap().commands;
        let conf = "/etc/letsencrypt/renewal/example.com.conf";
        assert_eq!(commands[0], format!("sed -i s,/data/letsencrypt/,/etc/letsencrypt/,g {conf}"));
        assert_eq!(commands[1], format!("sed -i -e 14s,/data/www/a,DIR, {conf}"));
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

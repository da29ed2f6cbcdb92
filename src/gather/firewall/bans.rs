//! What bans attackers on the ports of web servers: fail2ban's jails, and CrowdSec's bouncers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Reading;
use crate::facts::FilterKind;
use crate::gather::fs::show;

const FAIL2BAN: &str = "/etc/fail2ban";
const BOUNCERS: &str = "/etc/crowdsec/bouncers";
/// How deep one value may refer to others, and how long each may be, in bytes.
const MAX_DEPTH: usize = 3;
const MAX_VALUE: usize = 500;

/// Values of a jail by their names, with the place of each.
type Section = BTreeMap<String, (String, String)>;

pub(super) fn read(reading: &mut Reading<'_>) {
    for (name, jail) in jails(reading) {
        let ports = jail.get("port").map_or("", |(ports, _)| ports);
        let Some((_, place)) = jail.get("enabled").filter(|(on, _)| is_true(on)) else { continue };
        if ports.split(',').any(|port| matches!(port.trim(), "80" | "http")) {
            reading.found(
                place.clone(),
                &format!("the jail [{name}] bans on port = {ports}"),
                FilterKind::Bans,
            );
        }
    }
    for path in reading.files(Path::new(BOUNCERS)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(bouncer) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".conf")) {
            reading.found(show(&path), &format!("CrowdSec's {bouncer}"), FilterKind::Bans);
        }
    }
}

/// The jails with their values, each file over those before it.
/// <https://manpages.debian.org/bookworm/fail2ban/jail.conf.5.en.html>
fn jails(reading: &mut Reading<'_>) -> Vec<(String, Section)> {
    let folder = Path::new(FAIL2BAN);
    let of_folder = |end: &str| {
        let mut files = reading.files(&folder.join("jail.d"));
        files.retain(|path| path.extension().is_some_and(|e| e == end));
        files
    };
    let (confs, locals) = (of_folder("conf"), of_folder("local"));
    let mut files: Vec<PathBuf> = vec![folder.join("jail.conf")];
    files.extend(confs);
    files.push(folder.join("jail.local"));
    files.extend(locals);
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    for file in files {
        let Some(text) = reading.text(&file) else { continue };
        add(&mut sections, &show(&file), &text);
    }
    let default = sections.remove("DEFAULT").unwrap_or_default();
    sections.remove("INCLUDES");
    let resolved = |own: Section| {
        let mut all = default.clone();
        all.extend(own);
        let values = ["enabled", "port"].iter().filter_map(|name| {
            let (text, place) = all.get(*name)?;
            Some(((*name).to_owned(), (interpolated(text, &all, 0), place.clone())))
        });
        values.collect()
    };
    sections.into_iter().map(|(name, own)| (name, resolved(own))).collect()
}

/// Reads a file of Python's ConfigParser, as far as single lines go.
fn add(sections: &mut BTreeMap<String, Section>, file: &str, text: &str) {
    let mut section = String::new();
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim();
        // What is indented belongs to the value before it.
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((name, value)) = trimmed.split_once(['=', ':']) {
            let value = (value.trim().to_owned(), format!("{file}:{number}"));
            sections.entry(section.clone()).or_default().insert(name.trim().to_ascii_lowercase(), value);
        }
    }
}

/// A value with `%(other)s` replaced.
fn interpolated(text: &str, all: &Section, depth: usize) -> String {
    let (mut whole, mut rest) = (String::new(), text.get(..MAX_VALUE).unwrap_or(text));
    if text.len() > MAX_VALUE || depth > MAX_DEPTH {
        return whole;
    }
    while let Some((before, (name, after))) =
        rest.split_once("%(").and_then(|(before, after)| Some((before, after.split_once(")s")?)))
    {
        whole.push_str(before);
        if let Some((value, _)) = all.get(&name.to_ascii_lowercase()) {
            whole.push_str(&interpolated(value, all, depth + 1));
        }
        rest = after;
    }
    whole + rest
}

fn is_true(text: &str) -> bool {
    ["true", "yes", "on", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use crate::facts::FilterKind;

    const SHIPPED: &str = "[DEFAULT]\nenabled = false\nport = 0:65535\n[sshd]\nport = ssh\n[nginx-botsearch]\n\
                           port     = http,https\nlogpath = %(nginx_error_log)s\n[recidive]\nbantime = 1w\n";

    fn jails(more: &[(&str, &str)]) -> Vec<String> {
        let files = [&[("/etc/fail2ban/jail.conf", SHIPPED)], more].concat();
        let found = found(&files);
        assert!(found.iter().all(|filter| filter.kind == FilterKind::Bans));
        found.into_iter().map(|filter| format!("{} {}", filter.r#where, filter.rule)).collect()
    }

    #[test]
    fn a_jail_that_is_on_for_web_ports_is_found() {
        let found = jails(&[("/etc/fail2ban/jail.local", "[nginx-botsearch]\nenabled = true\n")]);
        assert_eq!(
            found,
            ["/etc/fail2ban/jail.local:2 the jail [nginx-botsearch] bans on port = http,https"]
        );
        let own = "[DEFAULT]\nweb = http,https\n[wordpress]\nenabled = yes\nport = %(web)s\n";
        assert_eq!(jails(&[("/etc/fail2ban/jail.d/own.conf", own)]).len(), 1);
    }

    #[test]
    fn the_later_file_counts_and_other_jails_are_silent() {
        let on = ("/etc/fail2ban/jail.d/a.conf", "[nginx-botsearch]\nenabled = true\n");
        let off = ("/etc/fail2ban/jail.d/z.local", "[nginx-botsearch]\nenabled = false\n");
        assert_eq!(jails(&[on]).len(), 1);
        assert!(jails(&[on, off]).is_empty());
        let moved = ("/etc/fail2ban/jail.local", "[nginx-botsearch]\nport = 8080\n");
        assert!(jails(&[on, moved]).is_empty());
        let others = "[sshd]\nenabled = true\n[recidive]\nenabled = true\n";
        assert!(jails(&[("/etc/fail2ban/jail.d/defaults-debian.conf", others)]).is_empty());
        assert!(jails(&[]).is_empty());
    }

    #[test]
    fn values_that_refer_to_each_other_come_to_an_end() {
        let round = "[a]\nenabled = true\nport = %(x)s\nx = %(y)s%(y)s\ny = %(x)s%(x)s\n";
        assert!(jails(&[("/etc/fail2ban/jail.local", round)]).is_empty());
        let long = format!("[a]\nenabled = true\nport = {}\n", "%(port)s".repeat(100_000));
        assert!(jails(&[("/etc/fail2ban/jail.local", &long)]).is_empty());
    }

    #[test]
    fn crowdsecs_bouncers_are_found() {
        let found = found(&[
            ("/etc/crowdsec/bouncers/crowdsec-firewall-bouncer.yaml", ""),
            ("/etc/crowdsec/bouncers/crowdsec-firewall-bouncer.yaml.id", ""),
            ("/etc/crowdsec/bouncers/crowdsec-nginx-bouncer.conf", ""),
        ]);
        let rules: Vec<&str> = found.iter().map(|filter| filter.rule.as_str()).collect();
        assert_eq!(rules, ["CrowdSec's crowdsec-firewall-bouncer", "CrowdSec's crowdsec-nginx-bouncer"]);
    }
}

//! A name of the certificate has no web root.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{Conf, DIR, HostFacts, Lineage, UNUSED, is_plain, try_it};

/// Neither `[[webroot_map]]` nor `webroot_path` covers a name.
pub static CHECK: Check = Check {
    id: "webroot-map-incomplete",
    title: "a name of the certificate has no web root in the conf",
    severity: Severity::WillFail,
    why: "certbot does not know where to put the challenge file: it would ask for the folder, and a timer cannot answer \
          (`Input the webroot for …`, `Missing parts of webroot configuration`)",
    fix: "add `NAME = /its/root` under [[webroot_map]], or certbot reconfigure --cert-name NAME --webroot -w DIR \
          (certbot 2.3 and later)",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/webroot.py"],
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
    if lineage.webroot_for_all().is_some() {
        return Ok(vec![]);
    }
    // A wildcard cannot be proved through a folder at all: wildcard-with-non-dns-authenticator.
    let without: Vec<&String> =
        cert.names.iter().filter(|n| !n.starts_with("*.") && lineage.webroot_of(n).is_none()).collect();
    let Some(&first) = without.first() else {
        return Ok(vec![]);
    };
    let (place, saw) = match conf.sections.iter().find(|s| s.path == "renewalparams/webroot_map") {
        Some(head) => (format!("{}:{}", conf.path, head.line), "[[webroot_map]] does not name it"),
        None => (conf.path.clone(), "neither [[webroot_map]] nor webroot_path"),
    };
    let says = match without.len() {
        1 => format!("the conf of {} names no web root for {first}", lineage.name),
        n => format!("the conf of {} names no web root for {n} of its names, {first} first", lineage.name),
    };
    let without: Vec<&str> = without.into_iter().map(String::as_str).collect();
    let (summary, commands) = say_where(lineage, conf, host, &without);
    let finding = Finding::new(says)
        .identifiers(without.iter().copied())
        .saw_wanted(place, saw, format!("{first} = /its/root"))
        .fix(summary, commands);
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

/// What gives these names a web root, and leaves those of the other names as they are.
fn say_where(lineage: &Lineage, conf: &Conf, host: &HostFacts, names: &[&str]) -> (String, Vec<String>) {
    const WORDS: &str = "say where its files are";
    let known = lineage.webroots();
    let served = host.served_from(lineage, names, "").map(|(root, _)| root);
    let root = served.or(match known.as_slice() {
        [only] if is_plain(only) => Some(*only),
        _ => None,
    });
    let summary = root.map_or_else(|| format!("{WORDS}; {DIR}"), |_| WORDS.to_owned());
    let root = root.unwrap_or("DIR");
    // `-w` is for all names at once.
    if known.iter().all(|other| *other == root) {
        return (summary, vec![host.reconfigure(lineage, &format!("--webroot -w {}", root))]);
    }
    let map = conf.sections.iter().find(|s| s.path == "renewalparams/webroot_map");
    let mut commands = vec![try_it(lineage)];
    if let Some(map) = map.filter(|_| is_plain(root) && names.iter().all(|name| is_plain(name))) {
        let lines: Vec<String> =
            names.iter().map(|name| format!("-e '{}a {name} = {root}'", map.line)).collect();
        commands.insert(0, format!("sed -i {} {}", lines.join(" "), conf.path));
    }
    (summary, commands)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, denied, host, lineage, lineage_with, only, set, silent, unknown, unset,
    };
    use crate::facts::{Lineage, Role};

    /// Without the second name in the map.
    fn incomplete() -> Lineage {
        let mut lineage = lineage();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "www.example.com");
        lineage
    }

    #[test]
    fn a_name_without_a_root_fails_and_is_named() {
        let (severity, finding) = only(&CHECK, &incomplete(), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.identifiers, ["www.example.com"]);
        let command = "certbot reconfigure --cert-name example.com --webroot -w /var/www/html";
        assert_eq!(finding.fix.unwrap().commands, [command]);
    }

    #[test]
    fn the_roots_of_the_other_names_stay_as_they_are() {
        let mut lineage = incomplete();
        lineage.cert.as_mut().unwrap().names.push("a.example.com".into());
        set(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "a.example.com", "/srv/a");
        let fix = only(&CHECK, &lineage, &host()).1.fix.unwrap();
        let conf = "/etc/letsencrypt/renewal/example.com.conf";
        assert_eq!(fix.commands[0], format!("sed -i -e '12a www.example.com = DIR' {conf}"));
        assert!(fix.summary.ends_with("serves this name from"));
    }

    #[test]
    fn a_conf_without_any_root_fails() {
        let mut lineage = incomplete();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "example.com");
        assert_eq!(only(&CHECK, &lineage, &host()).1.identifiers.len(), 2);
    }

    #[test]
    fn webroot_path_alone_covers_every_name() {
        let mut lineage = incomplete();
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "webroot_path", "/var/www/html");
        silent(&CHECK, &lineage, &host());
        silent(&CHECK, &incomplete(), &cli_ini(&[("webroot-path", "/var/www/html")]));
    }

    #[test]
    fn a_full_map_a_wildcard_and_an_address_in_another_spelling_are_silent() {
        silent(&CHECK, &lineage(), &host());
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().names = vec!["*.example.com".into(), "2001:db8::1".into()];
        set(lineage.conf.as_mut().unwrap(), "renewalparams/webroot_map", "2001:DB8:0::1", "/var/www/html");
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn another_authenticator_is_silent() {
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = incomplete();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

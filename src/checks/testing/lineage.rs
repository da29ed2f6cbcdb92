//! A healthy lineage, and the ways in which one is changed.

use super::{ACCOUNT, days};
use crate::facts::*;

/// A healthy webroot lineage `example.com` with two versions.
pub fn lineage() -> Lineage {
    let name = "example.com";
    let leaf = cert(&["example.com", "www.example.com"]);
    let mut older = issued(&leaf);
    (older.not_before, older.not_after) = (days(-90), days(0));
    let version = |number, issued| Version { number, present: [true; 4], issued: Some(issued) };
    Lineage {
        name: name.into(),
        conf: Ok(conf(&[
            ("", "version", "5.8.0"),
            ("", "archive_dir", "/etc/letsencrypt/archive/example.com"),
            ("", "cert", "/etc/letsencrypt/live/example.com/cert.pem"),
            ("", "privkey", "/etc/letsencrypt/live/example.com/privkey.pem"),
            ("", "chain", "/etc/letsencrypt/live/example.com/chain.pem"),
            ("", "fullchain", "/etc/letsencrypt/live/example.com/fullchain.pem"),
            ("renewalparams", "account", ACCOUNT),
            ("renewalparams", "server", crate::ca::LETS_ENCRYPT),
            ("renewalparams", "authenticator", "webroot"),
            ("renewalparams", "key_type", "ecdsa"),
            ("renewalparams", "renew_hook", "systemctl reload nginx"),
            ("renewalparams/webroot_map", "example.com", "/var/www/html"),
            ("renewalparams/webroot_map", "www.example.com", "/var/www/html"),
        ])),
        live: Kind::ALL.map(|kind| LiveLink {
            kind,
            path: format!("/etc/letsencrypt/live/{name}/{}.pem", kind.word()),
            line: Some(3),
            state: link(kind, 2),
        }),
        archive: Ok(Archive {
            path: format!("/etc/letsencrypt/archive/{name}"),
            versions: vec![version(1, older), version(2, issued(&leaf))],
        }),
        chain: Ok(vec![Cert { names: vec![], subject: Some("YE1".into()), ..cert(&[]) }]),
        fullchain: Ok(true),
        key: Ok(PrivateKey { key: leaf.key.clone(), spki_sha256: Some(leaf.spki_sha256.clone()) }),
        signed: SignatureState::Valid,
        cert: Ok(leaf),
        previous_links: vec![],
        paths: [
            ("/var/www/html".to_owned(), PathState::Folder),
            ("systemctl".to_owned(), PathState::File { executable: true, readable_by_all: false }),
        ]
        .into(),
        pre_hook: None,
        properties: None,
        key_exposed: None,
        seen: None,
        ca: None,
        ari: None,
        served: None,
        forecast: None,
    }
}

/// Gives a lineage's certificate another validity, in days from now, also as the newest version.
pub fn lives(lineage: &mut Lineage, from: i64, to: i64) {
    let cert = lineage.cert.as_mut().unwrap();
    (cert.not_before, cert.not_after) = (days(from), days(to));
    let issued = issued(cert);
    lineage.archive.as_mut().unwrap().versions.last_mut().unwrap().issued = Some(issued);
}

/// A certificate of 90 days, 30 of them past.
pub fn cert(names: &[&str]) -> Cert {
    Cert {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        not_before: days(-30),
        not_after: days(60),
        issuer: "YE1".into(),
        issuer_org: Some("Let's Encrypt".into()),
        subject: None,
        serial: "04a1".into(),
        key: KeyAlgorithm("ecdsa-p256".into()),
        spki_sha256: "aa".into(),
        aki: None,
        must_staple: false,
        eku: vec!["serverAuth".into()],
        self_issued: false,
    }
}

/// A good link to a version.
pub fn link(kind: Kind, n: u32) -> LinkState {
    LinkState::Link {
        text: format!("../../archive/example.com/{}{n}.pem", kind.word()),
        target: format!("/etc/letsencrypt/archive/example.com/{}{n}.pem", kind.word()),
        version: Some(n),
        mode: Some(if kind == Kind::Privkey { 0o600 } else { 0o644 }),
    }
}

/// The little that is kept of a certificate.
pub fn issued(cert: &Cert) -> Issued {
    Issued {
        not_before: cert.not_before,
        not_after: cert.not_after,
        names: cert.names.clone(),
        serial: cert.serial.clone(),
        key: cert.key.clone(),
    }
}

/// A conf with these (section, key, value), each on its own line.
pub fn conf(settings: &[(&str, &str, &str)]) -> Conf {
    let mut conf = Conf {
        path: "/etc/letsencrypt/renewal/example.com.conf".into(),
        size: 700,
        modified: None,
        sections: vec![],
        settings: vec![],
    };
    for (section, key, value) in settings {
        set(&mut conf, section, key, value);
    }
    conf
}

/// Sets or adds one value of a conf, and its section.
pub fn set(conf: &mut Conf, section: &str, key: &str, value: &str) {
    let line = u32::try_from(conf.settings.len()).unwrap() + 1;
    if !section.is_empty() && !conf.has_section(section) {
        conf.sections.push(SectionHead { path: section.into(), line });
    }
    let value = SettingValue::Text(value.into());
    match conf.settings.iter_mut().find(|s| s.section == section && s.key == key) {
        Some(known) => known.value = value,
        None => conf.settings.push(Setting {
            section: section.into(),
            key: key.into(),
            value,
            line,
            unresolved: None,
        }),
    }
}

/// Removes one value of a conf.
pub fn unset(conf: &mut Conf, section: &str, key: &str) {
    conf.settings.retain(|s| !(s.section == section && s.key == key));
}

/// The healthy lineage with one `[renewalparams]` value set.
pub fn lineage_with(key: &str, value: &str) -> Lineage {
    let mut lineage = lineage();
    set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
    lineage
}

/// The healthy lineage with some `[renewalparams]` values set.
pub fn params(settings: &[(&str, &str)]) -> Lineage {
    let mut lineage = lineage();
    for (key, value) in settings {
        set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
    }
    lineage
}

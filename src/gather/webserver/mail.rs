//! The mail servers: Postfix, Dovecot and Exim.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::glob::is_pattern;
use super::{Place, Reading};
use crate::facts::ServerKind;
use crate::gather::fs::normalize;

/// How deep includes and variables may be nested.
const MAX_DEPTH: usize = 16;

/// `name = value` of a main.cf, with its line; the last one counts.
type Parameters = BTreeMap<String, (usize, String)>;

/// <https://www.postfix.org/postconf.5.html#smtpd_tls_chain_files>
pub(super) fn postfix(reading: &mut Reading<'_>) {
    for folder in ["/etc/postfix", "/usr/local/etc/postfix"].map(Path::new) {
        let main = folder.join("main.cf");
        let parameters = reading.text(&main).map(|text| parameters(&text)).unwrap_or_default();
        for (name, (line, value)) in &parameters {
            let place = Place { server: ServerKind::Postfix, file: &main, line: *line };
            parameter(reading, &place, name, value, &parameters, folder);
        }
        let master = folder.join("master.cf");
        let Some(text) = reading.text(&master) else { continue };
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
            let place = Place { server: ServerKind::Postfix, file: &master, line: i + 1 };
            for (name, value) in line.split_whitespace().filter_map(|word| word.split_once('=')) {
                parameter(reading, &place, name, value, &parameters, folder);
            }
        }
    }
}

fn parameters(text: &str) -> Parameters {
    let mut all = Parameters::new();
    let mut last: Option<String> = None;
    for (i, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            if let Some((_, value)) = last.as_ref().and_then(|name| all.get_mut(name)) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once('=') {
            last = Some(name.trim().to_owned());
            all.insert(name.trim().to_owned(), (i + 1, value.trim().to_owned()));
        }
    }
    all
}

fn parameter(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    name: &str,
    value: &str,
    all: &Parameters,
    folder: &Path,
) {
    let sides = name.strip_prefix("smtpd_tls_").or_else(|| name.strip_prefix("smtp_tls_"));
    match sides {
        Some(
            "cert_file" | "key_file" | "eccert_file" | "eckey_file" | "dcert_file" | "dkey_file"
            | "chain_files" | "CAfile",
        ) => {
            for written in value.split([',', ' ', '\t']).filter(|path| !path.is_empty() && *path != "none") {
                let meant = expand(written, all, 0);
                reading.cert(place, name, written, &meant, folder);
            }
        }
        _ if name == "tls_server_sni_maps" => {
            let Some((_, path)) = value.split_once(":/") else { return };
            let file = Path::new("/").join(path.trim());
            let Some(text) = reading.text(&file) else { return };
            for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
            {
                let place = Place { server: ServerKind::Postfix, file: &file, line: i + 1 };
                let paths = line.split([',', ' ', '\t']).skip(1).filter(|word| word.starts_with('/'));
                for path in paths {
                    reading.cert(&place, name, path, path, folder);
                }
            }
        }
        _ => {}
    }
}

/// `$name`, `${name}` and `$(name)`, where main.cf says what they are.
fn expand(value: &str, all: &Parameters, depth: usize) -> String {
    let Some((before, after)) = value.split_once('$').filter(|_| depth < MAX_DEPTH) else {
        return value.to_owned();
    };
    let inner = after.trim_start_matches(['{', '(']);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
    let rest = if inner.len() < after.len() { rest.trim_start_matches(['}', ')']) } else { rest };
    match all.get(name) {
        Some((_, text)) => {
            format!("{before}{}{}", expand(text, all, depth + 1), expand(rest, all, depth + 1))
        }
        None => value.to_owned(),
    }
}

/// Dovecot's settings up to 2.3, and those of 2.4 as they stand in a `ssl_server { … }` block.
const KEYS: [&str; 7] =
    ["ssl_cert", "ssl_key", "ssl_alt_cert", "ssl_alt_key", "ssl_ca", "cert_file", "key_file"];

/// <https://doc.dovecot.org/latest/core/config/ssl.html>
pub(super) fn dovecot(reading: &mut Reading<'_>) {
    for folder in ["/etc/dovecot", "/usr/local/etc/dovecot"].map(Path::new) {
        let main = folder.join("dovecot.conf");
        if reading.root.exists(&main) {
            dovecot_file(reading, &main, 0);
        } else {
            for path in reading.glob(&folder.join("conf.d/*.conf")) {
                dovecot_file(reading, &path, 0);
            }
            dovecot_file(reading, &folder.join("local.conf"), 0);
        }
    }
}

fn dovecot_file(reading: &mut Reading<'_>, file: &Path, depth: usize) {
    let Some(text) = reading.text(file) else { return };
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.split_once(" #").map_or(line, |(line, _)| line).trim();
        if line.starts_with('#') {
            continue;
        }
        let include = line.strip_prefix("!include_try").map(|p| (p, false));
        let include = include.or_else(|| line.strip_prefix("!include").map(|p| (p, true)));
        if let Some((pattern, must)) = include.filter(|_| depth < MAX_DEPTH) {
            let pattern = normalize(&folder, Path::new(pattern.trim()));
            if must && !is_pattern(&pattern.to_string_lossy()) && !reading.root.exists(&pattern) {
                reading.absent(&pattern);
            }
            for path in reading.glob(&pattern) {
                dovecot_file(reading, &path, depth + 1);
            }
            continue;
        }
        // `local_name example.com { ssl_cert = </path }` may stand on one line.
        for setting in line.split(['{', '}']).flat_map(|part| part.split_once('=')) {
            let (key, value) = (setting.0.trim(), setting.1.trim());
            let of_cert = KEYS.contains(&key);
            if of_cert
                || key.starts_with("ssl_server_") && (key.ends_with("cert_file") || key.ends_with("key_file"))
            {
                let path = value.trim_start_matches('<').trim().trim_matches(['"', '\'']);
                let place = Place { server: ServerKind::Dovecot, file, line: i + 1 };
                reading.cert(&place, key, path, path, &folder);
            }
        }
    }
}

/// <https://www.exim.org/exim-html-current/doc/html/spec_html/ch-encrypted_smtp_connections_using_tlsssl.html>
pub(super) fn exim(reading: &mut Reading<'_>) {
    let mut files: Vec<PathBuf> = [
        "/etc/exim4/exim4.conf",
        "/etc/exim4/exim4.conf.localmacros",
        "/etc/exim4/exim4.conf.template",
        "/etc/exim/exim.conf",
        "/etc/exim.conf",
        "/usr/local/etc/exim/configure",
    ]
    .map(PathBuf::from)
    .into();
    files.extend(reading.glob(Path::new("/etc/exim4/conf.d/*/*")));
    const MACROS: [&str; 4] =
        ["tls_certificate", "tls_privatekey", "MAIN_TLS_CERTIFICATE", "MAIN_TLS_PRIVATEKEY"];
    for file in files {
        let Some(text) = reading.text(&file) else { continue };
        for (i, line) in text.lines().enumerate() {
            let setting = line.trim_start().split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            let Some((key, value)) = setting.filter(|(key, _)| MACROS.contains(key)) else { continue };
            // Debian's template sets the option to its own macro, which is set elsewhere.
            if !value.starts_with("MAIN_TLS_") {
                let place = Place { server: ServerKind::Exim, file: &file, line: i + 1 };
                reading.cert(&place, key, value, value, Path::new("/"));
            }
        }
    }
}

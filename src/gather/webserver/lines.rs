//! HAProxy, lighttpd and Caddy.

use std::path::{Path, PathBuf};

use super::{Place, Reading};
use crate::facts::ServerKind;
use crate::gather::fs::normalize;

/// How many files of a folder of certificates are listed.
const MAX_CERTS: usize = 10_000;
/// How deep imports may be nested.
const MAX_DEPTH: usize = 16;

/// The words of a line up to a `#`; quotes and backslashes keep what they enclose.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '"' | '\'' | '`') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// `bind … crt PATH`, `crt-list` and `crt-store`.
/// <https://docs.haproxy.org/3.2/configuration.html#5.1-crt>
pub(super) fn haproxy(reading: &mut Reading<'_>) {
    let folder = Path::new("/etc/haproxy");
    let mut files = vec![folder.join("haproxy.cfg")];
    files.extend(reading.glob(&folder.join("conf.d/*.cfg")));
    files.extend(["/usr/local/etc/haproxy.conf", "/usr/local/etc/haproxy/haproxy.cfg"].map(PathBuf::from));
    for file in files {
        let Some(text) = reading.text(&file) else { continue };
        let mut base = file.parent().unwrap_or(folder).to_path_buf();
        for (i, line) in text.lines().enumerate() {
            let words = words(line);
            let place = Place { server: ServerKind::Haproxy, file: &file, line: i + 1 };
            match words.first().map(String::as_str) {
                Some("crt-base") => {
                    if let Some(dir) = words.get(1) {
                        base = normalize(Path::new("/"), Path::new(dir));
                    }
                }
                Some("bind" | "server" | "default-server" | "load") => {
                    for pair in words.windows(2) {
                        let [directive, path] = pair else { continue };
                        match directive.as_str() {
                            "crt" | "key" => crt(reading, &place, directive, path, &base),
                            "crt-list" => crt_list(reading, &place, path, &base),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// A file, or a folder that stands for the files in it.
fn crt(reading: &mut Reading<'_>, place: &Place<'_>, directive: &str, written: &str, base: &Path) {
    let path = normalize(base, Path::new(written));
    let is_cert = |name: &String| {
        !name.starts_with('.') && ![".key", ".issuer", ".ocsp", ".sctl"].iter().any(|end| name.ends_with(end))
    };
    if reading.root.is_dir(&path) {
        let names = reading.root.list_or_empty(&path).into_iter().take(MAX_CERTS);
        let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).filter(is_cert).collect();
        for file in names.iter().map(|name| path.join(name)) {
            if reading.is_file(&file) {
                let shown = file.to_string_lossy().into_owned();
                reading.cert(place, directive, &shown, &shown, base);
            }
        }
    } else {
        reading.cert(place, directive, written, written, base);
    }
}

fn crt_list(reading: &mut Reading<'_>, place: &Place<'_>, written: &str, base: &Path) {
    let list = normalize(base, Path::new(written));
    let Some(text) = reading.text(&list) else { return };
    for (i, line) in text.lines().enumerate() {
        if let Some(path) = words(line).first() {
            crt(reading, &Place { server: place.server, file: &list, line: i + 1 }, "crt-list", path, base);
        }
    }
}

/// `ssl.pemfile`, `ssl.privkey`, `ssl.ca-file` and `server.document-root`.
/// <https://redmine.lighttpd.net/projects/lighttpd/wiki/Docs_SSL>
pub(super) fn lighttpd(reading: &mut Reading<'_>) {
    for folder in ["/etc/lighttpd", "/usr/local/etc/lighttpd"].map(Path::new) {
        let mut files = vec![folder.join("lighttpd.conf")];
        for pattern in ["conf-enabled/*.conf", "conf.d/*.conf", "vhosts.d/*.conf"] {
            files.extend(reading.glob(&folder.join(pattern)));
        }
        for file in files {
            let Some(text) = reading.text(&file) else { continue };
            for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
            {
                let place = Place { server: ServerKind::Lighttpd, file: &file, line: i + 1 };
                for key in ["ssl.pemfile", "ssl.privkey", "ssl.ca-file", "server.document-root"] {
                    let Some((_, after)) = line.split_once(key) else { continue };
                    let value = after.trim_start().strip_prefix('=').and_then(|v| v.split('"').nth(1));
                    match value {
                        Some(value) if key.starts_with("ssl") => {
                            reading.cert(&place, key, value, value, folder)
                        }
                        Some(value) => reading.documents(&place, value),
                        None => {}
                    }
                }
            }
        }
    }
}

/// `tls CERT KEY`, `root` and `import`.
/// <https://caddyserver.com/docs/caddyfile/directives/tls>
pub(super) fn caddy(reading: &mut Reading<'_>) {
    for file in ["/etc/caddy/Caddyfile", "/etc/Caddyfile", "/usr/local/etc/caddy/Caddyfile"] {
        caddyfile(reading, Path::new(file), 0);
    }
}

fn caddyfile(reading: &mut Reading<'_>, file: &Path, depth: usize) {
    let Some(text) = reading.text(file) else { return };
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    for (i, line) in text.lines().enumerate() {
        let words = words(line);
        // A site may stand on one line: `example.com { tls a b }`.
        let inner = words.iter().position(|word| word == "{").map_or(0, |at| at + 1);
        let call =
            if inner < words.len() { words.get(inner..).unwrap_or_default() } else { words.as_slice() };
        let place = Place { server: ServerKind::Caddy, file, line: i + 1 };
        match call {
            [tls, cert, key, ..] if tls == "tls" && key != "{" => {
                reading.cert(&place, "tls", cert, cert, &folder);
                reading.cert(&place, "tls", key, key, &folder);
            }
            [root, path] if root == "root" => reading.documents(&place, path),
            [root, _, path, ..] if root == "root" => reading.documents(&place, path),
            [import, pattern, ..] if import == "import" && depth < MAX_DEPTH => {
                for path in reading.glob(&normalize(&folder, Path::new(pattern))) {
                    caddyfile(reading, &path, depth + 1);
                }
            }
            _ => {}
        }
    }
}

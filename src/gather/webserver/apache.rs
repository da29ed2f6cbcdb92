//! Apache: from its main file through its includes; conditions are taken as true.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::glob::is_pattern;
use super::{Place, Reading, suspects};
use crate::facts::ServerKind;
use crate::gather::fs::normalize;

/// How deep includes and folders may be nested.
const MAX_DEPTH: usize = 32;
const MAINS: [&str; 5] = [
    "/etc/apache2/apache2.conf",
    "/etc/apache2/httpd.conf",
    "/etc/httpd/conf/httpd.conf",
    "/usr/local/etc/apache24/httpd.conf",
    "/usr/local/apache2/conf/httpd.conf",
];

/// Reads every Apache configuration.
pub(super) fn read(reading: &mut Reading<'_>) {
    let mut found = false;
    for main in MAINS.map(Path::new).into_iter().filter(|main| reading.root.exists(main)).collect::<Vec<_>>()
    {
        found = true;
        let folder = main.parent().unwrap_or(Path::new("/"));
        let server_root = if folder.ends_with("conf") { folder.parent().unwrap_or(folder) } else { folder };
        let mut apache = Apache { reading, server_root: server_root.to_path_buf(), defined: HashMap::new() };
        apache.file(main, 0);
    }
    if found {
        return;
    }
    for server_root in ["/etc/apache2", "/etc/httpd"] {
        for pattern in ["sites-enabled/*.conf", "conf.d/*.conf", "vhosts.d/*.conf"] {
            for path in reading.glob(&Path::new(server_root).join(pattern)) {
                Apache { reading, server_root: server_root.into(), defined: HashMap::new() }.file(&path, 0);
            }
        }
    }
}

struct Apache<'r, 'a> {
    reading: &'r mut Reading<'a>,
    server_root: PathBuf,
    /// `Define NAME VALUE`.
    defined: HashMap<String, String>,
}

impl Apache<'_, '_> {
    fn file(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        // A folder stands for all files in and below it: <https://httpd.apache.org/docs/2.4/mod/core.html#include>
        if self.reading.root.is_dir(path) {
            if !self.reading.is_new(path) {
                return;
            }
            for name in self.reading.root.list_or_empty(path) {
                self.file(&path.join(name), depth + 1);
            }
            return;
        }
        let Some(text) = self.reading.text(path) else { return };
        for (line, text) in joined(&text) {
            let words = words(&text);
            let [directive, values @ ..] = words.as_slice() else { continue };
            let place = Place { server: ServerKind::Apache, file: path, line };
            self.directive(&place, directive, values, depth);
        }
    }

    fn directive(&mut self, place: &Place<'_>, directive: &str, values: &[String], depth: usize) {
        let Some(value) = values.first() else { return };
        let all: Vec<&str> = std::iter::once(directive).chain(values.iter().map(String::as_str)).collect();
        self.reading.suspect(place, suspects::apache(directive, values), &all);
        let meant = self.expand(value);
        match directive.to_ascii_lowercase().as_str() {
            // <https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslcertificatefile>
            "sslcertificatefile" | "sslcertificatekeyfile" | "sslcertificatechainfile" => {
                self.reading.cert(place, directive, value, &meant, &self.server_root);
            }
            "listen" => self.reading.listens(place, directive, &[&meant]),
            "<virtualhost" => {
                let addresses: Vec<String> =
                    values.iter().map(|value| self.expand(value.trim_end_matches('>'))).collect();
                let addresses: Vec<&str> =
                    addresses.iter().map(String::as_str).filter(|address| !address.is_empty()).collect();
                self.reading.listens(place, "virtualhost", &addresses);
            }
            "documentroot" => self.reading.documents(place, &meant),
            "alias" => {
                let path = values.get(1).map(|path| self.expand(path));
                self.reading.documents(place, &path.unwrap_or_default());
            }
            "serverroot" => self.server_root = normalize(Path::new("/"), Path::new(&meant)),
            "define" => {
                let text = values.get(1).map(|text| self.expand(text)).unwrap_or_default();
                self.defined.insert(value.clone(), text);
            }
            "include" | "includeoptional" => {
                let pattern = normalize(&self.server_root, Path::new(&meant));
                let must =
                    directive.eq_ignore_ascii_case("include") && !is_pattern(&meant) && !meant.contains("${");
                if must && !self.reading.root.exists(&pattern) {
                    self.reading.absent(&pattern);
                }
                for path in self.reading.glob(&pattern) {
                    self.file(&path, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// `${NAME}` where it was defined; a name from the environment stays as it is.
    fn expand(&self, value: &str) -> String {
        let mut expanded = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once("${") {
            expanded.push_str(before);
            match after.split_once('}').and_then(|(name, after)| Some((self.defined.get(name)?, after))) {
                Some((text, after)) => {
                    expanded.push_str(text);
                    rest = after;
                }
                None => {
                    expanded.push_str("${");
                    rest = after;
                }
            }
        }
        expanded + rest
    }
}

/// Lines with those that follow a `\`, comments left out.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (i, line) in text.lines().enumerate() {
        let (start, mut text) = open.take().unwrap_or((i + 1, String::new()));
        if let Some(part) = line.strip_suffix('\\') {
            text.push_str(part);
            open = Some((start, text));
            continue;
        }
        text.push_str(line);
        if !text.trim_start().starts_with('#') {
            found.push((start, text));
        }
    }
    found.extend(open);
    found
}

/// The words of a line; quotes count where a word begins.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let quoted =
            rest.strip_prefix(['"', '\'']).map(|inner| inner.split_once(first).unwrap_or((inner, "")));
        let (word, after) =
            quoted.unwrap_or_else(|| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

//! nginx: from nginx.conf through its includes.

use std::path::{Path, PathBuf};

use super::glob::is_pattern;
use super::{Place, Reading, geo, suspects};
use crate::facts::ServerKind;
use crate::gather::fs::normalize;

/// How deep includes may be nested.
const MAX_DEPTH: usize = 32;
pub(super) const MAINS: [&str; 7] = [
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
    "/opt/nginx/conf/nginx.conf",
    "/etc/openresty/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/etc/angie/angie.conf",
];

/// Reads every nginx configuration.
pub(super) fn read(reading: &mut Reading<'_>) {
    for main in MAINS.map(Path::new) {
        let prefix = main.parent().unwrap_or(Path::new("/"));
        // What is there and cannot be read is noted.
        file(reading, main, prefix, 0);
        if !reading.is_file(main) {
            // What Debian's and nginx.org's nginx.conf include.
            for pattern in ["conf.d/*.conf", "sites-enabled/*"] {
                for path in reading.glob(&prefix.join(pattern)) {
                    file(reading, &path, prefix, 0);
                }
            }
        }
    }
}

fn file(reading: &mut Reading<'_>, path: &Path, prefix: &Path, depth: usize) {
    let Some(text) = reading.text(path) else { return };
    reading.geo |= geo::is_mentioned(&text);
    statements(&text, |line, words| {
        let [directive, value, ..] = words else { return };
        let place = Place { server: ServerKind::Nginx, file: path, line };
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        reading.suspect(&place, suspects::nginx(words), &all);
        match directive.as_str() {
            // <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_certificate>
            "ssl_certificate" | "ssl_certificate_key" | "ssl_trusted_certificate" => {
                reading.cert(&place, directive, value, value, prefix);
            }
            "listen" => reading.listens(&place, directive, &[value]),
            "root" | "alias" => reading.documents(&place, value),
            "include" if depth < MAX_DEPTH => {
                for path in included(reading, &normalize(prefix, Path::new(value))) {
                    file(reading, &path, prefix, depth + 1);
                }
            }
            _ => {}
        }
    });
}

pub(super) fn included(reading: &mut Reading<'_>, pattern: &Path) -> Vec<PathBuf> {
    let paths = reading.glob(pattern);
    // Without a wildcard nginx refuses to start; with one it takes what there is.
    if !is_pattern(&pattern.to_string_lossy()) && !reading.root.exists(pattern) {
        reading.absent(pattern);
    }
    paths
}

/// Hands over each statement of a configuration with the line it begins at; a block's head is one, and so is what it holds.
fn statements(text: &str, mut each: impl FnMut(usize, &[String])) {
    tokens(text, |line, words, _| {
        if !words.is_empty() {
            each(line, words);
        }
    });
}

/// The same with what ends it: `;`, the `{` of a block, or the `}` after one, mostly without a word.
///
/// The rules are those of `ngx_conf_read_token`: quotes and `#` count only where a word begins.
pub(super) fn tokens(text: &str, mut each: impl FnMut(usize, &[String], char)) {
    let mut words: Vec<String> = Vec::new();
    let (mut line, mut start) = (1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            ';' | '{' | '}' => {
                let lua = c == '{' && words.first().is_some_and(|word| word.ends_with("_by_lua_block"));
                each(start, &words, if lua { ';' } else { c });
                words.clear();
                if lua {
                    line += skip_lua(&mut chars);
                }
            }
            '#' => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            c => {
                if words.is_empty() {
                    start = line;
                }
                let mut word = String::new();
                let quote = (c == '"' || c == '\'').then_some(c);
                let mut next = if quote.is_some() { chars.next() } else { Some(c) };
                while let Some(c) = next {
                    line += usize::from(c == '\n');
                    if Some(c) == quote {
                        break;
                    }
                    word.push(if c == '\\' { unescaped(chars.next()) } else { c });
                    let ends = |c: &char| c.is_whitespace() || *c == ';' || *c == '{' && !word.ends_with('$');
                    if quote.is_none() && chars.peek().is_none_or(ends) {
                        break;
                    }
                    next = chars.next();
                }
                words.push(word);
            }
        }
    }
}

fn unescaped(c: Option<char>) -> char {
    match c {
        Some('t') => '\t',
        Some('r') => '\r',
        Some('n') => '\n',
        Some(c) => c,
        None => '\\',
    }
}

/// Passes over a block of Lua, whose quotes and comments are its own; gives the number of its lines.
fn skip_lua(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let (mut depth, mut lines) = (1_usize, 0);
    let mut quote = None;
    while let Some(c) = chars.next() {
        lines += usize::from(c == '\n');
        match (quote, c) {
            (Some(_), '\\') => lines += usize::from(chars.next() == Some('\n')),
            (Some(q), c) if q == c || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '-') if chars.peek() == Some(&'-') => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            (None, '{') => depth += 1,
            (None, '}') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            (None, _) => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        statements(text, |line, words| found.push(format!("{line} {}", words.join("·"))));
        found
    }

    #[test]
    fn statements_are_read_as_nginx_reads_them() {
        let text = "# x;\nserver { # y\n  ssl_certificate\n    \"/a b/c.pem\";root /x#y; }\nif ($a ~ \"{;}\") {\n a '';}\n";
        assert_eq!(
            shown(text),
            ["2 server", "3 ssl_certificate·/a b/c.pem", "4 root·/x#y", "5 if·($a·~·{;}·)", "6 a·"]
        );
        assert_eq!(shown("a ${b}c;d \\;e;"), ["1 a·${b}c", "1 d·;e"]);
    }

    #[test]
    fn lua_is_passed_over() {
        let text = "content_by_lua_block {\n local a = { \"}\" } -- it's }\n}\nroot /x;\n";
        assert_eq!(shown(text), ["1 content_by_lua_block", "4 root·/x"]);
    }

    #[test]
    fn unfinished_text_is_read_to_its_end() {
        assert_eq!(shown("root \"/x"), Vec::<String>::new());
        assert_eq!(shown("a_by_lua_block {{{{"), ["1 a_by_lua_block"]);
    }
}

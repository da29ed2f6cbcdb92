//! Sites of nginx that let only visitors from some countries or networks in, also to challenges.
//!
//! What decides is what becomes of a visitor whom no list names: the variables that the modules for places fill are
//! followed through `map` and `geo` to an `if` that ends in an error. Where other things decide as well, nothing is said.
//! <https://nginx.org/en/docs/http/ngx_http_geoip_module.html>, <https://github.com/leev/ngx_http_geoip2_module>

use std::collections::HashMap;
use std::path::Path;

use super::tree::{Block, tree};
use super::{MAINS, Reading};
use crate::facts::{Filter, FilterKind};
use crate::gather::secrets::mask_command;

/// A country that ISO 3166 gives to nobody.
const ELSEWHERE: &str = "QQ";
/// The variables of the module that is nginx's own.
const OF_MODULE: [&str; 6] = [
    "geoip_country_code",
    "geoip_country_code3",
    "geoip_country_name",
    "geoip_city_country_code",
    "geoip_city_country_code3",
    "geoip_org",
];
/// How many rules are kept.
const MAX_FILTERS: usize = 1_000;

/// Whether a file may have such rules.
pub(super) fn is_mentioned(text: &str) -> bool {
    text.contains("geo")
}

/// Reads them from every nginx configuration.
pub(super) fn read(reading: &mut Reading<'_>) {
    for main in MAINS.map(Path::new) {
        let Some(tree) = tree(reading, main) else { continue };
        let found = filters(&tree);
        reading.servers.filters.extend(found);
    }
    reading.servers.filters.truncate(MAX_FILTERS);
}

fn filters(tree: &[Block]) -> Vec<Filter> {
    let all = flat(tree);
    let values = values(&all);
    let servers = all.iter().filter(|block| is(block, "server") && listens_on_80(block));
    servers.flat_map(|server| of_server(server, &values)).collect()
}

/// Every block and statement, the outer ones first.
fn flat(tree: &[Block]) -> Vec<&Block> {
    let mut all = Vec::new();
    let mut open: Vec<&Block> = tree.iter().rev().collect();
    while let Some(block) = open.pop() {
        all.push(block);
        open.extend(block.body.iter().rev());
    }
    all
}

fn is(block: &Block, word: &str) -> bool {
    block.words.first().is_some_and(|first| first == word)
}

/// What variables are for a visitor from elsewhere; `None` where other things decide.
type Values = HashMap<String, Option<String>>;

fn values(all: &[&Block]) -> Values {
    let mut values = Values::new();
    for block in all {
        match block.words.first().map(String::as_str) {
            Some("geoip_country" | "geoip_city" | "geoip_org") => {
                values.extend(OF_MODULE.map(|name| (name.to_owned(), Some(ELSEWHERE.to_owned()))));
            }
            Some("geoip2") => {
                let names = block.body.iter().filter_map(|line| line.words.first()?.strip_prefix('$'));
                values.extend(names.map(|name| (name.to_owned(), Some(ELSEWHERE.to_owned()))));
            }
            Some("geo") => {
                let name = block.words.last().and_then(|word| word.strip_prefix('$'));
                let default =
                    block.body.iter().find(|line| is(line, "default")).and_then(|line| line.words.get(1));
                values.extend(name.map(|name| (name.to_owned(), Some(default.cloned().unwrap_or_default()))));
            }
            _ => {}
        }
    }
    // One map may lead to another, in any order.
    for _ in 0..3 {
        for block in all.iter().filter(|block| is(block, "map")) {
            let [_, from, to] = block.words.as_slice() else { continue };
            let (Some(from), Some(to)) = (variable(from), to.strip_prefix('$')) else { continue };
            let Some(value) = values.get(from).cloned() else { continue };
            values.insert(to.to_owned(), value.and_then(|value| mapped(block, &value)));
        }
    }
    for block in all.iter().filter(|block| is(block, "set")) {
        if let Some(known) = block.words.get(1).and_then(|word| values.get_mut(word.trim_start_matches('$')))
        {
            *known = None;
        }
    }
    values
}

/// The name of a word that is one variable and nothing else.
fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then_some(name)
}

/// What a `map` makes of a value; `None` where that cannot be told.
fn mapped(map: &Block, value: &str) -> Option<String> {
    let mut default = String::new();
    for line in &map.body {
        let [key, to] = line.words.as_slice() else { continue };
        let hit = match key.strip_prefix('~') {
            _ if key == "default" => {
                default.clone_from(to);
                false
            }
            Some(pattern) => matches(pattern.trim_start_matches('*'), value)?,
            None => key.trim_start_matches('\\').eq_ignore_ascii_case(value),
        };
        if hit {
            return known(to);
        }
    }
    known(&default)
}

fn known(value: &str) -> Option<String> {
    (!value.contains('$')).then(|| value.to_owned())
}

/// Whether a pattern that only lists words matches a value; `None` for any other pattern.
fn matches(pattern: &str, value: &str) -> Option<bool> {
    let (begins, pattern) = (pattern.starts_with('^'), pattern.trim_start_matches('^'));
    let (ends, pattern) = (pattern.ends_with('$'), pattern.trim_end_matches('$'));
    let pattern = pattern.trim_start_matches('(').trim_end_matches(')').trim_start_matches("?:");
    if !pattern.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'|' || b == b'_' || b == b'-') {
        return None;
    }
    let value = value.to_ascii_lowercase();
    Some(pattern.to_ascii_lowercase().split('|').any(|word| match (begins, ends) {
        (true, true) => value == word,
        (true, false) => value.starts_with(word),
        (false, true) => value.ends_with(word),
        (false, false) => value.contains(word),
    }))
}

/// Whether a site answers on port 80: it does without a `listen` as well.
fn listens_on_80(server: &Block) -> bool {
    let mut listens = server.body.iter().filter(|line| is(line, "listen")).peekable();
    let is_80 = |line: &Block| {
        let address = line.words.get(1).map_or("", String::as_str);
        match address.rsplit_once(':') {
            Some((_, port)) if !port.contains(']') => port == "80",
            Some(_) => true,
            None => address == "80" || address.parse::<u16>().is_err() && !address.starts_with("unix:"),
        }
    };
    listens.peek().is_none() || listens.any(is_80)
}

fn of_server(server: &Block, values: &Values) -> Vec<Filter> {
    let named = server.body.iter().filter(|line| is(line, "server_name"));
    let names: Vec<String> = named.flat_map(|line| line.words.iter().skip(1).cloned()).collect();
    // A site without a name answers for whatever no other one does, and nobody knows for what.
    if names.iter().all(|name| name == "_" || name.is_empty()) {
        return Vec::new();
    }
    let apart = server.body.iter().any(|line| {
        is(line, "location")
            && line.words.iter().any(|word| word.contains("well-known") || word.contains("acme"))
    });
    let root = |line: &&Block| is(line, "location") && line.words.last().is_some_and(|path| path == "/");
    let of_root = server.body.iter().filter(|line| !apart && root(line)).flat_map(|line| &line.body);
    // What stands outside of a location is done before one is chosen.
    let all = server.body.iter().chain(of_root).filter(|line| is(line, "if") && turns_away(line, values));
    let filter = |line: &Block| Filter {
        r#where: line.place.clone(),
        rule: mask_command(&shown(line)),
        kind: FilterKind::Places,
        names: names.clone(),
    };
    all.map(filter).collect()
}

/// An `if` that holds for visitors from elsewhere and ends in an error.
fn turns_away(line: &Block, values: &Values) -> bool {
    let denies = |inner: &Block| match inner.words.as_slice() {
        [verb, code, ..] if verb == "return" => code.parse::<u16>().is_ok_and(|code| code >= 400),
        [verb, who] => verb == "deny" && who == "all",
        _ => false,
    };
    line.body.iter().any(denies) && condition(line, values) == Some(true)
}

fn condition(line: &Block, values: &Values) -> Option<bool> {
    let text = line.words.get(1..)?.join(" ");
    let text = text.trim().strip_prefix('(')?.strip_suffix(')')?.trim();
    let mut words = text.split_whitespace();
    let value = values.get(variable(words.next()?)?)?.as_deref()?;
    let Some(sign) = words.next() else { return Some(!value.is_empty() && value != "0") };
    let other = words.next().unwrap_or_default().trim_matches(['"', '\'']);
    match sign {
        "=" => known(other).map(|other| other == value),
        "!=" => known(other).map(|other| other != value),
        "~" | "~*" => matches(other, value),
        "!~" | "!~*" => matches(other, value).map(|hit| !hit),
        _ => None,
    }
}

fn shown(line: &Block) -> String {
    let inner: Vec<String> = line.body.iter().map(|inner| format!("{};", inner.words.join(" "))).collect();
    format!("{} {{ {} }}", line.words.join(" "), inner.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::fs::Root;

    /// The rules of an nginx.conf with these lines in its `http` and in its site, and another file of it.
    fn found(http: &str, site: &str, snippet: &str) -> Vec<Filter> {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("etc/nginx");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("snippet.conf"), snippet).unwrap();
        let text = format!("http {{ {http} server {{ server_name a.example www.a.example; {site} }} }}");
        std::fs::write(folder.join("nginx.conf"), text).unwrap();
        let root = Root::below(dir.path()).unwrap();
        super::super::servers(&root, "/etc/letsencrypt".as_ref()).filters
    }

    const ONLY: &str = "geoip2 /var/lib/GeoLite2-Country.mmdb { $country country iso_code; }
        map $country $allowed { default no; US yes; CA yes; }";
    const REFUSE: &str = "listen 80; if ($allowed = no) { return 403; }";

    #[test]
    fn a_list_of_countries_that_alone_get_in_is_found() {
        let [filter] = &found(ONLY, REFUSE, "")[..] else { panic!("one") };
        assert_eq!(filter.names, ["a.example", "www.a.example"]);
        assert_eq!(filter.rule, "if ($allowed = no) { return 403; }");
        assert!(filter.r#where.starts_with("/etc/nginx/nginx.conf:"), "{}", filter.r#where);
        let own = "geoip_country /usr/share/GeoIP/GeoIP.dat;";
        for site in [
            "if ($geoip_country_code !~ ^(US|CA)$) { return 444; }",
            "if ($geoip_country_code != US) { return 403; }",
            "listen [::]:80; location / { if ($geoip_country_code !~* \"(US|DE)\") { deny all; } }",
        ] {
            assert_eq!(found(own, site, "").len(), 1, "{site}");
        }
        let networks = "geo $outside { default 1; 10.0.0.0/8 0; }";
        assert_eq!(found(networks, "if ($outside) { return 403; }", "").len(), 1);
        let [filter] = &found(ONLY, "include snippet.conf;", REFUSE)[..] else { panic!("one") };
        assert!(filter.r#where.starts_with("/etc/nginx/snippet.conf:1"), "{}", filter.r#where);
    }

    #[test]
    fn logs_lists_of_the_unwanted_and_other_sites_are_silent() {
        let own =
            "geoip_country /usr/share/GeoIP/GeoIP.dat; log_format main '$remote_addr $geoip_country_code';";
        for (http, site) in [
            (own, "add_header X-Country $geoip_country_code;"),
            (own, "if ($geoip_country_code ~ ^(CN|RU)$) { return 403; }"),
            (own, "if ($geoip_country_code = CN) { return 444; }"),
            (own, "listen 443 ssl; if ($geoip_country_code != US) { return 403; }"),
            (own, "if ($geoip_country_code != US) { return 302 https://other.example/; }"),
            (own, "if ($geoip_country_code !~ ^(U.|C.)$) { return 403; }"),
            (own, "location /admin { if ($geoip_country_code != US) { return 403; } }"),
            (
                own,
                "location ^~ /.well-known/acme-challenge/ { root /x; } location / { if ($geoip_country_code != US) { return 403; } }",
            ),
            (ONLY, "set $allowed yes; if ($allowed = no) { return 403; }"),
            ("map $country$uri $allowed { default no; }", "if ($allowed = no) { return 403; }"),
            (
                "geo $limit { default 1; 10.0.0.0/8 0; } map $limit $key { 0 ''; 1 $binary_remote_addr; }",
                "if ($key) { return 403; }",
            ),
            ("", "if ($request_method != GET) { return 403; }"),
        ] {
            assert!(found(http, site, "").is_empty(), "{site}");
        }
        let nameless = "http { geoip_country x; server { if ($geoip_country_code != US) { return 403; } } }";
        assert!(filters_of(nameless).is_empty());
    }

    fn filters_of(text: &str) -> Vec<Filter> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc/nginx")).unwrap();
        std::fs::write(dir.path().join("etc/nginx/nginx.conf"), text).unwrap();
        super::super::servers(&Root::below(dir.path()).unwrap(), "/etc/letsencrypt".as_ref()).filters
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        let deep = format!("geo{}", " a {".repeat(10_000));
        for text in [
            deep.as_str(),
            "geo } } }",
            "geo { include nginx.conf;",
            "map geo; geo; geo {}; if; server { if }",
        ] {
            assert!(filters_of(text).is_empty());
        }
    }
}

//! Lines that, by a plain reading, keep a challenge from being answered: said beside a fault that was seen, never alone.

/// The check that a statement of nginx would explain.
pub(super) fn nginx(words: &[String]) -> Option<&'static str> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["location", "~" | "~*", pattern, ..] if is_of_dotfiles(pattern) => Some("dotfile-deny"),
        ["auth_basic" | "auth_request", value, ..] if *value != "off" => Some("auth-on-site"),
        ["return", .., url] | ["rewrite", _, url, ..] if has_other_port(url) => Some("redirect-bad-port"),
        ["if", variable, ..] if is_of_places(variable) => Some("geo-or-asn-blocking"),
        _ => None,
    }
}

/// The check that a line of Apache's would explain.
pub(super) fn apache(directive: &str, values: &[String]) -> Option<&'static str> {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    match (directive.to_ascii_lowercase().as_str(), values.as_slice()) {
        ("redirectmatch", ["403" | "404", pattern, ..])
        | ("<filesmatch" | "<directorymatch" | "<locationmatch", [pattern, ..])
            if is_of_dotfiles(pattern) =>
        {
            Some("dotfile-deny")
        }
        ("authtype", [kind, ..]) if !kind.eq_ignore_ascii_case("none") => Some("auth-on-site"),
        ("redirect" | "redirectmatch" | "redirectpermanent" | "rewriterule", [.., url])
            if has_other_port(url) =>
        {
            Some("redirect-bad-port")
        }
        ("rewriterule", [_, url, ..]) if has_other_port(url) => Some("redirect-bad-port"),
        // What follows the prefix is put right behind the target: <https://httpd.apache.org/docs/2.4/mod/mod_alias.html#redirect>
        ("redirect" | "redirectpermanent", [.., "/", url]) if lacks_slash(url) => {
            Some("redirect-missing-slash")
        }
        // What modules for places set decides who is let in.
        ("deny" | "allow" | "require" | "rewritecond", values) if is_of_places(&values.join(" ")) => {
            Some("geo-or-asn-blocking")
        }
        _ => None,
    }
}

/// A pattern that the path of a challenge matches for its dot.
fn is_of_dotfiles(pattern: &str) -> bool {
    let pattern = pattern.trim_matches(['"', '\'', '>']);
    let begins = ["/\\.", "^/\\.", "\\/\\.", "(^|/)\\.", "(?:^|/)\\.", "(^|\\/)\\.", "(/\\."];
    begins.iter().any(|begin| pattern.starts_with(begin))
        && !pattern.contains("well-known")
        && !pattern.contains("\\.ht")
}

/// A variable that says where a visitor comes from.
fn is_of_places(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let variable = text.contains("env") || text.starts_with("($");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let names = |word: &str| word.starts_with("geo") || word.contains("country") || word == "asn";
    variable && words.into_iter().any(names)
}

/// A URL with a port that the CA does not connect to.
fn has_other_port(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let port: String = authority
        .rsplit_once(':')
        .map_or("", |(_, port)| port)
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    !port.is_empty() && port != "80" && port != "443"
}

/// A URL that ends with its host.
fn lacks_slash(url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, rest)| !rest.is_empty() && !rest.contains(['/', '$', '%']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_may_be_to_blame_are_known() {
        for (line, id) in [
            ("location ~ /\\.", Some("dotfile-deny")),
            ("location ~* (^|/)\\.(?!well-known)", None),
            ("location ~ \\.php$", None),
            ("auth_basic staff", Some("auth-on-site")),
            ("auth_basic off", None),
            ("return 301 https://$host:8443$request_uri", Some("redirect-bad-port")),
            ("return 301 https://$host:443$request_uri", None),
            ("return 301 https://$host$request_uri", None),
            ("if ($geoip_country_code ~ ^(CN|RU)$)", Some("geo-or-asn-blocking")),
            ("if ($allowed_country = no)", Some("geo-or-asn-blocking")),
            ("if ($request_method = POST)", None),
        ] {
            assert_eq!(nginx(&words(line)), id, "{line}");
        }
        for (line, id) in [
            ("RedirectMatch 403 /\\..*$", Some("dotfile-deny")),
            ("<DirectoryMatch /\\.>", Some("dotfile-deny")),
            ("<FilesMatch ^\\.ht>", None),
            ("AuthType Basic", Some("auth-on-site")),
            ("AuthType None", None),
            ("Deny from env=BlockCountry", Some("geo-or-asn-blocking")),
            ("RewriteCond %{ENV:GEOIP_COUNTRY_CODE} !^(US|CA)$", Some("geo-or-asn-blocking")),
            ("RewriteCond %{ENV:MM_COUNTRY_CODE} ^(CN)$", Some("geo-or-asn-blocking")),
            ("Require env AllowCountry", Some("geo-or-asn-blocking")),
            ("Deny from 10.0.0.0/8", None),
            ("Require all granted", None),
            ("RewriteCond %{REQUEST_URI} !geo", None),
            ("Redirect / https://example.org", Some("redirect-missing-slash")),
            ("Redirect permanent / https://example.org", Some("redirect-missing-slash")),
            ("Redirect / https://example.org/", None),
            ("RewriteRule ^(.*)$ https://%{HTTP_HOST}:10443$1 [R=301,L]", Some("redirect-bad-port")),
        ] {
            let words = words(line);
            assert_eq!(apache(&words[0], &words[1..]), id, "{line}");
        }
    }
}

//! What the answer to a token that nobody planted tells of who answers.

use super::{Hop, Walk};

/// Who answered in place of a challenge file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Miss {
    /// 404 or 410: the server is there, looks for a file and finds none. A planted one would be found.
    NotFound,
    /// An application answers whatever is asked for.
    CatchAll,
    /// A password or a sign-in is wanted.
    Login,
    /// The path is denied.
    Forbidden,
    /// A content network or firewall of that name wants to see a browser, or does not reach the origin.
    Challenge(&'static str),
    /// Another ACME client answers with a thumbprint of its own.
    OtherAcmeClient,
    /// The page of a router or another device.
    RouterUi(&'static str),
    /// 5xx.
    ServerError(u16),
    /// Another status.
    Other(u16),
}

/// Characters of a JWK thumbprint (RFC 7638): SHA-256 in base64url.
const THUMBPRINT: usize = 43;

/// What devices call themselves in headers and on their pages, in lower case.
const DEVICES: [(&str, &str); 24] = [
    ("fritz!box", "a FRITZ!Box"),
    ("routeros", "a MikroTik router"),
    ("mikrotik", "a MikroTik router"),
    ("dd-wrt", "a DD-WRT router"),
    ("openwrt", "an OpenWrt router"),
    ("/cgi-bin/luci", "an OpenWrt router"),
    ("pfsense", "a pfSense firewall"),
    ("opnsense", "an OPNsense firewall"),
    ("edgeos", "an EdgeOS router"),
    ("unifi os", "a UniFi console"),
    ("tp-link", "a TP-Link router"),
    ("router webserver", "a TP-Link router"),
    ("netgear", "a NETGEAR router"),
    ("asuswrt", "an ASUS router"),
    ("zyxel", "a Zyxel router"),
    ("d-link", "a D-Link router"),
    ("speedport", "a Speedport router"),
    ("livebox", "a Livebox router"),
    ("rompager", "a router"),
    ("goahead-webs", "a device with an embedded server"),
    ("micro_httpd", "a device with an embedded server"),
    ("mini_httpd", "a device with an embedded server"),
    ("hikvision", "a camera"),
    ("uc-httpd", "a camera"),
];

/// What a sign-in page's URL has in it.
const SIGN_IN: [&str; 10] =
    ["login", "signin", "sign-in", "sign_in", "/auth", "/sso", "oauth2", "openid", "saml", "/cas/"];

/// What the walk's final answer tells; `None` where it ended otherwise, or in success.
pub fn miss(walk: &Walk) -> Option<Miss> {
    walk.fault.as_ref()?;
    let hop = walk.answer()?;
    let status = hop.status?;
    if is_key_authorization(walk, hop) {
        return Some(Miss::OtherAcmeClient);
    }
    if let Some(network) = challenge(hop, status) {
        return Some(Miss::Challenge(network));
    }
    if let Some(device) = walk.hops.iter().find_map(device) {
        return Some(Miss::RouterUi(device));
    }
    Some(match status {
        404 | 410 => Miss::NotFound,
        401 | 407 => Miss::Login,
        403 => Miss::Forbidden,
        200 if walk.hops.len() > 1 && signs_in(hop) => Miss::Login,
        200 => Miss::CatchAll,
        500..=599 => Miss::ServerError(status),
        _ => Miss::Other(status),
    })
}

/// `TOKEN.THUMBPRINT` for this token, which no file can hold.
fn is_key_authorization(walk: &Walk, hop: &Hop) -> bool {
    let token = walk.url.rsplit('/').next().unwrap_or_default();
    let body = hop.body.as_deref().unwrap_or_default().trim();
    let other = walk.expected.as_deref() != Some(body);
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let thumbprint = body.strip_prefix(token).and_then(|rest| rest.strip_prefix('.'));
    other
        && hop.status == Some(200)
        && !token.is_empty()
        && thumbprint.is_some_and(|t| t.len() == THUMBPRINT && t.bytes().all(base64url))
}

/// The content network or firewall that stands before the origin and answers itself.
fn challenge(hop: &Hop, status: u16) -> Option<&'static str> {
    let body = hop.body.as_deref().unwrap_or_default().to_ascii_lowercase();
    let refuses = matches!(status, 403 | 405 | 406 | 429 | 503);
    let cloudflare = hop.header("cf-ray").is_some() || serves(hop, "cloudflare");
    let signs = [
        (hop.header("cf-mitigated").is_some(), "Cloudflare"),
        // https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
        (cloudflare && (refuses || matches!(status, 520..=530)), "Cloudflare"),
        (body.contains("just a moment"), "Cloudflare"),
        (hop.header("x-amzn-waf-action").is_some(), "AWS WAF"),
        (
            hop.header("x-sucuri-block").is_some() || (hop.header("x-sucuri-id").is_some() && refuses),
            "Sucuri",
        ),
        (hop.header("x-iinfo").is_some() && (refuses || body.contains("_incapsula_")), "Imperva"),
        (hop.header("x-datadome").is_some() && refuses, "DataDome"),
        (hop.header("x-vercel-mitigated").is_some(), "Vercel"),
        (serves(hop, "akamaighost") && refuses, "Akamai"),
        (serves(hop, "ddos-guard") && refuses, "DDoS-Guard"),
    ];
    signs.into_iter().find_map(|(is, name)| is.then_some(name))
}

/// The device that a hop's answer names.
fn device(hop: &Hop) -> Option<&'static str> {
    let told = [
        hop.server.as_deref(),
        hop.header("www-authenticate"),
        hop.location.as_deref(),
        hop.body.as_deref().filter(|_| hop.is_html()),
    ];
    let told = told.map(|text| text.unwrap_or_default().to_ascii_lowercase());
    DEVICES.into_iter().find_map(|(word, device)| told.iter().any(|t| t.contains(word)).then_some(device))
}

fn signs_in(hop: &Hop) -> bool {
    let url = hop.url.to_ascii_lowercase();
    SIGN_IN.iter().any(|word| url.contains(word))
}

fn serves(hop: &Hop, product: &str) -> bool {
    hop.server.as_deref().is_some_and(|server| server.to_ascii_lowercase().contains(product))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::net::Fault;

    fn of(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Miss> {
        let url = "http://example.com/.well-known/acme-challenge/token".to_owned();
        let mut hop =
            Hop { url: url.clone(), status: Some(status), body: Some(body.into()), ..Hop::default() };
        for (name, value) in headers {
            match *name {
                "server" => hop.server = Some((*value).into()),
                name => drop(hop.headers.insert(name.into(), (*value).into())),
            }
        }
        let fault = Some(Fault::Status { url: url.clone(), status });
        miss(&Walk {
            identifier: "example.com".into(),
            url,
            expected: None,
            hops: vec![hop],
            fault,
            other: None,
            again: None,
        })
    }

    #[test]
    fn who_answers_is_told_by_status_headers_and_the_begin_of_the_body() {
        let thumbprint = format!("token.{}", "aB3_-".repeat(9).get(..43).unwrap());
        for (status, headers, body, want) in [
            (404, &[("server", "nginx")] as &[_], "<html>404", Miss::NotFound),
            (410, &[], "", Miss::NotFound),
            (200, &[("content-type", "text/html")], "<!doctype html>", Miss::CatchAll),
            (200, &[], "", Miss::CatchAll),
            (401, &[("www-authenticate", "Basic realm=\"staff\"")], "", Miss::Login),
            (403, &[("server", "nginx")], "", Miss::Forbidden),
            (403, &[("server", "cloudflare"), ("cf-ray", "8f")], "", Miss::Challenge("Cloudflare")),
            (404, &[("server", "cloudflare"), ("cf-ray", "8f")], "", Miss::NotFound),
            (522, &[("server", "cloudflare")], "", Miss::Challenge("Cloudflare")),
            (503, &[], "<title>Just a moment...", Miss::Challenge("Cloudflare")),
            (405, &[("x-amzn-waf-action", "captcha")], "", Miss::Challenge("AWS WAF")),
            (
                200,
                &[("x-iinfo", "1")],
                "<html><script src=\"/_Incapsula_Resource",
                Miss::Challenge("Imperva"),
            ),
            (200, &[], thumbprint.as_str(), Miss::OtherAcmeClient),
            (
                401,
                &[("www-authenticate", "Basic realm=\"NETGEAR R7000\"")],
                "",
                Miss::RouterUi("a NETGEAR router"),
            ),
            (200, &[], "<html><title>FRITZ!Box</title>", Miss::RouterUi("a FRITZ!Box")),
            (404, &[("server", "RomPager/4.07")], "", Miss::RouterUi("a router")),
            (502, &[("server", "nginx")], "", Miss::ServerError(502)),
            (429, &[], "", Miss::Other(429)),
        ] {
            assert_eq!(of(status, headers, body), Some(want), "{status} {headers:?} {body}");
        }
    }

    #[test]
    fn a_text_that_only_resembles_a_key_authorization_is_a_catch_all() {
        for body in ["token.short", "other.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(of(200, &[], body), Some(Miss::CatchAll));
        }
    }
}

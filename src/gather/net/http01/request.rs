//! The request, as the CA's client writes it, but for who asks.

use data_encoding::BASE64;

use super::url::Url;

const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; acme-audit/",
    env!("CARGO_PKG_VERSION"),
    "; rehearsal of an ACME validation)"
);

/// The bytes of a request for a URL, to which the URL before it led.
pub(super) fn request(url: &Url, from: Option<&Url>) -> Vec<u8> {
    let mut lines = format!("Host: {}\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\n", url.host);
    if let Some(user) = &url.user {
        let password = user.password.as_deref().unwrap_or_default();
        let both = [user.name.as_slice(), b":", password].concat();
        lines += &format!("Authorization: Basic {}\r\n", BASE64.encode(&both));
    }
    // What was asked for over TLS is not told to whom asks without.
    if let Some(from) = from.filter(|from| from.scheme != "https" || url.scheme != "http") {
        lines += &format!("Referer: {}\r\n", from.as_referer());
    }
    lines += "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    [b"GET ", url.target().as_slice(), b" HTTP/1.1\r\n", lines.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_tells_where_it_came_from_and_who_asks() {
        let url = |text: &str| Url::parse(text.as_bytes()).unwrap();
        let text = |url: &Url, from| String::from_utf8(request(url, from)).unwrap();
        let first = url("http://u@example.com/x y?z a#top");
        let plain = text(&first, None);
        assert!(
            plain.starts_with("GET /x%20y?z a HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0 ")
        );
        assert!(plain.contains("\r\nAuthorization: Basic dTo=\r\n") && !plain.contains("Referer"));
        let (tls, bare) = (url("https://example.org:443"), url("http://example.org"));
        assert!(text(&tls, Some(&first)).contains("\r\nReferer: http://example.com/x%20y?z a#top\r\n"));
        assert!(text(&tls, Some(&tls)).contains("Host: example.org:443\r\n"));
        assert!(!text(&bare, Some(&tls)).contains("Referer"));
    }
}

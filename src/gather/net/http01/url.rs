//! URLs as lenient as the CA's client is with them, which is Go's `net/url`: RFC 3986 without its strictness.
//!
//! A strict parser would refuse what the CA follows (a space in a path, an upper-case host), and so tell another end.

/// The hexadecimal digits of escapes.
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A URL in parts, each escaped as it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// In lower case; empty in a relative reference.
    pub scheme: String,
    /// `user:password`.
    pub user: Option<String>,
    /// With its port, if one is written, and the brackets of an IPv6 address.
    pub host: String,
    /// Escaped.
    pub path: String,
    /// After the `?`; `None` without one.
    pub query: Option<String>,
    /// After the `#`: part of a URL's identity, never sent.
    pub fragment: Option<String>,
    /// `scheme:something` without a `/`.
    opaque: bool,
}

impl Url {
    /// A URL of plain HTTP with a path that needs no escapes.
    pub fn http(host: &str, path: &str) -> Self {
        Self { scheme: "http".into(), host: host.into(), path: path.into(), ..Self::default() }
    }

    /// Reads an absolute URL or a relative reference.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the CA's client.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.bytes().any(|b| b.is_ascii_control()) {
            return Err("invalid control character in URL".into());
        }
        let mut url = Url::default();
        let (rest, fragment) = cut(text, '#');
        url.fragment = fragment.filter(|f| !f.is_empty()).map(str::to_owned);
        let (scheme, rest) = scheme(rest)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = cut(rest, '?');
        url.query = query.map(escape_query);
        if !rest.starts_with('/') {
            url.opaque = !scheme.is_empty();
            if url.opaque {
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|first| first.contains(':')) {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let path = match rest.strip_prefix("//") {
            Some(after) if !scheme.is_empty() || !rest.starts_with("///") => {
                let end = after.find('/').unwrap_or(after.len());
                let (authority, path) = after.split_at_checked(end).unwrap_or((after, ""));
                url.authority(authority)?;
                path
            }
            _ => rest,
        };
        url.path = escape_path(path)?;
        Ok(url)
    }

    /// The URL that a reference names when it is found at this one (RFC 3986 §5.2).
    ///
    /// # Errors
    /// The reference cannot be read.
    pub fn join(&self, reference: &str) -> Result<Self, String> {
        let mut url = Self::parse(reference)?;
        if url.opaque {
            return Ok(url);
        }
        let absolute = !url.scheme.is_empty() || !url.host.is_empty() || url.user.is_some();
        if url.scheme.is_empty() {
            url.scheme.clone_from(&self.scheme);
        }
        if absolute {
            url.path = without_dots(&url.path);
            return Ok(url);
        }
        url.host.clone_from(&self.host);
        url.user.clone_from(&self.user);
        if url.path.is_empty() {
            if url.query.is_none() {
                url.query.clone_from(&self.query);
                url.fragment = url.fragment.or_else(|| self.fragment.clone());
            }
            url.path = without_dots(&self.path);
        } else if url.path.starts_with('/') {
            url.path = without_dots(&url.path);
        } else {
            let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            url.path = without_dots(&format!("{folder}/{}", url.path));
        }
        Ok(url)
    }

    /// The host without brackets, in the case it has.
    pub fn name(&self) -> &str {
        match self.host.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            Some((address, _)) => address,
            None => self.host.rsplit_once(':').map_or(&self.host, |(name, _)| name),
        }
    }

    /// The port that is written, in digits; `None` where there is none.
    pub fn port(&self) -> Option<&str> {
        let after = match self.host.starts_with('[') {
            true => self.host.rsplit_once(']').map_or("", |(_, rest)| rest),
            false => &self.host,
        };
        after.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.is_empty())
    }

    /// The path and the query, as they stand in the request.
    pub fn target(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// The length of the path without escapes, which is the one that the CA measures.
    pub fn path_length(&self) -> usize {
        unescape(&self.path).map_or(self.path.len(), |path| path.len())
    }

    /// The URL for people: no password.
    pub fn shown(&self) -> String {
        let user = self.user.as_ref().map(|user| match user.split_once(':') {
            Some((name, _)) => format!("{name}:***"),
            None => user.clone(),
        });
        Url { user, ..self.clone() }.to_string()
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                if user.bytes().any(|b| !(b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b))) {
                    return Err("net/url: invalid userinfo".into());
                }
                self.user = Some(user.to_owned());
                host
            }
            None => authority,
        };
        let port = match host.starts_with('[') {
            true => host.rsplit_once(']').map(|(_, rest)| rest).ok_or("missing ']' in host")?,
            false => host.rfind(':').and_then(|at| host.get(at..)).unwrap_or_default(),
        };
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(format!("invalid port {port:?} after host"));
        }
        const OF_HOSTS: &[u8] = b"-_.~!$&'()*+,;=:[]<>\"%";
        let odd = |c: &char| c.is_ascii() && !c.is_ascii_alphanumeric() && !OF_HOSTS.contains(&(*c as u8));
        if let Some(odd) = host.chars().find(odd) {
            return Err(format!("invalid character {:?} in host name", odd.to_string()));
        }
        // Only the zone of an IPv6 address may have an escape for an ASCII character: `%25`.
        if host.contains('%') && !host.starts_with('[') && unescape(host)?.is_ascii() {
            return Err("invalid URL escape in host".into());
        }
        self.host = host.replace("%25", "%");
        Ok(())
    }
}

impl std::fmt::Display for Url {
    /// The whole URL, by which the CA recognises one that it has seen.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}{}", self.host, self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        match &self.fragment {
            Some(fragment) => write!(f, "#{fragment}"),
            None => Ok(()),
        }
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The scheme, empty where there is none, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    let of_schemes = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match text.find(|c| !of_schemes(c)) {
        Some(0) if text.starts_with(':') => Err("missing protocol scheme".into()),
        Some(at) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => match text.split_at_checked(at) {
            Some((scheme, rest)) => match rest.strip_prefix(':') {
                Some(rest) => Ok((scheme, rest)),
                None => Ok(("", text)),
            },
            None => Ok(("", text)),
        },
        _ => Ok(("", text)),
    }
}

/// The bytes of a text with escapes.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => plain.push(u8::try_from(high * 16 + low).unwrap_or_default()),
            _ => return Err("invalid URL escape".into()),
        }
    }
    Ok(plain)
}

/// A path as it is sent: left alone where it is well formed, else unescaped and escaped anew.
fn escape_path(path: &str) -> Result<String, String> {
    let plain = unescape(path)?;
    let well_formed = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&b);
    if path.bytes().all(well_formed) {
        return Ok(path.to_owned());
    }
    Ok(escape(&plain, |b| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&b)))
}

/// A query as it is sent. The CA sends even blanks as they are, which servers refuse or read as escapes do.
fn escape_query(query: &str) -> String {
    escape(query.as_bytes(), |b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b))
}

fn escape(bytes: &[u8], stays: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if stays(*byte) {
            text.push(char::from(*byte));
        } else {
            let digit = |n: u8| HEX.get(usize::from(n)).copied().map_or('0', char::from);
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

/// A path without `.` and `..` (RFC 3986 §5.2.4); it begins with `/` unless it is empty.
fn without_dots(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut kept: Vec<&str> = Vec::new();
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let mut ends_in_folder = false;
    for segment in segments {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    if ends_in_folder {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::Url;

    const BASE: &str = "http://example.com/.well-known/acme-challenge/token?x=1";

    #[test]
    fn a_location_is_read_as_leniently_as_the_ca_does() {
        let base = Url::parse(BASE).unwrap();
        for (location, want) in [
            ("https://example.com/", "https://example.com/"),
            ("HTTPS://EXAMPLE.com/A", "https://EXAMPLE.com/A"),
            ("//other.example/x", "http://other.example/x"),
            ("/x", "http://example.com/x"),
            ("x", "http://example.com/.well-known/acme-challenge/x"),
            ("../x/./y/..", "http://example.com/.well-known/x/"),
            ("../../../../x", "http://example.com/x"),
            ("?y=2", "http://example.com/.well-known/acme-challenge/token?y=2"),
            ("#top", "http://example.com/.well-known/acme-challenge/token?x=1#top"),
            ("/a b/ü\"", "http://example.com/a%20b/%C3%BC%22"),
            ("/a%2Fb?c d", "http://example.com/a%2Fb?c%20d"),
            ("/?a=b&c=%zz", "http://example.com/?a=b&c=%zz"),
            ("https://example.org", "https://example.org"),
            ("https://example.org?q", "https://example.org?q"),
            ("https://u:p@example.org:443/", "https://u:p@example.org:443/"),
            ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
            ("https:/x", "https:///x"),
            ("///x", "http://example.com///x"),
        ] {
            assert_eq!(base.join(location).map(|url| url.to_string()), Ok(want.into()), "{location}");
        }
    }

    #[test]
    fn what_the_ca_cannot_read_is_an_error() {
        let base = Url::parse(BASE).unwrap();
        for location in [
            "http://exa mple.com/",
            "http://example.com/%zz",
            "http://example.com:abc/",
            "http://[::1/",
            ":80/x",
            "a:b:c/d e\u{7f}",
            "http://example.com/\tx",
            "http://ex%61mple.com/",
            "1a:b/c",
        ] {
            assert!(base.join(location).is_err(), "{location}");
        }
    }

    #[test]
    fn names_ports_and_targets() {
        for (url, name, port, target) in [
            ("http://example.com:8080", "example.com", Some("8080"), "/"),
            ("http://example.com:/a?b#c", "example.com", None, "/a?b"),
            ("http://[2001:db8::1]/", "2001:db8::1", None, "/"),
            ("http://[fe80::1%25eth0]:443/", "fe80::1%eth0", Some("443"), "/"),
            ("mailto:x@example.com", "", None, "/"),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((url.name(), url.port(), url.target().as_str()), (name, port, target), "{url}");
        }
        assert_eq!(Url::parse("http://u:secret@h/").unwrap().shown(), "http://u:***@h/");
        assert_eq!(Url::parse("http://h/%41%42").unwrap().path_length(), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_location_panics_and_what_is_read_is_sent_as_ascii(text in "\\PC{0,40}", odd in "[a-z:/?#@%\\[\\].2]{0,20}") {
            let base = Url::parse(BASE).unwrap();
            for location in [&text, &odd, &format!("//{odd}"), &format!("https://{odd}/{text}")] {
                if let Ok(url) = base.join(location) {
                    proptest::prop_assert!(url.target().bytes().all(|b| b.is_ascii_graphic()));
                    proptest::prop_assert!(url.target().parse::<hyper::Uri>().is_ok(), "{}", url.target());
                    let _ = (url.name(), url.port(), url.shown(), url.path_length());
                }
            }
        }
    }
}

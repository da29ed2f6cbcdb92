//! URLs as lenient as the CA's client is with them, which is Go's `net/url`: RFC 3986 without its strictness.
//!
//! A strict parser would refuse what the CA follows (a space in a path, an upper-case host), and so tell another end.
//! <https://pkg.go.dev/net/url>

mod authority;
mod escape;
#[cfg(test)]
mod tests;

pub(super) use self::authority::User;
use self::escape::{Part, escape, settled, shown, unescape};

/// A URL in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// In lower case; empty in a relative reference.
    pub scheme: String,
    /// Who asks.
    pub user: Option<User>,
    /// With its port, if one is written, and the brackets of an IPv6 address; without escapes.
    pub host: String,
    /// Escaped as it is sent.
    pub path: String,
    /// After the `?`, sent as it stands; `None` without one.
    pub query: Option<Vec<u8>>,
    /// After the `#`, escaped: part of a URL's identity, never sent.
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
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let (rest, fragment) = cut(text, b'#');
        if rest.iter().any(u8::is_ascii_control) {
            return Err("invalid control character in URL".into());
        }
        let mut url = Url::default();
        if let Some(fragment) = fragment.filter(|f| !f.is_empty()) {
            url.fragment = Some(settled(fragment, Part::Fragment)?);
        }
        let (scheme, rest) = scheme(rest)?;
        url.scheme = shown(scheme).to_ascii_lowercase();
        let (rest, query) = cut(rest, b'?');
        url.query = query.map(<[u8]>::to_vec);
        if !rest.starts_with(b"/") {
            url.opaque = !scheme.is_empty();
            if url.opaque {
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let path = match rest.strip_prefix(b"//") {
            Some(after) if !scheme.is_empty() || !rest.starts_with(b"///") => {
                let end = after.iter().position(|b| *b == b'/').unwrap_or(after.len());
                let (authority, path) = after.split_at_checked(end).unwrap_or((after, b""));
                (url.user, url.host) = authority::read(&url.scheme, authority)?;
                path
            }
            _ => rest,
        };
        url.path = settled(path, Part::Path)?;
        Ok(url)
    }

    /// The URL that a reference names when it is found at this one (RFC 3986 §5.2).
    ///
    /// # Errors
    /// The reference cannot be read.
    pub fn join(&self, reference: &[u8]) -> Result<Self, String> {
        let mut url = Self::parse(reference)?;
        if url.opaque {
            return Ok(url);
        }
        let absolute = !url.scheme.is_empty() || !url.host.is_empty() || url.user.is_some();
        if url.scheme.is_empty() {
            url.scheme.clone_from(&self.scheme);
        }
        let path = if absolute {
            without_dots(&url.path)
        } else {
            url.host.clone_from(&self.host);
            url.user.clone_from(&self.user);
            if url.path.is_empty() && url.query.is_none() {
                url.query = self.query.clone().filter(|query| !query.is_empty());
                url.fragment = url.fragment.or_else(|| self.fragment.clone());
            }
            let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            match url.path.as_str() {
                "" => without_dots(&self.path),
                path if path.starts_with('/') => without_dots(path),
                path => without_dots(&format!("{folder}/{path}")),
            }
        };
        url.path = settled(path.as_bytes(), Part::Path)?;
        Ok(url)
    }

    /// The host without its port and without brackets, in the case it has.
    pub fn name(&self) -> &str {
        let name = self.split().0;
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
    }

    /// The port that is written, in digits; `None` where there is none.
    pub fn port(&self) -> Option<&str> {
        self.split().1.filter(|port| !port.is_empty())
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
            _ => (&self.host, None),
        }
    }

    /// The path and the query, as they stand in the request.
    pub fn target(&self) -> Vec<u8> {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        match &self.query {
            Some(query) => [path.as_bytes(), b"?", query].concat(),
            None => path.into(),
        }
    }

    /// The length of the path without escapes, which is the one that the CA measures.
    pub fn path_length(&self) -> usize {
        unescape(self.path.as_bytes(), Part::Path).map_or(self.path.len(), |path| path.len())
    }

    /// The URL for people: no password.
    pub fn shown(&self) -> String {
        self.written(|user| match user.password {
            Some(_) => format!("{}:***@", escape(&user.name, Part::User)),
            None => format!("{user}@"),
        })
    }

    /// The URL as the page that one comes from: without the user.
    pub fn as_referer(&self) -> String {
        self.written(|_| String::new())
    }

    fn written(&self, user: impl Fn(&User) -> String) -> String {
        let user = self.user.as_ref().map(user).unwrap_or_default();
        let mut text =
            format!("{}://{user}{}{}", self.scheme, escape(self.host.as_bytes(), Part::Host), self.path);
        if let Some(query) = &self.query {
            text += &format!("?{}", shown(query));
        }
        if let Some(fragment) = &self.fragment {
            text += &format!("#{fragment}");
        }
        text
    }
}

impl std::fmt::Display for Url {
    /// The whole URL, by which the CA recognises one that it has seen.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written(|user| format!("{user}@")))
    }
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|b| *b == at).and_then(|at| text.split_at_checked(at)) {
        Some((before, after)) => (before, after.get(1..)),
        None => (text, None),
    }
}

/// The scheme, empty where there is none, and what follows it.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let of_schemes = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    let end = text.iter().position(|b| !of_schemes(b)).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some(([], [b':', ..])) => Err("missing protocol scheme".into()),
        Some((scheme @ [first, ..], [b':', rest @ ..])) if first.is_ascii_alphabetic() => Ok((scheme, rest)),
        _ => Ok((b"", text)),
    }
}

/// A path without `.` and `..` (RFC 3986 §5.2.4); it begins with `/` unless it is empty.
fn without_dots(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut kept = String::from("/");
    let mut first = true;
    let mut last = "";
    for segment in path.split('/') {
        last = segment;
        match segment {
            "." => first = false,
            ".." => {
                let parent = kept.get(1..).and_then(|rest| rest.rfind('/'));
                kept.truncate(parent.map_or(1, |at| at + 1));
                first = kept.len() == 1;
            }
            segment => {
                if !first {
                    kept.push('/');
                }
                kept.push_str(segment);
                first = false;
            }
        }
    }
    if matches!(last, "." | "..") {
        kept.push('/');
    }
    // The first `/` was written before anything was read.
    match kept.strip_prefix('/') {
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => kept,
    }
}

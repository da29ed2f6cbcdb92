//! What the CA follows and what it refuses to follow.
//! <https://github.com/letsencrypt/boulder/blob/main/va/http.go>

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use super::Options;
use super::url::Url;
use crate::facts::net::Fault;

/// Redirects that are followed; the next one is one too many. The CA's constant is 10, its count lets one more pass.
const MAX_REDIRECTS: usize = 11;

/// Bytes that the path of a redirect may have.
const MAX_PATH: usize = 2000;

/// The URLs and redirects of a whole validation; a second start over IPv4 goes on with the same record.
#[derive(Debug, Default)]
pub(super) struct Record {
    urls: HashSet<String>,
    redirects: usize,
}

/// A redirect that the CA follows.
#[derive(Debug)]
pub(super) struct Next {
    /// Where to.
    pub url: Url,
    /// Its host in lower case.
    pub host: String,
    /// The port to dial.
    pub port: u16,
}

impl Record {
    /// Remembers a URL that is fetched.
    pub fn fetched(&mut self, url: &Url) {
        self.urls.insert(url.to_string());
    }

    /// The target of a redirect.
    ///
    /// # Errors
    /// Why the CA does not follow it.
    pub fn follow(
        &mut self,
        from: &Url,
        status: u16,
        location: &[u8],
        options: &Options,
    ) -> Result<Next, Fault> {
        let mut url = from.join(location).map_err(Fault::InvalidUrl)?;
        if self.redirects >= MAX_REDIRECTS {
            return Err(Fault::TooManyRedirects);
        }
        self.redirects += 1;
        if !matches!(status, 301 | 302 | 307 | 308) {
            return Err(Fault::DisallowedStatus(status));
        }
        url.host = url.host.to_lowercase();
        let port = port(&url, options)?;
        let host = host(&url)?;
        let length = url.path_length();
        if length > MAX_PATH {
            return Err(Fault::TargetTooLong(length));
        }
        if self.urls.contains(&url.to_string()) {
            return Err(Fault::Loop);
        }
        Ok(Next { url, host, port })
    }
}

/// Whether an answer with this status and a `Location` makes the CA's client look at the target at all.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn port(url: &Url, options: &Options) -> Result<u16, Fault> {
    let usual = match url.scheme.as_str() {
        "http" => options.http_port,
        "https" => options.https_port,
        other => return Err(Fault::BadScheme(other.to_owned())),
    };
    let Some(port) = url.port() else { return Ok(usual) };
    match port.parse().unwrap_or(u64::MAX) {
        80 => Ok(options.http_port),
        443 => Ok(options.https_port),
        port => [options.http_port, options.https_port]
            .into_iter()
            .find(|own| u64::from(*own) == port)
            .ok_or(Fault::BadPort(port)),
    }
}

fn host(url: &Url) -> Result<String, Fault> {
    let host = url.name();
    if host.is_empty() {
        return Err(Fault::EmptyHost);
    }
    if host.ends_with(".well-known") {
        return Err(Fault::MissingSlash(host.to_owned()));
    }
    if let Some((address, _)) = host.split_once('%')
        && address.parse::<Ipv6Addr>().is_ok()
    {
        return Err(Fault::ScopedAddress(host.to_owned()));
    }
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) if ends_in_iana_tld(host) => Ok(host.to_owned()),
        Err(_) => Err(Fault::NotIana(host.to_owned())),
    }
}

/// Whether the name lies below a public suffix that a registry, and not a private company, keeps. The CA's list is in ASCII.
fn ends_in_iana_tld(host: &str) -> bool {
    // A final dot leaves an empty last label, which no rule of the list has.
    let last = host.rsplit('.').next().filter(|last| !last.is_empty() && last.is_ascii());
    let known = |name: &str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
    last.is_some_and(|last| known(last) || known(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(status: u16, location: &str) -> Result<String, Fault> {
        let from = Url::http("example.com", "/.well-known/acme-challenge/token");
        let mut record = Record::default();
        record.fetched(&from);
        record
            .follow(&from, status, location.as_bytes(), &Options::default())
            .map(|next| format!("{} {}:{}", next.url, next.host, next.port))
    }

    #[test]
    fn a_redirect_of_an_allowed_kind_is_followed() {
        for status in [301, 302, 307, 308] {
            let next = follow(status, "https://WWW.Example.com/a?b=c");
            assert_eq!(next, Ok("https://www.example.com/a?b=c www.example.com:443".into()));
        }
        for (location, want) in [
            ("http://example.com:443/x", "http://example.com:443/x example.com:443"),
            ("https://example.com:80/x", "https://example.com:80/x example.com:80"),
            ("https://[2606:4700::1]/x", "https://[2606:4700::1]/x 2606:4700::1:443"),
            ("https://1.1.1.1/", "https://1.1.1.1/ 1.1.1.1:443"),
            ("https://a.github.io/", "https://a.github.io/ a.github.io:443"),
            ("https://a.ck/", "https://a.ck/ a.ck:443"),
        ] {
            assert_eq!(follow(301, location), Ok(want.into()));
        }
    }

    #[test]
    fn the_others_are_refused_for_the_reason_the_ca_gives() {
        for (status, location, fault) in [
            (303, "https://example.com/", Fault::DisallowedStatus(303)),
            (301, "ftp://example.com/", Fault::BadScheme("ftp".into())),
            (301, "mailto:x@example.com", Fault::BadScheme("mailto".into())),
            (301, "https://example.com:10443/", Fault::BadPort(10443)),
            (301, "https://example.com:99999999999/", Fault::BadPort(99_999_999_999)),
            (301, "https://example.com:99999999999999999999/", Fault::BadPort(u64::MAX)),
            (301, "https:///x", Fault::EmptyHost),
            (301, "https:example.com/x", Fault::EmptyHost),
            (
                301,
                "https://example.com.well-known/acme-challenge/t",
                Fault::MissingSlash("example.com.well-known".into()),
            ),
            (301, "https://[fe80::1%25eth0]/", Fault::ScopedAddress("fe80::1%eth0".into())),
            (301, "https://nas.local/", Fault::NotIana("nas.local".into())),
            (301, "https://localhost/", Fault::NotIana("localhost".into())),
            (301, "https://example.com./", Fault::NotIana("example.com.".into())),
            (301, "/.well-known/acme-challenge/token", Fault::Loop),
            (301, "http://EXAMPLE.com/.well-known/acme-challenge/token", Fault::Loop),
        ] {
            assert_eq!(follow(status, location), Err(fault), "{location}");
        }
        assert!(matches!(follow(301, "http://exa mple.com/"), Err(Fault::InvalidUrl(_))));
        assert_eq!(follow(301, &format!("/{}", "a".repeat(2000))), Err(Fault::TargetTooLong(2001)));
        assert!(follow(301, &format!("/{}", "a".repeat(1999))).is_ok());
    }
}

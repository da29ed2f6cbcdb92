//! Who asks, and whom: what stands between `//` and the path.

use std::net::Ipv6Addr;

use super::cut;
use super::escape::{Part, escape, shown, unescape};

/// What stands before the `@`, without escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: Vec<u8>,
    /// The password, where there is a `:`.
    pub password: Option<Vec<u8>>,
}

/// The user and the host of an authority.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(scheme: &str, authority: &[u8]) -> Result<(Option<User>, String), String> {
    let at = authority.iter().rposition(|b| *b == b'@');
    let (user, host) = match at.and_then(|at| authority.split_at_checked(at)) {
        Some((user, host)) => (Some(user), host.get(1..).unwrap_or_default()),
        None => (None, authority),
    };
    let host = shown(&host_of(scheme, host)?);
    let Some(user) = user else { return Ok((None, host)) };
    if user.iter().any(|b| !(b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b))) {
        return Err("invalid userinfo".into());
    }
    let (name, password) = cut(user, b':');
    let plain = |text| unescape(text, Part::User);
    Ok((Some(User { name: plain(name)?, password: password.map(plain).transpose()? }), host))
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escape(&self.name, Part::User))?;
        match &self.password {
            Some(password) => write!(f, ":{}", escape(password, Part::User)),
            None => Ok(()),
        }
    }
}

/// A host and its port without escapes.
fn host_of(scheme: &str, host: &[u8]) -> Result<Vec<u8>, String> {
    let optional_port = |port: &[u8]| match port {
        [] => Ok(()),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        port => Err(format!("invalid port {:?} after host", shown(port))),
    };
    let bracket = host.iter().rposition(|b| *b == b'[');
    if bracket != Some(0) {
        if bracket.is_some() {
            return Err("invalid IP-literal".into());
        }
        // Other schemes may name several hosts, each with its port.
        let colon = |b: &u8| *b == b':';
        let at = match scheme {
            "http" | "https" => host.iter().position(colon),
            _ => host.iter().rposition(colon),
        };
        optional_port(at.and_then(|at| host.get(at..)).unwrap_or_default())?;
        return unescape(host, Part::Host);
    }
    let end = host.iter().rposition(|b| *b == b']').ok_or("missing ']' in host")?;
    let port = host.get(end + 1..).unwrap_or_default();
    optional_port(port)?;
    let inner = host.get(1..end).unwrap_or_default();
    let zone = inner.windows(3).position(|three| three == b"%25").unwrap_or(inner.len());
    let (address, zone) = inner.split_at_checked(zone).unwrap_or((inner, b""));
    let plain = [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat();
    match is_ipv6(&shown(&plain)) {
        true => Ok([b"[", plain.as_slice(), b"]", port].concat()),
        false => Err("invalid host".into()),
    }
}

/// Whether a text is an IPv6 address, with a zone or without.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok() && zone != Some("")
}

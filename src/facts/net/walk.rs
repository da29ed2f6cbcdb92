//! The way of an HTTP-01 validation, hop by hop, and what the CA would say at its end.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::facts::Problem;

/// The types of problem that a failed validation has. <https://www.rfc-editor.org/rfc/rfc8555#section-6.7>
const UNAUTHORIZED: &str = "urn:ietf:params:acme:error:unauthorized";
const CONNECTION: &str = "urn:ietf:params:acme:error:connection";
const DNS: &str = "urn:ietf:params:acme:error:dns";

/// One walk to a challenge's URL, with the rules of Let's Encrypt's validation authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The identifier that is validated, without `*.`.
    pub identifier: String,
    /// The URL it began with.
    pub url: String,
    /// The key authorization that should come back; `None` where no token was planted and a miss was to be expected.
    pub expected: Option<String>,
    /// Every connection in order, those that failed as well.
    pub hops: Vec<Hop>,
    /// What the CA would say; `None` where it would be content.
    pub fault: Option<Fault>,
    /// The same walk over IPv4, where the name has both families and IPv6 was used to the end.
    pub other: Option<Box<Walk>>,
    /// One of the same walk's repetitions, which found the token that this one missed: of several servers behind one name
    /// only some have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Box<Walk>>,
}

/// One connection and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The URL that was asked for; a password in it is `***`.
    pub url: String,
    /// Its host in lower case, without brackets.
    pub host: String,
    /// The port that was dialled.
    pub port: u16,
    /// Every address that the name has, IPv6 first.
    pub addresses: Vec<IpAddr>,
    /// The one that was dialled; `None` where none could be.
    pub used: Option<IpAddr>,
    /// Milliseconds from the look-up to the answer or the error.
    pub millis: u64,
    /// `TLS 1.2` or `TLS 1.3`, where a handshake succeeded.
    pub tls: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Where it leads, as sent.
    pub location: Option<String>,
    /// The `Server` header.
    pub server: Option<String>,
    /// Other headers that tell who answered, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The first 128 bytes of the body as text; `None` where it was not read.
    pub body: Option<String>,
    /// What the system or the protocol said went wrong.
    pub error: Option<String>,
}

/// What a hop's error says where this host has no network of that family.
pub const NO_ROUTE: &str = "this host has no route to that address";

impl Walk {
    /// Whether the name has an IPv6 address that this host cannot even try, and the CA would.
    pub fn ipv6_unseen(&self) -> bool {
        self.fallback().is_some_and(|hop| hop.error.as_deref() == Some(NO_ROUTE))
    }

    /// The connection that the walk ended at.
    pub fn last(&self) -> Option<&Hop> {
        self.hops.last()
    }

    /// The hop that the final answer came from, where the walk ended with an answer that is no redirect.
    pub fn answer(&self) -> Option<&Hop> {
        let ends = matches!(
            self.fault,
            None | Some(Fault::Status { .. } | Fault::BodyTooLong { .. } | Fault::WrongBody { .. })
        );
        self.last().filter(|hop| ends && hop.status.is_some())
    }

    /// The CA's words for the fault, with the address and the URL as it puts them; `None` where it would be content.
    pub fn words(&self) -> Option<String> {
        let fault = self.fault.as_ref()?;
        if matches!(fault, Fault::WrongBody { .. }) {
            return Some(fault.to_string());
        }
        // A target without an address is spoken of at the hop that led to it.
        let hop = self.hops.iter().rfind(|hop| hop.used.is_some()).or(self.last());
        if let (Fault::Reserved { address, .. }, Ok(_)) = (fault, self.identifier.parse::<IpAddr>())
            && self.hops.len() == 1
        {
            return Some(format!("{address}: Error getting validation data"));
        }
        let led = fault.is_of_the_target() || self.last() != hop;
        let url = hop.and_then(|hop| if led { hop.location.as_deref() } else { Some(hop.url.as_str()) });
        let fetching = match url {
            Some(url) if led || fault.is_fetching() => format!("Fetching {url}: "),
            _ => String::new(),
        };
        let address = hop.and_then(|hop| hop.used).map(|a| format!("{a}: ")).unwrap_or_default();
        Some(format!("{address}{fetching}{fault}"))
    }

    /// The problem that the challenge has then; `None` where the CA would be content.
    pub fn problem(&self) -> Option<Problem> {
        let kind = match self.fault.as_ref()? {
            Fault::NoAddress { .. } => DNS,
            fault if fault.is_fetching() => CONNECTION,
            _ => UNAUTHORIZED,
        };
        Some(Problem { r#type: kind.to_owned(), detail: self.words()?, ..Problem::default() })
    }

    /// Whether IPv6 could not be dialled and the walk began anew over IPv4.
    pub fn fell_back(&self) -> bool {
        self.fallback().is_some()
    }

    /// The hop that could not be dialled and so made the walk begin anew over IPv4.
    pub fn fallback(&self) -> Option<&Hop> {
        let again = self.hops.iter().skip(1).position(|hop| hop.url == self.url)?;
        self.hops.get(again)
    }
}

impl Hop {
    /// A header that was kept, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether the answer says that it is HTML, or looks like it.
    pub fn is_html(&self) -> bool {
        let declared = self.header("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("html"));
        let body =
            self.body.as_deref().unwrap_or_default().trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let start: String = body.chars().take(9).collect::<String>().to_ascii_lowercase();
        declared || start == "<!doctype" || start.starts_with("<html")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_with_a_reserved_address_is_spoken_of_where_it_was_seen() {
        let url = "http://example.com/.well-known/acme-challenge/t";
        let (host, to) = ("10.9.8.7", "http://10.9.8.7/x");
        let led = Hop {
            url: url.into(),
            used: "1.1.1.1".parse().ok(),
            location: Some(to.into()),
            ..Hop::default()
        };
        let (address, block) = (host.parse().unwrap(), "10.0.0.0/8, private use (RFC 1918)".into());
        let walk = Walk {
            identifier: "example.com".into(),
            url: url.into(),
            expected: None,
            hops: vec![led, Hop { url: to.into(), ..Hop::default() }],
            fault: Some(Fault::Reserved { host: host.into(), address, block }),
            other: None,
            again: None,
        };
        let words = "1.1.1.1: Fetching http://10.9.8.7/x: Invalid host in redirect target: IP address is in a reserved \
                     address block: [RFC1918]: Private-Use";
        assert_eq!(walk.words().as_deref(), Some(words));
    }
}

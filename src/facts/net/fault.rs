//! Why a validation fails, in the CA's own words where it has some.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::reserved::words;

/// What ends an HTTP-01 validation. `Display` gives what Let's Encrypt says, without the address and the URL.
/// <https://github.com/letsencrypt/boulder/blob/main/va/http.go>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The name has no address.
    NoAddress {
        /// The name.
        host: String,
        /// What the CA says of both families, where a look-up failed.
        problem: Option<String>,
    },
    /// Its only addresses are reserved ones.
    Reserved {
        /// The name, or the address itself.
        host: String,
        /// The first of them.
        address: IpAddr,
        /// The block it lies in.
        block: String,
    },
    /// Nothing listens there, or something refuses for it.
    Refused,
    /// This host has no route to the network.
    NetworkUnreachable,
    /// A router or a firewall says that the host cannot be reached.
    HostUnreachable,
    /// The connection could not be made for another reason.
    Dial(String),
    /// The connection was reset while it was being made.
    DialReset,
    /// No answer to the connection.
    ConnectTimeout,
    /// Connected, then silence: in the TLS handshake or before the answer.
    AnswerTimeout,
    /// The system gave up reading.
    ReadTimeout,
    /// The answer began and did not end.
    BodyTimeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before an answer.
    Closed,
    /// TLS below 1.2.
    OldTls {
        /// The server says so with an alert; else it goes on with the older version.
        alert: bool,
    },
    /// The server ends the TLS handshake with this alert, as the CA puts it.
    Alert(String),
    /// The server's certificate cannot be read by the CA's client, and why.
    Certificate(String),
    /// The TLS handshake failed here, which says nothing of the CA's.
    Tls(String),
    /// An https URL led to a server that answers in plain HTTP.
    NotTls,
    /// HTTP/2 without TLS.
    Http2,
    /// The answer is no HTTP.
    Malformed(String),
    /// A redirect with a status other than 301, 302, 307 and 308.
    DisallowedStatus(u16),
    /// A redirect to another protocol.
    BadScheme(String),
    /// A redirect to a port other than 80 and 443.
    BadPort(u64),
    /// A redirect without a host.
    EmptyHost,
    /// A redirect to `HOST.well-known`: a `/` is missing.
    MissingSlash(String),
    /// A redirect to an IPv6 address with a zone.
    ScopedAddress(String),
    /// A redirect to a host that the CA's client does not find again as it is written: not in ASCII, or an IPv6 address
    /// that could be shorter.
    OtherSpelling(String),
    /// A redirect to a host under no known top-level domain.
    NotIana(String),
    /// A redirect to a path of more than 2000 bytes.
    TargetTooLong(usize),
    /// A redirect to a URL that was seen before.
    Loop,
    /// The twelfth redirect.
    TooManyRedirects,
    /// A redirect to something that is no URL.
    InvalidUrl(String),
    /// The final status is not 200.
    Status {
        /// The URL that answered.
        url: String,
        /// Its status.
        status: u16,
    },
    /// The body has 128 bytes or more.
    BodyTooLong {
        /// The URL that answered.
        url: String,
        /// The first 128 bytes, as the CA quotes them.
        got: String,
    },
    /// The body could not be read to its end.
    BodyBroken(String),
    /// The body is another one.
    WrongBody {
        /// What should have come; `None` where no token was planted.
        expected: Option<String>,
        /// What came, without trailing white space, as the CA quotes it.
        got: String,
    },
}

impl Fault {
    /// A failure to connect: the one kind that makes the CA try IPv4 after IPv6.
    pub fn is_dial(&self) -> bool {
        matches!(
            self,
            Fault::Refused
                | Fault::NetworkUnreachable
                | Fault::HostUnreachable
                | Fault::DialReset
                | Fault::ConnectTimeout
                | Fault::Dial(_)
        )
    }

    /// A redirect's target is refused before anything is dialled.
    pub fn is_of_the_target(&self) -> bool {
        matches!(
            self,
            Fault::DisallowedStatus(_)
                | Fault::BadScheme(_)
                | Fault::BadPort(_)
                | Fault::EmptyHost
                | Fault::MissingSlash(_)
                | Fault::ScopedAddress(_)
                | Fault::NotIana(_)
                | Fault::TargetTooLong(_)
                | Fault::Loop
                | Fault::TooManyRedirects
        )
    }

    /// Connected, and then too slow.
    pub fn is_slow(&self) -> bool {
        matches!(self, Fault::AnswerTimeout | Fault::ReadTimeout | Fault::BodyTimeout)
    }

    /// The CA puts `Fetching URL: ` before its words.
    pub fn is_fetching(&self) -> bool {
        !matches!(
            self,
            Fault::NoAddress { .. }
                | Fault::Reserved { .. }
                | Fault::BodyTimeout
                | Fault::Status { .. }
                | Fault::BodyTooLong { .. }
                | Fault::BodyBroken(_)
                | Fault::WrongBody { .. }
        )
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const HOST: &str = "Invalid host in redirect target";
        match self {
            Fault::NoAddress { problem: Some(problem), .. } => f.write_str(problem),
            Fault::Reserved { host, address, .. } if host.parse::<IpAddr>().is_ok() => {
                match words(*address) {
                    Some(block) => write!(f, "{HOST}: IP address is in a reserved address block: {block}"),
                    None => f.write_str("Network unreachable"),
                }
            }
            Fault::NoAddress { host, .. } | Fault::Reserved { host, .. } => {
                write!(f, "no valid A records found for {host}; no valid AAAA records found for {host}")
            }
            Fault::Refused => f.write_str("Connection refused"),
            Fault::NetworkUnreachable => f.write_str("Network unreachable"),
            Fault::ConnectTimeout => f.write_str("Timeout during connect (likely firewall problem)"),
            Fault::AnswerTimeout => {
                f.write_str("Timeout after connect (your server may be slow or overloaded)")
            }
            Fault::ReadTimeout => f.write_str("Timeout during read (your server may be slow or overloaded)"),
            Fault::BodyTimeout => f.write_str("Error reading HTTP response body: context deadline exceeded"),
            Fault::DialReset | Fault::Reset => f.write_str("Connection reset by peer"),
            Fault::OldTls { alert: true } => f.write_str("remote error: tls: protocol version not supported"),
            Fault::Alert(alert) => write!(f, "remote error: tls: {alert}"),
            Fault::Http2 => f.write_str("Server is speaking HTTP/2 over HTTP"),
            Fault::HostUnreachable
            | Fault::Dial(_)
            | Fault::OldTls { alert: false }
            | Fault::Certificate(_)
            | Fault::Tls(_)
            | Fault::NotTls
            | Fault::OtherSpelling(_)
            | Fault::Closed
            | Fault::Malformed(_)
            | Fault::InvalidUrl(_) => f.write_str("Error getting validation data"),
            Fault::DisallowedStatus(_) => f.write_str("received disallowed redirect status code"),
            Fault::BadScheme(scheme) => write!(
                f,
                "Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are \
                 supported, not {scheme:?}"
            ),
            // Beyond 63 bits the CA's client sees no number.
            Fault::BadPort(port) if i64::try_from(*port).is_err() => {
                f.write_str("Error getting validation data")
            }
            Fault::BadPort(port) => {
                write!(f, "Invalid port in redirect target. Only ports 80 and 443 are supported, not {port}")
            }
            Fault::EmptyHost => f.write_str("Invalid empty host in redirect target"),
            Fault::MissingSlash(host) => {
                write!(f, "{HOST} {host:?}. Check webserver config for missing '/' in redirect target.")
            }
            Fault::ScopedAddress(_) => write!(f, "{HOST}: contains scope zone"),
            Fault::NotIana(_) => write!(f, "{HOST}, must end in IANA registered TLD"),
            Fault::TargetTooLong(_) => f.write_str("Redirect target too long"),
            Fault::Loop => f.write_str("Redirect loop detected"),
            Fault::TooManyRedirects => f.write_str("Too many redirects"),
            Fault::Status { url, status } => write!(f, "Invalid response from {url}: {status}"),
            Fault::BodyTooLong { url, got } => write!(f, "Invalid response from {url}: {got}"),
            Fault::BodyBroken(why) => write!(f, "Error reading HTTP response body: {why}"),
            Fault::WrongBody { expected, got } => {
                f.write_str("The key authorization file from the server did not match this challenge.")?;
                match expected {
                    Some(expected) => write!(f, " Expected {expected:?} (got {got})"),
                    None => write!(f, " (got {got})"),
                }
            }
        }
    }
}

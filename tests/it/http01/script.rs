//! What a server does with a request.
//!
//! Scripts have no memory, for several CAs ask at once and each asks more than once: they go by the request alone.

use super::place::Place;

/// The script of a server.
pub type Script = fn(&Request) -> Reply;

/// A request, as far as the scripts look at it.
#[derive(Debug)]
pub struct Request {
    /// Where it came to.
    pub place: Place,
    /// It came over TLS.
    pub tls: bool,
    /// It came over IPv6.
    pub v6: bool,
    /// The `Host` header.
    pub host: String,
    /// The target of the request line.
    pub target: String,
    /// The whole head.
    pub head: String,
    /// The key authorization that is right for it.
    pub right: String,
}

/// What the server does with a request.
#[derive(Debug)]
pub enum Reply {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes, then silence.
    Then(Vec<u8>),
    /// These bytes, one at a time, a tenth of a second apart.
    Drip(Vec<u8>),
    /// These bytes in pieces over half a second, and the end.
    Slowly(Vec<u8>),
    /// A head without an end.
    Flood,
    /// These bytes, then a reset.
    Reset(Vec<u8>),
}

impl Request {
    /// The host without a port.
    pub fn name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    /// The host without its first label.
    pub fn zone(&self) -> &str {
        self.name().split_once('.').map_or("", |(_, zone)| zone)
    }

    /// It is for the URL that a validation begins with.
    pub fn is_first(&self) -> bool {
        !self.tls && self.target.starts_with("/.well-known/acme-challenge/")
    }

    /// The token that the target ends in.
    pub fn token(&self) -> &str {
        token(&self.target)
    }
}

/// What stands last in a target, in the query too.
pub fn token(target: &str) -> &str {
    target.rsplit(['/', '?', '=']).next().unwrap_or_default()
}

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend(body);
    Reply::Bytes(bytes)
}

/// 200 with a body.
pub fn ok(body: &[u8]) -> Reply {
    answer("200 OK", "", body)
}

/// A redirect.
pub fn redirect(status: u16, location: &str) -> Reply {
    answer(&format!("{status} Moved"), &format!("Location: {location}\r\n"), b"moved")
}

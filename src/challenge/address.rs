//! Where to listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address and port, or the path of a unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Such as `127.0.0.1:8402`.
    Tcp(SocketAddr),
    /// Such as `/run/acme-audit/http-01.sock`; empty for a socket without a path.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    /// Reads `IP:PORT`, `[IPV6]:PORT`, or an absolute path with or without `unix:` before it.
    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Address::Unix(path.into()));
        }
        text.parse()
            .map(Address::Tcp)
            .map_err(|_| format!("`{text}` is neither an address and port nor an absolute path"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_read_as_they_are_printed() {
        for text in ["127.0.0.1:8402", "[::1]:80", "/run/a b.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("unix:/run/x".parse(), Ok(Address::Unix("/run/x".into())));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "8402", "localhost:80", "::1:80:", "run/x", "unix:run/x", "127.0.0.1:65536"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}

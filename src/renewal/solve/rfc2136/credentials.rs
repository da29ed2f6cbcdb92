//! The credentials file of certbot's `dns-rfc2136`.
//! <https://certbot-dns-rfc2136.readthedocs.io/en/stable/#credentials>

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use data_encoding::{BASE64, BASE64_NOPAD};
use hickory_proto::rr::Name;
use zeroize::Zeroizing;

use super::tsig::{Algorithm, Key};
use crate::configobj::{self, Value};
use crate::facts::Role;
use crate::gather::fs::Root;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// The port of name servers.
const PORT: u16 = 53;

/// Who takes updates, and the key that they are signed with.
#[derive(Debug)]
pub struct Credentials {
    /// The server.
    pub server: SocketAddr,
    /// The key.
    pub key: Key,
    /// Questions are signed, too: a server may show a view of its own to who has the key.
    pub sign_query: bool,
}

impl Credentials {
    /// Reads them as certbot does.
    ///
    /// # Errors
    /// The file cannot be read, or what in it is missing or wrong; never with a value of it.
    pub fn read(root: &Root, path: &Path) -> Result<Self, String> {
        let content = root.read(path, MAX_FILE, Role::Other).map_err(|missing| missing.to_string())?;
        let bytes = Zeroizing::new(content.bytes);
        Self::parse(&bytes).map_err(|why| format!("{}: {why}", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document = configobj::parse(bytes).map_err(|error| error.to_string())?;
        let text = |key: &str| -> Option<Zeroizing<String>> {
            match document.value(&[], &format!("dns_rfc2136_{key}")).ok()??.as_ref() {
                Value::Scalar(text) if !text.is_empty() => Some(Zeroizing::new(text.clone())),
                _ => None,
            }
        };
        let needed = |key: &str| text(key).ok_or_else(|| format!("dns_rfc2136_{key} is missing"));
        let server: IpAddr = needed("server")?
            .parse()
            .map_err(|_| "dns_rfc2136_server is no address; certbot takes no name")?;
        let port = match text("port") {
            Some(port) => port.parse().map_err(|_| "dns_rfc2136_port is no port")?,
            None => PORT,
        };
        let mut name =
            Name::from_ascii(needed("name")?.as_str()).map_err(|_| "dns_rfc2136_name is no name")?;
        name.set_fqdn(true);
        let secret = needed("secret")?;
        let secret = secret.as_bytes();
        let secret = BASE64.decode(secret).or_else(|_| BASE64_NOPAD.decode(secret));
        let secret = secret.map_err(|_| "dns_rfc2136_secret is no base64")?;
        let algorithm = match text("algorithm") {
            Some(named) => Algorithm::named(&named).ok_or("dns_rfc2136_algorithm is not known to certbot")?,
            None => Algorithm::default(),
        };
        let sign_query = text("sign_query").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let key = Key { name, secret: Zeroizing::new(secret), algorithm };
        Ok(Self { server: SocketAddr::new(server, port), key, sign_query })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# a comment\ndns_rfc2136_server = 192.0.2.1\ndns_rfc2136_port = 5353\n\
        dns_rfc2136_name = keyname.\ndns_rfc2136_secret = c2VjcmV0LXNlY3JldA==\n\
        dns_rfc2136_algorithm = hmac-sha512\ndns_rfc2136_sign_query = true\n";

    #[test]
    fn certbots_file_is_read() {
        let all = Credentials::parse(WHOLE.as_bytes()).unwrap();
        assert_eq!((all.server, all.sign_query), ("192.0.2.1:5353".parse().unwrap(), true));
        assert_eq!(all.key.algorithm, Algorithm::Sha512);
        let all = Credentials::parse(
            b"dns_rfc2136_server = ::1\ndns_rfc2136_name = k\ndns_rfc2136_secret = c2VjcmV0",
        );
        let all = all.unwrap();
        assert_eq!((all.server, all.key.algorithm), ("[::1]:53".parse().unwrap(), Algorithm::Md5));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        let wrong =
            |from: &str, to: &str| Credentials::parse(WHOLE.replace(from, to).as_bytes()).unwrap_err();
        assert!(wrong("192.0.2.1", "ns.example").contains("no address"));
        assert!(wrong("dns_rfc2136_secret", "x").contains("dns_rfc2136_secret is missing"));
        assert!(wrong("hmac-sha512", "sha").contains("algorithm"));
        let error = wrong("c2VjcmV0LXNlY3JldA==", "c2Vj!cmV0");
        assert!(error.contains("base64") && !error.contains("c2Vj"), "{error}");
        let shown = format!("{:?}", Credentials::parse(WHOLE.as_bytes()).unwrap());
        assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}

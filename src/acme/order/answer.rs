//! What has to be published so that the CA sees that a name is ours.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;

/// The challenges that can be answered here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// A file of the name's web server. <https://www.rfc-editor.org/rfc/rfc8555#section-8.3>
    #[default]
    Http01,
    /// A TXT record. <https://www.rfc-editor.org/rfc/rfc8555#section-8.4>
    Dns01,
    /// A certificate of the name's port 443. <https://www.rfc-editor.org/rfc/rfc8737>
    TlsAlpn01,
}

impl Method {
    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Method::Http01 => "http-01",
            Method::Dns01 => "dns-01",
            Method::TlsAlpn01 => "tls-alpn-01",
        }
    }
}

/// What has to be found at `/.well-known/acme-challenge/TOKEN` of an identifier, at its `_acme-challenge` in the DNS, or in the
/// certificate that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The challenge that it answers.
    pub method: Method,
    /// The identifier, with `*.` where it is a wildcard.
    pub identifier: String,
    /// Letters, digits, `-` and `_`.
    pub token: String,
    /// The whole body of the file.
    pub key_authorization: String,
}

impl Answer {
    /// The identifier without `*.`.
    pub fn domain(&self) -> &str {
        self.identifier.strip_prefix("*.").unwrap_or(&self.identifier)
    }

    /// What is to be found: the file's body, or the digest as a record has it.
    pub fn value(&self) -> String {
        match self.method {
            Method::Http01 => self.key_authorization.clone(),
            Method::Dns01 | Method::TlsAlpn01 => BASE64URL_NOPAD.encode(&self.digest()),
        }
    }

    /// SHA-256 of the key authorization, which a certificate has in its acmeIdentifier.
    /// <https://www.rfc-editor.org/rfc/rfc8737#section-3>
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, self.key_authorization.as_bytes()).as_ref().to_vec()
    }

    /// The name of the record. A wildcard and its base name have two values at one name.
    pub fn record(&self) -> String {
        format!("_acme-challenge.{}", self.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_digest_and_a_file_the_whole() {
        let answer = |method| Answer {
            method,
            identifier: "*.a.test".into(),
            token: "t".into(),
            key_authorization: "t.thumb".into(),
        };
        let (http, dns) = (answer(Method::Http01), answer(Method::Dns01));
        assert_eq!(http.value(), "t.thumb");
        // printf t.thumb | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(dns.value(), "l0oi6EDDpV2B4XzDiOwjYG5PK77CJmTg0dnBoGodsGg");
        assert_eq!(dns.record(), "_acme-challenge.a.test");
    }
}

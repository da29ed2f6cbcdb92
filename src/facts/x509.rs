//! Certificates and keys, reduced to what a check needs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an X.509 certificate says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cert {
    /// Subject alternative names in the certificate's order, IP addresses in text form; the common name first
    /// where it is not among them, as certbot reads it.
    pub names: Vec<String>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// The issuer's common name, else its whole distinguished name.
    pub issuer: String,
    /// The issuer's organisation.
    pub issuer_org: Option<String>,
    /// The subject's common name.
    pub subject: Option<String>,
    /// Serial number in lower-case hex without separators.
    pub serial: String,
    /// Algorithm and size of the public key.
    pub key: KeyAlgorithm,
    /// SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
    pub spki_sha256: String,
    /// Authority key identifier, lower-case hex.
    pub aki: Option<String>,
    /// The TLS feature extension asks for a stapled OCSP answer (RFC 7633).
    pub must_staple: bool,
    /// Extended key usages by their short names, or dotted OIDs.
    pub eku: Vec<String>,
    /// Subject and issuer are the same name.
    pub self_issued: bool,
}

impl Cert {
    /// The whole time of validity in seconds; both ends are included (RFC 5280, section 4.1.2.5).
    pub fn lifetime_seconds(&self) -> i64 {
        self.not_after.as_second().saturating_sub(self.not_before.as_second()).saturating_add(1)
    }

    /// The whole time of validity in days, rounded to the nearest.
    pub fn lifetime_days(&self) -> i64 {
        self.lifetime_seconds().saturating_add(43_200).div_euclid(86_400)
    }

    /// The whole time of validity for people: `90 days`, and below ten days `160 hours`.
    pub fn lifetime(&self) -> String {
        match self.lifetime_seconds() {
            seconds if seconds < 864_000 => {
                format!("{} hours", seconds.saturating_add(1_800).div_euclid(3_600))
            }
            _ => format!("{} days", self.lifetime_days()),
        }
    }
}

/// The little that is kept of an older version of a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Its names.
    pub names: Vec<String>,
    /// Serial number in lower-case hex.
    pub serial: String,
    /// Algorithm and size of the public key.
    pub key: KeyAlgorithm,
}

/// A public key's algorithm and size, spelled as in the JSON report: `ecdsa-p256`, `rsa-2048`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyAlgorithm(pub String);

impl KeyAlgorithm {
    /// certbot's `key_type` for it: `rsa`, `ecdsa`, or the whole name of anything else.
    pub fn family(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl std::fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of a private key file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrivateKey {
    /// Algorithm and size.
    pub key: KeyAlgorithm,
    /// SHA-256 of its SubjectPublicKeyInfo, lower-case hex; `None` for a key type that was not understood.
    pub spki_sha256: Option<String>,
}

/// Whether the first certificate of the chain signed the leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// The signature verifies.
    Valid,
    /// It does not: the text says how (issuer and subject named, or the signature itself).
    Invalid(String),
    /// An algorithm that is not verified here.
    Unsupported(String),
    /// One of the two certificates could not be read.
    NotChecked,
}

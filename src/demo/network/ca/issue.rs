//! Certificates: the CA's keys, what it wants of a request, and what it signs.

use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateSigningRequestParams, KeyPair, PublicKeyData, SanType};

use super::jws::Jwk;
use super::refusal::Refusal;
use crate::demo::Error;
use crate::demo::mint::{Authority, KeyKind, Leaf, Style};

/// How long a certificate is valid, and how long before its issuance that begins.
const LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
const BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// Who signs.
pub(super) struct Issuer(Authority);

impl Issuer {
    /// Makes fresh keys, which nobody keeps.
    pub fn new() -> Result<Self, Error> {
        let words = |text: &str| text.to_owned();
        let style = Style {
            org: words("acme-audit demo"),
            cn: words("Sandbox Issuing CA"),
            root_org: words("acme-audit demo"),
            root_cn: words("Sandbox Root CA"),
            key: KeyKind::P256,
        };
        let now = Timestamp::now();
        Ok(Self(Authority::new(&style, now - BEFORE, now + LIFETIME)?))
    }

    /// The certificate that is to be trusted, in PEM.
    pub fn root(&self) -> &str {
        self.0.root_pem()
    }

    /// A certificate with its chain, in PEM.
    pub fn issue(&self, names: &[String], key: &impl PublicKeyData) -> Result<String, Error> {
        let from = Timestamp::now() - BEFORE;
        let leaf = Leaf {
            names,
            from,
            lifetime: LIFETIME,
            must_staple: false,
            client_auth: false,
            common_name: false,
        };
        Ok(format!("{}{}", self.0.sign(&leaf, key)?, self.0.chain_pem()))
    }

    /// A key with its certificate, for a server of the CA's own.
    pub fn own(&self, name: String) -> Result<(KeyPair, String), Error> {
        let key = KeyKind::P256.generate()?;
        let chain = self.issue(&[name], &key)?;
        Ok((key, chain))
    }

    /// The certificate that an order's request asks for, with its chain. <https://www.rfc-editor.org/rfc/rfc8555#section-7.4>
    pub fn finalize(&self, csr: Vec<u8>, names: &[String], account: Option<&Jwk>) -> Result<String, Refusal> {
        let bad = |detail: &str| Refusal::new(400, "badCSR", detail);
        // It verifies the signature, too.
        let csr = CertificateSigningRequestParams::from_der(&csr.into()).map_err(|why| match why {
            rcgen::Error::InvalidCertificationRequestSignature => bad("invalid signature on CSR"),
            other => bad(&format!("Error parsing certificate request: {other}")),
        })?;
        let mut asked = Vec::new();
        for name in &csr.params.subject_alt_names {
            match name {
                SanType::DnsName(name) => asked.push(name.to_string().to_ascii_lowercase()),
                _ => return Err(bad("CSR contains identifiers that are no DNS names")),
            }
        }
        asked.sort();
        asked.dedup();
        if asked != names {
            return Err(bad("CSR does not specify same identifiers as Order"));
        }
        // <https://www.rfc-editor.org/rfc/rfc8555#section-11.1>
        if account.is_some_and(|key| key.is(csr.public_key.der_bytes())) {
            return Err(bad("certificate public key must be different than account key"));
        }
        self.issue(names, &csr.public_key).map_err(|why| Refusal::internal(why.to_string()))
    }
}

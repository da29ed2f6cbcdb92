//! Signed requests: a flattened JWS (RFC 7515), verified as <https://www.rfc-editor.org/rfc/rfc8555#section-6.2> wants it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::acme::thumbprint;
use crate::der;

/// What requests may be signed with: the one algorithm that every CA has to take, and that of certbot's RSA keys.
pub(super) const ALGORITHMS: [&str; 2] = ["ES256", "RS256"];

/// A request, its signature not verified yet.
#[derive(Debug)]
pub(super) struct Jws {
    /// Who is said to have signed it.
    pub signer: Signer,
    /// The nonce.
    pub nonce: String,
    /// The URL that it is for.
    pub url: String,
    algorithm: String,
    payload: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
}

/// Who signs.
#[derive(Debug)]
pub(super) enum Signer {
    /// A key that comes along.
    Key(Jwk),
    /// An account, by its URL.
    Account(String),
}

/// A public key. <https://www.rfc-editor.org/rfc/rfc7518#section-6>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jwk {
    /// What names it. <https://www.rfc-editor.org/rfc/rfc7638>
    pub thumbprint: String,
    key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    /// The point, uncompressed.
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Jws {
    /// Reads a body.
    ///
    /// # Errors
    /// It is none, or has not what it must have.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let jws: Value = serde_json::from_slice(body).map_err(|_| malformed("Parse error reading JWS"))?;
        // Nothing outside of what is signed counts.
        if jws.get("header").is_some() || jws.get("signatures").is_some() {
            return Err(malformed("JWS \"header\" and \"signatures\" fields not allowed"));
        }
        let (protected, payload) = (text(&jws, "protected")?, text(&jws, "payload")?);
        let header: Value = serde_json::from_slice(&decoded(protected)?)
            .map_err(|_| malformed("Parse error reading JWS protected header"))?;
        let algorithm = text(&header, "alg")?;
        if !ALGORITHMS.contains(&algorithm) {
            let expected = ALGORITHMS.join(" ");
            let detail = format!(
                "JWS signature header contains unsupported algorithm {algorithm:?}, expected one of [{expected}]"
            );
            return Err(Refusal::new(400, "badSignatureAlgorithm", detail));
        }
        let signer = match (header.get("jwk"), header.get("kid").and_then(Value::as_str)) {
            (Some(jwk), None) => Signer::Key(Jwk::read(jwk)?),
            (None, Some(account)) => Signer::Account(account.to_owned()),
            (Some(_), Some(_)) => return Err(malformed("jwk and kid header fields are mutually exclusive")),
            (None, None) => return Err(malformed("No embedded JWK or Key ID in JWS header")),
        };
        Ok(Self {
            signer,
            nonce: text(&header, "nonce")?.to_owned(),
            url: text(&header, "url")?.to_owned(),
            algorithm: algorithm.to_owned(),
            payload: decoded(payload)?,
            signed: format!("{protected}.{payload}"),
            signature: decoded(text(&jws, "signature")?)?,
        })
    }

    /// The payload, if this key signed it: JSON, or `Null` where something is only asked for.
    ///
    /// # Errors
    /// Another one did, or it is no JSON.
    pub fn payload(&self, jwk: &Jwk) -> Result<Value, Refusal> {
        let (message, signature) = (self.signed.as_bytes(), self.signature.as_slice());
        let verified = match (&jwk.key, self.algorithm.as_str()) {
            (Key::P256(point), "ES256") => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Key::Rsa { n, e }, "RS256") => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            _ => false,
        };
        match (verified, self.payload.as_slice()) {
            (false, _) => Err(malformed("JWS verification error")),
            (true, []) => Ok(Value::Null),
            (true, payload) => serde_json::from_slice(payload)
                .map_err(|_| malformed("Request payload did not parse as JSON")),
        }
    }
}

impl Jwk {
    fn read(jwk: &Value) -> Result<Self, Refusal> {
        let bad = |detail: &str| Refusal::new(400, "badPublicKey", detail);
        let member = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let bytes = |name: &str| {
            BASE64URL_NOPAD.decode(member(name).as_bytes()).map_err(|_| bad("JWK member is not base64url"))
        };
        let (kind, members) = match (member("kty"), member("crv")) {
            ("EC", "P-256") => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(bad("key point does not fit the curve P-256"));
                }
                let members = json!({"crv": "P-256", "kty": "EC", "x": member("x"), "y": member("y")});
                (Key::P256([&[4], x.as_slice(), &y].concat()), members)
            }
            ("RSA", _) => {
                let members = json!({"e": member("e"), "kty": "RSA", "n": member("n")});
                (Key::Rsa { n: bytes("n")?, e: bytes("e")? }, members)
            }
            _ => return Err(bad("unknown key type: P-256 and RSA keys are taken")),
        };
        Ok(Self { thumbprint: thumbprint(&members), key: kind })
    }

    /// Whether it is the key that a certificate has as these bytes. <https://www.rfc-editor.org/rfc/rfc3279#section-2.3>
    pub fn is(&self, public_key: &[u8]) -> bool {
        match &self.key {
            Key::P256(point) => point == public_key,
            Key::Rsa { n, e } => der::sequence(&[der::integer(n), der::integer(e)]) == public_key,
        }
    }
}

fn malformed(detail: &str) -> Refusal {
    Refusal::malformed(detail)
}

fn text<'a>(json: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    let value = json.get(member).and_then(Value::as_str);
    value.ok_or_else(|| Refusal::malformed(format!("JWS has no {member:?}")))
}

fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| malformed("JWS is not base64url"))
}

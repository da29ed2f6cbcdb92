//! An account's key as certbot keeps it: a private JWK (RFC 7517, RFC 7518 section 6).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::der;

/// A key that signs requests. It shows nothing of itself but its public half.
pub struct AccountKey {
    pair: Pair,
    jwk: Value,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKey").field("jwk", &self.jwk).finish_non_exhaustive()
    }
}

impl AccountKey {
    /// The key in the text of certbot's `private_key.json`.
    ///
    /// # Errors
    /// What is wrong with it; never a part of it.
    pub fn from_jwk(text: &[u8]) -> Result<Self, String> {
        let jwk: Value = serde_json::from_slice(text).map_err(|_| "it is not JSON".to_owned())?;
        let text = |name: &str| {
            jwk.get(name).and_then(Value::as_str).ok_or_else(|| format!("the JWK has no `{name}`"))
        };
        let bytes = |name: &str| {
            let decoded = BASE64URL_NOPAD.decode(text(name)?.as_bytes());
            decoded.map_err(|_| format!("the JWK's `{name}` is not base64url"))
        };
        match text("kty")? {
            "RSA" => {
                // RSAPrivateKey: <https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2>
                let mut members = vec![der::integer(&[0])];
                for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
                    members.push(der::integer(&bytes(name)?));
                }
                let pair = RsaKeyPair::from_der(&der::sequence(&members))
                    .map_err(|e| format!("the JWK is no RSA key that can sign: {e}"))?;
                let jwk = json!({"e": number(&bytes("e")?), "kty": "RSA", "n": number(&bytes("n")?)});
                Ok(Self { pair: Pair::Rsa(pair), jwk })
            }
            "EC" => {
                let (algorithm, name, size): (&EcdsaSigningAlgorithm, _, usize) = match text("crv")? {
                    "P-256" => (&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256", 32),
                    "P-384" => (&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384", 48),
                    "P-521" => (&ECDSA_P521_SHA512_FIXED_SIGNING, "ES512", 66),
                    _ => return Err("the JWK's `crv` is none of P-256, P-384 and P-521".into()),
                };
                let private = padded(&bytes("d")?, size);
                let (x, y) = (padded(&bytes("x")?, size), padded(&bytes("y")?, size));
                let public = [&[4], x.as_slice(), &y].concat();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public)
                    .map_err(|e| format!("the JWK is no EC key that can sign: {e}"))?;
                let jwk = json!({"crv": text("crv")?, "kty": "EC", "x": encode(&x), "y": encode(&y)});
                Ok(Self { pair: Pair::Ec(pair, name), jwk })
            }
            _ => Err("the JWK's `kty` is neither RSA nor EC".into()),
        }
    }

    /// A fresh P-256 key, as the text of a private JWK: for a file, and never for a person.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn fresh() -> Result<String, String> {
        let cannot = |_| "no key can be made".to_owned();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(cannot)?;
        let private = pair.private_key().as_be_bytes().map_err(cannot)?;
        let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        let (d, x, y) = (encode(private.as_ref()), encode(x), encode(y));
        Ok(json!({"crv": "P-256", "d": d, "kty": "EC", "x": x, "y": y}).to_string())
    }

    /// The name of its signatures in a JWS.
    pub fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_, name) => name,
        }
    }

    /// The public half as a JWK, its members in the order of a thumbprint (RFC 7638).
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The thumbprint of the public half. <https://www.rfc-editor.org/rfc/rfc7638#section-3>
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.jwk)
    }

    /// Signs.
    ///
    /// # Errors
    /// The system gives no random bytes, or the key cannot sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let cannot = |_| "the key cannot sign".to_owned();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(cannot)?;
                Ok(signature)
            }
            Pair::Ec(pair, _) => Ok(pair.sign(&random, message).map_err(cannot)?.as_ref().to_vec()),
        }
    }
}

/// The thumbprint of a public JWK that has its required members in their order, and no others.
pub fn thumbprint(jwk: &Value) -> String {
    encode(digest(&SHA256, jwk.to_string().as_bytes()).as_ref())
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A number as a JWK has it: without leading zeros. <https://www.rfc-editor.org/rfc/rfc7518#section-2>
fn number(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    encode(bytes.get(start..).unwrap_or_default())
}

/// A number of a fixed size: some writers leave leading zeros out.
fn padded(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = vec![0; size.saturating_sub(bytes.len())];
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.3: a P-256 key.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

    #[test]
    fn an_ec_key_signs_what_its_public_half_verifies() {
        let key = AccountKey::from_jwk(EC.as_bytes()).unwrap();
        let signature = key.sign(b"message").unwrap();
        let point =
            |name: &str| BASE64URL_NOPAD.decode(key.jwk()[name].as_str().unwrap().as_bytes()).unwrap();
        let public = [&[4], point("x").as_slice(), &point("y")].concat();
        let public = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
            public,
        );
        public.verify(b"message", &signature).unwrap();
    }

    /// RFC 7638, section 3.1, gives the thumbprint of this key; the private half is not needed for it.
    const RSA: &str = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let pair = Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(), "ES256");
        let key = AccountKey { pair, jwk: serde_json::from_str(RSA).unwrap() };
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(number(&[0, 0, 1, 0, 1]), "AQAB");
    }

    #[test]
    fn a_fresh_key_is_read_again() {
        let text = AccountKey::fresh().unwrap();
        let key = AccountKey::from_jwk(text.as_bytes()).unwrap();
        assert_eq!((key.algorithm(), key.thumbprint().len()), ("ES256", 43));
        assert_ne!(text, AccountKey::fresh().unwrap());
    }

    #[test]
    fn short_coordinates_are_filled_up() {
        let whole = AccountKey::from_jwk(EC.as_bytes()).unwrap();
        let filled: Value = serde_json::from_str(EC).unwrap();
        let x = BASE64URL_NOPAD.decode(filled["x"].as_str().unwrap().as_bytes()).unwrap();
        let odd = EC.replace(filled["x"].as_str().unwrap(), &encode(&[&[0, 0], x.as_slice()].concat()));
        assert!(AccountKey::from_jwk(odd.as_bytes()).is_err(), "too long for the curve");
        assert_eq!(padded(&[1, 2], 4), [0, 0, 1, 2]);
        assert_eq!(whole.jwk()["x"], filled["x"]);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_key() {
        for (text, wrong) in [
            ("{", "not JSON"),
            (r#"{"kty":"oct","k":"SECR"}"#, "neither RSA nor EC"),
            (r#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ","d":"SECR"}"#, "no EC key"),
            (r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"SECRSECR"}"#, "no `p`"),
        ] {
            let error = AccountKey::from_jwk(text.as_bytes()).unwrap_err();
            assert!(error.contains(wrong) && !error.contains("SECR"), "{error}");
        }
        let shown = format!("{:?}", AccountKey::from_jwk(EC.as_bytes()).unwrap());
        assert!(!shown.contains("jpsQnnGQ"), "{shown}");
    }
}

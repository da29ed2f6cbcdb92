//! Signed requests: a flattened JWS (RFC 7515) as RFC 8555, section 6.2, wants it.

use std::convert::Infallible;

use aws_lc_rs::hmac;
use data_encoding::{BASE64URL_NOPAD, DecodeError};
use serde_json::{Value, json};

use super::key::AccountKey;

/// Who signs a request.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key.
    pub key: &'a AccountKey,
    /// The account's URL; `None` where the server may not know the key yet.
    pub account: Option<&'a str>,
}

/// What a CA gives its customers so that they can bind an account to themselves.
/// <https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4>
#[derive(Clone)]
pub struct ExternalAccount {
    id: String,
    key: Vec<u8>,
}

impl ExternalAccount {
    /// The key's identifier, and the key in base64url as CAs hand it out.
    ///
    /// # Errors
    /// The key is not base64url.
    pub fn new(id: &str, key: &str) -> Result<Self, DecodeError> {
        let key = BASE64URL_NOPAD.decode(key.trim().trim_end_matches('=').as_bytes())?;
        Ok(Self { id: id.to_owned(), key })
    }

    /// What binds an account's key, in a request to the URL for new accounts.
    pub(super) fn bind(&self, key: &AccountKey, url: &str) -> Value {
        let protected = json!({"alg": "HS256", "kid": self.id, "url": url});
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        let sign = |message: &[u8]| Ok::<_, Infallible>(hmac::sign(&secret, message).as_ref().to_vec());
        let Ok(bound) = flattened(&protected, &key.jwk().to_string(), sign);
        bound
    }
}

impl std::fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalAccount").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A request for `url` with this payload, which is JSON or empty.
///
/// # Errors
/// The key cannot sign.
pub fn signed(signer: Signer<'_>, url: &str, nonce: &str, payload: &str) -> Result<Value, String> {
    let Signer { key, account } = signer;
    let alg = key.algorithm();
    let protected = match account {
        Some(account) => json!({"alg": alg, "kid": account, "nonce": nonce, "url": url}),
        None => json!({"alg": alg, "jwk": key.jwk(), "nonce": nonce, "url": url}),
    };
    flattened(&protected, payload, |message| key.sign(message))
}

fn flattened<E>(
    protected: &Value,
    payload: &str,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Value, E> {
    let protected = BASE64URL_NOPAD.encode(protected.to_string().as_bytes());
    let payload = BASE64URL_NOPAD.encode(payload.as_bytes());
    let signature = BASE64URL_NOPAD.encode(&sign(format!("{protected}.{payload}").as_bytes())?);
    Ok(json!({"protected": protected, "payload": payload, "signature": signature}))
}

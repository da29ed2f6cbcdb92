//! Signed requests: a flattened JWS (RFC 7515) as RFC 8555, section 6.2, wants it.

use data_encoding::BASE64URL_NOPAD;
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

/// A request for `url` with this payload, which is JSON or empty.
///
/// # Errors
/// The key cannot sign.
pub(super) fn signed(signer: Signer<'_>, url: &str, nonce: &str, payload: &str) -> Result<Value, String> {
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

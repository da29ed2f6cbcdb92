//! Signed requests: a flattened JWS (RFC 7515) as RFC 8555, section 6.2, wants it.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::key::AccountKey;

/// A request for `url`, signed by a key that the server may not know yet.
///
/// # Errors
/// The key cannot sign.
pub fn signed(key: &AccountKey, url: &str, nonce: &str, payload: &Value) -> Result<Value, String> {
    let protected = json!({"alg": key.algorithm(), "jwk": key.jwk(), "nonce": nonce, "url": url});
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let (protected, payload) = (encode(&protected), encode(payload));
    let signature = key.sign(format!("{protected}.{payload}").as_bytes())?;
    let signature = BASE64URL_NOPAD.encode(&signature);
    Ok(json!({"protected": protected, "payload": payload, "signature": signature}))
}

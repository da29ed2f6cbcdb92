//! ACME accounts as certbot keeps them: the key as a JWK, and a folder named after its public key.

use md5::{Digest, Md5};
use rcgen::KeyPair;

use super::Error;
use super::mint::KeyKind;

/// The three files' contents that come from the key, and the account's id.
pub(super) struct AccountKey {
    pub(super) id: String,
    pub(super) jwk: String,
}

impl AccountKey {
    /// A fresh key.
    pub(super) fn generate(kind: KeyKind) -> Result<Self, Error> {
        let key = kind.generate()?;
        let jwk = match kind {
            KeyKind::Rsa2048 => rsa_jwk(key.serialized_der()),
            KeyKind::P256 => ec_jwk(&key, "P-256", 32),
            KeyKind::P384 => ec_jwk(&key, "P-384", 48),
        };
        Ok(Self {
            id: account_id(&key),
            jwk: jwk.ok_or_else(|| Error::new("the account key has an unexpected shape"))?,
        })
    }
}

/// certbot's account id: MD5 of the PEM SubjectPublicKeyInfo (`certbot/_internal/account.py`, `Account.__init__`).
fn account_id(key: &KeyPair) -> String {
    let digest = Md5::digest(key.public_key_pem().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The members in josepy's order, <https://www.rfc-editor.org/rfc/rfc7518#section-6.3>.
fn rsa_jwk(pkcs8: &[u8]) -> Option<String> {
    let mut key = Der(private_key(pkcs8)?);
    key.take(0x02)?; // version
    let mut members = Vec::new();
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let number = key.take(0x02)?;
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        members.push(format!("\"{name}\": \"{}\"", base64url(number)));
    }
    Some(format!("{{{}, \"kty\": \"RSA\"}}", members.join(", ")))
}

/// <https://www.rfc-editor.org/rfc/rfc7518#section-6.2>
fn ec_jwk(key: &KeyPair, crv: &str, size: usize) -> Option<String> {
    let mut private = Der(private_key(key.serialized_der())?);
    private.take(0x02)?; // version
    let d = private.take(0x04)?;
    let point = key.public_key_raw();
    let (x, y) = (point.get(1..=size)?, point.get(1 + size..)?);
    let [d, x, y] = [d, x, y].map(base64url);
    Some(format!("{{\"d\": \"{d}\", \"x\": \"{x}\", \"y\": \"{y}\", \"crv\": \"{crv}\", \"kty\": \"EC\"}}"))
}

/// The algorithm's own structure inside PKCS #8, <https://www.rfc-editor.org/rfc/rfc5958#section-2>.
fn private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let mut info = Der(Der(pkcs8).take(0x30)?);
    info.take(0x02)?; // version
    info.take(0x30)?; // algorithm
    Der(info.take(0x04)?).take(0x30)
}

/// Just enough DER to walk a key that was made a moment ago.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first > 0x80 {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = after;
        }
        let (contents, after) = rest.split_at_checked(length)?;
        self.0 = after;
        (found == tag).then_some(contents)
    }
}

fn base64url(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_no_padding() {
        let cases: [(&[u8], &str); 4] = [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v")];
        for (bytes, text) in cases {
            assert_eq!(base64url(bytes), text);
        }
        assert_eq!(base64url(&[0xff, 0xef, 0xfe]), "_-_-");
    }

    #[test]
    fn an_rsa_key_has_members_of_the_lengths_certbot_writes() {
        let key = AccountKey::generate(KeyKind::Rsa2048).unwrap();
        let jwk: serde_json::Value = serde_json::from_str(&key.jwk).unwrap();
        assert_eq!(jwk["kty"], "RSA");
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(jwk["n"].as_str().unwrap().len(), 342);
        assert_eq!(key.id.len(), 32);
    }

    #[test]
    fn an_ec_key_has_members_of_full_length() {
        for (kind, crv, length) in [(KeyKind::P256, "P-256", 43), (KeyKind::P384, "P-384", 64)] {
            let key = AccountKey::generate(kind).unwrap();
            let jwk: serde_json::Value = serde_json::from_str(&key.jwk).unwrap();
            assert_eq!(jwk["crv"], crv);
            for member in ["d", "x", "y"] {
                assert_eq!(jwk[member].as_str().unwrap().len(), length, "{member}");
            }
        }
    }
}

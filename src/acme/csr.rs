//! Requests for certificates, and keys that are thrown away.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{
    CertificateParams, CertificateSigningRequest, CustomExtension, DistinguishedName, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, RsaKeySize,
};
use tokio::sync::Mutex;

/// The kinds of key that certbot makes for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// certbot's choice since 2.0.
    #[default]
    P256,
    /// Elliptic curve, 384 bits.
    P384,
    /// Elliptic curve, 521 bits; public CAs refuse it.
    P521,
    /// RSA, 2048 bits.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
}

impl KeyType {
    /// Reads it as reports spell it: `ecdsa-p256`, `rsa-2048`.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::P256, Self::P384, Self::P521, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];
        all.into_iter().find(|kind| kind.name() == name)
    }

    /// As reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "ecdsa-p256",
            Self::P384 => "ecdsa-p384",
            Self::P521 => "ecdsa-p521",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// A fresh key; one of RSA takes up to seconds.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::P521 => KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
            Self::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        }
    }
}

/// Keys that are never written anywhere. All orders of a run share one of each kind, for RSA keys take their time.
#[derive(Default)]
pub(super) struct ThrowAwayKeys(Mutex<HashMap<KeyType, Arc<KeyPair>>>);

impl ThrowAwayKeys {
    /// The run's key of a kind.
    pub(super) async fn get(&self, kind: KeyType) -> Result<Arc<KeyPair>, String> {
        let mut keys = self.0.lock().await;
        if let Some(key) = keys.get(&kind) {
            return Ok(key.clone());
        }
        let made = tokio::task::spawn_blocking(move || kind.generate()).await;
        let key = Arc::new(made.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?);
        keys.insert(kind, key.clone());
        Ok(key)
    }
}

/// A request for a certificate with these names and addresses, and no subject otherwise.
///
/// # Errors
/// A name that no certificate can have.
pub fn request(
    names: &[String],
    key: &KeyPair,
    must_staple: bool,
) -> Result<CertificateSigningRequest, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    if must_staple {
        params.custom_extensions.push(must_staple_extension());
    }
    params.serialize_request(key)
}

/// The TLS feature extension with status_request, <https://www.rfc-editor.org/rfc/rfc7633#section-4>.
pub fn must_staple_extension() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 0x03, 0x02, 0x01, 0x05])
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    #[test]
    fn a_request_has_names_and_addresses_and_nothing_that_was_not_asked_for() {
        for (kind, must_staple) in [(KeyType::P256, true), (KeyType::P521, false), (KeyType::Rsa2048, false)]
        {
            let names = ["a.test", "*.a.test", "192.0.2.1", "2001:db8::1"].map(str::to_owned);
            let made = request(&names, &kind.generate().unwrap(), must_staple).unwrap();
            let (_, read) = X509CertificationRequest::from_der(made.der()).unwrap();
            assert_eq!(read.certification_request_info.subject.as_raw(), [0x30, 0], "no subject");
            let text = format!("{:?}", read.requested_extensions().unwrap().collect::<Vec<_>>());
            for part in [
                "a.test",
                "*.a.test",
                "[192, 0, 2, 1]",
                "[32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]",
            ] {
                assert!(text.contains(part), "{text}");
            }
            let staple = must_staple_extension();
            let holds = made.der().windows(staple.content().len()).any(|part| part == staple.content());
            assert_eq!(holds, must_staple);
        }
        assert!(request(&["ä.test".to_owned()], &KeyType::P256.generate().unwrap(), false).is_err());
    }

    #[tokio::test]
    async fn a_run_makes_one_key_of_each_kind() {
        let keys = ThrowAwayKeys::default();
        let [a, b, c] = [KeyType::P256, KeyType::P256, KeyType::P384];
        let (a, b, c) = (keys.get(a).await.unwrap(), keys.get(b).await.unwrap(), keys.get(c).await.unwrap());
        assert!(Arc::ptr_eq(&a, &b) && !Arc::ptr_eq(&a, &c));
        assert_eq!(KeyType::named("rsa-4096"), Some(KeyType::Rsa4096));
        assert_eq!(KeyType::named("ed25519"), None);
    }
}

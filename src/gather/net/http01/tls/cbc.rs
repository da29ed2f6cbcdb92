//! The four cipher suites with AES-CBC that the CA's client offers for TLS 1.2 and rustls has not.
//!
//! Some servers speak no others: IIS with an RSA certificate before Windows 10, and appliances of its age. They are weak
//! against who can watch how long a record takes to be refused; here that does not matter, for nothing secret is ever sent
//! over these connections. They are used for nothing else. <https://pkg.go.dev/crypto/tls#CipherSuites>

use std::sync::LazyLock;

use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::{constant_time, error::Unspecified, hmac};
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, KeyBlockShape, MessageDecrypter, MessageEncrypter,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls12AeadAlgorithm,
    UnsupportedOperationError, make_tls12_aad,
};
use rustls::{
    CipherSuite, CipherSuiteCommon, ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls12CipherSuite,
};

/// Bytes of a block, and of the value that a record begins with.
const BLOCK: usize = 16;

/// Bytes of an HMAC-SHA-1 and of its key.
const MAC: usize = 20;

/// The suites, to be offered after the better ones.
pub(super) fn suites() -> impl Iterator<Item = SupportedCipherSuite> {
    static SUITES: LazyLock<Vec<Tls12CipherSuite>> = LazyLock::new(|| {
        [
            (
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                &TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                &SHORT,
            ),
            (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, &TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, &SHORT),
            (
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
                &TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                &LONG,
            ),
            (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, &TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, &LONG),
        ]
        .into_iter()
        .filter_map(|(suite, like, cbc)| {
            let SupportedCipherSuite::Tls12(like) = like else { return None };
            let hash_provider = like.common.hash_provider;
            let common = CipherSuiteCommon { suite, hash_provider, confidentiality_limit: u64::MAX };
            let (prf_provider, kx, sign) = (like.prf_provider, like.kx, like.sign);
            Some(Tls12CipherSuite { common, prf_provider, kx, sign, aead_alg: cbc })
        })
        .collect()
    });
    SUITES.iter().map(SupportedCipherSuite::Tls12)
}

static SHORT: Cbc = Cbc { algorithm: &AES_128, key: 16 };
static LONG: Cbc = Cbc { algorithm: &AES_256, key: 32 };

/// AES-CBC and HMAC-SHA-1, the second before the first (RFC 5246 §6.2.3.2).
struct Cbc {
    algorithm: &'static Algorithm,
    /// Bytes of the key.
    key: usize,
}

impl Tls12AeadAlgorithm for Cbc {
    // Both keys come one after the other from the same block; rustls calls the second one an IV.
    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: MAC, fixed_iv_len: self.key, explicit_nonce_len: 0 }
    }

    fn encrypter(&self, mac: AeadKey, key: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        let key = UnboundCipherKey::new(self.algorithm, key).and_then(EncryptingKey::cbc);
        Box::new(Sealing { mac: mac_key(&mac), key })
    }

    fn decrypter(&self, mac: AeadKey, key: &[u8]) -> Box<dyn MessageDecrypter> {
        let key = UnboundCipherKey::new(self.algorithm, key).and_then(DecryptingKey::cbc);
        Box::new(Opening { mac: mac_key(&mac), key })
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

fn mac_key(key: &AeadKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_ref())
}

struct Sealing {
    mac: hmac::Key,
    key: Result<EncryptingKey, Unspecified>,
}

impl MessageEncrypter for Sealing {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let failed = |_: &Unspecified| Error::EncryptError;
        let (typ, version) = (message.typ, message.version);
        let mut text = message.payload.to_vec();
        let mac = tag(&self.mac, &make_tls12_aad(seq, typ, version, text.len()), &text);
        text.extend(mac.as_ref());
        let padding = BLOCK - 1 - text.len() % BLOCK;
        text.resize(text.len() + padding + 1, u8::try_from(padding).unwrap_or_default());
        let key = self.key.as_ref().map_err(failed)?;
        let context = key.encrypt(&mut text).map_err(|error| failed(&error))?;
        let start: &[u8] = (&context).try_into().map_err(|error| failed(&error))?;
        let mut payload = PrefixedPayload::with_capacity(start.len() + text.len());
        payload.extend_from_slice(start);
        payload.extend_from_slice(&text);
        Ok(OutboundOpaqueMessage::new(typ, version, payload))
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        let inner = length + MAC;
        BLOCK + inner + BLOCK - inner % BLOCK
    }
}

struct Opening {
    mac: hmac::Key,
    key: Result<DecryptingKey, Unspecified>,
}

impl MessageDecrypter for Opening {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let (typ, version) = (message.typ, message.version);
        let length = self.open(&mut message.payload, |length| make_tls12_aad(seq, typ, version, length));
        let length = length.ok_or(Error::DecryptError)?;
        Ok(message.into_plain_message_range(BLOCK..BLOCK + length))
    }
}

impl Opening {
    /// Decrypts a record in place; the length of the text that then stands behind the first block.
    fn open<const N: usize>(&self, payload: &mut [u8], aad: impl Fn(usize) -> [u8; N]) -> Option<usize> {
        let (start, text) = payload.split_first_chunk_mut::<BLOCK>()?;
        let context = DecryptionContext::Iv128((&*start).into());
        let text = self.key.as_ref().ok()?.decrypt(text, context).ok()?;
        let padding = usize::from(*text.last()?) + 1;
        let (text, filling) = text.split_at_checked(text.len().checked_sub(padding)?)?;
        let (text, mac) = text.split_at_checked(text.len().checked_sub(MAC)?)?;
        let padded = filling.iter().all(|byte| usize::from(*byte) + 1 == padding);
        let own = tag(&self.mac, &aad(text.len()), text);
        let same = constant_time::verify_slices_are_equal(own.as_ref(), mac).is_ok();
        (padded && same).then_some(text.len())
    }
}

fn tag(key: &hmac::Key, aad: &[u8], text: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(aad);
    context.update(text);
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_what_was_touched_does_not() {
        for (key, cbc) in [(&[7; 16][..], &SHORT), (&[8; 32], &LONG)] {
            let sealing = UnboundCipherKey::new(cbc.algorithm, key).and_then(EncryptingKey::cbc).unwrap();
            let mac = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[9; MAC]);
            let key = UnboundCipherKey::new(cbc.algorithm, key).and_then(DecryptingKey::cbc);
            let opening = Opening { mac: mac.clone(), key };
            for length in 0..70 {
                let mut text = vec![b'x'; length];
                text.extend(tag(&mac, &length.to_be_bytes(), &text.clone()).as_ref());
                let padding = BLOCK - 1 - text.len() % BLOCK;
                text.resize(text.len() + padding + 1, padding.try_into().unwrap());
                let context = sealing.encrypt(&mut text).unwrap();
                let start: &[u8] = (&context).try_into().unwrap();
                let sealed = [start, &text].concat();
                assert_eq!(opening.open(&mut sealed.clone(), usize::to_be_bytes), Some(length));
                for at in [0, BLOCK, sealed.len() - 1] {
                    let mut touched = sealed.clone();
                    touched[at] ^= 1;
                    // What is before the text is the text's first block, and nothing where there is no text.
                    let opened = opening.open(&mut touched, usize::to_be_bytes);
                    assert_eq!(opened, None, "{length} {at}");
                }
                assert_eq!(opening.open(&mut sealed[..sealed.len() - 1].to_vec(), usize::to_be_bytes), None);
            }
            assert_eq!(opening.open(&mut [], usize::to_be_bytes), None);
            assert_eq!(opening.open(&mut [0; BLOCK], usize::to_be_bytes), None);
        }
    }
}

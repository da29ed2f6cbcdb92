//! Messages that are signed with a shared key. <https://www.rfc-editor.org/rfc/rfc8945>
//!
//! hickory-proto writes and reads the records, and signs with SHA-2 only; certbot's default is HMAC-MD5.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use hickory_proto::op::Message;
use hickory_proto::rr::Name;
use hickory_proto::rr::rdata::tsig::{
    TSIG, TsigAlgorithm, make_tsig_record, message_tbs, signed_bitmessage_to_buf,
};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

/// How far two clocks may differ, in seconds. <https://www.rfc-editor.org/rfc/rfc8945#section-10>
const FUDGE: u16 = 300;

/// The bytes that HMAC works on at once with MD5. <https://www.rfc-editor.org/rfc/rfc2104>
const BLOCK: usize = 64;

/// The algorithms that certbot knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// What certbot takes where nothing is said.
    #[default]
    Md5,
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-SHA224.
    Sha224,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA384.
    Sha384,
    /// HMAC-SHA512.
    Sha512,
}

/// A shared key.
pub struct Key {
    /// Its name at the server.
    pub name: Name,
    /// Its bytes.
    pub secret: Zeroizing<Vec<u8>>,
    /// How it signs.
    pub algorithm: Algorithm,
}

impl Algorithm {
    /// By certbot's name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "HMAC-MD5" => Some(Self::Md5),
            "HMAC-SHA1" => Some(Self::Sha1),
            "HMAC-SHA224" => Some(Self::Sha224),
            "HMAC-SHA256" => Some(Self::Sha256),
            "HMAC-SHA384" => Some(Self::Sha384),
            "HMAC-SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn in_messages(self) -> TsigAlgorithm {
        match self {
            Self::Md5 => TsigAlgorithm::HmacMd5,
            Self::Sha1 => TsigAlgorithm::HmacSha1,
            Self::Sha224 => TsigAlgorithm::HmacSha224,
            Self::Sha256 => TsigAlgorithm::HmacSha256,
            Self::Sha384 => TsigAlgorithm::HmacSha384,
            Self::Sha512 => TsigAlgorithm::HmacSha512,
        }
    }
}

impl Key {
    /// Signs a message; gives the signature, which the answer's is over as well.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn sign(&self, message: &mut Message, now: u64) -> Result<Vec<u8>, String> {
        let id = message.metadata.id;
        let tsig = TSIG::new(self.algorithm.in_messages(), now, FUDGE, Vec::new(), id, None, Vec::new());
        let signed = message_tbs(message, &tsig, &self.name).map_err(|e| e.to_string())?;
        let mac = self.mac(&signed);
        message.set_signature(Box::new(make_tsig_record(self.name.clone(), tsig.set_mac(mac.clone()))));
        Ok(mac)
    }

    /// Whether an answer is signed with this key, now, and is to the request with this signature.
    pub fn has_signed(&self, answer: &[u8], request: &[u8], now: u64) -> bool {
        let Ok((signed, record)) = signed_bitmessage_to_buf(answer, Some(request), true) else {
            return false;
        };
        let tsig = &record.data;
        let in_time = tsig.time.abs_diff(now) <= u64::from(FUDGE);
        in_time && record.name == self.name && verify_slices_are_equal(&self.mac(&signed), &tsig.mac).is_ok()
    }

    fn mac(&self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self.algorithm {
            Algorithm::Md5 => return hmac_md5(&self.secret, message),
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::Sha224 => hmac::HMAC_SHA224,
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha384 => hmac::HMAC_SHA384,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, &self.secret), message).as_ref().to_vec()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a key {:?}", self.algorithm)
    }
}

/// <https://www.rfc-editor.org/rfc/rfc2104#section-2>
fn hmac_md5(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mut key = Zeroizing::new([0; BLOCK]);
    let short = Zeroizing::new(match secret.len() > BLOCK {
        true => Md5::digest(secret).to_vec(),
        false => secret.to_vec(),
    });
    key.iter_mut().zip(short.iter()).for_each(|(to, from)| *to = *from);
    let padded = |pad: u8| Zeroizing::new(key.map(|byte| byte ^ pad));
    let inner = Md5::new().chain_update(*padded(0x36)).chain_update(message).finalize();
    Md5::new().chain_update(*padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://www.rfc-editor.org/rfc/rfc2202#section-2>
    #[test]
    fn hmac_md5_is_that_of_its_specification() {
        let hex = |bytes: Vec<u8>| data_encoding::HEXLOWER.encode(&bytes);
        assert_eq!(
            hex(hmac_md5(b"Jefe", b"what do ya want for nothing?")),
            "750c783e6ab0b503eaa86e310a5db738"
        );
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(hmac_md5(&[0xaa; 80], long)), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}

//! Certificates that the CA's client cannot read, so that it ends the handshake although it would trust any.
//! <https://pkg.go.dev/crypto/x509#ParseCertificate>

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Bits of an RSA key. <https://github.com/golang/go/blob/master/src/crypto/tls/handshake_client.go>
const MAX_RSA: usize = 8192;

/// Why the client cannot read a certificate, in words that end a sentence; `None` where nothing speaks against it.
pub(super) fn unreadable(der: &[u8]) -> Option<&'static str> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    if certificate.raw_serial().first().is_some_and(|byte| byte & 0x80 != 0) {
        return Some("its serial number is negative");
    }
    if matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(rsa)) if rsa.key_size() > MAX_RSA) {
        return Some("its RSA key has more than 8192 bits");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
        change(&mut params);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn an_everyday_certificate_is_readable() {
        assert_eq!(unreadable(&made(|_| ())), None);
        assert_eq!(unreadable(b"no certificate at all"), None, "what is not known is not told");
    }

    #[test]
    fn a_negative_serial_number_is_not() {
        let mut der =
            made(|params| params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x45; 20])));
        let at = der.windows(20).position(|w| w == [0x45; 20]).unwrap();
        der[at] = 0xc5;
        assert_eq!(unreadable(&der), Some("its serial number is negative"));
    }
}

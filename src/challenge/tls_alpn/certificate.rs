//! The certificate that proves an identifier: self-signed, for it alone, with the digest in its acmeIdentifier.

use std::net::IpAddr;

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use crate::acme::Answer;

/// As long as it is valid on either side of now: clocks differ, and an order is over within minutes.
const AROUND: Duration = Duration::DAY;

/// The name that the CA asks for when it looks at an identifier: that of a DNS name, or of the reverse zone's record of an address.
/// <https://www.rfc-editor.org/rfc/rfc8738#section-6>
pub fn server_name(identifier: &str) -> String {
    match identifier.parse() {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Ok(IpAddr::V6(ip)) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 0xf, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
        Err(_) => identifier.to_ascii_lowercase(),
    }
}

/// The certificate, with a key that only this process ever has.
///
/// # Errors
/// The identifier is a wildcard or no name, or the system gives no random bytes.
pub fn certificate(answer: &Answer) -> Result<CertifiedKey, String> {
    let identifier = &answer.identifier;
    if identifier.starts_with("*.") {
        return Err(format!("{identifier} is a wildcard, which TLS-ALPN-01 cannot prove"));
    }
    let cannot = |why: &dyn std::fmt::Display| format!("no certificate can be made for {identifier}: {why}");
    let mut params = CertificateParams::new([identifier.clone()]).map_err(|e| cannot(&e))?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ACME challenge");
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - AROUND, now + AROUND);
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&answer.digest())];
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| cannot(&e))?;
    let certificate = params.self_signed(&pair).map_err(|e| cannot(&e))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let key = any_ecdsa_type(&key).map_err(|e| cannot(&e))?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;
    use crate::acme::Method;

    fn answer(identifier: &str) -> Answer {
        Answer {
            method: Method::TlsAlpn01,
            identifier: identifier.into(),
            token: "t".into(),
            key_authorization: "t.thumb".into(),
        }
    }

    fn names(identifier: &str) -> String {
        let made = certificate(&answer(identifier)).unwrap();
        let (_, parsed) = X509Certificate::from_der(&made.cert[0]).unwrap();
        format!("{:?}", parsed.subject_alternative_name().unwrap().unwrap().value.general_names)
    }

    #[test]
    fn it_has_one_name_and_the_digest_in_a_critical_extension() {
        let made = certificate(&answer("a.test")).unwrap();
        assert_eq!(made.cert.len(), 1);
        let (_, parsed) = X509Certificate::from_der(&made.cert[0]).unwrap();
        let oid = oid_registry::Oid::from(&[1, 3, 6, 1, 5, 5, 7, 1, 31]).unwrap();
        let extension = parsed.get_extension_unique(&oid).unwrap().unwrap();
        assert!(extension.critical);
        // printf t.thumb | openssl dgst -sha256
        let digest = "974a22e840c3a55d81e17cc388ec23606e4f2bbec22664e0d1d9c1a06a1db068";
        assert_eq!(data_encoding::HEXLOWER.encode(extension.value), format!("0420{digest}"));
        assert!(parsed.validity().is_valid());
        assert!(parsed.verify_signature(None).is_ok());
    }

    #[test]
    fn names_and_addresses_are_what_they_are() {
        assert_eq!(names("a.test"), r#"[DNSName("a.test")]"#);
        assert_eq!(names("192.0.2.1"), "[IPAddress([192, 0, 2, 1])]");
        assert!(names("2001:db8::1").starts_with("[IPAddress([32, 1, 13, 184, 0, "));
        assert!(certificate(&answer("*.a.test")).unwrap_err().contains("wildcard"));
        assert!(certificate(&answer("ä.test")).is_err());
    }

    #[test]
    fn addresses_are_asked_for_by_the_names_of_their_reverse_zone() {
        assert_eq!(server_name("A.test"), "a.test");
        assert_eq!(server_name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
        assert_eq!(
            server_name("2001:db8::567:89ab"),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}

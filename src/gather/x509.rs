//! PEM and X.509 files, reduced to facts. Private keys are reduced to the hash of their public half at once.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use jiff::Timestamp;
use x509_parser::prelude::*;
use x509_parser::public_key::PublicKey;

use crate::facts::{Cert, Issued, KeyAlgorithm, PrivateKey, SignatureState};

/// The largest certificate, chain or key file that is read, in bytes; certbot's are below ten kilobytes.
pub const MAX_PEM: u64 = 512 * 1024;

/// How many certificates of one file are looked at.
const MAX_CERTS: usize = 64;

/// The DER blocks with one of the given labels.
///
/// # Errors
/// What is wrong with the file, in words that hold nothing of its content.
pub fn pem_blocks(bytes: &[u8], labels: &[&str]) -> Result<Vec<(String, Vec<u8>)>, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(bytes) {
        let block = block.map_err(|e| match e {
            PEMError::MissingHeader => "a PEM block has no header".to_owned(),
            PEMError::IncompletePEM => "a PEM block is cut off".to_owned(),
            PEMError::InvalidHeader => "a PEM header is damaged".to_owned(),
            PEMError::Base64DecodeError => "a PEM block is not base64".to_owned(),
            PEMError::IOError(_) => "the file is not text".to_owned(),
        })?;
        if labels.contains(&block.label.as_str()) {
            blocks.push((block.label, block.contents));
        }
        if blocks.len() > MAX_CERTS {
            return Err(format!("it holds more than {MAX_CERTS} PEM blocks"));
        }
    }
    if blocks.is_empty() {
        return Err(format!("it holds no {} block", labels.first().unwrap_or(&"PEM")));
    }
    Ok(blocks)
}

/// The certificates of a PEM file in DER form.
///
/// # Errors
/// See [`pem_blocks`].
pub fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let blocks = pem_blocks(bytes, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])?;
    Ok(blocks.into_iter().map(|(_, der)| der).collect())
}

/// Parses one certificate.
///
/// # Errors
/// What is wrong with it.
pub fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok((_, cert)) => Ok(cert),
        Err(e) => Err(format!("a certificate does not parse: {e}")),
    }
}

/// All that is kept of a certificate.
pub fn cert(x509: &X509Certificate<'_>) -> Cert {
    Cert {
        names: names(x509),
        not_before: timestamp(x509.validity.not_before),
        not_after: timestamp(x509.validity.not_after),
        issuer: common_name(x509.issuer()).unwrap_or_else(|| x509.issuer().to_string()),
        issuer_org: x509.issuer().iter_organization().find_map(|o| o.as_str().ok()).map(str::to_owned),
        subject: common_name(x509.subject()),
        serial: hex(x509.raw_serial()),
        key: algorithm(x509.public_key()),
        spki_sha256: spki_sha256(x509.public_key().raw),
        aki: aki(x509),
        must_staple: must_staple(x509),
        eku: eku(x509),
        self_issued: x509.issuer().as_raw() == x509.subject().as_raw(),
    }
}

/// The little that is kept of an older version.
pub fn issued(x509: &X509Certificate<'_>) -> Issued {
    Issued {
        not_before: timestamp(x509.validity.not_before),
        not_after: timestamp(x509.validity.not_after),
        names: names(x509),
        serial: hex(x509.raw_serial()),
        key: algorithm(x509.public_key()),
    }
}

/// Whether `issuer` signed `leaf`: names first, then the signature.
pub fn signed_by(leaf: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> SignatureState {
    if leaf.issuer().as_raw() != issuer.subject().as_raw() {
        return SignatureState::Invalid(format!(
            "it was issued by `{}`, the chain begins with `{}`",
            common_name(leaf.issuer()).unwrap_or_else(|| leaf.issuer().to_string()),
            common_name(issuer.subject()).unwrap_or_else(|| issuer.subject().to_string())
        ));
    }
    match leaf.verify_signature(Some(issuer.public_key())) {
        Ok(()) => SignatureState::Valid,
        Err(X509Error::SignatureUnsupportedAlgorithm) => {
            SignatureState::Unsupported(leaf.signature_algorithm.algorithm.to_id_string())
        }
        Err(_) => {
            SignatureState::Invalid("the names agree, but its signature was not made by that key".into())
        }
    }
}

/// The public half of a private key file: PKCS#8, PKCS#1 or SEC 1.
///
/// # Errors
/// What is wrong with the file, in words that hold nothing of its content.
pub fn private_key(bytes: &[u8]) -> Result<PrivateKey, String> {
    let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
    let blocks = pem_blocks(bytes, &labels)?;
    let Some((label, der)) = blocks.first() else { return Err("it holds no private key".into()) };
    if label == "ENCRYPTED PRIVATE KEY" || bytes.windows(10).any(|w| w == b"Proc-Type:") {
        return Err("the key is encrypted, and no renewal can use it without its passphrase".into());
    }
    public_half(label, der)
}

/// The public half of the DER of a private key; `label` is that of its PEM block.
///
/// # Errors
/// It does not parse.
pub fn public_half(label: &str, der: &[u8]) -> Result<PrivateKey, String> {
    let spki = match label {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(der).ok().and_then(|k| rsa_spki(&k)),
        "EC PRIVATE KEY" => ec_sec1(der),
        _ => ec_pkcs8(der)
            .or_else(|| RsaKeyPair::from_pkcs8(der).ok().and_then(|k| rsa_spki(&k)))
            .or_else(|| as_der(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?.public_key())),
    };
    let Some(spki) = spki else {
        return if looks_like_der(der) {
            Ok(PrivateKey { key: KeyAlgorithm("unknown".into()), spki_sha256: None })
        } else {
            Err("the private key does not parse".into())
        };
    };
    let key = SubjectPublicKeyInfo::from_der(&spki).map(|(_, info)| algorithm(&info));
    Ok(PrivateKey {
        key: key.unwrap_or_else(|_| KeyAlgorithm("unknown".into())),
        spki_sha256: Some(spki_sha256(&spki)),
    })
}

fn as_der<K: aws_lc_rs::encoding::AsDer<aws_lc_rs::encoding::PublicKeyX509Der<'static>>>(
    key: &K,
) -> Option<Vec<u8>> {
    key.as_der().ok().map(|der| der.as_ref().to_vec())
}

fn rsa_spki(key: &RsaKeyPair) -> Option<Vec<u8>> {
    as_der(key.public_key())
}

fn ec_pkcs8(der: &[u8]) -> Option<Vec<u8>> {
    EC_CURVES.iter().find_map(|curve| as_der(EcdsaKeyPair::from_pkcs8(curve, der).ok()?.public_key()))
}

fn ec_sec1(der: &[u8]) -> Option<Vec<u8>> {
    EC_CURVES
        .iter()
        .find_map(|curve| as_der(EcdsaKeyPair::from_private_key_der(curve, der).ok()?.public_key()))
}

static EC_CURVES: [&aws_lc_rs::signature::EcdsaSigningAlgorithm; 3] = [
    &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    &aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    &aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1_SIGNING,
];

/// A whole DER SEQUENCE: a key of a type that is not understood, not a damaged one.
fn looks_like_der(der: &[u8]) -> bool {
    x509_parser::der_parser::parse_der(der).is_ok_and(|(rest, _)| rest.is_empty())
        && !der.windows(7).any(|w| w == [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01])
        && !der.windows(9).any(|w| w == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01])
}

/// As certbot reads them: the common name first, then the subject alternative names without repetition.
fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    let san = x509.extensions().iter().find_map(|ext| match ext.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(san) => Some(san),
        _ => None,
    });
    let alternative: Vec<String> = san
        .iter()
        .flat_map(|san| &san.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(raw) => ip_text(raw),
            _ => None,
        })
        .collect();
    if let Some(cn) = common_name(x509.subject()).filter(|cn| alternative.iter().any(|name| name == cn)) {
        add(cn);
    }
    alternative.into_iter().for_each(add);
    names
}

fn ip_text(raw: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(raw) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(raw).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().find_map(|cn| cn.as_str().ok()).map(str::to_owned)
}

fn timestamp(time: ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn algorithm(info: &SubjectPublicKeyInfo<'_>) -> KeyAlgorithm {
    let oid = info.algorithm.algorithm.to_id_string();
    KeyAlgorithm(match (info.parsed(), oid.as_str()) {
        (Ok(PublicKey::RSA(rsa)), _) => format!("rsa-{}", rsa_bits(rsa.modulus)),
        (Ok(PublicKey::EC(_)), _) => {
            let curve =
                info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|o| o.to_id_string());
            match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => "ecdsa-p256".into(),
                Some("1.3.132.0.34") => "ecdsa-p384".into(),
                Some("1.3.132.0.35") => "ecdsa-p521".into(),
                other => format!("ecdsa-{}", other.unwrap_or("unknown")),
            }
        }
        (_, "1.3.101.112") => "ed25519".into(),
        (_, "1.3.101.113") => "ed448".into(),
        (_, oid) => oid.into(),
    })
}

fn rsa_bits(modulus: &[u8]) -> usize {
    let digits = modulus.iter().skip_while(|b| **b == 0).count();
    let top = modulus.iter().find(|b| **b != 0).map_or(0, |b| b.leading_zeros() as usize);
    (digits * 8).saturating_sub(top)
}

fn aki(x509: &X509Certificate<'_>) -> Option<String> {
    x509.extensions().iter().find_map(|ext| match ext.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(aki) => aki.key_identifier.as_ref().map(|id| hex(id.0)),
        _ => None,
    })
}

/// RFC 7633: id-pe-tlsfeature with status_request (5). x509-parser has no variant for it.
fn must_staple(x509: &X509Certificate<'_>) -> bool {
    x509.extensions().iter().any(|ext| {
        ext.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" && ext.value == [0x30, 0x03, 0x02, 0x01, 0x05]
    })
}

fn eku(x509: &X509Certificate<'_>) -> Vec<String> {
    let Some(eku) = x509.extensions().iter().find_map(|ext| match ext.parsed_extension() {
        ParsedExtension::ExtendedKeyUsage(eku) => Some(eku),
        _ => None,
    }) else {
        return Vec::new();
    };
    let known = [
        (eku.any, "any"),
        (eku.server_auth, "serverAuth"),
        (eku.client_auth, "clientAuth"),
        (eku.code_signing, "codeSigning"),
        (eku.email_protection, "emailProtection"),
        (eku.time_stamping, "timeStamping"),
        (eku.ocsp_signing, "OCSPSigning"),
    ];
    let mut usages: Vec<String> =
        known.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()).collect();
    usages.extend(eku.other.iter().map(|oid| oid.to_id_string()));
    usages
}

/// SHA-256 of a SubjectPublicKeyInfo, in hex.
pub fn spki_sha256(spki: &[u8]) -> String {
    hex(digest(&SHA256, spki).as_ref())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0')));
        }
    }
    text
}

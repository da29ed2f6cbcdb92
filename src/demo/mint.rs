//! Real certificates: a CA of two levels, and leaves as a public CA issues them.

use std::net::IpAddr;

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData,
    SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::Error;
use super::host::after;
use crate::acme::{must_staple_extension, request};

/// The kinds of key a manifest can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    P256,
    P384,
    Rsa2048,
}

impl KeyKind {
    /// Reads `ecdsa` (as certbot says it), `p256`, `p384` or `rsa`.
    pub(super) fn named(name: &str) -> Result<Self, Error> {
        match name {
            "ecdsa" | "p256" => Ok(Self::P256),
            "p384" => Ok(Self::P384),
            "rsa" => Ok(Self::Rsa2048),
            _ => {
                Err(Error::new(format!("`{name}` is not a kind of key; there are ecdsa, p256, p384 and rsa")))
            }
        }
    }

    /// A fresh key.
    pub(super) fn generate(self) -> Result<KeyPair, Error> {
        KeyPair::generate_for(match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
            Self::Rsa2048 => &PKCS_RSA_SHA256,
        })
        .map_err(wrong)
    }
}

fn wrong(error: rcgen::Error) -> Error {
    Error::new(format!("no certificate could be made: {error}").to_lowercase())
}

/// How a CA calls itself, and with what keys.
pub(super) struct Style {
    pub(super) org: String,
    pub(super) cn: String,
    pub(super) root_org: String,
    pub(super) root_cn: String,
    pub(super) key: KeyKind,
}

/// A CA: a root nobody serves, and the intermediate that signs.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root_pem: String,
    chain_pem: String,
}

impl Authority {
    /// Makes both keys; the intermediate is valid from `from` until `until`.
    pub(super) fn new(style: &Style, from: Timestamp, until: Timestamp) -> Result<Self, Error> {
        let ca = |org: &str, cn: &str, constraint| -> Result<CertificateParams, Error> {
            let mut params = CertificateParams::default();
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CountryName, "US");
            params.distinguished_name.push(DnType::OrganizationName, org);
            params.distinguished_name.push(DnType::CommonName, cn);
            params.is_ca = IsCa::Ca(constraint);
            params.key_usages = vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyCertSign,
                KeyUsagePurpose::CrlSign,
            ];
            params.serial_number = Some(serial()?);
            params.use_authority_key_identifier_extension = true;
            Ok(params)
        };
        let year = SignedDuration::from_hours(365 * 24);
        let mut root = ca(&style.root_org, &style.root_cn, BasicConstraints::Unconstrained)?;
        root.not_before = when(after(from, year * -3)?)?;
        root.not_after = when(after(until, year * 15)?)?;
        let root_key = style.key.generate()?;
        let root_cert = root.self_signed(&root_key).map_err(wrong)?;
        let root = Issuer::new(root, root_key);

        let mut params = ca(&style.org, &style.cn, BasicConstraints::Constrained(0))?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = when(from)?;
        params.not_after = when(until)?;
        let key = style.key.generate()?;
        let chain_pem = params.signed_by(&key, &root).map_err(wrong)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), root_pem: root_cert.pem(), chain_pem })
    }

    /// `chain.pem`: the intermediate.
    pub(super) fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The root, for whoever is to trust this CA.
    pub(super) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Signs `leaf` for `key`; PEM, as certbot writes `cert.pem`.
    pub(super) fn sign(&self, leaf: &Leaf<'_>, key: &impl PublicKeyData) -> Result<String, Error> {
        let params = leaf.params(key)?;
        Ok(params.signed_by(key, &self.issuer).map_err(wrong)?.pem())
    }
}

/// What a leaf certificate says.
pub(super) struct Leaf<'a> {
    pub(super) names: &'a [String],
    pub(super) from: Timestamp,
    pub(super) lifetime: SignedDuration,
    pub(super) must_staple: bool,
    pub(super) client_auth: bool,
    pub(super) common_name: bool,
}

impl Leaf<'_> {
    fn params(&self, key: &impl PublicKeyData) -> Result<CertificateParams, Error> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = sans(self.names)?;
        params.distinguished_name = DistinguishedName::new();
        let first = self.names.iter().find(|name| !is_address(name));
        if let (true, Some(name)) = (self.common_name, first) {
            let name = name.as_str();
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.not_before = when(self.from)?;
        // As public CAs count: the last second belongs to the lifetime.
        let last = self.lifetime - SignedDuration::from_secs(1);
        params.not_after = when(after(self.from, last)?)?;
        params.serial_number = Some(serial()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if key.algorithm() == &PKCS_RSA_SHA256 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if self.client_auth {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        if self.must_staple {
            params.custom_extensions.push(must_staple_extension());
        }
        Ok(params)
    }
}

/// The CSR certbots before 2.3 kept in `csr/`.
pub(super) fn csr_pem(names: &[String], key: &KeyPair) -> Result<String, Error> {
    let csr = request(names, key, false).map_err(wrong)?;
    csr.pem().map_err(wrong)
}

fn is_address(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok()
}

fn sans(names: &[String]) -> Result<Vec<SanType>, Error> {
    names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) => Ok(SanType::DnsName(name.as_str().try_into().map_err(wrong)?)),
        })
        .collect()
}

/// 18 random bytes, positive: as long as Let's Encrypt's.
fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0_u8; 18];
    rand::fill(&mut bytes).map_err(|_| Error::new("no random bytes"))?;
    bytes[0] = 0x05;
    Ok(SerialNumber::from_slice(&bytes))
}

fn when(at: Timestamp) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(at.as_second())
        .ok()
        // RFC 5280 dates have four digits, and no sign.
        .filter(|date| date.year() > 0)
        .ok_or_else(|| Error::new(format!("{at} is no date a certificate can carry")))
}

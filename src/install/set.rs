//! What is installed: a certificate, its chain and its key.

use zeroize::Zeroizing;

use crate::error::Error;
use crate::facts::Kind;
use crate::gather::x509;

/// The key of a new certificate.
pub enum Privkey {
    /// In PEM. It is zeroized when dropped. certbot's `renew` writes a reused key so too, as a file of its own.
    Pem(Zeroizing<Vec<u8>>),
    /// The key of the version before, by a link to its file: `save_successor` of certbot does so when it is given none.
    Same,
}

impl std::fmt::Debug for Privkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Privkey::Pem(_) => "Pem(…)",
            Privkey::Same => "Same",
        })
    }
}

/// The four files of a new version, in PEM; certificate and key belong together.
#[derive(Debug)]
pub struct Set {
    cert: Vec<u8>,
    chain: Vec<u8>,
    fullchain: Vec<u8>,
    privkey: Privkey,
}

impl Set {
    /// From what the CA gives: the certificate, then its chain, in PEM (RFC 8555 section 9.1).
    ///
    /// The files are as certbot makes them: `fullchain` is `cert` and `chain` one after the other, each certificate in
    /// lines of 64 characters (`cert_and_chain_from_fullchain` in its `crypto_util`).
    ///
    /// # Errors
    /// It holds fewer than two certificates, or they or the key do not parse, or the key is another one's.
    pub fn from_fullchain(fullchain: &[u8], privkey: Privkey) -> Result<Self, Error> {
        let bad = |why: String| {
            Error::new(format!("the certificate is not installed: {why}"))
                .hint("the one in live stays: run again")
        };
        let ders = x509::certificates(fullchain).map_err(|why| bad(format!("what the CA gave: {why}")))?;
        let [leaf, chain @ ..] = ders.as_slice() else { return Err(bad("the CA gave none".into())) };
        if chain.is_empty() {
            return Err(bad("the CA gave no chain with it".into()));
        }
        for der in &ders {
            x509::parse(der).map_err(|why| bad(format!("what the CA gave: {why}")))?;
        }
        let cert = pem(leaf);
        let chain = chain.iter().flat_map(|der| pem(der)).collect::<Vec<u8>>();
        let fullchain = [cert.as_slice(), &chain].concat();
        let set = Self { cert, chain, fullchain, privkey };
        if let Privkey::Pem(key) = &set.privkey {
            set.fits(key).map_err(bad)?;
        }
        Ok(set)
    }

    /// The key.
    pub fn privkey(&self) -> &Privkey {
        &self.privkey
    }

    /// The text of a file that is no secret; empty for the key.
    pub(super) fn public(&self, kind: Kind) -> &[u8] {
        match kind {
            Kind::Cert => &self.cert,
            Kind::Chain => &self.chain,
            Kind::Fullchain => &self.fullchain,
            Kind::Privkey => &[],
        }
    }

    /// Whether the certificate is for this key; otherwise why not.
    pub(super) fn fits(&self, key: &[u8]) -> Result<(), String> {
        let ders = x509::certificates(&self.cert)?;
        let leaf = x509::parse(ders.first().map(Vec::as_slice).unwrap_or_default())?;
        let (label, der) = key_der(key).ok_or("its key is not one in PEM without a passphrase")?;
        let key = x509::public_half(label, &der).map_err(|why| format!("its key: {why}"))?;
        match key.spki_sha256 {
            Some(half) if half != x509::spki_sha256(leaf.public_key().raw) => {
                Err("the certificate is not for the key".into())
            }
            _ => Ok(()),
        }
    }
}

/// The label and the DER of a private key. Unlike a general PEM parser this leaves no copy behind.
fn key_der(pem: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let mut rest = std::str::from_utf8(pem).ok()?;
    loop {
        let (label, body) = rest.split_once("-----BEGIN ")?.1.split_once("-----")?;
        let (body, after) = body.split_once("-----END ")?;
        if !label.ends_with("PRIVATE KEY") {
            rest = after;
            continue;
        }
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.bytes().filter(|b| !b.is_ascii_whitespace()));
        let mut der = Zeroizing::new(vec![0; data_encoding::BASE64.decode_len(base64.len()).ok()?]);
        let length = data_encoding::BASE64.decode_mut(&base64, &mut der).ok()?;
        der.truncate(length);
        return (label != "ENCRYPTED PRIVATE KEY").then_some((label, der));
    }
}

fn pem(der: &[u8]) -> Vec<u8> {
    let mut text = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    let base64 = data_encoding::BASE64.encode(der);
    for line in base64.as_bytes().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END CERTIFICATE-----\n");
    text
}

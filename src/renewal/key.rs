//! The key of the new certificate.

use std::ops::Deref;
use std::path::Path;

use rcgen::KeyPair;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::{Zeroize, Zeroizing};

use crate::facts::{Kind, Lineage, Role};
use crate::gather::fs::Root;
use crate::rehearsal::Case;

/// The largest key file that is read, in bytes.
const MAX_KEY: u64 = 64 << 10;

/// A key and its PEM, which is zeroized in the end.
pub struct NewKey {
    /// What signs the request.
    pub pair: Wiped,
    /// What is written.
    pub pem: Zeroizing<Vec<u8>>,
}

/// A pair of keys whose bytes are zeroized in the end.
pub struct Wiped(KeyPair);

impl Deref for Wiped {
    type Target = KeyPair;

    fn deref(&self) -> &KeyPair {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Makes one of the kind that is wanted, or takes the one before.
///
/// # Errors
/// The key before cannot be read or used, or the system gives no random bytes; never a part of a key.
pub async fn new(case: &Case, lineage: &Lineage, root: &Root) -> Result<NewKey, String> {
    if case.reuse_key {
        return again(lineage, root);
    }
    let kind = case.key;
    let cannot = |why: &dyn std::fmt::Display| format!("no key can be made: {why}");
    // A key of RSA takes up to seconds.
    let made = tokio::task::spawn_blocking(move || kind.generate()).await;
    let pair = made.map_err(|e| cannot(&e))?.map_err(|e| cannot(&e))?;
    let pem = Zeroizing::new(pair.serialize_pem().into_bytes());
    Ok(NewKey { pair: Wiped(pair), pem })
}

fn again(lineage: &Lineage, root: &Root) -> Result<NewKey, String> {
    let link = lineage.live.iter().zip(Kind::ALL).find(|(_, kind)| *kind == Kind::Privkey);
    let (link, _) = link.ok_or("the lineage has no key")?;
    let content =
        root.read(Path::new(&link.path), MAX_KEY, Role::Other).map_err(|missing| missing.to_string())?;
    let pem = Zeroizing::new(content.bytes);
    let unusable = || format!("{} is no key that can be used again (reuse_key)", link.path);
    NewKey::from_pem(&pem).ok_or_else(unusable)
}

impl NewKey {
    /// A key that is kept somewhere: PKCS#8, PKCS#1 or SEC 1; `None` where it is none that can be used.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let der = PrivateKeyDer::from_pem_slice(pem).ok()?;
        let pair = KeyPair::try_from(&der).ok()?;
        Some(Self { pair: Wiped(pair), pem: Zeroizing::new(pem.to_vec()) })
    }
}

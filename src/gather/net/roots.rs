//! Whom this host, and certbot on it, trust to name an ACME server.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;
use crate::facts::{Role, Variable};
use crate::gather::fs::Root;

/// The largest file of CA certificates that is read, in bytes.
const MAX_BUNDLE: u64 = 8 << 20;

/// The roots that are trusted besides those that an environment names.
#[derive(Debug)]
pub struct Roots {
    store: RootCertStore,
    more: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The host's own, and the certificates of `--ca-bundle`.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub fn new(ca_bundle: Option<&Path>) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        // Some of a store may be unreadable; what is missing shows when a server is not trusted.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let more = ca_bundle.map(given).transpose()?.unwrap_or_default();
        store.add_parsable_certificates(more.iter().cloned());
        Ok(Self { store, more })
    }

    /// The roots that certbot trusts in an environment that names a file, or a folder, of them, and else the host's.
    ///
    /// # Errors
    /// It cannot be read, or holds no certificate.
    pub(super) fn of(&self, root: &Root, bundle: Option<&Variable>) -> Result<RootCertStore, String> {
        let Some(variable) = bundle else { return Ok(self.store.clone()) };
        let path = PathBuf::from(&variable.value);
        let files = match root.is_dir(&path) {
            true => root.list_or_empty(&path).into_iter().map(|name| path.join(name)).collect(),
            false => vec![path],
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.more.iter().cloned());
        let before = store.len();
        let mut why = "it holds no certificate".to_owned();
        for file in files {
            match root.read(&file, MAX_BUNDLE, Role::Other) {
                Ok(content) => {
                    let all = CertificateDer::pem_slice_iter(&content.bytes).filter_map(Result::ok);
                    store.add_parsable_certificates(all);
                }
                Err(missing) => why = missing.to_string(),
            }
        }
        match store.len() > before {
            true => Ok(store),
            false => Err(format!("{variable} ({}): {why}", variable.r#where)),
        }
    }
}

/// The certificates of `--ca-bundle`.
fn given(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |what: String| {
        Error::new(format!("--ca-bundle: {}: {what}", file.display()))
            .hint("give a file of CA certificates in PEM form")
    };
    let all = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(|e| wrong(e.to_string()))?;
    match RootCertStore::empty().add_parsable_certificates(all.iter().cloned()).0 {
        0 => Err(wrong("it holds no certificate".to_owned())),
        _ => Ok(all),
    }
}

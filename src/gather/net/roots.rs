//! Whom this host, and certbot on it, trust to name an ACME server.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, RootCertStore};

use crate::acme::{Chain, leads_to};
use crate::error::Error;
use crate::facts::net::Presented;
use crate::facts::{HostFacts, InstallKind, Role, Variable};
use crate::gather::fs::{Root, show};
use crate::gather::x509;

/// The largest file of CA certificates that is read, in bytes.
const MAX_BUNDLE: u64 = 8 << 20;

/// The largest file of Python code that is looked into, in bytes.
const MAX_CODE: u64 = 64 << 10;

/// Where distributions keep the roots that they ship, apart from what was added on the host: Debian, Alpine; Arch and
/// Fedora in p11-kit's form, which has PEM blocks in it; FreeBSD.
/// <https://manpages.debian.org/bookworm/ca-certificates/update-ca-certificates.8.en.html>
const SHIPPED: [&str; 5] = [
    "/usr/share/ca-certificates/mozilla",
    "/usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit",
    "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit",
    "/usr/share/pki/trust/ca-certificates-mozilla.trust.p11-kit",
    "/usr/share/certs/trusted",
];

/// Fewer roots than these are no distribution's.
const LEAST: usize = 20;

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

    /// The host's own, and those of `--ca-bundle`.
    pub(super) fn store(&self) -> &RootCertStore {
        &self.store
    }

    /// The roots that certbot trusts in an environment that names a file, or a folder, of them, and else the host's.
    ///
    /// # Errors
    /// It cannot be read, or holds no certificate.
    pub(super) fn of(&self, root: &Root, bundle: Option<&Variable>) -> Result<RootCertStore, String> {
        let Some(variable) = bundle else { return Ok(self.store.clone()) };
        let mut store = listed(root, Path::new(&variable.value))
            .map_err(|why| format!("{variable} ({}): {why}", variable.r#where))?;
        store.add_parsable_certificates(self.more.iter().cloned());
        Ok(store)
    }

    /// What a server presented, held against the roots that the distribution ships, and against those that certbots here
    /// bring themselves; `None` where it presented nothing.
    pub(super) fn compare(&self, chain: &Chain, lists: &[(String, RootCertStore)]) -> Option<Presented> {
        let issuer = |cert: &CertificateDer<'_>| Some(x509::parse(cert).ok()?.issuer().to_string());
        let issuers: Vec<String> = chain.iter().filter_map(issuer).collect();
        if chain.is_empty() {
            return None;
        }
        let live = Root::live();
        let shipped = SHIPPED.iter().find_map(|path| listed(&live, Path::new(path)).ok());
        let public = shipped.filter(|store| store.len() >= LEAST).and_then(|store| leads(chain, &store));
        let lacks = |(path, store): &(String, RootCertStore)| {
            let mut store = store.clone();
            store.add_parsable_certificates(self.more.iter().cloned());
            (leads(chain, &store) == Some(false)).then(|| path.clone())
        };
        Some(Presented { issuers, public, lacking: lists.iter().filter_map(lacks).collect() })
    }
}

/// Whether a chain leads to a root; `None` where something else is wrong with it.
fn leads(chain: &Chain, roots: &RootCertStore) -> Option<bool> {
    match leads_to(chain, roots, UnixTime::now()) {
        Ok(()) => Some(true),
        Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Some(false),
        Err(_) => None,
    }
}

/// The lists of roots that certbots bring themselves: those of pip and of the snap trust certifi's, whatever this host
/// trusts. <https://github.com/certifi/python-certifi>
pub(super) fn own_lists(host: &HostFacts, root: &Root) -> Vec<(String, RootCertStore)> {
    let own = host.installs.iter().flatten().filter(|install| install.kind != InstallKind::Package);
    own.filter_map(|install| {
        let folder = Path::new(&install.path).join("certifi");
        // Distributions change certifi so that it names their own list.
        let code = root.read_text(&folder.join("core.py"), MAX_CODE, Role::Other).ok()?;
        let path = folder.join("cacert.pem");
        let store = listed(root, &path).ok().filter(|_| !code.contains("/etc/"))?;
        Some((show(&path), store))
    })
    .collect()
}

/// The roots in a file, or in the files of a folder.
fn listed(root: &Root, path: &Path) -> Result<RootCertStore, String> {
    let files: Vec<PathBuf> = match root.is_dir(path) {
        true => root.list_or_empty(path).into_iter().map(|name| path.join(name)).collect(),
        false => vec![path.to_path_buf()],
    };
    let mut store = RootCertStore::empty();
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
    if store.is_empty() { Err(why) } else { Ok(store) }
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

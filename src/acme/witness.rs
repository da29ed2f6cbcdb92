//! The verification of servers' certificates, which remembers what was presented.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// How many certificates of a chain are kept.
const MAX_CHAIN: usize = 10;

/// Certificates as a server presents them, its own first.
pub type Chain = Vec<CertificateDer<'static>>;

/// Verifies as rustls does by itself, against these roots and without revocation.
#[derive(Debug)]
pub(crate) struct Witness {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
    /// By the name that was asked for.
    seen: Mutex<HashMap<String, Chain>>,
}

impl Witness {
    /// Nothing was presented yet.
    pub fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Self {
        Self { roots, provider, seen: Mutex::default() }
    }

    /// What a host presented last; empty where no handshake came so far.
    pub fn presented(&self, host: &str) -> Chain {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(host).cloned().unwrap_or_default()
    }
}

/// Whether a chain leads to one of these roots at a moment, whatever its names are.
///
/// # Errors
/// rustls' own words for what is wrong.
pub fn leads_to(chain: &[CertificateDer<'_>], roots: &RootCertStore, at: UnixTime) -> Result<(), Error> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let [leaf, intermediates @ ..] = chain else { return Err(Error::NoCertificatesPresented) };
    signed(&ParsedCertificate::try_from(leaf)?, intermediates, roots, at, &provider)
}

fn signed(
    leaf: &ParsedCertificate<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: UnixTime,
    provider: &CryptoProvider,
) -> Result<(), Error> {
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(leaf, roots, intermediates, now, algorithms)
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [end_entity].into_iter().chain(intermediates).take(MAX_CHAIN);
        let chain = chain.map(|cert| cert.clone().into_owned()).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(server_name.to_str().into_owned(), chain);
        drop(seen);
        let leaf = ParsedCertificate::try_from(end_entity)?;
        signed(&leaf, intermediates, &self.roots, now, &self.provider)?;
        verify_server_name(&leaf, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::CertificateError;

    use super::*;

    /// A CA, and a server's certificate of it for these names.
    fn issued(names: &[&str]) -> (CertificateDer<'static>, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = ca.self_signed(&key).unwrap().der().clone();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names).unwrap();
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(ca, key)).unwrap();
        (root, leaf.der().clone())
    }

    fn store(root: &CertificateDer<'static>) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        roots
    }

    #[test]
    fn it_verifies_the_chain_and_the_name_and_remembers_both() {
        let (root, leaf) = issued(&["ca.test"]);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let witness = |roots| Witness::new(roots, provider.clone());
        let verify = |witness: &Witness, name: &'static str| {
            let name = ServerName::try_from(name).unwrap();
            witness.verify_server_cert(&leaf, &[], &name, &[], UnixTime::now()).map(|_| ())
        };
        let trusting = witness(store(&root));
        assert_eq!(verify(&trusting, "ca.test"), Ok(()));
        assert!(verify(&trusting, "other.test").is_err(), "another name");
        assert_eq!(trusting.presented("other.test").first(), Some(&leaf));
        assert!(trusting.presented("unasked.test").is_empty());
        let distrusting = witness(RootCertStore::empty());
        let unknown = Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert_eq!(verify(&distrusting, "ca.test"), unknown);
        assert_eq!(distrusting.presented("ca.test").first(), Some(&leaf), "also what is refused");
    }

    #[test]
    fn a_chain_leads_to_its_own_root_alone() {
        let ((root, leaf), (other, _)) = (issued(&["ca.test"]), issued(&["ca.test"]));
        assert_eq!(leads_to(std::slice::from_ref(&leaf), &store(&root), UnixTime::now()), Ok(()));
        assert!(leads_to(&[leaf], &store(&other), UnixTime::now()).is_err());
        assert!(leads_to(&[], &store(&root), UnixTime::now()).is_err());
    }
}

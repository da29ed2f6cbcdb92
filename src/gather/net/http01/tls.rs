//! TLS as the CA speaks it on the way to a challenge: any certificate will do, nothing below 1.2.

use std::sync::{Arc, LazyLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, PeerIncompatible, SignatureScheme};

use crate::facts::net::Fault;

/// Accepts every certificate, valid or not.
///
/// This is what the CA itself does when a challenge is redirected to https: the site may be about to get its first
/// certificate, or to mend an expired one, and what counts is who controls the name, not who signed what. Nothing
/// secret is ever sent over these connections, and what comes back is compared with a value known in advance. It must
/// not be used for anything else: connections to the CA verify as usual.
/// <https://letsencrypt.org/docs/challenge-types/#http-01-challenge>
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The configuration of a walk's https connections: no ALPN, as the CA's client offers none.
///
/// # Errors
/// The cryptography at hand has none of the protocol's versions.
pub(super) fn config() -> Result<Arc<ClientConfig>, rustls::Error> {
    // The same for every walk.
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    CONFIG.clone()
}

/// The name for SNI. An address has none, and neither has a name that is not one for TLS (with an underscore, say).
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.trim_end_matches('.').to_owned()).ok()
}

/// What the CA says to a failed handshake.
pub(super) fn fault(error: &rustls::Error) -> Fault {
    match error {
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Fault::OldTls,
        rustls::Error::AlertReceived(alert) => Fault::Tls(format!("remote error: tls: {}", words(*alert))),
        other => Fault::Tls(format!("tls: {other}")),
    }
}

/// `HandshakeFailure` as `handshake failure`.
fn words(alert: AlertDescription) -> String {
    let mut text = String::new();
    for c in format!("{alert:?}").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_put_as_the_ca_puts_them() {
        let alert = |a| fault(&rustls::Error::AlertReceived(a)).to_string();
        assert_eq!(alert(AlertDescription::HandshakeFailure), "remote error: tls: handshake failure");
        assert!(alert(AlertDescription::ProtocolVersion).contains("TLSv1.2"));
    }

    #[test]
    fn names_for_sni() {
        assert!(server_name("example.com.").is_some());
        assert!(matches!(server_name("::1"), Some(ServerName::IpAddress(_))));
    }
}

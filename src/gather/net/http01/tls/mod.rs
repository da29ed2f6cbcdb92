//! TLS as the CA speaks it on the way to a challenge: any certificate will do, nothing below 1.2.

mod cbc;
mod certificate;
mod p521;

use std::sync::{Arc, LazyLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, PeerIncompatible,
    SignatureScheme,
};

use crate::facts::net::Fault;

/// Accepts every certificate, valid or not, that the CA's client can read.
///
/// This is what the CA itself does when a challenge is redirected to https: the site may be about to get its first
/// certificate, or to mend an expired one, and what counts is who controls the name, not who signed what. Nothing
/// secret is ever sent over these connections, and what comes back is compared with a value known in advance. It must
/// not be used for anything else: connections to the CA verify as usual.
/// <https://letsencrypt.org/docs/challenge-types/#http-01-challenge>
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

/// Why the CA's client cannot read a certificate.
#[derive(Debug)]
struct Unreadable(&'static str);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unreadable {}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unreadable =
            std::iter::once(end_entity).chain(intermediates).find_map(|c| certificate::unreadable(c));
        match unreadable {
            Some(why) => Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(
                Arc::new(Unreadable(why)),
            )))),
            None => Ok(ServerCertVerified::assertion()),
        }
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

/// The configuration of a walk's https connections: the ciphers and curves of the CA's client, and no ALPN, as it has none.
///
/// # Errors
/// The cryptography at hand has none of the protocol's versions.
pub(super) fn config() -> Result<Arc<ClientConfig>, rustls::Error> {
    // The same for every walk.
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.extend(cbc::suites());
        provider.kx_groups.push(&p521::P521);
        let provider = Arc::new(provider);
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
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => Fault::OldTls { alert: true },
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Fault::OldTls { alert: false },
        rustls::Error::AlertReceived(alert) => Fault::Alert(words(*alert)),
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(why))) => {
            Fault::Certificate(why.to_string())
        }
        other => Fault::Tls(other.to_string()),
    }
}

/// An alert as Go puts it. <https://pkg.go.dev/crypto/tls#AlertError>
fn words(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::BadRecordMac => "bad record MAC",
        AlertDescription::CertificateRevoked => "revoked certificate",
        AlertDescription::CertificateExpired => "expired certificate",
        AlertDescription::CertificateUnknown => "unknown certificate",
        AlertDescription::UnknownCA => "unknown certificate authority",
        AlertDescription::DecodeError => "error decoding message",
        AlertDescription::DecryptError => "error decrypting message",
        AlertDescription::InsufficientSecurity => "insufficient security level",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::UnknownPSKIdentity => "unknown PSK identity",
        AlertDescription::Unknown(number) => return format!("alert({number})"),
        other => return plain(other),
    };
    words.to_owned()
}

/// `HandshakeFailure` as `handshake failure`.
fn plain(alert: AlertDescription) -> String {
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
        assert_eq!(
            alert(AlertDescription::ProtocolVersion),
            "remote error: tls: protocol version not supported"
        );
        assert_eq!(alert(AlertDescription::UnknownCA), "remote error: tls: unknown certificate authority");
        assert_eq!(alert(AlertDescription::Unknown(255)), "remote error: tls: alert(255)");
    }

    #[test]
    fn names_for_sni() {
        assert!(server_name("example.com.").is_some());
        assert!(matches!(server_name("::1"), Some(ServerName::IpAddress(_))));
    }
}

//! Where an order can be tried: the test services of public CAs.

use super::{LETS_ENCRYPT_STAGING, authority, host, is_lets_encrypt, is_staging};

/// Google's. <https://cloud.google.com/certificate-manager/docs/public-ca>
const GOOGLE_TEST: &str = "https://dv.acme-v02.test-api.pki.goog/directory";

/// The directory at which orders for a server can be tried: its twin for tests, or itself where it is one; `None` for a
/// CA that has none. It never names another CA's.
pub fn staging(server: &str) -> Option<&str> {
    match host(server) {
        _ if is_staging(server) => Some(server),
        _ if is_lets_encrypt(server) => Some(LETS_ENCRYPT_STAGING),
        Some("dv.acme-v02.api.pki.goog") => Some(GOOGLE_TEST),
        _ => None,
    }
}

/// Whether a directory issues certificates that browsers trust: nothing is finished or taken back there.
pub fn is_production(server: &str) -> bool {
    authority(server).is_some() && !is_staging(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::{LETS_ENCRYPT, LETS_ENCRYPT_V1};

    #[test]
    fn an_order_is_tried_at_the_same_cas_test_service_or_nowhere() {
        assert_eq!(staging(LETS_ENCRYPT), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(staging(LETS_ENCRYPT_V1), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(staging(LETS_ENCRYPT_STAGING), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(staging("https://dv.acme-v02.api.pki.goog/directory"), Some(GOOGLE_TEST));
        assert_eq!(staging(GOOGLE_TEST), Some(GOOGLE_TEST));
        assert_eq!(staging("https://acme.zerossl.com/v2/DV90"), None);
        assert_eq!(staging("https://ca.internal/acme/directory"), None);
    }

    #[test]
    fn production_is_what_browsers_trust() {
        assert!(is_production(LETS_ENCRYPT) && is_production("https://acme.zerossl.com/v2/DV90"));
        assert!(!is_production(LETS_ENCRYPT_STAGING) && !is_production("https://localhost:14000/dir"));
    }
}

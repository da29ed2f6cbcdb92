//! No bytes make the readers of certificates and keys panic.
#![no_main]

use acme_audit::gather::x509;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = x509::private_key(bytes);
    for der in x509::certificates(bytes).unwrap_or_else(|_| vec![bytes.to_vec()]) {
        if let Ok(cert) = x509::parse(&der) {
            let _ = (x509::cert(&cert), x509::issued(&cert), x509::signed_by(&cert, &cert));
        }
    }
});

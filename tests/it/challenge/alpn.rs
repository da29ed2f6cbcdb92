//! The listener of TLS-ALPN-01: it shows certificates to CAs alone.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use acme_audit::acme::{Answer, Method};
use acme_audit::challenge::Address;
use acme_audit::challenge::tls_alpn::Responder;
use tokio::runtime::Runtime;

use super::{KEY_AUTHORIZATION, TOKEN, loopback};

fn answer(identifier: &str) -> Answer {
    Answer {
        method: Method::TlsAlpn01,
        identifier: identifier.into(),
        token: TOKEN.into(),
        key_authorization: KEY_AUTHORIZATION.into(),
    }
}

/// A responder for these on a free port of 127.0.0.1.
fn on_loopback(runtime: &Runtime, identifiers: &[&str]) -> (Responder, SocketAddr) {
    let socket = loopback();
    let Ok(Address::Tcp(address)) = socket.address() else { panic!("no address") };
    let answers: Vec<Answer> = identifiers.iter().map(|identifier| answer(identifier)).collect();
    let responder = runtime.block_on(async {
        let responder = Responder::start(vec![socket]).expect("a responder");
        responder.plant(&answers).await.expect("planted");
        responder
    });
    (responder, address)
}

/// What openssl sees: the protocol that is negotiated, and the certificate in words.
fn seen(address: SocketAddr, words: &str) -> (Option<String>, String) {
    let script = format!(
        "openssl s_client -connect {address} {words} </dev/null 2>&1 | tee /dev/stderr | openssl x509 -noout -text"
    );
    let out = Command::new("sh").args(["-c", &script]).output().expect("openssl");
    let session = String::from_utf8_lossy(&out.stderr).into_owned();
    let negotiated = session.lines().find_map(|line| line.strip_prefix("ALPN protocol: ")).map(str::to_owned);
    (negotiated, String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn a_ca_sees_a_certificate_for_one_name_with_a_critical_extension() {
    let runtime = Runtime::new().expect("a runtime");
    let (_responder, address) = on_loopback(&runtime, &["a.test", "www.a.test", "192.0.2.7"]);
    for version in ["-tls1_2", "-tls1_3"] {
        for (name, san) in [("a.test", "DNS:a.test"), ("7.2.0.192.in-addr.arpa", "IP Address:192.0.2.7")] {
            let (negotiated, text) = seen(address, &format!("{version} -alpn acme-tls/1 -servername {name}"));
            assert_eq!(negotiated.as_deref(), Some("acme-tls/1"), "{text}");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let after = |line: &str| {
                let at = lines.iter().position(|own| *own == line);
                lines[at.unwrap_or_else(|| panic!("{line}: {text}")) + 1]
            };
            assert_eq!(after("X509v3 Subject Alternative Name:"), san, "{text}");
            // printf KEY_AUTHORIZATION | openssl dgst -sha256
            let digest = after("1.3.6.1.5.5.7.1.31: critical");
            assert!(digest.starts_with(". "), "{text}");
            assert!(!text.contains("CA:TRUE"), "{text}");
        }
    }
    let (_, upper) = seen(address, "-alpn acme-tls/1 -servername WWW.A.test");
    assert!(upper.contains("DNS:www.a.test"), "{upper}");
}

#[test]
fn nobody_else_sees_anything() {
    let runtime = Runtime::new().expect("a runtime");
    let (responder, address) = on_loopback(&runtime, &["a.test"]);
    for words in [
        "-servername a.test",
        "-alpn h2,http/1.1 -servername a.test",
        "-alpn acme-tls/1 -servername b.test",
        "-alpn acme-tls/1 -servername www.a.test",
        "-alpn acme-tls/1 -noservername",
        "-alpn acme-tls/1 -servername a.test -no_tls1_3 -no_tls1_2",
    ] {
        let (negotiated, text) = seen(address, words);
        assert_eq!((negotiated, text.as_str()), (None, ""), "{words}");
    }
    // Offered beside others, it is what is negotiated.
    let known = seen(address, "-alpn h2,acme-tls/1 -servername a.test");
    assert_eq!(known.0.as_deref(), Some("acme-tls/1"), "{}", known.1);
    responder.remove(&["a.test".to_owned()]);
    assert_eq!(seen(address, "-alpn acme-tls/1 -servername a.test"), (None, String::new()));
}

#[test]
fn a_name_is_shown_for_one_order_at_a_time() {
    let runtime = Runtime::new().expect("a runtime");
    let (responder, _) = on_loopback(&runtime, &["a.test", "b.test"]);
    runtime.block_on(async {
        let both = [answer("c.test"), answer("a.test")];
        let mut second = std::pin::pin!(responder.plant(&both));
        let waited = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
        assert!(waited.is_err(), "the first is still looked at");
        responder.remove(&["a.test".to_owned(), "b.test".to_owned()]);
        let names =
            tokio::time::timeout(Duration::from_secs(10), second).await.expect("its turn").expect("planted");
        assert_eq!(names.len(), 2);
        let wild = responder.plant(&[answer("*.d.test")]).await;
        assert!(wild.expect_err("a wildcard").contains("wildcard"));
    });
}

#[test]
fn peers_who_say_nothing_keep_no_ca_out_and_are_gone_with_the_listener() {
    let runtime = Runtime::new().expect("a runtime");
    let (responder, address) = on_loopback(&runtime, &["a.test"]);
    let mut idle: Vec<TcpStream> =
        (0..400).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    let (negotiated, text) = seen(address, "-alpn acme-tls/1 -servername a.test");
    assert_eq!(negotiated.as_deref(), Some("acme-tls/1"), "{text}");
    runtime.block_on(responder.end());
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
    for stream in &mut idle {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a deadline");
        let end = stream.read(&mut [0; 1]);
        assert!(
            !matches!(end, Ok(1..)) && !matches!(&end, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
        );
    }
}

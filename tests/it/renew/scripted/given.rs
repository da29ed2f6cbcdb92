//! What a CA gives as certificate, and it is none that may get live.

use std::sync::OnceLock;
use std::time::Instant;

use rcgen::{DnType, KeyPair, SanType};

use super::ca::{Authority, Cas, Step, Visit};
use super::host::{Host, said};
use crate::ca::server::Reply;

/// The CAs, and what is said of their certificates.
const MOODS: &[(&str, &str)] = &[
    ("other-key", "the certificate that the CA sent is for another key"),
    ("fewer-names", "the certificate that the CA sent lacks www.fewer-names.test"),
    ("more-names", "has evil.test, which was not ordered"),
    ("other-names", "lacks other-names.test"),
    ("expired", "the certificate that the CA sent expired on "),
    ("not-yet", "one of the two clocks is wrong"),
    ("wrong-issuer", "the chain is broken"),
    ("leaf-only", "without its issuer's"),
    ("reversed", "for another key"),
    ("ten-megabytes", "longer than"),
    ("endless", "longer than"),
    ("long", "none is that long"),
    ("no-pem", "what the CA gives as certificate is none"),
    ("der", "what the CA gives as certificate is none"),
    ("binary", "what the CA gives as certificate is none"),
    ("empty", "what the CA gives as certificate is none"),
    ("html", "what the CA gives as certificate is none"),
    ("key-in-it", "PRIVATE KEY"),
    ("torn", "PEM"),
];

fn pem(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Bytes(200, "Replay-Nonce: bm9uY2U\r\nContent-Type: application/pem-certificate-chain\r\n".into(), text.into())
}

fn given(visit: &Visit<'_>) -> Option<Reply> {
    static NAMESAKE: OnceLock<Authority> = OnceLock::new();
    if visit.step != Step::Cert {
        return None;
    }
    let good = || visit.issuer.chain(&visit.issuer.signed(visit.csr(), |_| ()));
    let changed = |change: fn(&mut rcgen::CertificateParams)| {
        pem(visit.issuer.chain(&visit.issuer.signed(visit.csr(), change)))
    };
    Some(match visit.mood {
        "other-key" => {
            let mood = format!("{}.test", visit.mood);
            let params = rcgen::CertificateParams::new(vec![mood.clone(), format!("www.{mood}")]);
            let key = KeyPair::generate().expect("a key");
            pem(visit.issuer.chain(&visit.issuer.certifies(&params.expect("names"), &key)))
        }
        "fewer-names" => changed(|params| params.subject_alt_names.retain(|name| {
            !matches!(name, SanType::DnsName(name) if name.as_str().starts_with("www."))
        })),
        "more-names" => changed(|params| {
            params.subject_alt_names.push(SanType::DnsName("evil.test".try_into().expect("a name")));
        }),
        "other-names" => changed(|params| {
            params.subject_alt_names = vec![SanType::DnsName("evil.test".try_into().expect("a name"))];
        }),
        "expired" => changed(|params| params.not_after = params.not_before),
        "not-yet" => changed(|params| params.not_before += time::Duration::days(2)),
        "wrong-issuer" => {
            let other = NAMESAKE.get_or_init(|| Authority::new("scripted"));
            pem(visit.issuer.signed(visit.csr(), |_| ()).pem() + &other.cert.pem())
        }
        "leaf-only" => pem(visit.issuer.signed(visit.csr(), |_| ()).pem()),
        "reversed" => pem(visit.issuer.cert.pem() + &visit.issuer.signed(visit.csr(), |_| ()).pem()),
        "ten-megabytes" => pem(good() + &visit.issuer.cert.pem().repeat((10 << 20) / 700)),
        "long" => pem(good() + &visit.issuer.cert.pem().repeat((300 << 10) / 700)),
        "endless" => Reply::Endless,
        "no-pem" => pem("certificate"),
        "der" => pem(visit.issuer.signed(visit.csr(), |_| ()).der().to_vec()),
        "binary" => pem((0..=255).cycle().take(5_000).collect::<Vec<u8>>()),
        "empty" => pem(""),
        "html" => pem("<!doctype html><title>Welcome to nginx!</title>"),
        "key-in-it" => pem(good() + &KeyPair::generate().expect("a key").serialize_pem()),
        "torn" => {
            let good = good();
            pem(&good.as_bytes()[..good.len() - 40])
        }
        "staging" => changed(|params| params.distinguished_name.push(DnType::CommonName, "staging")),
        _ => return None,
    })
}

#[test]
fn a_certificate_that_is_none_of_the_orders_does_not_get_live() {
    let cas = Cas::start(given);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = MOODS.iter().map(|(mood, _)| *mood).collect();
    moods.iter().chain(&["well"]).for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    host.certbot_lists_all();
    let begin = Instant::now();
    let report = host.renew(&[]);
    println!("{:?} {:#}", begin.elapsed(), report.json);
    assert_eq!(report.code, Some(2));
    for (mood, words) in MOODS {
        let (outcome, because, _) = said(&report, mood);
        assert!(outcome == "failed" && because.contains(words), "{mood}: {because}");
        host.is_as_before(mood, &before[*mood]);
    }
    assert_eq!((said(&report, "well").0, host.live("well")), ("renewed", 2));
    host.nothing_is_left();
    host.certbot_lists_all();
}

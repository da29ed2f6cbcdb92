//! What a CA gives as certificate, and it is none that may get live.

use std::sync::OnceLock;

use rcgen::{KeyPair, SanType};

use super::ca::{Authority, Cas, Step, Visit};
use super::host::{Host, fail_as, said};
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
    ("long", "cannot be read: it holds more than 64"),
    ("no-pem", "what the CA gives as certificate is none"),
    ("der", "unable to decode certificate"),
    ("binary", "unable to decode certificate"),
    ("empty", "what the CA gives as certificate is none"),
    ("html", "what the CA gives as certificate is none"),
    ("torn", "cannot be read: a PEM block is cut off"),
];

fn pem(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Bytes(
        200,
        "Replay-Nonce: bm9uY2U\r\nContent-Type: application/pem-certificate-chain\r\n".into(),
        text.into(),
    )
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
        "fewer-names" => changed(|params| {
            params
                .subject_alt_names
                .retain(|name| !matches!(name, SanType::DnsName(name) if name.as_str().starts_with("www.")))
        }),
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
        _ => return None,
    })
}

#[test]
fn a_certificate_that_is_none_of_the_orders_does_not_get_live() {
    let cas = Cas::start(given);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = MOODS.iter().map(|(mood, _)| *mood).collect();
    moods.iter().chain(&["well", "key-in-it"]).for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    host.certbot_lists_all();
    let report = host.renew(&[]);
    assert_eq!(report.code, Some(2));
    fail_as(&host, &report, MOODS, &before);
    for mood in ["well", "key-in-it"] {
        assert_eq!((said(&report, mood).0, host.live(mood)), ("renewed", 2));
        let text = host.read(&format!("etc/live/{mood}.test/fullchain.pem"));
        assert!(
            text.matches("BEGIN ").count() == 2 && !text.contains("PRIVATE"),
            "certificates alone: {text}"
        );
    }
    host.nothing_is_left();
    // What can be read, and is of no use, is not fetched again: a CA issues five in a week for the same names.
    let unread = ["long", "ten-megabytes", "endless", "no-pem", "der", "binary", "empty", "html", "torn"];
    assert!(moods.iter().all(|mood| host.has_pending(mood) == unread.contains(mood)));
    let report = host.renew(&[]);
    for mood in &moods {
        let (outcome, because, one) = said(&report, mood);
        assert_eq!(cas.orders(mood), 1, "{mood}");
        if unread.contains(mood) {
            assert!(
                outcome == "failed" && because.contains("earlier run ordered")
                    || *mood == "long"
                    || *mood == "torn",
                "{mood}: {outcome}: {because}"
            );
            continue;
        }
        assert!(outcome == "held-back" && because.contains("issued in vain"), "{mood}: {outcome}: {because}");
        let at: jiff::Timestamp = one["at"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(at.duration_since(jiff::Timestamp::now()).as_hours(), 35, "{mood}");
    }
    moods.iter().for_each(|mood| host.is_as_before(mood, &before[*mood]));
    host.certbot_lists_all();
}

//! Zones, as the resolver has them and as their own servers do.

use super::{CLOSED, OFFICE, ONE, RESOLVER, SILENT, TWO, dig, owned, resolves};
use crate::net::{Place, world};

#[test]
fn names_resolve_and_aliases_are_followed() {
    let Some(world) = world() else { return };
    resolves(world, "good.test A", "NOERROR", &["A 45.45.45.80"]);
    resolves(world, "good.test AAAA", "NOERROR", &["AAAA 2a0e:45::80"]);
    resolves(world, "good.test NS", "NOERROR", &["NS ns1.dns.test.", "NS ns2.dns.test."]);
    resolves(world, "v4.good.test AAAA", "NOERROR", &[]);
    resolves(world, "nodata.good.test A", "NOERROR", &[]);
    resolves(world, "missing.good.test A", "NXDOMAIN", &[]);
    let chain =
        ["A 45.45.45.80", "CNAME chain2.good.test.", "CNAME chain3.good.test.", "CNAME www.signed.test."];
    resolves(world, "chain.good.test A", "NOERROR", &chain);
    resolves(world, "dangling.good.test A", "NXDOMAIN", &["CNAME missing.good.test."]);
    resolves(world, "dangling-far.good.test A", "NXDOMAIN", &["CNAME missing.signed.test."]);
    resolves(world, "dangling-gone.good.test A", "NXDOMAIN", &["CNAME www.gone.test."]);
    resolves(world, "gone.test SOA", "NXDOMAIN", &[]);
    resolves(world, "anything.wild.test A", "NOERROR", &["A 45.45.45.80"]);
    resolves(world, "_acme-challenge.wild.test TXT", "NOERROR", &[r#"TXT "any name at all""#]);
    resolves(world, "any.parked.test A", "NOERROR", &["A 45.45.45.90"]);
    resolves(world, "parked.test NS", "NOERROR", &["NS ns1.parking.test.", "NS ns2.parking.test."]);
    resolves(world, "ten.private.test A", "NOERROR", &["A 10.1.2.3"]);
    resolves(world, "unique-local6.private.test AAAA", "NOERROR", &["AAAA fd00::7"]);
    resolves(world, "loopback.private.test A", "NOERROR", &["A 127.0.0.1"]);
}

#[test]
fn a_circle_of_aliases_resolves_to_no_address() {
    let Some(world) = world() else { return };
    for name in ["loop.good.test", "loop-self.good.test", "n1.endless-cname.test"] {
        let said = dig(world, RESOLVER, &format!("{name} A"));
        assert!(said.answer.iter().all(|record| record.starts_with("CNAME ")), "{}", said.text);
    }
}

#[test]
fn signatures_are_validated() {
    let Some(world) = world() else { return };
    let good = dig(world, RESOLVER, "signed.test A +dnssec");
    assert!(good.has("ad") && good.status == "NOERROR", "{}", good.text);
    assert!(dig(world, RESOLVER, "missing.signed.test A +dnssec").has("ad"), "proven to be absent");
    assert!(!dig(world, RESOLVER, "good.test A +dnssec").has("ad"), "not signed");
    assert!(dig(world, RESOLVER, "gone.test A +dnssec").has("ad"), "proven to be unregistered");
    // RFC 8914: 7 signature expired, 9 DNSKEY missing, 10 RRSIGs missing; 6 DNSSEC bogus, from what is remembered.
    for (zone, codes) in [("bogus.test", [9, 6]), ("expired.test", [7, 6]), ("stripped.test", [9, 6])] {
        let said = dig(world, RESOLVER, &format!("{zone} A"));
        assert_eq!(said.status, "SERVFAIL", "{}", said.text);
        assert!(said.extended.is_some_and(|code| codes.contains(&code)), "{}", said.text);
        let unchecked = dig(world, RESOLVER, &format!("{zone} A +cd"));
        assert_eq!(unchecked.answer, owned(&["A 45.45.45.80"]), "{}", unchecked.text);
        assert!(dig(world, ONE, &format!("{zone} SOA +norec")).has("aa"), "its server serves it");
    }
}

#[test]
fn servers_answer_with_authority_or_are_lame() {
    let Some(world) = world() else { return };
    for zone in ["good.test", "signed.test", "serial.test", "example.org"] {
        for server in [ONE, TWO, "2a0e:45::11", "2a0e:45::12"] {
            let said = dig(world, server, &format!("{zone} SOA +norec"));
            assert!(said.has("aa") && said.answer.len() == 1, "{}", said.text);
        }
    }
    let serial = |server| dig(world, server, "serial.test SOA +norec +short").text;
    assert_eq!([serial(ONE).contains(" 2026112402 "), serial(TWO).contains(" 2026112401 ")], [true; 2]);

    for zone in ["lame-refused", "lame-silent", "lame-closed", "lame-nameless"] {
        assert!(dig(world, ONE, &format!("{zone}.test SOA +norec")).has("aa"));
        resolves(world, &format!("www.{zone}.test A"), "NOERROR", &["A 45.45.45.80"]);
    }
    assert_eq!(dig(world, TWO, "lame-refused.test SOA +norec").status, "REFUSED");
    assert_eq!(dig(world, TWO, "unserved.test SOA +norec").status, "REFUSED");
    let closed = dig(world, CLOSED, "lame-closed.test SOA +norec +time=2");
    assert!(closed.text.contains("connection refused"), "{}", closed.text);
    let silent = dig(world, SILENT, "lame-silent.test SOA +norec +time=1");
    assert!(silent.text.contains("timed out"), "{}", silent.text);
    resolves(world, "nowhere.dns.test A", "NXDOMAIN", &[]);
    resolves(world, "unserved.test A", "SERVFAIL", &[]);
}

#[test]
fn an_office_sees_other_addresses() {
    let Some(world) = world() else { return };
    resolves(world, "split.test A", "NOERROR", &["A 45.45.45.100"]);
    assert_eq!(dig(world, OFFICE, "split.test A").answer, owned(&["A 10.77.0.2"]));
    assert_eq!(dig(world, OFFICE, "good.test A").answer, owned(&["A 45.45.45.80"]), "the rest is the same");
    let own = world.sh(Place::Web, "dig +short split.test");
    assert_eq!(own.trim(), "45.45.45.100", "/etc/resolv.conf names the public resolver");
}

#[test]
fn challenges_are_stale_or_delegated() {
    let Some(world) = world() else { return };
    resolves(world, "_acme-challenge.clean.challenge.test TXT", "NXDOMAIN", &[]);
    let stale = dig(world, RESOLVER, "_acme-challenge.stale.challenge.test TXT");
    assert_eq!(stale.answer.len(), 2, "{}", stale.text);
    let delegated = ["CNAME delegated.acme.test.", r#"TXT "an earlier challenge""#];
    resolves(world, "_acme-challenge.delegated.challenge.test TXT", "NOERROR", &delegated);
    let dangling = ["CNAME dangling.acme.test."];
    resolves(world, "_acme-challenge.dangling.challenge.test TXT", "NXDOMAIN", &dangling);
    resolves(world, "_acme-challenge.gone.challenge.test TXT", "NXDOMAIN", &["CNAME gone.gone.test."]);
    assert_eq!(dig(world, RESOLVER, "_acme-challenge.unserved.challenge.test TXT").status, "SERVFAIL");
}

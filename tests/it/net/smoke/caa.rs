//! CAA sets, as the resolver hands them on.

use super::{RESOLVER, dig, resolves};
use crate::net::world;

#[test]
fn every_set_is_handed_on() {
    let Some(world) = world() else { return };
    let caa =
        |name: &str, records: &[&str]| drop(resolves(world, &format!("{name} CAA"), "NOERROR", records));
    caa("caa.test", &[]);
    caa("test", &[]);
    caa("none.caa.test", &[]);
    caa("letsencrypt.caa.test", &[r#"CAA 0 issue "letsencrypt.org""#]);
    caa("both.caa.test", &[r#"CAA 0 issue "ca.example.net""#, r#"CAA 0 issue "letsencrypt.org""#]);
    caa("iodef.caa.test", &[r#"CAA 0 iodef "mailto:hostmaster@caa.test""#]);
    caa("nobody.caa.test", &[r#"CAA 0 issue ";""#]);
    caa("empty.caa.test", &[r#"CAA 0 issue """#]);
    caa("dns.caa.test", &[r#"CAA 0 issue "letsencrypt.org; validationmethods=dns-01""#]);
    caa("not-wild.caa.test", &[r#"CAA 0 issue "letsencrypt.org""#, r#"CAA 0 issuewild ";""#]);
    caa("critical.caa.test", &[r#"CAA 128 tbs "unknown""#]);
    caa("critical-one.caa.test", &[r#"CAA 1 tbs "unknown""#]);
    caa("malformed.caa.test", &[r#"CAA 0 issue "letsencrypt.org; validationmethods""#]);
    caa("non-ascii.caa.test", &[r#"CAA 0 issue "letsencrypt.org\195\169""#]);
    caa("www.other.caa.test", &[]);
    caa("alias.caa.test", &[r#"CAA 0 issue "ca.example.net""#, "CNAME other.caa.test."]);
    caa("a.other.caa.test", &["CNAME none.caa.test."]);
    caa("www.caa-parent.test", &[]);
    caa("caa-parent.test", &[r#"CAA 0 issue "ca.example.net""#]);
    caa("alias.caa-parent.test", &["CNAME good.test."]);
    resolves(world, "alias-dangling.caa.test CAA", "NXDOMAIN", &["CNAME missing.caa.test."]);
    for zone in ["bogus.test", "expired.test", "stripped.test"] {
        assert_eq!(dig(world, RESOLVER, &format!("{zone} CAA")).status, "SERVFAIL", "{zone}");
    }
}

#[test]
fn servers_that_fail_at_caa_have_addresses() {
    let Some(world) = world() else { return };
    for (zone, said) in [
        ("caa-servfail.test", "SERVFAIL"),
        ("caa-refused.test", "SERVFAIL"),
        ("caa-notimp.test", "SERVFAIL"),
        ("caa-nxdomain.test", "NXDOMAIN"),
        ("caa-dropped.test", "SERVFAIL"),
    ] {
        resolves(world, &format!("{zone} A"), "NOERROR", &["A 45.45.45.80"]);
        resolves(world, &format!("{zone} CAA"), said, &[]);
    }
}

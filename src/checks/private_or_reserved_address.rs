//! The public DNS gives only addresses that no public CA connects to.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Verdict, listed};
use crate::facts::net::Dns;
use crate::facts::{HTTP_01, HostFacts, Lineage, UNUSED};
use crate::{ca, reserved::reserved};

/// All addresses of a name are private or reserved.
pub static CHECK: Check = Check {
    id: "private-or-reserved-address",
    title: "the name has private addresses only",
    severity: Severity::WillFail,
    why: "a public CA drops private and reserved addresses and then has none: `no valid A records found for NAME; no valid \
          AAAA records found for NAME`",
    fix: "publish the public address of the server, or prove the name by a DNS record (dns-01)",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://www.iana.org/assignments/iana-ipv4-special-registry/",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, Some(HTTP_01))?;
    if host.terms.private_addresses {
        return Err(Skip::NotApplicable("private addresses are allowed"));
    }
    if lineage.asks(host).and_then(ca::authority).is_none() {
        return Err(Skip::NotApplicable("a private CA may reach private addresses"));
    }
    let unreachable = |(_, dns): &&(_, &Dns)| {
        let all = dns.addresses();
        !all.is_empty() && all.into_iter().all(|address| reserved(address).is_some())
    };
    let private: Vec<_> = resolved.known.iter().filter(unreachable).collect();
    let Some((_, first)) = private.first() else { return resolved.verdict(vec![]) };
    let names: Vec<&str> = private.iter().map(|(name, _)| name.identifier.as_str()).collect();
    let shown = first.addresses().first().map(ToString::to_string).unwrap_or_default();
    let block = first.addresses().first().and_then(|address| reserved(*address)).unwrap_or_default();
    let says = match names.as_slice() {
        [one] => format!("{one} leads to {shown} only, which no public CA connects to"),
        several => format!("{} lead to addresses that no public CA connects to", listed(several)),
    };
    let mut finding = Finding::new(says).identifiers(names);
    for (name, dns) in private.iter().take(5) {
        let all: Vec<String> = dns.addresses().iter().map(ToString::to_string).collect();
        let place = format!("A and AAAA of {}", name.identifier);
        let evidence = Evidence::dns(place, all.join(", "), dns.public().2);
        finding = finding.evidence(Evidence { wanted: Some(format!("none of {block}")), ..evidence });
    }
    // A resolver inside a network often has a view of its own: only the zone's servers know the CA's.
    let unconfirmed = private.iter().all(|(_, dns)| dns.direct.is_none());
    let finding =
        finding.lowered_if(unconfirmed, Severity::Note, "the zone's own servers could not be asked");
    resolved.verdict(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        host, lineage_with, loud, only, run, seen, silent, unknown, unresolved, with_dns,
    };
    use crate::facts::net::{Direct, Dns, Outcome};

    fn private(dns: &mut Dns) {
        dns.a = Outcome::Found(vec![[10, 0, 0, 7].into()]);
        let (a, aaaa) = (dns.a.clone(), Outcome::Nothing);
        dns.direct = Some(Direct { server: "45.45.45.53".into(), a, aaaa });
    }

    #[test]
    fn what_only_this_hosts_resolver_says_is_a_note() {
        let inside = with_dns(|dns| {
            private(dns);
            dns.direct = None;
        });
        assert_eq!(only(&CHECK, &inside, &host()).0, Severity::Note);
    }

    #[test]
    fn a_private_address_alone_may_fail() {
        let (_, finding) = only(&CHECK, &with_dns(private), &host());
        assert_eq!(finding.evidence[0].saw, "10.0.0.7");
        assert!(finding.evidence[0].wanted.as_deref().unwrap().contains("RFC 1918"));
        assert_eq!(loud(&[with_dns(private)], &host()), ["private-or-reserved-address"]);
    }

    #[test]
    fn a_public_one_beside_it_or_by_the_zones_own_server_is_silent() {
        let public = || Outcome::Found(vec!["2a0e:45::1".parse().unwrap()]);
        silent(
            &CHECK,
            &with_dns(|dns| {
                private(dns);
                dns.aaaa = public();
                dns.direct = None;
            }),
            &host(),
        );
        silent(
            &CHECK,
            &with_dns(|dns| {
                private(dns);
                dns.direct =
                    Some(Direct { server: "45.45.45.53".into(), a: Outcome::Nothing, aaaa: public() });
            }),
            &host(),
        );
    }

    #[test]
    fn a_private_ca_is_not_asked_about_and_silence_is_unknown() {
        let mut lineage = seen(lineage_with("server", "https://ca.internal/acme"), &["example.com"]);
        private(lineage.seen.as_mut().unwrap()[0].dns.as_mut().unwrap());
        assert!(matches!(run(&CHECK, &lineage, &host()), Err(Skip::NotApplicable(_))));
        let mut internal = host();
        internal.terms.private_addresses = true;
        assert!(matches!(run(&CHECK, &with_dns(private), &internal), Err(Skip::NotApplicable(_))));
        unknown(&CHECK, &unresolved(), &host());
    }
}

//! The registered domain is gone, or its name servers are a parking service's.

use std::collections::BTreeMap;

use crate::check::{Check, Evidence, Finding, Run, Severity, Subject, Verdict};
use crate::facts::net::Dns;
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The domain above a name does not exist, or is parked.
pub static CHECK: Check = Check {
    id: "domain-expired-or-transferred",
    title: "the registered domain is gone or parked",
    severity: Severity::WillFail,
    why: "nothing below a domain that is not registered or not delegated to you any more can be validated",
    fix: "renew the registration and set the name servers again, or renew the certificate without the domain's names",
    cites: &["https://www.icann.org/resources/pages/faqs-2014-01-21-en", "https://publicsuffix.org/"],
    explains: &["nxdomain-san", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Name servers to which registrars point expired domains, and sellers theirs.
const PARKING: [&str; 14] = [
    "sedoparking.com",
    "parkingcrew.net",
    "bodis.com",
    "above.com",
    "dan.com",
    "undeveloped.com",
    "afternic.com",
    "parklogic.com",
    "ztomy.com",
    "dsredirection.com",
    "cashparking.com",
    "domainparkingserver.net",
    "expired.name-services.com",
    "pendingrenewaldeletion.com",
];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, None)?;
    let mut domains: BTreeMap<String, (Vec<&str>, &Dns, String)> = BTreeMap::new();
    for (name, dns) in &resolved.known {
        let bare = name.identifier.trim_start_matches("*.");
        let Some(domain) = psl::domain_str(bare) else { continue };
        let saw = match parked(dns) {
            _ if dns.domain_is_gone() => "NXDOMAIN".to_owned(),
            Some(server) => server.to_owned(),
            None => continue,
        };
        let of = domains.entry(domain.to_owned()).or_insert((Vec::new(), dns, saw));
        of.0.push(&name.identifier);
    }
    let finding = |(domain, (names, dns, saw)): (String, (Vec<&str>, &Dns, String))| {
        let says = match dns.domain_is_gone() {
            true => format!("the domain {domain} does not exist any more"),
            false => format!("the domain {domain} is parked at {saw}"),
        };
        let place = format!("{} of {domain}", if dns.domain_is_gone() { "SOA" } else { "NS" });
        let evidence = Evidence::dns(place, saw, &dns.resolver);
        Finding::new(says)
            .about(Subject::Records(domain.clone()))
            .identifiers(names)
            .evidence(Evidence { wanted: Some("your own name servers".into()), ..evidence })
            .lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    };
    let findings = domains.into_iter().map(finding).collect();
    resolved.verdict(findings)
}

/// The parking service's server among those of the zone.
fn parked(dns: &Dns) -> Option<&str> {
    let servers = dns.zone.as_ref()?.servers.iter().map(|server| server.name.as_str());
    servers.filter(|name| !name.is_empty()).find(|name| is_parking(name))
}

/// Whether a host is a parking service's.
pub(super) fn is_parking(host: &str) -> bool {
    PARKING.iter().any(|of| host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{
        host, loud, only, silent, unknown, unresolved, with_dns, with_dns_plugin, zone,
    };
    use crate::facts::net::{Dns, Outcome, Zone};

    fn gone(dns: &mut Dns) {
        (dns.a, dns.aaaa, dns.zone) = (Outcome::NoSuchName, Outcome::NoSuchName, Some(zone("com", &[])));
    }

    #[test]
    fn a_domain_that_its_registry_does_not_know_is_gone() {
        let (_, finding) = only(&CHECK, &with_dns(gone), &host());
        assert_eq!(finding.says, "the domain example.com does not exist any more");
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert_eq!(loud(&[with_dns(gone)], &host()), ["domain-expired-or-transferred"]);
        only(&CHECK, &with_dns_plugin(gone), &host());
    }

    #[test]
    fn a_parking_services_name_server_is_told() {
        let parked = with_dns(|dns| {
            let mut zone = Zone::clone(&zone("example.com", &[("45.45.45.1", true)]));
            zone.servers[0].name = "ns1.sedoparking.com".into();
            dns.zone = Some(zone.into());
        });
        assert_eq!(
            only(&CHECK, &parked, &host()).1.says,
            "the domain example.com is parked at ns1.sedoparking.com"
        );
    }

    #[test]
    fn a_missing_name_in_a_living_domain_and_servers_of_ones_own_are_silent() {
        let alive = || zone("example.com", &[("45.45.45.1", true)]);
        silent(&CHECK, &with_dns(|dns| dns.zone = Some(alive())), &host());
        silent(&CHECK, &with_dns(|dns| (dns.a, dns.zone) = (Outcome::NoSuchName, Some(alive()))), &host());
        unknown(&CHECK, &unresolved(), &host());
    }
}

//! A name of the certificate has no address any more.

use crate::check::{Check, Evidence, Finding, Run, Severity, Verdict, listed};
use crate::facts::net::{Dns, Outcome};
use crate::facts::{HTTP_01, HostFacts, Lineage, UNUSED};

/// A name that a web server must prove does not exist, or has no address.
pub static CHECK: Check = Check {
    id: "nxdomain-san",
    title: "a name of the certificate has no address",
    severity: Severity::WillFail,
    why: "the CA validates every name of a certificate, and one that cannot be resolved fails all of them: `DNS problem: \
          NXDOMAIN looking up A for NAME`",
    fix: "publish an address for the name, or renew without it: certbot certonly --cert-name NAME -d …",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://www.rfc-editor.org/rfc/rfc8555#section-8.3",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, Some(HTTP_01))?;
    let dead = |(_, dns): &&(_, &Dns)| !dns.domain_is_gone() && without_address(dns).is_some();
    let dead: Vec<_> = resolved.known.iter().filter(dead).collect();
    let Some((_, first)) = dead.first() else { return resolved.verdict(vec![]) };
    let names: Vec<&str> = dead.iter().map(|(name, _)| name.identifier.as_str()).collect();
    let says = match names.as_slice() {
        [one] => format!("{one} has no address: {}", without_address(first).unwrap_or_default()),
        several => format!("{} have no address", listed(several)),
    };
    let mut finding = Finding::new(says).identifiers(names.iter().copied());
    for (name, dns) in dead.iter().take(5) {
        let saw = without_address(dns).unwrap_or_default();
        let evidence = Evidence::dns(format!("A and AAAA of {}", name.identifier), saw, dns.public().2);
        finding = finding.evidence(Evidence { wanted: Some("an address of this server".into()), ..evidence });
    }
    let rest: Vec<String> =
        lineage.names().iter().filter(|n| !names.contains(&n.as_str())).map(|n| format!("-d {n}")).collect();
    let command = (!rest.is_empty())
        .then(|| format!("certbot certonly --cert-name {} {}", lineage.name, rest.join(" ")));
    let finding = finding.fix("publish an address, or renew without the name", command).lowered_if(
        host.unused(lineage),
        Severity::Note,
        UNUSED,
    );
    resolved.verdict(vec![finding])
}

/// What the CA's resolver will say of a name without address.
fn without_address(dns: &Dns) -> Option<&'static str> {
    match dns.public() {
        (Outcome::NoSuchName, _, _) | (_, Outcome::NoSuchName, _) => Some("NXDOMAIN"),
        (Outcome::Nothing, Outcome::Nothing, _) => Some("no A and no AAAA record"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        host, lineage, loud, only, seen, silent, unknown, unresolved, with_dns, with_dns_plugin, zone,
    };
    use crate::facts::net::{Direct, Outcome};

    #[test]
    fn a_name_that_is_gone_fails_them_all() {
        let gone = with_dns(|dns| (dns.a, dns.aaaa) = (Outcome::NoSuchName, Outcome::NoSuchName));
        let (severity, finding) = only(&CHECK, &gone, &host());
        assert_eq!(severity, Severity::MayFail, "seen from this host only");
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert_eq!(loud(&[gone], &host()), ["nxdomain-san"]);
    }

    #[test]
    fn the_others_are_named_in_the_command() {
        let mut one = seen(lineage(), &["example.com", "old.example.com"]);
        let dns = one.seen.as_mut().unwrap()[1].dns.as_mut().unwrap();
        dns.a = Outcome::Nothing;
        let (_, finding) = only(&CHECK, &one, &host());
        assert_eq!(finding.says, "old.example.com has no address: no A and no AAAA record");
        assert_eq!(
            finding.fix.unwrap().commands,
            ["certbot certonly --cert-name example.com -d example.com"]
        );
    }

    #[test]
    fn an_address_of_either_family_and_a_name_proved_by_dns_are_silent() {
        silent(&CHECK, &with_dns(|_| ()), &host());
        silent(
            &CHECK,
            &with_dns(|dns| {
                (dns.a, dns.aaaa) = (Outcome::Nothing, Outcome::Found(vec!["2a0e:45::1".parse().unwrap()]));
            }),
            &host(),
        );
        silent(&CHECK, &with_dns_plugin(|dns| dns.a = Outcome::NoSuchName), &host());
    }

    #[test]
    fn the_zones_own_server_outranks_this_hosts_resolver() {
        let found = || Outcome::Found(vec![[45, 45, 45, 1].into()]);
        silent(
            &CHECK,
            &with_dns(|dns| {
                dns.a = Outcome::NoSuchName;
                dns.direct =
                    Some(Direct { server: "45.45.45.53".into(), a: found(), aaaa: Outcome::Nothing });
            }),
            &host(),
        );
    }

    #[test]
    fn a_domain_that_is_gone_is_told_by_another_check_and_silence_is_unknown() {
        silent(
            &CHECK,
            &with_dns(|dns| {
                dns.a = Outcome::NoSuchName;
                dns.zone = Some(zone("com", &[]));
            }),
            &host(),
        );
        unknown(&CHECK, &unresolved(), &host());
    }
}

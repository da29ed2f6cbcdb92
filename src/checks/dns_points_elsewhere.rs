//! The name leads to another machine, and what answers there does not lead back to this one.

use super::elsewhere::{Elsewhere, Sign, elsewhere};
use super::walked::Shown;
use crate::check::{Check, Evidence, Finding, Run, Severity, Verdict};
use crate::facts::net::Walk;
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The records name another machine.
pub static CHECK: Check = Check {
    id: "dns-points-elsewhere",
    title: "the name leads to another machine",
    severity: Severity::MayFail,
    why: "the CA follows the records to the other machine and asks it for the challenge that lies on this one: the site \
          has moved, or this host's address has changed and the record has not",
    fix: "correct the A and AAAA records, or, where the site has moved for good, remove the lineage here: certbot delete \
          --cert-name NAME",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        "https://github.com/certbot/certbot/issues/10655",
        "https://github.com/nextcloud-snap/nextcloud-snap/issues/569",
    ],
    explains: &[
        "catch-all-app-answers",
        "redirect-all-before-challenge",
        "redirect-other",
        "redirect-bad-port",
        "auth-on-site",
        "dotfile-deny",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let found = elsewhere(lineage, host)?;
    let of = |walk: &Walk| found.iter().find(|e| std::ptr::eq(e.walk, walk));
    let says = |names: &str, walk: &Walk| {
        let address = walk.last().and_then(|hop| hop.used).map(|a| format!(" at {a}")).unwrap_or_default();
        match of(walk).map(|found| &found.sign) {
            Some(Sign::Parked(_)) => format!("{names}: a parking page answers{address}, and not this host"),
            _ => format!(
                "{names}: another web server answers{address}, while nothing listens on port 80 of this host"
            ),
        }
    };
    let fix =
        "let the records name this host, or remove the lineage where the site has moved for good, then try";
    let walks = found.iter().map(|found| (found.name, found.walk)).collect();
    let findings = Shown::of(lineage, walks).findings(says, "an answer of this host", fix);
    let finish = |(finding, walk): (Finding, &Walk)| {
        let finding = match of(walk) {
            Some(found) => records(finding, found),
            None => finding,
        };
        finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    };
    Ok(findings.into_iter().map(finish).collect())
}

/// The records as evidence, and what the page says.
fn records(finding: Finding, found: &Elsewhere<'_>) -> Finding {
    let addresses: Vec<String> = found.dns.addresses().iter().map(ToString::to_string).collect();
    let saw = match &found.sign {
        Sign::Parked(text) => format!("{}, with a page of `{text}`", addresses.join(", ")),
        Sign::Answers => addresses.join(", "),
    };
    let place = format!("A and AAAA of {}", found.name);
    let evidence = Evidence::dns(place, saw, found.dns.public().2);
    finding.evidence(Evidence { wanted: Some("an address that leads to this host".into()), ..evidence })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::elsewhere::fixture::{at, leads_to, public};
    use crate::checks::testing::{denied, host, only, run, set, silent, unknown};
    use crate::checks::walked::fixture::{URL, answered, ended, hop, lineage, miss, moved};
    use crate::facts::net::{Fault, Outcome, Walk};
    use crate::facts::{HookFile, HookStage, HostFacts, Lineage, Role};

    const THERE: &str = "45.45.46.8";

    fn not_found(server: &str) -> Walk {
        miss(vec![answered(URL, 404, server, "<html>404 Not Found")])
    }

    fn standalone(walk: Walk) -> Lineage {
        leads_to("standalone", THERE, walk)
    }

    #[test]
    fn another_web_server_may_fail_where_nothing_listens_here() {
        let (severity, finding) = only(&CHECK, &standalone(not_found("nginx/1.26")), &public(&[22]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("another web server answers at 45.45.46.8"), "{}", finding.says);
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        for server in ["Apache/2.4.62 (Debian)", "LiteSpeed", "Microsoft-IIS/10.0"] {
            only(&CHECK, &standalone(not_found(server)), &public(&[]));
        }
    }

    #[test]
    fn a_parking_page_may_fail_whatever_the_authenticator() {
        let html = |body: &str| miss(vec![answered(URL, 200, "nginx", body)]);
        let for_sale = html("<!doctype html>\n<title>This domain may be for sale</title>");
        for authenticator in ["webroot", "nginx", "standalone"] {
            let lineage = leads_to(authenticator, THERE, for_sale.clone());
            let (severity, finding) = only(&CHECK, &lineage, &public(&[80]));
            assert_eq!(severity, Severity::MayFail);
            assert!(finding.says.contains("a parking page answers"), "{}", finding.says);
        }
        // A service's own page is told without an address of one's own.
        let lander = html("<!DOCTYPE html><html><head><script>window.location.href=\"/lander\"</script>");
        let redirected = ended(vec![moved(URL, "http://ww1.sedoparking.com/x"), hop(URL)], Fault::Refused);
        for walk in [lander, redirected] {
            only(&CHECK, &leads_to("webroot", THERE, walk), &at(&["10.0.0.7"], &["10.0.0.7"], &[80]));
        }
        // Whoever sells a domain by a page of their own has it on this host.
        silent(&CHECK, &leads_to("webroot", "45.45.45.7", for_sale.clone()), &public(&[80]));
        let mut behind = for_sale.clone();
        behind.hops[0].server = Some("cloudflare".into());
        silent(&CHECK, &leads_to("webroot", THERE, behind), &public(&[80]));
        silent(&CHECK, &leads_to("webroot", THERE, for_sale), &at(&["10.0.0.7"], &["10.0.0.7"], &[80]));
    }

    #[test]
    fn content_networks_and_proxies_in_front_are_silent() {
        for (status, server) in [
            (404, "cloudflare"),
            (404, "CloudFront"),
            (404, "Varnish"),
            (404, "openresty"),
            (404, "envoy"),
            (404, "AkamaiGHost"),
            (502, "nginx"),
            (503, "Apache"),
            (504, "nginx"),
            (503, ""),
            (521, "cloudflare"),
            (404, ""),
            // What a balancer shows while this host does not listen.
            (200, "Apache"),
        ] {
            silent(&CHECK, &standalone(miss(vec![answered(URL, status, server, "sorry")])), &public(&[]));
        }
        let mut passed_on = not_found("nginx");
        passed_on.hops[0].headers.insert("via".into(), "1.1 varnish".into());
        silent(&CHECK, &standalone(passed_on), &public(&[]));
    }

    #[test]
    fn whatever_can_be_served_here_is_silent() {
        // The answer may be this host's own, through a proxy.
        silent(&CHECK, &standalone(not_found("nginx")), &public(&[80]));
        for authenticator in ["webroot", "nginx", "apache", "manual", "corp"] {
            silent(&CHECK, &leads_to(authenticator, THERE, not_found("nginx")), &public(&[]));
        }
        let mut other_port = standalone(not_found("nginx"));
        set(other_port.conf.as_mut().unwrap(), "renewalparams", "http01_port", "8080");
        silent(&CHECK, &other_port, &public(&[8080]));
        only(&CHECK, &other_port, &public(&[8081]));
    }

    #[test]
    fn hosts_behind_address_translation_are_silent() {
        let lineage = standalone(not_found("nginx"));
        // One to one in a cloud, a router with a forwarded port, and a tunnel with an address of its own.
        for own in [
            at(&["10.0.0.7"], &["10.0.0.7"], &[]),
            at(&["192.168.1.7", "2a0e:45::7"], &["192.168.1.7", "2a0e:45::7"], &[]),
            at(&["192.168.1.7", "45.45.45.7"], &["192.168.1.7"], &[]),
            at(&["100.64.0.7"], &["100.64.0.7"], &[]),
            at(&["172.17.0.2"], &["172.17.0.2"], &[]),
            at(&["127.0.0.1"], &[], &[]),
        ] {
            silent(&CHECK, &lineage, &own);
        }
    }

    #[test]
    fn own_floating_and_anycast_addresses_are_silent() {
        let lineage = standalone(not_found("nginx"));
        silent(&CHECK, &lineage, &at(&["45.45.45.7", THERE], &["45.45.45.7"], &[]));
        // A floating address is translated to this host: nothing listens, and nobody answers.
        let refused = standalone(ended(vec![hop(URL)], Fault::Refused));
        silent(&CHECK, &refused, &public(&[]));
        // One of several addresses, or the other family, is this host.
        let mut several = lineage.clone();
        for dns in several.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()) {
            dns.aaaa = Outcome::Found(vec!["2a0e:45::7".parse().unwrap()]);
        }
        silent(&CHECK, &several, &public(&[]));
    }

    #[test]
    fn a_way_that_comes_back_and_a_hook_that_may_turn_it_are_silent() {
        let mut back = miss(vec![moved(URL, "http://acme.example.com/x"), answered(URL, 404, "nginx", "")]);
        for (hop, used) in back.hops.iter_mut().zip([THERE, "45.45.45.7"]) {
            hop.used = Some(used.parse().unwrap());
        }
        let mut lineage = standalone(not_found("nginx"));
        for name in lineage.seen.iter_mut().flatten() {
            name.walk = Some(Ok(back.clone()));
        }
        silent(&CHECK, &lineage, &public(&[]));
        let mut hooked = standalone(not_found("nginx"));
        set(hooked.conf.as_mut().unwrap(), "renewalparams", "pre_hook", "/usr/local/bin/take-the-address");
        silent(&CHECK, &hooked, &public(&[]));
        let path = "/etc/letsencrypt/renewal-hooks/pre/take".into();
        let hook = HookFile { stage: HookStage::Pre, path, runs: true, shebang: true, mode: 0o755 };
        let host = HostFacts { hooks: Ok(vec![hook]), ..public(&[]) };
        silent(&CHECK, &standalone(not_found("nginx")), &host);
    }

    #[test]
    fn a_tree_and_what_the_kernel_does_not_tell() {
        let lineage_of = standalone(not_found("nginx"));
        assert!(matches!(run(&CHECK, &lineage_of, &host()), Err(Skip::NotAsked(_))));
        unknown(&CHECK, &lineage_of, &HostFacts { own: Some(denied(Role::Other)), ..host() });
        let mut host = public(&[]);
        if let Some(Ok(own)) = &mut host.own {
            own.listens = denied(Role::Other);
        }
        unknown(&CHECK, &lineage_of, &host);
        unknown(&CHECK, &lineage("standalone", Some(denied(Role::Other))), &public(&[]));
        silent(&CHECK, &lineage("dns-cloudflare", None), &public(&[]));
    }
}

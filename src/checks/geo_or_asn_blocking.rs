//! Visitors from some countries or networks are turned away, the CA's among them.

use super::turned_away::{EXAMPLES, is_refused, over_http, said};
use super::walked::{way, with_suspects};
use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict, listed};
use crate::facts::net::Way;
use crate::facts::{Filter, FilterKind, HostFacts, Lineage, UNUSED, try_it};

/// Only some places of the world get in to port 80.
pub static CHECK: Check = Check {
    id: "geo-or-asn-blocking",
    title: "some countries or networks do not get in to port 80",
    severity: Severity::MayFail,
    why: "the CA looks from several parts of the world at once, which it does not tell and which change, and wants nearly all \
          of them to get through: `During secondary validation: …`",
    fix: "except /.well-known/acme-challenge/ from the rule, or let everybody in to port 80, or validate over DNS-01",
    cites: &[
        "https://letsencrypt.org/docs/faq/#what-ip-addresses-does-let-s-encrypt-use-to-validate-my-web-server",
        "https://letsencrypt.org/2020/02/19/multi-perspective-validation/",
        "https://letsencrypt.org/docs/allow-port-80/",
    ],
    explains: &["ips-or-fail2ban", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// What stands before the CA's words where only some of its places did not get through.
/// <https://github.com/letsencrypt/boulder/blob/main/va/va.go>
const SECONDARY: &str = "During secondary validation: ";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let names = over_http(lineage, host)?;
    let filters = filters(lineage, host, &names);
    // A place that only finds nothing has reached another host: another fault.
    let such =
        |detail: &str| (detail.starts_with(SECONDARY) || !filters.is_empty()) && is_turned_away(detail);
    let failed = match said(lineage, host, such) {
        Ok(Some(said)) => {
            let from = if said.first().starts_with(SECONDARY) { "from some parts of the world " } else { "" };
            let says = format!("{from}the CA did not get through to {}: {}", said.listed(), said.first());
            let finding = with(said.shown(Finding::new(says), host), &filters, lineage);
            let finding = if filters.is_empty() { with_suspects(finding, host, CHECK.id) } else { finding };
            return Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)]);
        }
        failed => failed,
    };
    if let Some(first) = filters.first() {
        let says = format!(
            "only visitors from some countries or networks get in to port 80 of {}: the CA looks from several",
            listed(&names)
        );
        let finding = Finding::new(says).about(Subject::Path(first.r#where.clone())).identifiers(names);
        let finding = finding.lowered(Severity::Note, "no attempt is known that failed of it");
        return Ok(vec![with(finding, &filters, lineage)]);
    }
    failed?;
    match host.filters.unread.first() {
        Some(missing) => Err(Skip::from(missing)),
        None => Ok(vec![]),
    }
}

/// The rules that let only some in, and that stand before these names.
fn filters<'a>(lineage: &Lineage, host: &'a HostFacts, names: &[&str]) -> Vec<&'a Filter> {
    // nginx's plugin answers before the rules of its site, and a listener of certbot's own has none.
    let of_servers = host.servers.filters.iter().filter(|_| way(lineage, host) == Way::Files);
    of_servers
        .chain(&host.filters.found)
        .filter(|filter| filter.kind == FilterKind::Places && names.iter().any(|name| filter.covers(name)))
        .collect()
}

/// Adds the rules, and what to do about them: a packet filter sees no paths.
fn with(finding: Finding, filters: &[&Filter], lineage: &Lineage) -> Finding {
    let sees_paths = |filter: &&Filter| !filter.names.is_empty();
    let wanted = |filter| match sees_paths(filter) {
        true => "an exception for /.well-known/acme-challenge/",
        false => "port 80 open to everybody",
    };
    let finding = filters
        .iter()
        .take(EXAMPLES)
        .fold(finding, |finding, filter| finding.saw_wanted(&filter.r#where, &filter.rule, wanted(filter)));
    let summary = match filters {
        [] => {
            "let the whole world in to port 80 at every firewall and content network on the way (country rules), at least for \
             /.well-known/acme-challenge/; or validate over DNS-01"
        }
        some if some.iter().all(sees_paths) => {
            "except /.well-known/acme-challenge/ from the rule, or validate over DNS-01"
        }
        _ => "let everybody in to port 80, or validate over DNS-01",
    };
    finding.fix(summary, [try_it(lineage)])
}

/// Words that a place ends in which is not let in.
fn is_turned_away(detail: &str) -> bool {
    let status = |code: &&str| detail.ends_with(&format!(": {code}"));
    let dns = detail.contains("DNS problem") || detail.contains("CAA");
    !dns && (is_refused(detail)
        || detail.contains("Timeout")
        || ["401", "403", "429", "451", "503"].iter().any(status))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        denied, failed, host, lineage, lineage_with, lives, loud, only, run, silent, unknown,
    };
    use crate::facts::{Filter, FilterKind, HostFacts, Missing, Role, Suspect, Why};

    const TIMEOUT: &str = "During secondary validation: 203.0.113.7: Fetching http://example.com/.well-known/acme-challenge/x: \
                           Timeout during connect (likely firewall problem)";
    const FORBIDDEN: &str =
        "203.0.113.7: Invalid response from http://example.com/.well-known/acme-challenge/x: 403";

    fn said(detail: &str) -> HostFacts {
        failed(-1, "Some challenges have failed.", &[("example.com", detail)])
    }

    fn filter(names: &[&str]) -> Filter {
        Filter {
            r#where: "/etc/nginx/sites-enabled/site:9".into(),
            rule: "if ($allowed = no) { return 403; }".into(),
            kind: FilterKind::Places,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn filtered(mut host: HostFacts) -> HostFacts {
        host.servers.filters.push(filter(&["example.com"]));
        host
    }

    #[test]
    fn a_place_of_the_cas_that_does_not_get_through_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage(), &said(TIMEOUT));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.starts_with("from some parts of the world the CA did not"), "{}", finding.says);
        assert_eq!(finding.identifiers, ["example.com"]);
        assert_eq!(finding.fix.unwrap().commands, ["certbot renew --cert-name example.com --dry-run"]);
        only(&CHECK, &lineage(), &said(&format!("During secondary validation: {FORBIDDEN}")));
        assert_eq!(loud(&[lineage()], &said(TIMEOUT)), ["geo-or-asn-blocking"]);
    }

    #[test]
    fn a_rule_that_is_found_is_named_and_explains_what_all_places_saw() {
        let (severity, finding) = only(&CHECK, &lineage(), &filtered(said(FORBIDDEN)));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.starts_with("the CA did not get through to example.com"), "{}", finding.says);
        assert_eq!(finding.evidence[1].r#where, "/etc/nginx/sites-enabled/site:9");
        silent(&CHECK, &lineage(), &said(FORBIDDEN));
    }

    #[test]
    fn lines_that_may_be_to_blame_are_shown_beside_a_failure_alone() {
        let mut suspect = said(TIMEOUT);
        let line = ("/etc/apache2/conf-enabled/geo.conf:4", "Deny from env=BlockCountry");
        let of = |(place, text): (&str, &str)| Suspect {
            id: CHECK.id.into(),
            r#where: place.into(),
            text: text.into(),
        };
        suspect.servers.suspects.push(of(line));
        assert!(only(&CHECK, &lineage(), &suspect).1.evidence[1].saw.starts_with(line.1));
        suspect.logged = Ok(vec![]);
        silent(&CHECK, &lineage(), &suspect);
    }

    #[test]
    fn a_rule_alone_is_a_note_for_the_sites_that_it_stands_before() {
        let (severity, finding) = only(&CHECK, &lineage(), &filtered(host()));
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.evidence[0].saw, "if ($allowed = no) { return 403; }");
        let mut other = host();
        other.servers.filters.push(filter(&["other.example"]));
        silent(&CHECK, &lineage(), &other);
        // nginx's plugin answers before the rule.
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &filtered(host()));
        let mut packets = host();
        packets.filters.found.push(filter(&[]));
        let (_, finding) = only(&CHECK, &lineage_with("authenticator", "standalone"), &packets);
        assert!(
            finding.fix.unwrap().summary.starts_with("let everybody in"),
            "a packet filter sees no paths"
        );
        packets.filters.found[0].kind = FilterKind::Bans;
        silent(&CHECK, &lineage(), &packets);
    }

    #[test]
    fn other_words_a_success_since_and_dns_are_silent() {
        for other in [
            "During secondary validation: DNS problem: query timed out looking up A for example.com",
            "During secondary validation: 203.0.113.7: Invalid response from http://example.com/x: 404",
            "203.0.113.7: Fetching http://example.com/x: Timeout during connect (likely firewall problem)",
        ] {
            silent(&CHECK, &lineage(), &said(other));
        }
        let mut renewed = lineage();
        lives(&mut renewed, 0, 90);
        silent(&CHECK, &renewed, &said(TIMEOUT));
        silent(&CHECK, &lineage(), &host());
        let by_dns = run(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &said(TIMEOUT));
        assert!(matches!(by_dns, Err(Skip::NotApplicable(_))));
    }

    #[test]
    fn what_is_long_past_is_a_note() {
        let old = failed(-9, "Some challenges have failed.", &[("example.com", TIMEOUT)]);
        let (severity, finding) = only(&CHECK, &lineage(), &old);
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.lowered.unwrap().1, "that was 9 days ago");
    }

    #[test]
    fn a_log_or_rules_that_cannot_be_read_are_unknown() {
        unknown(&CHECK, &lineage(), &HostFacts { logged: denied(Role::Other), ..host() });
        let mut unread = host();
        unread.filters.unread.push(Missing::new("/etc/iptables/rules.v4", Why::Denied, Role::Other));
        unknown(&CHECK, &lineage(), &unread);
        only(&CHECK, &lineage(), &filtered(HostFacts { logged: denied(Role::Other), ..unread }));
    }
}

//! The CA asks for the TXT record before all of the zone's name servers have it.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::dns_plugins;
use crate::facts::net::{Dns, NameServer, Outcome, Zone};
use crate::facts::{Attempt, DNS_01, HostFacts, Lineage, Logged, try_it};

/// The plugin waits too short a time.
pub static CHECK: Check = Check {
    id: "propagation-too-short",
    title: "the DNS plugin does not wait until all name servers have the record",
    severity: Severity::MayFail,
    why: "the plugin writes the TXT record, waits for a fixed time and lets the CA look: a name server that gets it later \
          gives the old one or none, and the CA says `No TXT record found` or `Incorrect TXT record`",
    fix: "wait longer: certbot reconfigure --cert-name NAME --dns-PLUGIN-propagation-seconds 120",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins",
        "https://letsencrypt.org/docs/challenge-types/#dns-01-challenge",
        "https://github.com/certbot/certbot/issues/8069",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// A wait of so many seconds is a long one.
const LONG: u32 = 60;

/// Why differing serial numbers alone are no fault.
const WAS_ENOUGH: &str = "it was enough when the certificate was issued";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(wait) = wait(lineage, host)? else {
        return Err(Skip::NotApplicable("it does not wait for DNS changes"));
    };
    let log = host.failed(lineage);
    let failed = log.as_ref().ok().copied().flatten().filter(|failed| {
        // Somebody has seen to it since.
        !matches!((failed.waited, wait.seconds), (Some(waited), Some(now)) if now > waited)
    });
    if let Some(finding) = failed.and_then(|failed| of_log(lineage, host, failed, &wait)) {
        return Ok(vec![finding]);
    }
    log?;
    let resolved = lineage.resolved(host, Some(DNS_01))?;
    let short = wait.seconds.is_some_and(|seconds| seconds < LONG);
    let behind = resolved.known.iter().filter(|_| short).find_map(|(name, dns)| {
        let (zone, serials) = differing(dns)?;
        Some((name.identifier.as_str(), dns, zone, serials))
    });
    let finding = behind.map(|(_, dns, zone, serials)| {
        Finding::new(format!(
            "the name servers of {} have different versions of it, and {} waits {}",
            zone.name,
            wait.plugin,
            wait.shown()
        ))
        .about(Subject::Records(zone.name.clone()))
        .evidence(Evidence {
            wanted: Some("the same serial number everywhere".into()),
            ..Evidence::dns(format!("SOA of {}", zone.name), serials, &dns.resolver)
        })
        .fix(format!("wait {LONG} seconds or longer, then try"), commands(lineage, host, &wait))
        .lowered(Severity::Note, WAS_ENOUGH)
    });
    resolved.verdict(finding.into_iter().collect())
}

/// How long a lineage's plugin waits.
struct Wait<'a> {
    plugin: &'a str,
    /// `None` where a plugin of others has a default of its own.
    seconds: Option<u32>,
    place: Option<String>,
}

impl Wait<'_> {
    fn shown(&self) -> String {
        match self.seconds {
            Some(1) => "1 second".to_owned(),
            Some(seconds) => format!("{seconds} seconds"),
            None => "as long as it does by itself".to_owned(),
        }
    }

    fn option(&self) -> String {
        format!("--{}-propagation-seconds", self.plugin)
    }
}

fn wait<'a>(lineage: &'a Lineage, host: &HostFacts) -> Result<Option<Wait<'a>>, Skip> {
    let conf = lineage.conf.as_ref()?;
    let dns = |plugin: &&str| plugin.starts_with("dns-") && !host.chooses_authenticator(lineage);
    let Some(plugin) = lineage.authenticator().filter(dns) else { return Ok(None) };
    let known = dns_plugins::find(plugin);
    if known.is_some_and(|known| known.waits.is_none()) {
        return Ok(None);
    }
    let key = format!("{}_propagation_seconds", plugin.replace('-', "_"));
    let set = host.setting(conf, &key);
    let seconds = match &set {
        Some((_, setting)) => setting.text().and_then(|text| text.trim().parse().ok()),
        // A command line's is not read.
        None if host.given(&key.replace('_', "-")).is_some() => None,
        None => known.and_then(|known| known.waits),
    };
    Ok(Some(Wait { plugin, seconds, place: set.map(|(place, _)| place) }))
}

/// What the CA said of a record that it did not find, or not yet.
/// <https://github.com/letsencrypt/boulder/blob/main/va/dns.go>
fn not_seen(attempt: &Attempt) -> Option<&str> {
    let detail = attempt.problem.as_ref()?.detail.as_str();
    let says =
        ["No TXT record found at ", "Incorrect TXT record ", "NXDOMAIN looking up TXT for _acme-challenge."];
    says.iter().any(|words| detail.contains(words)).then_some(detail)
}

fn of_log(lineage: &Lineage, host: &HostFacts, failed: &Logged, wait: &Wait<'_>) -> Option<Finding> {
    let missed: Vec<(&str, &str)> = failed
        .attempts
        .iter()
        .filter(|attempt| attempt.method == wait.plugin)
        .filter_map(|attempt| Some((attempt.identifier.as_str(), not_seen(attempt)?)))
        .collect();
    let (_, detail) = missed.first()?;
    let waited = failed.waited.or(wait.seconds);
    let waited = waited.map_or_else(|| wait.shown(), |seconds| format!("{seconds} seconds"));
    let mut finding = Finding::new(format!(
        "on {} the CA did not find the record that {} had written {waited} before",
        failed.at.strftime("%Y-%m-%d"),
        wait.plugin
    ))
    .evidence(Evidence {
        kind: Source::Log,
        wanted: Some("a record that is there when the CA looks".into()),
        ..Evidence::file(&failed.place, *detail)
    });
    if let Some(place) = &wait.place {
        finding = finding.saw(place, format!("{} {}", wait.option().trim_start_matches('-'), wait.shown()));
    }
    let summary =
        "wait longer; and see that the plugin writes to the zone that the name servers of the domain serve";
    Some(finding.fix(summary, commands(lineage, host, wait)))
}

/// Twice as long, and a minute at least.
fn commands(lineage: &Lineage, host: &HostFacts, wait: &Wait<'_>) -> Vec<String> {
    let longer = wait.seconds.unwrap_or(0).saturating_mul(2).max(LONG);
    vec![host.reconfigure(lineage, &format!("{} {longer}", wait.option())), try_it(lineage)]
}

/// The zone that the challenge is written to, where the servers that its parent names differ in its version.
fn differing(dns: &Dns) -> Option<(&Zone, String)> {
    let challenge = dns.challenge.as_ref().filter(|challenge| !challenge.aliases.is_empty());
    let zone = match challenge {
        Some(challenge) => challenge.zone.as_deref()?,
        None => dns.zone.as_deref()?,
    };
    let serial = |server: &NameServer| match &server.serial {
        Outcome::Found(serials) if server.delegated && server.authoritative => serials.first().copied(),
        _ => None,
    };
    let told: Vec<(&NameServer, u32)> =
        zone.servers.iter().filter_map(|server| Some((server, serial(server)?))).collect();
    let (_, first) = told.first()?;
    if told.iter().all(|(_, serial)| serial == first) {
        return None;
    }
    let shown = told.iter().map(|(server, serial)| format!("{serial} at {}", server.name));
    Some((zone, shown.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        denied, failed, host, lineage, only, run, set, silent, unknown, unresolved, with_dns_plugin, zone,
    };
    use crate::facts::net::{Dns, Outcome, Zone};
    use crate::facts::{HostFacts, Lineage, Role};

    const MISSED: &[(&str, &str)] = &[
        ("example.com", "No TXT record found at _acme-challenge.example.com"),
        ("*.example.com", "Incorrect TXT record \"x\" found at _acme-challenge.example.com"),
    ];

    fn missed(waited: u32) -> HostFacts {
        let mut host = failed(-1, "Some challenges have failed.", MISSED);
        host.logged.as_mut().unwrap()[0].waited = Some(waited);
        host
    }

    fn plugin() -> Lineage {
        with_dns_plugin(|_| ())
    }

    fn waits(mut lineage: Lineage, seconds: &str) -> Lineage {
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "dns_cloudflare_propagation_seconds", seconds);
        lineage
    }

    fn serials(of: [u32; 2]) -> impl Fn(&mut Dns) {
        move |dns| {
            let mut zone = Zone::clone(&zone("example.com", &[("45.45.45.11", true), ("45.45.45.12", true)]));
            for (server, serial) in zone.servers.iter_mut().zip(of) {
                server.serial = Outcome::Found(vec![serial]);
            }
            dns.zone = Some(zone.into());
        }
    }

    #[test]
    fn a_record_that_the_ca_did_not_find_may_fail() {
        let (severity, finding) = only(&CHECK, &plugin(), &missed(10));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.ends_with("dns-cloudflare had written 10 seconds before"), "{}", finding.says);
        assert_eq!(finding.evidence[0].saw, MISSED[0].1);
        let commands = finding.fix.unwrap().commands;
        assert!(commands[0].ends_with("--dns-cloudflare-propagation-seconds 60"), "{}", commands[0]);
        let nxdomain = "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.example.com - check that a DNS record \
                        exists for this domain";
        only(&CHECK, &plugin(), &failed(-1, "Some challenges have failed.", &[("example.com", nxdomain)]));
        let long = only(&CHECK, &waits(plugin(), "120"), &missed(120)).1.fix.unwrap().commands;
        assert!(long[0].ends_with("--dns-cloudflare-propagation-seconds 240"), "{}", long[0]);
    }

    #[test]
    fn what_was_seen_to_since_and_other_problems_are_silent() {
        silent(&CHECK, &waits(plugin(), "60"), &missed(10));
        silent(&CHECK, &plugin(), &host());
        for detail in
            ["SERVFAIL looking up TXT for _acme-challenge.example.com", "CAA record prevents issuance"]
        {
            silent(
                &CHECK,
                &plugin(),
                &failed(-1, "Some challenges have failed.", &[("example.com", detail)]),
            );
        }
        // It has been renewed since.
        let mut host = missed(10);
        host.logged.as_mut().unwrap()[0].at = crate::checks::testing::days(-40);
        silent(&CHECK, &plugin(), &host);
    }

    #[test]
    fn servers_with_different_versions_are_a_note_beside_a_short_wait() {
        let behind = with_dns_plugin(serials([2, 1]));
        let (severity, finding) = only(&CHECK, &behind, &host());
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.evidence[0].saw, "2 at ns.example.com, 1 at ns.example.com");
        silent(&CHECK, &waits(behind, "60"), &host());
        silent(&CHECK, &with_dns_plugin(serials([2, 2])), &host());
    }

    #[test]
    fn webroots_and_plugins_that_ask_their_provider_are_silent() {
        silent(&CHECK, &lineage(), &missed(10));
        let mut route53 = plugin();
        set(route53.conf.as_mut().unwrap(), "renewalparams", "authenticator", "dns-route53");
        silent(&CHECK, &route53, &missed(10));
    }

    #[test]
    fn a_log_that_cannot_be_read_and_a_network_that_was_not_asked() {
        let hidden = HostFacts { logged: denied(Role::Other), ..host() };
        unknown(&CHECK, &plugin(), &hidden);
        let mut offline = plugin();
        offline.seen = None;
        assert!(matches!(run(&CHECK, &offline, &host()), Err(Skip::NotAsked(_))));
        let mut dead = unresolved();
        set(dead.conf.as_mut().unwrap(), "renewalparams", "authenticator", "dns-cloudflare");
        unknown(&CHECK, &dead, &host());
    }
}

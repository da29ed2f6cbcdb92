//! Something here bans addresses that look like attackers', and the CA did not get through.

use super::turned_away::{EXAMPLES, Said, is_refused, over_http, said};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{Filter, FilterKind, HostFacts, Lineage, UNUSED, try_it};

/// A connection of the CA's failed, and bans are made on the web servers' ports. Which addresses are banned now is not asked
/// of the kernel, and without a failure that was seen nothing is said.
pub static CHECK: Check = Check {
    id: "ips-or-fail2ban",
    title: "the CA did not get through, and attackers are banned here",
    severity: Severity::MayFail,
    why: "a validation is many requests for paths that do not exist, from addresses that nobody knows, with redirects and \
          repetitions: what bans scanners may ban the CA as well, for hours",
    fix: "never count requests to /.well-known/acme-challenge/ (fail2ban: ignoreregex; CrowdSec: a whitelist), and lift the ban",
    cites: &[
        "https://letsencrypt.org/docs/faq/#what-ip-addresses-does-let-s-encrypt-use-to-validate-my-web-server",
        "https://manpages.debian.org/bookworm/fail2ban/jail.conf.5.en.html",
    ],
    explains: &["ari-window-missed"],
    run: Run::Lineage(run),
};

/// Why bans are only one of many reasons.
const ONE_OF_MANY: &str = "nothing tells whether this host can be reached otherwise";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    over_http(lineage, host)?;
    let bans: Vec<&Filter> =
        host.filters.found.iter().filter(|filter| filter.kind == FilterKind::Bans).collect();
    let Some(first) = bans.first() else { return Ok(vec![]) };
    let Some(said) = said(lineage, host, is_refused)? else { return Ok(vec![]) };
    let says = format!(
        "the CA could not connect to {}, and {} here: {}",
        said.listed(),
        if first.rule.contains("jail") { "fail2ban bans attackers" } else { "CrowdSec bans attackers" },
        said.first()
    );
    let finding = said.shown(Finding::new(says), host);
    let finding =
        bans.iter().take(EXAMPLES).fold(finding, |finding, ban| finding.saw(&ban.r#where, &ban.rule));
    let mut commands = Vec::new();
    if bans.iter().any(|ban| ban.rule.contains("jail")) {
        commands.push("fail2ban-client banned".to_owned());
    }
    if bans.iter().any(|ban| ban.rule.contains("CrowdSec")) {
        commands.push("cscli decisions list".to_owned());
    }
    commands.push(try_it(lineage));
    let finding = finding
        .fix(
            "look for addresses that asked for /.well-known/acme-challenge/, lift their bans, and try",
            commands,
        )
        .lowered_if(!is_open(lineage, &said), Severity::Note, ONE_OF_MANY)
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    Ok(vec![finding])
}

/// Whether this host gets an answer at port 80 of each of these names, so that something turned the CA alone away.
fn is_open(lineage: &Lineage, said: &Said<'_>) -> bool {
    said.names.iter().all(|(name, _)| {
        let seen = lineage.seen.iter().flatten().find(|seen| seen.identifier == *name);
        let walk = seen.and_then(|seen| seen.walk.as_ref()?.as_ref().ok());
        walk.and_then(|walk| walk.hops.first()).is_some_and(|hop| hop.status.is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        denied, failed, host, lineage, lineage_with, lives, loud, only, run, silent, unknown,
    };
    use crate::checks::walked::fixture::{URL, ended, healthy, hop};
    use crate::facts::net::Fault;
    use crate::facts::{Filter, FilterKind, HostFacts, Lineage, Role};

    const REFUSED: &str =
        "203.0.113.7: Fetching http://example.com/.well-known/acme-challenge/x: Connection refused";

    fn banning(mut host: HostFacts) -> HostFacts {
        host.filters.found.push(Filter {
            r#where: "/etc/fail2ban/jail.local:2".into(),
            rule: "the jail [nginx-botsearch] bans on port = http,https".into(),
            kind: FilterKind::Bans,
            names: vec![],
        });
        host
    }

    fn refused() -> HostFacts {
        failed(-1, "Some challenges have failed.", &[("example.com", REFUSED)])
    }

    fn open() -> Lineage {
        crate::checks::walked::fixture::lineage("webroot", Some(Ok(healthy())))
    }

    #[test]
    fn a_ca_that_is_refused_where_others_get_in_may_fail() {
        let (severity, finding) = only(&CHECK, &open(), &banning(refused()));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("fail2ban bans attackers"), "{}", finding.says);
        assert_eq!(finding.fix.unwrap().commands[0], "fail2ban-client banned");
        assert_eq!(loud(&[open()], &banning(refused())), ["ips-or-fail2ban"]);
    }

    #[test]
    fn where_nobody_knows_who_gets_in_it_is_a_note() {
        let (severity, finding) = only(&CHECK, &lineage(), &banning(refused()));
        assert_eq!(severity, Severity::Note);
        assert!(finding.lowered.unwrap().1.starts_with("nothing tells"));
        let blocked = ended(vec![hop(URL)], Fault::ConnectTimeout);
        let closed = crate::checks::walked::fixture::lineage("webroot", Some(Ok(blocked)));
        assert_eq!(only(&CHECK, &closed, &banning(refused())).0, Severity::Note);
    }

    #[test]
    fn without_a_failure_or_without_bans_it_is_silent() {
        silent(&CHECK, &open(), &banning(host()));
        silent(&CHECK, &open(), &refused());
        let missing = "203.0.113.7: Invalid response from http://example.com/x: 404";
        silent(
            &CHECK,
            &open(),
            &banning(failed(-1, "Some challenges have failed.", &[("example.com", missing)])),
        );
        let mut renewed = open();
        lives(&mut renewed, 0, 90);
        silent(&CHECK, &renewed, &banning(refused()));
        let by_dns = run(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &banning(refused()));
        assert!(matches!(by_dns, Err(Skip::NotApplicable(_))));
    }

    #[test]
    fn a_log_that_cannot_be_read_is_unknown_where_bans_are_made() {
        unknown(&CHECK, &open(), &banning(HostFacts { logged: denied(Role::Other), ..host() }));
        silent(&CHECK, &open(), &HostFacts { logged: denied(Role::Other), ..host() });
    }
}

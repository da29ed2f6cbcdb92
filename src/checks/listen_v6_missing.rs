//! Over IPv6 this host's own server answers from another site.

use super::walked::{seen, shown};
use crate::check::{Check, Evidence, Run, Severity, Source, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage, ServerKind};

/// The AAAA record is this host's, and IPv6 and IPv4 reach different sites of it.
pub static CHECK: Check = Check {
    id: "listen-v6-missing",
    title: "the site does not listen on IPv6, and another one answers there",
    severity: Severity::MayFail,
    why: "the CA takes IPv6 where there is an AAAA record: a server block with `listen 80` alone does not get it, and \
          the default site's answer fails the challenge",
    fix: "give the site's server block a `listen [::]:80;`, or remove the AAAA record",
    cites: &[
        "https://letsencrypt.org/docs/ipv6-support/",
        "https://nginx.org/en/docs/http/ngx_http_core_module.html#listen",
        "https://github.com/certbot/certbot/issues/6992",
    ],
    explains: &["aaaa-wrong-host", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Family)?;
    let own = host.own()?;
    let is_ours = |walk: &Walk| {
        let used = walk.hops.first().and_then(|hop| hop.used);
        used.is_some_and(|address| address.is_ipv6() && own.has(address))
    };
    let says = |names: &str, walk: &Walk| {
        let first =
            |walk: Option<&Walk>| walk.and_then(|walk| walk.hops.first()).map(seen).unwrap_or_default();
        let (v6, v4) = (first(Some(walk)), first(walk.other.as_deref()));
        format!("{names}: this host itself answers {v6} over IPv6 and {v4} over IPv4")
    };
    let found = shown.only(is_ours).finding(
        says,
        "the same answer over both",
        "let the same server block listen on [::]:80, then try",
    );
    let on_v6 = own.on_80.iter().flatten().find(|listener| listener.address.is_ipv6());
    let lines = || {
        let nginx = host.servers.listens.iter().filter(|line| line.server == ServerKind::Nginx);
        nginx.filter(|line| line.addresses.iter().any(|address| address.starts_with('[')))
    };
    let with_lines = |finding: crate::check::Finding| {
        let finding = match on_v6 {
            Some(listener) => finding.evidence(Evidence {
                kind: Source::Process,
                ..Evidence::file("port 80", listener.to_string())
            }),
            None => finding,
        };
        lines().take(2).fold(finding, |finding, line| {
            finding.saw(&line.r#where, format!("listen {}: may be what answers", line.addresses.join(" ")))
        })
    };
    Ok(found.into_iter().map(with_lines).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, listening, loud, only, silent, unknown};
    use crate::checks::walked::fixture::{URL, answered, healthy, lineage, miss};
    use crate::facts::net::Walk;
    use crate::facts::{HostFacts, OwnAddress, Role};

    fn split(v6: &str) -> Walk {
        let mut over_v6 = miss(vec![answered(URL, 403, "nginx", "")]);
        over_v6.hops[0].used = Some(v6.parse().unwrap());
        Walk { other: Some(Box::new(healthy())), ..over_v6 }
    }

    fn at(v6: &str) -> HostFacts {
        let mut host = listening("nginx", Some("nginx.service"));
        let own = host.own.as_mut().unwrap().as_mut().unwrap();
        own.addresses.push(OwnAddress { address: v6.parse().unwrap(), bits: 128, passing: false });
        host
    }

    #[test]
    fn another_site_of_the_host_itself_may_fail_and_explains_the_difference() {
        let ours = lineage("webroot", Some(Ok(split("2a0e:45::7"))));
        assert_eq!(only(&CHECK, &ours, &at("2a0e:45::7")).0, Severity::MayFail);
        assert_eq!(loud(&[ours], &at("2a0e:45::7")), ["listen-v6-missing"]);
    }

    #[test]
    fn another_host_and_the_same_answer_are_silent() {
        let theirs = lineage("webroot", Some(Ok(split("2a0e:46::8"))));
        silent(&CHECK, &theirs, &at("2a0e:45::7"));
        silent(&CHECK, &lineage("webroot", Some(Ok(healthy()))), &at("2a0e:45::7"));
        silent(&CHECK, &theirs, &host());
    }

    #[test]
    fn a_walk_that_could_not_be_made_is_unknown() {
        unknown(&CHECK, &lineage("webroot", Some(denied(Role::Other))), &at("2a0e:45::7"));
    }
}

//! Several servers behind a name, of which only one may hold the token.

use super::walked::{Shown, seen, shown, walks};
use crate::check::{Check, Run, Severity, Skip, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// Several servers behind a name, of which only one may hold the token.
pub static CHECK: Check = Check {
    id: "multi-backend-token-missing",
    title: "several servers answer for the name, and the challenge lies on one of them",
    severity: Severity::MayFail,
    why: "the CA looks from several places of the world, and takes the first address that each of its resolvers gives: \
          a token that lies on one host alone is missing on the others, and at times on all",
    fix: "send /.well-known/acme-challenge/ of every host to the one that runs certbot, share the web root, or \
          validate over DNS-01",
    cites: &[
        "https://letsencrypt.org/docs/integration-guide/#picking-a-challenge-type",
        "https://github.com/letsencrypt/boulder/issues/2943",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

/// Networks whose many addresses all lead to one origin, as their `Server` or `Via` header has them.
const NETWORKS: [&str; 8] =
    ["cloudflare", "cloudfront", "akamai", "varnish", "fastly", "bunnycdn", "awselb", "google frontend"];

/// Why several addresses alone are no failure.
const MAY_BE_ONE: &str = "the addresses may lead to one host, or to several that share their files";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let missed = shown(lineage, host, Trouble::Backends).ok().filter(|missed| !missed.is_empty());
    let Some(missed) = missed else { return spread(lineage) };
    let says = |names: &str, walk: &Walk| {
        let miss = walk.last().map(seen).unwrap_or_default();
        format!("{names}: of several looks for one token some found it, and others got {miss}")
    };
    Ok(missed.finding(
        says,
        "the token, whichever server answers",
        "send the path of every server behind the name to the one that runs certbot, then try",
    ))
}

/// A note where there are several addresses and nothing more is known.
fn spread(lineage: &Lineage) -> Verdict {
    let (walks, missing) = walks(lineage)?;
    let several: Vec<(&str, &Walk)> = walks.into_iter().filter(|(_, walk)| is_spread(walk)).collect();
    if let (true, Some(missing)) = (several.is_empty(), missing) {
        return Err(Skip::from(missing));
    }
    let says = |names: &str, walk: &Walk| {
        let addresses = walk.hops.first().map(|hop| hop.addresses.as_slice()).unwrap_or_default();
        let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        format!(
            "{names}: the name has {} addresses ({}), and the CA takes any of them",
            listed.len(),
            listed.join(", ")
        )
    };
    let findings = Shown::of(lineage, several).finding(
        says,
        "the same challenge at every address",
        "serve the path of every address from the host that runs certbot",
    );
    Ok(findings.into_iter().map(|finding| finding.lowered(Severity::Note, MAY_BE_ONE)).collect())
}

/// Whether one family has several addresses that are not a content network's.
fn is_spread(walk: &Walk) -> bool {
    let Some(first) = walk.hops.first() else { return false };
    let v6 = first.addresses.iter().filter(|address| address.is_ipv6()).count();
    let told = [first.server.as_deref(), first.header("via"), first.header("cf-ray").map(|_| "cloudflare")];
    let told = told.map(|text| text.unwrap_or_default().to_ascii_lowercase());
    let network = NETWORKS.iter().any(|name| told.iter().any(|text| text.contains(name)));
    (v6 > 1 || first.addresses.len().saturating_sub(v6) > 1) && !network && first.status.is_some()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, fails, miss, passes};
    use crate::facts::net::Walk;

    fn spread(server: &str) -> Walk {
        let mut hop = answered(URL, 404, server, "");
        hop.addresses.push("203.0.113.8".parse().unwrap());
        miss(vec![hop])
    }

    #[test]
    fn two_addresses_of_a_family_are_a_note() {
        let (severity, _) = fails(&CHECK, spread("nginx"), "2 addresses (203.0.113.7, 203.0.113.8)");
        assert_eq!(severity, Severity::Note);
    }

    #[test]
    fn a_token_that_is_there_and_is_not_may_fail() {
        let found = Walk { fault: None, ..miss(vec![answered(URL, 200, "nginx", "token.thumbprint")]) };
        let missed = miss(vec![answered(URL, 404, "nginx", "")]);
        let walk = Walk { expected: Some("token.thumbprint".into()), again: Some(Box::new(found)), ..missed };
        let (severity, _) = fails(&CHECK, walk, "some found it, and others got 404 from nginx");
        assert_eq!(severity, Severity::MayFail);
    }

    #[test]
    fn one_of_each_family_and_a_content_network_are_silent() {
        passes(&CHECK, "webroot", spread("cloudflare"));
        let mut hop = answered(URL, 404, "nginx", "");
        hop.addresses.push("2001:db8::7".parse().unwrap());
        passes(&CHECK, "webroot", miss(vec![hop]));
    }
}

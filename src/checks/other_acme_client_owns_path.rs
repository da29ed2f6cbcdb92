//! Another ACME client answers the challenges of this name.

use super::walked::{shown, start};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Trouble, Walk};
use crate::facts::{HostFacts, Lineage};

/// Another ACME client answers the challenges of this name.
pub static CHECK: Check = Check {
    id: "other-acme-client-owns-path",
    title: "another ACME client answers the challenge path",
    severity: Severity::MayFail,
    why: "the CA gets another account's thumbprint: `The key authorization file from the server did not match \
          this challenge. Expected … (got …)`",
    fix: "let one client renew the name: take it out of the other's configuration (Caddy, Traefik, a panel, \
          mod_md), or renew there",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8555#section-8.3",
        "https://github.com/letsencrypt/pebble/issues/406",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::OtherClient)?;
    let says = |names: &str, walk: &Walk| {
        let server = walk.last().and_then(|hop| hop.server.as_deref()).map(start);
        let server = server.as_deref().unwrap_or("the server");
        format!("{names}: {server} answers a token that nobody planted with a thumbprint of its own")
    };
    Ok(shown.finding(says, "404", "let one ACME client alone answer for the name, then try"))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, fails, miss, passes};

    #[test]
    fn a_foreign_thumbprint_may_fail() {
        let body = format!("token.{}", "a".repeat(43));
        let walk = miss(vec![answered(URL, 200, "Caddy", &body)]);
        passes(&CHECK, "standalone", walk.clone());
        assert_eq!(fails(&CHECK, walk, "Caddy answers a token").0, Severity::MayFail);
    }
}

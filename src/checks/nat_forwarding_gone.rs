//! A router or another device answers in place of the site.

use super::walked::{HAIRPIN, shown};
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::{Miss, Trouble, Walk, miss};
use crate::facts::{HostFacts, Lineage};

/// A router or another device answers in place of the site.
pub static CHECK: Check = Check {
    id: "nat-forwarding-gone",
    title: "port 80 leads to a router or another device",
    severity: Severity::MayFail,
    why: "the CA reaches the device's page and not the site: a forwarded port was lost in a reset, or the \
          address belongs to somebody else now",
    fix: "forward port 80 to this host again, and check that the A record is the router's address of today",
    cites: &[
        "https://letsencrypt.org/docs/allow-port-80/",
        "https://github.com/nextcloud-snap/nextcloud-snap/issues/1019",
        "https://github.com/certbot/certbot/issues/5521",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let shown = shown(lineage, host, Trouble::Device)?;
    let says = |names: &str, walk: &Walk| {
        let device = match miss(walk) {
            Some(Miss::RouterUi(device)) => device,
            _ => "a device",
        };
        let address = walk.last().and_then(|hop| hop.used).map(|a| format!(" at {a}")).unwrap_or_default();
        format!("{names}: {device}{address} answers, and not the site")
    };
    let findings = shown.finding(
        says,
        "the site's own answer",
        "ask the CA first, for many routers show a host of their own network their page (hairpin NAT); if it fails there \
         too, forward port 80 to this host again",
    );
    Ok(findings.into_iter().map(|finding| finding.lowered(Severity::MayFail, HAIRPIN)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::walked::fixture::{URL, answered, fails, miss, passes};

    #[test]
    fn a_routers_page_may_fail() {
        let walk = miss(vec![answered(URL, 200, "", "<html><title>FRITZ!Box</title>")]);
        passes(&CHECK, "standalone", walk.clone());
        let (severity, finding) = fails(&CHECK, walk, "a FRITZ!Box at 203.0.113.7 answers");
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.lowered.unwrap().1.contains("hairpin"));
    }
}

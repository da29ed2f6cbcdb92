//! A name for which Let's Encrypt issues nothing.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// The certificate, which another CA may have issued, has a name that this CA refuses.
pub static CHECK: Check = Check {
    id: "identifier-refused",
    title: "the CA issues no certificates for this name",
    severity: Severity::WillFail,
    why: "the order is refused before any challenge, with `rejectedIdentifier` or `malformed`",
    fix: "reissue without the name: certbot certonly --cert-name NAME -d …, or renew at the CA that issued it",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8555#section-6.7",
        "https://github.com/letsencrypt/boulder/blob/main/policy/pa.go",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// The top-level names that are never public: RFC 6762, 6761, 8375 and ICANN's `internal`.
const PRIVATE: [&str; 9] =
    ["arpa", "corp", "home", "internal", "intranet", "lan", "local", "localhost", "onion"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let server = lineage.conf.as_ref().map(|_| lineage.server())?.unwrap_or_default();
    if !crate::ca::is_lets_encrypt_any(server) {
        return Err(Skip::NotApplicable("the rules of this CA are not known here"));
    }
    let cert = lineage.cert.as_ref()?;
    let mut findings = Vec::new();
    for name in &cert.names {
        let Some(why) = refused(name) else { continue };
        let others: String =
            cert.names.iter().filter(|n| refused(n).is_none()).map(|n| format!(" -d {n}")).collect();
        findings.push(
            Finding::new(format!("Let's Encrypt issues nothing for {name}: {why}"))
                .about(Subject::Identifier(name.clone()))
                .evidence(Evidence {
                    wanted: Some("a public host name".into()),
                    ..Evidence::file(&lineage.link(Kind::Cert).path, name.as_str())
                })
                .saw(
                    format!("{}/renewal/{}.conf", host.dirs.config, lineage.name),
                    format!("server = {server}"),
                )
                .fix(
                    "reissue without it",
                    [format!("certbot certonly --cert-name {}{others}", lineage.name)],
                ),
        );
    }
    Ok(findings)
}

/// What Boulder's policy says of a DNS name; addresses are ip-san-limits' to judge.
fn refused(name: &str) -> Option<&'static str> {
    if name.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    let labels: Vec<&str> = host.split('.').collect();
    if host.len() > 253 || labels.iter().any(|label| label.is_empty() || label.len() > 63) {
        return Some("it is not a host name");
    }
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Some("it contains an invalid character");
    }
    if labels.iter().any(|label| label.starts_with('-') || label.ends_with('-')) {
        return Some("a label begins or ends with a hyphen");
    }
    if labels.len() < 2 {
        return Some("it needs at least one dot");
    }
    if labels.len() > 10 {
        return Some("it has more than ten labels");
    }
    let top = labels.last().map(|label| label.to_ascii_lowercase()).unwrap_or_default();
    PRIVATE.contains(&top.as_str()).then_some("it does not end with a public suffix")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn names_that_the_policy_refuses_fail() {
        for name in
            ["mail_in.example.com", "nas.local", "server", "a.b.c.d.e.f.g.h.i.example.com", "-x.example.com"]
        {
            let mut lineage = lineage();
            lineage.cert.as_mut().unwrap().names.push(name.into());
            let (severity, finding) = only(&CHECK, &lineage, &host());
            assert_eq!(severity, Severity::WillFail, "{name}");
            assert_eq!(finding.identifiers, [name]);
        }
    }

    #[test]
    fn public_names_wildcards_addresses_and_other_cas_are_silent() {
        let mut lineage = lineage();
        let names = &mut lineage.cert.as_mut().unwrap().names;
        names
            .extend(["*.example.com", "xn--bcher-kva.example", "2001:db8::1", "192.0.2.1"].map(String::from));
        silent(&CHECK, &lineage, &host());
        let mut private = lineage_with("server", "https://ca.internal/acme/directory");
        private.cert.as_mut().unwrap().names = vec!["nas.local".into()];
        silent(&CHECK, &private, &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

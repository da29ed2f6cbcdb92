//! A server is told to send `cert.pem`, the leaf without its intermediates.

use std::collections::{BTreeMap, HashSet};

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{CertRef, HostFacts, ServerKind};

/// A directive for the server's own certificate names `cert.pem`, and none beside it names the chain.
pub static CHECK: Check = Check {
    id: "leaf-only-chain",
    title: "a server sends its certificate without the intermediates",
    severity: Severity::MayFail,
    why: "browsers often help themselves, but curl, phones, mail servers and webhooks cannot build the chain and refuse it",
    fix: "name fullchain.pem instead of cert.pem, then reload the server",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",
    ],
    explains: &[],
    run: Run::Host(run),
};

/// Directives for the certificate that a server sends, in lower case.
const OWN: [&str; 11] = [
    "ssl_certificate",
    "sslcertificatefile",
    "ssl_cert",
    "ssl_alt_cert",
    "ssl_server_cert_file",
    "cert_file",
    "smtpd_tls_cert_file",
    "smtpd_tls_chain_files",
    "tls_certificate",
    "ssl.pemfile",
    "crt",
];

/// Directives that add the intermediates.
const CHAIN: [&str; 7] = [
    "sslcertificatechainfile",
    "sslcacertificatefile",
    "ssl_ca",
    "ssl_server_ca_file",
    "smtpd_tls_cafile",
    "smtpd_tls_capath",
    "ssl.ca-file",
];

fn run(host: &HostFacts) -> Verdict {
    let refs = &host.servers.refs;
    let chained: HashSet<_> = refs.iter().filter(|r| is(r, &CHAIN)).map(scope).collect();
    let mut found: BTreeMap<&str, Vec<&CertRef>> = BTreeMap::new();
    for reference in refs.iter().filter(|r| is(r, &OWN) && is_leaf(r.meant())) {
        let Some(lineage) = &reference.lineage else { continue };
        if !chained.contains(&scope(reference)) {
            found.entry(lineage).or_default().push(reference);
        }
    }
    Ok(found
        .into_iter()
        .filter_map(|(lineage, refs)| {
            let server = refs.first()?.server.word();
            let mut finding = Finding::new(format!("{server} sends {lineage} without its intermediates"))
                .of([lineage])
                .bites_at(host.now);
            for reference in &refs {
                let (folder, _) = reference.meant().rsplit_once('/')?;
                finding = finding.saw_wanted(
                    &reference.r#where,
                    format!("{} {}", reference.directive, reference.path),
                    format!("{} {folder}/fullchain.pem", reference.directive),
                );
            }
            Some(finding.fix(format!("name fullchain.pem there, then reload {server}"), Vec::<String>::new()))
        })
        .collect())
}

/// Where a chain beside the leaf counts: in the same file of Apache, anywhere in the others' configuration.
fn scope(reference: &CertRef) -> (ServerKind, &str) {
    let apache = reference.server == ServerKind::Apache;
    (reference.server, if apache { file(&reference.r#where) } else { "" })
}

fn is(reference: &CertRef, directives: &[&str]) -> bool {
    directives.iter().any(|d| reference.directive.eq_ignore_ascii_case(d))
}

/// `live/NAME/cert.pem`, or a numbered one of the archive.
fn is_leaf(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".pem").map(|stem| stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    stem == Some("cert") && (path.contains("/live/") || path.contains("/archive/"))
}

fn file(place: &str) -> &str {
    place.rsplit_once(':').map_or(place, |(file, _)| file)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert_ref, host, lineage, only, silent};
    use crate::facts::{CertRef, HostFacts, ServerKind, Servers};

    fn naming(server: ServerKind, lines: &[(&str, &str)]) -> HostFacts {
        let line = |(directive, name): &(&str, &str)| CertRef {
            server,
            directive: (*directive).into(),
            ..cert_ref("example.com", &format!("/etc/letsencrypt/live/example.com/{name}.pem"))
        };
        HostFacts {
            servers: Servers { refs: lines.iter().map(line).collect(), ..Servers::default() }.indexed(),
            ..host()
        }
    }

    #[test]
    fn cert_pem_alone_may_fail_some_clients() {
        let host =
            naming(ServerKind::Nginx, &[("ssl_certificate", "cert"), ("ssl_certificate_key", "privkey")]);
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.lineages, ["example.com"]);
        assert!(finding.evidence[0].wanted.as_deref().unwrap().ends_with("/fullchain.pem"));
    }

    #[test]
    fn a_chain_directive_beside_it_is_silent() {
        let apache = [("SSLCertificateFile", "cert"), ("SSLCertificateChainFile", "chain")];
        silent(&CHECK, &lineage(), &naming(ServerKind::Apache, &apache));
        let postfix = [("smtpd_tls_cert_file", "cert"), ("smtpd_tls_CAfile", "chain")];
        silent(&CHECK, &lineage(), &naming(ServerKind::Postfix, &postfix));
        silent(
            &CHECK,
            &lineage(),
            &naming(ServerKind::Dovecot, &[("ssl_cert", "cert"), ("ssl_ca", "chain")]),
        );
    }

    #[test]
    fn a_chain_in_another_vhosts_file_does_not_help() {
        let apache = [("SSLCertificateFile", "cert"), ("SSLCertificateChainFile", "chain")];
        let mut host = naming(ServerKind::Apache, &apache);
        host.servers.refs[1].r#where = "/etc/apache2/sites-enabled/other.conf:9".into();
        only(&CHECK, &lineage(), &host);
    }

    #[test]
    fn fullchain_and_directives_for_other_purposes_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &naming(ServerKind::Nginx, &[("proxy_ssl_certificate", "cert")]));
        silent(&CHECK, &lineage(), &naming(ServerKind::Nginx, &[("ssl_trusted_certificate", "chain")]));
    }
}

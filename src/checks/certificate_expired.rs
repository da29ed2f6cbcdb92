//! The certificate that `live` points at has expired.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, Usage};

/// notAfter has passed.
pub static CHECK: Check = Check {
    id: "certificate-expired",
    title: "the certificate has expired",
    severity: Severity::WillFail,
    why: "browsers and every other client refuse it now; renewals have been failing, or none was tried",
    fix: "find out why the renewals failed: certbot renew --cert-name NAME --dry-run",
    cites: &["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    if cert.not_after > host.now {
        return Ok(vec![]);
    }
    let days = host.now.as_second().saturating_sub(cert.not_after.as_second()) / 86_400;
    let ago = match days {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        n => format!("{n} days ago"),
    };
    let link = lineage.link(Kind::Cert);
    let finding = Finding::new(format!("the certificate of {} expired {ago}", lineage.name))
        .saw_wanted(&link.path, format!("notAfter {}", cert.not_after), format!("after {}", host.now))
        .bites_at(cert.not_after);
    let name = &lineage.name;
    Ok(vec![match host.servers.usage(name) {
        Usage::NotNamed => finding
            .lowered(Severity::Note, "no server found on this host names this lineage")
            .fix("delete it, if nothing needs it any more", [format!("certbot delete --cert-name {name}")]),
        Usage::Named(_) | Usage::NoServers => {
            finding.fix("see why it was not renewed", [format!("certbot renew --cert-name {name} --dry-run")])
        }
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert_ref, days, denied, host, lineage, only, silent, unknown};
    use crate::facts::{Role, Servers};

    #[test]
    fn a_certificate_past_its_end_fails() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_after = days(-3);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("3 days ago"));
    }

    #[test]
    fn one_that_no_server_names_is_a_note_unless_no_server_is_known_at_all() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_after = days(-3);
        let mut host = host();
        host.servers = Servers { refs: vec![cert_ref("other", "/x")], ..Servers::default() }.indexed();
        let (severity, finding) = only(&CHECK, &lineage, &host);
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.fix.unwrap().commands, ["certbot delete --cert-name example.com"]);
        host.servers = Servers::default();
        assert_eq!(only(&CHECK, &lineage, &host).0, Severity::WillFail);
    }

    #[test]
    fn a_valid_certificate_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

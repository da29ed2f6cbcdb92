//! A certificate without subject alternative names.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// The renewal asks for the names of the present certificate, and it has none.
pub static CHECK: Check = Check {
    id: "certificate-covers-no-name",
    title: "the certificate names no host",
    severity: Severity::WillFail,
    why: "certbot takes the names for a renewal from the present certificate, and every client refuses one that has none",
    fix: "reissue it with its names: certbot certonly --cert-name NAME -d …",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc9525#section-6",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/storage.py",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    if !cert.names.is_empty() {
        return Ok(vec![]);
    }
    let name = &lineage.name;
    let common = cert.subject.as_deref();
    let saw = match common {
        Some(cn) => format!("no subject alternative name; the common name is {cn}"),
        None => "neither a subject alternative name nor a common name".to_owned(),
    };
    let finding = Finding::new(format!("the certificate of {name} names no host"))
        .saw_wanted(&lineage.link(Kind::Cert).path, saw, "at least one subject alternative name")
        .fix(
            "reissue it with its names",
            [format!("certbot certonly --cert-name {name} -d {}", common.unwrap_or("…"))],
        );
    let renews = common.is_some_and(|cn| cn.contains('.') && !cn.contains(' '));
    Ok(vec![finding.lowered_if(
        renews,
        Severity::MayFail,
        "certbot can still take the common name for a renewal",
    )])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn a_certificate_without_names_fails() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().names.clear();
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
        lineage.cert.as_mut().unwrap().subject = Some("My Test CA".into());
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
    }

    #[test]
    fn one_with_a_host_for_a_common_name_may_fail() {
        let mut lineage = lineage();
        let cert = lineage.cert.as_mut().unwrap();
        (cert.names, cert.subject) = (vec![], Some("example.com".into()));
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
    }

    #[test]
    fn one_with_names_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

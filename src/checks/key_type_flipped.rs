//! The last renewal changed the type of the key.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage};

/// RSA became ECDSA, or the other way round.
pub static CHECK: Check = Check {
    id: "key-type-flipped",
    title: "the last renewal changed the type of the key",
    severity: Severity::Note,
    why: "old clients and appliances may not take the new type; certbot 2 changed its default to ECDSA",
    fix: "where the old type is needed: certbot renew --cert-name NAME --key-type rsa --force-renewal",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#using-ecdsa-keys",
        "https://github.com/certbot/certbot/issues/9635",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, _: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let cert = lineage.cert.as_ref()?;
    let archive = lineage.archive.as_ref()?;
    let Some(current) = lineage.link(Kind::Cert).version() else { return Ok(vec![]) };
    let before = archive.versions.iter().rev().find(|v| v.number < current && v.issued.is_some());
    let Some((before, issued)) = before.and_then(|v| Some((v, v.issued.as_ref()?))) else {
        return Ok(vec![]);
    };
    if issued.key.family() == cert.key.family() {
        return Ok(vec![]);
    }
    let (old, new) = (&issued.key, &cert.key);
    let mut finding = Finding::new(format!("the key of {} changed from {old} to {new}", lineage.name))
        .saw(format!("{}/cert{}.pem", archive.path, before.number), old.to_string())
        .saw(format!("{}/cert{current}.pem", archive.path), new.to_string());
    finding = match conf.param("key_type") {
        Some(setting) => finding.saw(conf.at(setting), setting.shown()),
        None => finding.saw(&conf.path, "no `key_type` in [renewalparams]"),
    };
    Ok(vec![finding.fix(
        "where the old type is needed, go back to it",
        [format!("certbot renew --cert-name {} --key-type {} --force-renewal", lineage.name, old.family())],
    )])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, unknown};
    use crate::facts::{KeyAlgorithm, Role};

    #[test]
    fn a_change_from_rsa_to_ecdsa_is_a_note() {
        let mut lineage = lineage();
        lineage.archive.as_mut().unwrap().versions[0].issued.as_mut().unwrap().key =
            KeyAlgorithm("rsa-2048".into());
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::Note);
        assert!(finding.fix.unwrap().commands[0].contains("--key-type rsa"));
    }

    #[test]
    fn the_same_type_is_silent_and_so_is_a_change_of_size() {
        silent(&CHECK, &lineage(), &host());
        let mut size = lineage();
        size.archive.as_mut().unwrap().versions[0].issued.as_mut().unwrap().key =
            KeyAlgorithm("ecdsa-p384".into());
        silent(&CHECK, &size, &host());
    }

    #[test]
    fn an_archive_we_may_not_list_is_unknown() {
        let mut lineage = lineage();
        lineage.archive = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

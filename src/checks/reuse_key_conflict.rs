//! `cli.ini` asks for another kind of key than the one that the lineage is to keep.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, Setting, UNUSED};

/// A key option of a `cli.ini` against a lineage with `reuse_key`.
pub static CHECK: Check = Check {
    id: "reuse-key-conflict",
    title: "cli.ini asks for another key than the one to be reused",
    severity: Severity::WillFail,
    why: "certbot stops with `Unable to change the --key-type of this certificate because --reuse-key is set`",
    fix: "delete the key option from cli.ini, or change the key once: certbot renew --cert-name NAME --new-key --force-renewal",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let is = |s: &Setting, wanted: &str| s.text().is_some_and(|t| t.eq_ignore_ascii_case(wanted));
    let Some(reuse) = conf.param("reuse_key").filter(|s| is(s, "true")) else { return Ok(vec![]) };
    let asked: Vec<_> =
        ["key-type", "rsa-key-size", "elliptic-curve"].iter().filter_map(|option| host.cli(option)).collect();
    if asked.is_empty() || ["no-reuse-key", "new-key"].iter().any(|option| host.given(option).is_some()) {
        return Ok(vec![]);
    }
    if host.cli("reuse-key").is_some_and(|(_, s)| !is(s, "true")) {
        return Ok(vec![]);
    }
    let key = &lineage.cert.as_ref()?.key;
    let (family, size) = key.0.split_once('-').unwrap_or((&key.0, ""));
    let kind = match host.cli("key-type").and_then(|(_, s)| s.text()).or(conf.param_text("key_type")) {
        Some(kind) => kind.to_ascii_lowercase(),
        None => "rsa".to_owned(),
    };
    let differs = |s: &Setting| match s.key.replace('_', "-").as_str() {
        "key-type" => !is(s, family),
        "rsa-key-size" => kind == "rsa" && family == "rsa" && !is(s, size),
        _ => kind == "ecdsa" && family == "ecdsa" && curve(size).is_some_and(|curve| !is(s, curve)),
    };
    let Some((file, setting)) = asked.into_iter().find(|(_, s)| differs(s)) else { return Ok(vec![]) };
    let finding =
        Finding::new(format!("{} keeps its {key} key, and {} asks for another", lineage.name, file.path))
            .saw_wanted(
                format!("{}:{}", file.path, setting.line),
                setting.shown(),
                format!("no such line, or {key}"),
            )
            .saw(conf.at(reuse), reuse.shown())
            .fix(
                "change the key once, or delete the line",
                [format!("certbot renew --cert-name {} --new-key --force-renewal", lineage.name)],
            );
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

/// certbot's name of a curve.
fn curve(size: &str) -> Option<&'static str> {
    match size {
        "p256" => Some("secp256r1"),
        "p384" => Some("secp384r1"),
        "p521" => Some("secp521r1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn another_type_or_curve_fails() {
        let keeps = lineage_with("reuse_key", "True");
        assert_eq!(only(&CHECK, &keeps, &cli_ini(&[("key-type", "rsa")])).0, Severity::WillFail);
        only(&CHECK, &keeps, &cli_ini(&[("elliptic-curve", "secp384r1")]));
    }

    #[test]
    fn the_same_type_and_options_of_the_other_type_are_silent() {
        let keeps = lineage_with("reuse_key", "True");
        let same = [("key-type", "ECDSA"), ("elliptic-curve", "secp256r1"), ("rsa-key-size", "4096")];
        silent(&CHECK, &keeps, &cli_ini(&same));
    }

    #[test]
    fn a_key_that_is_not_kept_or_shall_be_new_is_silent() {
        silent(&CHECK, &lineage(), &cli_ini(&[("key-type", "rsa")]));
        let keeps = lineage_with("reuse_key", "True");
        silent(&CHECK, &keeps, &cli_ini(&[("key-type", "rsa"), ("new-key", "true")]));
        silent(&CHECK, &keeps, &cli_ini(&[("key-type", "rsa"), ("reuse-key", "false")]));
        silent(&CHECK, &keeps, &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage_with("reuse_key", "True");
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &cli_ini(&[("key-type", "rsa")]));
    }
}

//! The conf asks for the must-staple extension, which Let's Encrypt refuses.

use crate::ca::is_lets_encrypt_any;
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// `must_staple = True` at a CA that has ended OCSP.
pub static CHECK: Check = Check {
    id: "must-staple",
    title: "the conf asks for must-staple, which the CA refuses",
    severity: Severity::WillFail,
    why: "every name is validated, and then the order fails: `OCSP must-staple extension is no longer available`",
    fix: "delete must_staple from the conf (must-staple from cli.ini)",
    cites: &["https://letsencrypt.org/2024/12/05/ending-ocsp/"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Since then Let's Encrypt refuses it for everybody. <https://letsencrypt.org/2024/12/05/ending-ocsp/>
const REFUSED_SINCE: &str = "2025-05-07";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let server =
        host.setting(conf, "server").and_then(|(_, s)| s.text()).or(lineage.server()).unwrap_or_default();
    if !is_lets_encrypt_any(server) || host.now.to_string().as_str() < REFUSED_SINCE {
        return Ok(vec![]);
    }
    let is_true = |s: &crate::facts::Setting| s.text().is_some_and(|t| t.eq_ignore_ascii_case("true"));
    let try_it = format!("certbot renew --cert-name {} --dry-run", lineage.name);
    let finding = if let Some((file, setting)) = host.cli_true("must-staple") {
        Finding::new(format!("{} asks for must-staple in every certificate", file.path))
            .about(Subject::Path(file.path.clone()))
            .saw_wanted(format!("{}:{}", file.path, setting.line), setting.shown(), "no such line")
            .fix(format!("delete line {} of {}, then try it", setting.line, file.path), [try_it])
    } else if let Some(setting) = conf.param("must_staple").filter(|s| is_true(s)) {
        Finding::new(format!("{} asks for must-staple, which Let's Encrypt refuses", lineage.name))
            .saw_wanted(conf.at(setting), setting.shown(), "no such line")
            .fix(
                "delete the line, then try it",
                [format!("sed -i '/^must_staple *=/d' {}", conf.path), try_it],
            )
    } else {
        return Ok(vec![]);
    };
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::ca::LETS_ENCRYPT_STAGING;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, denied, host, lineage, lineage_with, only, params, silent, unknown,
    };
    use crate::facts::Role;

    #[test]
    fn true_in_the_conf_fails_at_all_servers_of_lets_encrypt() {
        for value in ["True", "true"] {
            assert_eq!(only(&CHECK, &lineage_with("must_staple", value), &host()).0, Severity::WillFail);
        }
        only(&CHECK, &params(&[("must_staple", "True"), ("server", LETS_ENCRYPT_STAGING)]), &host());
    }

    #[test]
    fn true_in_cli_ini_fails() {
        let (_, finding) = only(&CHECK, &lineage(), &cli_ini(&[("must-staple", "true")]));
        assert_eq!(finding.evidence[0].r#where, "/etc/letsencrypt/cli.ini:1");
    }

    #[test]
    fn the_extension_in_the_present_certificate_alone_is_silent() {
        let mut lineage = lineage_with("must_staple", "False");
        lineage.cert.as_mut().unwrap().must_staple = true;
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn another_ca_is_silent() {
        let other = params(&[("must_staple", "True"), ("server", "https://acme.sectigo.com/v2/DV")]);
        silent(&CHECK, &other, &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

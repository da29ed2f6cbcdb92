//! The standalone plugin wants the port that another server has.

use super::elsewhere::{starts_its_own_listener, validation_port};
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Verdict};
use crate::facts::{DIR, HostFacts, Lineage, UNUSED};

/// `authenticator = standalone`, and something listens on the port.
pub static CHECK: Check = Check {
    id: "port80-taken-standalone",
    title: "standalone needs port 80 for itself, and another server has it",
    severity: Severity::MayFail,
    why: "certbot cannot listen and stops with `Could not bind TCP port 80 because it is already in use by another \
          process`: often the certificate was made before the web server was there",
    fix: "let the server that is there answer: certbot reconfigure --cert-name NAME --webroot -w DIR or --nginx (certbot \
          2.3 and later); or stop it around renewals with a pre_hook and a post_hook",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#standalone",
        "https://github.com/certbot/certbot/issues/5840",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    if !starts_its_own_listener(lineage, host) {
        return Err(Skip::NotApplicable("it is not renewed by standalone without hooks"));
    }
    let conf = lineage.conf.as_ref()?;
    // On an address of its own it may have the port as well.
    if host.setting(conf, "http01_address").is_some_and(|(_, setting)| setting.text() != Some("")) {
        return Ok(vec![]);
    }
    let port = validation_port(lineage, host);
    let listens = host.own()?.listens.as_ref()?;
    let Some(setting) = conf.param("authenticator").filter(|_| listens.contains(&port)) else {
        return Ok(vec![]);
    };
    let name = &lineage.name;
    let taken = Evidence {
        kind: Source::Process,
        r#where: format!("TCP port {port}"),
        vantage: "this host".into(),
        saw: "something listens".into(),
        wanted: Some("nobody, while certbot runs".into()),
    };
    let finding = Finding::new(format!("{name} is renewed by standalone, and port {port} is taken"))
        .saw_wanted(conf.at(setting), setting.shown(), "the plugin of the server that is there, or webroot")
        .evidence(taken)
        .fix(
            format!("let the server that has the port answer; {DIR}"),
            [host.reconfigure(lineage, "--webroot -w DIR")],
        );
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::elsewhere::fixture::{leads_to, public};
    use crate::checks::testing::{only, set, silent};
    use crate::checks::walked::fixture::healthy;
    use crate::facts::Lineage;

    fn of(authenticator: &str) -> Lineage {
        leads_to(authenticator, "45.45.45.7", healthy())
    }

    #[test]
    fn a_port_that_is_taken_may_fail() {
        let (severity, finding) = only(&CHECK, &of("standalone"), &public(&[22, 80]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("port 80 is taken"), "{}", finding.says);
    }

    #[test]
    fn a_free_port_another_port_another_plugin_and_a_hook_are_silent() {
        silent(&CHECK, &of("standalone"), &public(&[22, 443]));
        let with = |key: &str, value: &str| {
            let mut lineage = of("standalone");
            set(lineage.conf.as_mut().unwrap(), "renewalparams", key, value);
            lineage
        };
        silent(&CHECK, &with("http01_port", "8080"), &public(&[80]));
        only(&CHECK, &with("http01_port", "8080"), &public(&[8080]));
        silent(&CHECK, &with("http01_address", "45.45.45.8"), &public(&[80]));
        for lineage in [of("webroot"), of("nginx"), with("pre_hook", "systemctl stop nginx")] {
            silent(&CHECK, &lineage, &public(&[80]));
        }
    }
}

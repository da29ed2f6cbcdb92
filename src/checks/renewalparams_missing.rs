//! A conf without `[renewalparams]`.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{Conf, DIR, HostFacts, Lineage, is_plain, try_it};

/// The section that says how to renew is not there.
pub static CHECK: Check = Check {
    id: "renewalparams-missing",
    title: "the renewal configuration has no [renewalparams]",
    severity: Severity::WillFail,
    why: "certbot says `Renewal configuration file … lacks renewalparams. Skipping.` at every renewal",
    fix: "write the section [renewalparams] again, with `authenticator = …` and the options of that plugin; certbot \
          reconfigure and certonly refuse such a conf",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &[
        "authenticator-missing",
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if conf.has_section("renewalparams") {
        return Ok(vec![]);
    }
    let says = format!("the renewal configuration of {} does not say how to renew it", lineage.name);
    let (summary, command) = write_again(lineage, conf, host);
    Ok(vec![
        Finding::new(says)
            .saw_wanted(
                &conf.path,
                "no section [renewalparams]",
                "[renewalparams] with an authenticator and a server",
            )
            .fix(summary, [command, try_it(lineage)]),
    ])
}

/// Puts the section's head back over its options, or writes the little that certbot needs.
fn write_again(lineage: &Lineage, conf: &Conf, host: &HostFacts) -> (String, String) {
    const OF_THE_TOP: [&str; 6] = ["version", "archive_dir", "cert", "privkey", "chain", "fullchain"];
    let mut top = conf.settings.iter().filter(|s| s.section.is_empty());
    if let Some(first) = top.find(|s| !OF_THE_TOP.contains(&s.key.as_str()))
        && conf.top("authenticator").is_some()
    {
        let summary = "put the head of the section back over its options";
        return (summary.into(), format!("sed -i '{}i [renewalparams]' {}", first.line, conf.path));
    }
    let names: Vec<&str> = lineage.names().iter().map(String::as_str).collect();
    let root = host.served_from(lineage, &names, "").map(|(root, _)| root).filter(|root| is_plain(root));
    let mut lines = vec!["authenticator = webroot".to_owned()];
    lines.push(format!("webroot_path = {},", root.unwrap_or("DIR")));
    // Without it certbot renews with an RSA key.
    if let Ok(cert) = &lineage.cert
        && let Some((algorithm, _)) =
            cert.key.0.split_once('-').filter(|(word, _)| ["ecdsa", "rsa"].contains(word))
    {
        lines.push(format!("key_type = {algorithm}"));
    }
    if let [account] = host.accounts.as_deref().unwrap_or_default()
        && is_plain(&account.id)
        && is_plain(&account.server)
    {
        lines.push(format!("account = {}", account.id));
        lines.push(format!("server = https://{}", account.server));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("'{line}'")).collect();
    let command = format!("printf '%s\\n' '[renewalparams]' {} >> {}", lines.join(" "), conf.path);
    let summary = "write it again, with the authenticator that it had, for example a web root";
    (root.map_or_else(|| format!("{summary}; {DIR}"), |_| summary.to_owned()), command)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{ACCOUNT, denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn a_conf_without_the_section_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        let conf = lineage.conf.as_mut().unwrap();
        conf.sections.clear();
        conf.settings.retain(|s| s.section.is_empty());
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(
            finding.fix.unwrap().commands[0],
            format!(
                "printf '%s\\n' '[renewalparams]' 'authenticator = webroot' 'webroot_path = DIR,' 'key_type = ecdsa' \
                 'account = {ACCOUNT}' 'server = https://acme-v02.api.letsencrypt.org/directory' \
                 >> /etc/letsencrypt/renewal/example.com.conf"
            )
        );
        assert_eq!(loud(&[lineage], &host()), ["renewalparams-missing"]);
    }

    #[test]
    fn a_head_that_is_gone_from_above_its_options_is_put_back() {
        let mut lineage = lineage();
        let conf = lineage.conf.as_mut().unwrap();
        conf.sections.clear();
        for setting in &mut conf.settings {
            setting.section.clear();
        }
        let command = only(&CHECK, &lineage, &host()).1.fix.unwrap().commands.remove(0);
        assert_eq!(command, "sed -i '7i [renewalparams]' /etc/letsencrypt/renewal/example.com.conf");
    }

    #[test]
    fn a_conf_with_it_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

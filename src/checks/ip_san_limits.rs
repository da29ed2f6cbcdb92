//! A certificate for IP addresses needs a profile, a plugin and a certbot that can do it.

use std::net::IpAddr;

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{DIR, HostFacts, Kind, Lineage};

/// Something that Let's Encrypt or certbot asks for with addresses is not there.
pub static CHECK: Check = Check {
    id: "ip-san-limits",
    title: "a certificate for an IP address cannot be renewed like this",
    severity: Severity::WillFail,
    why: "Let's Encrypt issues for addresses in the profile shortlived alone, and only some of certbot's plugins can prove \
          control of an address",
    fix: "certbot reconfigure --cert-name NAME --webroot -w DIR --preferred-profile shortlived, \
          with certbot 5.4 or later",
    cites: &[
        "https://letsencrypt.org/docs/profiles/",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let cert = lineage.cert.as_ref()?;
    let Some(address) = cert.names.iter().find(|name| name.parse::<IpAddr>().is_ok()) else {
        return Err(Skip::NotApplicable("the certificate names no IP address"));
    };
    if !lineage.server().is_some_and(crate::ca::is_lets_encrypt_any) {
        return Err(Skip::NotApplicable("the rules of this CA are not known here"));
    }
    let mut lacks = Vec::new();
    let profile = ["required-profile", "preferred-profile"].iter().find_map(|option| {
        let cli = host.cli(option).and_then(|(_, setting)| setting.text());
        cli.or_else(|| conf.param_text(&option.replace('-', "_")))
    });
    if profile != Some("shortlived") {
        let saw = profile.map_or_else(|| "no profile".to_owned(), |profile| format!("the profile {profile}"));
        lacks.push((saw, "preferred_profile = shortlived"));
    }
    let (mut cannot, mut old) = (false, None);
    let needs = match lineage.authenticator() {
        Some("standalone" | "manual") => Some(((5, 3), "certbot 5.3 or later")),
        Some("webroot") => Some(((5, 4), "certbot 5.4 or later")),
        Some(plugin) if matches!(plugin, "nginx" | "apache") || plugin.starts_with("dns-") => {
            lacks
                .push((format!("authenticator = {plugin}"), "authenticator = webroot, standalone or manual"));
            cannot = true;
            None
        }
        _ => None,
    };
    if let (Some((least, words)), Some(newest)) = (needs, host.newest_certbot())
        && newest < least
    {
        lacks.push((format!("certbot {}.{}", newest.0, newest.1), words));
        old = Some(words);
    }
    let Some((saw, _)) = lacks.first() else {
        return Ok(vec![]);
    };
    let mut finding = Finding::new(format!("{} is for the address {address} and has {saw}", lineage.name))
        .identifiers([address])
        .saw(&lineage.link(Kind::Cert).path, cert.names.join(" "));
    for (saw, wanted) in lacks {
        finding = finding.saw_wanted(&conf.path, saw, wanted);
    }
    // What is right stays as it is.
    let (mut options, mut words) = (Vec::new(), Vec::new());
    if cannot {
        let root = host.served_from(lineage, &[address], "").map(|(root, _)| root);
        options.push(format!("--webroot -w {}{}", root.unwrap_or("DIR"), conf.allow("http-01")));
        words.push("a plugin that can do it".to_owned());
        if root.is_none() {
            words.push(format!("here a web root: {DIR}"));
        }
    }
    if profile != Some("shortlived") {
        let required = conf.param("required_profile").is_some();
        options.push(format!("--{}-profile shortlived", if required { "required" } else { "preferred" }));
        words.insert(0, "the profile".to_owned());
    }
    let command = format!("certbot reconfigure --cert-name {} {}", lineage.name, options.join(" "));
    let first = old.map(|least| format!("install {least}"));
    let then = (!words.is_empty()).then(|| format!("give it {}", words.join(", ")));
    let summary = first.into_iter().chain(then).collect::<Vec<_>>().join(", then ");
    Ok(vec![finding.fix(summary, (!options.is_empty()).then_some(command))])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, install, lineage, lineage_with, only, set, silent, unknown};
    use crate::facts::{Lineage, Role};

    fn with_address(mut lineage: Lineage) -> Lineage {
        lineage.cert.as_mut().unwrap().names.push("2001:db8::1".into());
        lineage
    }

    #[test]
    fn an_address_without_the_profile_fails() {
        let (severity, finding) = only(&CHECK, &with_address(lineage()), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.ends_with("has no profile"));
        let command = "certbot reconfigure --cert-name example.com --preferred-profile shortlived";
        assert_eq!(finding.fix.unwrap().commands, [command], "the web root is good");
    }

    #[test]
    fn a_plugin_or_a_certbot_that_cannot_do_it_fails() {
        let mut nginx = with_address(lineage_with("preferred_profile", "shortlived"));
        let old = crate::facts::HostFacts { installs: Ok(vec![install("5.3.0", &["nginx"])]), ..host() };
        let (_, finding) = only(&CHECK, &nginx, &old);
        assert!(finding.says.ends_with("certbot 5.3"));
        let fix = finding.fix.unwrap();
        assert_eq!((fix.summary.as_str(), fix.commands.len()), ("install certbot 5.4 or later", 0));
        set(nginx.conf.as_mut().unwrap(), "renewalparams", "authenticator", "nginx");
        let (_, finding) = only(&CHECK, &nginx, &host());
        assert!(finding.says.ends_with("authenticator = nginx"));
        assert!(finding.fix.unwrap().commands[0].ends_with("--webroot -w DIR"));
    }

    #[test]
    fn names_alone_or_an_address_with_everything_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &with_address(lineage_with("preferred_profile", "shortlived")), &host());
        silent(&CHECK, &with_address(lineage_with("server", "https://ca.internal/dir")), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

//! The certificate has more names than its profile allows.

use crate::ca::{PROFILES, is_lets_encrypt_any};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, UNUSED};
use crate::forecast::certbot_release;

/// More identifiers than the chosen profile of Let's Encrypt takes.
pub static CHECK: Check = Check {
    id: "profile-name-limit",
    title: "the certificate has more names than its profile allows",
    severity: Severity::WillFail,
    why: "the CA refuses the order: tlsserver and shortlived take 25 names, classic takes 100",
    fix: "divide the names among several lineages, or choose the profile classic",
    cites: &["https://letsencrypt.org/docs/profiles/"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let asked = ["required_profile", "preferred_profile"].iter().find_map(|key| host.setting(conf, key));
    let Some((place, setting)) = asked else { return Ok(vec![]) };
    let server =
        host.setting(conf, "server").and_then(|(_, s)| s.text()).or(lineage.server()).unwrap_or_default();
    if !is_lets_encrypt_any(server)
        || certbot_release(lineage, conf, host).is_some_and(|release| release < (4, 0))
    {
        return Ok(vec![]);
    }
    let today = host.now.to_string();
    let profile = PROFILES.iter().find(|p| setting.text() == Some(p.name));
    // One that is gone is required-profile-gone, or falls back to the default.
    let Some(profile) = profile.filter(|p| p.gone_since.is_none_or(|since| today.as_str() < since)) else {
        return Ok(vec![]);
    };
    let names = lineage.cert.as_ref()?.names.len();
    if names <= profile.max_names {
        return Ok(vec![]);
    }
    let (name, most) = (profile.name, profile.max_names);
    let finding =
        Finding::new(format!("{} has {names} names, and the profile {name} takes {most}", lineage.name))
            .saw_wanted(place, setting.shown(), format!("at most {most} names, or the profile classic"))
            .saw(&lineage.link(Kind::Cert).path, format!("{names} names"));
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, only, params, set, silent, unknown, with_certbots};
    use crate::facts::{Lineage, Role};

    fn names(n: usize, key: &str, profile: &str) -> Lineage {
        let mut lineage = params(&[(key, profile)]);
        lineage.cert.as_mut().unwrap().names = (0..n).map(|i| format!("n{i}.example.com")).collect();
        lineage
    }

    #[test]
    fn one_name_too_many_fails() {
        assert_eq!(only(&CHECK, &names(26, "required_profile", "tlsserver"), &host()).0, Severity::WillFail);
        only(&CHECK, &names(26, "preferred_profile", "shortlived"), &host());
    }

    #[test]
    fn as_many_as_allowed_or_the_default_profile_is_silent() {
        silent(&CHECK, &names(25, "required_profile", "tlsserver"), &host());
        silent(&CHECK, &names(100, "preferred_profile", "classic"), &host());
        silent(&CHECK, &names(100, "key_type", "ecdsa"), &host());
    }

    #[test]
    fn a_profile_that_is_gone_another_ca_and_an_old_certbot_are_silent() {
        silent(&CHECK, &names(101, "required_profile", "tlsclient"), &host());
        let mut other = names(30, "required_profile", "shortlived");
        silent(&CHECK, &other, &with_certbots(&["2.1.0"]));
        set(other.conf.as_mut().unwrap(), "renewalparams", "server", "https://ca.example/directory");
        silent(&CHECK, &other, &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = names(1, "required_profile", "tlsserver");
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

//! The conf insists on a certificate profile that Let's Encrypt does not offer.

use crate::ca::{PROFILES, is_lets_encrypt, is_lets_encrypt_any};
use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::{Conf, HostFacts, Lineage, UNUSED};
use crate::forecast::certbot_release;

/// `required_profile` names no profile of today.
pub static CHECK: Check = Check {
    id: "required-profile-gone",
    title: "the required certificate profile does not exist",
    severity: Severity::WillFail,
    why: "the CA refuses the order (`unrecognized profile name`); a required profile has no fallback, other than \
          preferred_profile",
    fix: "delete required_profile from the conf, or name a profile that exists",
    cites: &["https://letsencrypt.org/docs/profiles/", "https://www.rfc-editor.org/rfc/rfc8555#section-7.4"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some((place, setting)) = host.setting(conf, "required_profile") else { return Ok(vec![]) };
    let Some(profile) = setting.text().filter(|profile| !profile.is_empty()) else { return Ok(vec![]) };
    let server =
        host.setting(conf, "server").and_then(|(_, s)| s.text()).or(lineage.server()).unwrap_or_default();
    // certbot reads profiles since 4.0.
    if certbot_release(lineage, conf, host).is_some_and(|release| release < (4, 0)) {
        return Ok(vec![]);
    }
    if let Some(offered) = lineage.profiles_offered() {
        if offered.iter().any(|name| name == profile) {
            return Ok(vec![]);
        }
        let says = format!("{} requires the profile {profile}, which {server} does not offer", lineage.name);
        let evidence = Evidence { kind: Source::Acme, ..Evidence::file(server, offered.join(", ")) };
        let finding = Finding::new(says)
            .saw_wanted(&place, setting.shown(), format!("no such line, or one of {}", offered.join(", ")))
            .evidence(Evidence { vantage: "CA".into(), ..evidence });
        return Ok(vec![ended(finding, lineage, host, conf, place)]);
    }
    if !is_lets_encrypt_any(server) {
        return Ok(vec![]);
    }
    let today = host.now.to_string();
    let is_gone = |since: &str| today.as_str() >= since;
    let known = PROFILES.iter().find(|p| p.name == profile);
    let says = match known.map(|p| p.gone_since) {
        Some(Some(since)) if is_gone(since) => {
            format!("{} requires the profile {profile}, which ended on {since}", lineage.name)
        }
        // The staging server may try out new ones.
        None if is_lets_encrypt(server) => {
            format!("{} requires the profile {profile}, which Let's Encrypt does not have", lineage.name)
        }
        _ => return Ok(vec![]),
    };
    let there = PROFILES.iter().filter(|p| !p.gone_since.is_some_and(is_gone)).map(|p| p.name);
    let wanted = format!("no such line, or one of {}", there.collect::<Vec<_>>().join(", "));
    let finding = Finding::new(says).saw_wanted(&place, setting.shown(), wanted);
    Ok(vec![ended(finding, lineage, host, conf, place)])
}

/// A finding with what to do about the line at fault.
fn ended(finding: Finding, lineage: &Lineage, host: &HostFacts, conf: &Conf, place: String) -> Finding {
    let finding = finding.fix(
        format!("delete the line {place}, then try it"),
        [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
    );
    // One line of a cli.ini is one fault, however many lineages it reaches.
    let finding = if place.starts_with(&conf.path) { finding } else { finding.about(Subject::Path(place)) };
    finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        ca_seen, cli_ini, denied, host, lineage, lineage_with, only, params, set, silent, unknown,
        with_certbots,
    };
    use crate::facts::Role;

    #[test]
    fn a_profile_that_ended_fails() {
        let (severity, finding) = only(&CHECK, &lineage_with("required_profile", "tlsclient"), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("2026-07-08"));
    }

    #[test]
    fn what_the_ca_itself_offers_outranks_what_is_known_of_it() {
        let offers = |names: &[&str], wanted| {
            let mut lineage = ca_seen(|ca| {
                let names = names.iter().map(|&name| name.to_owned()).collect();
                ca.directory.as_mut().unwrap().profiles = Some(names);
            });
            set(lineage.conf.as_mut().unwrap(), "renewalparams", "required_profile", wanted);
            lineage
        };
        let (severity, finding) = only(&CHECK, &offers(&["classic"], "shortlived"), &host());
        assert_eq!((severity, finding.evidence[1].saw.as_str()), (Severity::WillFail, "classic"));
        silent(&CHECK, &offers(&["classic", "brand-new"], "brand-new"), &host());
    }

    #[test]
    fn a_profile_that_never_was_fails() {
        only(&CHECK, &lineage_with("required_profile", "tls-server"), &host());
        only(&CHECK, &lineage(), &cli_ini(&[("required-profile", "tlsclient")]));
    }

    #[test]
    fn before_its_end_it_was_silent() {
        let mut host = host();
        host.now = "2026-07-07T00:00:00Z".parse().unwrap();
        silent(&CHECK, &lineage_with("required_profile", "tlsclient"), &host);
    }

    #[test]
    fn a_preferred_profile_an_existing_one_another_ca_and_an_old_certbot_are_silent() {
        silent(&CHECK, &lineage_with("preferred_profile", "tlsclient"), &host());
        silent(&CHECK, &lineage_with("required_profile", "shortlived"), &host());
        let other =
            params(&[("required_profile", "default"), ("server", "https://ca.example/acme/directory")]);
        silent(&CHECK, &other, &host());
        silent(&CHECK, &lineage_with("required_profile", "tlsclient"), &with_certbots(&["2.1.0"]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

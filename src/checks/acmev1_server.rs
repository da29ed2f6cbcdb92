//! The conf names a server of ACMEv1, which no longer exists.

use crate::ca::host as host_of;
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};
use crate::forecast::certbot_release;

/// `server` is a Let's Encrypt URL of the first protocol version.
pub static CHECK: Check = Check {
    id: "acmev1-server",
    title: "the conf names a server of ACMEv1",
    severity: Severity::WillFail,
    why: "Let's Encrypt switched ACMEv1 off in June 2021; certbot 1.6 and newer take the v2 server instead of exactly \
          https://acme-v01.api.letsencrypt.org/directory, everything else fails",
    fix: "write server = https://acme-v02.api.letsencrypt.org/directory into the conf, and upgrade an old certbot",
    cites: &[
        "https://letsencrypt.org/docs/acme-protocol-updates/",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// The one URL that certbot maps, since 1.6.
const MAPPED: &str = "https://acme-v01.api.letsencrypt.org/directory";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(setting) = conf.param("server").filter(|_| host.given("server").is_none()) else {
        return Ok(vec![]);
    };
    let url = setting.text().unwrap_or_default();
    if !matches!(host_of(url), Some("acme-v01.api.letsencrypt.org" | "acme-staging.api.letsencrypt.org")) {
        return Ok(vec![]);
    }
    let mapped =
        url == MAPPED && certbot_release(lineage, conf, host).is_none_or(|release| release >= (1, 6));
    let sed = format!("sed -i 's|^server *=.*|server = {}|' {}", crate::ca::LETS_ENCRYPT, conf.path);
    let finding = Finding::new(format!("{} still names a server of ACMEv1", lineage.name))
        .saw_wanted(conf.at(setting), setting.shown(), format!("server = {}", crate::ca::LETS_ENCRYPT))
        .fix("name the server of today", [sed]);
    Ok(vec![if mapped {
        finding.lowered(Severity::Note, "this certbot takes the v2 server instead")
    } else {
        finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    }])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, MAPPED};
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, lineage_with, only, silent, unknown, with_certbots};
    use crate::facts::Role;

    #[test]
    fn an_old_certbot_or_another_path_fails() {
        assert_eq!(
            only(&CHECK, &lineage_with("server", MAPPED), &with_certbots(&["0.31.0"])).0,
            Severity::WillFail
        );
        let other = lineage_with("server", "https://acme-v01.api.letsencrypt.org/acme/new-cert");
        assert_eq!(only(&CHECK, &other, &host()).0, Severity::WillFail);
    }

    #[test]
    fn a_certbot_that_maps_it_makes_it_a_note() {
        assert_eq!(only(&CHECK, &lineage_with("server", MAPPED), &host()).0, Severity::Note);
    }

    #[test]
    fn the_server_of_today_and_other_cas_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("server", "https://ca.example/acme-v01/directory"), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}

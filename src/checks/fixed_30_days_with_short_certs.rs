//! A certbot that always renews thirty days before the end, and a certificate that hardly lives longer.

use crate::ca::is_lets_encrypt;
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Install, Kind, Lineage, UNUSED, release};

/// certbot before 4.0 with a lifetime of at most forty days.
pub static CHECK: Check = Check {
    id: "fixed-30-days-with-short-certs",
    title: "an old certbot renews this short-lived certificate at every run",
    severity: Severity::WillFail,
    why: "certbot before 4.0 renews thirty days before the end whatever the lifetime, so the certificate is always due \
          until the CA answers `too many certificates (5) already issued for this exact set of identifiers`",
    fix: "upgrade certbot to 4.1 or newer, or set renew_before_expiry at the top of the conf to a third of the lifetime",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/CHANGELOG.md",
        "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers",
    ],
    explains: &["ari-window-missed", "attempts-too-few", "certificate-expired", "rl-exact-set"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let cert = lineage.cert.as_ref()?;
    let days = cert.lifetime_days();
    // A value of one's own is renew-before-expiry-wrong's business.
    if days > 40 || host.is_renewed_by_us(lineage) || conf.top("renew_before_expiry").is_some() {
        return Ok(vec![]);
    }
    let installs = host.installs.as_ref()?;
    let written_by = || release(conf.top("version")?.text()?);
    let releases: Vec<Option<(u32, u32)>> = match installs.as_slice() {
        [] => vec![written_by()],
        found => found.iter().map(Install::release).collect(),
    };
    if !releases.iter().all(|r| r.is_some_and(|r| r < (4, 0))) {
        return Ok(vec![]);
    }
    let (place, saw) = match installs.first() {
        Some(install) => {
            (install.path.clone(), format!("certbot {}", install.version.as_deref().unwrap_or_default()))
        }
        None => (conf.path.clone(), conf.top("version").map(|s| s.shown()).unwrap_or_default()),
    };
    let lifetime = cert.lifetime();
    // A third of the lifetime, of short ones a half; in hours where days are too coarse.
    let keep = match days {
        ..3 => format!("{} hours", (cert.not_after.duration_since(cert.not_before).as_hours() / 2).max(1)),
        3..10 => format!("{} days", days / 2),
        _ => format!("{} days", days / 3),
    };
    let says = match days <= 30 {
        true => {
            format!("{} lives {lifetime} and is renewed 30 days before its end: at every run", lineage.name)
        }
        false => {
            format!("{} lives {lifetime} and is renewed {} days after its issue", lineage.name, days - 30)
        }
    };
    let finding = Finding::new(says)
        .saw_wanted(place, saw, "certbot 4.1 or newer")
        .saw(&lineage.link(Kind::Cert).path, format!("a lifetime of {lifetime}"))
        .fix(
            "upgrade certbot, or until then say in the conf when to renew",
            [format!("sed -i '1i renew_before_expiry = {keep}' {}", conf.path)],
        );
    let finding = if host.unused(lineage) {
        finding.lowered(Severity::Note, UNUSED)
    } else if !lineage.server().is_some_and(is_lets_encrypt) {
        finding.lowered(Severity::Note, "this CA's limits are not known to be as low as Let's Encrypt's")
    } else {
        finding.lowered_if(days > 30, Severity::MayFail, "it is wasteful, but stays below the limit")
    };
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cron, days, denied, host, lineage, only, set, silent, unknown, with_certbots,
    };
    use crate::facts::{Client, HostFacts, Lineage, Role, Trigger};

    fn living(n: i64) -> Lineage {
        let mut lineage = lineage();
        let cert = lineage.cert.as_mut().unwrap();
        (cert.not_before, cert.not_after) = (days(0), days(n));
        lineage
    }

    #[test]
    fn a_short_certificate_with_an_old_certbot_fails() {
        let (severity, finding) = only(&CHECK, &living(7), &with_certbots(&["2.1.0"]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.fix.unwrap().commands[0].contains("renew_before_expiry = 3 days"));
    }

    #[test]
    fn one_of_thirty_one_to_forty_days_may_fail() {
        assert_eq!(only(&CHECK, &living(35), &with_certbots(&["3.3.0"])).0, Severity::MayFail);
    }

    #[test]
    fn the_conf_says_the_version_where_no_certbot_is_found() {
        let mut lineage = living(7);
        silent(&CHECK, &lineage, &with_certbots(&[]));
        set(lineage.conf.as_mut().unwrap(), "", "version", "2.9.0");
        only(&CHECK, &lineage, &with_certbots(&[]));
    }

    #[test]
    fn a_private_ca_is_a_note() {
        let mut lineage = living(1);
        set(
            lineage.conf.as_mut().unwrap(),
            "renewalparams",
            "server",
            "https://step.corp.example/acme/acme/directory",
        );
        assert_eq!(only(&CHECK, &lineage, &with_certbots(&["2.1.0"])).0, Severity::Note);
    }

    #[test]
    fn ninety_days_or_a_new_certbot_beside_or_an_interval_of_ones_own_is_silent() {
        silent(&CHECK, &lineage(), &with_certbots(&["2.1.0"]));
        silent(&CHECK, &living(45), &with_certbots(&["2.1.0"]));
        silent(&CHECK, &living(7), &with_certbots(&["2.1.0", "5.8.0"]));
        let mut lineage = living(7);
        set(lineage.conf.as_mut().unwrap(), "", "renew_before_expiry", "3 days");
        silent(&CHECK, &lineage, &with_certbots(&["2.1.0"]));
    }

    #[test]
    fn what_this_program_alone_renews_is_silent() {
        let by = |clients: &[Client]| {
            let triggers = clients.iter().map(|client| Trigger { client: *client, ..cron("17 3 * * *") });
            HostFacts { triggers: Ok(triggers.collect()), ..with_certbots(&["2.1.0"]) }
        };
        silent(&CHECK, &living(7), &by(&[Client::AcmeAudit]));
        only(&CHECK, &living(7), &by(&[Client::AcmeAudit, Client::Certbot]));
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

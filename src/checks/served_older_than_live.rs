//! A server on this host still gives a certificate that has been renewed since.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{Given, HostFacts, Lineage, Process, Version};

/// The serial number that comes in the handshake is that of an older version of the archive.
pub static CHECK: Check = Check {
    id: "served-older-than-live",
    title: "the server still gives the certificate from before the renewal",
    severity: Severity::MayFail,
    why: "a server reads a certificate when it starts or loads anew: visitors get the old one until it expires, whatever lies on \
          the disk",
    fix: "load the server anew, or restart it where it cannot: systemctl reload-or-restart UNIT; a deploy hook does it after \
          each renewal",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates",
        "https://nginx.org/en/docs/control.html",
        "https://httpd.apache.org/docs/2.4/stopping.html#graceful",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

/// How long after it begins a certificate may wait for a hook that is still to run; CAs date it back by an hour.
const YOUNG: SignedDuration = SignedDuration::from_hours(2);

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let served =
        lineage.served.as_ref().ok_or(Skip::NotAsked("no server of this host was asked for certificates"))?;
    if served.given.is_empty() {
        return Err(Skip::NotApplicable("no server of this host gives a certificate for its names"));
    }
    let older = lineage.served_older()?;
    let Some((first, _)) = older.first() else { return Ok(vec![]) };
    if matches!(host.locked_by, Some(Ok(Some(_)))) && !served.after_renewal {
        return Err(Skip::NotApplicable("a certbot runs now, and may be about to load the server anew"));
    }
    let who = first.process.as_ref().map_or("the server", |process| process.name.as_str());
    let names: BTreeSet<&str> = older.iter().map(|(given, _)| given.name.as_str()).collect();
    let mut finding = Finding::new(format!("{who} still gives an older certificate of {}", lineage.name))
        .about(Subject::Process(who.to_owned()))
        .identifiers(names);
    for (given, version) in &older {
        finding = finding.evidence(seen(lineage, given, version));
    }
    let young = lineage.cert.as_ref().is_ok_and(|cert| host.now.duration_since(cert.not_before) < YOUNG);
    finding = finding.lowered_if(
        young && !served.after_renewal,
        Severity::Note,
        "it was renewed within the last two hours, and the server may be about to be loaded anew",
    );
    finding = finding.lowered_if(
        host.is_loaded_by_routine(who) && older.iter().all(|(given, _)| given.not_after > host.now),
        Severity::Note,
        "the server is loaded anew by routine",
    );
    let commands = first.process.as_ref().and_then(reload);
    Ok(vec![match commands {
        Some(command) => finding.fix("load it anew now, and after each renewal by a deploy hook", [command]),
        None => finding,
    }])
}

fn seen(lineage: &Lineage, given: &Given, version: &Version) -> Evidence {
    let by = given.process.as_ref().map(|process| format!(", by {process}")).unwrap_or_default();
    let live = lineage.cert.as_ref().map(|cert| cert.serial.clone()).unwrap_or_default();
    Evidence {
        kind: Source::Tls,
        r#where: format!("{} at {}", given.name, given.address),
        vantage: "this host".into(),
        saw: format!("version {}, serial {}, until {}{by}", version.number, given.serial, given.not_after),
        wanted: Some(format!("serial {live}, which is live")),
    }
}

/// What loads a process anew, where that is known.
fn reload(process: &Process) -> Option<String> {
    if process.is_contained() {
        return None;
    }
    match (&process.unit, process.name.as_str()) {
        (Some(unit), _) if unit.ends_with(".service") => Some(format!("systemctl reload-or-restart {unit}")),
        (_, "nginx") => Some("nginx -s reload".to_owned()),
        (_, "apache2" | "httpd") => Some("apachectl graceful".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{beside, days, denied, host, lineage, lives, only, silent, unknown};
    use crate::facts::{BesideKind, Given, Lineage, Process, Role, Served};

    fn given(name: &str, serial: &str) -> Given {
        let unit = Some("nginx.service".to_owned());
        let process = Some(Process { pid: 7, name: "nginx".into(), unit });
        let address = "127.0.0.1:443".parse().unwrap();
        Given { name: name.into(), address, serial: serial.into(), not_after: days(2), process }
    }

    /// The lineage whose first version has another serial number, and this is given for its names.
    fn served(serial: &str) -> Lineage {
        let mut lineage = lineage();
        let versions = &mut lineage.archive.as_mut().unwrap().versions;
        versions[0].issued.as_mut().unwrap().serial = "0001".into();
        let given = vec![given("example.com", serial), given("www.example.com", "04a1")];
        lineage.served = Some(Served { given, after_renewal: false });
        lineage
    }

    #[test]
    fn an_older_version_is_told_with_the_process_and_what_loads_it_anew() {
        let (severity, finding) = only(&CHECK, &served("0001"), &host());
        assert_eq!(
            (severity, finding.identifiers.as_slice()),
            (Severity::MayFail, &["example.com".to_owned()][..])
        );
        assert!(finding.evidence[0].saw.contains("version 1"), "{:?}", finding.evidence);
        assert!(finding.evidence[0].saw.contains("nginx (pid 7, nginx.service)"), "{:?}", finding.evidence);
        assert_eq!(finding.fix.unwrap().commands, ["systemctl reload-or-restart nginx.service"]);
    }

    #[test]
    fn what_is_live_and_what_is_no_lineages_is_silent() {
        silent(&CHECK, &served("04a1"), &host());
        silent(&CHECK, &served("dead"), &host());
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn right_after_a_renewal_it_waits_for_the_hooks_unless_they_have_run() {
        let mut lineage = served("0001");
        lives(&mut lineage, 0, 90);
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::Note);
        lineage.served.as_mut().unwrap().after_renewal = true;
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
        let mut running = host();
        running.locked_by = Some(Ok(Some(4711)));
        silent(&CHECK, &served("0001"), &running);
    }

    #[test]
    fn a_server_that_is_restarted_by_routine_gets_it_by_itself() {
        let mut host = host();
        host.beside = Ok(vec![beside("systemctl restart nginx", BesideKind::Routine)]);
        assert_eq!(only(&CHECK, &served("0001"), &host).0, Severity::Note);
        let mut expired = served("0001");
        expired.served.as_mut().unwrap().given[0].not_after = days(-1);
        assert_eq!(only(&CHECK, &expired, &host).0, Severity::MayFail);
    }

    #[test]
    fn an_archive_we_may_not_list_is_unknown() {
        let mut lineage = served("0001");
        lineage.archive = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}

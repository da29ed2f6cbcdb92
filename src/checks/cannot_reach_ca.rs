//! The ACME server gives this host no answer.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::net::{CaFault, CaSeen};
use crate::facts::{HostFacts, Lineage, Trigger, UNUSED};

/// No connection, no answer, or none of ACME.
pub static CHECK: Check = Check {
    id: "cannot-reach-ca",
    title: "the CA's server cannot be reached from this host",
    severity: Severity::MayFail,
    why: "certbot asks the same server at each renewal and stops without it; on a day on which nothing is due it only warns \
          and exits 0",
    fix: "let this host connect to the CA over https: firewall, proxy variables in the schedule's own environment, resolver",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1",
        "https://letsencrypt.org/docs/integration-guide/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let fault = match ca.fault() {
        None | Some(CaFault::Untrusted(_)) => return Ok(vec![]),
        Some(fault) if fault.is_busy() => return Ok(vec![]),
        Some(fault) => fault,
    };
    host.environments_known(&lineage.name)?;
    let evidence = Evidence { kind: Source::Http, ..Evidence::file(&ca.server, fault.to_string()) };
    let evidence = Evidence { wanted: Some("its directory".into()), ..evidence };
    let finding = match ca.scheduled {
        Some(_) => from_the_schedule(ca, fault, lineage, host),
        None => Finding::new(format!("this host gets no answer from {}: {fault}", ca.server))
            .fix("see what keeps this host from it", [format!("curl -v {}", ca.server)]),
    };
    let finding = finding.about(Subject::Server(ca.server.clone())).evidence(evidence).lowered_if(
        host.unused(lineage),
        Severity::Note,
        UNUSED,
    );
    Ok(vec![finding])
}

/// The variables of this process lead there, and those of the schedule do not.
fn from_the_schedule(ca: &CaSeen, fault: &CaFault, lineage: &Lineage, host: &HostFacts) -> Finding {
    let trigger = host.covering(&lineage.name).next();
    let by = trigger.map_or("the schedule", Trigger::name);
    let set = ca.by.set.iter().map(ToString::to_string).collect::<Vec<_>>();
    let with = if set.is_empty() { "no proxy variables".to_owned() } else { set.join(" ") };
    let commands: Vec<String> = match trigger.and_then(|trigger| trigger.unit_state.as_ref()) {
        Some(unit) => vec![format!("systemctl edit {}", unit.service)],
        None => vec![],
    };
    let change = match commands.is_empty() {
        true => "above its line or in its script",
        false => "as Environment= in its [Service]",
    };
    Finding::new(format!(
        "{by} gets no answer from {}: {fault}; this process gets one, with {with} in its environment",
        ca.server
    ))
    .fix(format!("give {by} the same environment, {change}: {with}"), commands)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{ca_fails, ca_seen, host, lineage, loud, only, run, silent, with_triggers};
    use crate::facts::net::CaFault;

    #[test]
    fn no_connection_may_fail_once_for_all_lineages() {
        let refused = || ca_fails(CaFault::Connect("45.45.45.1:443: connection refused".into()));
        let (severity, finding) = only(&CHECK, &refused(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("connection refused"), "{}", finding.says);
        let mut twin = refused();
        twin.name = "www.example.com".into();
        assert_eq!(loud(&[refused(), twin], &host()), ["cannot-reach-ca"]);
        only(&CHECK, &ca_fails(CaFault::NoAcme("no JSON".into())), &host());
        only(&CHECK, &ca_fails(CaFault::Status(404, String::new())), &host());
    }

    #[test]
    fn a_schedule_without_the_proxy_of_this_process_may_fail() {
        let refused = CaFault::Connect("45.45.45.1:443: connection refused".into());
        let seen = || {
            ca_seen(|ca| {
                ca.scheduled = Some(refused.clone());
                ca.by.set(
                    "HTTPS_PROXY",
                    "http://me:pw@proxy.example:3128",
                    "the environment of this process",
                );
            })
        };
        let (severity, finding) = only(&CHECK, &seen(), &host());
        assert_eq!(severity, Severity::MayFail);
        let with = "with HTTPS_PROXY=http://***@proxy.example:3128 in its environment";
        assert!(
            finding.says.starts_with("certbot.timer gets no answer") && finding.says.ends_with(with),
            "{}",
            finding.says
        );
        assert_eq!(finding.fix.expect("a fix").commands, ["systemctl edit certbot.service"]);
        assert_eq!(loud(&[seen()], &host()), ["cannot-reach-ca"]);
    }

    #[test]
    fn an_environment_that_is_not_known_as_a_whole_is_unknown() {
        let mut triggers = host().triggers.expect("triggers");
        for trigger in &mut triggers {
            trigger.task.egress.unclear = Some("/root/renew.sh reads /etc/profile in".into());
        }
        let refused = ca_fails(CaFault::Timeout);
        assert!(matches!(run(&CHECK, &refused, &with_triggers(triggers)), Err(Skip::Unknown(_))));
    }

    #[test]
    fn an_answer_a_busy_server_and_one_that_is_not_trusted_are_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &ca_fails(CaFault::Status(503, "busy".into())), &host());
        silent(&CHECK, &ca_fails(CaFault::Untrusted("UnknownIssuer".into())), &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}

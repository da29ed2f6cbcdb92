//! The CA wants this certificate to be renewed at another time than usual, and says why.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};
use crate::forecast::certbot_release;

/// Renewal information with an explanation: as a rule the certificate is about to be revoked.
pub static CHECK: Check = Check {
    id: "ari-window-moved",
    title: "the CA wants the certificate to be renewed early",
    severity: Severity::MayFail,
    why: "a CA that has to revoke certificates says so beforehand in its renewal information; whoever does not renew in that \
          window serves a revoked certificate",
    fix: "renew it now: certbot renew --cert-name NAME --force-renewal",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc9773#section-4.2",
        "https://letsencrypt.org/docs/integration-guide/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let Some(Ok(ari)) = &lineage.ari else { return Ok(vec![]) };
    let Some(explanation) = &ari.explanation else { return Ok(vec![]) };
    let conf = lineage.conf.as_ref()?;
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let window = format!("renew between {} and {}", day(ari.start), day(ari.end));
    let evidence = Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, window) };
    let finding = Finding::new(format!(
        "the CA wants {} to be renewed by {}: {explanation}",
        lineage.name,
        day(ari.end)
    ))
    .evidence(Evidence { vantage: "CA".into(), ..evidence })
    .bites_at(ari.end)
    .fix("renew it now", [format!("certbot renew --cert-name {} --force-renewal", lineage.name)]);
    // certbot asks for this from 4.1 on, and by itself a few times a day at most.
    let asks = certbot_release(lineage, conf, host).is_none_or(|release| release >= (4, 1));
    let renews = asks && host.covering(&lineage.name).next().is_some() && host.now < ari.end;
    let finding = finding.lowered_if(renews, Severity::Note, "the schedule renews it in the CA's window");
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        ca_seen, days, host, lineage, only, run, silent, with_certbots, with_triggers,
    };
    use crate::facts::Lineage;
    use crate::facts::net::{Ari, CaFault};

    fn wants(explanation: Option<&str>, end: i64) -> Lineage {
        let explanation = explanation.map(str::to_owned);
        Lineage {
            ari: Some(Ok(Ari { start: days(end - 1), end: days(end), explanation, retry_after: None })),
            ..ca_seen(|_| ())
        }
    }

    const WHY: Option<&str> = Some("https://ca.example/revocation");

    #[test]
    fn a_certificate_that_nothing_renews_in_the_window_may_fail() {
        let (severity, finding) = only(&CHECK, &wants(WHY, 2), &with_triggers(vec![]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.ends_with("https://ca.example/revocation"), "{}", finding.says);
        assert_eq!(only(&CHECK, &wants(WHY, 2), &with_certbots(&["2.1.0"])).0, Severity::MayFail);
        assert_eq!(only(&CHECK, &wants(WHY, -2), &host()).0, Severity::MayFail, "it is over");
    }

    #[test]
    fn a_schedule_that_asks_the_ca_makes_it_a_note() {
        assert_eq!(only(&CHECK, &wants(WHY, 2), &host()).0, Severity::Note);
    }

    #[test]
    fn the_usual_window_and_none_are_silent() {
        silent(&CHECK, &wants(None, 30), &host());
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &Lineage { ari: Some(Err(CaFault::Timeout)), ..ca_seen(|_| ()) }, &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}

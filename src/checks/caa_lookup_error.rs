//! CAA records cannot be looked up, though the name's addresses can.

use crate::caa::{Parties, Ruling, is_theirs, look, not_answered};
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Verdict, listed};
use crate::facts::net::{Caa, CaaStep, Failure, FailureKind};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// A look-up on the way up failed before any record was found.
pub static CHECK: Check = Check {
    id: "caa-lookup-error",
    title: "CAA records cannot be looked up",
    severity: Severity::WillFail,
    why: "a failure can hide records, so that the CA issues nothing: `SERVFAIL looking up CAA`, `query timed out looking up \
          CAA`, `Rechecking CAA … failed`",
    fix: "make every name server of the zone answer questions for type CAA, with no records where there are none: old or \
          hand-made name servers and firewalls drop types that they do not know",
    cites: &[
        "https://letsencrypt.org/docs/caa/#caa-errors",
        "https://www.rfc-editor.org/rfc/rfc8659#section-3",
        "https://github.com/dehydrated-io/dehydrated/issues/533",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// The identifiers behind one failure.
struct Failed<'a> {
    names: Vec<&'a str>,
    step: &'a CaaStep,
    failure: &'a Failure,
    caa: &'a Caa,
}

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let (mut found, mut unknown): (Vec<Failed<'_>>, Option<Skip>) = (Vec::new(), None);
    for name in lineage.seen()? {
        let caa = match &name.caa {
            Ok(caa) => caa,
            Err(missing) => {
                unknown.get_or_insert(Skip::from(missing));
                continue;
            }
        };
        let Ruling::Failed(step, failure) = parties.judge(&name.identifier, caa) else { continue };
        if !is_theirs(name, caa, failure) {
            unknown.get_or_insert(not_answered(step, caa, failure));
            continue;
        }
        match found.iter_mut().find(|f| f.step.name == step.name && f.failure == failure) {
            Some(known) => known.names.push(&name.identifier),
            None => found.push(Failed { names: vec![&name.identifier], step, failure, caa }),
        }
    }
    match unknown {
        Some(skip) if found.is_empty() => Err(skip),
        _ => Ok(found.iter().map(|failed| finding(failed, lineage, host)).collect()),
    }
}

fn finding(failed: &Failed<'_>, lineage: &Lineage, host: &HostFacts) -> Finding {
    let (at, names) = (&failed.step.name, listed(&failed.names));
    let says = format!("the look-up of CAA records of {at} fails, and that of addresses of {names} does not");
    let place = match failed.step.aliases.last() {
        Some(target) => format!("CAA records of {target}, to which {at} leads"),
        None => format!("CAA records of {at}"),
    };
    let wanted = Some("records, or the answer that there are none".to_owned());
    let saw = format!("{}; the CA says `{}`", failed.failure, failed.failure.words("CAA", at));
    let seen = Evidence::dns(place, saw, &failed.caa.resolver);
    let fix = match failed.failure.kind {
        _ if failed.failure.bogus => {
            format!(
                "mend the DNSSEC signatures of {at}: its proof that there are no CAA records is not valid"
            )
        }
        FailureKind::BadRecord => {
            format!("publish the CAA records of {at} anew: one is shorter than it says")
        }
        _ => format!("make the name servers of {at} answer questions for type CAA"),
    };
    Finding::new(says)
        .identifiers(failed.names.iter().copied())
        .evidence(Evidence { wanted, ..seen })
        .fix(fix, look(at))
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        caa_at, caa_step, host, lineage, lineage_with, loud, only, run, seen, silent, unknown, with_caa,
        without_caa,
    };
    use crate::facts::Lineage;
    use crate::facts::net::{Failure, FailureKind, Outcome};

    fn failing(at: &str, kind: FailureKind) -> Lineage {
        failing_for(seen(lineage(), &["example.com", "www.example.com"]), at, kind)
    }

    fn failing_for(lineage: Lineage, at: &str, kind: FailureKind) -> Lineage {
        let mut step = caa_step(at, &[]);
        step.records = Outcome::Failed(Failure::new(kind));
        caa_at(lineage, step)
    }

    #[test]
    fn servfail_or_silence_for_caa_alone_is_one_finding() {
        for kind in [FailureKind::ServFail, FailureKind::Timeout, FailureKind::Code(4)] {
            let lineage = failing("example.com", kind);
            let (severity, finding) = only(&CHECK, &lineage, &host());
            assert_eq!(severity, Severity::MayFail);
            assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
            assert_eq!(loud(&[lineage], &host()), ["caa-lookup-error"]);
        }
    }

    #[test]
    fn a_failure_at_one_name_concerns_that_name() {
        let finding = only(&CHECK, &failing("www.example.com", FailureKind::ServFail), &host()).1;
        assert_eq!(finding.identifiers, ["www.example.com"]);
        assert_eq!(
            finding.evidence[0].saw,
            "SERVFAIL; the CA says `DNS problem: SERVFAIL looking up CAA for www.example.com - the domain's nameservers \
             may be malfunctioning`"
        );
    }

    #[test]
    fn a_bogus_denial_is_told_as_one() {
        let mut lineage = failing("example.com", FailureKind::ServFail);
        for name in lineage.seen.iter_mut().flatten() {
            let steps = &mut name.caa.as_mut().unwrap().steps;
            if let Some(Outcome::Failed(failure)) = steps.last_mut().map(|step| &mut step.records) {
                failure.bogus = true;
            }
        }
        assert!(only(&CHECK, &lineage, &host()).1.fix.unwrap().summary.contains("DNSSEC"));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_to_be_published_anew() {
        let finding = only(&CHECK, &failing("example.com", FailureKind::BadRecord), &host()).1;
        assert!(finding.fix.unwrap().summary.contains("anew"));
    }

    #[test]
    fn records_below_the_failure_and_answers_without_records_are_silent() {
        let lineage = seen(lineage(), &["www.example.com"]);
        let lineage = failing_for(lineage, "example.com", FailureKind::ServFail);
        silent(
            &CHECK,
            &caa_at(lineage, caa_step("www.example.com", &[(0, "issue", "letsencrypt.org")])),
            &host(),
        );
        silent(&CHECK, &with_caa(&[]), &host());
    }

    #[test]
    fn a_resolver_that_gives_nothing_at_all_is_our_own_network() {
        let mut lineage = failing("example.com", FailureKind::Timeout);
        for name in lineage.seen.iter_mut().flatten() {
            let dns = name.dns.as_mut().unwrap();
            dns.a = Outcome::Failed(Failure::new(FailureKind::Timeout));
            dns.aaaa = Outcome::Failed(Failure::new(FailureKind::Timeout));
        }
        unknown(&CHECK, &lineage, &host());
        // One family is enough to tell.
        for name in lineage.seen.iter_mut().flatten() {
            name.dns.as_mut().unwrap().aaaa = Outcome::Nothing;
        }
        only(&CHECK, &lineage, &host());
        // Of another resolver it says nothing.
        for name in lineage.seen.iter_mut().flatten() {
            name.dns.as_mut().unwrap().resolver = "192.0.2.54".into();
        }
        unknown(&CHECK, &lineage, &host());
        unknown(
            &CHECK,
            &failing("example.com", FailureKind::Unreachable("no route to host".into())),
            &host(),
        );
        unknown(&CHECK, &without_caa(with_caa(&[])), &host());
    }

    #[test]
    fn a_ca_whose_rules_are_not_known_is_not_judged() {
        let private = seen(lineage_with("server", "https://ca.internal/acme"), &["example.com"]);
        let verdict = run(&CHECK, &failing_for(private, "example.com", FailureKind::ServFail), &host());
        assert!(matches!(verdict, Err(Skip::NotApplicable(_))));
    }
}

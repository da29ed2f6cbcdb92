//! `allow_subset_of_names`: where the CA does not validate some names, a certificate for the others.
//!
//! As certbot does it, and louder: what was lost is told by this run, and by the audit after it.

use super::backoff::{Kind, Trouble};
use crate::acme::{Identified, Outcome};

/// The names that a second order may bring a certificate for, where the first brought none: those without the ones that the CA
/// refuses. `None` where that are none or all, and where something else stands in the way, which passes: a CA that is down or
/// limits, or this host itself. <https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options>
pub(super) fn rest(outcome: &Outcome) -> Option<Vec<String>> {
    let whole = outcome.refused.as_ref().map(|(_, refusal)| refusal);
    let about = |name: &str| whole.and_then(|refusal| refusal.problem()?.about(name));
    let mut rest = Vec::new();
    for (name, of) in &outcome.identifiers {
        let kind = match (of, about(name)) {
            (Identified::Failed(refusal), _) => Trouble::of(refusal).kind,
            (Identified::Unsolved(_), _) => Kind::Refused,
            (_, Some(problem)) => Trouble::said(&problem).kind,
            (Identified::Validated { .. } | Identified::NotReached, None) => {
                rest.push(name.clone());
                continue;
            }
        };
        if kind != Kind::Refused {
            return None;
        }
    }
    (outcome.chain.is_none() && !rest.is_empty() && rest.len() < outcome.identifiers.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::{Refusal, Step};
    use crate::facts::net::CaFault;
    use crate::facts::{Problem, Subproblem};

    fn problem(kind: &str) -> Problem {
        Problem { r#type: format!("urn:ietf:params:acme:error:{kind}"), ..Problem::default() }
    }

    fn failed(kind: &str) -> Identified {
        Identified::Failed(Refusal::Problem(Box::new(problem(kind))))
    }

    fn of(a: Identified, b: Identified) -> Outcome {
        let identifiers = vec![("a.test".to_owned(), a), ("b.test".to_owned(), b)];
        Outcome { identifiers, refused: None, chain: None }
    }

    fn valid() -> Identified {
        Identified::Validated { anew: true }
    }

    #[test]
    fn names_that_the_ca_refuses_are_left_out() {
        let b = Some(vec!["b.test".to_owned()]);
        assert_eq!(rest(&of(failed("unauthorized"), valid())), b);
        assert_eq!(rest(&of(Identified::Unsolved(vec!["dns-01".into()]), valid())), b);
        // An order that is refused as a whole because of one name, before and after the validation.
        let about = Subproblem {
            r#type: "urn:ietf:params:acme:error:rejectedIdentifier".into(),
            identifier: Some("a.test".into()),
            ..Subproblem::default()
        };
        let whole = Problem { subproblems: vec![about], ..problem("compound") };
        for (step, of_each) in [(Step::NewOrder, Identified::NotReached), (Step::Finalize, valid())] {
            let refused = Some((step, Refusal::Problem(Box::new(whole.clone()))));
            assert_eq!(rest(&Outcome { refused, ..of(of_each.clone(), of_each) }), b);
        }
    }

    #[test]
    fn nothing_is_left_out_for_what_passes_and_nothing_of_nothing() {
        let down = Identified::Failed(CaFault::Timeout.into());
        for (a, b) in [
            (failed("dns"), failed("unauthorized")),
            (failed("dns"), down.clone()),
            (failed("rateLimited"), valid()),
            (down, valid()),
            (Identified::NotReached, Identified::NotReached),
            (valid(), valid()),
        ] {
            assert_eq!(rest(&of(a.clone(), b.clone())), None, "{a:?} {b:?}");
        }
        let limited = Some((Step::NewOrder, Refusal::Problem(Box::new(problem("rateLimited")))));
        let order = of(Identified::NotReached, Identified::NotReached);
        assert_eq!(rest(&Outcome { refused: limited, ..order }), None);
    }
}

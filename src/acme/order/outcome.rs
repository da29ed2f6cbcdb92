//! What came of an order.

use super::normal;
use crate::acme::refusal::Refusal;
use crate::facts::Problem;

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each identifier as it was wanted, and what the CA says of it.
    pub identifiers: Vec<(String, Identified)>,
    /// Where the order as a whole ended early, and why.
    pub refused: Option<(Step, Refusal)>,
    /// The certificate with its chain in PEM, where it was asked for.
    pub chain: Option<String>,
}

/// What the CA says of an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// It is validated: in this run, or by an earlier one whose validation is used again.
    Validated {
        /// In this run.
        anew: bool,
    },
    /// It is not.
    Failed(Refusal),
    /// The CA does not offer the challenge by which it would be proven: only these.
    Unsolved(Vec<String>),
    /// The order ended before.
    NotReached,
}

/// The steps at which an order can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The order is not accepted, or its authorizations cannot be read.
    NewOrder,
    /// The answers cannot be published.
    Publish,
    /// There is no certificate, although every identifier is validated.
    Finalize,
    /// The CA issues it, and it has not come.
    Fetch,
}

impl Outcome {
    /// Nothing came of it yet.
    pub(super) fn of(identifiers: &[String]) -> Self {
        let identifiers = identifiers.iter().map(|name| (name.clone(), Identified::NotReached)).collect();
        Self { identifiers, refused: None, chain: None }
    }

    /// Notes what the CA says of an identifier, under the names by which it was wanted.
    pub(super) fn set(&mut self, identifier: &str, identified: Identified) {
        let named = self.identifiers.iter_mut().filter(|(name, _)| normal(name) == normal(identifier));
        let mut known = false;
        for (_, of) in named {
            (*of, known) = (identified.clone(), true);
        }
        if !known {
            self.identifiers.push((identifier.to_owned(), identified));
        }
    }

    /// Notes the end of all authorizations. An identifier without one needs none: the CA knows it already.
    pub(super) fn close(&mut self) {
        let done = |(_, of): &(String, Identified)| {
            matches!(of, Identified::Validated { .. } | Identified::NotReached)
        };
        if self.identifiers.iter().all(done) {
            for (_, of) in self.identifiers.iter_mut().filter(|(_, of)| *of == Identified::NotReached) {
                *of = Identified::Validated { anew: false };
            }
        }
    }

    /// Notes why the order ended early; what that says of single identifiers is noted for those.
    pub(super) fn refuse(&mut self, step: Step, refusal: Refusal) {
        if let (Step::NewOrder, Some(problem)) = (step, refusal.problem()) {
            for (name, of) in &mut self.identifiers {
                if let Some(about) = problem.about(name) {
                    *of = Identified::Failed(Refusal::Problem(Box::new(about)));
                }
            }
        }
        self.refused = Some((step, refusal));
    }

    /// Whether every identifier is validated.
    pub fn is_validated(&self) -> bool {
        self.identifiers.iter().all(|(_, identified)| matches!(identified, Identified::Validated { .. }))
    }

    /// The problem of an identifier.
    pub fn problem(&self, identifier: &str) -> Option<&Problem> {
        let (_, identified) = self.identifiers.iter().find(|(name, _)| name == identifier)?;
        match identified {
            Identified::Failed(refusal) => refusal.problem(),
            _ => None,
        }
    }
}

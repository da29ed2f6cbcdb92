//! What an order of a renewal publishes with.

use super::Solver;
use crate::acme::{Answer, Identified, Method, Publisher};
use crate::facts::Vantage;
use crate::rehearsal::ca::Desk;
use crate::rehearsal::news::News;

/// A rehearsal's desk, and beside it what publishes by hooks or updates.
pub struct Counter<'a, 'p> {
    /// The desk.
    pub desk: Desk<'a, 'p>,
    /// What publishes instead of it.
    pub solver: Option<&'a Solver>,
}

impl Publisher for Counter<'_, '_> {
    fn method(&self, identifier: &str) -> Method {
        let of = |target: &&crate::rehearsal::Target| target.identifier.eq_ignore_ascii_case(identifier);
        let target = self.desk.case.targets.iter().find(of);
        target.map(|target| target.means.method()).unwrap_or_default()
    }

    async fn publish(&self, answers: Vec<Answer>) -> Result<(), String> {
        let Some(solver) = self.solver else { return self.desk.publish(answers).await };
        for answer in &answers {
            (self.desk.hear)(News::Looking(self.desk.case.name(&answer.identifier), Vantage::Ca));
        }
        solver.publish(&answers).await
    }

    fn settled(&self, identifier: &str, came: &Identified) {
        self.desk.settled(identifier, came);
    }

    async fn done(&self) {
        if let Some(solver) = self.solver {
            solver.take_back().await;
        }
    }
}

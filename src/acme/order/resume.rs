//! An order that was placed by an earlier run, and whose certificate did not come to it.

use instant_acme::OrderStatus;

use super::Wanted;
use super::pace::Deadline;
use crate::acme::account::Account;
use crate::acme::refusal::Refusal;
use crate::facts::net::CaFault;

impl Account {
    /// The certificate of such an order; `None` where it has none and will have none.
    ///
    /// # Errors
    /// No answer, or the CA does not say in time.
    pub async fn resume(&self, order: &str, wanted: &Wanted<'_>) -> Result<Option<String>, Refusal> {
        let deadline = Deadline::new(wanted.within);
        let (engine, seam) = self.engine().await?;
        let found = deadline.bound(engine.order(order.to_owned())).await;
        let mut order = match found {
            Ok(order) => order,
            Err(refusal) if is_gone(&refusal) => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        match order.state().status {
            OrderStatus::Ready => self.finalize(&mut order, &seam, wanted, &deadline, false).await.map(Some),
            OrderStatus::Processing | OrderStatus::Valid => {
                self.finalize(&mut order, &seam, wanted, &deadline, true).await.map(Some)
            }
            OrderStatus::Pending | OrderStatus::Invalid => Ok(None),
        }
    }
}

/// It is forgotten there, or another account's.
fn is_gone(refusal: &Refusal) -> bool {
    let status = match refusal {
        Refusal::Problem(problem) => problem.status,
        Refusal::Fault(CaFault::Status(status, _)) => Some(*status),
        _ => None,
    };
    matches!(status, Some(403 | 404 | 410))
}

//! The end of an order: the certificate.

use instant_acme::{Identifier, Order, OrderStatus};

use super::pace::Deadline;
use super::{Key, Wanted, identifiers};
use crate::acme::account::Account;
use crate::acme::csr::request;
use crate::acme::refusal::Refusal;
use crate::acme::seam::{Seam, of};
use crate::facts::Problem;

/// How often in a row the CA may fail to say how the order is.
const MISSES: usize = 5;

impl Account {
    /// Asks for the certificate, unless that was `asked` before; comes back with the chain in PEM.
    /// <https://www.rfc-editor.org/rfc/rfc8555#section-7.4>
    pub(super) async fn finalize(
        &self,
        order: &mut Order,
        seam: &Seam,
        wanted: &Wanted<'_>,
        deadline: &Deadline,
        asked: bool,
    ) -> Result<String, Refusal> {
        let thrown_away;
        let key = match wanted.key {
            Key::Own(key) => key,
            Key::ThrownAway(kind) => {
                thrown_away = self.keys.get(kind).await.map_err(Refusal::Own)?;
                &thrown_away
            }
        };
        let names: Vec<String> = identifiers(wanted.identifiers).iter().map(written).collect();
        let csr = request(&names, key, wanted.must_staple)
            .map_err(|e| Refusal::Own(format!("no request can be made for these names: {e}")))?;
        let (mut pace, mut misses) = (deadline.pace(), 0);
        let mut asked = asked;
        loop {
            let step = if asked {
                deadline.bound(order.refresh()).await.map(|_| ())
            } else {
                deadline.bound(order.finalize_csr(csr.der())).await
            };
            match step {
                Ok(()) => (asked, misses) = (true, 0),
                // Not every CA has it ready with its last authorization; and one that was asked twice is not any more.
                Err(refusal) if !asked && refusal.is("orderNotReady") => {
                    deadline.bound(order.refresh()).await?;
                    asked = matches!(order.state().status, OrderStatus::Processing | OrderStatus::Valid);
                    if order.state().status == OrderStatus::Invalid {
                        return Err(refusal);
                    }
                }
                Err(refusal) if !asked => return Err(refusal),
                Err(refusal) => {
                    misses += 1;
                    if misses == MISSES {
                        return Err(refusal);
                    }
                }
            }
            match order.state().status {
                OrderStatus::Valid => return self.chain(order, wanted, deadline).await,
                OrderStatus::Invalid => return Err(problem(order)),
                _ => {}
            }
            let again = seam.wait();
            if !pace.wait(again).await {
                let status = if asked { "processing" } else { "pending" };
                return Err(deadline.unfinished(status, again));
            }
        }
    }
}

fn written(identifier: &Identifier) -> String {
    identifier.authorized(false).to_string()
}

/// Why an order is invalid.
fn problem(order: &mut Order) -> Refusal {
    let untold = || Problem { detail: "the order is invalid".into(), ..Problem::default() };
    Refusal::Problem(Box::new(order.state().error.as_ref().map_or_else(untold, of)))
}

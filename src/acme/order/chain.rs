//! The certificate with its chain, and of several chains the one that is wanted.

use instant_acme::Order;
use x509_parser::pem::Pem;

use super::Wanted;
use super::pace::Deadline;
use crate::acme::account::Account;
use crate::acme::refusal::{Refusal, links};
use crate::facts::net::CaFault;

impl Account {
    /// The chain in PEM: the one whose last certificate was issued by the preferred issuer, as certbot chooses, and the CA's own
    /// choice where none was or nothing is preferred. <https://www.rfc-editor.org/rfc/rfc8555#section-7.4.2>
    pub(super) async fn chain(
        &self,
        order: &mut Order,
        wanted: &Wanted<'_>,
        deadline: &Deadline,
    ) -> Result<String, Refusal> {
        let chain = deadline.bound(order.certificate()).await?;
        let chain = chain.filter(|chain| is_chain(chain));
        let chain =
            chain.ok_or_else(|| CaFault::NoAcme("what the CA gives as certificate is none".into()))?;
        let (Some(preferred), Some(url)) = (wanted.preferred_chain, &order.state().certificate) else {
            return Ok(chain);
        };
        if top_issuer(&chain).as_deref() == Some(preferred) {
            return Ok(chain);
        }
        let reply = deadline.bound(self.post(url, "")).await?;
        for (_, url) in links(&reply).iter().filter(|(relation, _)| relation == "alternate") {
            // The certificate is there: what cannot be had of its other chains costs nothing.
            let Ok(reply) = deadline.bound(self.post(url, "")).await else { continue };
            let other = String::from_utf8_lossy(&reply.body);
            if is_chain(&other) && top_issuer(&other).as_deref() == Some(preferred) {
                return Ok(other.into_owned());
            }
        }
        tracing::warn!("the CA has no chain that ends with {preferred:?}: its own choice is taken");
        Ok(chain)
    }
}

fn is_chain(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----")
}

/// Who issued the last certificate of a chain, by the common name.
fn top_issuer(chain: &str) -> Option<String> {
    let last = Pem::iter_from_buffer(chain.as_bytes()).filter_map(Result::ok).last()?;
    let certificate = last.parse_x509().ok()?;
    certificate.issuer().iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

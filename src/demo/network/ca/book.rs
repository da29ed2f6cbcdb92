//! What the CA remembers: accounts, orders, authorizations and certificates. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1>

use serde_json::{Value, json};

use super::jws::Jwk;
use super::refusal::Refusal;
use crate::facts::Problem;

/// All of it; everything is named by its place.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The orders.
    pub orders: Vec<Order>,
    /// The authorizations, each with its one challenge.
    pub authorizations: Vec<Authorization>,
}

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    /// Its key.
    pub key: Jwk,
    /// URLs that a CA could write to.
    pub contact: Value,
    /// The client gave it up.
    pub deactivated: bool,
}

/// An order.
#[derive(Debug)]
pub(super) struct Order {
    /// Whose it is.
    pub account: usize,
    /// The names, sorted.
    pub names: Vec<String>,
    /// Its authorizations.
    pub authorizations: Vec<usize>,
    /// When it is over.
    pub expires: String,
    /// The certificate with its chain, in PEM.
    pub certificate: Option<String>,
}

/// An authorization.
#[derive(Debug)]
pub(super) struct Authorization {
    /// Whose it is.
    pub account: usize,
    /// The name.
    pub name: String,
    /// What its challenge asks for.
    pub token: String,
    /// When it is over.
    pub expires: String,
    /// How far it has come.
    pub state: State,
}

/// How far an authorization has come. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.6>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody told the CA to look.
    Pending,
    /// The CA looks.
    Processing,
    /// The CA found what it looked for.
    Valid,
    /// The CA did not.
    Invalid(Problem),
    /// The client gave it up.
    Deactivated,
}

impl Book {
    /// How far an order has come.
    pub fn status(&self, order: &Order) -> &'static str {
        let mut states = order.authorizations.iter().filter_map(|at| self.authorizations.get(*at));
        if order.certificate.is_some() {
            return "valid";
        }
        match states.clone().any(|one| matches!(one.state, State::Invalid(_) | State::Deactivated)) {
            true => "invalid",
            false if states.all(|one| one.state == State::Valid) => "ready",
            false => "pending",
        }
    }

    /// An order of this account.
    pub fn order(&self, at: usize, account: usize) -> Result<&Order, Refusal> {
        let order = self.orders.get(at).filter(|order| order.account == account);
        order.ok_or_else(|| Refusal::not_found(format!("No order for ID {at}")))
    }

    /// An authorization of this account.
    pub fn authorization(&mut self, at: usize, account: usize) -> Result<&mut Authorization, Refusal> {
        let authorization = self.authorizations.get_mut(at).filter(|one| one.account == account);
        authorization.ok_or_else(|| Refusal::not_found("No such authorization"))
    }

    /// An order's document. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.3>
    pub fn order_document(&self, at: usize, order: &Order, base: &str) -> Value {
        let mut document = json!({
            "status": self.status(order),
            "expires": order.expires,
            "identifiers": order.names.iter().map(|name| identifier(name)).collect::<Vec<_>>(),
            "authorizations": order.authorizations.iter().map(|at| format!("{base}/authz/{at}")).collect::<Vec<_>>(),
            "finalize": format!("{base}/order/{at}/finalize"),
        });
        if let (Some(_), Some(members)) = (&order.certificate, document.as_object_mut()) {
            members.insert("certificate".into(), json!(format!("{base}/order/{at}/certificate")));
        }
        document
    }
}

impl Account {
    /// Its document. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.2>
    pub fn document(&self) -> Value {
        let status = if self.deactivated { "deactivated" } else { "valid" };
        json!({"status": status, "contact": self.contact})
    }
}

impl Authorization {
    /// Its document. <https://www.rfc-editor.org/rfc/rfc8555#section-7.1.4>
    pub fn document(&self, at: usize, base: &str) -> Value {
        let status = match &self.state {
            State::Pending | State::Processing => "pending",
            State::Valid => "valid",
            State::Invalid(_) => "invalid",
            State::Deactivated => "deactivated",
        };
        json!({
            "status": status,
            "expires": self.expires,
            "identifier": identifier(&self.name),
            "challenges": [self.challenge(at, base)],
        })
    }

    /// Its challenge's document. <https://www.rfc-editor.org/rfc/rfc8555#section-8.3>
    pub fn challenge(&self, at: usize, base: &str) -> Value {
        let status = match &self.state {
            State::Pending | State::Deactivated => "pending",
            State::Processing => "processing",
            State::Valid => "valid",
            State::Invalid(_) => "invalid",
        };
        let url = format!("{base}/chall/{at}");
        let mut document = json!({"type": "http-01", "status": status, "url": url, "token": self.token});
        if let (State::Invalid(problem), Some(members)) = (&self.state, document.as_object_mut()) {
            // As Boulder does.
            let status = if problem.kind() == "unauthorized" { 403 } else { 400 };
            let error = json!({"type": problem.r#type, "detail": problem.detail, "status": status});
            members.insert("error".into(), error);
        }
        document
    }
}

fn identifier(name: &str) -> Value {
    json!({"type": "dns", "value": name})
}

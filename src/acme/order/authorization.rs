//! One authorization: what the CA says of one identifier.

use std::time::Duration;

use instant_acme::{AuthorizationState, AuthorizationStatus, Challenge, ChallengeStatus, ChallengeType};

use super::outcome::Identified;
use super::pace::Deadline;
use super::{Answer, Method, normal};
use crate::acme::account::Account;
use crate::acme::key::AccountKey;
use crate::acme::refusal::{MAX_FAULT, Refusal, plain, retry_after};
use crate::acme::seam::of;
use crate::facts::Problem;
use crate::facts::net::CaFault;

/// How often in a row the CA may fail to say how it is.
const MISSES: usize = 5;

/// The longest token that is taken. <https://www.rfc-editor.org/rfc/rfc8555#section-8.3> asks for 128 bits at least.
const MAX_TOKEN: usize = 256;

/// An authorization as the CA shows it.
pub(super) struct Authorization {
    pub(super) url: String,
    /// The challenge that is answered.
    pub(super) method: Method,
    state: AuthorizationState,
}

impl Authorization {
    /// The identifier, with `*.` where it is a wildcard.
    pub(super) fn identifier(&self) -> String {
        normal(&self.state.identifier().to_string())
    }

    /// What has to be published for it; `None` where nothing is to be or can be.
    pub(super) fn answer(&self, key: &AccountKey) -> Option<Answer> {
        let token =
            self.challenge().filter(|_| self.is_pending()).map(|challenge| challenge.token.clone())?;
        let key_authorization = format!("{token}.{}", key.thumbprint());
        is_token(&token).then(|| Answer {
            method: self.method,
            identifier: self.identifier(),
            token,
            key_authorization,
        })
    }

    pub(super) fn is_pending(&self) -> bool {
        self.state.status == AuthorizationStatus::Pending
    }

    /// Whether it is valid, and would be validated over HTTP-01 if it were not.
    pub(super) fn could_be_validated_anew(&self) -> bool {
        self.state.status == AuthorizationStatus::Valid && !self.state.wildcard
    }

    fn challenge(&self) -> Option<&Challenge> {
        let kind = match self.method {
            Method::Http01 => ChallengeType::Http01,
            Method::Dns01 => ChallengeType::Dns01,
            Method::TlsAlpn01 => ChallengeType::TlsAlpn01,
        };
        self.state.challenges.iter().find(|challenge| challenge.r#type == kind)
    }

    /// Why it failed.
    fn problem(&self) -> Refusal {
        let errors = self.challenge().into_iter().chain(&self.state.challenges);
        let problem = errors.flat_map(|challenge| &challenge.error).next().map(of);
        let status = self.status();
        let untold = || Problem { detail: format!("the authorization is {status}"), ..Problem::default() };
        Refusal::Problem(Box::new(problem.unwrap_or_else(untold)))
    }

    fn status(&self) -> &'static str {
        match self.state.status {
            AuthorizationStatus::Pending => match self.challenge().map(|challenge| challenge.status) {
                Some(ChallengeStatus::Processing) => "processing",
                _ => "pending",
            },
            AuthorizationStatus::Valid => "valid",
            AuthorizationStatus::Invalid => "invalid",
            AuthorizationStatus::Revoked => "revoked",
            AuthorizationStatus::Expired => "expired",
            AuthorizationStatus::Deactivated => "deactivated",
        }
    }

    /// What it says once the CA was told to look; `None` as long as that goes on.
    fn judged(&self) -> Option<Identified> {
        match self.state.status {
            AuthorizationStatus::Valid => Some(Identified::Validated { anew: true }),
            AuthorizationStatus::Pending => {
                let challenge = self.challenge()?;
                // A challenge that fails and stays pending waits for the client to ask again: Caddy's do.
                // <https://www.rfc-editor.org/rfc/rfc8555#section-8.2>
                let failed = challenge.error.is_some() && challenge.status != ChallengeStatus::Processing;
                failed.then(|| Identified::Failed(self.problem()))
            }
            _ => Some(Identified::Failed(self.problem())),
        }
    }
}

impl Account {
    /// Looks at an authorization; with it comes when to look again.
    pub(super) async fn look(
        &self,
        url: &str,
        deadline: &Deadline,
    ) -> Result<(Authorization, Option<Duration>), Refusal> {
        let reply = deadline.bound(self.post(url, "")).await?;
        let state = serde_json::from_slice(&reply.body).map_err(|error| {
            CaFault::NoAcme(plain(&format!("{url} is no authorization: {error}"), MAX_FAULT))
        })?;
        let method = Method::default();
        Ok((
            Authorization { url: url.to_owned(), method, state },
            retry_after(&reply).map(Duration::from_secs),
        ))
    }

    /// What the CA says in the end, and whether the authorization stays pending.
    pub(super) async fn settle(
        &self,
        authorization: &Authorization,
        deadline: &Deadline,
    ) -> (Identified, bool) {
        match (authorization.state.status, authorization.challenge()) {
            (AuthorizationStatus::Valid, _) => {
                let anew = self.authorizations.was_told(&authorization.url);
                (Identified::Validated { anew }, false)
            }
            (AuthorizationStatus::Pending, None) => {
                let offered = authorization.state.challenges.iter().map(|c| name(&c.r#type)).collect();
                (Identified::Unsolved(offered), true)
            }
            (AuthorizationStatus::Pending, Some(challenge)) if !is_token(&challenge.token) => {
                let why = "the CA's token is none: letters, digits, `-` and `_`";
                (Identified::Failed(CaFault::NoAcme(why.into()).into()), true)
            }
            (AuthorizationStatus::Pending, Some(challenge)) => {
                self.prove(authorization, challenge, deadline).await
            }
            _ => (Identified::Failed(authorization.problem()), false),
        }
    }

    /// Tells the CA to look, and waits for what it sees.
    async fn prove(
        &self,
        Authorization { url, method, .. }: &Authorization,
        challenge: &Challenge,
        deadline: &Deadline,
    ) -> (Identified, bool) {
        let first = self.authorizations.tell(url);
        let told = deadline.bound(self.post(&challenge.url, "{}")).await;
        let (mut pace, mut misses) = (deadline.pace(), 0);
        let mut wait = told.as_ref().ok().and_then(retry_after).map(Duration::from_secs);
        // Some CAs look before they answer.
        let told_now =
            told.as_ref().ok().and_then(|reply| serde_json::from_slice::<Challenge>(&reply.body).ok());
        let mut at_once = told_now.is_none_or(|now| {
            now.error.is_some() || matches!(now.status, ChallengeStatus::Valid | ChallengeStatus::Invalid)
        });
        let mut last = None;
        loop {
            if !at_once && !pace.wait(wait).await {
                // What a CA that looks again and again saw last is of more worth than that it goes on.
                let end = last.unwrap_or_else(|| deadline.unfinished("pending", wait));
                return (Identified::Failed(end), true);
            }
            at_once = false;
            let seen = match self.look(url, deadline).await {
                Ok((seen, again)) => {
                    (misses, wait) = (0, again);
                    Authorization { method: *method, ..seen }
                }
                Err(refusal) => {
                    misses += 1;
                    wait = refusal.problem().and_then(|problem| problem.retry_after).map(Duration::from_secs);
                    if misses == MISSES {
                        return (Identified::Failed(refusal), true);
                    }
                    continue;
                }
            };
            if let Some(judged) = seen.judged() {
                return (judged, seen.is_pending());
            }
            match &told {
                // Another order may have told it before; then the CA is looking, or has looked.
                Err(refusal) if first && seen.status() == "pending" => {
                    return (Identified::Failed(refusal.clone()), true);
                }
                _ => {}
            }
            let error = seen.challenge().is_some_and(|challenge| challenge.error.is_some());
            last = Some(if error { seen.problem() } else { deadline.unfinished(seen.status(), wait) });
        }
    }
}

/// Whether a text can be a token, and a file's name. <https://www.rfc-editor.org/rfc/rfc8555#section-8.3>
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(fits)
}

fn name(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Http01 => "http-01".into(),
        ChallengeType::Dns01 => "dns-01".into(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".into(),
        ChallengeType::Unknown(name) => plain(name, 50),
        other => format!("{other:?}"),
    }
}

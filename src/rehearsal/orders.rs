//! The orders of a rehearsal, by the directory that they are placed at.

use std::path::Path;
use std::sync::Arc;

use super::ca::{self, AtCa, certbots_keys};
use super::news::Hear;
use super::{Case, Plan, Publisher, Target, Untested};
use crate::acme::{AccountKey, Client, ExternalAccount, NewAccount};
use crate::ca::staging;
use crate::facts::{HostFacts, Lineage};
use crate::gather::fs::Root;
use crate::gather::net::Net;

/// The orders of one directory.
#[derive(Debug)]
pub struct Orders {
    server: String,
    /// Those of certbot's accounts there.
    keys: Vec<AccountKey>,
    /// What certbot's cli.ini has to bind a new account to a customer of the CA.
    external: Option<ExternalAccount>,
    cases: Vec<Case>,
}

impl Orders {
    /// The order of names that have no lineage, and so no account of certbot.
    pub fn of_names(plan: &Plan, server: &str) -> Self {
        Self {
            server: server.to_owned(),
            keys: Vec::new(),
            external: ca::external(&Root::live()),
            cases: vec![Case::of_names(plan.targets.clone())],
        }
    }

    /// The orders that renewals would be: at this directory, or at the one that the CA of each lineage has for tests. What has none is
    /// noted in the plan.
    pub fn of_lineages(
        plan: &mut Plan,
        lineages: &[Lineage],
        host: &HostFacts,
        root: &Root,
        server: Option<&str>,
    ) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for lineage in lineages {
            let of = |target: &&Target| target.lineage.as_ref() == Some(&lineage.name);
            let targets: Vec<Target> = plan.targets.iter().filter(of).cloned().collect();
            if targets.is_empty() {
                continue;
            }
            let own = lineage.asks(host).unwrap_or_default();
            let Some(server) = server.or_else(|| staging(own)) else {
                let what = format!("{own} has no directory for tests: --server URL tries any");
                plan.untested.push(Untested { lineage: Some(lineage.name.clone()), what, matters: false });
                continue;
            };
            let case = match Case::of(lineage, host, targets) {
                Ok(case) => case,
                Err(what) => {
                    plan.untested.push(Untested { lineage: Some(lineage.name.clone()), what, matters: true });
                    continue;
                }
            };
            match all.iter_mut().find(|orders| orders.server == server) {
                Some(orders) => orders.cases.push(case),
                None => {
                    let keys = certbots_keys(host, server, root);
                    let external = ca::external(root);
                    all.push(Self { server: server.to_owned(), keys, external, cases: vec![case] });
                }
            }
        }
        all
    }

    /// Places them all at once.
    pub async fn place(self, net: &Net, publisher: &mut Publisher, state_dir: &Path, hear: Hear<'_>) -> AtCa {
        let Self { server, keys, external, cases } = self;
        let untested = |what: String| AtCa {
            untested: vec![Untested { lineage: None, what, matters: true }],
            ..AtCa::default()
        };
        let transport = match net.way(&Root::live()) {
            Ok(transport) => transport,
            Err(fault) => return untested(format!("{server}: {fault}")),
        };
        let client = match Client::open(transport, &server).await {
            Ok(client) => Arc::new(client),
            Err(fault) => return untested(format!("{server}: {fault}")),
        };
        let new = NewAccount { external: external.as_ref(), ..NewAccount::default() };
        match ca::account(client.clone(), keys, &new, state_dir, &server).await {
            Ok(account) => ca::run(&cases, (&account, &client), &server, publisher, hear).await,
            Err(refusal) => untested(format!("{server} gives no account: {}", ca::no_account(&refusal))),
        }
    }
}

//! The local rehearsal: tokens are published, and walked to from this host by the CA's rules. No CA is asked.

use std::path::{Path, PathBuf};

use super::verdict::cause;
use super::{Means, Target, Untested};
use crate::challenge::journal::Journal;
use crate::challenge::webroot;
use crate::error::Error;
use crate::facts::net::Walk;
use crate::facts::{Attempt, Said, Vantage};
use crate::gather::certbot::shut_by;
use crate::gather::fs::Root;
use crate::gather::net::http01::random_token;
use crate::gather::net::{Net, Planted};

/// The type of problem that a failed validation has at the CA.
const UNAUTHORIZED: &str = "urn:ietf:params:acme:error:unauthorized";
const CONNECTION: &str = "urn:ietf:params:acme:error:connection";
const DNS: &str = "urn:ietf:params:acme:error:dns";

/// What the local rehearsal brings.
#[derive(Debug, Default)]
pub struct Local {
    /// One attempt a target that could be tried.
    pub attempts: Vec<Attempt>,
    /// What could not.
    pub untested: Vec<Untested>,
    /// The walks, by lineage and identifier.
    pub walks: Vec<(Target, Walk)>,
    /// What an earlier run had left behind, and is removed now.
    pub swept: Vec<PathBuf>,
    /// The signal that ended it early.
    pub stopped: Option<u8>,
}

/// Publishes a token for each target, walks to all of them at once, and takes the tokens back.
///
/// # Errors
/// Nothing can be published, since the journal cannot be written.
pub fn run(targets: &[Target], net: &Net, state_dir: &Path) -> Result<Local, Error> {
    let (mut journal, swept) = Journal::begin(state_dir)?;
    let mut local = Local { swept, ..Local::default() };
    let mut planted = Vec::new();
    for target in targets {
        let ask = ask(target)?;
        let published = match &target.means {
            Means::Webroot(root) => webroot::plant(&mut journal, root, &ask.token, &ask.key_authorization)
                .map_err(|e| e.to_string()),
            Means::Standalone | Means::Behind(_) => Err("not built yet".into()),
        };
        match published {
            Ok(_) => planted.push((target, ask)),
            Err(why) => local.untested.push(Untested {
                lineage: target.lineage.clone(),
                what: format!("{}: its token cannot be published: {why}", target.identifier),
                matters: true,
            }),
        }
    }
    let asks: Vec<Planted> = planted.iter().map(|(_, ask)| ask.clone()).collect();
    let walks = net.rehearse(&asks).unwrap_or_else(|signal| {
        local.stopped = Some(signal);
        Vec::new()
    });
    for ((target, _), walk) in planted.iter().zip(walks) {
        match walk {
            Ok(walk) => {
                local.attempts.push(attempt(target, &walk));
                local.walks.push(((*target).clone(), walk));
            }
            Err(missing) => local.untested.push(Untested {
                lineage: target.lineage.clone(),
                what: format!("{}: {missing}", target.identifier),
                matters: true,
            }),
        }
    }
    for (path, error) in journal.end() {
        let what = format!("{} could not be removed: {error}", path.display());
        local.untested.push(Untested { lineage: None, what, matters: true });
    }
    Ok(local)
}

/// A token and a key authorization that are like the CA's.
fn ask(target: &Target) -> Result<Planted, Error> {
    let random = || random_token().map_err(|_| Error::new("the system gives no random bytes"));
    let (token, thumbprint) = (random()?, random()?);
    let key_authorization = format!("{token}.{thumbprint}");
    Ok(Planted { identifier: target.identifier.clone(), token, key_authorization })
}

fn attempt(target: &Target, walk: &Walk) -> Attempt {
    let shut = match &target.means {
        Means::Webroot(root) => shut_by(&Root::live(), root).is_some(),
        _ => false,
    };
    let problem = walk.words().map(|detail| {
        let kind = match &walk.fault {
            Some(crate::facts::net::Fault::NoAddress { .. }) => DNS,
            Some(fault) if fault.is_fetching() => CONNECTION,
            _ => UNAUTHORIZED,
        };
        Said { r#type: kind.to_owned(), detail }
    });
    Attempt {
        lineage: target.lineage.clone(),
        identifier: target.identifier.clone(),
        method: target.means.word().to_owned(),
        vantage: Vantage::ThisHost,
        ok: walk.fault.is_none(),
        id: cause(walk, &target.means, None, shut).map(str::to_owned),
        problem,
        hops: walk.hops.clone(),
    }
}

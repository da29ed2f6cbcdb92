//! The dry run of the sandbox's sites: each name as `acme-audit dry-run -d NAME -w DIR --server URL` would try it.

use std::time::Duration;

use super::network::{Network, SITES, Site};
use crate::challenge::Address;
use crate::error::Error;
use crate::facts::Egress;
use crate::gather::net::{Net, Options};
use crate::rehearsal::news::Hear;
use crate::rehearsal::run::{self, Stage};
use crate::rehearsal::{Means, Plan, Rehearsal};

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(60);

/// What was rehearsed, and where.
#[derive(Debug)]
pub struct Shown {
    /// The URL of the CA's directory.
    pub server: String,
    /// What came of it, in the order of the sites.
    pub rehearsal: Rehearsal,
}

/// Starts the network, tries every site, and stops it again; nothing is left. Each name is an order of its own: one that fails
/// fails the others of its order.
///
/// # Errors
/// The system gives no files, no threads or no sockets.
pub fn rehearse(hear: Hear<'_>) -> Result<Shown, Error> {
    let cannot = |e: std::io::Error| Error::new(format!("cannot start the sandbox's own servers: {e}"));
    let folder = tempfile::Builder::new().prefix("acme-audit-demo-").tempdir().map_err(cannot)?;
    let folder = folder.path();
    let network = Network::start(folder).map_err(cannot)?;
    let bundle = folder.join("ca.pem");
    std::fs::write(&bundle, &network.root).map_err(cannot)?;
    let net = Net::new(Options {
        resolver: Some(network.resolver),
        http_port: network.http_port,
        https_port: 443,
        allow_private: true,
        own: Egress::default(),
        ca_bundle: Some(bundle),
        deadline: WITHIN,
        progress: false,
    })?;
    let options = run::Options {
        port: network.http_port,
        respond_at: Address::Tcp((std::net::Ipv4Addr::LOCALHOST, 0).into()),
        state_dir: folder.join("state"),
        server: Some(network.directory.clone()),
        local: false,
        run_hooks: false,
        run_deploy_hooks: false,
    };
    let mut all = Rehearsal {
        attempts: Vec::new(),
        untested: Vec::new(),
        beside: Vec::new(),
        stopped: None,
        report: None,
    };
    for Site { name, webroot, .. } in SITES {
        let webroot = folder.join(webroot);
        std::fs::create_dir_all(&webroot).map_err(cannot)?;
        let plan = Plan::of_names(&[(*name).to_owned()], &Means::Webroot(webroot));
        let one = run::of_names(&plan, Stage { net: &net, options: &options, inherited: Vec::new(), hear })?;
        all.attempts.extend(one.attempts);
        all.untested.extend(one.untested);
        all.stopped = one.stopped;
        if all.stopped.is_some() {
            break;
        }
    }
    Ok(Shown { server: network.directory.clone(), rehearsal: all })
}

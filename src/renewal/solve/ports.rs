//! On which of its own ports a standalone lineage is proven: HTTP-01's where that is free, else that of https.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Solver;
use crate::challenge::listen::bind;
use crate::challenge::tls_alpn::Responder;
use crate::facts::{HTTP_01, HostFacts, Lineage, StandaloneAt, TLS_ALPN_01};
use crate::rehearsal::{Publisher, Unpublished};

/// How long a port is waited for that a pre hook may have freed, and how often it is tried: servers end some time after they were told
/// to.
const FREED_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(250);

/// The ports, as far as they are open, for the orders of a round; pre hooks have run by then.
pub struct Ports<'a> {
    http: &'a mut Publisher,
    https: (u16, Option<Result<Arc<Responder>, Unpublished>>),
    /// Who has ports of HTTP-01 that were tried.
    taken: BTreeMap<StandaloneAt, Obstacle>,
    /// Until when those that are taken may still be freed.
    until: Instant,
}

/// How a lineage is proven.
#[derive(Default)]
pub struct Chosen {
    /// What answers; `None` for HTTP-01, which the publisher answers.
    pub solver: Option<Solver>,
    /// Why it is not the way that comes first.
    pub note: Option<String>,
}

/// Why a port does not do.
#[derive(Clone)]
struct Obstacle {
    port: u16,
    why: Unpublished,
}

impl<'a> Ports<'a> {
    /// Nothing is opened yet; `hooked` says that pre hooks have run.
    pub fn new(http: &'a mut Publisher, https: u16, hooked: bool) -> Self {
        let patience = if hooked { FREED_WITHIN } else { Duration::ZERO };
        Self { http, https: (https, None), taken: BTreeMap::new(), until: Instant::now() + patience }
    }

    /// Opens the first port that can be, of those on which a lineage may be proven; needs tokio's runtime.
    ///
    /// # Errors
    /// Who has all of them.
    pub async fn choose(&mut self, lineage: &Lineage, host: &HostFacts) -> Result<Chosen, String> {
        let ways = lineage.on_own_ports(host);
        if ways.is_empty() {
            return Ok(Chosen::default());
        }
        let mut obstacles = Vec::new();
        for way in &ways {
            let tried = match *way {
                TLS_ALPN_01 => self.over_tls().await.map(Some),
                _ => self.over_http(host.standalone_at(lineage)).await.map(|()| None),
            };
            match tried {
                Ok(solver) => {
                    let note = self.note(solver.is_some(), &obstacles);
                    return Ok(Chosen { solver, note });
                }
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
        Err(failure(&ways, &obstacles))
    }

    /// Only a port that somebody else has is an obstacle: any other failure is told with the order.
    async fn over_http(&mut self, at: StandaloneAt) -> Result<(), Obstacle> {
        if let Some(taken) = self.taken.get(&at) {
            return Err(taken.clone());
        }
        match patiently(self.until, || self.http.open_port(at)).await {
            Err((port, why @ Unpublished::Taken(_))) => {
                let taken = Obstacle { port, why };
                self.taken.insert(at, taken.clone());
                Err(taken)
            }
            _ => Ok(()),
        }
    }

    async fn over_tls(&mut self) -> Result<Solver, Obstacle> {
        let (port, known) = &mut self.https;
        let opened = match known.take() {
            Some(opened) => opened,
            None => patiently(self.until, || open(*port).map_err(|why| (*port, why)))
                .await
                .map_err(|(_, why)| why),
        };
        match known.insert(opened) {
            Ok(responder) => Ok(Solver::over_tls(responder.clone())),
            Err(why) => Err(Obstacle { port: *port, why: why.clone() }),
        }
    }

    fn note(&self, over_tls: bool, obstacles: &[Obstacle]) -> Option<String> {
        let way = match over_tls {
            true => format!("over TLS-ALPN-01 on port {}", self.https.0),
            false => "over HTTP-01".to_owned(),
        };
        match obstacles {
            [] if over_tls => Some(format!("the preferred challenges put {TLS_ALPN_01} first: proven {way}")),
            [] => None,
            obstacles => Some(format!("{}: proven {way}", list(obstacles))),
        }
    }
}

/// Opens a port; until then again and again where somebody else has it.
async fn patiently<T>(
    until: Instant,
    mut open: impl FnMut() -> Result<T, (u16, Unpublished)>,
) -> Result<T, (u16, Unpublished)> {
    loop {
        match open() {
            Err((_, Unpublished::Taken(_))) if Instant::now() < until => sleep(BETWEEN).await,
            opened => return opened,
        }
    }
}

fn open(port: u16) -> Result<Arc<Responder>, Unpublished> {
    let sockets = bind(port).map_err(Unpublished::from)?;
    Responder::start(sockets).map(Arc::new).map_err(|e| Unpublished::Failed(e.to_string()))
}

fn failure(ways: &[&str], obstacles: &[Obstacle]) -> String {
    let restricted = match ways {
        [only] => format!(", and the preferred challenges leave {only} alone"),
        _ => String::new(),
    };
    let explained = match ways.contains(&HTTP_01) {
        true => " (acme-audit explain port80-taken-standalone)",
        false => "",
    };
    format!("{}{restricted}{explained}", list(obstacles))
}

fn list(obstacles: &[Obstacle]) -> String {
    let each = obstacles.iter().map(|Obstacle { port, why }| match why {
        Unpublished::Taken(holders) if holders.is_empty() => format!("port {port} is taken"),
        Unpublished::Taken(holders) => {
            let all: Vec<String> = holders.iter().map(ToString::to_string).collect();
            format!("port {port} is taken by {}", all.join(", "))
        }
        Unpublished::Denied(why) | Unpublished::Failed(why) => format!("port {port} cannot be opened: {why}"),
    });
    each.collect::<Vec<_>>().join("; ")
}

//! Many connections, few resources, and no peer that can keep another out.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::lock;

/// How long a connection is safe from being thrown out for a newer one.
const GRACE: Duration = Duration::from_millis(5);
/// How often something that has to wait for connections to end looks again.
const LOOK: Duration = Duration::from_millis(1);
/// How many connections are accepted before those that are there get their turn.
const BATCH: usize = 16;
/// How long an error of the whole process or host is waited out.
const PAUSE: Duration = Duration::from_millis(50);

/// What lets connections in, as many as may be open at once.
pub(super) struct Gate {
    open: Mutex<Open>,
    /// How many connections may be open.
    most: usize,
}

/// The connections that are open, by their number: the first is the oldest.
#[derive(Default)]
struct Open {
    last: u64,
    connections: BTreeMap<u64, (Instant, AbortHandle)>,
}

/// A connection's place, which is free again when its task is over, however that ends.
struct Place {
    gate: Arc<Gate>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.gate.open).connections.remove(&self.number);
    }
}

impl Gate {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), most })
    }

    /// Whether nobody is connected.
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.open).connections.is_empty()
    }

    /// Accepts without end: `next` waits for a connection, and gives what serves it.
    pub(super) async fn accept<N, S>(self: &Arc<Self>, next: impl Fn() -> N)
    where
        N: Future<Output = io::Result<S>>,
        S: Future<Output = ()> + Send + 'static,
    {
        loop {
            for _ in 0..BATCH {
                self.room().await;
                match next().await {
                    Ok(serve) => self.admit(serve),
                    // That peer is gone already.
                    Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                    // Too many open files, no memory: the next attempt would fail at once.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Ends all connections, and waits until they are.
    pub(super) async fn shut(&self) {
        lock(&self.open).connections.values().for_each(|(_, connection)| connection.abort());
        while !self.is_idle() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a connection could be taken without throwing out one that has hardly begun.
    async fn room(&self) {
        let is_full = || {
            let open = lock(&self.open);
            let oldest = open.connections.first_key_value();
            open.connections.len() >= self.most
                && oldest.is_some_and(|(_, (begun, _))| begun.elapsed() < GRACE)
        };
        while is_full() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Serves a connection. Where there are too many, the oldest goes: a peer who asks at once is answered long before
    /// it is the oldest, and one who waits does so at the cost of those who wait too.
    fn admit(self: &Arc<Self>, serve: impl Future<Output = ()> + Send + 'static) {
        let mut open = lock(&self.open);
        if open.connections.len() >= self.most
            && let Some((_, (_, oldest))) = open.connections.pop_first()
        {
            oldest.abort();
        }
        open.last += 1;
        let number = open.last;
        let place = Place { gate: Arc::clone(self), number };
        let task = tokio::spawn(async move {
            let _place = place;
            serve.await;
        });
        open.connections.insert(number, (Instant::now(), task.abort_handle()));
    }
}

//! How long orders take, and that nothing of them goes on when nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::world::{PEBBLE, Pebble, World, bundle};
use super::{account, client, names, wanted};

/// How long a byte takes from one end to the other in the second measurement.
const FAR: Duration = Duration::from_millis(25);

/// Pebble as it is seen through that.
const PEBBLE_FAR: &str = "https://localhost:14001/dir";

/// Makes Pebble seem far away, as long as the runtime lives, and counts connections to it.
async fn relay() -> Arc<AtomicUsize> {
    let connections: Arc<AtomicUsize> = Arc::default();
    let counted = connections.clone();
    let listener = TcpListener::bind("127.0.0.1:14001").await.expect("a port");
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let Ok(far) = TcpStream::connect("127.0.0.1:14000").await else { continue };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(carry(near_in, far_out));
            tokio::spawn(carry(far_in, near_out));
        }
    });
    connections
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (queue, mut queued) = tokio::sync::mpsc::unbounded_channel::<(tokio::time::Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, bytes)) = queued.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    let mut bytes = vec![0; 65_536];
    while let Ok(n @ 1..) = from.read(&mut bytes).await {
        let _ = queue.send((tokio::time::Instant::now() + FAR, bytes[..n].to_vec()));
    }
}

/// How long one order of two names takes at Pebble, and how long so many of them at once.
fn measure(world: &World, directory: &'static str, orders: usize) -> (Duration, Duration) {
    let (tell, told) = std::sync::mpsc::channel();
    world.run(move |web| async move {
        let connections = relay().await;
        let account = account(&client(directory, &bundle()).await).await;
        let order = async |n: usize| {
            let all = names(&[&format!("{n}.test"), &format!("www.{n}.test")]);
            let outcome = account.order(&wanted(&all), &web.all()).await;
            assert!(outcome.chain.is_some(), "{outcome:?}");
        };
        let begin = Instant::now();
        order(0).await;
        let one = begin.elapsed();
        let begin = Instant::now();
        join_all((0..orders).map(&order)).await;
        tell.send((one, begin.elapsed())).expect("the test waits");
        let connections = connections.load(Ordering::SeqCst);
        // Of some 130 requests, 20 are under way at once; the pool may begin a few connections more than it needs.
        assert!(connections <= 45, "connections are used again: {connections}");
    });
    let (one, all) = told.recv().expect("the times");
    println!("one order takes {one:?}, {orders} take {all:?}");
    (one, all)
}

#[test]
fn ten_orders_at_once_take_little_longer_than_one() {
    let Some(world) = Pebble::new().start() else { return };
    let (one, ten) = measure(&world, PEBBLE, 10);
    // A machine that is busy otherwise is given two seconds.
    assert!(ten < one.mul_f64(1.3) + Duration::from_secs(2), "one takes {one:?}, ten take {ten:?}");
    let (one, ten) = measure(&world, PEBBLE_FAR, 10);
    assert!(ten < one.mul_f64(1.3) + Duration::from_secs(2), "far away, one takes {one:?}, ten take {ten:?}");
}

#[test]
fn an_order_that_is_dropped_goes_no_further() {
    let Some(world) = Pebble::new().with("PEBBLE_VA_NOSLEEP=0").with("PEBBLE_VA_SLEEPTIME=15").start() else {
        return;
    };
    let log = world.work().join("ca.log");
    world.run(move |web| async move {
        let account = account(&client(PEBBLE, &bundle()).await).await;
        let all: Vec<String> = (0..20).map(|n| format!("{n}.test")).collect();
        let publisher = web.all();
        let end = timeout(Duration::from_secs(3), account.order(&wanted(&all), &publisher)).await;
        assert!(end.is_err() && web.calls() == 1, "it waits for the CA");
        let wait = async |millis| tokio::time::sleep(Duration::from_millis(millis)).await;
        let requests = || std::fs::read_to_string(&log).expect("the log").matches("calling handler").count();
        // What was under way has arrived.
        wait(300).await;
        let before = requests();
        wait(3_500).await;
        assert_eq!(requests(), before, "nothing is asked any more");
    });
}

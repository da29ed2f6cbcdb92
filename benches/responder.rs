//! What a valid request costs while thousands of peers hold or abuse connections: `cargo bench --bench responder [PEERS]`.
//!
//! A quarter each says nothing, sends its head a byte at a time, never reads what it asked for, and asks for tokens that
//! are not there; each connects anew when it is thrown out. The responder is the release build's, or the
//! program that `ACME_AUDIT` names.

// A bench that cannot go on panics.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use acme_audit::challenge::listen::bind_at;
use acme_audit::challenge::{Address, Responder};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const KEY_AUTHORIZATION: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const ASKS: usize = 200;
const EVERY: Duration = Duration::from_millis(50);

fn main() {
    let peers: usize = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(10_000);
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).expect("the limit of open files");
    let socket = bind_at(&"127.0.0.1:0".parse().expect("an address")).expect("a port");
    let Ok(Address::Tcp(address)) = socket.address() else { return };
    let program = std::env::var_os("ACME_AUDIT").unwrap_or_else(|| "target/release/acme-audit".into());
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
    let mut responder = Responder::start_program(&program, vec![socket]).expect("a responder");
    responder.plant(TOKEN, KEY_AUTHORIZATION).expect("planted");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut times = runtime.block_on(async {
        for kind in 0..peers {
            tokio::spawn(peer(address, kind % 4));
        }
        sleep(Duration::from_secs(2)).await;
        let mut times = Vec::new();
        for _ in 0..ASKS {
            sleep(EVERY).await;
            let begin = Instant::now();
            let answer = ask(address, TOKEN).await.unwrap_or_default();
            let right = answer.ends_with(KEY_AUTHORIZATION);
            times.push(if right { begin.elapsed() } else { Duration::MAX });
        }
        times
    });
    let wrong = times.iter().filter(|time| **time == Duration::MAX).count();
    times.sort_unstable();
    times.truncate(ASKS - wrong);
    let peak = peak(responder.pid());
    println!("{peers} hostile peers, {ASKS} valid requests: {wrong} not answered");
    if let (Some(most), Some(median)) = (times.last(), times.get(times.len() / 2)) {
        println!("median {median:.1?}, most {most:.1?}; the responder's peak: {peak}");
    }
    drop(runtime);
    responder.end();
}

/// The largest memory that a process has had, as the kernel says it.
fn peak(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".into(), |value| value.trim().to_owned())
}

async fn ask(address: SocketAddr, token: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head(token).as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn head(token: &str) -> String {
    format!("GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
}

/// One that connects for ever.
async fn peer(address: SocketAddr, kind: usize) {
    loop {
        let _ = abuse(address, kind).await;
        sleep(Duration::from_millis(200)).await;
    }
}

async fn abuse(address: SocketAddr, kind: usize) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut byte = [0];
    match kind {
        0 => drop(stream.read(&mut byte).await?),
        1 => {
            for letter in head(TOKEN).bytes().filter(|letter| *letter != b'\n').cycle() {
                stream.write_all(&[letter]).await?;
                sleep(Duration::from_millis(500)).await;
            }
        }
        2 => {
            stream.write_all(head(TOKEN).as_bytes()).await?;
            sleep(Duration::from_secs(30)).await;
        }
        _ => drop(ask(address, "nobodys-token").await?),
    }
    Ok(())
}

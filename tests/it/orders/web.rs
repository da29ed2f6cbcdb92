//! A web server of tokens.

use std::collections::{HashMap, HashSet};
use std::future::{Ready, ready};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use acme_audit::acme::Answer;

/// What it answers, and how often it was asked. Clones are the same server.
#[derive(Clone, Default)]
pub struct Web {
    tokens: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<HashSet<String>>>,
    calls: Arc<AtomicUsize>,
}

impl Web {
    /// Serves port 80 of the network of this thread, until the process ends.
    pub fn start() -> Self {
        let web = Self::default();
        for address in ["127.0.0.1:80", "[::1]:80"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let web = web.clone();
            thread::spawn(move || listener.incoming().flatten().for_each(|stream| web.serve(stream)));
        }
        web
    }

    /// How many tokens it was asked for. Pebble asks for each from three places.
    pub fn hits(&self) -> usize {
        self.asked.lock().expect("the tokens").len()
    }

    /// How often answers were published.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Publishes the answers for all identifiers but these.
    pub fn but(
        &self,
        without: &'static [&'static str],
    ) -> impl Fn(Vec<Answer>) -> Ready<Result<(), String>> + Sync {
        let web = self.clone();
        move |answers| {
            web.calls.fetch_add(1, Ordering::SeqCst);
            let served = answers.into_iter().filter(|answer| !without.contains(&answer.identifier.as_str()));
            let served = served.map(|answer| (answer.token, answer.key_authorization));
            web.tokens.lock().expect("the tokens").extend(served);
            ready(Ok(()))
        }
    }

    /// Publishes all answers.
    pub fn all(&self) -> impl Fn(Vec<Answer>) -> Ready<Result<(), String>> + Sync {
        self.but(&[])
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut bytes = [0; 4096];
        let n = stream.read(&mut bytes).unwrap_or(0);
        let head = String::from_utf8_lossy(&bytes[..n]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let token = path.strip_prefix("/.well-known/acme-challenge/").unwrap_or_default();
        self.asked.lock().expect("the tokens").insert(token.to_owned());
        let body = self.tokens.lock().expect("the tokens").get(token).cloned();
        let (status, body) = body.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }
}

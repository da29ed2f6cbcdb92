//! A web server: one behaviour for each name below `lies.example.org`. On port 443 it never answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Connections end after so long, whatever is wanted of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers connections for ever.
pub fn serve(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || converse(stream));
    }
}

fn converse(mut stream: TcpStream) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let name = asked(&stream)?;
    // A connection that ends with something unread is reset.
    if name == "reset" {
        return None;
    }
    let _ = stream.read(&mut [0; 4096]).ok()?;
    match name.as_str() {
        "closed" => {}
        // Headers, a byte at a time; then all of them, and no end.
        "drip" => {
            for byte in b"HTTP/1.1 200 OK\r\nX-Drip: ".iter().chain(std::iter::repeat(&b'x')) {
                stream.write_all(&[*byte]).ok()?;
                thread::sleep(Duration::from_millis(300));
            }
        }
        "headers" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            loop {
                stream.write_all(&b"X-More: and more\r\n".repeat(100)).ok()?;
            }
        }
        "body" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
            loop {
                stream.write_all(&[b'x'; 4096]).ok()?;
            }
        }
        // Less than it promised.
        "short" => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntoken").ok()?,
        // An interim answer before the true one (RFC 9110, section 15.2).
        "interim" => stream
            .write_all(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\ntoken.thumbprint",
            )
            .ok()?,
        // HTTP/2 to whom asked for HTTP/1.1: an empty SETTINGS frame.
        "http2" => stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).ok()?,
        "garbage" => stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n").ok()?,
        // Not a word.
        _ => {
            let _ = stream.read(&mut [0; 4096]);
        }
    }
    Some(())
}

/// The first label of the Host header, which is left unread; nothing where another protocol is spoken.
fn asked(stream: &TcpStream) -> Option<String> {
    let mut buffer = [0; 4096];
    for _ in 0..100 {
        let length = stream.peek(&mut buffer).ok()?;
        let text = String::from_utf8_lossy(buffer.get(..length)?).to_lowercase();
        if length == 0 {
            return None;
        }
        if !text.starts_with("get ") {
            return Some(String::new());
        }
        if text.contains("\r\n\r\n") {
            let host = text.lines().find_map(|line| line.strip_prefix("host:"))?.trim().to_owned();
            return host.split('.').next().map(str::to_owned);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

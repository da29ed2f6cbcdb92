//! What is answered, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::{KEY_AUTHORIZATION, TOKEN, is_right, on_loopback, request, send};

const PREFIX: &str = "/.well-known/acme-challenge/";

/// The answer without its Date line, which must be there.
fn without_date(answer: &str) -> String {
    let lines: Vec<_> = answer.split_inclusive("\r\n").collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("date: ")).count(), 1, "{answer}");
    lines.into_iter().filter(|line| !line.starts_with("date: ")).collect()
}

#[test]
fn a_planted_token_is_answered_exactly() {
    let (_responder, address) = on_loopback();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 87\r\n\
        connection: close\r\nserver: acme-audit\r\n\r\n";
    let get = request(TOKEN);
    assert_eq!(without_date(&send(address, &get)), format!("{head}{KEY_AUTHORIZATION}"));
    assert_eq!(without_date(&send(address, get.replace("GET", "HEAD"))), head);
}

#[test]
fn everything_else_is_404_or_405_or_400() {
    let (_responder, address) = on_loopback();
    let cases = [
        (format!("GET {PREFIX}{TOKEN} HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK"),
        (format!("GET http://a.test{PREFIX}{TOKEN} HTTP/1.1\r\nHost: b.test\r\n\r\n"), "HTTP/1.1 200 OK"),
        (format!("GET {PREFIX}{TOKEN}?a=b HTTP/1.1\r\nHost: a.test\r\n\r\n"), "HTTP/1.1 200 OK"),
        (
            format!("GET {PREFIX}{TOKEN} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody"),
            "HTTP/1.1 200 OK",
        ),
        (request("unknown"), "HTTP/1.1 404 Not Found"),
        (request(""), "HTTP/1.1 404 Not Found"),
        (request(&format!("{TOKEN}/")), "HTTP/1.1 404 Not Found"),
        (request(&format!("/{TOKEN}")), "HTTP/1.1 404 Not Found"),
        (request(&format!("{TOKEN}%20")), "HTTP/1.1 404 Not Found"),
        (request(&format!("..%2facme-challenge%2f{TOKEN}")), "HTTP/1.1 404 Not Found"),
        (request(&"a".repeat(4000)), "HTTP/1.1 404 Not Found"),
        (
            format!("GET /%2ewell-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 404 Not Found",
        ),
        (
            format!("GET //.well-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 404 Not Found",
        ),
        (format!("GET /x/..{PREFIX}{TOKEN} HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 404 Not Found"),
        ("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n".into(), "HTTP/1.1 404 Not Found"),
        ("GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n".into(), "HTTP/1.1 404 Not Found"),
        ("GET /etc/passwd HTTP/1.1\r\nHost: a.test\r\n\r\n".into(), "HTTP/1.1 404 Not Found"),
        (request(TOKEN).replace("GET", "POST"), "HTTP/1.1 405 Method Not Allowed"),
        (request(TOKEN).replace("GET", "FROBNICATE"), "HTTP/1.1 405 Method Not Allowed"),
        ("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n".into(), "HTTP/1.1 405 Method Not Allowed"),
        ("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n".into(), "HTTP/1.1 405 Method Not Allowed"),
        (format!("GET {PREFIX}{TOKEN}\r\n\r\n"), "HTTP/1.1 400 Bad Request"),
        (format!("GET {PREFIX}{TOKEN} HTTP/1.1\r\nHost a.test\r\n\r\n"), "HTTP/1.1 400 Bad Request"),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".into(), "HTTP/1.1 400 Bad Request"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n".into(), "HTTP/1.1 400 Bad Request"),
    ];
    for (sent, want) in cases {
        let answer = send(address, &sent);
        assert_eq!(answer.lines().next(), Some(want), "{sent:?}: {answer}");
        assert_eq!(answer.contains(KEY_AUTHORIZATION), want.ends_with("200 OK"), "{sent:?}: {answer}");
        assert!(!answer.to_lowercase().contains("keep-alive"), "{answer}");
        if want.contains("405") {
            assert!(answer.contains("\r\nallow: GET, HEAD\r\n"), "{answer}");
        }
    }
    // HTTP/2 with prior knowledge is not understood; nor does it do any harm.
    assert!(!send(address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").contains(" 200 "));
}

#[test]
fn a_connection_serves_one_request() {
    let (_responder, address) = on_loopback();
    let answer =
        send(address, request(TOKEN).replace("Connection: close", "Connection: keep-alive").repeat(2));
    assert!(is_right(&answer), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn a_head_of_a_megabyte_is_refused() {
    let (_responder, address) = on_loopback();
    let line =
        |n: usize| format!("GET {PREFIX}{TOKEN} HTTP/1.1\r\nHost: a.test\r\nX: {}\r\n\r\n", "x".repeat(n));
    assert!(is_right(&send(address, line(4_000))));
    for sent in
        [line(1_000_000), request(&"a".repeat(1_000_000)), "\r\n".repeat(500_000), "x".repeat(1_000_000)]
    {
        let answer = send(address, sent);
        // The rest of it may reset the connection before the answer is read.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(is_right(&send(address, request(TOKEN))));
}

#[test]
fn a_request_may_come_in_pieces_and_end_with_a_half_close() {
    let (_responder, address) = on_loopback();
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    for byte in request(TOKEN).bytes() {
        stream.write_all(&[byte]).expect("sent");
    }
    stream.shutdown(Shutdown::Write).expect("a half close");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(is_right(&answer), "{answer}");
}

#[test]
fn tokens_come_and_go_and_who_asked_is_told() {
    let (mut responder, address) = on_loopback();
    responder.plant("other", "first").expect("planted");
    responder.plant("other", "second").expect("planted again");
    assert!(send(address, request("other")).ends_with("\r\n\r\nsecond"));
    let forwarded =
        request(TOKEN).replace("Accept: */*", "X-Forwarded-For: 192.0.2.1\r\nUser-agent: ignored");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let from = stream.local_addr().expect("an address");
    assert!(is_right(&super::exchange(&mut stream, forwarded.as_bytes())));
    responder.remove("other").expect("removed");
    responder.remove("never planted").expect_err("no token");
    responder.remove("never-planted").expect("nothing to do");
    assert!(send(address, request("other")).starts_with("HTTP/1.1 404"));
    send(address, "GET /favicon.ico HTTP/1.1\r\nHost: a.test\r\n\r\n");
    responder.remove(TOKEN).expect("removed");
    let asked = responder.asked();
    let seen: Vec<_> = asked.iter().map(|a| (a.token.as_str(), a.answered)).collect();
    assert_eq!(seen, [("other", true), (TOKEN, true), ("other", false)]);
    let [_, by_proxy, direct] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(by_proxy.peer, Some(from));
    assert_eq!(by_proxy.forwarded_for.as_deref(), Some("192.0.2.1"));
    assert_eq!((direct.host.as_deref(), direct.user_agent.as_deref()), (Some("a.test"), Some("a CA")));
    assert_eq!(direct.forwarded_for, None);
    let age = jiff::Timestamp::now().duration_since(direct.at);
    assert!(age.as_secs().abs() < 60, "{age}");
}

#[test]
fn what_a_peer_says_of_itself_is_cut_and_cleaned() {
    let (mut responder, address) = on_loopback();
    let long = format!("\u{9b}31m{}\t\u{e9}", "x".repeat(3000));
    assert!(is_right(&send(address, request(TOKEN).replace("a CA", &long))));
    responder.remove(TOKEN).expect("removed");
    let agent = responder.asked()[0].user_agent.clone().expect("an agent");
    assert_eq!(agent, format!("31m{}", "x".repeat(253)));
}

//! What the servers that lie do, without a resolver between.

use super::{LIAR, RESOLVER, dig, owned, resolves};
use crate::net::{Place, world};

#[test]
fn every_lie_is_told() {
    let Some(world) = world() else { return };
    let ask = |question: &str| dig(world, LIAR, &format!("+norec +time=3 {question}"));
    let status = |question: &str| ask(question).status;
    assert_eq!(status("caa-servfail.test CAA"), "SERVFAIL");
    assert_eq!(status("caa-refused.test CAA"), "REFUSED");
    assert_eq!(status("caa-notimp.test CAA"), "NOTIMP");
    assert_eq!(status("servfail.test A"), "SERVFAIL");
    assert_eq!(status("refused.test A"), "REFUSED");
    assert_eq!(status("no-edns.test A +edns +noednsneg"), "FORMERR");
    assert_eq!(ask("no-edns.test A +noedns").answer, owned(&["A 45.45.45.80"]));
    assert_eq!(ask("slow.test A").answer, owned(&["A 45.45.45.80"]));
    let not_aa = ask("not-aa.test A");
    assert!(!not_aa.has("aa") && !not_aa.answer.is_empty(), "{}", not_aa.text);
    let upward = ask("upward.test A");
    assert!(!upward.has("aa") && upward.answer.is_empty() && upward.status == "NOERROR", "{}", upward.text);
    for (zone, said) in [
        ("silent.test", "timed out"),
        ("caa-dropped.test CAA", "timed out"),
        ("wrong-id.test", "ID mismatch"),
        ("wrong-question.test", "Question section mismatch"),
        ("lying-length.test", "malformed"),
        ("lying-counts.test", "malformed"),
        ("pointer-loop.test", "bad packet"),
        ("garbage.test", "bad packet"),
        ("tcp-closed.test", "end of file"),
        ("tcp-endless.test", "timed out"),
    ] {
        let text = ask(&format!("{zone} +time=1")).text;
        assert!(text.contains(said), "{zone} without {said:?}: {text}");
    }
    assert!(ask("tcp-only.test A +ignore").has("tc"));
    assert_eq!(ask("tcp-only.test A").answer, owned(&["A 45.45.45.80"]));
    assert_eq!(ask("many.test A").answer.len(), 2000);
    assert_eq!(ask("n7.endless-cname.test A").answer, owned(&["CNAME n8.endless-cname.test."]));
    assert!(ask("flood.test A").text.contains("ID mismatch"));
}

#[test]
fn the_resolver_survives_the_lies() {
    let Some(world) = world() else { return };
    for zone in ["servfail", "refused", "wrong-id", "pointer-loop", "garbage", "upward"] {
        resolves(world, &format!("{zone}.test A"), "SERVFAIL", &[]);
    }
    resolves(world, "tcp-only.test A", "NOERROR", &["A 45.45.45.80"]);
    resolves(world, "no-edns.test A", "NOERROR", &["A 45.45.45.80"]);
    resolves(world, "good.test A", "NOERROR", &["A 45.45.45.80"]);
}

#[test]
fn questions_are_counted() {
    let Some(world) = world() else { return };
    dig(world, LIAR, "counted.tcp-only.test A +norec");
    assert_eq!(world.liar.asked("counted.tcp-only.test"), 2, "once by UDP, once by TCP");
    assert!(dig(world, RESOLVER, "counted.no-edns.test A").status == "NOERROR");
    assert!(world.liar.asked("counted.no-edns.test") >= 1);
}

#[test]
fn web_servers_that_lie() {
    let Some(world) = world() else { return };
    for (name, says) in [
        ("mute", "timed out"),
        ("drip", "timed out"),
        ("reset", "reset by peer"),
        ("closed", "Empty reply"),
        ("short", "remaining to read"),
        ("http2", "HTTP/0.9"),
        ("garbage", "HTTP/0.9"),
        ("body", "timed out"),
    ] {
        let url = format!("http://{name}.lies.example.org/");
        let out = world
            .command(Place::Web, "curl")
            .args(["-sS", "-m", "1", "-o", "/dev/null", &url])
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.contains(says), "{name} without {says:?}: {text}");
    }
    let headers = "curl -sS -m 1 -o /dev/null http://headers.lies.example.org/ 2>&1 || true";
    assert!(world.sh(Place::Web, headers).starts_with("curl: "));
    assert_eq!(world.sh(Place::Web, "curl -fsS http://interim.lies.example.org/"), "token.thumbprint");
    let mute = world.sh(Place::Web, "curl -skS -m 1 https://mute.lies.example.org/ 2>&1 || true");
    assert!(mute.contains("timed out"), "{mute}");
}

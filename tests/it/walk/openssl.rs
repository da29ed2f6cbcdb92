//! A redirect to TLS as OpenSSL speaks it, with the ciphers, curves and keys that rustls has and those that it has not.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::*;

/// A server: its name, its kind of key, more of its options, and the CA's words.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Words that many rows end with.
const MET: &str = "";
const NO_COMMON: &str = "127.0.0.1: Fetching https://example.com/x: remote error: tls: handshake failure";
const UNREAD: &str = "127.0.0.1: Fetching https://example.com/x: Error getting validation data";

const RSA: &str = "rsa:2048";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

const SERVERS: &[Row] = &[
    ("as it is", RSA, &[], MET),
    ("1.2 as it is", RSA, &["-tls1_2"], MET),
    ("AES-128-CBC", RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], MET),
    ("AES-256-CBC", RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA"], MET),
    ("AES-128-CBC with ECDSA", P256, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], MET),
    ("AES-256-CBC with ECDSA", P256, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], MET),
    (
        "AES-256-CBC in many records",
        RSA,
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA", "-max_send_frag", "512"],
        MET,
    ),
    ("AES-128-CBC with SHA-256", RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], NO_COMMON),
    ("ChaCha20", RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"], MET),
    ("RSA key exchange", RSA, &["-tls1_2", "-cipher", "AES128-GCM-SHA256"], NO_COMMON),
    ("Diffie-Hellman without curves", RSA, &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], NO_COMMON),
    ("CCM", RSA, &["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], NO_COMMON),
    ("P-521 alone in 1.2", RSA, &["-tls1_2", "-curves", "P-521"], MET),
    ("P-521 alone in 1.3", RSA, &["-tls1_3", "-curves", "P-521"], MET),
    ("P-384 alone", RSA, &["-curves", "P-384"], MET),
    ("X448 alone", RSA, &["-curves", "X448"], NO_COMMON),
    ("a key on P-384", "ec -pkeyopt ec_paramgen_curve:P-384", &[], MET),
    ("a key on P-521", "ec -pkeyopt ec_paramgen_curve:P-521", &["-tls1_2"], MET),
    ("a key of Ed25519", "ed25519", &[], MET),
    ("a key of Ed448", "ed448", &[], NO_COMMON),
    ("a key of RSA-PSS", "rsa-pss", &["-tls1_2"], NO_COMMON),
    ("a key of 1024 bits", "rsa:1024", &["-cipher", "DEFAULT:@SECLEVEL=0"], MET),
    (
        "signatures with SHA-1 alone",
        RSA,
        &["-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "DEFAULT:@SECLEVEL=0"],
        NO_COMMON,
    ),
    (
        "1.1 alone",
        RSA,
        &["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"],
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: protocol version not supported",
    ),
    ("a certificate is asked for", RSA, &["-verify", "1"], MET),
    ("a certificate is wanted in 1.2", RSA, &["-tls1_2", "-Verify", "1"], NO_COMMON),
    (
        "a certificate is wanted in 1.3",
        RSA,
        &["-tls1_3", "-Verify", "1"],
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: certificate required",
    ),
    ("a certificate with a negative number", "rsa:2048 -set_serial -5", &[], UNREAD),
    (
        "a certificate with an unknown critical extension",
        "rsa:2048 -addext 1.2.3.4=critical,ASN1:UTF8String:x",
        &[],
        MET,
    ),
    ("a certificate signed with SHA-1", "rsa:2048 -sha1", &["-cipher", "DEFAULT:@SECLEVEL=0"], MET),
    ("no tickets and no extended secret", RSA, &["-tls1_2", "-no_ticket", "-no_etm"], MET),
];

/// A server that ends when it is dropped.
struct Running {
    server: Child,
    _told: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn openssl(folder: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder).stderr(Stdio::null());
    command
}

/// Makes a key and a certificate by itself.
fn certificate(folder: &Path, kind: &str) {
    let made = openssl(folder)
        .args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=expired.invalid", "-newkey"])
        .args(kind.split(' '))
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .status();
    assert!(made.expect("it was there").success(), "{kind}");
}

/// Starts a server that serves the folder; its port.
fn serve(folder: &Path, options: &[&str]) -> (Running, u16) {
    let server = openssl(folder)
        .args(["s_server", "-WWW", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem"])
        .args(options)
        .stdout(Stdio::piped())
        .spawn();
    let mut server = server.expect("it was there");
    let mut told = BufReader::new(server.stdout.take().expect("a pipe"));
    let port = told.by_ref().lines().map_while(Result::ok).find_map(|line| {
        let port = line.strip_prefix("ACCEPT 127.0.0.1:")?;
        port.parse().ok()
    });
    // Whoever no longer listens to it ends it.
    (Running { server, _told: told }, port.expect("it listens"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_s_server_is_reached_where_the_ca_reaches_it() {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        eprintln!("no openssl: nothing is tried");
        return;
    }
    let (mut wrong, mut folders) = (Vec::new(), HashMap::new());
    for (name, key, options, end) in SERVERS {
        let folder = folders.entry(*key).or_insert_with(|| {
            let folder = tempfile::tempdir().expect("a folder");
            certificate(folder.path(), key);
            std::fs::write(folder.path().join("x"), EXPECTED).expect("a file");
            folder
        });
        let (_server, https) = serve(folder.path(), options);
        let http = Server::start(HTTP, |_| redirect(301, "https://example.com/x")).await;
        let options = Options { https_port: https, ..self::options(&http) };
        let ask =
            Ask { identifier: "example.com", token: TOKEN, expected: Some(EXPECTED), options: &options };
        let walk = walk(&ask, &Names).await;
        let said = walk.words().unwrap_or_default();
        if !fits(&said, end, &walk.url) {
            wrong.push(format!("{name}: said {said:?}, not {end:?}: {:#?}", walk.last()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

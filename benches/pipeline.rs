//! The steps of the audit one by one: `cargo bench --bench pipeline`. Whole-process times are `benches/compare`'s.

// A bench that cannot go on panics.
#![allow(clippy::expect_used)]

use acme_audit::audit::judge;
use acme_audit::config::Config;
use acme_audit::gather::fs::Root;
use acme_audit::gather::{Host, Request, host, x509};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

const LINEAGES: usize = 200;

/// A healthy host below a temporary folder, which lives as long as the process.
fn tree(issuer: &str) -> Host {
    let mut manifest =
        format!("packaged debian-certbot-4.0\nca {issuer}\naccount as=main server=letsencrypt key=p256\n");
    for n in 0..LINEAGES {
        manifest.push_str(&format!("lineage l{n}.example certbot=4.0.0 ca={issuer} webroot=/var/www/html\n"));
    }
    manifest.push_str("dir /var/www/html\n");
    let folder = tempfile::tempdir().expect("a temporary folder").keep();
    let now = jiff::Timestamp::now();
    acme_audit::demo::build(&manifest, &folder, now).expect("a host");
    host(Request {
        root: Root::below(&folder).expect("a root"),
        config_dir: "/etc/letsencrypt".into(),
        work_dir: "/var/lib/letsencrypt".into(),
        logs_dir: "/var/log/letsencrypt".into(),
        now,
    })
}

/// One conf as certbot writes it.
#[divan::bench]
fn parse_a_conf(bencher: Bencher<'_, '_>) {
    let text = b"# renew_before_expiry = 30 days\nversion = 2.1.0\narchive_dir = /etc/letsencrypt/archive/a.example\n\
        cert = /etc/letsencrypt/live/a.example/cert.pem\n[renewalparams]\naccount = 0123456789abcdef0123456789abcdef\n\
        authenticator = webroot\nwebroot_path = /var/www/html,\nkey_type = ecdsa\n[[webroot_map]]\na.example = /var/www/html\n";
    bencher.bench(|| acme_audit::configobj::parse(divan::black_box(text)));
}

/// Reading lineages: files, certificates, key match, one signature each.
#[divan::bench(args = ["letsencrypt", "letsencrypt-rsa"], sample_count = 10)]
fn read_lineages(bencher: Bencher<'_, '_>, issuer: &str) {
    let host = tree(issuer);
    bencher
        .counter(ItemsCount::new(LINEAGES))
        .bench_local(|| (0..LINEAGES).filter_map(|at| host.lineage(at)).map(divan::black_box).count());
}

/// Judging lineages that were read: forecast and all checks.
#[divan::bench(sample_count = 10)]
fn judge_lineages(bencher: Bencher<'_, '_>) {
    let host = tree("letsencrypt");
    let lineages: Vec<_> = (0..LINEAGES).filter_map(|at| host.lineage(at)).collect();
    bencher.counter(ItemsCount::new(LINEAGES)).bench_local(|| {
        judge(&host.facts, LINEAGES, 1, |at| lineages.get(at).cloned())
            .report(host.facts.clone(), &Config::default())
    });
}

/// The forecast of three years for ten thousand lineages that were read; the firings are computed once.
#[divan::bench(sample_count = 10)]
fn forecast_ten_thousand(bencher: Bencher<'_, '_>) {
    let host = tree("letsencrypt");
    let lineages: Vec<_> = (0..LINEAGES).filter_map(|at| host.lineage(at)).collect();
    let rounds = 10_000 / LINEAGES;
    bencher.counter(ItemsCount::new(10_000usize)).bench_local(|| {
        // A copy starts without any firing.
        let facts = host.facts.clone();
        let all = (0..rounds).flat_map(|_| &lineages);
        all.filter_map(|lineage| acme_audit::forecast::forecast(lineage, &facts))
            .map(divan::black_box)
            .count()
    });
}

/// The public half of a P-256 key.
#[divan::bench]
fn read_a_key(bencher: Bencher<'_, '_>) {
    let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    bencher.bench(|| x509::private_key(divan::black_box(key.as_bytes())));
}

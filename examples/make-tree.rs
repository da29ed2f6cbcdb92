//! Builds a healthy host with many lineages, for the benches: `make-tree DIR COUNT [p384|rsa]`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (dir, count, ca) = match args.as_slice() {
        [dir, count] => (dir, count, "letsencrypt"),
        [dir, count, ca] if ca == "p384" => (dir, count, "letsencrypt"),
        [dir, count, ca] if ca == "rsa" => (dir, count, "letsencrypt-rsa"),
        _ => {
            eprintln!("usage: make-tree DIR COUNT [p384|rsa]");
            return ExitCode::from(3);
        }
    };
    let count: u32 = count.parse().unwrap_or(1);
    let mut manifest = format!("packaged debian-certbot-4.0\nca {ca}\naccount as=main server=letsencrypt\n");
    for n in 0..count {
        let _ = writeln!(
            manifest,
            "lineage l{n:06}.example names=l{n:06}.example,www.l{n:06}.example certbot=4.0.0 ca={ca} webroot=/var/www/html versions=2\n  \
             conf renew_hook = systemctl reload nginx"
        );
    }
    manifest.push_str("dir /var/www/html\nfile /usr/bin/systemctl mode=0755\n");
    match acme_audit::demo::build(&manifest, Path::new(dir), jiff::Timestamp::now()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(3)
        }
    }
}

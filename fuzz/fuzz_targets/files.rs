//! No content of a host's text files makes a gatherer panic: crontabs, units, server configurations, `cli.ini`.
#![no_main]

use std::fs;
use std::path::Path;

use acme_audit::gather::fs::Root;
use acme_audit::gather::{certbot, installs, schedule, webserver};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 13] = [
    "etc/crontab",
    "etc/cron.d/certbot",
    "etc/anacrontab",
    "etc/systemd/system/certbot.timer",
    "etc/systemd/system/certbot.service",
    "etc/nginx/nginx.conf",
    "etc/apache2/apache2.conf",
    "etc/haproxy/haproxy.cfg",
    "etc/postfix/main.cf",
    "etc/dovecot/dovecot.conf",
    "etc/letsencrypt/cli.ini",
    "etc/os-release",
    "var/lib/dpkg/status",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    let dir = Path::new("/dev/shm").join(format!("acme-audit-fuzz-{}", std::process::id()));
    let file = dir.join(FILES[usize::from(*which) % FILES.len()]);
    let _ = fs::create_dir_all(file.parent().unwrap_or(&dir));
    let _ = fs::write(&file, content);
    if let Ok(root) = Root::below(&dir) {
        let os = installs::os(&root);
        let _ = installs::installs(&root);
        let _ = schedule::triggers(&root, &os);
        let _ = webserver::servers(&root, Path::new("/etc/letsencrypt"));
        let _ = certbot::cli_ini(&root);
    }
    let _ = fs::remove_file(&file);
});

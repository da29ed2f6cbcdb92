//! Pebble and Caddy in a network of their own, with a name server that both ask.

use std::ffi::OsStr;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;

use crate::http01::place::{LABELS, Place};
use crate::lab::{START_CA, lab, skip};
use crate::namespaces::Namespaces;

/// Pebble's directory.
pub const PEBBLE: &str = "https://localhost:14000/dir";

/// Caddy's directory.
pub const CADDY: &str = "https://localhost:14443/acme/local/directory";

/// The name server.
pub const DNS: &str = "127.0.0.1:53";

const PARTS: [&str; 3] = ["/usr/bin/caddy", "/usr/bin/pebble", "/usr/bin/pebble-challtestsrv"];

/// Makes the network, and a memory for the CAs' files, and makes our name server the system's.
const UP: &str = r#"
set -eu
ca=$1 logs=/run dns=$2 default=
read -r pid _ </proc/self/stat
mount -t proc proc /proc
resolv=$(readlink -m /etc/resolv.conf)
mount -t tmpfs tmpfs /run
echo 'nameserver 127.0.0.1' >/run/resolv.conf
[ -e "$resolv" ] || { mkdir -p "${resolv%/*}" && touch "$resolv"; }
mount --bind /run/resolv.conf "$resolv"
ip link set lo up
ip -6 address show dev lo | grep -q inet6 || { echo 'no: needs IPv6' && exit 1; }
"#;

/// Starts Caddy with the certificate of Pebble's interface; then lives as long as its standard input.
const CADDY_UP: &str = r#"
cat >/run/Caddyfile <<E
{
    admin off
    auto_https off
    skip_install_trust
}
https://localhost:14443 {
    bind 127.0.0.1
    tls $ca/api.pem $ca/api.key
    acme_server
}
E
HOME=/run XDG_DATA_HOME=/run XDG_CONFIG_HOME=/run \
    caddy run --adapter caddyfile --config /run/Caddyfile >/run/caddy.log 2>&1 </dev/null &
up --cacert ca.pem https://localhost:14443/acme/local/directory
echo "ready $pid"
read -r _ || :
"#;

/// The CAs, or `None` after a word to standard error that this test is skipped.
pub fn start() -> Option<Namespaces> {
    let lab = lab()?;
    if let Some(part) = PARTS.iter().find(|part| !Path::new(part).exists()) {
        skip(&format!("needs {part}"));
        return None;
    }
    let script = format!("{UP}{START_CA}{CADDY_UP}");
    let ca = lab.ca();
    let args = ["-c".as_ref(), script.as_ref(), OsStr::new("sh"), ca.as_ref(), DNS.as_ref()];
    Namespaces::start(args).inspect_err(|why| skip(why)).ok()
}

/// The place of the behaviour with this number. Its addresses look public: no CA need make an exception.
pub fn place(number: u8) -> Place {
    let v4 = IpAddr::from([45, 45, 46, number]);
    let v6 = IpAddr::from([0x2a0e, 0x45, 0, 0, 0, 0, 0, u16::from(number)]);
    Place { v4, v6, http: 80, https: 443, other: 8080 }
}

/// The zone of the behaviour with this number. Its names exist below `.test` too.
pub fn zone(number: u8) -> String {
    format!("b{number}.example.com")
}

/// Gives the network the addresses of places, and the name server their names.
pub fn settle(namespaces: &Namespaces, numbers: impl Iterator<Item = u8>) {
    let (mut addresses, mut names) = (String::new(), String::new());
    let mut name = |action: &str, body: String| {
        let body = body.replace('"', "\\\"");
        names.push_str(&format!("next\nurl = \"http://127.0.0.1:8055/{action}\"\ndata = \"{body}\"\nfail\n"));
    };
    for number in numbers {
        let (place, zone) = (place(number), zone(number));
        addresses.push_str(&format!("addr add {}/32 dev lo\naddr add {}/128 dev lo\n", place.v4, place.v6));
        for label in LABELS {
            for address in place.addresses(label) {
                let action = if address.is_ipv6() { "add-aaaa" } else { "add-a" };
                for end in ["", ".test"] {
                    name(action, format!(r#"{{"host":"{label}.{zone}{end}","addresses":["{address}"]}}"#));
                }
            }
        }
        name("set-servfail", format!(r#"{{"host":"servfail.{zone}"}}"#));
    }
    feed(namespaces, &["ip", "-batch", "-"], &addresses);
    feed(namespaces, &["curl", "-sS", "-K", "-"], &names);
}

/// Runs a command that reads its work from standard input and must succeed.
fn feed(namespaces: &Namespaces, command: &[&str], input: &str) {
    let mut child = namespaces
        .command(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("nsenter");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
    assert!(child.wait().expect("its end").success(), "{command:?}");
}

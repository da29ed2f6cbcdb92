//! Orders at Caddy's `acme_server`: it validates before it answers, and leaves what failed pending for ever.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use acme_audit::acme::{Account, Identified, Key, KeyType, NewAccount, Wanted};

use super::world::{World, bundle};
use super::{ANEW, account, client, fresh_key, names, said, wanted};
use crate::lab::{lab, skip};
use crate::namespaces::Namespaces;

/// Caddy's directory.
pub const DIRECTORY: &str = "https://localhost:14443/acme/local/directory";

/// Makes the network, with a name server that is the system's too, and starts Caddy; then lives as long as its
/// standard input.
const UP: &str = r#"
set -eu
ca=$1 work=$2
read -r pid _ </proc/self/stat
ip link set lo up
resolv=$(readlink -m /etc/resolv.conf)
echo 'nameserver 127.0.0.1' >"$work/resolv.conf"
[ -e "$resolv" ] || { mount -t tmpfs tmpfs /run && mkdir -p "${resolv%/*}" && touch "$resolv"; }
mount --bind "$work/resolv.conf" "$resolv"
pebble-challtestsrv -dns01 127.0.0.1:53 -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' \
    -defaultIPv4 127.0.0.1 -defaultIPv6 '' >"$work/challtestsrv.log" 2>&1 </dev/null &
cat >"$work/Caddyfile" <<E
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
HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work \
    caddy run --adapter caddyfile --config "$work/Caddyfile" >"$work/ca.log" 2>&1 </dev/null &
up() { for _ in $(seq 200); do curl -s -o /dev/null "$@" && return; sleep 0.05; done; echo "no answer: $*" >&2; exit 1; }
up http://127.0.0.1:8055/
up --cacert "$ca/ca.pem" https://localhost:14443/acme/local/directory
echo "ready $pid"
read -r _ || :
"#;

/// Caddy and a web server; `None` after a word to standard error that this test is skipped.
fn start() -> Option<World> {
    namespaces().map(|(namespaces, work)| World::of(namespaces, work))
}

/// Caddy and the folder with its log; `None` as above.
pub fn namespaces() -> Option<(Namespaces, tempfile::TempDir)> {
    let lab = lab()?;
    for part in ["/usr/bin/caddy", "/usr/bin/pebble-challtestsrv"] {
        if !Path::new(part).exists() {
            skip(&format!("needs {part}"));
            return None;
        }
    }
    let (ca, work) = (lab.ca(), tempfile::tempdir().expect("a folder"));
    let args: [&OsStr; 5] = ["-c".as_ref(), UP.as_ref(), "sh".as_ref(), ca.as_ref(), work.path().as_ref()];
    match Namespaces::start(args) {
        Ok(namespaces) => Some((namespaces, work)),
        Err(why) => {
            skip(&why);
            None
        }
    }
}

#[test]
fn another_ca_is_ordered_from_alike() {
    let Some(world) = start() else { return };
    world.run(|web| async move {
        let client = client(DIRECTORY, &bundle()).await;
        let key = fresh_key();
        assert!(Account::find(client.clone(), key.clone()).await.expect("an answer").is_none());
        let made =
            Account::make(client.clone(), key.clone(), &NewAccount::default()).await.expect("an account");
        let account = Account::find(client, key).await.expect("an answer").expect("an account");
        assert_eq!(account.url(), made.url());
        let all = names(&["a.test", "b.test"]);
        for wanted in [
            wanted(&all),
            Wanted { fresh: true, ..wanted(&all) },
            Wanted { key: Key::ThrownAway(KeyType::Rsa2048), ..wanted(&all) },
        ] {
            let outcome = account.order(&wanted, &web.all()).await;
            assert_eq!((said(&outcome), outcome.chain.is_some()), (vec![&ANEW; 2], true), "{outcome:?}");
        }
        assert_eq!(web.hits(), 6);
    });
}

#[test]
fn what_failed_and_stays_pending_is_a_failure_at_once() {
    let Some(world) = start() else { return };
    world.run(|web| async move {
        let account = account(&client(DIRECTORY, &bundle()).await).await;
        let all = names(&["bad.test", "a.test", "127.0.0.9"]);
        let begin = Instant::now();
        let outcome = account.order(&Wanted { fresh: true, ..wanted(&all) }, &web.but(&["bad.test"])).await;
        assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
        assert_eq!(said(&outcome)[1], &ANEW, "{outcome:?}");
        for name in ["bad.test", "127.0.0.9"] {
            // A 404 is one too for it.
            assert_eq!(outcome.problem(name).expect("a problem").kind(), "connection", "{outcome:?}");
        }
        assert_eq!((outcome.chain, outcome.refused), (None, None));
    });
}

#[test]
fn a_wildcard_is_not_solved() {
    let Some(world) = start() else { return };
    world.run(|web| async move {
        let account = account(&client(DIRECTORY, &bundle()).await).await;
        let all = names(&["*.a.test"]);
        let outcome = account.order(&wanted(&all), &web.all()).await;
        assert_eq!(said(&outcome), [&Identified::Unsolved(names(&["dns-01"]))], "{outcome:?}");
    });
}

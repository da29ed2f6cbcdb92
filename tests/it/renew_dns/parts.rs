//! The files of the host: what its servers are given, how they are started, and the hooks.

/// The name servers: the first takes updates, the second looks for them every few seconds, and is the one that the CA asks.
pub const ONE: &str = r#"
server:
    rundir: "@/one"
    pidfile: "@/one/pid"
    listen: 127.0.0.1@53
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "@/one"
key:
  - id: lab.
    algorithm: ALGORITHM
    secret: SECRET
acl:
  - id: update
    key: lab.
    action: update
  - id: copy
    address: 127.0.0.0/8
    action: transfer
zone:
  - domain: w.test
    storage: "@/one"
    file: w.zone
    acl: [ update, copy ]
    zonefile-sync: -1
  - domain: below.w.test
    storage: "@/one"
    file: below.zone
    acl: update
    zonefile-sync: -1
  - domain: v.test
    storage: "@/one"
    file: below.zone
    acl: update
    zonefile-sync: -1
"#;
pub const TWO: &str = r#"
server:
    rundir: "@/two"
    pidfile: "@/two/pid"
    listen: 127.0.0.2@53
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "@/two"
remote:
  - id: one
    address: 127.0.0.1@53
zone:
  - domain: w.test
    storage: "@/two"
    master: one
    zonefile-sync: -1
"#;
pub const ZONE: &str = "$ORIGIN w.test.\n$TTL 5\n@ SOA ns1 admin 1 4 2 600 5\n@ NS ns1\n@ NS ns2\n@ A 127.0.0.1\n* A 127.0.0.1\n\
    ns1 A 127.0.0.1\nns2 A 127.0.0.2\nbelow NS ns1\nnear CNAME there\nfar CNAME there.v.test.\n";
/// A zone of the first server alone.
pub const BELOW: &str = "$TTL 5\n@ SOA ns1.w.test. admin 1 4 2 600 5\n@ NS ns1.w.test.\n";

/// Starts all of it in the folder `$1`, with the CA's certificate in `$2`.
pub const UP: &str = r#"
set -eu
work=$1 ca=$2
read -r pid _ </proc/self/stat
ip link set lo up
cd "$work"
# The second copies the zone when it starts, and would wait for long where the first is not there yet.
answers() { for _ in $(seq 600); do dig +short +time=1 +tries=1 "@$1" w.test SOA 2>/dev/null | grep -q ns1 && return; sleep 0.05; done; cat "$work/"*.log >&2; exit 1; }
knotd -c one.conf >one.log 2>&1 </dev/null &
answers 127.0.0.1
knotd -c two.conf >two.log 2>&1 </dev/null &
answers 127.0.0.2
python3 -m http.server 80 --bind 127.0.0.1 --directory "$work/www" >web.log 2>&1 </dev/null &
PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 \
    pebble -config pebble.json -dnsserver 127.0.0.2:53 >ca.log 2>&1 </dev/null &
echo $! >ca.pid
for _ in $(seq 200); do curl -s -o /dev/null --cacert "$ca/ca.pem" https://localhost:14000/dir && break; sleep 0.05; done
echo "ready $pid"
read -r _ || :
"#;

/// The auth hook: says what it was given, publishes, and where certbot runs it, waits for the second server as such hooks do.
pub const AUTH: &str = r#"#!/bin/sh
{ echo auth; env | grep ^CERTBOT_ | sort; } >>@/variables.log
{ printf 'auth'; for v in DOMAIN TOKEN REMAINING_CHALLENGES ALL_DOMAINS AUTH_OUTPUT; do eval "printf ' %s' \"\${CERTBOT_$v-none}\""; done; echo; } >>@/hooks.log
if [ -n "$CERTBOT_TOKEN" ]; then
    mkdir -p @/www/.well-known/acme-challenge
    printf %s "$CERTBOT_VALIDATION" >"@/www/.well-known/acme-challenge/$CERTBOT_TOKEN"
    exit
fi
[ ! -e @/fail ] || { echo "no such provider" >&2; exit 3; }
printf 'server 127.0.0.1\nzone w.test\nupdate add _acme-challenge.%s. 5 TXT %s\nsend\n' "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" | nsupdate -k @/key || exit
echo "made $CERTBOT_VALIDATION"
[ -z "$PATIENT" ] || until dig +short @127.0.0.2 "_acme-challenge.$CERTBOT_DOMAIN" TXT | grep -q -e "$CERTBOT_VALIDATION"; do sleep 0.3; done
[ ! -e @/slow ] || { touch @/begun; sleep 3; }
[ ! -e @/held ] || { touch @/begun; while [ -e @/held ]; do sleep 0.1; done; }
[ ! -e @/endless ] || { touch @/begun; sleep 61234 & wait; }
"#;
pub const CLEANUP: &str = r#"#!/bin/sh
{ echo cleanup; env | grep ^CERTBOT_ | sort; } >>@/variables.log
{ printf 'cleanup'; for v in DOMAIN TOKEN REMAINING_CHALLENGES ALL_DOMAINS AUTH_OUTPUT; do eval "printf ' %s' \"\${CERTBOT_$v-none}\""; done; echo; } >>@/hooks.log
[ -z "$CERTBOT_TOKEN" ] || { rm "@/www/.well-known/acme-challenge/$CERTBOT_TOKEN"; exit; }
printf 'server 127.0.0.1\nzone w.test\nupdate delete _acme-challenge.%s. TXT %s\nsend\n' "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" | nsupdate -k @/key
"#;

# Signs the zones, children first: their DS records go into their parents.

# sign ZONE [SECOND [ALGORITHM]]: as of now, or of a time in seconds since 1970.
sign() {
    {
        keymgr -c sign.conf "$1" generate ksk=yes zsk=yes algorithm=${3:-13} "created=${2:-+0}" "publish=${2:-+0}" "ready=${2:-+0}" "active=${2:-+0}" &&
            kzonesign -c sign.conf -o signed ${2:+-t "$2"} "$1"
    } >sign.log 2>&1 || { cat sign.log >&2 && exit 1; }
}

# vouch ZONE PARENT-FILE: adds the DS records of a signed zone to its parent's file.
vouch() { keymgr -c sign.conf "$1" ds >>"zones/$2"; }

mkdir signed kasp
sign signed.test
sign bogus.test
sign expired.test 1577836800
sign tampered.test
sign ed448.test '' 16
sign rsa.test '' 8
vouch signed.test test.zone
vouch expired.test test.zone
vouch tampered.test test.zone
vouch ed448.test test.zone
vouch rsa.test test.zone
sign test
sign org
vouch test root.zone
vouch org root.zone
sign .
keymgr -c sign.conf . dnskey >root.key
# For the program under test, as systemd-resolved reads it.
mkdir -p /run/dnssec-trust-anchors.d
sed 's/ DNSKEY/ IN&/' root.key >/run/dnssec-trust-anchors.d/root.positive

# What somebody did to a signed zone who should not have.
sed -i -e '/^changed\..*[[:space:]]A[[:space:]]*45/s/80$/90/' -e '/^changed-caa\..*[[:space:]]CAA[[:space:]]*0/s/encrypt/decrypt/' \
    -e '/^bare\..*[[:space:]]RRSIG[[:space:]]*A /d' signed/tampered.test.zone

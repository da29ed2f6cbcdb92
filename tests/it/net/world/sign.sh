# Signs the zones, children first: their DS records go into their parents.

# sign ZONE [SECOND]: as of now, or of a time in seconds since 1970.
sign() {
    {
        keymgr -c sign.conf "$1" generate ksk=yes zsk=yes algorithm=13 "created=${2:-+0}" "publish=${2:-+0}" "ready=${2:-+0}" "active=${2:-+0}" &&
            kzonesign -c sign.conf -o signed ${2:+-t "$2"} "$1"
    } >sign.log 2>&1 || { cat sign.log >&2 && exit 1; }
}

# vouch ZONE PARENT-FILE: adds the DS records of a signed zone to its parent's file.
vouch() { keymgr -c sign.conf "$1" ds >>"zones/$2"; }

mkdir signed kasp
sign signed.test
sign bogus.test
sign expired.test 1577836800
vouch signed.test test.zone
vouch expired.test test.zone
sign test
sign org
vouch test root.zone
vouch org root.zone
sign .
keymgr -c sign.conf . dnskey >root.key

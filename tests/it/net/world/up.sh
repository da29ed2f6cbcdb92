# Makes the world in namespaces of its own and lives as long as its standard input. $1 is the folder of this file.
set -eu
# no REASON: this machine cannot have a world.
no() { echo "no: $1" && exit 1; }
read -r pid _ </proc/self/stat
mount -t proc proc /proc
resolv=$(readlink -m /etc/resolv.conf)
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lab /run/netns
cp -R "$1"/. /run/lab
cd /run/lab
# Where systemd-resolved is at home this is a link into /run.
[ -e "$resolv" ] || { mkdir -p "${resolv%/*}" && touch "$resolv"; }
mount --bind resolv.conf "$resolv"

. ./links.sh
. ./sign.sh

mkdir registry one two
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -out web.pem -days 2 \
    -subj '/CN=self-signed.example.org' 2>/dev/null
printf 'lab:%s\n' "$(openssl passwd -apr1 lab)" >passwords

knotd -c knot-registry.conf >registry.log 2>&1 </dev/null &
knotd -c knot-one.conf >one.log 2>&1 </dev/null &
knotd -c knot-two.conf >two.log 2>&1 </dev/null &
# serve NAME: nginx of the host NAME.
serve() { on "$1" nginx -p /run/lab -e "/run/lab/$1-error.log" -c "/run/lab/$1.conf" </dev/null >&2; }
serve web
serve elsewhere
serve home
serve beside
# up COMMAND…: waits until it succeeds.
up() {
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.05
    done
    cat ./*.log >&2
    echo "not up: $*" >&2
    exit 1
}
answers() { dig +time=1 +tries=1 +short "@$1" SOA "$2" 2>/dev/null | grep -q '^[a-z]'; }
up answers 45.45.45.1 test
up answers 45.45.45.11 example.org
up answers 45.45.45.12 example.org
# By another path: on some machines AppArmor keeps unbound to files below /etc.
cp "$(command -v unbound)" resolver
./resolver -d -c unbound.conf >unbound.log 2>&1 </dev/null &
./resolver -d -c unbound-plain.conf >unbound-plain.log 2>&1 </dev/null &
up answers 45.45.45.53 signed.test
up answers 45.45.45.55 signed.test
echo "ready $pid"
read -r _ || :

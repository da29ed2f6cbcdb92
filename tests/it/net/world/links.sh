# Hosts and their addresses. The outermost network is the internet's middle: name servers, resolvers and the router.

# address NAME ADDRESS…: gives the host NAME addresses, and the internet routes to them.
address() {
    to=$1
    shift
    for a; do
        case $a in
        *:*) ip -n "$to" addr add "$a/128" dev eth0 nodad && ip route add "$a/128" dev "$to" ;;
        *) ip -n "$to" addr add "$a/32" dev eth0 && ip route add "$a/32" dev "$to" ;;
        esac
    done
}

# host NAME ADDRESS…: a host with an uplink to the internet.
host() {
    ip netns add "$1" || no "namespaces of networks cannot be named"
    ip link add "$1" type veth peer name eth0 netns "$1" || no "it has no veth"
    ip addr add fe80::1/64 dev "$1" nodad
    ip link set "$1" up
    ip -n "$1" link set lo up
    ip -n "$1" link set eth0 up
    address "$@"
    ip -n "$1" route add 45.45.45.1 dev eth0
    ip -n "$1" route add default via 45.45.45.1 dev eth0
    ip -n "$1" route add default via fe80::1 dev eth0
}

on() { name=$1 && shift && nsenter --net="/run/netns/$name" "$@"; }

ip link set lo up
[ -e /proc/sys/net/ipv6 ] || no "it has no IPv6"
nft -f internet.nft || no "nftables does not work"
for n in 1 11 12 13 14 53 54 55 66 67 68; do
    ip addr add "45.45.45.$n/32" dev lo
    ip addr add "2a0e:45::$n/128" dev lo nodad
done
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

# The host that is audited. Of its addresses 81 has no server at all, and 82 none on port 443; the last one of IPv6 is
# made from an Ethernet address, below the prefix of today.
host web 45.45.45.80 2a0e:45::80 2a0e:45::81 2a0e:45::82 45.45.45.83 45.45.45.84 2a0e:45:0:1:5054:ff:fe12:3480

# One on which nothing listens.
host idle 45.45.45.86 2a0e:45::86

# Two for what a real certbot renews: one with a web server, and one on which nothing listens for long.
host beside 45.45.45.87 2a0e:45::87 45.45.45.88 45.45.45.85
host bare 45.45.45.89 2a0e:45::89

# Somebody else's, behind a firewall.
host elsewhere 45.45.45.90 2a0e:45::90 45.45.45.91 45.45.45.92 45.45.45.93 45.45.45.94 45.45.45.95
on elsewhere nft -f elsewhere.nft

# A home: a router that translates addresses, and a host behind it, without IPv6.
host router 45.45.45.100
ip netns add home
ip -n router link add lan type veth peer name eth0 netns home
ip -n router addr add 10.77.0.1/24 dev lan
ip -n router link set lan up
ip -n home link set lo up
ip -n home addr add 10.77.0.2/24 dev eth0
ip -n home link set eth0 up
ip -n home route add default via 10.77.0.1
on router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
on router nft -f router.nft

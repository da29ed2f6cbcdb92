# Starts two CAs in the middle of the internet: one that issues for whoever asks, on port 14000, and one that looks, on
# port 14001; and makes the folders that web servers serve. $1 is the folder of the lab's own CA.
set -eu
bundle=$1/ca.pem
mkdir -p /run/lab/beside/www /run/lab/beside/other /run/lab/beside/private/www /run/lab/beside/stopped
chmod 700 /run/lab/beside/private
cd /run/lab/beside
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout api.key -out api.csr -subj /CN=ca.nic.test 2>/dev/null
echo 'subjectAltName=DNS:ca.nic.test' >api.ext
openssl x509 -req -in api.csr -CA "$bundle" -CAkey "$1/ca.key" -set_serial 77 -days 2 -extfile api.ext -out api.pem 2>/dev/null
# ca NAME PORT MANAGEMENT-PORT VARIABLE…
ca() {
    name=$1
    cat >"$name.json" <<J
{"pebble": {"listenAddress": "45.45.45.1:$2", "managementListenAddress": "45.45.45.1:$3", "certificate": "api.pem",
    "privateKey": "api.key", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
    "externalAccountBindingRequired": false, "certificateValidityPeriod": 7776000, "retryAfter": {"authz": 1, "order": 1}}}
J
    port=$2
    shift 3
    env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 "$@" \
        pebble -config "$name.json" -dnsserver 45.45.45.53:53 >"$name.log" 2>&1 </dev/null &
    for _ in $(seq 200); do
        curl -s -o /dev/null --cacert "$bundle" "https://ca.nic.test:$port/dir" && return
        sleep 0.05
    done
    cat "$name.log" >&2
    exit 1
}
ca issuing 14000 15000 PEBBLE_VA_ALWAYS_VALID=1
ca looking 14001 15001
# A web server of its own for the lineage whose hook stops it.
cat >stopped.conf <<J
user nobody nogroup; pid /run/lab/beside/stopped.pid; events {}
http {
    access_log off; client_body_temp_path /run/lab/beside/a; proxy_temp_path /run/lab/beside/b;
    fastcgi_temp_path /run/lab/beside/c; uwsgi_temp_path /run/lab/beside/d; scgi_temp_path /run/lab/beside/e;
    server { listen 45.45.45.85:80; root /run/lab/beside/stopped; }
}
J
nginx="nsenter --net=/run/netns/beside nginx -e /run/lab/beside/stopped.log -c /run/lab/beside/stopped.conf"
printf '#!/bin/sh\n%s -s stop\n' "$nginx" >stop
printf '#!/bin/sh\n%s </dev/null >/dev/null 2>&1\n' "$nginx" >start
chmod 755 stop start
./start

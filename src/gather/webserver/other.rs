//! Other daemons: any line of their usual files that names a file below `CONFIG_DIR/live` or `archive`.

use std::path::Path;

use super::{Place, Reading};
use crate::facts::ServerKind;
use crate::gather::fs::normalize;

/// How many paths one line may name.
const MAX_PER_LINE: usize = 16;
/// Signs that make a line a comment in one of the formats.
const COMMENTS: [&str; 7] = ["#", ";", "//", "--", "*", "<!--", "%%"];

/// Where the daemons keep their configurations.
const FILES: &[&str] = &[
    "/etc/AdGuardHome.yaml",
    "/etc/asterisk/*.conf",
    "/etc/caddy/*.json",
    "/etc/cockpit/cockpit.conf",
    "/etc/coturn/turnserver.conf",
    "/etc/cups/cups-files.conf",
    "/etc/ejabberd/ejabberd.yml",
    "/etc/elasticsearch/elasticsearch.yml",
    "/etc/envoy/*.yaml",
    "/etc/forgejo/app.ini",
    "/etc/freeradius/3.0/mods-enabled/eap",
    "/etc/gitea/app.ini",
    "/etc/gitlab/gitlab.rb",
    "/etc/grafana/grafana.ini",
    "/etc/hitch/hitch.conf",
    "/etc/icecast2/icecast.xml",
    "/etc/influxdb/influxdb.conf",
    "/etc/inspircd/*.conf",
    "/etc/jitsi/*/*",
    "/etc/kibana/kibana.yml",
    "/etc/matrix-synapse/*.yaml",
    "/etc/matrix-synapse/conf.d/*.yaml",
    "/etc/mosquitto/conf.d/*.conf",
    "/etc/mosquitto/mosquitto.conf",
    "/etc/mumble-server.ini",
    "/etc/mumble/*.ini",
    "/etc/murmur.ini",
    "/etc/my.cnf",
    "/etc/my.cnf.d/*.cnf",
    "/etc/mysql/*.cnf",
    "/etc/mysql/*.conf.d/*.cnf",
    "/etc/mysql/conf.d/*.cnf",
    "/etc/ngircd/ngircd.conf",
    "/etc/openldap/slapd.conf",
    "/etc/openvpn/*.conf",
    "/etc/openvpn/server/*.conf",
    "/etc/postgresql/*/*/conf.d/*.conf",
    "/etc/postgresql/*/*/postgresql.conf",
    "/etc/proftpd.conf",
    "/etc/proftpd/*.conf",
    "/etc/proftpd/conf.d/*.conf",
    "/etc/prosody/conf.d/*.cfg.lua",
    "/etc/prosody/prosody.cfg.lua",
    "/etc/rabbitmq/rabbitmq.conf",
    "/etc/redis.conf",
    "/etc/redis/redis.conf",
    "/etc/squid/squid.conf",
    "/etc/stunnel/*.conf",
    "/etc/systemd/system/*.service",
    "/etc/systemd/system/*.service.d/*.conf",
    "/etc/tomcat*/server.xml",
    "/etc/traefik/*.toml",
    "/etc/traefik/*.yaml",
    "/etc/traefik/*.yml",
    "/etc/traefik/*/*.toml",
    "/etc/traefik/*/*.yaml",
    "/etc/traefik/*/*.yml",
    "/etc/trojan/config.json",
    "/etc/turnserver.conf",
    "/etc/unbound/unbound.conf",
    "/etc/unbound/unbound.conf.d/*.conf",
    "/etc/unrealircd/*.conf",
    "/etc/usermin/miniserv.conf",
    "/etc/v2ray/config.json",
    "/etc/vsftpd*.conf",
    "/etc/vsftpd/*.conf",
    "/etc/webmin/miniserv.conf",
    "/etc/xrdp/xrdp.ini",
    "/opt/AdGuardHome/AdGuardHome.yaml",
    "/opt/ejabberd/conf/ejabberd.yml",
    "/opt/tomcat/conf/server.xml",
    "/usr/local/etc/mosquitto/mosquitto.conf",
    "/usr/local/etc/xray/config.json",
    "/var/lib/pgsql/*/data/postgresql.conf",
    "/var/lib/pgsql/data/postgresql.conf",
];
/// Folders whose files are certificates themselves, or links to them.
const CERTIFICATES: [&str; 2] = ["/etc/cockpit/ws-certs.d/*", "/etc/ssl/private/pure-ftpd.pem"];

/// Reads the other daemons' files.
pub(super) fn read(reading: &mut Reading<'_>) {
    for pattern in FILES {
        for path in reading.glob(Path::new(pattern)) {
            scan(reading, &path);
        }
    }
    for pattern in CERTIFICATES {
        for path in reading.glob(Path::new(pattern)) {
            if reading.root.exists(&path) {
                let place = Place { server: ServerKind::Other, file: &path, line: 1 };
                let shown = path.to_string_lossy().into_owned();
                reading.cert(&place, "certificate", &shown, &shown, Path::new("/"));
            }
        }
    }
}

fn scan(reading: &mut Reading<'_>, path: &Path) {
    if reading.root.is_dir(path) {
        return;
    }
    let Some(text) = reading.text(path) else { return };
    for (i, line) in text.lines().enumerate() {
        let line = line.trim_start();
        // A unit of certbot's own names what it makes, and serves nothing.
        if COMMENTS.iter().any(|sign| line.starts_with(sign)) || line.contains("certbot") {
            continue;
        }
        let mut rest = line;
        for _ in 0..MAX_PER_LINE {
            let Some((found, _)) = reading.mentioned(rest) else { break };
            let Some(at) = rest.find(&found) else { break };
            let place = Place { server: ServerKind::Other, file: path, line: i + 1 };
            let directive = directive(line);
            let meant = normalize(Path::new("/"), Path::new(&found));
            reading.cert(&place, &directive, &found, &meant.to_string_lossy(), Path::new("/"));
            rest = rest.get(at + found.len()..).unwrap_or_default();
        }
    }
}

/// The name that a line begins with.
fn directive(line: &str) -> String {
    let line = line.trim_start_matches(['-', '"', '\'', '<', '[', '{', ' ', '\t']);
    let end = line.find(|c: char| c.is_whitespace() || "=:,(<>".contains(c)).unwrap_or(line.len());
    let name = line.get(..end).unwrap_or_default().trim_end_matches(['"', '\'']);
    if name.starts_with('/') { String::new() } else { name.to_owned() }
}

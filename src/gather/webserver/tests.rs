use std::os::unix::fs::symlink;

use super::*;

struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    /// A host with one lineage, `a`.
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
            .with("etc/letsencrypt/archive/a/fullchain1.pem", "")
            .with("etc/letsencrypt/archive/a/privkey1.pem", "")
            .link("etc/letsencrypt/live/a/fullchain.pem", "../../archive/a/fullchain1.pem")
            .link("etc/letsencrypt/live/a/privkey.pem", "../../archive/a/privkey1.pem")
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn link(self, path: &str, target: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn servers(&self) -> Servers {
        servers(&Root::below(self.dir.path()).unwrap(), Path::new("/etc/letsencrypt"))
    }

    /// Each line as `where directive path -> lineage`.
    fn refs(&self) -> Vec<String> {
        let servers = self.servers();
        assert_eq!(servers.unread, []);
        let lineage = |r: &CertRef| r.lineage.clone().unwrap_or_else(|| "?".into());
        servers
            .refs
            .iter()
            .map(|r| format!("{} {} {} -> {}", r.r#where, r.directive, r.path, lineage(r)))
            .collect()
    }
}

const CERT: &str = "/etc/letsencrypt/live/a/fullchain.pem";
const KEY: &str = "/etc/letsencrypt/live/a/privkey.pem";

#[test]
fn nginx_reads_only_what_is_included() {
    let host = Host::new()
        .with(
            "etc/nginx/nginx.conf",
            "http {\n include /etc/nginx/sites-enabled/*;\n include snippets/tls.conf;\n}\n",
        )
        .with("etc/nginx/sites-available/b", &format!("server {{ ssl_certificate {CERT}; }}\n"))
        .with(
            "etc/nginx/sites-available/a",
            &format!("server {{\n  root /var/www/a;\n  ssl_certificate\n {CERT};\n}}\n"),
        )
        .link("etc/nginx/sites-enabled/a", "../sites-available/a")
        .with("etc/nginx/sites-enabled/old~", "ssl_certificate /x.pem; # nginx does load it\n")
        .with("etc/nginx/sites-enabled/.hidden", "ssl_certificate /hidden.pem;\n")
        .with("etc/nginx/conf.d/c.conf", "ssl_certificate /c.pem;\n")
        .with(
            "etc/nginx/snippets/tls.conf",
            "ssl_certificate_key /etc/letsencrypt/live/$ssl_server_name/privkey.pem;\n",
        );
    assert_eq!(
        host.refs(),
        [
            format!("/etc/nginx/sites-enabled/a:3 ssl_certificate {CERT} -> a"),
            "/etc/nginx/sites-enabled/old~:1 ssl_certificate /x.pem -> ?".into(),
            "/etc/nginx/snippets/tls.conf:1 ssl_certificate_key /etc/letsencrypt/live/$ssl_server_name/privkey.pem -> ?"
                .into(),
        ]
    );
    let servers = host.servers();
    assert_eq!(servers.refs[0].resolved.as_deref(), Some("/etc/letsencrypt/archive/a/fullchain1.pem"));
    assert_eq!(servers.roots, [("/var/www/a".to_owned(), "/etc/nginx/sites-enabled/a:2".to_owned())]);
    assert!(matches!(servers.usage("a"), crate::facts::Usage::Named(refs) if refs.len() == 1));
    assert!(matches!(servers.usage("b"), crate::facts::Usage::NotNamed));
}

#[test]
fn a_host_without_servers_has_none() {
    let servers = Host::new().servers();
    assert!(servers.refs.is_empty() && servers.roots.is_empty() && servers.unread.is_empty());
    assert!(matches!(servers.usage("a"), crate::facts::Usage::NoServers));
}

#[test]
fn nginx_without_its_main_file_is_read_from_its_usual_folders() {
    let host = Host::new()
        .with("etc/nginx/conf.d/c.conf", &format!("ssl_certificate {CERT};"))
        .with("etc/nginx/conf.d/c.conf.bak", "ssl_certificate /bak.pem;");
    assert_eq!(host.refs(), [format!("/etc/nginx/conf.d/c.conf:1 ssl_certificate {CERT} -> a")]);
}

#[test]
fn the_lineage_is_found_through_any_link_on_the_way() {
    let host = Host::new()
        .link("etc/ssl/site", "../letsencrypt/live/a")
        .link("etc/ssl/one.pem", "/etc/ssl/site/fullchain.pem")
        .link("etc/ssl/gone.pem", "/etc/letsencrypt/live/b/fullchain.pem")
        .with("etc/ssl/copy.pem", "")
        .with(
            "etc/nginx/nginx.conf",
            "ssl_certificate /etc/ssl/one.pem;\nssl_certificate ../ssl/gone.pem;\nssl_certificate /etc/ssl/copy.pem;\n\
             ssl_certificate /etc/letsencrypt/archive/a/fullchain1.pem;\n",
        );
    let found: Vec<Option<String>> = host.servers().refs.into_iter().map(|r| r.lineage).collect();
    assert_eq!(found, [Some("a".into()), Some("b".into()), None, Some("a".into())]);
}

#[test]
fn a_configuration_folder_that_is_a_link_is_known_by_both_names() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("data/le/live/a")).unwrap();
    std::fs::create_dir_all(dir.path().join("etc/nginx")).unwrap();
    symlink("/data/le", dir.path().join("etc/letsencrypt")).unwrap();
    let text = "ssl_certificate /data/le/live/a/x.pem; ssl_certificate /etc/letsencrypt/live/a/x.pem;";
    std::fs::write(dir.path().join("etc/nginx/nginx.conf"), text).unwrap();
    let servers = servers(&Root::below(dir.path()).unwrap(), Path::new("/etc/letsencrypt"));
    assert!(servers.refs.iter().all(|r| r.lineage.as_deref() == Some("a")));
}

#[test]
fn apache_follows_includes_conditions_and_definitions() {
    let vhost = format!(
        "<IfModule mod_ssl.c>\n<VirtualHost *:443>\n documentroot \"/var/www/a b\"\n Alias /x /srv/x\n \
         SSLCertificateFile \\\n  {CERT}\n sslcertificatekeyfile ${{LE}}/privkey.pem\n# SSLCertificateFile /no\n"
    );
    let host = Host::new()
        .with(
            "etc/apache2/apache2.conf",
            "Define LE /etc/letsencrypt/live/a\nIncludeOptional sites-enabled/*.conf\nInclude more\nIncludeOptional none/*\n",
        )
        .with("etc/apache2/sites-available/a.conf", &vhost)
        .link("etc/apache2/sites-enabled/a.conf", "../sites-available/a.conf")
        .with("etc/apache2/sites-enabled/b.conf.dpkg-old", "SSLCertificateFile /old.pem\n")
        .with("etc/apache2/more/x/y~", "SSLCertificateChainFile ssl/chain.pem\n");
    assert_eq!(
        host.refs(),
        [
            format!("/etc/apache2/sites-enabled/a.conf:5 SSLCertificateFile {CERT} -> a"),
            "/etc/apache2/sites-enabled/a.conf:7 sslcertificatekeyfile ${LE}/privkey.pem -> a".into(),
            "/etc/apache2/more/x/y~:1 SSLCertificateChainFile ssl/chain.pem -> ?".into(),
        ]
    );
    let roots: Vec<String> = host.servers().roots.into_iter().map(|(path, _)| path).collect();
    assert_eq!(roots, ["/var/www/a b", "/srv/x"]);
}

#[test]
fn httpd_has_its_server_root_above_its_conf_folder() {
    let host = Host::new()
        .with(
            "etc/httpd/conf/httpd.conf",
            "ServerRoot \"/etc/httpd\"\nInclude conf.modules.d/none.conf\nIncludeOptional conf.d/*.conf\n",
        )
        .with("etc/httpd/conf.d/ssl.conf", &format!("SSLCertificateFile {CERT}\n"));
    let servers = host.servers();
    assert_eq!(servers.refs.len(), 1);
    assert_eq!(servers.unread.len(), 1);
    assert_eq!(servers.unread[0].what, "/etc/httpd/conf.modules.d/none.conf");
}

#[test]
fn haproxy_names_files_folders_and_lists() {
    let cfg = "global\n crt-base /etc/haproxy/certs\nfrontend x\n bind :443 ssl crt site.pem crt /etc/haproxy/all/ # crt no\n \
               bind :8443 ssl crt-list /etc/haproxy/list.txt ca-file /ca.pem\n http-request set-header crt /x\n";
    let host = Host::new()
        .with("etc/haproxy/haproxy.cfg", cfg)
        .with("etc/haproxy/all/one.pem", "")
        .with("etc/haproxy/all/one.pem.key", "")
        .with("etc/haproxy/list.txt", "# x\n/etc/letsencrypt/live/a/fullchain.pem [alpn h2] a.example\n");
    assert_eq!(
        host.refs(),
        [
            "/etc/haproxy/haproxy.cfg:4 crt site.pem -> ?".to_owned(),
            "/etc/haproxy/haproxy.cfg:4 crt /etc/haproxy/all/one.pem -> ?".into(),
            format!("/etc/haproxy/list.txt:2 crt-list {CERT} -> a"),
        ]
    );
}

#[test]
fn mail_servers_are_read_in_their_own_ways() {
    let main = "myhostname = a\nsmtpd_tls_cert_file = /old.pem\nsmtpd_tls_cert_file = /etc/letsencrypt/live/$myhostname/fullchain.pem\n\
                smtpd_tls_chain_files =\n  # x\n  /etc/letsencrypt/live/a/privkey.pem,\n  /b.pem\nsmtp_tls_cert_file = $smtpd_tls_cert_file\n";
    let host = Host::new()
        .with("etc/postfix/main.cf", main)
        .with(
            "etc/postfix/master.cf",
            &format!("smtps inet n - y - - smtpd\n  -o smtpd_tls_key_file={KEY}\n"),
        )
        .with("etc/dovecot/dovecot.conf", "!include conf.d/*.conf\n!include_try local.conf\n")
        .with(
            "etc/dovecot/conf.d/10-ssl.conf",
            &format!("#ssl_cert = </no\nssl_cert = <{CERT}\nssl_client_ca_file = /ca\n"),
        )
        .with("etc/dovecot/local.conf", &format!("local_name b {{ ssl_key = <{KEY} }}\n"))
        .with("etc/exim4/exim4.conf.localmacros", &format!("MAIN_TLS_CERTIFICATE = {CERT}\n"));
    assert_eq!(
        host.refs(),
        [
            "/etc/postfix/main.cf:8 smtp_tls_cert_file $smtpd_tls_cert_file -> a".to_owned(),
            "/etc/postfix/main.cf:3 smtpd_tls_cert_file /etc/letsencrypt/live/$myhostname/fullchain.pem -> a"
                .into(),
            format!("/etc/postfix/main.cf:4 smtpd_tls_chain_files {KEY} -> a"),
            "/etc/postfix/main.cf:4 smtpd_tls_chain_files /b.pem -> ?".into(),
            format!("/etc/postfix/master.cf:2 smtpd_tls_key_file {KEY} -> a"),
            format!("/etc/dovecot/conf.d/10-ssl.conf:2 ssl_cert {CERT} -> a"),
            format!("/etc/dovecot/local.conf:1 ssl_key {KEY} -> a"),
            format!("/etc/exim4/exim4.conf.localmacros:1 MAIN_TLS_CERTIFICATE {CERT} -> a"),
        ]
    );
}

#[test]
fn lighttpd_and_caddy_are_read() {
    let host = Host::new()
        .with(
            "etc/lighttpd/lighttpd.conf",
            "server.document-root = \"/var/www/html\"\n#ssl.pemfile = \"/no\"\n",
        )
        .with(
            "etc/lighttpd/conf-enabled/10-ssl.conf",
            &format!("$HTTP[\"host\"] == \"a\" {{ ssl.pemfile = \"{CERT}\" }}\n"),
        )
        .with(
            "etc/caddy/Caddyfile",
            &format!(
                "a.example {{\n root * /srv\n tls {CERT} {KEY}\n}}\nb {{\n tls internal\n}}\nimport sites/*\n"
            ),
        )
        .with("etc/caddy/sites/c", &format!("c.example {{ tls {CERT} {KEY} }}\n"));
    assert_eq!(
        host.refs(),
        [
            format!("/etc/lighttpd/conf-enabled/10-ssl.conf:1 ssl.pemfile {CERT} -> a"),
            format!("/etc/caddy/Caddyfile:3 tls {CERT} -> a"),
            format!("/etc/caddy/Caddyfile:3 tls {KEY} -> a"),
            format!("/etc/caddy/sites/c:1 tls {CERT} -> a"),
            format!("/etc/caddy/sites/c:1 tls {KEY} -> a"),
        ]
    );
    assert_eq!(host.servers().roots.len(), 2);
}

#[test]
fn other_daemons_are_found_by_the_path_they_name() {
    let host = Host::new()
        .with(
            "etc/mosquitto/conf.d/tls.conf",
            &format!("# certfile {CERT}\ncertfile {CERT}\nkeyfile /srv{KEY}\n"),
        )
        .with("etc/postgresql/15/main/postgresql.conf", &format!("ssl_cert_file = '{CERT}'\n"))
        .with("etc/gitlab/gitlab.rb", &format!("nginx['ssl_certificate'] = \"{CERT}\"\n"))
        .with("etc/systemd/system/web.service", &format!("[Service]\nLoadCredential=key:{KEY}\n"))
        .with(
            "etc/systemd/system/certbot.service",
            &format!("[Service]\nExecStart=certbot renew --x {CERT}\n"),
        )
        .link("etc/cockpit/ws-certs.d/10.cert", CERT);
    assert_eq!(
        host.refs(),
        [
            format!("/etc/gitlab/gitlab.rb:1 nginx['ssl_certificate'] {CERT} -> a"),
            format!("/etc/mosquitto/conf.d/tls.conf:2 certfile {CERT} -> a"),
            format!("/etc/postgresql/15/main/postgresql.conf:1 ssl_cert_file {CERT} -> a"),
            format!("/etc/systemd/system/web.service:2 LoadCredential {KEY} -> a"),
            "/etc/cockpit/ws-certs.d/10.cert:1 certificate /etc/cockpit/ws-certs.d/10.cert -> a".into(),
        ]
    );
}

#[test]
fn includes_in_a_circle_and_unreadable_files_are_harmless() {
    let host = Host::new()
        .with("etc/nginx/nginx.conf", "include nginx.conf; include *; include gone.conf; include loop;")
        .link("etc/nginx/loop", "loop")
        .with("etc/apache2/apache2.conf", "Include apache2.conf\nInclude .\n")
        .link("etc/apache2/up", "..")
        .link("etc/apache2/up2", "..")
        .link("etc/up3", ".")
        .with("etc/caddy/Caddyfile", "import Caddyfile\nimport *\n")
        .link("etc/ssl/x", "x")
        .with("etc/dovecot/dovecot.conf", "!include dovecot.conf\nssl_cert = </etc/ssl/x/y\n");
    let unread: Vec<String> = host.servers().unread.iter().map(ToString::to_string).collect();
    assert!(unread.iter().any(|what| what == "/etc/nginx/gone.conf: no such file"), "{unread:?}");
    assert!(unread.iter().any(|what| what.starts_with("/etc/nginx/loop: its symbolic links")), "{unread:?}");
}

#[test]
fn a_link_elsewhere_is_followed_to_the_first_path_of_certbot() {
    let host = Host::new()
        .with(
            "etc/nginx/nginx.conf",
            "ssl_certificate /etc/nginx/ssl/site.pem;\nssl_certificate_key /etc/ssl/k;",
        )
        .link("etc/nginx/ssl/site.pem", "/etc/letsencrypt/archive/a/fullchain1.pem")
        .link("etc/ssl/k", "/etc/letsencrypt/live/a/privkey.pem");
    let servers = host.servers();
    let meant: Vec<&str> = servers.refs.iter().map(CertRef::meant).collect();
    assert_eq!(
        meant,
        ["/etc/letsencrypt/archive/a/fullchain1.pem", "/etc/letsencrypt/live/a/privkey.pem"],
        "not the archive's file behind live/"
    );
}

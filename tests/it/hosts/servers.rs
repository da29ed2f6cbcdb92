//! One fault in the way that certbot and a web server work together.

use expect_test::expect;

use super::tells_only;

#[test]
fn a_hook_of_the_days_of_standalone_stops_who_serves_the_web_root() {
    tells_only(
        "webroot-with-server-stopped",
        "webroot-with-server-stopped",
        1,
        expect![[r#"
            may fail   nginx is stopped before it is to serve the challenges of shop.example  webroot-with-server-stopped
              saw      /etc/letsencrypt/renewal/shop.example.conf:16: systemctl stop nginx
              wanted   nothing that stops nginx
              only     may fail, because who answers on port 80 was not seen
              why      the webroot plugin only writes a file: with the server stopped by a pre hook nobody answers on port
                       80, and the CA gets `Connection refused`
              when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      leave nginx running
                       $ sed -i '/^pre_hook *=/d;/^post_hook *=/s/\bstart\b/reload/' /etc/letsencrypt/renewal/shop.example.conf

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn a_hook_stops_the_nginx_that_the_plugin_works_through() {
    tells_only(
        "server-stopped-or-rogue-nginx",
        "server-stopped-or-rogue-nginx",
        1,
        expect![[r#"
            may fail   nginx is stopped before the challenge that its plugin answers for shop.example  server-stopped-or-rogue-nginx
              saw      /etc/letsencrypt/renewal-hooks/pre/free-port-80: it stops nginx
              wanted   nothing that stops nginx
              why      certbot's plugins for nginx and Apache work on the server that runs: where a hook has stopped it,
                       certbot starts one of its own outside of its unit, and the unit then fails with `Address already in
                       use`
              when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      leave nginx running
                       $ chmod a-x /etc/letsencrypt/renewal-hooks/pre/free-port-80

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

#[test]
fn apache_without_a_virtual_host_on_port_80() {
    tells_only(
        "apache-no-port80-vhost",
        "apache-no-port80-vhost",
        1,
        expect![[r#"
            may fail   Apache has no virtual host on port 80 for shop.example  apache-no-port80-vhost
              saw      /etc/apache2/sites-enabled/shop-le-ssl.conf:1: <VirtualHost *:443>
              wanted   <VirtualHost *:80>
              why      certbot's Apache plugin puts the challenge into the virtual hosts of port 80 and ends with `Unable
                       to find a virtual host listening on port 80 which is currently needed for Certbot to prove to the CA
                       that you control your domain`
              when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
              fix      add a <VirtualHost *:80> with the names as ServerName and ServerAlias; it may redirect everything to
                       https

            1 lineage: 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
            exit 1
        "#]],
    );
}

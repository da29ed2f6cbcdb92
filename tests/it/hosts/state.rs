//! One fault in what certbot keeps on disk.

use expect_test::expect;

use super::tells_only;

#[test]
fn copies_in_live_stop_certbot() {
    tells_only(
        "live-not-symlink",
        "live-not-symlink",
        2,
        expect![[r#"
        will fail  the four live paths of shop.example are not symbolic links  live-not-symlink
          saw      /etc/letsencrypt/live/shop.example/cert.pem: a regular file
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: a regular file
          saw      /etc/letsencrypt/live/shop.example/chain.pem: a regular file
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: a regular file
          wanted   a symbolic link into archive/
          why      certbot refuses the whole renewal configuration (`expected … to be a symlink`) and skips the lineage
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      link to version 3, the newest complete one
                   $ ln -sfn ../../archive/shop.example/cert3.pem /etc/letsencrypt/live/shop.example/cert.pem
                   $ ln -sfn ../../archive/shop.example/privkey3.pem /etc/letsencrypt/live/shop.example/privkey.pem
                   $ ln -sfn ../../archive/shop.example/chain3.pem /etc/letsencrypt/live/shop.example/chain.pem
                   $ ln -sfn ../../archive/shop.example/fullchain3.pem /etc/letsencrypt/live/shop.example/fullchain.pem
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn one_copy_in_live_is_enough() {
    tells_only(
        "live-not-symlink-only-the-key",
        "live-not-symlink",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/live/shop.example/privkey.pem should be a symbolic link: a regular file  live-not-symlink
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: a regular file
          wanted   a symbolic link into archive/
          why      certbot refuses the whole renewal configuration (`expected … to be a symlink`) and skips the lineage
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      link to version 2, the newest complete one
                   $ ln -sfn ../../archive/shop.example/privkey2.pem /etc/letsencrypt/live/shop.example/privkey.pem
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_emptied_archive_leaves_dangling_links() {
    tells_only(
        "symlink-target-missing",
        "symlink-target-missing",
        2,
        expect![[r#"
        will fail  the live links of shop.example lead to files that do not exist  symlink-target-missing
          saw      /etc/letsencrypt/live/shop.example/cert.pem: -> ../../archive/shop.example/cert2.pem
          wanted   the file /etc/letsencrypt/archive/shop.example/cert2.pem
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: -> ../../archive/shop.example/privkey2.pem
          wanted   the file /etc/letsencrypt/archive/shop.example/privkey2.pem
          saw      /etc/letsencrypt/live/shop.example/chain.pem: -> ../../archive/shop.example/chain2.pem
          wanted   the file /etc/letsencrypt/archive/shop.example/chain2.pem
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: -> ../../archive/shop.example/fullchain2.pem
          wanted   the file /etc/letsencrypt/archive/shop.example/fullchain2.pem
          why      certbot refuses the whole renewal configuration (`target … of symlink … does not exist`) and skips
                   the lineage; no server that names the link can start
          when     now
          fix      restore archive/shop.example from a backup; without one, delete the lineage and reissue it
                   $ certbot delete --cert-name shop.example
                   $ certbot certonly --cert-name shop.example -a webroot -d shop.example

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn one_missing_file_of_the_archive_is_enough() {
    tells_only(
        "symlink-target-missing-only-the-chain",
        "symlink-target-missing",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/live/shop.example/chain.pem leads to /etc/letsencrypt/archive/shop.example/chain2.pem, which does not exist  symlink-target-missing
          saw      /etc/letsencrypt/live/shop.example/chain.pem: -> ../../archive/shop.example/chain2.pem
          wanted   the file /etc/letsencrypt/archive/shop.example/chain2.pem
          why      certbot refuses the whole renewal configuration (`target … of symlink … does not exist`) and skips
                   the lineage; no server that names the link can start
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      take it from /etc/letsencrypt/archive/shop.example/fullchain2.pem, which holds the certificate and
                   its chain
                   $ awk '/-----BEGIN CERTIFICATE-----/ { n++ } n > 1' /etc/letsencrypt/archive/shop.example/fullchain2.pem > /etc/letsencrypt/archive/shop.example/chain2.pem
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_empty_conf_beside_a_fine_archive() {
    tells_only(
        "renewal-conf-empty",
        "renewal-conf-empty-or-truncated",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example holds nothing  renewal-conf-empty-or-truncated
          saw      /etc/letsencrypt/renewal/shop.example.conf: the file is empty
          wanted   cert, privkey, chain and fullchain with their paths
          why      certbot refuses it (`renewal config file {} is missing a required file reference`) and skips the
                   lineage at every renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      restore the file from a backup; the four paths and [renewalparams] can be copied from another
                   lineage's conf
                   $ certbot renew --cert-name shop.example --dry-run
          hence    the renewal configuration of shop.example does not say how to renew it (renewalparams-missing)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_conf_cut_off_in_the_middle() {
    tells_only(
        "renewal-conf-truncated",
        "renewal-conf-empty-or-truncated",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example does not say where to find: privkey, chain, fullchain  renewal-conf-empty-or-truncated
          saw      /etc/letsencrypt/renewal/shop.example.conf: 150 bytes, no line for privkey, chain, fullchain before the first section
          wanted   privkey = /etc/letsencrypt/live/shop.example/privkey.pem; chain = /etc/letsencrypt/live/shop.example/chain.pem; fullchain = /etc/letsencrypt/live/shop.example/fullchain.pem
          why      certbot refuses it (`renewal config file {} is missing a required file reference`) and skips the
                   lineage at every renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      restore the file from a backup; the four paths and [renewalparams] can be copied from another
                   lineage's conf
                   $ certbot renew --cert-name shop.example --dry-run
          hence    the renewal configuration of shop.example does not say how to renew it (renewalparams-missing)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_quote_that_is_never_closed() {
    tells_only(
        "renewal-conf-syntax",
        "renewal-conf-syntax",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example does not parse: the value of `post_hook` is badly quoted  renewal-conf-syntax
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: the value of `post_hook` is badly quoted
          wanted   `key = value`, `[section]` or a comment
          why      certbot says `error parsing …/renewal/NAME.conf` and skips the lineage at every renewal
          when     the certificate expires on 2027-01-22 (in 59 days)
          fix      mend /etc/letsencrypt/renewal/shop.example.conf:16
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_merge_conflict_in_a_conf() {
    tells_only(
        "renewal-conf-merge-conflict",
        "renewal-conf-syntax",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example does not parse: neither a `[section]` nor a `key = value` line  renewal-conf-syntax
          saw      /etc/letsencrypt/renewal/shop.example.conf:12: neither a `[section]` nor a `key = value` line
          wanted   `key = value`, `[section]` or a comment
          why      certbot says `error parsing …/renewal/NAME.conf` and skips the lineage at every renewal
          when     the certificate expires on 2027-01-22 (in 59 days)
          fix      mend /etc/letsencrypt/renewal/shop.example.conf:12
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_conf_without_its_renewalparams() {
    tells_only(
        "renewalparams-missing",
        "renewalparams-missing",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example does not say how to renew it  renewalparams-missing
          saw      /etc/letsencrypt/renewal/shop.example.conf: no section [renewalparams]
          wanted   [renewalparams] with an authenticator and a server
          why      certbot says `Renewal configuration file … lacks renewalparams. Skipping.` at every renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      write it again, with the authenticator that it had, for example a web root
                   $ printf '%s\n' '[renewalparams]' 'authenticator = webroot' 'webroot_path = /var/www/shop.example,' 'key_type = ecdsa' 'account = [ACCOUNT]' 'server = https://acme-v02.api.letsencrypt.org/directory' >> /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_conf_without_an_authenticator() {
    tells_only(
        "authenticator-missing",
        "authenticator-missing",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example names no authenticator  authenticator-missing
          saw      /etc/letsencrypt/renewal/shop.example.conf:10: no `authenticator` in [renewalparams]
          wanted   authenticator = webroot, nginx, a DNS plugin …
          why      certbot says `Renewal configuration file … does not specify an authenticator. Skipping.` at every
                   renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      name the one whose options the conf still has
                   $ sed -i '10a authenticator = webroot' /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn yes_is_not_true() {
    tells_only(
        "typed-value-invalid",
        "typed-value-invalid",
        2,
        expect![[r#"
        will fail  reuse_key of shop.example is not True or False  typed-value-invalid
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: reuse_key = yes
          wanted   True or False
          why      certbot says `An error occurred while parsing … The error was Expected …` and skips the lineage at
                   every renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      correct reuse_key in /etc/letsencrypt/renewal/shop.example.conf:16
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_number_with_a_unit_is_no_number() {
    tells_only(
        "typed-value-invalid-number",
        "typed-value-invalid",
        2,
        expect![[r#"
        will fail  rsa_key_size of shop.example is not a whole number  typed-value-invalid
          saw      /etc/letsencrypt/renewal/shop.example.conf:16: rsa_key_size = 4096 bit
          wanted   a whole number
          why      certbot says `An error occurred while parsing … The error was Expected …` and skips the lineage at
                   every renewal
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      correct rsa_key_size in /etc/letsencrypt/renewal/shop.example.conf:16
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_empty_certificate_file() {
    tells_only(
        "cert-unreadable-pem",
        "cert-unreadable-pem",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/archive/shop.example/cert2.pem cannot be used: the file is empty  cert-unreadable-pem
          saw      /etc/letsencrypt/archive/shop.example/cert2.pem: the file is empty
          wanted   certificates in PEM form
          why      with a damaged cert.pem certbot says `produced an unexpected error: Unable to load PEM file` and
                   skips the lineage; with any other damaged file the servers that read it cannot start or reload
          when     now
          fix      take it from /etc/letsencrypt/archive/shop.example/fullchain2.pem, which holds the certificate and
                   its chain
                   $ openssl x509 -in /etc/letsencrypt/archive/shop.example/fullchain2.pem -out /etc/letsencrypt/archive/shop.example/cert2.pem
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_certificate_in_use_without_a_conf() {
    tells_only(
        "orphan-lineage-no-conf",
        "orphan-lineage-no-conf",
        2,
        expect![[r#"
        will fail  nothing renews shop.example: there is no /etc/letsencrypt/renewal/shop.example.conf  orphan-lineage-no-conf
          saw      /etc/letsencrypt/live/shop.example: a certificate until 2027-01-22T11:59:59Z
          saw      /etc/letsencrypt/archive/shop.example: a certificate until 2027-01-22T11:59:59Z
          wanted   /etc/letsencrypt/renewal/shop.example.conf
          saw      /etc/nginx/sites-enabled/shop.example:20: ssl_certificate /etc/letsencrypt/live/shop.example/fullchain.pem
          saw      /etc/nginx/sites-enabled/shop.example:21: ssl_certificate_key /etc/letsencrypt/live/shop.example/privkey.pem
          why      `certbot renew` reads renewal/*.conf alone: it says nothing about this certificate, exits 0 and lets
                   it expire; reissuing under the name fails with `archive directory exists`
          when     on 2027-01-22 (in 59 days)
          fix      restore the conf from a backup; without one, write it anew from that of blog.example, which renews
                   with nginx, look it through and try it
                   $ sed 's/blog\.example/shop.example/g' /etc/letsencrypt/renewal/blog.example.conf > /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run

        1 lineage: 1 will renew, and 1 that nothing renews (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_conf_that_was_renamed_for_the_weekend() {
    tells_only(
        "conf-not-dot-conf",
        "conf-not-dot-conf",
        2,
        expect![[r#"
        will fail  certbot does not read shop.example.conf.disabled, so nothing renews shop.example  conf-not-dot-conf
          saw      /etc/letsencrypt/renewal/shop.example.conf.disabled: a file with another name
          wanted   /etc/letsencrypt/renewal/shop.example.conf
          why      `certbot renew` reads renewal/*.conf alone: it passes the file over without a word, exits 0 and lets
                   the certificate expire
          when     on 2027-01-22 (in 59 days)
          fix      give the file its name back
                   $ mv /etc/letsencrypt/renewal/shop.example.conf.disabled /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run
          hence    nothing renews shop.example: there is no /etc/letsencrypt/renewal/shop.example.conf
                   (orphan-lineage-no-conf)

        1 lineage: 1 will renew, and 1 that nothing renews (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_twin_is_renewed_and_the_server_reads_the_other() {
    tells_only(
        "lineage-0001-duplicate",
        "lineage-0001-duplicate",
        1,
        expect![[r#"
        may fail   /etc/nginx/sites-enabled/shop.example:20 reads shop.example, while shop.example-0001 holds a newer certificate for the same names and also for www.shop.example  lineage-0001-duplicate
          lineages shop.example, shop.example-0001
          saw      /etc/letsencrypt/live/shop.example-0001: 2026-11-13T12:00:00Z to 2027-02-11T11:59:59Z, shop.example www.shop.example
          saw      /etc/letsencrypt/live/shop.example: 2026-10-04T12:00:00Z to 2027-01-02T11:59:59Z, shop.example
          saw      /etc/nginx/sites-enabled/shop.example:20: live/shop.example
          wanted   live/shop.example-0001
          why      new certificates appear under one name while the server goes on reading the other, which may lack
                   names or expire; both count against the CA's limits
          when     the renewal due on 2026-12-03 (in 9 days); the certificate expires on 2027-01-02 (in 39 days)
          fix      name live/shop.example-0001 in the server's configuration and reload it; then
                   $ certbot delete --cert-name shop.example

        2 lineages: 2 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn live_stayed_behind_the_archive() {
    tells_only(
        "live-behind-archive",
        "live-behind-archive",
        1,
        expect![[r#"
        may fail   shop.example points at version 2, and version 3 is complete  live-behind-archive
          saw      /etc/letsencrypt/live/shop.example/cert.pem: -> cert2.pem
          wanted   /etc/letsencrypt/archive/shop.example/cert3.pem
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: -> privkey2.pem
          wanted   /etc/letsencrypt/archive/shop.example/privkey3.pem
          saw      /etc/letsencrypt/live/shop.example/chain.pem: -> chain2.pem
          wanted   /etc/letsencrypt/archive/shop.example/chain3.pem
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: -> fullchain2.pem
          wanted   /etc/letsencrypt/archive/shop.example/fullchain3.pem
          only     may fail, because the version that live points at is still valid
          why      the next `certbot renew` links to it (`Found a new certificate … that was not linked to … fixing`)
                   without running a hook or reloading a server, so the old certificate may be served until it expires
          when     the certificate expires on 2026-12-21 (in 27 days)
          fix      let certbot link to it, then reload by hand what uses it: certbot runs no hook on relinking
                   $ certbot renew --cert-name shop.example
                   $ systemctl reload nginx

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn an_old_version_with_a_higher_number_would_win() {
    tells_only(
        "relinked-to-stale-higher-number",
        "relinked-to-stale-higher-number",
        1,
        expect![[r#"
        may fail   version 9 of shop.example is older than version 2, and certbot links to the higher number  relinked-to-stale-higher-number
          saw      /etc/letsencrypt/archive/shop.example/cert2.pem: notBefore 2026-10-24T12:00:00Z
          saw      /etc/letsencrypt/archive/shop.example/cert9.pem: notBefore 2026-01-27T12:00:00Z
          wanted   the newest certificate under the highest number
          why      at every run certbot links live to the highest number of which all four files exist, so an old
                   certificate takes the place of the newer one, without any hook or reload
          when     already: a renewal has been due since 2026-04-27; the certificate expires on 2027-01-22 (in 59 days)
          fix      give the newer set the highest number, let certbot link to it, and reload what uses it by hand
                   $ cp -p /etc/letsencrypt/archive/shop.example/cert2.pem /etc/letsencrypt/archive/shop.example/cert10.pem
                   $ cp -p /etc/letsencrypt/archive/shop.example/privkey2.pem /etc/letsencrypt/archive/shop.example/privkey10.pem
                   $ cp -p /etc/letsencrypt/archive/shop.example/chain2.pem /etc/letsencrypt/archive/shop.example/chain10.pem
                   $ cp -p /etc/letsencrypt/archive/shop.example/fullchain2.pem /etc/letsencrypt/archive/shop.example/fullchain10.pem
                   $ certbot renew --cert-name shop.example

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn the_new_certificate_with_the_old_key() {
    tells_only(
        "mixed-versions-in-live",
        "mixed-versions-in-live",
        2,
        expect![[r#"
        will fail  the private key of shop.example is not the key of its certificate  mixed-versions-in-live
          saw      /etc/letsencrypt/archive/shop.example/privkey1.pem: ecdsa-p256, public key [KEY]
          wanted   ecdsa-p256, public key [KEY] of /etc/letsencrypt/archive/shop.example/cert2.pem
          saw      /etc/letsencrypt/live/shop.example/cert.pem: -> /etc/letsencrypt/archive/shop.example/cert2.pem
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: -> /etc/letsencrypt/archive/shop.example/privkey1.pem
          saw      /etc/letsencrypt/live/shop.example/chain.pem: -> /etc/letsencrypt/archive/shop.example/chain2.pem
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: -> /etc/letsencrypt/archive/shop.example/fullchain2.pem
          why      certbot does not compare them, but a server that reads a certificate with another one's key refuses
                   to start or reload: `key values mismatch`
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      link all four to version 2, then reload the server
                   $ ln -sfn ../../archive/shop.example/cert2.pem /etc/letsencrypt/live/shop.example/cert.pem
                   $ ln -sfn ../../archive/shop.example/privkey2.pem /etc/letsencrypt/live/shop.example/privkey.pem
                   $ ln -sfn ../../archive/shop.example/chain2.pem /etc/letsencrypt/live/shop.example/chain.pem
                   $ ln -sfn ../../archive/shop.example/fullchain2.pem /etc/letsencrypt/live/shop.example/fullchain.pem

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn an_expired_certificate_in_use() {
    tells_only(
        "certificate-expired",
        "certificate-expired",
        2,
        expect![[r#"
        will fail  the certificate of shop.example expired 11 days ago  certificate-expired
          saw      /etc/letsencrypt/live/shop.example/cert.pem: notAfter 2026-11-12T11:59:59Z
          wanted   after 2026-11-23T12:00:00Z
          why      browsers and every other client refuse it now; renewals have been failing, or none was tried
          when     the certificate expired on 2026-11-12 (11 days ago)
          fix      see why it was not renewed
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_certificate_from_the_future() {
    tells_only(
        "certificate-not-yet-valid",
        "certificate-not-yet-valid",
        2,
        expect![[r#"
        will fail  the certificate of wiki.internal.example is not valid before 2027-09-19T12:00:00Z  certificate-not-yet-valid
          saw      /etc/letsencrypt/live/wiki.internal.example/cert.pem: notBefore 2027-09-19T12:00:00Z
          wanted   no later than 2026-11-23T12:00:00Z
          saw      the time of this audit: 2026-11-23T12:00:00Z
          why      every client whose clock is right refuses it until then; most often it is this host's clock that is
                   wrong
          when     now; the certificate expires on 2027-12-18 (in 389 days)
          fix      set the clock, if it is wrong; only if it is right was the certificate issued wrongly: renew it then
                   $ timedatectl
                   $ certbot renew --cert-name wiki.internal.example --force-renewal

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_intermediate_of_another_ca() {
    tells_only(
        "leaf-not-signed-by-chain",
        "leaf-not-signed-by-chain",
        2,
        expect![[r#"
        will fail  the certificate of shop.example was not signed by its chain: it was issued by `YE1`, the chain begins with `Other CA G2`  leaf-not-signed-by-chain
          saw      /etc/letsencrypt/archive/shop.example/chain2.pem: Other CA G2
          wanted   YE1, which issued /etc/letsencrypt/archive/shop.example/cert2.pem
          why      clients that do not know the intermediate by themselves cannot find a way to a root and refuse the
                   connection; a renewal writes a new chain, and nothing before it does
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      renew now to get both from the CA again
                   $ certbot renew --cert-name shop.example --force-renewal

        3 lineages: 2 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_tree_that_was_moved_out_of_its_container() {
    tells_only(
        "container-tree-moved",
        "container-tree-moved-absolute-paths",
        2,
        expect![[r#"
        will fail  shop.example: /data, below which the conf's paths lie, does not exist here  container-tree-moved-absolute-paths
          saw      /etc/letsencrypt/renewal/shop.example.conf:13: webroot_path = /data/www/shop.example
          saw      /etc/letsencrypt/renewal/shop.example.conf:4: cert = /data/letsencrypt/live/shop.example/cert.pem
          saw      /etc/letsencrypt/renewal/shop.example.conf:5: privkey = /data/letsencrypt/live/shop.example/privkey.pem
          saw      /etc/letsencrypt/renewal/shop.example.conf:6: chain = /data/letsencrypt/live/shop.example/chain.pem
          saw      /etc/letsencrypt/renewal/shop.example.conf:7: fullchain = /data/letsencrypt/live/shop.example/fullchain.pem
          wanted   a path below a folder that exists, not /data
          why      certbot uses the paths as they stand: it puts challenges where no server looks for them, and finds
                   neither hooks nor credentials
          fix      make /data available here under that name, or put this host's paths into the conf
                   $ sed -i s,/data/letsencrypt/,/etc/letsencrypt/,g /etc/letsencrypt/renewal/shop.example.conf
                   $ sed -i -e 13s,/data/www/shop.example,/var/www/shop.example, -e 17s,/data/www/shop.example,/var/www/shop.example, /etc/letsencrypt/renewal/shop.example.conf
                   $ certbot renew --cert-name shop.example --dry-run
          hence    the four live paths of shop.example are missing (live-not-symlink)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_fifo_in_the_archive() {
    tells_only(
        "file-unreadable",
        "file-unreadable",
        2,
        expect![[r#"
        will fail  /etc/letsencrypt/live/shop.example/chain.pem cannot be read: is a FIFO, not a regular file  file-unreadable
          saw      /etc/letsencrypt/live/shop.example/chain.pem: is a FIFO, not a regular file
          wanted   a regular file of a few kilobytes
          why      certbot stops at it or waits on it for ever: a FIFO, a device, a folder, links in a circle, a file
                   of absurd size
          when     the renewal due on 2026-12-23 (in 29 days); the certificate expires on 2027-01-22 (in 59 days)
          fix      put the real file back at /etc/letsencrypt/live/shop.example/chain.pem
                   $ ls -lL /etc/letsencrypt/live/shop.example/chain.pem
                   $ certbot renew --cert-name shop.example --dry-run

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn the_old_fullchain_with_the_new_certificate() {
    tells_only(
        "fullchain-differs",
        "fullchain-differs",
        1,
        expect![[r#"
        may fail   /etc/letsencrypt/archive/shop.example/fullchain2.pem does not hold the certificates of /etc/letsencrypt/archive/shop.example/cert2.pem and /etc/letsencrypt/archive/shop.example/chain2.pem  fullchain-differs
          saw      /etc/letsencrypt/archive/shop.example/fullchain2.pem: other certificates, or another order
          wanted   /etc/letsencrypt/archive/shop.example/cert2.pem, then /etc/letsencrypt/archive/shop.example/chain2.pem
          why      certbot judges cert.pem, and servers send fullchain.pem: what is sent may expire or be refused
                   unnoticed
          when     now; the certificate expires on 2027-01-22 (in 59 days)
          fix      put them together again, then reload the server
                   $ cat /etc/letsencrypt/archive/shop.example/cert2.pem /etc/letsencrypt/archive/shop.example/chain2.pem > /etc/letsencrypt/archive/shop.example/fullchain2.pem

        2 lineages: 1 will renew, 1 at risk (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 1
    "#]],
    );
}

#[test]
fn expired_because_the_conf_is_empty_is_one_finding() {
    tells_only(
        "expired-because-of-a-broken-conf",
        "renewal-conf-empty-or-truncated",
        2,
        expect![[r#"
        will fail  the renewal configuration of shop.example holds nothing  renewal-conf-empty-or-truncated
          saw      /etc/letsencrypt/renewal/shop.example.conf: the file is empty
          wanted   cert, privkey, chain and fullchain with their paths
          why      certbot refuses it (`renewal config file {} is missing a required file reference`) and skips the
                   lineage at every renewal
          when     the certificate expired on 2026-11-20 (3 days ago)
          fix      restore the file from a backup; the four paths and [renewalparams] can be copied from another
                   lineage's conf
                   $ certbot renew --cert-name shop.example --dry-run
          hence    the renewal configuration of shop.example does not say how to renew it (renewalparams-missing)
          hence    the certificate of shop.example expired 3 days ago (certificate-expired)

        2 lineages: 1 will renew, 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn a_live_folder_that_was_not_restored() {
    tells_only(
        "live-folder-gone",
        "live-not-symlink",
        2,
        expect![[r#"
        will fail  the four live paths of shop.example are missing  live-not-symlink
          saw      /etc/letsencrypt/live/shop.example/cert.pem: nothing is there
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: nothing is there
          saw      /etc/letsencrypt/live/shop.example/chain.pem: nothing is there
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: nothing is there
          wanted   a symbolic link into archive/
          why      certbot refuses the whole renewal configuration (`expected … to be a symlink`) and skips the lineage
          when     on 2026-12-23 (in 29 days)
          fix      link to version 2, the newest complete one
                   $ mkdir -p /etc/letsencrypt/live/shop.example
                   $ ln -sfn ../../archive/shop.example/cert2.pem /etc/letsencrypt/live/shop.example/cert.pem
                   $ ln -sfn ../../archive/shop.example/privkey2.pem /etc/letsencrypt/live/shop.example/privkey.pem
                   $ ln -sfn ../../archive/shop.example/chain2.pem /etc/letsencrypt/live/shop.example/chain.pem
                   $ ln -sfn ../../archive/shop.example/fullchain2.pem /etc/letsencrypt/live/shop.example/fullchain.pem
                   $ certbot renew --cert-name shop.example --dry-run

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

#[test]
fn expired_because_never_linked_is_one_finding() {
    tells_only(
        "expired-and-live-behind",
        "live-behind-archive",
        2,
        expect![[r#"
        will fail  shop.example points at version 2, and version 3 is complete  live-behind-archive
          saw      /etc/letsencrypt/live/shop.example/cert.pem: -> cert2.pem
          wanted   /etc/letsencrypt/archive/shop.example/cert3.pem
          saw      /etc/letsencrypt/live/shop.example/privkey.pem: -> privkey2.pem
          wanted   /etc/letsencrypt/archive/shop.example/privkey3.pem
          saw      /etc/letsencrypt/live/shop.example/chain.pem: -> chain2.pem
          wanted   /etc/letsencrypt/archive/shop.example/chain3.pem
          saw      /etc/letsencrypt/live/shop.example/fullchain.pem: -> fullchain2.pem
          wanted   /etc/letsencrypt/archive/shop.example/fullchain3.pem
          why      the next `certbot renew` links to it (`Found a new certificate … that was not linked to … fixing`)
                   without running a hook or reloading a server, so the old certificate may be served until it expires
          when     the certificate expired on 2026-11-18 (5 days ago)
          fix      let certbot link to it, then reload by hand what uses it: certbot runs no hook on relinking
                   $ certbot renew --cert-name shop.example
                   $ systemctl reload nginx
          hence    the certificate of shop.example expired 5 days ago (certificate-expired)

        1 lineage: 1 will fail (/etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 2
    "#]],
    );
}

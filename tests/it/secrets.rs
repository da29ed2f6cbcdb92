//! No key material and no secret leaves the host in facts or reports.

use std::path::Path;

use crate::program::Host;

const HOST: &str = r#"
packaged debian-certbot-2.1
account as=main server=letsencrypt key=rsa
account as=second server=https://ca.example/directory key=p256
lineage example.com certbot=2.1.0 webroot=/var/www/html versions=2
  conf renew_hook = API_TOKEN=hush-token-1 /usr/local/bin/deploy --password hush-word-2 https://u:hush-word-3@x.example/?token=hush-word-4
  conf dns_example_api_key = hush-key-5
  conf eab_hmac_key = hush-hmac-6
lineage rsa.example certbot=2.1.0 key=rsa webroot=/var/www/html
lineage leaky.example certbot=2.1.0 webroot=/var/www/html
append /etc/letsencrypt/renewal/leaky.example.conf <<END
this line is hush-line-7 and no setting
END
dir /var/www/html
file /etc/cron.d/renew mode=0644 <<END
MAIL_PASSWORD=hush-env-8
0 3 * * * root SLACK_TOKEN=hush-cron-9 certbot renew --deploy-hook "curl -H 'Authorization: Bearer hush-bearer-10' https://x.example"
END
lineage dns.example names=*.dns.example certbot=2.1.0 authenticator=dns-ovh
  conf dns_ovh_credentials = /root/ovh.ini
file /root/ovh.ini mode=0600 <<END
dns_ovh_endpoint = hush-endpoint-12
hush-name-13 = x
dns_ovh_consumer_key = hush-key-14
END
lineage bare.example names=*.bare.example certbot=2.1.0 authenticator=dns-digitalocean
  conf dns_digitalocean_credentials = /root/bare.ini
file /root/bare.ini mode=0600 <<END
hush-bare-15
END
append /etc/letsencrypt/cli.ini <<END
eab-hmac-key = hush-ini-11
END
"#;

#[test]
fn facts_and_reports_hold_no_key_and_no_secret() {
    let host = Host::manifest(HOST);
    let keys = key_material(&host.path("/etc/letsencrypt"));
    assert!(keys.len() >= 20, "the tree holds keys to look for");
    for args in
        [&["facts"][..], &["--format", "text"], &["--format", "json"], &["--format", "nagios"], &["-vv"]]
    {
        let output = host.run(args);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(".example") || said.contains("example.com"), "{args:?} says something");
        for n in 1..=15 {
            for word in said.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                assert!(
                    !(word.starts_with("hush-") && word.ends_with(&format!("-{n}"))),
                    "{args:?} tells {word}"
                );
            }
        }
        for key in &keys {
            assert!(!said.contains(key.as_str()), "{args:?} holds key material");
        }
    }
}

/// Pieces of every private key in the tree: lines of PEM files and members of JWKs.
fn key_material(folder: &Path) -> Vec<String> {
    let mut pieces = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_symlink() {
            continue;
        } else if path.is_dir() {
            pieces.extend(key_material(&path));
        } else if name.starts_with("privkey") {
            let pem = std::fs::read_to_string(&path).expect("a PEM file");
            pieces.extend(pem.lines().filter(|l| !l.starts_with("--") && l.len() > 20).map(str::to_owned));
        } else if name == "private_key.json" {
            let jwk: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("a JWK");
            for member in ["d", "p", "q", "dp", "dq", "qi"] {
                pieces.extend(jwk[member].as_str().map(str::to_owned));
            }
        }
    }
    pieces
}

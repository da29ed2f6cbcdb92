//! What certbot's installer plugins do after a renewal: test the server's configuration, and load it anew.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins>

use crate::facts::Lineage;

/// What does it for `installer = nginx` or `apache`; nothing for another one.
pub fn after(lineage: &Lineage) -> Option<String> {
    let command = match lineage.installer() {
        Some("nginx") => "nginx -t -q && nginx -s reload",
        Some("apache") => "apachectl configtest && apachectl graceful",
        _ => return None,
    };
    Some(command.to_owned())
}

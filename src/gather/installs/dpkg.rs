//! What dpkg's status file says about certbot.

use std::path::Path;

use crate::facts::Role;
use crate::gather::fs::Root;

/// dpkg's list of packages.
pub(super) const STATUS: &str = "/var/lib/dpkg/status";
/// How much of it is read; a server's is a few megabytes.
const MAX_STATUS: u64 = 64 << 20;

/// certbot as dpkg knows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certbot {
    /// The upstream version, without epoch and Debian revision.
    pub version: Option<String>,
    /// The plugins that come as packages.
    pub plugins: Vec<String>,
}

/// certbot, where its package is installed.
pub(super) fn certbot(root: &Root) -> Option<Certbot> {
    parse(&root.read_text(Path::new(STATUS), MAX_STATUS, Role::Other).ok()?)
}

fn parse(status: &str) -> Option<Certbot> {
    let mut found = false;
    let mut certbot = Certbot { version: None, plugins: Vec::new() };
    for paragraph in status.split("\n\n") {
        let field = |name: &str| {
            paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
        };
        let Some(package) = field("Package").filter(|name| name.contains("certbot")) else {
            continue;
        };
        if !field("Status").is_some_and(|status| status.ends_with(" ok installed")) {
            continue;
        }
        if package == "certbot" || package == "python3-certbot" || package == "python-certbot" {
            found = true;
            certbot.version = certbot.version.or_else(|| field("Version").map(upstream));
        } else if let Some(plugin) =
            package.strip_prefix("python3-certbot-").or_else(|| package.strip_prefix("python-certbot-"))
            && plugin != "doc"
        {
            certbot.plugins.push(plugin.to_owned());
        }
    }
    found.then_some(certbot)
}

/// <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>
fn upstream(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.rsplit_once('-').map_or(version, |(upstream, _)| upstream).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_count() {
        let status = "Package: certbot\nStatus: install ok installed\nVersion: 1:2.1.0-4\n\n\
                      Package: python3-certbot-nginx\nStatus: install ok installed\nVersion: 2.1.0-2\n\n\
                      Package: python3-certbot-apache\nStatus: deinstall ok config-files\nVersion: 2.1.0-2\n\n\
                      Package: python-certbot-doc\nStatus: install ok installed\n";
        let certbot = parse(status).unwrap();
        assert_eq!(certbot.version.as_deref(), Some("2.1.0"));
        assert_eq!(certbot.plugins, ["nginx"]);
        assert_eq!(parse("Package: certbot\nStatus: deinstall ok config-files\n"), None);
    }
}

//! The DNS plugins among a certbot's packages: what their code imports, and which libraries stand beside them.
//!
//! A plugin that cannot be imported stops every run of that certbot, whatever it is to do.
//! <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/disco.py>

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::site::{Package, Site, entries};
use crate::facts::{DnsPlugin, Role};
use crate::gather::fs::{Root, show};

/// The largest file of code or metadata that is read, in bytes.
const MAX_CODE: u64 = 1 << 20;

/// What the plugins of certbot's own project have imported over the years, and where it stands in a folder of packages.
/// Whatever else a plugin imports is not judged: only for these it is known that no other package brings them.
const MODULES: [(&str, &str); 10] = [
    ("CloudFlare", "CloudFlare"),
    ("cloudflare", "cloudflare"),
    ("lexicon", "lexicon"),
    ("digitalocean", "digitalocean"),
    ("googleapiclient", "googleapiclient"),
    ("oauth2client", "oauth2client"),
    ("dns", "dns"),
    ("boto3", "boto3"),
    ("zope.interface", "zope/interface"),
    ("acme.magic_typing", "acme/magic_typing.py"),
];

/// Packages whose versions a plugin depends on.
const BESIDE: [&str; 3] = ["certbot", "cloudflare", "dns-lexicon"];

/// Path files that add no folder to Python's search path.
const HARMLESS_PATHS: [&str; 3] = ["distutils-precedence.pth", "_virtualenv.pth", "pipx_shared.pth"];

/// The DNS plugins in the folders that one Python searches.
pub(super) fn plugins(root: &Root, sites: &[Site]) -> Vec<DnsPlugin> {
    let mut beside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in sites.iter().flat_map(|site| &site.packages) {
        if BESIDE.contains(&package.name.as_str()) {
            beside.entry(package.name.clone()).or_default().insert(package.version.clone());
        }
    }
    let beside: BTreeMap<String, Vec<String>> =
        beside.into_iter().map(|(name, versions)| (name, versions.into_iter().collect())).collect();
    let whole = sites.iter().all(is_whole);
    let mut plugins = Vec::new();
    let mut seen = BTreeSet::new();
    // `lib64` of an environment is a link to `lib`.
    for site in sites.iter().filter(|site| seen.insert(&site.real)) {
        for package in site.packages.iter().filter(|package| package.name.contains("dns")) {
            for (plugin, module) in entries(root, &package.info) {
                if !plugin.starts_with("dns-") {
                    continue;
                }
                let Some((path, code)) = code(root, &site.path, &module) else { continue };
                let absent = imports(&code).filter(|module| whole && !is_there(root, sites, module));
                plugins.push(DnsPlugin {
                    plugin,
                    version: package.version.clone(),
                    code: path,
                    absent: absent.map(str::to_owned).collect(),
                    needs_certbot: needs_certbot(root, package),
                    beside: beside.clone(),
                });
            }
        }
    }
    plugins
}

/// Whether everything that this Python can import stands in the folder itself: no eggs, no folders elsewhere.
fn is_whole(site: &Site) -> bool {
    let leads_away = |name: &String| {
        let path = name.ends_with(".pth")
            && !name.ends_with("nspkg.pth")
            && !HARMLESS_PATHS.contains(&name.as_str());
        path || name.ends_with(".egg") || name.ends_with(".egg-link") || name.starts_with("__editable__")
    };
    !site.names.iter().any(leads_away)
}

fn is_there(root: &Root, sites: &[Site], module: &str) -> bool {
    let Some((_, place)) = MODULES.iter().find(|(name, _)| *name == module) else { return true };
    sites.iter().any(|site| {
        let path = site.path.join(place);
        root.exists(&path) || root.exists(&path.with_extension("py"))
    })
}

/// The file of a module, and its text.
fn code(root: &Root, site: &Path, module: &str) -> Option<(String, String)> {
    let is_name =
        |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !part.is_empty();
    if !module.split('.').all(is_name) {
        return None;
    }
    let place = site.join(module.replace('.', "/"));
    let places = [place.with_extension("py"), place.join("__init__.py")];
    places
        .into_iter()
        .find_map(|path| Some((show(&path), root.read_text(&path, MAX_CODE, Role::Other).ok()?)))
}

/// The modules of [`MODULES`] that code imports as it is loaded: at its outermost level, or below a `with` there.
fn imports(code: &str) -> impl Iterator<Item = &'static str> {
    let mut found: BTreeSet<&'static str> = BTreeSet::new();
    let mut within_with = false;
    let mut within_text = false;
    for line in code.lines() {
        // A text over several lines: certbot's plugins have none on one line with code.
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        let was_text = within_text;
        within_text ^= quotes % 2 == 1;
        let statement = line.trim();
        if was_text || statement.is_empty() || statement.starts_with('#') {
            continue;
        }
        let outermost = !line.starts_with([' ', '\t']);
        if outermost {
            within_with = statement.starts_with("with ");
        }
        if outermost || within_with {
            found.extend(imported(statement));
        }
    }
    found.into_iter()
}

/// The module of one `import` statement.
fn imported(statement: &str) -> Option<&'static str> {
    let mut words = statement.split_whitespace();
    let (verb, module) = (words.next()?, words.next()?.trim_end_matches([',', ';']));
    let named = match (verb, words.next(), words.next()) {
        ("import", _, _) => module.to_owned(),
        // `from acme import magic_typing` imports a module too.
        ("from", Some("import"), Some(name)) => format!("{module}.{}", name.trim_end_matches(',')),
        _ => return None,
    };
    let known = MODULES.iter().map(|(name, _)| *name);
    known
        .into_iter()
        .find(|known| named.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// `certbot>=5.8.0` of a package's requirements. <https://packaging.python.org/en/latest/specifications/core-metadata/>
fn needs_certbot(root: &Root, package: &Package) -> Option<String> {
    let files = ["METADATA", "PKG-INFO", "requires.txt"].map(|name| package.info.join(name));
    files.iter().find_map(|path| {
        let text = root.read_text(path, MAX_CODE, Role::Other).ok()?;
        text.lines().find_map(|line| {
            let requirement = line.strip_prefix("Requires-Dist:").unwrap_or(line).trim();
            let specifier = requirement.strip_prefix("certbot")?.trim_start();
            let specifier = specifier.strip_prefix('(').unwrap_or(specifier);
            let least = specifier.split([',', ')', ';']).find_map(|part| part.trim().strip_prefix(">="))?;
            let version = least.trim();
            version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{imports, plugins};
    use crate::facts::DnsPlugin;
    use crate::gather::fs::Root;
    use crate::gather::installs::site::Site;

    fn of(code: &str) -> Vec<&'static str> {
        imports(code).collect()
    }

    #[test]
    fn what_is_imported_as_the_code_is_loaded_is_found() {
        assert_eq!(of("import logging\n\nimport CloudFlare\n"), ["CloudFlare"]);
        assert_eq!(of("with warnings.catch_warnings():\n    x()\n    import cloudflare\n"), ["cloudflare"]);
        assert_eq!(of("from cloudflare.types.zones import Zone\n"), ["cloudflare"]);
        assert_eq!(
            of("from lexicon.providers import ovh\nimport zope.interface\n"),
            ["lexicon", "zope.interface"]
        );
        assert_eq!(of("from acme import magic_typing\n"), ["acme.magic_typing"]);
        assert_eq!(of("from acme.magic_typing import Any\n"), ["acme.magic_typing"]);
        assert_eq!(of("import dns.flags\nimport dns.message\n"), ["dns"]);
    }

    #[test]
    fn what_may_fail_and_what_comes_later_is_not_counted() {
        assert!(of("try:\n    import CloudFlare\nexcept ImportError:\n    CloudFlare = None\n").is_empty());
        assert!(of("def client():\n    import CloudFlare\n").is_empty());
        assert!(of("\"\"\"Text.\n\nimport CloudFlare\n\"\"\"\n").is_empty());
        assert!(of("# import CloudFlare\nfrom acme import challenges\nimport cloudflared\n").is_empty());
    }

    struct Tree(tempfile::TempDir);

    const SITE: &str = "/opt/certbot/lib/python3.11/site-packages";

    impl Tree {
        fn new() -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            tree.with(
                "certbot_dns_cloudflare-5.4.0.dist-info/entry_points.txt",
                "[certbot.plugins]\ndns-cloudflare = certbot_dns_cloudflare._internal.dns_cloudflare:Authenticator\n",
            )
            .with(
                "certbot_dns_cloudflare-5.4.0.dist-info/METADATA",
                "Name: certbot-dns-cloudflare\nRequires-Dist: cloudflare<2.20,>=2.19\nRequires-Dist: certbot>=5.4.0\n",
            )
            .with("certbot_dns_cloudflare/_internal/dns_cloudflare.py", "import CloudFlare\n")
            .with("certbot-5.4.0.dist-info/METADATA", "")
            .with("cloudflare-4.3.1.dist-info/METADATA", "")
        }

        fn with(self, path: &str, text: &str) -> Self {
            let path = self.0.path().join(SITE.trim_start_matches('/')).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            self
        }

        fn only(&self) -> DnsPlugin {
            let root = Root::below(self.0.path()).unwrap();
            let site = Site::read(&root, SITE.as_ref()).unwrap();
            let mut all = plugins(&root, &[site]);
            assert_eq!(all.len(), 1);
            all.remove(0)
        }
    }

    #[test]
    fn a_library_that_no_folder_has_is_absent() {
        let plugin = Tree::new().only();
        assert_eq!((plugin.plugin.as_str(), plugin.version.as_str()), ("dns-cloudflare", "5.4.0"));
        assert_eq!(plugin.absent, ["CloudFlare"]);
        assert_eq!(plugin.needs_certbot.as_deref(), Some("5.4.0"));
        assert_eq!(plugin.beside["cloudflare"], ["4.3.1"]);
        assert!(plugin.code.ends_with("certbot_dns_cloudflare/_internal/dns_cloudflare.py"));
    }

    #[test]
    fn one_that_is_there_or_may_stand_elsewhere_is_not() {
        assert!(Tree::new().with("CloudFlare/__init__.py", "").only().absent.is_empty());
        assert!(Tree::new().with("easy-install.pth", "/srv/x\n").only().absent.is_empty());
        assert!(!Tree::new().with("distutils-precedence.pth", "import os\n").only().absent.is_empty());
    }
}

//! What to type on this very host: the verbs that its certbot knows, the folders that its servers serve from, and
//! edits of a conf that is at fault itself.
//!
//! A command repeats texts of the host's files. The engine quotes the odd ones where they stand, which is right outside
//! quotes only: what stands here within quotes is either our own words or [`is_plain`].

use super::{Conf, HostFacts, Lineage, Setting, Usage};

/// The words that go with `DIR` in a command.
pub(crate) const DIR: &str = "DIR is the folder that your web server serves this name from";

/// Folders of every host: a tree without one of them was only copied in part.
const OF_EVERY_HOST: [&str; 15] = [
    "/bin", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv",
    "/tmp", "/usr", "/var",
];

/// Whether a path that begins with a folder of every host is only missing because the tree has no such folder.
pub(crate) fn is_of_every_host(top: &str) -> bool {
    OF_EVERY_HOST.contains(&top)
}

/// Whether a text can stand in a sed command and in a shell as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/:@-".contains(&b))
}

/// `sed` that puts `new` for `old` in some lines of a conf; `None` where that cannot be written safely.
pub(crate) fn replace_in(conf: &Conf, lines: &[u32], old: &str, new: &str) -> Option<String> {
    if lines.is_empty() || !is_plain(old) || !is_plain(new) {
        return None;
    }
    let edits: Vec<String> = lines.iter().map(|line| format!("-e {line}s,{old},{new},")).collect();
    Some(format!("sed -i {} {}", edits.join(" "), conf.path))
}

/// Tries a conf that was mended, without changing the certificate.
pub(crate) fn try_it(lineage: &Lineage) -> String {
    format!("certbot renew --cert-name {} --dry-run", lineage.name)
}

impl Conf {
    /// The lines of the settings that hold this very path.
    pub(crate) fn lines_with(&self, path: &str) -> Vec<u32> {
        let holds = |s: &&Setting| s.items().iter().any(|item| item == path);
        self.settings.iter().filter(holds).map(|s| s.line).collect()
    }

    /// `--preferred-challenges` where the conf allows others only: the list is a restriction, also for a new plugin.
    pub(crate) fn allow(&self, challenge: &str) -> String {
        let others = self.param("pref_challs").is_some_and(|s| !s.items().iter().any(|c| c == challenge));
        if others { format!(" --preferred-challenges {challenge}") } else { String::new() }
    }
}

impl Lineage {
    /// The different web roots that the conf gives to its names.
    pub(crate) fn webroots(&self) -> Vec<&str> {
        let mut roots: Vec<&str> = self
            .names()
            .iter()
            .filter_map(|name| self.webroot_of(name).or(self.webroot_for_all()))
            .map(|(_, path)| path.trim_end_matches('/'))
            .collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }
}

impl HostFacts {
    /// Gives a lineage other options. certbot 2.3 brought the verb for it, which tries them first; before, they went
    /// with a forced renewal.
    /// <https://eff-certbot.readthedocs.io/en/stable/using.html#modifying-the-renewal-configuration-of-existing-certificates>
    pub(crate) fn reconfigure(&self, lineage: &Lineage, options: &str) -> String {
        let name = &lineage.name;
        match self.has_reconfigure() {
            true => format!("certbot reconfigure --cert-name {name} {options}"),
            false => format!("certbot renew --cert-name {name} {options} --force-renewal"),
        }
    }

    /// Whether the newest certbot here is 2.3 or later, or unknown.
    pub(crate) fn has_reconfigure(&self) -> bool {
        self.newest_certbot().is_none_or(|newest| newest >= (2, 3))
    }

    /// Whether nothing at a path says nothing: the tree that is looked at is a backup of `etc` alone.
    pub(crate) fn is_partial(&self, top: &str) -> bool {
        self.os.only_etc && is_of_every_host(top)
    }

    /// The document root that these names of the lineage are served from, with its place: the one root in the
    /// configuration files that name its certificate, or the one whose path has a folder of the name; only a plain one,
    /// as it goes into commands.
    pub(crate) fn served_from(&self, lineage: &Lineage, names: &[&str], but: &str) -> Option<(&str, &str)> {
        let Usage::Named(refs) = self.servers.usage(&lineage.name) else {
            return None;
        };
        let file = |place: &str| place.rsplit_once(':').map_or(place, |(file, _)| file).to_owned();
        let files: Vec<String> = refs.iter().map(|r| file(&r.r#where)).collect();
        let beside = self.servers.roots.iter().filter(|(_, place)| files.contains(&file(place)));
        let roots: Vec<(&str, &str)> =
            beside.map(|(root, place)| (root.trim_end_matches('/'), place.as_str())).collect();
        let only = one(&roots).or_else(|| {
            let named = |root: &str| root.split('/').any(|folder| names.contains(&folder));
            one(&roots.iter().copied().filter(|(root, _)| named(root)).collect::<Vec<_>>())
        })?;
        let gone = but.trim_end_matches('/');
        let below = !gone.is_empty()
            && only.0.strip_prefix(gone).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (only.0.starts_with('/') && is_plain(only.0) && !below).then_some(only)
    }
}

/// The first, where all are the same root.
fn one<'a>(roots: &[(&'a str, &'a str)]) -> Option<(&'a str, &'a str)> {
    let (first, rest) = roots.split_first()?;
    rest.iter().all(|(root, _)| *root == first.0).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{host, lineage, lineage_with, with_certbots};

    fn serving(roots: &[&str]) -> HostFacts {
        let mut host = host();
        let place = "/etc/nginx/sites-enabled/site:5";
        host.servers.roots = roots.iter().map(|root| ((*root).to_owned(), place.to_owned())).collect();
        host.servers.roots.push(("/srv/another-site".into(), "/etc/nginx/sites-enabled/other:5".into()));
        host
    }

    fn root<'a>(host: &'a HostFacts, but: &str) -> Option<&'a str> {
        host.served_from(&lineage(), &["example.com"], but).map(|(root, _)| root)
    }

    #[test]
    fn certbot_before_2_3_has_no_reconfigure() {
        let said = |version| with_certbots(&[version]).reconfigure(&lineage(), "--webroot -w /srv");
        assert_eq!(said("2.3.0"), "certbot reconfigure --cert-name example.com --webroot -w /srv");
        assert_eq!(said("2.1.0"), "certbot renew --cert-name example.com --webroot -w /srv --force-renewal");
    }

    #[test]
    fn the_one_root_beside_the_certificate_is_where_the_names_are_served_from() {
        assert_eq!(root(&serving(&["/srv/site", "/srv/site/"]), ""), Some("/srv/site"));
        assert_eq!(root(&serving(&[]), ""), None);
        assert_eq!(root(&serving(&["/srv/$(reboot)"]), ""), None);
    }

    #[test]
    fn of_several_roots_only_the_one_with_a_folder_of_the_name_is() {
        assert_eq!(root(&serving(&["/srv/a", "/srv/example.com"]), ""), Some("/srv/example.com"));
        assert_eq!(root(&serving(&["/srv/a", "/srv/www.example.com"]), ""), None);
    }

    #[test]
    fn a_root_that_is_missing_itself_is_never_proposed() {
        assert_eq!(root(&serving(&["/run/acme"]), "/run/acme/"), None);
        assert_eq!(root(&serving(&["/run/acme/.well-known"]), "/run/acme"), None);
        assert_eq!(root(&serving(&["/run/acme2"]), "/run/acme"), Some("/run/acme2"));
    }

    #[test]
    fn only_plain_paths_are_put_into_sed() {
        let lineage = lineage();
        let conf = lineage.conf.as_ref().unwrap();
        let lines = conf.lines_with("/var/www/html");
        assert_eq!(
            replace_in(conf, &lines, "/var/www/html", "/srv/a").unwrap(),
            "sed -i -e 12s,/var/www/html,/srv/a, -e 13s,/var/www/html,/srv/a, /etc/letsencrypt/renewal/example.com.conf"
        );
        assert_eq!(replace_in(conf, &lines, "/a$(reboot)", "/srv/a"), None);
        assert_eq!(replace_in(conf, &[], "/a", "/b"), None);
    }

    #[test]
    fn a_restriction_to_another_challenge_is_lifted() {
        let said = |value| lineage_with("pref_challs", value).conf.unwrap().allow("http-01");
        assert_eq!(said("dns-01"), " --preferred-challenges http-01");
        assert_eq!(said("http-01"), "");
        assert_eq!(lineage().conf.unwrap().allow("http-01"), "");
    }
}

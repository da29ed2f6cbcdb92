//! Rules before the web servers that turn some visitors of port 80 away: packet filters, geoip-shell, and what bans
//! attackers. Nothing is asked of the kernel: what counts is what the files of the host load at its start.

mod bans;
mod packets;

use std::path::{Path, PathBuf};

use super::fs::{Root, show};
use super::secrets::mask_command;
use crate::facts::{Filter, FilterKind, Filters, Role, Why};
use packets::Dialect;

/// The largest file that is read: saved rules may hold long lists of addresses.
const MAX_FILE: u64 = 16 << 20;
/// How many files of one folder are read.
const MAX_FILES: usize = 200;
/// How much of a rule is kept, in characters.
const MAX_RULE: usize = 200;

/// What `iptables-save` writes, and where distributions load it from.
const IPTABLES: [&str; 6] = [
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
    "/etc/iptables/iptables.rules",
    "/etc/ufw/before.rules",
];
const NFTABLES: [&str; 3] = ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"];
const NFTABLES_FOLDERS: [&str; 2] = ["/etc/nftables.d", "/etc/nftables"];
/// <https://github.com/friendly-bits/geoip-shell>
const GEOIP_SHELL: &str = "/etc/geoip-shell/geoip-shell.conf";

/// The rules found.
pub fn filters(root: &Root) -> Filters {
    let mut reading = Reading { root, filters: Filters::default() };
    for path in IPTABLES.map(PathBuf::from) {
        reading.packets(&path, Dialect::Iptables);
    }
    let in_folders = NFTABLES_FOLDERS.iter().flat_map(|folder| reading.files(Path::new(folder)));
    let nftables: Vec<PathBuf> = NFTABLES.map(PathBuf::from).into_iter().chain(in_folders).collect();
    for path in nftables {
        reading.packets(&path, Dialect::Nftables);
    }
    reading.geoip_shell();
    bans::read(&mut reading);
    reading.filters
}

struct Reading<'a> {
    root: &'a Root,
    filters: Filters,
}

impl Reading<'_> {
    /// The text of a file; where it is there and cannot be read, that is noted.
    fn text(&mut self, path: &Path) -> Option<String> {
        match self.root.read_text(path, MAX_FILE, Role::Other) {
            Ok(text) => Some(text),
            Err(missing) => {
                if missing.why != Why::NotFound {
                    self.filters.unread.push(missing);
                }
                None
            }
        }
    }

    /// The files of a folder.
    fn files(&self, folder: &Path) -> Vec<PathBuf> {
        self.root.list_or_empty(folder).into_iter().take(MAX_FILES).map(|name| folder.join(name)).collect()
    }

    fn found(&mut self, place: String, rule: &str, kind: FilterKind) {
        let rule = mask_command(rule).chars().take(MAX_RULE).collect();
        self.filters.found.push(Filter { r#where: place, rule, kind, names: Vec::new() });
    }

    fn packets(&mut self, path: &Path, dialect: Dialect) {
        let Some(text) = self.text(path) else { return };
        for (line, rule) in packets::only_some_places(&text, dialect) {
            self.found(format!("{}:{line}", show(path)), rule, FilterKind::Places);
        }
    }

    /// `inbound_geomode=whitelist`, and which ports it is for: all, none (`skip`), or a list that may begin with `!`.
    fn geoip_shell(&mut self) {
        let path = Path::new(GEOIP_SHELL);
        let Some(text) = self.text(path) else { return };
        let value = |names: &[&str]| {
            let of = |line: &str| {
                let (name, value) = line.split_once('=')?;
                names.contains(&name.trim()).then(|| value.trim().to_owned())
            };
            text.lines().zip(1..).find_map(|(line, number)| Some((number, of(line)?)))
        };
        let Some((line, _)) = value(&["inbound_geomode", "geomode"]).filter(|(_, mode)| mode == "whitelist")
        else {
            return;
        };
        let off = value(&["no_block", "noblock"]).is_some_and(|(_, off)| off == "true");
        let ports = value(&["inbound_tcp_ports", "tcp_ports"]).map_or_else(String::new, |(_, ports)| ports);
        let listed = ports.split(|c: char| !c.is_ascii_digit()).any(|port| port == "80");
        let covered = match ports.as_str() {
            "" | "all" => true,
            "skip" => false,
            ports => listed != ports.contains('!'),
        };
        if covered && !off {
            self.found(
                format!("{GEOIP_SHELL}:{line}"),
                "inbound_geomode=whitelist: only listed countries get in",
                FilterKind::Places,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn found(files: &[(&str, &str)]) -> Vec<Filter> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        filters(&Root::below(dir.path()).unwrap()).found
    }

    #[test]
    fn geoip_shell_counts_where_it_lets_only_some_in_to_port_80() {
        let shell = |text: &str| found(&[(GEOIP_SHELL, text)]).len();
        assert_eq!(shell("inbound_iplists=US_ipv4\ninbound_geomode=whitelist\ninbound_tcp_ports=all\n"), 1);
        assert_eq!(shell("geomode=whitelist\ntcp_ports=dport:80,443\n"), 1);
        assert_eq!(shell("inbound_geomode=whitelist\ninbound_tcp_ports=!22\n"), 1);
        for silent in [
            "inbound_geomode=blacklist\ninbound_tcp_ports=all\n",
            "inbound_geomode=disable\n",
            "inbound_geomode=whitelist\ninbound_tcp_ports=skip\n",
            "inbound_geomode=whitelist\ninbound_tcp_ports=!80,443\n",
            "inbound_geomode=whitelist\ninbound_tcp_ports=22\n",
            "inbound_geomode=whitelist\nno_block=true\n",
            "",
        ] {
            assert_eq!(shell(silent), 0, "{silent}");
        }
    }

    #[test]
    fn every_file_is_looked_at_and_one_that_cannot_be_read_is_noted() {
        let rule = "-A INPUT -m geoip ! --source-country US -j DROP";
        let files = IPTABLES.map(|path| (path, rule));
        assert_eq!(found(&files).len(), IPTABLES.len());
        let rule = "ip saddr != @geoip_us drop";
        let files = [NFTABLES[0], "/etc/nftables.d/10-geo.nft"].map(|path| (path, rule));
        assert_eq!(found(&files).len(), 2);
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc/nftables.conf")).unwrap();
        assert_eq!(filters(&Root::below(dir.path()).unwrap()).unread.len(), 1);
        assert!(found(&[]).is_empty());
    }
}

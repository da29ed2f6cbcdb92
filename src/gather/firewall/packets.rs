//! Packet filters that let only some places of the world in to port 80, line by line.
//! <https://inai.de/projects/xtables-addons/geoip.php>, <https://wiki.nftables.org/wiki-nftables/index.php/GeoIP_matching>

/// How the rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// As `iptables-save` writes them.
    Iptables,
    /// As `nft` reads them.
    Nftables,
}

/// What a rule does with what it holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
    Drop,
    Other,
}

/// Whether a rule holds for port 80.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// It names it.
    Named,
    /// It names no port.
    Any,
    /// It is for others.
    Other,
}

/// A rule, as far as it matters here.
struct Rule<'t> {
    line: usize,
    text: &'t str,
    /// It looks at where a packet comes from; whether it holds for all but those places.
    places: Option<bool>,
    port: Port,
    verdict: Verdict,
    /// It holds for whatever comes.
    blanket: bool,
}

/// The rules that let only some places in, with their lines: those that drop all others; or, where everything is dropped
/// that nothing accepts, those that accept some alone.
pub(super) fn only_some_places(text: &str, dialect: Dialect) -> Vec<(usize, &str)> {
    if !names_places(text) {
        return Vec::new();
    }
    let rules: Vec<Rule<'_>> =
        text.lines().zip(1..).filter_map(|(text, line)| rule(line, text.trim(), dialect)).collect();
    let drops = |rule: &&Rule<'_>| {
        rule.places == Some(true) && rule.verdict == Verdict::Drop && rule.port != Port::Other
    };
    let mut found: Vec<&Rule<'_>> = rules.iter().filter(drops).collect();
    if found.is_empty() && drops_the_rest(text, &rules, dialect) {
        let accepts = |rule: &&Rule<'_>| rule.verdict == Verdict::Accept;
        let opens = |rule: &Rule<'_>| rule.places.is_none() && (rule.blanket || rule.port == Port::Named);
        if !rules.iter().filter(accepts).any(opens) {
            let some = |rule: &&Rule<'_>| rule.places == Some(false) && rule.port == Port::Named;
            found = rules.iter().filter(accepts).filter(some).collect();
        }
    }
    found.into_iter().map(|rule| (rule.line, rule.text)).collect()
}

fn drops_the_rest(text: &str, rules: &[Rule<'_>], dialect: Dialect) -> bool {
    let by_policy = text.lines().map(str::trim).any(|line| match dialect {
        Dialect::Iptables => line.starts_with(":INPUT DROP"),
        Dialect::Nftables => line.contains("hook input") && line.contains("policy drop"),
    });
    by_policy || rules.iter().any(|rule| rule.blanket && rule.verdict == Verdict::Drop)
}

fn rule(line: usize, text: &str, dialect: Dialect) -> Option<Rule<'_>> {
    let text = text.split(" #").next().filter(|text| !text.starts_with('#'))?;
    let words: Vec<&str> = text.split([' ', '\t', ';']).filter(|word| !word.is_empty()).collect();
    let (places, verdict, matches) = match dialect {
        Dialect::Iptables => iptables(&words)?,
        Dialect::Nftables => nftables(&words)?,
    };
    let other_protocol = ["udp", "icmp", "icmpv6", "ipv6-icmp"].iter().any(|name| words.contains(name));
    let port = if other_protocol { Port::Other } else { port(text) };
    Some(Rule { line, text, places, port, verdict, blanket: !matches })
}

/// `-A INPUT -p tcp --dport 80 -m geoip ! --source-country US,CA -j DROP`
fn iptables(words: &[&str]) -> Option<(Option<bool>, Verdict, bool)> {
    let [append, chain, matches @ ..] = words else { return None };
    if *append != "-A" || matches!(*chain, "OUTPUT" | "FORWARD") {
        return None;
    }
    let jump = matches.iter().position(|word| *word == "-j" || *word == "-g")?;
    let verdict = match matches.get(jump + 1).copied() {
        Some("ACCEPT") => Verdict::Accept,
        Some("DROP" | "REJECT") => Verdict::Drop,
        _ => Verdict::Other,
    };
    let place = matches.iter().position(|word| match *word {
        "--source-country" | "--src-cc" => true,
        // The name of a set.
        word => word.starts_with("--match-set"),
    });
    let place = place.filter(|at| {
        let is_set = matches.get(*at).is_some_and(|word| word.starts_with("--match-set"));
        !is_set || matches.get(at + 1).is_some_and(|name| names_places(name))
    });
    let negated = |at: usize| at.checked_sub(1).and_then(|before| matches.get(before)) == Some(&"!");
    Some((place.map(negated), verdict, jump > 0))
}

/// `tcp dport { 80, 443 } ip saddr != @geoip_us drop`
fn nftables(words: &[&str]) -> Option<(Option<bool>, Verdict, bool)> {
    let end = words.iter().position(|word| matches!(*word, "accept" | "drop" | "reject"))?;
    let verdict = if words.get(end) == Some(&"accept") { Verdict::Accept } else { Verdict::Drop };
    let matches = words.get(..end)?;
    // `policy drop` and the elements of a verdict map are no rules.
    if matches.last() == Some(&"policy") || matches.last().is_some_and(|word| *word == ":") {
        return None;
    }
    let source = matches.iter().position(|word| *word == "saddr");
    let place = source.and_then(|at| {
        let (next, after) = (matches.get(at + 1)?, matches.get(at + 2));
        let (negated, set) = if *next == "!=" { (true, after?) } else { (false, next) };
        set.strip_prefix(['@', '$']).filter(|name| names_places(name)).map(|_| negated)
    });
    Some((place, verdict, !matches.iter().all(|word| matches!(*word, "counter" | "log"))))
}

/// Whether a name speaks of countries or networks of the world.
fn names_places(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| word.starts_with("geo") || word.starts_with("countr") || word == "asn")
        || text.contains("--src-cc")
}

/// The port that a rule is for.
fn port(text: &str) -> Port {
    let Some((_, after)) = text.split_once("dport") else { return Port::Any };
    let after = after.strip_prefix('s').unwrap_or(after).trim_start();
    let (negated, after) = match after.strip_prefix("!=") {
        Some(after) => (true, after.trim_start()),
        None => (text.contains("! --dport"), after),
    };
    let list = match after.strip_prefix('{') {
        Some(set) => set.split('}').next().unwrap_or(set),
        None => after.split_whitespace().next().unwrap_or_default(),
    };
    let holds = |item: &str| match item.split_once(['-', ':']) {
        Some((from, to)) => {
            from.parse().is_ok_and(|from: u16| from <= 80) && to.parse().is_ok_and(|to: u16| to >= 80)
        }
        None => item == "80" || item == "http",
    };
    if list.split(',').map(str::trim).any(holds) == negated { Port::Other } else { Port::Named }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iptables(text: &str) -> usize {
        only_some_places(text, Dialect::Iptables).len()
    }

    fn nft(text: &str) -> usize {
        only_some_places(text, Dialect::Nftables).len()
    }

    #[test]
    fn rules_that_drop_all_other_places_are_found() {
        for rule in [
            "-A INPUT -p tcp -m tcp --dport 80 -m geoip ! --source-country US,CA -j DROP",
            "-A INPUT -p tcp -m multiport --dports 80,443 -m geoip ! --src-cc DE -j REJECT",
            "-A INPUT -m geoip ! --source-country US -j DROP",
            "-A ufw-before-input -m set ! --match-set geo-us src -j DROP",
        ] {
            assert_eq!(iptables(rule), 1, "{rule}");
        }
        for rule in [
            "tcp dport { 80, 443 } ip saddr != @geoip_us drop",
            "ip saddr != @country-de counter drop # others",
            "tcp dport 1-1024 ip saddr != @geo4 reject with tcp reset",
        ] {
            assert_eq!(nft(rule), 1, "{rule}");
        }
        assert_eq!(only_some_places("\n  ip saddr != @geo4 drop", Dialect::Nftables)[0].0, 2);
    }

    #[test]
    fn some_places_alone_are_accepted_where_the_rest_is_dropped() {
        let accept = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n\
                      -A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp --dport 80 -m geoip --source-country US -j ACCEPT\n";
        assert_eq!(iptables(&format!(":INPUT DROP [0:0]\n{accept}")), 1);
        assert_eq!(iptables(&format!(":INPUT ACCEPT [0:0]\n{accept}-A INPUT -j REJECT\n")), 1);
        assert_eq!(iptables(&format!(":INPUT ACCEPT [0:0]\n{accept}")), 0, "nothing is dropped");
        let open = format!(":INPUT DROP [0:0]\n{accept}-A INPUT -p tcp --dport 80 -j ACCEPT\n");
        assert_eq!(iptables(&open), 0, "everybody gets in as well");
        let chain = "type filter hook input priority filter; policy drop;\nct state established accept\n";
        assert_eq!(nft(&format!("{chain}tcp dport {{ http, https }} ip saddr @geo_us accept")), 1);
        assert_eq!(
            nft(&format!("{chain}tcp dport {{ http, https }} accept\nip saddr @geo_us tcp dport 22 accept")),
            0
        );
    }

    #[test]
    fn lists_of_the_unwanted_other_ports_and_logs_are_silent() {
        for rule in [
            "-A INPUT -m geoip --source-country CN,RU -j DROP",
            "-A INPUT -p tcp --dport 22 -m geoip ! --source-country US -j DROP",
            "-A INPUT -p udp -m geoip ! --source-country US -j DROP",
            "-A INPUT -m geoip ! --source-country US -j LOG --log-prefix geo",
            "-A OUTPUT -m geoip ! --source-country US -j DROP",
            "-A INPUT -m set --match-set geo_block src -j DROP",
            "-A INPUT -m set ! --match-set office src -j DROP",
            "# -A INPUT -m geoip ! --source-country US -j DROP",
            "-A INPUT -p tcp ! --dport 80 -m geoip ! --source-country US -j DROP",
        ] {
            assert_eq!(iptables(rule), 0, "{rule}");
        }
        for rule in [
            "ip saddr @geo_block drop",
            "tcp dport 22 ip saddr != @geo_us drop",
            "tcp dport != { 80, 443 } ip saddr != @geo_us drop",
            "ip saddr != @geo_us log prefix \"geo\"",
            "ip saddr != @office drop # not geo",
            "set geo_us { type ipv4_addr; flags interval; }",
            "type filter hook input priority filter; policy drop; # geo",
        ] {
            assert_eq!(nft(rule), 0, "{rule}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in [
            "geo",
            "-A",
            "-A INPUT -j",
            "geo -A INPUT ! -j DROP",
            "saddr geo drop",
            "dport geo drop",
            "geo { drop",
        ] {
            assert_eq!((iptables(text), nft(text)), (0, 0), "{text}");
        }
    }
}

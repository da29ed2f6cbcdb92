//! The words of certbot and its kin: which program is one, and what it is told to do.

use crate::facts::{Client, Ineffective, Purpose};

/// <https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options>
const VERBS: &[&str] = &[
    "run",
    "certonly",
    "auth",
    "certificates",
    "plugins",
    "delete",
    "revoke",
    "register",
    "enhance",
    "install",
    "rollback",
    "show_account",
    "update_account",
    "unregister",
    "reconfigure",
    "update_symlinks",
    "config_changes",
    "help",
];

/// `Ok` for a command that renews; why not for one that calls certbot in vain.
pub(super) type Renews = Result<(), Ineffective>;

/// A call of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Which.
    pub client: Client,
    /// Whether it is meant to renew.
    pub purpose: Purpose,
    /// Whether it does.
    pub renews: Renews,
    /// It runs with the rights of whoever calls it, and in the host's own folders.
    pub own_right: bool,
}

impl Found {
    /// A client and its words; `None` where they have nothing to do with renewing.
    pub(super) fn of(client: Client, words: &[&str]) -> Option<Self> {
        let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
        let mut found = Self { client, purpose: Purpose::Renews, renews: Ok(()), own_right: true };
        let renews = match client {
            Client::Certbot => {
                found.renews = verb(words);
                true
            }
            Client::AcmeAudit => {
                if any(&["renew"]) {
                    found.renews = verb(words);
                } else {
                    found.purpose = Purpose::Audits;
                }
                found.purpose == Purpose::Renews || audits(words)
            }
            Client::AcmeSh => any(&["--cron", "--renew-all", "--renewAll", "--renew", "-r"]),
            Client::Lego => any(&["renew"]),
            Client::Dehydrated => any(&["-c", "--cron"]),
            Client::Getssl => {
                let cluster = |w: &str| w.starts_with('-') && !w.starts_with("--") && w.contains('a');
                any(&["--all"]) || words.iter().any(|word| cluster(word))
            }
            Client::Uacme => any(&["issue"]),
        };
        renews.then_some(found)
    }

    /// certbot in a container, by a unit or a script that is not read: its user and folders are its own.
    pub(super) fn elsewhere(renews: Renews) -> Self {
        Self { client: Client::Certbot, purpose: Purpose::Renews, renews, own_right: false }
    }

    /// Whether it renews certbot's lineages.
    pub(super) fn is_renewal(&self) -> bool {
        self.renews.is_ok() && self.meant_for_certbots()
    }

    /// Which of several calls in one command speaks for it.
    pub(super) fn weight(&self) -> u8 {
        match (self.meant_for_certbots(), self.renews.is_ok()) {
            (true, true) => 3,
            (true, false) => 2,
            (false, true) => 1,
            (false, false) => 0,
        }
    }

    fn meant_for_certbots(&self) -> bool {
        self.purpose == Purpose::Renews && self.client.knows_certbots_lineages()
    }
}

/// The words of acme-audit that look at the host's renewals, without a verb or with one.
fn audits(words: &[&str]) -> bool {
    const OTHERS: [&str; 6] = ["schedule", "probe", "explain", "facts", "migrate", "demo"];
    !words.iter().any(|word| OTHERS.contains(word))
}

/// Whether a name or a path speaks of certbot.
pub(super) fn mentions_certbot(text: &str) -> bool {
    text.contains("certbot") || text.contains("letsencrypt")
}

/// Whether a word is the path or the name of one of the clients that renew certbot's lineages.
pub(super) fn is_client(word: &str) -> bool {
    let (folder, name) = word.rsplit_once('/').map_or((None, word), |(folder, name)| (Some(folder), name));
    let versioned =
        name.strip_prefix("certbot-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match (name, folder) {
        ("certbot-auto" | "letsencrypt-auto", _) => true,
        // `/etc/letsencrypt`, `/var/lock/certbot` and their like are folders and files.
        ("certbot" | "acme-audit", Some(folder)) => {
            !folder.starts_with("/etc") && !folder.starts_with("/var")
        }
        ("letsencrypt", Some(folder)) => folder.ends_with("bin"),
        ("certbot" | "acme-audit" | "letsencrypt", None) => true,
        _ => versioned,
    }
}

/// Which client a word calls, as a program.
pub(super) fn client_of(word: &str) -> Option<Client> {
    match base(word) {
        "acme-audit" if is_client(word) => Some(Client::AcmeAudit),
        _ if is_client(word) => Some(Client::Certbot),
        "acme.sh" if !word.starts_with("/etc/") => Some(Client::AcmeSh),
        "lego" => Some(Client::Lego),
        "dehydrated" | "dehydrated.sh" => Some(Client::Dehydrated),
        "getssl" => Some(Client::Getssl),
        "uacme" => Some(Client::Uacme),
        _ => None,
    }
}

/// The last part of a path.
pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// What certbot is told to do.
pub(super) fn verb(words: &[&str]) -> Renews {
    let wrong = |what: &str| Err(Ineffective::WrongVerb(what.into()));
    let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    if any(&["--dry-run"]) {
        return wrong("--dry-run");
    }
    // A variable can stand for anything.
    if any(&["renew"]) || words.iter().any(|word| word.starts_with('$')) {
        return Ok(());
    }
    let named = words.iter().find(|word| VERBS.contains(word));
    // `certonly` that is told never to ask does renew the lineage that it names.
    let keeps = any(&["--keep-until-expiring", "--keep", "--force-renewal", "--renew-by-default"]);
    let silent = any(&["-n", "--non-interactive", "--noninteractive"]);
    match named {
        Some(&("certonly" | "run" | "auth")) if keeps && silent => Ok(()),
        Some(verb) => wrong(verb),
        None => wrong("`renew` is not among its words"),
    }
}

/// `docker run … certbot/certbot renew` and the like.
pub(super) fn container(words: &[&str]) -> Option<Renews> {
    let is_certbot =
        |word: &&&str| !word.starts_with(['-', '/', '.']) && !word.contains(":/") && mentions_certbot(word);
    // `docker compose run --rm le renew`: a service may have any name.
    let composed = ["run", "exec"].iter().find_map(|start| {
        let at = words.iter().position(|word| word == start)?;
        let mut more = words.get(at + 1..)?.iter().skip_while(|word| word.starts_with('-'));
        more.next().filter(|name| !name.contains("lego") && !name.contains("acme"))?;
        more.next().filter(|word| **word == "renew")
    });
    if words.first() == Some(&"compose") && composed.is_some() && !words.contains(&"--dry-run") {
        return Some(Ok(()));
    }
    let inner = words.iter().find(is_certbot)?;
    let starts = ["run", "exec", "start", "up", "restart", "create"];
    if !words.iter().any(|word| starts.contains(word)) {
        return None;
    }
    let after = words.iter().skip_while(|word| *word != inner).skip(1).copied().collect::<Vec<_>>();
    if words.iter().any(|word| word.split_whitespace().any(|part| part == "renew")) {
        return Some(if words.contains(&"--dry-run") { verb(words) } else { Ok(()) });
    }
    // Without a verb the image's own command runs, and nobody can say which.
    let says_more = after.contains(&"--dry-run") || after.iter().any(|word| VERBS.contains(word));
    Some(if says_more { verb(&after) } else { Ok(()) })
}

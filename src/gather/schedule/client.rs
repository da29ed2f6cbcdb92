//! The words of certbot and its kin: which program is one, and what it is told to do.

use crate::facts::{Client, Ineffective};

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

/// Whether a name or a path speaks of certbot.
pub(super) fn mentions_certbot(text: &str) -> bool {
    text.contains("certbot") || text.contains("letsencrypt")
}

/// Whether a word is a client's name.
pub(super) fn mentions_client(word: &str) -> bool {
    is_client(word) || other(word, &[]).is_some()
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

/// A call of one of the other clients, and whether it renews; `None` for any other program.
pub(super) fn other(program: &str, words: &[&str]) -> Option<(Client, Renews)> {
    let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let (client, renews) = match base(program) {
        "acme.sh" => (Client::AcmeSh, any(&["--cron", "--renew-all", "--renew", "-r"])),
        "lego" => (Client::Lego, any(&["renew"])),
        "dehydrated" => (Client::Dehydrated, any(&["-c", "--cron"])),
        "getssl" => {
            (Client::Getssl, any(&["-a", "--all"]) || words.iter().any(|word| !word.starts_with('-')))
        }
        "uacme" => (Client::Uacme, any(&["issue"])),
        _ => return None,
    };
    let wrong = || Ineffective::WrongVerb(format!("{} without its word for renewals", client.word()));
    Some((client, if renews { Ok(()) } else { Err(wrong()) }))
}

/// `docker run … certbot/certbot renew` and the like.
pub(super) fn container(words: &[&str]) -> Option<Renews> {
    let is_certbot =
        |word: &&&str| !word.starts_with(['-', '/', '.']) && !word.contains(":/") && mentions_certbot(word);
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

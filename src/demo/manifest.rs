//! The host manifest: a line-based language in which a host is written down, with its faults.
//!
//! One verb per line, obeyed from top to bottom. Words are split at blanks; `"a b"` is one word; `#` at the start of a
//! word begins a comment (not in `conf`, `top`, `map` and `replace`, whose text is taken as it stands). Paths are absolute paths
//! of the host; `..` is refused. All times are relative to the moment the host is built for: `-30d`, `+6h`, `1d12h`.
//!
//! ```text
//! packaged debian-certbot-2.1            # what a package leaves; "unscheduled": but without its timer link or cron line
//! plugin dns-cloudflare                  # a plugin for the certbot packaged last
//! account as=main server=letsencrypt     # key=rsa|p256|p384 created=-400d
//! lineage shop.example names=shop.example,www.shop.example issued=-30d authenticator=webroot webroot=/var/www/shop
//!   conf renew_hook = systemctl reload nginx      # any line of [renewalparams]: sets the key, or adds the line
//!   drop key_type                                 # without this key, wherever it is
//! nginx-site shop.example root=/var/www/shop
//! relink shop.example privkey=1                   # and now the fault
//! ```
//!
//! | verb | does |
//! |---|---|
//! | `packaged NAME [unscheduled]` | the files of `debian`, `debian-13`, `debian-certbot-2.1`, `debian-certbot-4.0`, `debian-nginx`, `pip-certbot-5.8`, `snap-certbot`, `rhel-certbot` |
//! | `plugin NAME [certbot=PACKAGED]` | a certbot plugin's package metadata |
//! | `config-dir PATH` | certbot's folder from here on (default `/etc/letsencrypt`) |
//! | `ca NAME [cn=] [org=] [key=p256\|p384\|rsa] [server=URL] [root=PATH] [from=-730d] [until=730d]` | a CA; known: `letsencrypt`, `letsencrypt-rsa`, `letsencrypt-staging`, `private` |
//! | `account [as=] [server=CA\|URL] [key=rsa\|p256\|p384] [created=] [uri=]` | a registered account |
//! | `lineage NAME …` | conf, archive and live of one certificate: see [`Lineage`] |
//! | `conf`, `top LINE` · `drop KEY` · `map NAME = PATH` · `unmap NAME` | change the conf of the lineage above: `[renewalparams]`, the top level, the `[[webroot_map]]` |
//! | `version NAME [n=] [unlinked] …` | one more archive version, with a lineage's options |
//! | `pair CERT KEY names=… …` | a certificate (with chain) and key outside certbot's folder |
//! | `nginx-site NAME [lineage=] [names=] [root=] [certificate=] [key=]` | a site, enabled, and its web root |
//! | `ran SPAN` | certbot's log of a quiet `renew` at that time: none of the lineages above was due |
//! | `relink NAME N`, `relink NAME cert=2 privkey=1` | point the live links at other versions |
//! | `dereference PATH` | links become copies of what they lead to (a link, or all links in a folder) |
//! | `file PATH [mode=] [age=] <<END` … `END` · `append PATH <<END` | a text file; without `<<END` it is empty |
//! | `dir PATH [mode=]` · `link PATH -> TARGET` · `fifo PATH` · `bytes PATH HEX` | other entries |
//! | `copy A -> B` · `move A -> B` · `swap A <-> B` · `concat OUT <- A B …` · `remove PATH` | rearranging |
//! | `truncate PATH SIZE` · `replace PATH :: old :: new` · `crlf PATH` | damage; `replace` must find `old`, `\n` is a newline |
//! | `chmod MODE PATH` · `touch PATH -3d` | mode and date |
//!
//! Texts, `conf`, `top` and `replace` may say `{{account main}}` (its id), `{{time -3d}}` (`2026-11-20 19:41:41`) and
//! `{{iso -3d}}` (`2026-11-20T19:41:41`), all in UTC.

use jiff::SignedDuration;

use super::Error;
use super::mint::KeyKind;
use super::verbs::read;

/// One obeyed line: its number, counted from 1, and what it asks for.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) verb: Verb,
}

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Verb {
    Packaged { name: String, scheduled: bool },
    Plugin { name: String, packaged: Option<String> },
    ConfigDir(String),
    Ca(Ca),
    Account(Account),
    Lineage(Box<Lineage>),
    Version { n: Option<u32>, linked: bool, of: Box<Lineage> },
    Pair { cert: String, key: String, of: Box<Lineage> },
    NginxSite(NginxSite),
    Ran(SignedDuration),
    Relink { name: String, versions: Vec<(String, u32)> },
    Dereference(String),
    File { path: String, mode: u32, age: Option<SignedDuration>, text: String },
    Append { path: String, text: String },
    Dir { path: String, mode: u32 },
    Link { path: String, target: String },
    Fifo(String),
    Bytes { path: String, bytes: Vec<u8> },
    Copy { from: String, to: String },
    Move { from: String, to: String },
    Swap { one: String, other: String },
    Concat { to: String, from: Vec<String> },
    Remove(String),
    Truncate { path: String, size: u64 },
    Replace { path: String, old: String, new: String },
    Crlf(String),
    Chmod { mode: u32, path: String },
    Touch { path: String, when: SignedDuration },
}

/// A certification authority: `ca NAME …`.
#[derive(Debug, Clone)]
pub(super) struct Ca {
    pub(super) name: String,
    pub(super) org: Option<String>,
    pub(super) cn: Option<String>,
    pub(super) key: Option<KeyKind>,
    pub(super) server: Option<String>,
    /// Where its root certificate is put on the host.
    pub(super) root: Option<String>,
    pub(super) from: Option<SignedDuration>,
    pub(super) until: Option<SignedDuration>,
}

/// An ACME account: `account …`.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) alias: String,
    pub(super) server: Option<String>,
    pub(super) key: KeyKind,
    pub(super) created: SignedDuration,
    pub(super) uri: Option<String>,
}

/// A lineage and its options, all but the name optional:
///
/// `names=` (default: the name; `*.x`, addresses too) · `issued=-30d` · `lifetime=90d` · `versions=1` and `every=60d` (earlier
/// ones) · `key=ecdsa|p256|p384|rsa` · `reuse-key` · `ca=` · `server=` · `account=` (an alias, an id, `none`; default: the
/// only one of that server) · `authenticator=webroot` · `webroot=` · `installer=` · `certbot=5.8.0` · `last-run=-5h` ·
/// `retry-after=` (default: six hours after the last run) · `must-staple` · `client-auth` · `no-cn` · `no-conf`
#[derive(Debug, Clone)]
pub(super) struct Lineage {
    pub(super) name: String,
    pub(super) names: Option<Vec<String>>,
    pub(super) issued: Option<SignedDuration>,
    pub(super) lifetime: Option<SignedDuration>,
    pub(super) versions: u32,
    pub(super) every: SignedDuration,
    pub(super) key: Option<KeyKind>,
    pub(super) reuse_key: bool,
    pub(super) ca: Option<String>,
    pub(super) server: Option<String>,
    pub(super) account: Option<String>,
    pub(super) authenticator: String,
    pub(super) webroot: Option<String>,
    pub(super) installer: Option<String>,
    pub(super) certbot: String,
    pub(super) last_run: SignedDuration,
    pub(super) retry_after: Option<SignedDuration>,
    pub(super) must_staple: bool,
    pub(super) client_auth: bool,
    pub(super) common_name: bool,
    pub(super) conf: bool,
    pub(super) edits: Vec<ConfEdit>,
}

/// A change to the conf certbot would have written.
#[derive(Debug, Clone)]
pub(super) enum ConfEdit {
    Param(String),
    Top(String),
    Drop(String),
    Map(String),
    Unmap(String),
}

/// An nginx site: `nginx-site NAME …`.
#[derive(Debug)]
pub(super) struct NginxSite {
    pub(super) name: String,
    pub(super) lineage: Option<String>,
    pub(super) names: Option<Vec<String>>,
    pub(super) root: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
}

/// Parses a manifest; the error names the first line that is not understood.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, raw)) = lines.next() {
        let line = index + 1;
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (verb, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let rest = rest.trim();
        if let Some(edit) = conf_edit(verb, rest) {
            let Some(Step { verb: Verb::Lineage(lineage), .. }) = steps.last_mut() else {
                return Err(Error::new(format!("`{verb}` belongs under a `lineage`")).at(line));
            };
            lineage.edits.push(edit);
            continue;
        }
        let text = match heredoc(verb, rest) {
            None => None,
            Some(end) => {
                let mut text = String::new();
                loop {
                    let Some((_, next)) = lines.next() else {
                        return Err(Error::new(format!("no line `{end}` ends the text")).at(line));
                    };
                    if next.trim() == end {
                        break;
                    }
                    text.push_str(next);
                    text.push('\n');
                }
                Some(text)
            }
        };
        let verb = read(verb, rest, text).map_err(|e| e.at(line))?;
        steps.push(Step { line, verb });
    }
    Ok(steps)
}

fn conf_edit(verb: &str, rest: &str) -> Option<ConfEdit> {
    let rest = rest.to_owned();
    Some(match verb {
        "conf" => ConfEdit::Param(rest),
        "top" => ConfEdit::Top(rest),
        "drop" => ConfEdit::Drop(rest),
        "map" => ConfEdit::Map(rest),
        "unmap" => ConfEdit::Unmap(rest),
        _ => return None,
    })
}

fn heredoc<'a>(verb: &str, rest: &'a str) -> Option<&'a str> {
    let last = rest.split_whitespace().last()?;
    matches!(verb, "file" | "append").then(|| last.strip_prefix("<<").filter(|end| !end.is_empty()))?
}

//! One verb at a time: from the words of a manifest line to what is to be done.

use super::Error;
use super::manifest::{Account, Ca, Lineage, NginxSite, Verb};
use super::mint::KeyKind;
use super::tree::KINDS;
use super::words::{Options, duration, hex, mode, number, split};

/// Reads one line: the verb, the words after it, and the text of `<<END` if it has one.
pub(super) fn read(verb: &str, rest: &str, text: Option<String>) -> Result<Verb, Error> {
    if verb == "replace" {
        return replace(rest);
    }
    let mut words: Vec<String> = split(rest)?;
    if text.is_some() {
        words.pop();
    }
    let mut words = Words { verb, words: words.into_iter() };
    let read = match verb {
        "packaged" => {
            let name = words.one("the name of a package")?;
            let mut options = words.options();
            let scheduled = !options.flag("unscheduled");
            options.finish()?;
            Verb::Packaged { name, scheduled }
        }
        "plugin" => {
            let name = words.one("the name of a plugin")?;
            let mut options = words.options();
            let packaged = options.take("certbot");
            options.finish()?;
            Verb::Plugin { name, packaged }
        }
        "ca" => ca(words)?,
        "account" => account(words)?,
        "lineage" => {
            let name = words.one("a name")?;
            let (lineage, options) = lineage(name, words.options())?;
            options.finish()?;
            Verb::Lineage(Box::new(lineage))
        }
        "version" => {
            let name = words.one("a lineage")?;
            let (of, mut options) = lineage(name, words.options())?;
            let n = options.take("n").map(|n| number(&n)).transpose()?;
            let linked = !options.flag("unlinked");
            options.finish()?;
            Verb::Version { n, linked, of: Box::new(of) }
        }
        "pair" => {
            let (cert, key) = (words.one("a path")?, words.one("a second path")?);
            let (of, options) = lineage(cert.clone(), words.options())?;
            options.finish()?;
            Verb::Pair { cert, key, of: Box::new(of) }
        }
        "nginx-site" => {
            let name = words.one("a name")?;
            let mut options = words.options();
            let site = NginxSite {
                name,
                lineage: options.take("lineage"),
                names: options.list("names"),
                root: options.take("root"),
                certificate: options.take("certificate"),
                key: options.take("key"),
            };
            options.finish()?;
            Verb::NginxSite(site)
        }
        "relink" => {
            let name = words.one("a lineage")?;
            let mut versions = Vec::new();
            for word in words.words.by_ref() {
                match word.split_once('=') {
                    Some((kind, n)) if KINDS.contains(&kind) => {
                        versions.push((kind.to_owned(), number(n)?));
                    }
                    Some((kind, _)) => {
                        return Err(Error::new(format!("`{kind}` is not one of the four live links")));
                    }
                    None => {
                        let n = number(&word)?;
                        versions.extend(KINDS.map(|kind| (kind.to_owned(), n)));
                    }
                }
            }
            Verb::Relink { name, versions }
        }
        "file" => {
            let path = words.one("a path")?;
            let mut options = words.options();
            let bits = options.take("mode").map_or(Ok(0o644), |m| mode(&m))?;
            let age = options.span("age")?;
            options.finish()?;
            Verb::File { path, mode: bits, age, text: text.unwrap_or_default() }
        }
        "append" => {
            let path = words.last("a path")?;
            let text = text.ok_or_else(|| Error::new("`append` needs a text: <<END"))?;
            Verb::Append { path, text }
        }
        "dir" => {
            let path = words.one("a path")?;
            let mut options = words.options();
            let bits = options.take("mode").map_or(Ok(0o755), |m| mode(&m))?;
            options.finish()?;
            Verb::Dir { path, mode: bits }
        }
        "link" => {
            let (path, target) = words.arrow("->")?;
            Verb::Link { path, target }
        }
        "copy" => {
            let (from, to) = words.arrow("->")?;
            Verb::Copy { from, to }
        }
        "move" => {
            let (from, to) = words.arrow("->")?;
            Verb::Move { from, to }
        }
        "swap" => {
            let (one, other) = words.arrow("<->")?;
            Verb::Swap { one, other }
        }
        "concat" => {
            let to = words.one("a path")?;
            let from: Vec<String> = words.words.collect();
            match from.split_first() {
                Some((arrow, from)) if arrow == "<-" => Verb::Concat { to, from: from.to_vec() },
                _ => return Err(Error::new("`concat` is written: concat OUT <- A B")),
            }
        }
        "ran" => Verb::Ran(duration(&words.last("a time such as -5h")?)?),
        "config-dir" => Verb::ConfigDir(words.last("a path")?),
        "dereference" => Verb::Dereference(words.last("a path")?),
        "fifo" => Verb::Fifo(words.last("a path")?),
        "remove" => Verb::Remove(words.last("a path")?),
        "crlf" => Verb::Crlf(words.last("a path")?),
        "bytes" => {
            let path = words.one("a path")?;
            let bytes = hex(&words.words.collect::<String>())?;
            Verb::Bytes { path, bytes }
        }
        "truncate" => {
            let path = words.one("a path")?;
            let size = number(&words.last("a size in bytes")?)?;
            Verb::Truncate { path, size }
        }
        "chmod" => {
            let mode = mode(&words.one("a mode")?)?;
            Verb::Chmod { mode, path: words.last("a path")? }
        }
        "touch" => {
            let path = words.one("a path")?;
            let when = duration(&words.last("a time such as -3d")?)?;
            Verb::Touch { path, when }
        }
        _ => return Err(Error::new(format!("no such verb: `{verb}`"))),
    };
    Ok(read)
}

/// The words of a line that have not been used yet.
struct Words<'a> {
    verb: &'a str,
    words: std::vec::IntoIter<String>,
}

impl Words<'_> {
    fn one(&mut self, what: &str) -> Result<String, Error> {
        self.words.next().ok_or_else(|| Error::new(format!("`{}` needs {what}", self.verb)))
    }

    fn last(mut self, what: &str) -> Result<String, Error> {
        let word = self.one(what)?;
        match self.words.next() {
            None => Ok(word),
            Some(extra) => Err(Error::new(format!("`{}` has nothing to do with `{extra}`", self.verb))),
        }
    }

    fn arrow(self, arrow: &str) -> Result<(String, String), Error> {
        let verb = self.verb;
        let words: Vec<String> = self.words.collect();
        match words.as_slice() {
            [from, middle, to] if middle == arrow => Ok((from.clone(), to.clone())),
            _ => Err(Error::new(format!("`{verb}` is written: {verb} A {arrow} B"))),
        }
    }

    fn options(self) -> Options {
        Options::new(self.verb, self.words)
    }
}

fn ca(mut words: Words<'_>) -> Result<Verb, Error> {
    let name = words.one("a name")?;
    let mut options = words.options();
    let ca = Ca {
        name,
        org: options.take("org"),
        cn: options.take("cn"),
        key: options.take("key").map(|k| KeyKind::named(&k)).transpose()?,
        server: options.take("server"),
        root: options.take("root"),
        from: options.span("from")?,
        until: options.span("until")?,
    };
    options.finish()?;
    Ok(Verb::Ca(ca))
}

fn account(words: Words<'_>) -> Result<Verb, Error> {
    let mut options = words.options();
    let account = Account {
        alias: options.take("as").unwrap_or_else(|| "main".to_owned()),
        server: options.take("server"),
        key: KeyKind::named(options.take("key").as_deref().unwrap_or("rsa"))?,
        created: options.span("created")?.unwrap_or(duration("-400d")?),
        uri: options.take("uri"),
    };
    options.finish()?;
    Ok(Verb::Account(account))
}

fn lineage(name: String, mut options: Options) -> Result<(Lineage, Options), Error> {
    let versions = match options.take("versions") {
        None => 1,
        Some(text) => number(&text)?,
    };
    if versions == 0 || versions > 1000 {
        return Err(Error::new("`versions` is 1 to 1000"));
    }
    let lineage = Lineage {
        name,
        names: options.list("names"),
        issued: options.span("issued")?,
        lifetime: options.span("lifetime")?,
        versions,
        every: options.span("every")?.unwrap_or(duration("60d")?),
        key: options.take("key").map(|k| KeyKind::named(&k)).transpose()?,
        reuse_key: options.flag("reuse-key"),
        ca: options.take("ca"),
        server: options.take("server"),
        account: options.take("account"),
        authenticator: options.take("authenticator").unwrap_or_else(|| "webroot".to_owned()),
        webroot: options.take("webroot"),
        installer: options.take("installer"),
        certbot: options.take("certbot").unwrap_or_else(|| "5.8.0".to_owned()),
        last_run: options.span("last-run")?.unwrap_or(duration("-5h")?),
        retry_after: options.span("retry-after")?,
        must_staple: options.flag("must-staple"),
        client_auth: options.flag("client-auth"),
        common_name: !options.flag("no-cn"),
        conf: !options.flag("no-conf"),
        edits: Vec::new(),
    };
    Ok((lineage, options))
}

fn replace(rest: &str) -> Result<Verb, Error> {
    // The padding lets `old ::` stand for "with nothing".
    let padded = format!("{rest} ");
    match padded.split(" :: ").collect::<Vec<_>>().as_slice() {
        [path, old, new] if !old.is_empty() => Ok(Verb::Replace {
            path: path.trim().to_owned(),
            old: old.replace("\\n", "\n"),
            new: new.trim_end().replace("\\n", "\n"),
        }),
        _ => Err(Error::new("`replace` is written: replace PATH :: old :: new")),
    }
}

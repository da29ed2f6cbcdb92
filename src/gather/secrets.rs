//! Masks what looks like a secret before it becomes a fact: hooks, cron lines, units and confs hold tokens.
//!
//! The rule errs on the side of masking: a reader of a report can open the file, a leaked token cannot be called back.

use crate::facts::MASK;

/// Words that make the name of a variable, an option, a header or a query parameter a secret's name.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "secretkey",
    "authkey",
    "auth_key",
    "hmac",
    "bearer",
    "jwt",
    "authorization",
    "credential",
    "webhook",
    "cookie",
    "private_key",
    "privatekey",
    "application_key",
    "consumer_key",
    "app_key",
    "service_key",
    "account_key",
];

/// Programs whose `-u` takes `user:password`.
const SENDERS: [&str; 3] = ["curl", "wget", "http"];

/// Programs whose `-p` takes a password.
const LOGINS: [&str; 4] = ["sshpass", "mysql", "mysqladmin", "mysqldump"];

/// Whether a value under this name is a secret.
fn secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name == "pass" || name.ends_with("_pass")
}

/// Paths and variables are places of secrets, not secrets.
fn is_place(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    value.is_empty()
        || value.starts_with(['/', '~', '$', '<'])
        || value.starts_with("./")
        || value.starts_with("file:")
        || ["true", "false", "none"].iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.chars().all(|c| c.is_ascii_digit()) && value.len() < 6
}

/// A configuration value: masked as a whole where its key says so, else as a command.
pub fn mask_value(key: &str, value: &str) -> String {
    if value.contains("PRIVATE KEY") || (secret_name(key) && !is_place(value)) {
        return MASK.into();
    }
    match key {
        "account" | "version" | "archive_dir" | "cert" | "privkey" | "chain" | "fullchain" => value.into(),
        _ => mask_command(value),
    }
}

/// A shell command, a cron line or a unit's ExecStart.
pub fn mask_command(command: &str) -> String {
    let mut masked = String::with_capacity(command.len());
    let mut next_is_secret = false;
    let mut header = false;
    let mut program = "";
    for (gap, word) in words(command) {
        masked.push_str(gap);
        let bare = word.trim_matches(['"', '\'', ';', ')', '(', '`']);
        let ends_quote = word.ends_with(['"', '\'']);
        if header {
            // The rest of a header's value, up to the quote that closes it.
            masked.push_str(MASK);
            if ends_quote {
                masked.push_str(word.get(word.len() - 1..).unwrap_or_default());
            }
            header = !ends_quote
                && matches!(bare.to_ascii_lowercase().as_str(), "bearer" | "basic" | "token" | "digest");
            continue;
        }
        if next_is_secret && !bare.starts_with('-') {
            masked.push_str(if is_place(bare) { word } else { MASK });
            next_is_secret = false;
            continue;
        }
        next_is_secret = false;
        if let Some(name) = bare.strip_suffix(':').filter(|name| is_header(name)) {
            header = secret_name(name) || name.eq_ignore_ascii_case("authorization");
            masked.push_str(word);
            continue;
        }
        let has_user = matches!(bare, "-u" | "--user" | "--proxy-user" | "-U") && SENDERS.contains(&program);
        let has_password = bare == "-p" && LOGINS.contains(&program);
        let has_secret = bare.starts_with("--") && !bare.contains('=') && secret_name(bare);
        if has_user || has_password || has_secret || bare.eq_ignore_ascii_case("bearer") {
            next_is_secret = true;
        }
        if let Some(attached) = bare.strip_prefix("-p").filter(|a| !a.is_empty())
            && LOGINS.contains(&program)
        {
            masked.push_str(&word.replacen(attached, MASK, 1));
            continue;
        }
        if matches!(gap, "") || !bare.contains('=') {
            let base = bare.rsplit('/').next().unwrap_or(bare);
            if SENDERS.contains(&base) || LOGINS.contains(&base) {
                program = base;
            }
        }
        masked.push_str(&mask_word(word));
    }
    masked
}

/// Splits into (white space before, word).
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(start);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (word, tail) = after.split_at(end);
        rest = tail;
        Some((gap, word))
    })
}

fn is_header(name: &str) -> bool {
    let name = name.rsplit(['"', '\'']).next().unwrap_or(name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn mask_word(word: &str) -> String {
    if let Some(at) = word.find("://") {
        return mask_url(word, at);
    }
    if let Some((name, value)) = word.split_once('=')
        && secret_name(name)
        && !is_place(value)
    {
        return format!("{name}={MASK}{}", closing(value));
    }
    if let Some((name, value)) = word.split_once(':')
        && is_header(name)
        && secret_name(name)
        && !value.is_empty()
        && !is_place(value)
    {
        return format!("{name}:{MASK}{}", closing(value));
    }
    if looks_random(word.trim_matches(['"', '\'', ';'])) {
        return MASK.into();
    }
    if let Some((name, value)) = word.split_once('=')
        && looks_random(value.trim_matches(['"', '\'', ';']))
    {
        return format!("{name}={MASK}{}", closing(value));
    }
    word.into()
}

/// The quote that closes a masked value, kept so that the command still reads as one.
fn closing(value: &str) -> &str {
    if value.ends_with(['"', '\'']) { value.get(value.len() - 1..).unwrap_or_default() } else { "" }
}

/// Masks user information, secret query parameters and random path segments of a URL.
fn mask_url(word: &str, scheme_end: usize) -> String {
    let (scheme, rest) = word.split_at(scheme_end + 3);
    let end = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    let mut masked = format!("{scheme}{authority}");
    let mut part = String::new();
    for c in path.chars().chain(std::iter::once('\0')) {
        if matches!(c, '/' | '?' | '&' | '#' | '"' | '\'' | '\0') {
            match part.split_once('=') {
                Some((name, value))
                    if !value.is_empty() && (secret_name(name) || name == "key" || looks_random(value)) =>
                {
                    masked.push_str(name);
                    masked.push('=');
                    masked.push_str(MASK);
                }
                _ if part.len() >= 16 && mixed(&part) => masked.push_str(MASK),
                _ => masked.push_str(&part),
            }
            part.clear();
            if c != '\0' {
                masked.push(c);
            }
        } else {
            part.push(c);
        }
    }
    masked
}

fn mixed(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '='))
}

/// A long run of letters and digits with no path, domain or spoken word in it.
fn looks_random(text: &str) -> bool {
    text.len() >= 28
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-'))
        && !text.starts_with(['/', '-'])
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_alphabetic())
        && !text.split(['-', '_']).all(|part| part.chars().all(|c| c.is_ascii_lowercase()) || part.len() < 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_commands_are_masked_and_the_rest_is_kept() {
        for (command, masked) in [
            ("systemctl reload nginx", "systemctl reload nginx"),
            ("API_TOKEN=s3cr3t /usr/local/bin/hook --quiet", "API_TOKEN=*** /usr/local/bin/hook --quiet"),
            ("hook --password hunter2 --verbose", "hook --password *** --verbose"),
            ("hook --password=hunter2", "hook --password=***"),
            ("curl -u bob:hunter2 https://x.example/", "curl -u *** https://x.example/"),
            (
                "curl -H 'Authorization: Bearer abc.def' https://x.example/",
                "curl -H 'Authorization: *** ***' https://x.example/",
            ),
            ("curl -H \"X-Api-Key: abc\" x", "curl -H \"X-Api-Key: ***\" x"),
            ("curl https://bob:pw@x.example/a", "curl https://***@x.example/a"),
            ("curl 'https://x.example/a?token=abc&b=1'", "curl 'https://x.example/a?token=***&b=1'"),
            (
                "curl https://hooks.slack.com/services/T0000/B00000000/XXXXXXXXXXXXXXXXXXXXXX24",
                "curl https://hooks.slack.com/services/T0000/B00000000/***",
            ),
            ("sshpass -psecret scp a b", "sshpass -p*** scp a b"),
            ("mkdir -p /etc/x && cp -p a b", "mkdir -p /etc/x && cp -p a b"),
            ("post --credentials /root/cf.ini", "post --credentials /root/cf.ini"),
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot -q renew",
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot -q renew",
            ),
            ("echo QUtJQUlPU0ZPRE5ON0VYQU1QTEUxMjM0NTY=", "echo ***"),
        ] {
            assert_eq!(mask_command(command), masked);
        }
    }

    #[test]
    fn values_are_masked_by_their_key() {
        assert_eq!(mask_value("dns_cloudflare_api_token", "abc"), "***");
        assert_eq!(mask_value("dns_cloudflare_credentials", "/root/cf.ini"), "/root/cf.ini");
        assert_eq!(mask_value("eab_hmac_key", "zzz"), "***");
        assert_eq!(
            mask_value("account", "ad091a8d52ead2a5b8878d3b35e33e6d"),
            "ad091a8d52ead2a5b8878d3b35e33e6d"
        );
        assert_eq!(mask_value("key_type", "ecdsa"), "ecdsa");
        assert_eq!(mask_value("x", "-----BEGIN PRIVATE KEY-----\nMII"), "***");
    }

    #[test]
    fn folders_and_names_are_not_taken_for_secrets() {
        for plain in [
            "/etc/letsencrypt/live/a-very-long-domain-name-1234567890.example.com/fullchain.pem",
            "https://acme-v02.api.letsencrypt.org/directory",
            "acme-staging-v02-api-letsencrypt-org-directory",
            "certbot renew --no-random-sleep-on-renew --deploy-hook /usr/local/bin/reload-everything.sh",
        ] {
            assert_eq!(mask_command(plain), plain);
        }
    }
}

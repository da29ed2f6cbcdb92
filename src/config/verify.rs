//! Holds a document against the table of what it may hold, and tells every fault with its place.

use jiff::civil::Date;

use super::node::{Key, Node, Place, Value};
use super::shape::{Entry, FLAGS_ONLY, Shape};
use super::suggest::nearest;
use super::{Fault, until};
use crate::checks::CHECKS;

/// All faults of a document.
pub(super) fn verify(node: &Node, shape: Shape) -> Vec<Fault> {
    let mut faults = Vec::new();
    value(node, shape, &mut faults);
    faults
}

fn value(node: &Node, shape: Shape, faults: &mut Vec<Fault>) {
    match (shape, &node.value) {
        // An empty list of names would mean all of them.
        (Shape::OneOrMore(of), Value::List(items)) if items.is_empty() => {
            faults.push(Fault::new(node.place, "an empty list", format!("write {}", wanted(*of))));
        }
        (Shape::List(of), Value::List(items)) | (Shape::OneOrMore(of), Value::List(items)) => {
            items.iter().for_each(|item| value(item, *of, faults));
        }
        (Shape::OneOrMore(of), _) => value(node, *of, faults),
        (Shape::Map(entries), Value::Map(map)) => keys(node.place, map, entries, faults),
        (Shape::ByLineage(of), Value::Map(map)) => {
            for (key, node) in map {
                if !key.quoted && looks_like_another_type(&key.text) {
                    faults.push(not_text(key.place, &key.text));
                }
                value(node, *of, faults);
            }
        }
        (_, Value::Scalar(text, quoted)) if !node.is_null() => {
            faults.extend(scalar(node.place, text, *quoted, shape));
        }
        _ => {
            let what = format!("{} stands here", node.kind());
            faults.push(Fault::new(node.place, what, format!("write {}", wanted(shape))));
        }
    }
}

fn keys(place: Place, map: &[(Key, Node)], entries: &[Entry], faults: &mut Vec<Fault>) {
    for (key, node) in map {
        match entries.iter().find(|entry| entry.key == key.text) {
            Some(entry) => value(node, entry.shape, faults),
            None => faults.push(unknown(key, entries)),
        }
    }
    for entry in entries.iter().filter(|entry| entry.required) {
        if !map.iter().any(|(key, _)| key.text == entry.key) {
            let what = format!("`{}` is missing", entry.key);
            faults.push(Fault::new(place, what, format!("add `{}:`, {}", entry.key, entry.about)));
        }
    }
}

fn unknown(key: &Key, entries: &[Entry]) -> Fault {
    let what = format!("`{}` is no key here", key.text);
    if let Some((_, why)) = FLAGS_ONLY.iter().find(|(flag, _)| *flag == key.text) {
        return Fault::new(key.place, what, *why);
    }
    // certbot's own files write keys with underscores.
    let spelled = key.text.replace('_', "-");
    let known = entries.iter().map(|entry| entry.key);
    let hint = match nearest(&spelled, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys here are {}", known.collect::<Vec<_>>().join(", ")),
    };
    Fault::new(key.place, what, hint)
}

fn scalar(place: Place, text: &str, quoted: bool, shape: Shape) -> Option<Fault> {
    let wrong = |what: String, hint: String| Some(Fault::new(place, what, hint));
    let said = || format!("`{text}` is not {}", wanted(shape));
    match shape {
        Shape::Text | Shape::Folder | Shape::File | Shape::Url if text.trim().is_empty() => {
            wrong("an empty text".to_owned(), format!("write {}", wanted(shape)))
        }
        Shape::Text | Shape::Folder | Shape::File | Shape::Url
            if !quoted && looks_like_another_type(text) =>
        {
            Some(not_text(place, text))
        }
        Shape::Text => None,
        Shape::Folder if text.starts_with('/') => None,
        Shape::Folder => wrong(said(), "write it from the root: /etc/letsencrypt".to_owned()),
        Shape::File if text.starts_with('/') => None,
        Shape::File => wrong(said(), "write it from the root: /etc/acme-audit/eab.key".to_owned()),
        Shape::Url if text.starts_with("https://") => None,
        Shape::Url => wrong(said(), "it begins with https://".to_owned()),
        Shape::Word(words) if words.contains(&text) => None,
        Shape::Word(words) => wrong(said(), meant(text, words.iter().copied())),
        Shape::Check if CHECKS.iter().any(|check| check.id == text) => None,
        Shape::Check => {
            let near = nearest(text, CHECKS.iter().map(|check| check.id));
            let hint = near.map_or_else(
                || "`acme-audit explain` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            wrong(format!("no check is named `{text}`"), hint)
        }
        Shape::Switch if !quoted && (text == "true" || text == "false") => None,
        Shape::Switch => wrong(said(), "write true or false, without quotes".to_owned()),
        Shape::Count(least, most) => {
            let number =
                text.parse::<u64>().ok().filter(|_| !quoted && text.bytes().all(|b| b.is_ascii_digit()));
            match number {
                Some(number) if (least..=most).contains(&number) => None,
                Some(number) if number < least => {
                    wrong(format!("{number} is less than {least}"), format!("write {}", wanted(shape)))
                }
                Some(number) if number > most => {
                    wrong(format!("{number} is more than {most}"), format!("write {}", wanted(shape)))
                }
                _ => wrong(said(), "write the digits alone, without quotes".to_owned()),
            }
        }
        Shape::Day if text.parse::<Date>().is_ok() && text.len() == 10 => None,
        Shape::Day => wrong(said(), "write it as 2027-03-31".to_owned()),
        Shape::Until => until::parse(text, jiff::Timestamp::UNIX_EPOCH).err().and_then(|what| {
            wrong(what, "write 2029-01-01, 2029-01-01T00:00:00Z, or a span such as 18months".to_owned())
        }),
        Shape::List(_) | Shape::Map(_) | Shape::ByLineage(_) | Shape::OneOrMore(_) => {
            wrong("a single value stands here".to_owned(), format!("write {}", wanted(shape)))
        }
    }
}

fn not_text(place: Place, text: &str) -> Fault {
    Fault::new(place, format!("`{text}` is not a text"), format!("put it in quotes: \"{text}\""))
}

/// What YAML takes for a number, a switch or nothing when it stands without quotes.
fn looks_like_another_type(text: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "~"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.parse::<f64>().is_ok()
        || text.starts_with("0x")
}

fn meant<'a>(text: &str, words: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(text, words.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", words.collect::<Vec<_>>().join(", ")),
    }
}

/// A form in words.
fn wanted(shape: Shape) -> String {
    match shape {
        Shape::Text => "a text".to_owned(),
        Shape::File => "a file's path".to_owned(),
        Shape::Url => "a URL".to_owned(),
        Shape::Folder => "a folder's path".to_owned(),
        Shape::Word(words) => format!("one of {}", words.join(", ")),
        Shape::Check => "the id of a check".to_owned(),
        Shape::Switch => "true or false".to_owned(),
        Shape::Count(0, _) => "a whole number".to_owned(),
        Shape::Count(least, _) => format!("a whole number, at least {least}"),
        Shape::Day => "a day".to_owned(),
        Shape::Until => "a day, a time or a span".to_owned(),
        Shape::List(_) => "a list: a line `- …` for each".to_owned(),
        Shape::OneOrMore(of) => format!("{}, or a list", wanted(*of)),
        Shape::Map(entries) => {
            format!(
                "keys with values: {}",
                entries.iter().map(|entry| entry.key).collect::<Vec<_>>().join(", ")
            )
        }
        Shape::ByLineage(_) => "names of lineages with what holds for them".to_owned(),
    }
}

//! The reader of renewal files against Python's `configobj`, on random files.
//!
//! Needs `ACME_AUDIT_LAB_PYTHON`, an interpreter that has `configobj`.
//! `ACME_AUDIT_ORACLE_CASES` is the number of files (default 3000) and
//! `ACME_AUDIT_ORACLE_SEED` changes them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;

use acme_audit::configobj::{self, Document, ErrorKind, InterpolationError, Section, Value};
use serde_json::{Value as Json, json};

/// Prints one JSON line per file of a folder, in the order of their names.
///
/// An exception that is no `ConfigObjError` also makes certbot refuse the file
/// or the value. Reads start afresh with interpolation on, since configobj
/// leaves it off after such an exception.
const ORACLE: &str = r#"
import json, os, signal, sys
from configobj import ConfigObj, ConfigObjError, InterpolationError

class Slow(Exception): pass
def slow(*_): raise Slow()
signal.signal(signal.SIGALRM, slow)

def shown(section, key):
    section.main.interpolation = True
    try:
        return {"ok": section[key]}
    except InterpolationError as e:
        return {"err": str(e)}
    except (AttributeError, TypeError, RecursionError) as e:
        return {"err": type(e).__name__}

def tree(section):
    return {
        "entries": [[k, dict.__getitem__(section, k), shown(section, k)] for k in section.scalars],
        "sections": [[k, tree(dict.__getitem__(section, k))] for k in section.sections],
    }

def read(path):
    try:
        return tree(ConfigObj(path, encoding='utf-8', default_encoding='utf-8'))
    except ConfigObjError as e:
        return {"error": type(e.errors[0]).__name__, "line": e.errors[0].line_number}
    except UnicodeDecodeError as e:
        with open(path, 'rb') as f:
            for n, line in enumerate(f.readlines(), 1):
                try: line.decode('utf-8')
                except UnicodeDecodeError: return {"error": "UnicodeDecodeError", "line": n}

for name in sorted(os.listdir(sys.argv[1])):
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        result = read(os.path.join(sys.argv[1], name))
    except Slow:
        result = "slow"
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps(result))
"#;

#[test]
fn reads_random_files_as_python_does() {
    let Some(python) = std::env::var_os("ACME_AUDIT_LAB_PYTHON") else {
        eprintln!("skipped: ACME_AUDIT_LAB_PYTHON is not set (tests/run sets it)");
        return;
    };
    let python = Path::new(&python);
    let seed = number("ACME_AUDIT_ORACLE_SEED", 20_261_123);
    let count = number("ACME_AUDIT_ORACLE_CASES", 3000);
    let mut random = Random(seed);
    let files: Vec<Vec<u8>> = (0..count).map(|_| file(&mut random)).collect();

    let expected = ask_python(python, &files);
    let mut accepted = 0;
    let mut slow = 0;
    for (case, (file, theirs)) in files.iter().zip(&expected).enumerate() {
        let ours = read(file);
        accepted += usize::from(ours.get("error").is_none());
        if *theirs == json!("slow") {
            slow += 1;
        } else if *theirs != ours {
            let file = shrink(python, file.clone());
            panic!(
                "seed {seed}, case {case}, least file {:?}\n  ours   {}\n  python {}",
                String::from_utf8_lossy(&file),
                read(&file),
                ask_python(python, std::slice::from_ref(&file))[0],
            );
        }
    }
    eprintln!("compared {count} files, {accepted} of them valid, {slow} too slow for python");
    assert!(accepted * 5 > files.len(), "too few valid files: {accepted} of {count}");
    assert!(slow * 100 <= files.len(), "python was too slow on {slow} of {count}");
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// What Python makes of each file, by one process.
fn ask_python(python: &Path, files: &[Vec<u8>]) -> Vec<Json> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let confs = folder.path().join("confs");
    fs::create_dir(&confs).expect("folder");
    for (case, file) in files.iter().enumerate() {
        fs::write(confs.join(format!("{case:08}.conf")), file).expect("write");
    }
    let script = folder.path().join("oracle.py");
    fs::write(&script, ORACLE).expect("write");
    let output = Command::new(python).arg(&script).arg(&confs).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("python prints ASCII");
    let results: Vec<Json> =
        lines.lines().map(|line| serde_json::from_str(line).expect("python prints JSON")).collect();
    assert_eq!(results.len(), files.len());
    results
}

/// What we make of a file, in the shape of Python's answer.
fn read(file: &[u8]) -> Json {
    match configobj::parse(file) {
        Ok(document) => tree(&document, document.root(), &mut Vec::new()),
        Err(error) => json!({ "error": python_name(error.kind), "line": error.line }),
    }
}

fn python_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Encoding => "UnicodeDecodeError",
        ErrorKind::Brackets | ErrorKind::Nesting => "NestingError",
        ErrorKind::DuplicateKey | ErrorKind::DuplicateSection => "DuplicateError",
        _ => "ParseError",
    }
}

fn tree<'a>(document: &Document, section: &'a Section, path: &mut Vec<&'a str>) -> Json {
    let mut entries = Vec::new();
    for entry in section.entries() {
        let shown = match document.value(path, &entry.key) {
            Ok(value) => json!({ "ok": value.map(|value| plain(&value)) }),
            Err(error) => json!({ "err": python_message(&error) }),
        };
        entries.push(json!([entry.key, plain(&entry.value), shown]));
    }
    let mut sections = Vec::new();
    for inner in section.sections() {
        path.push(inner.name());
        sections.push(json!([inner.name(), tree(document, inner, path)]));
        path.pop();
    }
    json!({ "entries": entries, "sections": sections })
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Scalar(text) => json!(text),
        Value::List(items) => json!(items),
    }
}

fn python_message(error: &InterpolationError) -> String {
    match error {
        InterpolationError::Missing(key) => format!("missing option \"{key}\" in interpolation."),
        InterpolationError::Loop(key) => {
            format!("interpolation loop detected in value \"{key}\".")
        }
        InterpolationError::NotText(_) => "TypeError".to_owned(),
        InterpolationError::DefaultIsKey => "AttributeError".to_owned(),
        InterpolationError::TooDeep => "RecursionError".to_owned(),
        other => other.to_string(),
    }
}

/// A smaller file on which the two still differ: drops lines, then characters.
fn shrink(python: &Path, mut file: Vec<u8>) -> Vec<u8> {
    loop {
        let mut lines: Vec<&[u8]> = file.split_inclusive(|&b| b == b'\n').collect();
        let mut smaller = Vec::new();
        for at in 0..lines.len() {
            let line = lines.remove(at);
            smaller.push(lines.concat());
            lines.insert(at, line);
        }
        // A part of a character is dropped only from a file that is not UTF-8.
        let is_text = str::from_utf8(&file).is_ok();
        for from in 0..file.len() {
            for to in from + 1..file.len().min(from + 4) + 1 {
                let cut = [&file[..from], &file[to..]].concat();
                if !is_text || str::from_utf8(&cut).is_ok() {
                    smaller.push(cut);
                }
            }
        }
        smaller.sort_by_key(Vec::len);
        let answers = ask_python(python, &smaller);
        let differs = |(file, theirs): &(Vec<u8>, Json)| *theirs != json!("slow") && *theirs != read(file);
        match smaller.into_iter().zip(answers).find(differs) {
            Some((found, _)) => file = found,
            None => return file,
        }
    }
}

/// SplitMix64: enough to choose with, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Up to 9 pieces of an alphabet so small that odd orders come up.
    fn soup(&mut self, alphabet: &[&str]) -> String {
        (0..self.below(10)).map(|_| self.pick(alphabet)).collect()
    }
}

#[rustfmt::skip]
const SPACES: &[&str] = &[
    "", "", "", "", " ", " ", "  ", "\t", "\u{a0}", "\u{c}", "\u{b}", "\r", "\u{85}", "\u{2028}",
    "\u{1c}", "\u{1f}", "\u{3000}",
];
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "a", "b", "c", "d", "e", "DEFAULT", "renewalparams", "webroot_map", "key", "*.e.com",
    "2001:db8::1", "é", "x y", "a:b",
];
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "\"\"", "\"a b\"", "'c'", "\"=\"", "'a", "\"b\" c", "%(a)s", "[k]", "", "\"\"\"",
];
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "x", "yy", "/etc/letsencrypt/live", "http-01", "foo#bar", "a'b", "say \"hi\"", "%(a)s",
    "%(b)s", "%(c)s%(a)s", "%(key)s", "%(DEFAULT)s", "%(nope)s", "%%", "%s", "%Y-%m", "%%(d)s",
    "%(%(a)s)s", "%()s", "%(a)", "é", "None", "100%", "", "\\", "=", "[", "]", "\u{feff}", "\0",
];
#[rustfmt::skip]
const QUOTED: &[&str] = &[
    "\"x, y\"", "'x # y'", "\"\"", "''", "\"'\"", "\"a\" b", "'a", "\"", "'a'b'", "\"a\"b\", c\"",
    "\"%(a)s, z\"", "\" x \"",
];
#[rustfmt::skip]
const NOISE: &[&str] = &[
    "=", ",", "#", "'", "\"", "[", "]", "%", "(", ")", "\r", "\n", "\t", " ", "\u{a0}", "\u{c}",
    "\u{85}", "\u{2028}", "\u{1d}", "\u{feff}", "\0", "\"\"\"", "'''", "%(a)s", "s", "a",
    "DEFAULT",
];

/// A file from pieces of the grammar, often damaged.
fn file(random: &mut Random) -> Vec<u8> {
    if random.chance(15) {
        return references(random).into_bytes();
    }
    let mut text = String::new();
    if random.chance(5) {
        text.push('\u{feff}');
    }
    // Distinct keys mostly, or nearly every file would end at a duplicate.
    let mut used: Vec<String> = Vec::new();
    let mut depth = 0;
    let lines = if random.chance(50) { random.below(4) } else { random.below(14) };
    for _ in 0..lines {
        text.push_str(random.pick(SPACES));
        match random.below(20) {
            0 => {}
            1 => text.push_str("# comment = [x]"),
            2 if random.chance(50) => {
                text.push_str(&random.soup(&["[", "[", "]", "]", "\"", "'", "a", "#", " "]));
            }
            2..=4 => section(random, &mut text, &mut depth, &mut used),
            _ => {
                match random.below(20) {
                    0 => text.push_str(&random.soup(&["a", "\"", "'", "=", " ", "[", "]"])),
                    _ => text.push_str(&fresh(random, &mut used)),
                }
                text.push_str(random.pick(SPACES));
                if !random.chance(1) {
                    text.push('=');
                }
                text.push_str(random.pick(SPACES));
                value(random, &mut text);
            }
        }
        text.push_str(if random.chance(8) { "\r\n" } else { "\n" });
    }
    if random.chance(50) {
        for _ in 0..1 + random.below(3) {
            mutate(random, &mut text);
        }
    }
    let mut bytes = text.into_bytes();
    if random.chance(5) && !bytes.is_empty() {
        bytes.truncate(random.below(bytes.len()));
    }
    if random.chance(1) {
        let at = random.below(bytes.len() + 1);
        bytes.insert(at, 0x80 | random.next().to_le_bytes()[0]);
    }
    bytes
}

/// A valid file full of `%(name)s`: sections inside each other, some with a
/// `DEFAULT` that may have a sub-section named as a key.
fn references(random: &mut Random) -> String {
    let mut text = String::new();
    for depth in 0..1 + random.below(4) {
        if depth > 0 {
            text.push_str(&marker(random.pick(&["a", "s", "t"]), depth));
        }
        for key in ["a", "b", "c", "d"] {
            if random.chance(40) {
                let words = ["x", "y", "%(a)s", "%(b)s", "%(c)s", "%(d)s", "%%(a)s", ","];
                let kinds = 7 + random.below(2);
                text.push_str(&format!("{key} = x{}\n", random.soup(&words[..kinds])));
            }
        }
        if random.chance(30) {
            text.push_str(&marker("DEFAULT", depth + 1));
            text.push_str(random.pick(&["", "a = %(b)s\n", "b = x\n"]));
            if random.chance(50) {
                text.push_str(&marker(random.pick(&["c", "d"]), depth + 2));
            }
        } else if random.chance(3) && !text.contains("DEFAULT") {
            text.push_str("DEFAULT = x\n");
        }
    }
    text
}

fn marker(name: &str, depth: usize) -> String {
    format!("{}{name}{}\n", "[".repeat(depth), "]".repeat(depth))
}

/// A name that was most likely not used since the last section.
fn fresh(random: &mut Random, used: &mut Vec<String>) -> String {
    let mut name = String::new();
    for _ in 0..8 {
        let from = if random.chance(5) { KEYS } else { NAMES };
        name = random.pick(from).to_owned();
        if !used.contains(&name) {
            break;
        }
        name = format!("k{}", used.len());
    }
    used.push(name.clone());
    name
}

fn section(random: &mut Random, text: &mut String, depth: &mut usize, used: &mut Vec<String>) {
    *depth = match random.below(12) {
        0 => random.below(5),
        1..=6 => *depth + 1,
        _ => 1 + random.below((*depth).max(1)),
    }
    .min(6);
    for _ in 0..*depth {
        text.push('[');
        text.push_str(if random.chance(5) { random.pick(SPACES) } else { "" });
    }
    match random.below(10) {
        0 => text.push_str(random.pick(QUOTED)),
        1 => text.push_str(random.pick(WORDS)),
        2 => text.push_str(random.pick(KEYS)),
        3..=5 => text.push_str(random.pick(NAMES)),
        _ => text.push_str(&format!("s{}", random.below(1000))),
    }
    for _ in 0..*depth {
        text.push_str(if random.chance(5) { random.pick(SPACES) } else { "" });
        text.push(']');
    }
    match random.below(20) {
        0 => text.push_str(" # ]"),
        1 => text.push('#'),
        2 => text.push_str(random.pick(WORDS)),
        _ => {}
    }
    used.clear();
}

fn value(random: &mut Random, text: &mut String) {
    match random.below(16) {
        12 => text.push_str(&random.soup(&["\"", "'", "\"\"\"", "#", " ", "a", "\n"])),
        13.. => text.push_str(&random.soup(&["a", "\"", "\"", "'", ",", ",", "#", " "])),
        0 => {
            let quotes = random.pick(&["\"\"\"", "'''"]);
            text.push_str(quotes);
            for _ in 0..random.below(4) {
                text.push_str(word(random, 20));
                text.push_str(random.pick(&["\n", "\n", " ", "\r\n", "# ", ""]));
            }
            text.push_str(quotes);
        }
        1..=4 => {
            for _ in 0..1 + random.below(4) {
                text.push_str(word(random, 40));
                text.push_str(random.pick(SPACES));
                text.push(',');
                text.push_str(random.pick(SPACES));
            }
            if random.chance(60) {
                text.push_str(word(random, 30));
            }
        }
        5 | 6 => text.push_str(random.pick(QUOTED)),
        _ => {
            for _ in 0..random.below(4) {
                text.push_str(random.pick(WORDS));
                text.push_str(random.pick(SPACES));
            }
        }
    }
    if random.chance(12) {
        text.push_str(random.pick(&[" # note", "#note", "  # 'q\", x"]));
    }
}

fn word(random: &mut Random, quoted: usize) -> &'static str {
    let from = if random.chance(quoted) { QUOTED } else { WORDS };
    random.pick(from)
}

/// Inserts, removes or doubles something at a random place.
fn mutate(random: &mut Random, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = places[random.below(places.len())];
    match random.below(4) {
        0 if at < text.len() => {
            text.remove(at);
        }
        1 => {
            let noise = random.pick(NOISE).repeat(1 + random.below(3));
            text.insert_str(at, &noise);
        }
        _ => text.insert_str(at, random.pick(NOISE)),
    }
}

//! That the world is as its files say: `dig` and `curl` look at it as the program under test will.

mod caa;
mod dns;
mod lies;
mod plain;
mod program;
mod web;

use super::{Place, World};

/// The resolver, and the servers of the zones.
const RESOLVER: &str = "45.45.45.53";
const OFFICE: &str = "45.45.45.54";
const ONE: &str = "45.45.45.11";
const TWO: &str = "45.45.45.12";
const CLOSED: &str = "45.45.45.13";
const SILENT: &str = "45.45.45.14";
const LIAR: &str = "45.45.45.66";

/// A resolver that does not validate, and forwarders to it.
const PLAIN: &str = "45.45.45.55";
const STRIPPING: &str = "45.45.45.67";
const DROPPING: &str = "45.45.45.68";

/// What `dig` printed of one question.
struct Dig {
    /// Such as `NOERROR`; empty without an answer.
    status: String,
    flags: Vec<String>,
    /// The code of the Extended DNS Error.
    extended: Option<u16>,
    /// Type and data of each record of the answer.
    answer: Vec<String>,
    /// All of it.
    text: String,
}

impl Dig {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }
}

/// Asks one server once, from the audited host.
fn dig(world: &World, server: &str, question: &str) -> Dig {
    let out = world
        .command(Place::Web, "dig")
        .args(["+nocmd", "+nostats", "+noquestion", "+noauthority", "+noadditional", "+tries=1", "+time=20"])
        .arg(format!("@{server}"))
        .args(question.split_whitespace())
        .output()
        .expect("dig");
    let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    let after = |mark: &str, end: char| {
        let rest = text.split_once(mark).map(|(_, rest)| rest)?;
        rest.split(end).next().map(|s| s.trim().to_owned())
    };
    Dig {
        status: after("status: ", ',').unwrap_or_default(),
        flags: after(";; flags:", ';').unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        extended: after("; EDE: ", ' ').and_then(|code| code.trim().parse().ok()),
        answer: text
            .lines()
            .filter(|line| !line.starts_with(';') && !line.is_empty())
            .map(|line| line.split_whitespace().skip(3).collect::<Vec<_>>().join(" "))
            .collect(),
        text,
    }
}

/// Asserts what the resolver says: `NXDOMAIN`, or the records of the answer in order of the alphabet.
#[track_caller]
fn resolves(world: &World, question: &str, status: &str, answer: &[&str]) -> Dig {
    let mut said = dig(world, RESOLVER, question);
    said.answer.sort();
    assert_eq!(
        (said.status.as_str(), said.answer.as_slice()),
        (status, owned(answer).as_slice()),
        "{}",
        said.text
    );
    said
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

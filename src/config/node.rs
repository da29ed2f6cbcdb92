//! A YAML document as a tree in which everything knows its line and column.
//!
//! serde_yaml reads the values; its errors place a duplicate key nowhere and stop at the first fault, so the document is
//! walked once before, by granit-parser's events.

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::Fault;

/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 24;
/// How many values a file may have.
const MAX_NODES: usize = 50_000;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

/// The kinds of value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A word or a text, and whether it stands in quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    /// Keys in the file's order; none twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub place: Place,
    pub text: String,
    pub quoted: bool,
}

impl Node {
    /// A plain word that stands for nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, false) if ["", "~", "null", "Null", "NULL"].contains(&text.as_str()))
    }

    /// What it is, for a message.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_null() => "nothing",
            Value::Scalar(..) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads a document, and finds the keys that stand twice; `None` where it is empty.
///
/// # Errors
/// It is no YAML, or more than this file may be.
pub(super) fn read(text: &str) -> Result<(Option<Node>, Vec<Fault>), Vec<Fault>> {
    let mut tree = Tree { open: Vec::new(), root: None, count: 0, faults: Vec::new(), documents: 0 };
    for next in Parser::new_from_str(text) {
        match next {
            Ok((event, span)) => {
                if let Err(fault) = tree.event(event, &span) {
                    tree.faults.push(fault);
                    return Err(tree.faults);
                }
            }
            Err(e) => {
                let hint =
                    "see https://yaml.org/spec/1.2.2/ for the form; indent with blanks, never with tabs";
                tree.faults.push(Fault::new(place(e.marker()), e.info(), hint));
                return Err(tree.faults);
            }
        }
    }
    Ok((tree.root, tree.faults))
}

fn place(mark: &Marker) -> Place {
    Place { line: mark.line().max(1), column: mark.col().saturating_add(1) }
}

/// A list or a map that is not closed yet.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<(Key, Node)>, Option<Key>),
}

struct Tree {
    open: Vec<Open>,
    root: Option<Node>,
    count: usize,
    faults: Vec<Fault>,
    documents: usize,
}

impl Tree {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        let at = place(&span.start);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Fault::new(
                        at,
                        "a second document",
                        "keep everything in one document, without `---`",
                    ));
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(Fault::new(at, "an alias", "write the value out: aliases are not taken here"));
            }
            Event::Scalar(text, style, _, tag) => {
                let quoted = style != ScalarStyle::Plain;
                if tag.is_some() {
                    return Err(Fault::new(at, "a tag", "write the plain value: tags are not taken here"));
                }
                return self.scalar(at, text.into_owned(), quoted);
            }
            Event::SequenceStart(..) => return self.begin(at, Open::List(at, Vec::new())),
            Event::MappingStart(..) => return self.begin(at, Open::Map(at, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List(place, items)) => Node { place, value: Value::List(items) },
                    Some(Open::Map(place, entries, _)) => Node { place, value: Value::Map(entries) },
                    None => return Ok(()),
                };
                self.put(node);
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, at: Place, open: Open) -> Result<(), Fault> {
        if let Some(Open::Map(_, _, None)) = self.open.last() {
            return Err(Fault::new(at, "a list or a map as a key", "keys are words"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::new(at, "too deep", "nothing here is nested that deep"));
        }
        self.counted(at)?;
        self.open.push(open);
        Ok(())
    }

    fn counted(&mut self, at: Place) -> Result<(), Fault> {
        self.count += 1;
        if self.count > MAX_NODES {
            return Err(Fault::new(at, "too many values", "this is no configuration of acme-audit"));
        }
        Ok(())
    }

    fn scalar(&mut self, place: Place, text: String, quoted: bool) -> Result<(), Fault> {
        self.counted(place)?;
        if let Some(Open::Map(_, entries, key @ None)) = self.open.last_mut() {
            if let Some((first, _)) = entries.iter().find(|(known, _)| known.text == text) {
                let what = format!("`{text}` stands here a second time");
                let hint = format!("it stands in line {} already; keep one of the two", first.place.line);
                self.faults.push(Fault::new(place, what, hint));
            }
            *key = Some(Key { place, text, quoted });
            return Ok(());
        }
        self.put(Node { place, value: Value::Scalar(text, quoted) });
        Ok(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => entries.extend(key.take().map(|key| (key, node))),
            None => self.root = self.root.take().or(Some(node)),
        }
    }
}

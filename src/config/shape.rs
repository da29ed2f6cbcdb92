//! What `acme-audit.yaml` may hold: the one table that the reader, the schema and the documentation share.

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A text that says something.
    Text,
    /// A folder's path.
    Folder,
    /// A file's path.
    File,
    /// A URL of https.
    Url,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The id of a check.
    Check,
    /// `true` or `false`.
    Switch,
    /// A whole number, of at least and at most so much.
    Count(u64, u64),
    /// A day, such as 2027-03-31.
    Day,
    /// A day, a time or a time span.
    Until,
    /// A list, all of whose members have one form.
    List(&'static Shape),
    /// One, or a list of them.
    OneOrMore(&'static Shape),
    /// A map with these keys.
    Map(&'static [Entry]),
    /// A map whose keys are names of lineages.
    ByLineage(&'static Shape),
}

/// One key of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub key: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

const fn may(key: &'static str, shape: Shape, about: &'static str) -> Entry {
    Entry { key, shape, required: false, about }
}

const fn must(key: &'static str, shape: Shape, about: &'static str) -> Entry {
    Entry { key, shape, required: true, about }
}

/// The largest number that means anything here.
const MOST: u64 = u32::MAX as u64;
const PORT: Shape = Shape::Count(1, u16::MAX as u64);
pub(super) const SEVERITIES: &[&str] = &["note", "may-fail", "will-fail"];
const BECAUSE: Entry = must("because", Shape::Text, "why: it is printed with the finding");
const UNTIL_DAY: Entry = may("until", Shape::Day, "the last day, in UTC; after it the finding is back");
const MIN_ATTEMPTS: Entry = may(
    "min-attempts",
    Shape::Count(1, MOST),
    "how many attempts must fit before a certificate expires; 3 by default",
);

const IGNORED: Shape = Shape::Map(&[
    must("id", Shape::Check, "the id of the check whose finding is accepted"),
    may("lineage", Shape::OneOrMore(&Shape::Text), "only for this lineage, or for these"),
    BECAUSE,
    UNTIL_DAY,
]);

const IGNORED_OF_LINEAGE: Shape = Shape::Map(&[
    must("id", Shape::Check, "the id of the check whose finding is accepted"),
    BECAUSE,
    UNTIL_DAY,
]);

const LINEAGE: Shape = Shape::Map(&[
    MIN_ATTEMPTS,
    may(
        "at-most",
        Shape::Word(SEVERITIES),
        "the loudest that a finding about this lineage may be; one about the host is as loud as ever",
    ),
    may("because", Shape::Text, "why it may not be louder"),
    may("ignore", Shape::List(&IGNORED_OF_LINEAGE), "findings about this lineage that are accepted"),
]);

const FALLBACK: Shape = Shape::Map(&[
    must(
        "server",
        Shape::Url,
        "the URL of its ACME directory; who writes it here agrees to the CA's terms of service",
    ),
    may("email", Shape::Text, "where the CA may write to"),
    may(
        "eab-kid",
        Shape::Text,
        "the key's identifier that the CA gave its customer (external account binding)",
    ),
    may("eab-hmac-key-file", Shape::File, "a file that holds that key, in base64url as the CA gave it"),
]);

/// The whole file.
pub(super) const FILE: Shape = Shape::Map(&[
    may("config-dir", Shape::Folder, "certbot's configuration directory"),
    may("work-dir", Shape::Folder, "certbot's working directory"),
    may("logs-dir", Shape::Folder, "certbot's log directory"),
    may("state-dir", Shape::Folder, "where what must outlive a run is kept"),
    may("offline", Shape::Switch, "use no network at all"),
    may("resolver", Shape::Text, "the name server that is asked instead of the system's: IP[:PORT]"),
    may("http-port", PORT, "the port of HTTP-01 validations, for test CAs; 80 by default"),
    may("https-port", PORT, "the port that redirects to https lead to, for test CAs; 443 by default"),
    may("allow-private-addresses", Shape::Switch, "take private and reserved addresses for reachable ones"),
    may("ca-bundle", Shape::Text, "a file of CA certificates to trust too, for the CA's own server"),
    may(
        "deadline",
        Shape::Count(1, MOST),
        "after how many seconds the look at the network ends; 600 by default",
    ),
    may("format", Shape::Word(&["text", "json", "nagios"]), "how to print the report"),
    may("jobs", Shape::Count(1, MOST), "how many lineages to judge at once"),
    may("quiet", Shape::Switch, "print nothing when nothing is wrong, and no notes"),
    may(
        "verbose",
        Shape::Count(0, MOST),
        "what to tell on standard error: 0 nothing, 1 the files that are read, 2 every look-up",
    ),
    may("color", Shape::Word(&["auto", "always", "never"]), "when to use colour"),
    may("until", Shape::Until, "where the forecast ends: a day, a time or a span; three years by default"),
    MIN_ATTEMPTS,
    may(
        "fallback",
        Shape::OneOrMore(&FALLBACK),
        "a CA, or several in this order, that renew asks where a lineage's own is down or limits it",
    ),
    may("lineages", Shape::ByLineage(&LINEAGE), "what holds for single lineages"),
    may("ignore", Shape::List(&IGNORED), "findings that are known and accepted"),
]);

/// Flags that a file cannot set, and why.
pub(super) const FLAGS_ONLY: [(&str, &str); 5] = [
    ("online", "--online is for another host's files, so it is given on the command line only"),
    ("root", "--root says which host is looked at, so it is given on the command line only"),
    ("at", "--at moves the clock of one run, so it is given on the command line only"),
    ("config", "--config names this very file"),
    ("facts", "--facts is for one run, so it is given on the command line only"),
];

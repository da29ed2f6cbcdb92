//! The rules of the format, one by one. What Python does in each case was run.

use proptest::prelude::*;

use super::*;

pub(super) fn document(text: &str) -> Document {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// The value of the first key of a file.
fn value(text: &str) -> Value {
    document(text).root().entries()[0].value.clone()
}

pub(super) fn scalar(text: &str) -> Value {
    Value::Scalar(text.to_owned())
}

pub(super) fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|&item| item.to_owned()).collect())
}

/// The first key of a file.
fn key(text: &str) -> String {
    document(text).root().entries()[0].key.clone()
}

/// The names of the top-level sections.
fn names(text: &str) -> Vec<String> {
    document(text).root().sections().iter().map(|section| section.name().to_owned()).collect()
}

/// Line and kind of the error.
fn fault(text: impl AsRef<[u8]>) -> (u32, ErrorKind) {
    let error = parse(text.as_ref()).expect_err("a bad file");
    (error.line, error.kind)
}

const CERTBOT: &str = "\
# renew_before_expiry = 30 days
version = 5.8.0
archive_dir = /etc/letsencrypt/archive/e.com

# Options used in the renewal process
[renewalparams]
authenticator = webroot
webroot_path = /var/www/html,
pref_challs = dns-01, http-01
[[webroot_map]]
e.com = /var/www/html
*.e.com = /srv
2001:db8::1 = /v6
[acme_renewal_info]
ari_retry_after = 2026-11-24T01:39:30
";

#[test]
fn a_file_of_certbot_reads_as_a_tree() {
    let document = document(CERTBOT);
    assert_eq!(document.get("version").map(|entry| &entry.value), Some(&scalar("5.8.0")));
    let params = document.section("renewalparams").expect("section");
    assert_eq!(params.line(), 6);
    let path = params.get("webroot_path").expect("key");
    assert_eq!((path.value.as_list(), path.line), (Some(&["/var/www/html".to_owned()][..]), 8));
    let map = params.section("webroot_map").expect("sub-section");
    assert_eq!(map.get("*.e.com").and_then(|entry| entry.value.as_scalar()), Some("/srv"));
    assert_eq!(map.get("2001:db8::1").map(|entry| entry.line), Some(13));
    assert!(document.section("acme_renewal_info").is_some());
    assert!(params.get("webroot_map").is_none() && params.section("authenticator").is_none());
}

#[test]
fn a_file_may_be_empty() {
    for text in ["", "\n", "\u{feff}", "# only\r\n\t# comments\n\u{c}\n"] {
        assert_eq!(document(text).root(), &Section::default());
    }
}

#[test]
fn a_line_needs_an_equals_sign_or_brackets() {
    for text in ["key : value", "word", "\"a\" b = c", "=x", "'a = b", "[ ]", "[a", "[\"\"]"] {
        assert_eq!(fault(text), (1, ErrorKind::Syntax), "{text}");
    }
}

#[test]
fn a_comment_needs_no_space_before_it() {
    assert_eq!(value("c = foo#bar"), scalar("foo"));
    assert_eq!(value("c = foo # bar"), scalar("foo"));
    assert_eq!(value("c = #bar"), scalar(""));
    assert_eq!(value("c = \"foo#bar\"#x"), scalar("foo#bar"));
    assert_eq!(value("c = a # b, c"), scalar("a"));
}

#[test]
fn an_unquoted_comma_makes_a_list() {
    assert_eq!(value("a = x, y"), list(&["x", "y"]));
    assert_eq!(value("a = x,"), list(&["x"]));
    assert_eq!(value("a = x, # y"), list(&["x"]));
    assert_eq!(value("a = 'x, y'"), scalar("x, y"));
    assert_eq!(value("a = 'x, y' , \"\""), list(&["x, y", ""]));
}

#[test]
fn a_comma_alone_is_the_empty_list() {
    assert_eq!(value("a = ,"), list(&[]));
    assert_eq!(value("a = , # x"), list(&[]));
}

#[test]
fn a_list_has_no_empty_items() {
    for text in ["a = ,x", "a = x,,y", "a = x, , y", "a = ,,"] {
        assert_eq!(fault(text), (1, ErrorKind::EmptyItem), "{text}");
    }
}

#[test]
fn an_empty_value_is_the_empty_string() {
    assert_eq!(value("a ="), scalar(""));
    assert_eq!(value("a = \"\""), scalar(""));
    assert_eq!(value("a = \"\"\"\"\"\""), scalar(""));
}

#[test]
fn quotes_must_close_and_end_the_value() {
    for text in ["a = \"x", "a = \"x\" y", "a = 'x', 'y", "a = \"", "a = \"x\\\"y\" z"] {
        assert_eq!(fault(text), (1, ErrorKind::Quotes), "{text}");
    }
}

#[test]
fn a_quote_inside_a_value_is_text() {
    assert_eq!(value("a = x\"y, it's"), list(&["x\"y", "it's"]));
    assert_eq!(value("a = \"x\" y\""), scalar("x\" y"));
    assert_eq!(value("a = \"x\\\""), scalar("x\\"));
}

#[test]
fn an_open_quote_after_comma_and_space_is_text() {
    assert_eq!(value("a = x, \"y, z"), list(&["x", "\"y", "z"]));
    assert_eq!(value("a = x, \", y"), list(&["x", "", "y"]));
    assert_eq!(fault("a = x,\"y, z"), (1, ErrorKind::Quotes));
}

#[test]
fn triple_quotes_may_span_lines() {
    let text = "a = '''x\r\n # y = [z]\n\n''''  # end\nb = 1";
    assert_eq!(value(text), scalar("x\n # y = [z]\n\n'"));
    assert_eq!(document(text).get("a").map(|entry| entry.line), Some(1));
    assert_eq!(document(text).get("b").map(|entry| entry.line), Some(5));
    assert_eq!(value("a = \"\"\"x, '''y''' \"\"\"#"), scalar("x, '''y''' "));
}

#[test]
fn triple_quotes_must_close_and_end_the_value() {
    assert_eq!(fault("b=\na = '''x\ny\n"), (2, ErrorKind::Unterminated));
    assert_eq!(fault("a = '''x''' y"), (1, ErrorKind::AfterTripleQuotes));
    assert_eq!(fault("a = '''x\ny''' z"), (1, ErrorKind::AfterTripleQuotes));
    assert_eq!(fault("a = '''x''', y"), (1, ErrorKind::AfterTripleQuotes));
}

#[test]
fn a_key_after_a_section_belongs_to_it() {
    let document = document("a = 1\n[s]\n[[t]]\n[u]\na = 2\n");
    assert_eq!(document.root().entries().len(), 1);
    assert!(document.section("u").is_some_and(|section| section.get("a").is_some()));
}

#[test]
fn brackets_give_the_depth() {
    assert_eq!(fault("[[x]]"), (1, ErrorKind::Nesting));
    assert_eq!(fault("[a]\n[[[x]]]"), (2, ErrorKind::Nesting));
    assert_eq!(fault("[a]]"), (1, ErrorKind::Brackets));
    assert_eq!(fault("[[a]"), (1, ErrorKind::Brackets));
    let document = document("[a]\n[[b]]\n[[[c]]]\n[[d]]\n[e]");
    let a = document.section("a").expect("a");
    assert!(a.section("b").is_some_and(|b| b.section("c").is_some()) && a.section("d").is_some());
    assert!(document.section("e").is_some());
}

#[test]
fn a_section_name_may_hold_almost_anything() {
    assert_eq!(names("[ a b ] # c"), ["a b"]);
    assert_eq!(names("['a # ]']#"), ["a # ]"]);
    assert_eq!(names("[a]=x]"), ["a]=x"]);
    assert_eq!(names("[]]\n[[]\n[\"\"\"]"), ["]", "[", "\""]);
    assert_eq!(names("[[\"a\" b]"), ["[\"a\" b"]);
    assert_eq!(key("[a] = x"), "[a]");
}

#[test]
fn a_duplicate_is_an_error() {
    assert_eq!(fault("a = 1\n'a' = 2"), (2, ErrorKind::DuplicateKey));
    assert_eq!(fault("[s]\n[t]\n['s']"), (3, ErrorKind::DuplicateSection));
    assert_eq!(fault("s = 1\n[s]"), (2, ErrorKind::DuplicateSection));
    assert_eq!(names("[s]\na = 1\n[t]\na = 1\n[[s]]"), ["s", "t"]);
}

#[test]
fn a_duplicate_in_triple_quotes_is_reported_where_it_ends() {
    let error = parse(b"a = 1\na = '''x\ny'''").expect_err("duplicate");
    assert_eq!((error.line, error.column), (3, None));
}

#[test]
fn the_value_is_judged_before_the_duplicate() {
    assert_eq!(fault("a = 1\na = 'x"), (2, ErrorKind::Quotes));
}

#[test]
fn a_key_may_be_quoted_or_empty() {
    assert_eq!(key("\"a = b\" = c"), "a = b");
    assert_eq!(key("'' = c"), "");
    assert_eq!(key("\"a\" b \"c\" = d"), "a\" b \"c");
    assert_eq!(key("a'b\" c = d"), "a'b\" c");
}

#[test]
fn an_indented_line_without_a_key_has_a_space_for_a_key() {
    assert_eq!(key(" \t= x"), "\t");
    assert_eq!(key("  'a = x"), " 'a");
    assert_eq!(fault("'a = x"), (1, ErrorKind::Syntax));
}

#[test]
fn only_a_line_feed_ends_a_line() {
    assert_eq!(value("a = x\rb = y\n"), scalar("x\rb = y"));
    assert_eq!(value("a = x\u{2028}y\u{85}\u{c}\r\r\n"), scalar("x\u{2028}y"));
    assert_eq!(key("\u{a0}\u{1f}a\u{3000}=x"), "a");
    assert_eq!(value("a = \0"), scalar("\0"));
}

#[test]
fn only_the_first_byte_order_mark_is_dropped() {
    assert_eq!(key("\u{feff}a = 1"), "a");
    assert_eq!(key("\u{feff}\u{feff}a = 1"), "\u{feff}a");
}

#[test]
fn bytes_that_are_not_utf_8_come_before_all_other_errors() {
    let error = parse(b"bad line\nb = \xc3\xa9\xff").expect_err("not utf-8");
    assert_eq!((error.line, error.column, error.kind), (2, Some(6), ErrorKind::Encoding));
    assert_eq!(fault(b"a = \xed\xa0\x80"), (1, ErrorKind::Encoding));
}

#[test]
fn an_error_says_where_and_what_but_not_the_value() {
    let error = parse("é = 1\n  k\u{1b} = \"hunter2".as_bytes()).expect_err("badly quoted");
    assert_eq!(error.column, Some(8));
    assert_eq!(error.to_string(), "line 2: the value of `k\\u{1b}` is badly quoted");
    let error = parse(b"hunter2").expect_err("no key");
    assert_eq!(error.to_string(), "line 1: neither a `[section]` nor a `key = value` line");
}

#[test]
fn deep_sections_are_dropped_in_a_loop() {
    let depth = 3000;
    let lines: Vec<String> = (1..=depth).map(|n| format!("{}a{}", "[".repeat(n), "]".repeat(n))).collect();
    let document = document(&lines.join("\n"));
    let small_stack = std::thread::Builder::new().stack_size(64 << 10);
    small_stack.spawn(move || drop(document)).expect("thread").join().expect("no overflow");
}

proptest! {
    #[test]
    fn any_bytes_read_or_fail_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_marks_read_or_fail_without_a_panic(text in "[ab=,#'\"\\[\\]%()s \r\n\u{85}é]{0,80}") {
        if let Ok(document) = parse(text.as_bytes()) {
            for entry in document.root().entries() {
                prop_assert!(document.get(&entry.key) == Some(entry));
                let _ = document.value(&[], &entry.key);
            }
        }
    }
}

//! Record sets and what they mean, clause by clause; the expected rulings are Boulder's.
//!
//! Every row, every case of Boulder's own tests and 20,000 random trees of sets with failures and aliases among them were
//! put to Boulder's `checkCAA` (commit 2d00c8e27) and to [`judge`] as the same DNS messages, with the same verdict.
//! <https://github.com/letsencrypt/boulder/blob/main/va/caa.go>

use proptest::prelude::*;

use super::*;
use crate::facts::net::FailureKind;

const ISSUERS: &[&str] = &["letsencrypt.org"];
const OWN: &[&str] = &["https://acme-v02.api.letsencrypt.org/acme/acct/123"];

/// Clause; identifier; the records at example.com: flags, tag and value, with `|` between them; ruling on the account 123
/// and http-01.
type Row = (&'static str, &'static str, &'static str, &'static str);

const SETS: &[Row] = &[
    // Who is named.
    ("our record", "example.com", "0 issue letsencrypt.org", "allowed"),
    ("our record above", "a.b.example.com", "0 issue letsencrypt.org", "allowed"),
    ("another CA", "example.com", "0 issue digicert.com", "issuer"),
    ("another CA above", "a.b.example.com", "0 issue digicert.com", "issuer"),
    ("others beside ours", "example.com", "0 issue digicert.com | 0 issue letsencrypt.org", "allowed"),
    ("nobody beside ours", "example.com", "0 issue ; | 0 issue letsencrypt.org", "allowed"),
    ("a name below ours", "example.com", "0 issue www.letsencrypt.org", "issuer"),
    ("nobody", "example.com", "0 issue ;", "issuer"),
    ("nobody, blanks", "example.com", "0 issue  ; \t", "issuer"),
    ("nobody, empty", "example.com", "0 issue ", "issuer"),
    ("nobody, with a parameter", "example.com", "0 issue ; validationmethods=http-01", "issuer"),
    ("blanks around ours", "example.com", "0 issue  \tletsencrypt.org\t ", "allowed"),
    ("a semicolon after ours", "example.com", "0 issue letsencrypt.org;", "allowed"),
    ("a semicolon and blanks after ours", "example.com", "0 issue letsencrypt.org ; \t ", "allowed"),
    // Tags.
    ("tags in any case", "example.com", "0 iSSuE letsencrypt.org", "allowed"),
    ("tags in any case forbid", "example.com", "0 ISSUE digicert.com", "issuer"),
    ("iodef alone", "example.com", "0 iodef mailto:a@example.com", "allowed"),
    ("iodef alone, wildcard", "*.example.com", "0 iodef mailto:a@example.com", "allowed"),
    ("iodef critical", "example.com", "128 iodef mailto:a@example.com", "allowed"),
    ("issuemail for nobody", "example.com", "0 issuemail ;", "allowed"),
    ("issuemail critical", "example.com", "128 issuemail ;", "allowed"),
    ("issuevmc critical", "example.com", "128 IssueVMC ;", "allowed"),
    ("an unknown tag", "example.com", "0 tbs Unknown", "allowed"),
    ("an unknown tag beside another CA", "example.com", "0 tbs  | 0 issue digicert.com", "issuer"),
    ("an unknown critical tag", "example.com", "128 tbs Unknown", "critical"),
    ("an unknown tag with the mistaken bit", "example.com", "1 tbs Unknown", "critical"),
    ("an unknown tag with both bits", "example.com", "129 tbs Unknown", "critical"),
    ("an unknown tag with other bits", "example.com", "126 tbs Unknown", "allowed"),
    ("an unknown critical tag beside ours", "example.com", "0 issue letsencrypt.org | 128 foo ", "critical"),
    (
        "an unknown critical tag, wildcard",
        "*.example.com",
        "0 issuewild letsencrypt.org | 1 foo ",
        "critical",
    ),
    ("ours critical", "example.com", "128 issue letsencrypt.org", "allowed"),
    ("another CA critical", "example.com", "128 issue digicert.com", "issuer"),
    (
        "both critical, ours the second",
        "example.com",
        "1 issue digicert.com | 1 issue letsencrypt.org",
        "allowed",
    ),
    ("a tag with a hyphen", "example.com", "0 issue-wild ; | 0 issue letsencrypt.org", "allowed"),
    (
        "a tag with a hyphen, critical",
        "example.com",
        "128 issue-wild ; | 0 issue letsencrypt.org",
        "critical",
    ),
    ("a tag with a full stop alone", "example.com", "0 letsencrypt.org issue", "allowed"),
    ("a tag of 20 letters", "example.com", "0 contactcontactcontact a@example.com | 0 issue ;", "issuer"),
    ("a tag of 20 letters, critical", "example.com", "1 contactcontactcontact a@example.com", "critical"),
    ("an empty tag", "example.com", "0  letsencrypt.org", "allowed"),
    ("an empty tag beside nobody", "example.com", "0  letsencrypt.org | 0 issue ;", "issuer"),
    ("an empty tag, critical", "example.com", "128  x | 0 issue letsencrypt.org", "critical"),
    // Wildcards.
    ("issuewild is nothing to other names", "example.com", "0 issuewild ;", "allowed"),
    (
        "issuewild does not help other names",
        "example.com",
        "0 issue ; | 0 issuewild letsencrypt.org",
        "issuer",
    ),
    ("issue counts for a wildcard", "*.example.com", "0 issue letsencrypt.org", "allowed"),
    ("issue forbids a wildcard", "*.example.com", "0 issue digicert.com", "issuer"),
    ("issuewild replaces issue, for", "*.example.com", "0 issue ; | 0 issuewild letsencrypt.org", "allowed"),
    (
        "issuewild replaces issue, against",
        "*.example.com",
        "0 issue letsencrypt.org | 0 issuewild ;",
        "wildcard",
    ),
    ("issuewild for another CA", "*.example.com", "0 issuewild digicert.com", "wildcard"),
    (
        "one issuewild of two",
        "*.example.com",
        "0 issuewild digicert.com | 0 ISSUEWILD letsencrypt.org",
        "allowed",
    ),
    (
        "a malformed issuewild replaces issue too",
        "*.example.com",
        "0 issue letsencrypt.org | 0 issuewild letsencrypt.org; x",
        "malformed",
    ),
    (
        "issuewild bound to another account",
        "*.example.com",
        "0 issuewild letsencrypt.org; accounturi=https://x.example/1",
        "account",
    ),
    // The letter counts.
    ("a final dot", "example.com", "0 issue letsencrypt.org.", "malformed"),
    ("capitals", "example.com", "0 issue LetsEncrypt.org", "malformed"),
    ("quotes within", "example.com", "0 issue \"letsencrypt.org\"", "malformed"),
    ("two CAs in one record", "example.com", "0 issue letsencrypt.org, digicert.com", "malformed"),
    (
        "a forgotten semicolon",
        "example.com",
        "0 issue letsencrypt.org validationmethods=http-01",
        "malformed",
    ),
    (
        "a final dot beside ours",
        "example.com",
        "0 issue letsencrypt.org. | 0 issue letsencrypt.org",
        "allowed",
    ),
    ("not ASCII in the name", "example.com", "0 issue letsencrypté.org", "issuer"),
    ("an equals sign after ours", "example.com", "0 issue letsencrypt.org=", "issuer"),
    ("a line's end after ours", "example.com", "0 issue letsencrypt.org\n", "malformed"),
    ("a NUL after ours", "example.com", "0 issue letsencrypt.org\0", "issuer"),
    ("a no-break space before ours", "example.com", "0 issue \u{a0}letsencrypt.org", "malformed"),
    ("ours as a URL", "example.com", "0 issue https://letsencrypt.org", "malformed"),
    // Parameters that do not parse.
    ("no equals sign", "example.com", "0 issue letsencrypt.org; validationmethods", "malformed"),
    ("a semicolon too many at the end", "example.com", "0 issue letsencrypt.org; a=b;", "malformed"),
    ("two semicolons", "example.com", "0 issue letsencrypt.org;;", "malformed"),
    ("a hyphen in a tag", "example.com", "0 issue letsencrypt.org; account-uri=x", "malformed"),
    ("a blank in a tag", "example.com", "0 issue letsencrypt.org; account uri=x", "malformed"),
    ("an underscore in a tag", "example.com", "0 issue letsencrypt.org; a_b=x", "malformed"),
    (
        "a blank in a value",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=http-01 dns-01",
        "malformed",
    ),
    ("not ASCII in a value", "example.com", "0 issue letsencrypt.org; x=é", "malformed"),
    ("a control character in a value", "example.com", "0 issue letsencrypt.org; x=a\x7f", "malformed"),
    ("a backslash in a value", "example.com", "0 issue letsencrypt.org; x=a\\xe9", "allowed"),
    ("only malformed records of others", "example.com", "0 issue digicert.com; x", "issuer"),
    (
        "malformed beside ours",
        "example.com",
        "0 issue letsencrypt.org; x | 0 issue letsencrypt.org",
        "allowed",
    ),
    ("an equals sign with a tab after it", "example.com", "0 issue letsencrypt.org; a=b=\tc", "malformed"),
    ("a semicolon within a value", "example.com", "0 issue letsencrypt.org; a=b; c=d;e", "malformed"),
    ("a forgotten semicolon between two", "example.com", "0 issue letsencrypt.org; a=b,c d=e", "malformed"),
    ("a cup of coffee in a value", "example.com", "0 issue letsencrypt.org; a=b\u{2615}", "malformed"),
    ("a blank parameter among others", "example.com", "0 issue letsencrypt.org; a=b; ; c=d", "malformed"),
    // Parameters that do.
    ("an unknown parameter", "example.com", "0 issue letsencrypt.org; policy=ev", "allowed"),
    ("an unknown parameter twice", "example.com", "0 issue letsencrypt.org; a=1; a=2", "allowed"),
    ("an equals sign in a value", "example.com", "0 issue letsencrypt.org; a=b=c", "allowed"),
    ("a parameter with an empty tag", "example.com", "0 issue letsencrypt.org; =x", "allowed"),
    (
        "a parameter's tag in capitals is unknown",
        "example.com",
        "0 issue letsencrypt.org; AccountURI=https://x.example/1",
        "allowed",
    ),
    ("another CA's parameters", "example.com", "0 issue digicert.com; accounturi={own}", "issuer"),
    ("digits for a tag", "example.com", "0 issue letsencrypt.org; 1=2; a=b-c", "allowed"),
    ("values that are blank", "example.com", "0 issue letsencrypt.org; a=\t; b =\tc", "allowed"),
    ("values with commas", "example.com", "0 issue letsencrypt.org; a=b1,b2,b3\t; c =\t\td=e\t", "allowed"),
    ("parameters without an issuer", "example.com", "0 issue a=b", "issuer"),
    // accounturi.
    ("our account", "example.com", "0 issue letsencrypt.org; accounturi={own}", "allowed"),
    ("our account without blanks", "example.com", "0 issue letsencrypt.org;accounturi={own}", "allowed"),
    ("our account with blanks", "example.com", "0 issue letsencrypt.org ; accounturi = {own} ", "allowed"),
    (
        "our account in the form of ACMEv1",
        "example.com",
        "0 issue letsencrypt.org; accounturi={v01}123",
        "allowed",
    ),
    ("another account", "example.com", "0 issue letsencrypt.org; accounturi={v02}321", "account"),
    (
        "another account in the form of ACMEv1",
        "example.com",
        "0 issue letsencrypt.org; accounturi={v01}321",
        "account",
    ),
    ("our number at staging", "example.com", "0 issue letsencrypt.org; accounturi={staging}123", "account"),
    (
        "a number that begins with ours",
        "example.com",
        "0 issue letsencrypt.org; accounturi={v02}1234",
        "account",
    ),
    ("the number alone", "example.com", "0 issue letsencrypt.org; accounturi=123", "account"),
    ("an empty account", "example.com", "0 issue letsencrypt.org; accounturi=", "account"),
    ("no account twice", "example.com", "0 issue letsencrypt.org; accounturi=; accounturi=", "account"),
    (
        "no account and ours",
        "example.com",
        "0 issue letsencrypt.org; accounturi=; accounturi={own}",
        "account",
    ),
    (
        "our account with a zero before",
        "example.com",
        "0 issue letsencrypt.org; accounturi={v02}0123",
        "account",
    ),
    (
        "our account with a slash after",
        "example.com",
        "0 issue letsencrypt.org; accounturi={own}/",
        "account",
    ),
    ("no URI for an account", "example.com", "0 issue letsencrypt.org; accounturi=%zz[", "account"),
    ("our account in capitals", "example.com", "0 issue letsencrypt.org; accounturi={V02}123", "account"),
    (
        "our account twice",
        "example.com",
        "0 issue letsencrypt.org; accounturi={own}; accounturi={own}",
        "account",
    ),
    (
        "another account's record beside ours",
        "example.com",
        "0 issue letsencrypt.org; accounturi=https://x.example/1 | 0 issue letsencrypt.org",
        "allowed",
    ),
    // validationmethods.
    ("our challenge", "example.com", "0 issue letsencrypt.org; validationmethods=http-01", "allowed"),
    (
        "our challenge last",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=dns-01,http-01",
        "allowed",
    ),
    (
        "our challenge after an unknown one",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=ca-foo,http-01",
        "allowed",
    ),
    ("another challenge", "example.com", "0 issue letsencrypt.org; validationmethods=dns-01", "method"),
    ("an unknown challenge", "example.com", "0 issue letsencrypt.org; validationmethods=smoke-01", "method"),
    (
        "our challenge in capitals",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=HTTP-01",
        "method",
    ),
    ("no challenge", "example.com", "0 issue letsencrypt.org; validationmethods=", "method"),
    (
        "our challenge twice",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=http-01; validationmethods=http-01",
        "method",
    ),
    (
        "a malformed challenge before ours",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=http_01,http-01",
        "method",
    ),
    (
        "a malformed challenge after ours",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=http-01,http_01",
        "allowed",
    ),
    (
        "an empty challenge before ours",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=,http-01",
        "method",
    ),
    ("only a comma", "example.com", "0 issue letsencrypt.org; validationmethods=,", "method"),
    ("a comma after ours", "example.com", "0 issue letsencrypt.org; validationmethods=http-01,", "allowed"),
    (
        "two commas before ours",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=dns-01,,http-01",
        "method",
    ),
    (
        "no challenge and ours",
        "example.com",
        "0 issue letsencrypt.org; validationmethods=; validationmethods=http-01",
        "method",
    ),
    // All in one record.
    (
        "both fit",
        "example.com",
        "0 issue letsencrypt.org; accounturi={own}; validationmethods=http-01",
        "allowed",
    ),
    (
        "the account fits",
        "example.com",
        "0 issue letsencrypt.org; accounturi={own}; validationmethods=dns-01",
        "method",
    ),
    (
        "the challenge fits",
        "example.com",
        "0 issue letsencrypt.org; accounturi=https://x.example/1; validationmethods=http-01",
        "account",
    ),
    (
        "neither fits",
        "example.com",
        "0 issue letsencrypt.org; accounturi=https://x.example/1; validationmethods=dns-01",
        "account",
    ),
    (
        "each fits in a record of its own",
        "example.com",
        "0 issue letsencrypt.org; accounturi={own}; validationmethods=dns-01 | 0 issue letsencrypt.org; accounturi=https://x.example/1; validationmethods=http-01",
        "method",
    ),
    (
        "the nearest of several tells",
        "example.com",
        "0 issue digicert.com | 0 issue letsencrypt.org. | 0 issue letsencrypt.org; validationmethods=dns-01",
        "method",
    ),
    // What has no CAA.
    ("an IPv4 address", "192.0.2.1", "0 issue ;", "allowed"),
    ("an IPv6 address", "2001:db8::1", "128 tbs ", "allowed"),
];

/// What stands for the URIs in the table.
const URIS: [(&str, &str); 5] = [
    ("{own}", OWN[0]),
    ("{v02}", "https://acme-v02.api.letsencrypt.org/acme/acct/"),
    ("{v01}", "https://acme-v01.api.letsencrypt.org/acme/reg/"),
    ("{V02}", "HTTPS://acme-v02.api.letsencrypt.org/acme/acct/"),
    ("{staging}", "https://acme-staging-v02.api.letsencrypt.org/acme/acct/"),
];

fn written(records: &str) -> CaaStep {
    let records = records.split(" | ").map(|record| {
        let mut parts = record.splitn(3, ' ');
        let mut next = || parts.next().unwrap();
        let (flags, tag, value) = (next().parse().unwrap(), next(), next());
        let value = URIS.iter().fold(value.to_owned(), |value, (short, uri)| value.replace(short, uri));
        CaaRecord::new(flags, tag, value.as_bytes())
    });
    let records = Outcome::Found(records.collect());
    CaaStep { name: "example.com".into(), aliases: vec![], records }
}

fn step(name: &str, records: &[(u8, &str, &[u8])]) -> CaaStep {
    let records = records.iter().map(|(flags, tag, value)| CaaRecord::new(*flags, *tag, value)).collect();
    CaaStep { name: name.into(), aliases: vec![], records: Outcome::Found(records) }
}

fn caa(steps: Vec<CaaStep>) -> Caa {
    Caa { resolver: "192.0.2.53".into(), steps }
}

fn request(identifier: &str) -> Request<'_> {
    Request { identifier, issuers: ISSUERS, accounts: Some(OWN), method: Some("http-01") }
}

fn word(ruling: &Ruling<'_>) -> &'static str {
    match ruling {
        Ruling::Allowed => "allowed",
        Ruling::Depends(Open::Account) => "depends on the account",
        Ruling::Depends(Open::Method) => "depends on the challenge",
        Ruling::Failed(..) => "failed",
        Ruling::NoTop(_) => "no such top-level domain",
        Ruling::Forbidden(Refusal { because: Because::Critical(_), .. }) => "critical",
        Ruling::Forbidden(refusal) => match refusal.cause() {
            Cause::Alias => "alias",
            Cause::Malformed => "malformed",
            Cause::Account => "account",
            Cause::Method => "method",
            Cause::Wildcard => "wildcard",
            Cause::Issuer => "issuer",
        },
    }
}

#[test]
fn every_clause_is_ruled_as_boulder_rules() {
    assert!(SETS.len() >= 60);
    for (clause, identifier, records, expected) in SETS {
        let caa = caa(vec![written(records)]);
        assert_eq!(word(&judge(&caa, &request(identifier))), *expected, "{clause}: {records}");
    }
}

#[test]
fn a_tag_with_a_blank_is_another_tag() {
    let caa = caa(vec![step("example.com", &[(128, "issue ", b"letsencrypt.org")])]);
    assert_eq!(word(&judge(&caa, &request("example.com"))), "critical");
}

#[test]
fn the_closest_set_decides() {
    let empty = |name: &str, records| CaaStep { name: name.into(), aliases: vec![], records };
    let ours = || step("example.com", &[(0, "issue", b"letsencrypt.org")]);
    let ruled = |steps| word(&judge(&caa(steps), &request("a.www.example.com")));
    let none = || empty("a.www.example.com", Outcome::Nothing);
    assert_eq!(ruled(vec![]), "allowed");
    assert_eq!(ruled(vec![none(), ours()]), "allowed");
    assert_eq!(ruled(vec![none(), step("www.example.com", &[(0, "issue", b";")]), ours()]), "issuer");
    assert_eq!(ruled(vec![empty("a.www.example.com", Outcome::NoSuchName), ours()]), "allowed");
    assert_eq!(ruled(vec![none(), step("www.example.com", &[]), ours()]), "allowed", "no record is no set");
    assert_eq!(
        ruled(vec![
            none(),
            step("www.example.com", &[(0, "iodef", b"mailto:a@b.example")]),
            step("example.com", &[(0, "issue", b";")])
        ]),
        "allowed",
        "a set without relevant records is a set"
    );
    assert_eq!(ruled(vec![none(), empty("com", Outcome::Nothing)]), "allowed");
    assert_eq!(ruled(vec![none(), empty("com", Outcome::NoSuchName)]), "no such top-level domain");
}

#[test]
fn a_failure_before_a_set_is_fatal_and_one_beyond_it_is_not() {
    for kind in [FailureKind::ServFail, FailureKind::Timeout, FailureKind::Refused, FailureKind::AliasLoop] {
        let failed = || CaaStep {
            name: "www.example.com".into(),
            aliases: vec![],
            records: Outcome::Failed(Failure::new(kind.clone())),
        };
        let ours = |name| step(name, &[(0, "issue", b"letsencrypt.org")]);
        let ruled = |steps| word(&judge(&caa(steps), &request("a.www.example.com")));
        assert_eq!(ruled(vec![failed(), ours("example.com")]), "failed");
        assert_eq!(ruled(vec![ours("a.www.example.com"), failed()]), "allowed");
    }
}

#[test]
fn an_alias_to_another_domain_is_told_as_one() {
    let ruled = |aliases: &[&str]| {
        let mut step = step("www.example.com", &[(0, "issue", b"digicert.com")]);
        step.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        word(&judge(&caa(vec![step]), &request("www.example.com")))
    };
    assert_eq!(ruled(&["shop.example.net"]), "alias");
    assert_eq!(ruled(&["web.example.com", "shop.example.net."]), "alias");
    assert_eq!(ruled(&["shop.example.net", "WEB.EXAMPLE.COM."]), "issuer");
    assert_eq!(ruled(&["example.com"]), "issuer");
    assert_eq!(ruled(&["a.example.co.uk"]), "alias");
    assert_eq!(ruled(&["user.github.io"]), "alias");
}

#[test]
fn what_is_not_known_of_a_request_decides_only_where_it_matters() {
    let ruled = |accounts: Option<&[&str]>, method: Option<&str>, value: &str| {
        let caa = caa(vec![step("example.com", &[(0, "issue", value.as_bytes())])]);
        let request = Request { accounts, method, ..request("example.com") };
        word(&judge(&caa, &request))
    };
    let account = "letsencrypt.org; accounturi=https://x.example/1";
    let method = "letsencrypt.org; validationmethods=dns-01";
    assert_eq!(ruled(None, None, "letsencrypt.org"), "allowed");
    assert_eq!(ruled(None, None, "digicert.com"), "issuer");
    assert_eq!(ruled(None, Some("http-01"), account), "depends on the account");
    assert_eq!(ruled(Some(&[]), Some("http-01"), account), "account", "a new account has another URI");
    assert_eq!(ruled(Some(OWN), None, method), "depends on the challenge");
    assert_eq!(ruled(Some(OWN), None, "letsencrypt.org; validationmethods=smoke-01"), "method");
    assert_eq!(ruled(None, Some("http-01"), &format!("{account}; validationmethods=dns-01")), "method");
    assert_eq!(ruled(None, None, &format!("{account}; accounturi=b")), "account");
    assert_eq!(
        ruled(Some(&[OWN[0], "https://x.example/1"]), None, account),
        "allowed",
        "any account will do"
    );
}

#[test]
fn a_refusal_names_its_record_and_what_is_wrong_with_it() {
    let caa = caa(vec![step(
        "example.com",
        &[(0, "issue", b"digicert.com"), (0, "issue", b"letsencrypt.org; accounturi=https://x.example/1")],
    )]);
    let Ruling::Forbidden(refusal) = judge(&caa, &request("www.example.com")) else { panic!() };
    assert_eq!(
        (refusal.step.name.as_str(), refusal.wildcard, refusal.records().len()),
        ("example.com", false, 2)
    );
    let (record, fault) = refusal.nearest().unwrap();
    assert!(record.value.starts_with("letsencrypt.org"));
    let Fault::Bound(property, bound) = fault else { panic!("{fault:?}") };
    assert_eq!(*bound, Bound { account: Fit::No, method: Fit::Yes });
    assert_eq!(property.given("accounturi"), Given::Once("https://x.example/1"));
}

#[test]
fn a_property_is_mended_in_its_own_order() {
    let property = |text: &str| Property::parse(text.as_bytes()).unwrap();
    let mended = property("ca.example ;a=1; accounturi=x;b=2 ;accounturi=y").with("accounturi", "z");
    assert_eq!(mended.to_string(), "ca.example; a=1; accounturi=z; b=2");
    assert_eq!(
        property("ca.example").allowing("http-01").to_string(),
        "ca.example; validationmethods=http-01"
    );
    assert_eq!(
        property("ca.example; validationmethods=dns-01; x=1").allowing("http-01").to_string(),
        "ca.example; validationmethods=dns-01,http-01; x=1"
    );
}

fn any_record() -> impl Strategy<Value = CaaRecord> {
    let tag = prop_oneof![Just("issue".to_owned()), Just("issuewild".to_owned()), any::<String>()];
    let parts = prop_oneof![
        Just("letsencrypt.org".to_owned()),
        Just(";".to_owned()),
        Just("accounturi=".to_owned()),
        Just("validationmethods=".to_owned()),
        Just("http-01".to_owned()),
        Just("\\x".to_owned()),
        any::<String>(),
    ];
    let value = proptest::collection::vec(parts, 0..8).prop_map(|parts| parts.concat());
    (any::<u8>(), tag, value).prop_map(|(flags, tag, value)| CaaRecord { flags, tag, value })
}

proptest! {
    #[test]
    fn any_records_are_judged_without_a_panic(
        records in proptest::collection::vec(any_record(), 0..5),
        identifier in prop_oneof![Just("*.example.com".to_owned()), Just("www.example.com".to_owned()), any::<String>()],
        aliases in proptest::collection::vec(any::<String>(), 0..3),
        known in any::<bool>(),
    ) {
        let caa = caa(vec![CaaStep { name: "example.com".into(), aliases, records: Outcome::Found(records) }]);
        let request = Request { accounts: known.then_some(OWN), ..request(&identifier) };
        if let Ruling::Forbidden(refusal) = judge(&caa, &request) {
            prop_assert!(!refusal.records().is_empty());
            refusal.cause();
        }
    }

    /// What a fix says is what allows.
    #[test]
    fn a_record_that_was_mended_allows(value in "letsencrypt\\.org(; ?(accounturi|validationmethods|x)=[!-:<-~]{0,9}){0,4}") {
        let mended = Property::parse(value.as_bytes()).unwrap().with("accounturi", OWN[0]);
        let mended = mended.without("validationmethods").allowing("http-01").to_string();
        let caa = caa(vec![step("example.com", &[(0, "issue", mended.as_bytes())])]);
        prop_assert_eq!(judge(&caa, &request("example.com")), Ruling::Allowed);
    }
}

use super::Url;

const BASE: &str = "http://example.com/.well-known/acme-challenge/token?x=1";

#[test]
fn a_location_is_read_as_leniently_as_the_ca_does() {
    let base = Url::parse(BASE.as_bytes()).unwrap();
    for (location, want) in [
        ("https://example.com/", "https://example.com/"),
        ("HTTPS://EXAMPLE.com/A", "https://EXAMPLE.com/A"),
        ("//other.example/x", "http://other.example/x"),
        ("/x", "http://example.com/x"),
        ("x", "http://example.com/.well-known/acme-challenge/x"),
        ("../x/./y/..", "http://example.com/.well-known/x/"),
        ("../../../../x", "http://example.com/x"),
        ("?y=2", "http://example.com/.well-known/acme-challenge/token?y=2"),
        ("#top", "http://example.com/.well-known/acme-challenge/token?x=1#top"),
        ("/a b/ü\"", "http://example.com/a%20b/%C3%BC%22"),
        ("/a%2Fb?c d", "http://example.com/a%2Fb?c d"),
        ("/?a=b&c=%zz", "http://example.com/?a=b&c=%zz"),
        ("https://example.org", "https://example.org"),
        ("https://example.org?q", "https://example.org?q"),
        ("https://u:p@example.org:443/", "https://u:p@example.org:443/"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
        ("https:/x", "https:///x"),
        ("///x", "http://example.com///x"),
    ] {
        assert_eq!(base.join(location.as_bytes()).map(|url| url.to_string()), Ok(want.into()), "{location}");
    }
}

#[test]
fn what_the_ca_cannot_read_is_an_error() {
    let base = Url::parse(BASE.as_bytes()).unwrap();
    for location in [
        "http://exa mple.com/",
        "http://example.com/%zz",
        "http://example.com:abc/",
        "http://[::1/",
        ":80/x",
        "a:b:c/d e\u{7f}",
        "http://example.com/\tx",
        "http://ex%61mple.com/",
        "1a:b/c",
    ] {
        assert!(base.join(location.as_bytes()).is_err(), "{location}");
    }
}

#[test]
fn names_ports_and_targets() {
    for (url, name, port, target) in [
        ("http://example.com:8080", "example.com", Some("8080"), "/"),
        ("http://example.com:/a?b#c", "example.com", None, "/a?b"),
        ("http://[2001:db8::1]/", "2001:db8::1", None, "/"),
        ("http://[fe80::1%25eth0]:443/", "fe80::1%eth0", Some("443"), "/"),
        ("mailto:x@example.com", "", None, "/"),
    ] {
        let url = Url::parse(url.as_bytes()).unwrap();
        assert_eq!(
            (url.name(), url.port(), url.target().as_slice()),
            (name, port, target.as_bytes()),
            "{url}"
        );
    }
    assert_eq!(Url::parse(b"http://u:secret@h/").unwrap().shown(), "http://u:***@h/");
    assert_eq!(Url::parse(b"http://h/%41%42").unwrap().path_length(), 3);
}

#[test]
fn a_user_is_read_without_escapes_and_written_with_them() {
    for (url, name, password, shown) in [
        ("http://u@h/", "u", None, "http://u@h/"),
        ("http://@h/", "", None, "http://@h/"),
        ("http://u:@h/", "u", Some(""), "http://u:***@h/"),
        ("http://a%40b:c%3ad@h/", "a@b", Some("c:d"), "http://a%40b:***@h/"),
        ("http://a@b:c:d@h/", "a@b", Some("c:d"), "http://a%40b:***@h/"),
    ] {
        let url = Url::parse(url.as_bytes()).unwrap();
        let user = url.user.clone().unwrap();
        assert_eq!((user.name, user.password), (name.into(), password.map(Into::into)), "{url}");
        assert_eq!((url.shown().as_str(), url.as_referer().as_str()), (shown, "http://h/"));
    }
}

proptest::proptest! {
    #[test]
    fn no_location_panics_or_breaks_a_line(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
        odd in "[a-z:/?#@%\\[\\].2]{0,20}",
    ) {
        let base = Url::parse(BASE.as_bytes()).unwrap();
        let sided = |before: &str, after: &[u8]| [before.as_bytes(), odd.as_bytes(), after].concat();
        for location in [bytes.clone(), sided("", b""), sided("//", b""), sided("https://", &bytes)] {
            if let Ok(url) = base.join(&location) {
                proptest::prop_assert!(!url.target().iter().any(u8::is_ascii_control));
                let _ = (url.name(), url.port(), url.shown(), url.as_referer(), url.path_length());
            }
        }
    }
}

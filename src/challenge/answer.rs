//! What is asked and what is answered: exact known tokens, and nothing else.

use std::collections::HashMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::{Method, Request, Response, StatusCode};

use super::PREFIX;

/// A file's name may be that long, and a web root has tokens as files.
const LONGEST_TOKEN: usize = 255;

/// How many requests for one token are told of. The CA asks from about ten places; the rest is noise.
const TOLD_OF_A_TOKEN: u32 = 64;

/// How many requests for tokens that nobody planted are told of.
const TOLD_OF_OTHERS: u32 = 64;

/// Whether it has a token's form: base64url without padding (<https://www.rfc-editor.org/rfc/rfc8555#section-8.3>), and
/// at most 255 characters.
pub fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The tokens that are answered for.
#[derive(Default)]
pub(super) struct Tokens {
    planted: HashMap<String, Planted>,
    /// How many requests for others were told of.
    told_of_others: u32,
}

struct Planted {
    key_authorization: Bytes,
    /// How many requests for it were told of.
    told: u32,
}

impl Tokens {
    pub(super) fn plant(&mut self, token: String, key_authorization: String) {
        self.planted.insert(token, Planted { key_authorization: key_authorization.into(), told: 0 });
    }

    pub(super) fn remove(&mut self, token: &str) {
        self.planted.remove(token);
    }
}

/// A token that somebody asked for, which is worth telling.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) token: String,
    pub(super) answered: bool,
}

/// The answer to a request.
///
/// The path is compared as it was sent, without decoding or cleaning: the CA sends exactly this one. A query is ignored,
/// as a web server does with a file; the CA sends none, but a redirect may have added one. A request target with scheme
/// and host is taken by its path.
pub(super) fn answer<B>(
    request: &Request<B>,
    tokens: &mut Tokens,
) -> (Response<Full<Bytes>>, Option<Question>) {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return (refused, None);
    }
    let token = request.uri().path().strip_prefix(PREFIX).filter(|token| is_token(token));
    let Some(token) = token else {
        return (plain(StatusCode::NOT_FOUND, "not a token\n"), None);
    };
    let planted = tokens.planted.get_mut(token);
    let answered = planted.is_some();
    let (response, told, most) = match planted {
        Some(planted) => {
            let body = planted.key_authorization.clone();
            (response(StatusCode::OK, "application/octet-stream", body), &mut planted.told, TOLD_OF_A_TOKEN)
        }
        None => {
            let unknown = plain(StatusCode::NOT_FOUND, "no such token\n");
            (unknown, &mut tokens.told_of_others, TOLD_OF_OTHERS)
        }
    };
    let worth_telling = *told < most;
    *told += u32::from(worth_telling);
    (response, worth_telling.then(|| Question { token: token.to_owned(), answered }))
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(SERVER, HeaderValue::from_static("acme-audit"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

    fn planted() -> Tokens {
        let mut tokens = Tokens::default();
        tokens.plant(TOKEN.into(), format!("{TOKEN}.thumbprint"));
        tokens
    }

    fn ask(method: &str, target: &str, tokens: &mut Tokens) -> (u16, Option<Question>) {
        let request = Request::builder().method(method).uri(target).body(()).unwrap();
        let (response, question) = answer(&request, tokens);
        (response.status().as_u16(), question)
    }

    #[test]
    fn a_known_token_is_answered_for_until_it_is_removed() {
        let (mut tokens, path) = (planted(), format!("{PREFIX}{TOKEN}"));
        let known = Some(Question { token: TOKEN.into(), answered: true });
        assert_eq!(ask("GET", &path, &mut tokens), (200, known));
        tokens.remove(TOKEN);
        let unknown = Some(Question { token: TOKEN.into(), answered: false });
        assert_eq!(ask("GET", &path, &mut tokens), (404, unknown));
    }

    #[test]
    fn scheme_host_and_query_do_not_matter() {
        for target in [
            format!("http://other.test{PREFIX}{TOKEN}"),
            format!("{PREFIX}{TOKEN}?from=redirect"),
            format!("{PREFIX}{TOKEN}?"),
        ] {
            assert_eq!(ask("GET", &target, &mut planted()).0, 200, "{target}");
        }
    }

    #[test]
    fn a_path_is_compared_byte_by_byte() {
        for path in [
            "/".to_owned(),
            PREFIX.to_owned(),
            format!("/{PREFIX}{TOKEN}"),
            format!("{PREFIX}{TOKEN}/"),
            format!("{PREFIX}/{TOKEN}"),
            format!("{PREFIX}{TOKEN}%00"),
            format!("{PREFIX}%4coqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"),
            format!("/%2ewell-known/acme-challenge/{TOKEN}"),
            format!("{PREFIX}./{TOKEN}"),
            format!("{PREFIX}../acme-challenge/{TOKEN}"),
            format!("{PREFIX}{}", TOKEN.to_lowercase()),
            format!("/.WELL-KNOWN/acme-challenge/{TOKEN}"),
            format!("{PREFIX}{}", &TOKEN[1..]),
            format!("{PREFIX}{TOKEN}{TOKEN}"),
        ] {
            assert_eq!(ask("GET", &path, &mut planted()).0, 404, "{path}");
        }
    }

    #[test]
    fn other_methods_are_refused() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "PROPFIND"] {
            assert_eq!(ask(method, &format!("{PREFIX}{TOKEN}"), &mut planted()), (405, None), "{method}");
        }
    }

    #[test]
    fn a_flood_is_told_of_in_small_part_and_one_token_does_not_use_up_the_others_share() {
        let mut tokens = planted();
        let mut told = |path: &str| (0..200).filter(|_| ask("GET", path, &mut tokens).1.is_some()).count();
        assert_eq!(told(&format!("{PREFIX}unknown")), 64);
        assert_eq!(told(&format!("{PREFIX}other")), 0);
        assert_eq!(told(&format!("{PREFIX}{TOKEN}")), 64);
    }

    #[test]
    fn a_token_is_base64url_of_bounded_length() {
        assert!(is_token(TOKEN) && is_token("-_") && is_token(&"a".repeat(255)));
        for no in ["", ".", "..", "a/b", "a.b", "a=", "a+b", "ä", "a b", "a\0", &"a".repeat(256)] {
            assert!(!is_token(no), "{no:?}");
        }
    }
}

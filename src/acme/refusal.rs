//! Why a request to a CA came to nothing: its problem documents, read with care, and everything else.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::transport::Reply;
use crate::facts::net::CaFault;
use crate::facts::{Problem, Subproblem};

/// The longest text of a CA that is kept, in characters.
pub(super) const MAX_TEXT: usize = 1_000;

/// The longest word of ours on an answer of a CA, in characters.
pub(super) const MAX_FAULT: usize = 300;

/// How many subproblems and links are kept.
pub(super) const MAX_SUBPROBLEMS: usize = 200;
const MAX_LINKS: usize = 8;

/// The longest wait that a CA can ask for, in seconds.
const MAX_WAIT: u64 = 366 * 86_400;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The CA refuses it.
    Problem(Box<Problem>),
    /// There is no answer that is of use.
    Fault(CaFault),
    /// The CA has not finished in time: the state that it stays in, the seconds that were given to it, and after how many more it
    /// wants to be asked again.
    Unfinished(String, u64, Option<u64>),
    /// It cannot be asked for: a key or a name that does not serve.
    Own(String),
}

impl Refusal {
    /// What an answer that is not one of success says.
    pub(super) fn of(reply: &Reply) -> Self {
        let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match read(&json) {
            Some(mut problem) => {
                problem.status = Some(reply.status);
                problem.retry_after = retry_after(reply);
                problem.links = links(reply);
                Refusal::Problem(Box::new(problem))
            }
            None => Refusal::Fault(CaFault::Status(reply.status, patience(retry_after(reply)))),
        }
    }

    /// The problem document, where it is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Refusal::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// After how many seconds the CA wants to be asked again.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Refusal::Problem(problem) => problem.retry_after,
            Refusal::Unfinished(.., again) => *again,
            Refusal::Fault(CaFault::Status(_, said)) => until(said, Timestamp::now()),
            _ => None,
        }
    }

    /// Whether it is a problem of this kind.
    pub fn is(&self, kind: &str) -> bool {
        self.problem().is_some_and(|problem| problem.kind() == kind)
    }
}

impl From<CaFault> for Refusal {
    fn from(fault: CaFault) -> Self {
        Refusal::Fault(fault)
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Problem(problem) => write!(f, "{problem}"),
            Refusal::Fault(fault) => write!(f, "{fault}"),
            Refusal::Unfinished(status, seconds, _) => write!(f, "it is still {status} after {seconds} s"),
            Refusal::Own(why) => f.write_str(why),
        }
    }
}

/// A problem document; `None` where it is none.
pub(super) fn read(json: &Value) -> Option<Problem> {
    let of = |json: &Value, name: &str| {
        json.get(name).and_then(Value::as_str).map(|text| plain(text, MAX_TEXT)).unwrap_or_default()
    };
    let sub = |json: &Value| Subproblem {
        identifier: json.get("identifier").map(|identifier| of(identifier, "value")),
        r#type: of(json, "type"),
        detail: of(json, "detail"),
    };
    let subproblems = json.get("subproblems").and_then(Value::as_array);
    let problem = Problem {
        r#type: of(json, "type"),
        detail: of(json, "detail"),
        status: json.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok()),
        subproblems: subproblems.into_iter().flatten().take(MAX_SUBPROBLEMS).map(sub).collect(),
        instance: json.get("instance").and_then(Value::as_str).map(|url| plain(url, MAX_TEXT)),
        ..Problem::default()
    };
    (!problem.r#type.is_empty() || !problem.detail.is_empty()).then_some(problem)
}

/// The text in one line, without what a terminal obeys, and not longer than this many characters.
pub(super) fn plain(text: &str, max: usize) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .take(max)
        .collect()
}

/// After how many seconds the server wants to be asked again; a moment in the past is 0.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
pub fn retry_after(reply: &Reply) -> Option<u64> {
    let text = reply.headers.get("retry-after")?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            static PARSER: DateTimeParser = DateTimeParser::new();
            let until = PARSER.parse_timestamp(text).ok()?;
            let seconds = until.as_second().saturating_sub(Timestamp::now().as_second());
            u64::try_from(seconds).unwrap_or(0)
        }
    };
    Some(seconds.min(MAX_WAIT))
}

/// Until when a server asks for patience, in words; empty where it does not.
pub fn patience(seconds: Option<u64>) -> String {
    let wait = seconds
        .filter(|seconds| *seconds > 0)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .map(SignedDuration::from_secs);
    let until = wait.and_then(|wait| Timestamp::now().checked_add(wait).ok());
    until.map(|at| format!("not before {}", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default()
}

/// The seconds that the words of [`patience`] at the end of a text are for. They leave seconds out, so the whole minute counts.
fn until(said: &str, now: Timestamp) -> Option<u64> {
    let (_, at) = said.rsplit_once("not before ")?;
    let (day, time) = at.strip_suffix(" UTC")?.split_once(' ')?;
    let at: Timestamp = format!("{day}T{time}:59Z").parse().ok()?;
    u64::try_from(at.duration_since(now).as_secs()).ok()
}

/// The relations and targets of the `Link` headers. <https://www.rfc-editor.org/rfc/rfc8288#section-3>
pub(super) fn links(reply: &Reply) -> Vec<(String, String)> {
    let all = reply.headers.get_all("link").into_iter().filter_map(|link| link.to_str().ok());
    let read = |link: &str| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let relation = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("rel="))?;
        Some((plain(relation.trim_matches('"'), MAX_TEXT), plain(url, MAX_TEXT)))
    };
    all.flat_map(|header| header.split(", <").map(|link| read(&format!("<{}", link.trim_start_matches('<')))))
        .flatten()
        .take(MAX_LINKS)
        .collect()
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn reply(headers: &[(&'static str, &'static str)], body: &Value) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Reply { status: 429, headers: map, body: body.to_string().into() }
    }

    #[test]
    fn a_problem_comes_with_its_headers() {
        let body = json!({"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many\u{1b}[31m\nnow", "instance": "https://ca.test/unpause",
            "subproblems": [{"type": "urn:ietf:params:acme:error:caa", "detail": "no", "identifier": {"type": "dns", "value": "A.test"}}, 7]});
        let headers = [
            ("retry-after", "120"),
            ("link", "<https://ca.test/docs>;rel=\"help\", <https://ca.test/dir>; rel=index"),
        ];
        let refusal = Refusal::of(&reply(&headers, &body));
        let problem = refusal.problem().unwrap();
        assert_eq!(
            (problem.kind(), problem.status, problem.retry_after),
            ("rateLimited", Some(429), Some(120))
        );
        assert_eq!(problem.detail, "too many[31m now");
        assert_eq!(problem.instance.as_deref(), Some("https://ca.test/unpause"));
        let links: Vec<_> = problem.links.iter().map(|(rel, url)| format!("{rel} {url}")).collect();
        assert_eq!(links, ["help https://ca.test/docs", "index https://ca.test/dir"]);
        let about = problem.about("a.test").unwrap();
        assert_eq!((about.kind(), about.detail.as_str(), about.retry_after), ("caa", "no", Some(120)));
        assert_eq!(problem.about("b.test"), None);
    }

    #[test]
    fn what_is_no_problem_document_is_a_status() {
        for body in [json!({}), json!("x"), json!([1]), json!({"type": 1}), json!({"type": "\u{7}"})] {
            let status = Refusal::Fault(CaFault::Status(429, String::new()));
            assert_eq!(Refusal::of(&reply(&[], &body)), status, "{body}");
        }
    }

    #[test]
    fn a_wait_is_seconds_or_a_moment() {
        let wait = |text| retry_after(&reply(&[("retry-after", text)], &Value::Null));
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("99999999999999"), Some(MAX_WAIT));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), Some(0));
        assert!(wait("Fri, 31 Dec 2100 23:59:59 GMT").is_some_and(|wait| wait > 86_400));
        assert_eq!((wait("soon"), wait("-1"), wait("")), (None, None, None));
        assert!(patience(wait("60")).starts_with("not before 2"));
        assert_eq!(patience(wait("0")), "");
        assert_eq!(patience(wait("soon")), "");
        let again = until(&format!("no; {}", patience(wait("3600"))), Timestamp::now());
        assert!(again.is_some_and(|again| (3_598..3_660).contains(&again)), "{again:?}");
        assert_eq!(
            (until("status", Timestamp::now()), until("not before then UTC", Timestamp::now())),
            (None, None)
        );
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        let long = "x".repeat(100_000);
        let sub = json!({"type": "t", "detail": long, "identifier": {"value": long}});
        let problem = read(&json!({"type": long, "detail": long, "subproblems": vec![sub; 500]})).unwrap();
        assert_eq!((problem.detail.len(), problem.subproblems.len()), (MAX_TEXT, MAX_SUBPROBLEMS));
        assert!(serde_json::to_string(&problem).unwrap().len() < 1_000_000);
    }
}

//! The hooks of certbot's `manual`, run as certbot runs them: in a shell, one after the other, with its variables.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks>

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::journal::{Journal, MAX_OUTPUT, Published};
use crate::acme::{Answer, Method};
use crate::hooks::{Cut, Hook, Ran};

/// Variables that a hook must not inherit from elsewhere.
const OWN: [&str; 2] = ["CERTBOT_TOKEN", "CERTBOT_AUTH_OUTPUT"];

/// What the auth hook said, for the cleanup hook.
const OUTPUT: &str = "CERTBOT_AUTH_OUTPUT";

/// The variables of a challenge.
pub(super) type Variables = BTreeMap<String, String>;

/// A challenge whose auth hook was begun.
struct Standing {
    /// Its number in the journal, where there is a cleanup hook.
    number: Option<u64>,
    variables: Variables,
}

/// The hooks of a lineage.
pub struct Manual {
    lineage: String,
    auth: String,
    cleanup: Option<String>,
    journal: Arc<Journal>,
    cut: Cut,
    /// The challenges whose auth hook was begun; held while a hook runs.
    standing: Mutex<Vec<Standing>>,
    stopped: AtomicBool,
}

impl Manual {
    /// Nothing is run yet; `cut` ends what runs.
    pub fn new(
        lineage: &str,
        (auth, cleanup): (String, Option<String>),
        journal: Arc<Journal>,
        cut: Cut,
    ) -> Self {
        let (lineage, standing) = (lineage.to_owned(), Mutex::default());
        Self { lineage, auth, cleanup, journal, cut, standing, stopped: AtomicBool::new(false) }
    }

    /// Runs the auth hook for each; gives those for which it succeeded, and what is to be known of the others.
    pub fn perform(&self, answers: &[Answer]) -> (Vec<Answer>, Vec<String>) {
        let (mut published, mut notes) = (Vec::new(), Vec::new());
        for (at, answer) in answers.iter().enumerate() {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            match self.begin(variables(answers, at, answer), &mut standing) {
                Ok(()) => published.push(answer.clone()),
                Err(why) => notes.push(format!("manual_auth_hook for {} {why}", answer.domain())),
            }
        }
        (published, notes)
    }

    /// Runs the auth hook once.
    fn begin(&self, mut variables: Variables, standing: &mut Vec<Standing>) -> Result<(), String> {
        let hook = |variables: &Variables| Published::Hook { variables: variables.clone() };
        let noted = self.cleanup.as_ref().map(|_| self.journal.note(&self.lineage, &hook(&variables)));
        let number = noted.transpose().map_err(|why| format!("was not run: {why}"))?;
        let (ran, output) = run(&self.auth, &variables, &self.cut);
        variables.insert(OUTPUT.into(), output);
        if let Some(number) = number {
            // What is not written down the cleanup hook of a later run would go without.
            let _ = self.journal.add(number, &self.lineage, &hook(&variables));
        }
        standing.push(Standing { number, variables });
        failure(&ran).map_or(Ok(()), Err)
    }

    /// Runs the cleanup hook for each whose auth hook was run, whatever came of that.
    pub fn clean_up(&self) -> Vec<String> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = Vec::new();
        for Standing { number, variables } in standing.drain(..) {
            notes.extend(self.cleanup.as_ref().and_then(|command| clean_up(command, &variables, &self.cut)));
            if let Some(number) = number {
                self.journal.gone(number, &self.lineage);
            }
        }
        notes
    }

    /// No auth hook is begun any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

/// Runs a cleanup hook; gives why it failed.
pub(super) fn clean_up(command: &str, variables: &Variables, cut: &Cut) -> Option<String> {
    let domain = variables.get("CERTBOT_DOMAIN").map(String::as_str).unwrap_or_default();
    failure(&run(command, variables, cut).0).map(|why| format!("manual_cleanup_hook for {domain} {why}"))
}

/// The variables that certbot sets, those of the newest included. Names are without `*.`.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/manual.py>
fn variables(all: &[Answer], at: usize, answer: &Answer) -> Variables {
    let domains = all.iter().map(Answer::domain).collect::<Vec<_>>().join(",");
    let mut variables = vec![
        ("CERTBOT_DOMAIN", answer.domain().to_owned()),
        ("CERTBOT_IDENTIFIER", answer.domain().to_owned()),
        ("CERTBOT_VALIDATION", answer.value()),
        ("CERTBOT_ALL_DOMAINS", domains.clone()),
        ("CERTBOT_ALL_IDENTIFIERS", domains),
        ("CERTBOT_REMAINING_CHALLENGES", (all.len() - at - 1).to_string()),
    ];
    if answer.method == Method::Http01 {
        variables.push(("CERTBOT_TOKEN", answer.token.clone()));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Runs a hook; gives what came of it, and what it wrote to standard output.
fn run(command: &str, variables: &Variables, cut: &Cut) -> (Ran, String) {
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let hook = Hook { command, variables: &variables, without: &OWN };
    let (ran, output) = hook.heard(MAX_OUTPUT as u64, cut);
    let text = output.trim().replace('\0', "");
    let mut end = text.len().min(MAX_OUTPUT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (ran, text.get(..end).unwrap_or_default().to_owned())
}

/// Why a hook failed, with the end of what it said.
fn failure(ran: &Ran) -> Option<String> {
    let how = match ran.code {
        Some(0) => return None,
        Some(code) => format!("ended with {code}"),
        None => "did not come to its end".into(),
    };
    let said =
        ran.output.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Some(if said.is_empty() { how } else { format!("{how}: {said}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, identifier: &str, token: &str) -> Answer {
        let key_authorization = format!("{token}.thumb");
        Answer { method, identifier: identifier.into(), token: token.into(), key_authorization }
    }

    fn hooks(dir: &std::path::Path, auth: String, cleanup: Option<String>) -> Manual {
        let journal = Journal::new(&dir.join("state"), dir);
        Manual::new("a.test", (auth, cleanup), Arc::new(journal), Cut::default())
    }

    #[test]
    fn what_stands_is_in_the_journal_until_it_is_cleaned_up() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state/published");
        // The auth hook finds it there already.
        let auth = format!("grep -h -o CERTBOT_TOKEN {}/*.journal", folder.display());
        let hooks = hooks(dir.path(), auth, Some("exit 4".into()));
        let (published, notes) = hooks.perform(&[answer(Method::Http01, "a.test", "t1")]);
        assert_eq!((published.len(), notes), (1, Vec::new()));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(hooks.clean_up(), ["manual_cleanup_hook for a.test ended with 4"]);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn hooks_see_what_certbot_shows_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("said");
        let say = |what: &str| {
            format!(
                "echo {what} $CERTBOT_DOMAIN $CERTBOT_IDENTIFIER ${{CERTBOT_TOKEN-none}} $CERTBOT_REMAINING_CHALLENGES \
                 $CERTBOT_ALL_DOMAINS ${{CERTBOT_AUTH_OUTPUT-none}} >> {}; echo ' out '",
                file.display()
            )
        };
        let auth =
            format!("{}; test $CERTBOT_DOMAIN = a.test || {{ echo no such zone >&2; exit 1; }}", say("auth"));
        let hooks = hooks(dir.path(), auth, Some(say("cleanup")));
        let all = [
            answer(Method::Http01, "a.test", "t1"),
            answer(Method::Dns01, "*.a.test", "t2"),
            answer(Method::Dns01, "b.test", "t3"),
        ];
        let (published, notes) = hooks.perform(&all);
        assert_eq!(published, all[..2]);
        assert_eq!(notes, ["manual_auth_hook for b.test ended with 1: out; no such zone"]);
        assert_eq!(hooks.clean_up(), Vec::<String>::new());
        assert_eq!(hooks.clean_up(), Vec::<String>::new());
        let said = std::fs::read_to_string(file).unwrap();
        let of = |what: &str, output: &str| {
            ["a.test a.test t1 2", "a.test a.test none 1", "b.test b.test none 0"]
                .map(|first| format!("{what} {first} a.test,a.test,b.test {output}"))
                .join("\n")
        };
        assert_eq!(said.trim(), format!("{}\n{}", of("auth", "none"), of("cleanup", "out")));
    }

    #[test]
    fn nothing_is_begun_after_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let hooks = hooks(dir.path(), "true".into(), None);
        hooks.stop();
        assert_eq!(hooks.perform(&[answer(Method::Dns01, "a.test", "t")]), (Vec::new(), Vec::new()));
    }
}

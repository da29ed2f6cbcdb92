//! The hooks of certbot's `manual`, run as certbot runs them: in a shell, one after the other, with its variables.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks>

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::acme::{Answer, Method};

/// As much of a hook's output is given to the other one; a variable cannot hold much more.
const MAX_OUTPUT: usize = 64 << 10;

/// Variables that a hook must not inherit from elsewhere.
const OWN: [&str; 2] = ["CERTBOT_TOKEN", "CERTBOT_AUTH_OUTPUT"];

/// The variables of a challenge.
type Variables = Vec<(&'static str, String)>;

/// The hooks of a lineage.
pub struct Manual {
    auth: String,
    cleanup: Option<String>,
    /// The challenges whose auth hook was begun; held while a hook runs.
    standing: Mutex<Vec<Variables>>,
    stopped: AtomicBool,
}

impl Manual {
    /// Nothing is run yet.
    pub fn new(auth: String, cleanup: Option<String>) -> Self {
        Self { auth, cleanup, standing: Mutex::default(), stopped: AtomicBool::new(false) }
    }

    /// Runs the auth hook for each; gives those for which it succeeded, and what is to be known of the others.
    pub fn perform(&self, answers: &[Answer]) -> (Vec<Answer>, Vec<String>) {
        let (mut published, mut notes) = (Vec::new(), Vec::new());
        for (at, answer) in answers.iter().enumerate() {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            let mut variables = variables(answers, at, answer);
            let (output, failure) = run(&self.auth, &variables);
            variables.push(("CERTBOT_AUTH_OUTPUT", output));
            standing.push(variables);
            match failure {
                None => published.push(answer.clone()),
                Some(why) => notes.push(format!("manual_auth_hook for {} {why}", answer.domain())),
            }
        }
        (published, notes)
    }

    /// Runs the cleanup hook for each whose auth hook was run, whatever came of that.
    pub fn clean_up(&self) -> Vec<String> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = Vec::new();
        for variables in standing.drain(..) {
            let Some(command) = &self.cleanup else { continue };
            if let (_, Some(why)) = run(command, &variables) {
                let domain = variables.iter().find(|(name, _)| *name == "CERTBOT_DOMAIN");
                let domain = domain.map(|(_, value)| value.as_str()).unwrap_or_default();
                notes.push(format!("manual_cleanup_hook for {domain} {why}"));
            }
        }
        notes
    }

    /// No auth hook is begun any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
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
    variables
}

/// Runs a hook; gives what it wrote, and why it failed.
fn run(command: &str, variables: &Variables) -> (String, Option<String>) {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped());
    OWN.iter().for_each(|name| {
        shell.env_remove(name);
    });
    shell.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let output = match shell.spawn().and_then(std::process::Child::wait_with_output) {
        Ok(output) => output,
        Err(e) => return (String::new(), Some(format!("cannot be run: {e}"))),
    };
    let failure = match output.status.code() {
        Some(0) => None,
        Some(code) => Some(format!("ended with {code}")),
        None => Some("was ended by a signal".into()),
    };
    let text: String = String::from_utf8_lossy(&output.stdout).trim().replace('\0', "");
    let mut end = text.len().min(MAX_OUTPUT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default().to_owned(), failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, identifier: &str, token: &str) -> Answer {
        let key_authorization = format!("{token}.thumb");
        Answer { method, identifier: identifier.into(), token: token.into(), key_authorization }
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
        let hooks =
            Manual::new(format!("{}; test $CERTBOT_DOMAIN = a.test", say("auth")), Some(say("cleanup")));
        let all = [
            answer(Method::Http01, "a.test", "t1"),
            answer(Method::Dns01, "*.a.test", "t2"),
            answer(Method::Dns01, "b.test", "t3"),
        ];
        let (published, notes) = hooks.perform(&all);
        assert_eq!(published, all[..2]);
        assert_eq!(notes, ["manual_auth_hook for b.test ended with 1"]);
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
        let hooks = Manual::new("true".into(), None);
        hooks.stop();
        assert_eq!(hooks.perform(&[answer(Method::Dns01, "a.test", "t")]), (Vec::new(), Vec::new()));
    }
}

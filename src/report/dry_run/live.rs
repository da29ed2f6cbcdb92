//! How far a rehearsal has come, on standard error: a line for each name, which changes in place on a terminal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::facts::Vantage;
use crate::hooks::Ran;
use crate::rehearsal::news::{Name, News};
use crate::report::printable;

/// How often a line that waits shows that it lives.
const TICK: Duration = Duration::from_millis(120);

/// The lines.
pub struct Live {
    bars: MultiProgress,
    names: Mutex<HashMap<String, ProgressBar>>,
    quiet: bool,
}

impl Live {
    /// Lines for names that are still to come; `quiet` leaves what goes well untold.
    pub fn new(quiet: bool) -> Self {
        Self { bars: MultiProgress::new(), names: Mutex::default(), quiet }
    }

    /// Takes the lines away, so that the report can be written.
    pub fn end(&self) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.bars.clear();
    }

    /// Tells what has just happened.
    pub fn hear(&self, news: News<'_>) {
        match news {
            News::Looking(name, vantage) => self.looking(name, vantage),
            News::Looked(name, vantage, ok) => self.looked(name, vantage, ok),
            News::Swept(path) => {
                self.say(&format!("removed what an earlier run had left behind: {}", path.display()));
            }
            News::Left(left) => self.say(left),
            // certbot only warns of a hook that does not end well, and so does this.
            News::Hook(ran) => match ran.code {
                Some(0) => {}
                Some(code) => self.hook(ran, &format!("with exit code {code}")),
                None => self.hook(ran, "without an exit code"),
            },
        }
    }

    fn hook(&self, ran: &Ran, how: &str) {
        self.say(&format!("the hook `{}` ended {how}", ran.command));
        ran.output.lines().for_each(|line| self.say(&format!("  {line}")));
    }

    fn looking(&self, name: Name<'_>, vantage: Vantage) {
        if self.quiet || self.bars.is_hidden() {
            return;
        }
        let words = match vantage {
            Vantage::ThisHost => "this host looks for its token",
            Vantage::Ca => "the CA looks for its token",
        };
        self.bar(name).set_message(words);
    }

    fn looked(&self, name: Name<'_>, vantage: Vantage, ok: bool) {
        if self.quiet {
            return;
        }
        let words = match (vantage, ok) {
            (Vantage::ThisHost, true) => "this host found its token",
            (Vantage::ThisHost, false) => "this host did not find its token",
            (Vantage::Ca, true) => "the CA found its token",
            (Vantage::Ca, false) => "the CA did not validate it",
        };
        match self.bars.is_hidden() {
            true => self.say(&format!("{}: {words}", title(name))),
            false => self.bar(name).set_message(words),
        }
    }

    /// The line of a name.
    fn bar(&self, name: Name<'_>) -> ProgressBar {
        let title = title(name);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let bar = self.bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(title.clone());
            bar.enable_steady_tick(TICK);
            bar
        };
        names.entry(title.clone()).or_insert_with(new).clone()
    }

    fn say(&self, line: &str) {
        self.bars.suspend(|| anstream::eprintln!("{}", printable(line)));
    }
}

fn title(name: Name<'_>) -> String {
    let title = match name.lineage {
        Some(lineage) if lineage != name.identifier => format!("{} of {lineage}", name.identifier),
        _ => name.identifier.to_owned(),
    };
    printable(&title).into_owned()
}

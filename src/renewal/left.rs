//! What hooks and updates of a run that was killed have left behind is taken back before anything else is done.

use std::path::Path;

use super::solve::journal::{Found, Left, Published};
use super::solve::{Settled, Solvers};
use super::stage::Stage;
use crate::facts::Lineage;

impl Stage<'_> {
    /// Takes it back, as far as these lineages can; gives what is to be known.
    pub(super) fn take_back_left(
        &self,
        lineages: &[Lineage],
        solvers: &Solvers<'_>,
        stopped: &mut Option<u8>,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for mut found in Found::all(&self.options.state_dir) {
            notes.append(&mut found.notes.clone());
            for left in found.left.clone() {
                if stopped.is_some() {
                    return notes;
                }
                let Some(settled) = self.settle(&left, lineages, solvers, stopped) else { continue };
                let what = format!("{}: {}, which a killed run had left,", left.lineage, left.published);
                notes.push(match &settled {
                    Settled::Done(None) => format!("{what} is taken back"),
                    Settled::Done(Some(why)) => format!("{what} is taken back, but {why}"),
                    Settled::Refused(why) => format!("{what} is not taken back: {why}; remove it by hand"),
                    Settled::Later(why) => {
                        format!("{what} could not be taken back: {why}; the next run tries it again")
                    }
                });
                if !matches!(settled, Settled::Later(_)) {
                    found.settle(left.number);
                }
            }
            found.end();
        }
        notes
    }

    /// `None` where it is for another run to do.
    fn settle(
        &self,
        left: &Left,
        lineages: &[Lineage],
        solvers: &Solvers<'_>,
        stopped: &mut Option<u8>,
    ) -> Option<Settled> {
        let config_dir = &self.options.config_dir;
        if left.config_dir != *config_dir {
            return None;
        }
        let Some(lineage) = lineages.iter().find(|lineage| lineage.name == left.lineage) else {
            let conf = config_dir.join("renewal").join(format!("{}.conf", left.lineage));
            let is_name =
                Path::new(&left.lineage).file_name().is_some_and(|name| name == left.lineage.as_str());
            return match is_name && conf.exists() {
                true => None,
                false => Some(Settled::Refused("there is no such lineage any more".into())),
            };
        };
        if let Err(why) = left.published.is_of(lineage.names()) {
            return Some(Settled::Refused(why));
        }
        Some(match &left.published {
            Published::Record { .. } => {
                let removed = self.net.run(solvers.remove_left(lineage, &left.published));
                removed.unwrap_or_else(|signal| {
                    stopped.get_or_insert(signal);
                    Settled::Later("the run was ended".into())
                })
            }
            Published::Hook { .. } => {
                let cut = &self.cut;
                let cleaned =
                    self.to_its_end(stopped, || Some(solvers.clean_up_left(lineage, &left.published, cut)));
                cleaned.unwrap_or(Settled::Later("it was not run".into()))
            }
        })
    }
}

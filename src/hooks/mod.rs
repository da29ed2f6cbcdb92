//! Pre, post and deploy hooks: which ones certbot would run, and [`run`], which runs them.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks>

mod cut;
mod run;

use std::path::Path;

use crate::configobj::{self, Value};
use crate::facts::{HookStage, HostFacts, Lineage, Role};
use crate::gather::certbot::unmasked;
use crate::gather::fs::Root;

pub use self::cut::Cut;
pub use self::run::{Hook, Ran, run};

/// The largest conf that is read, in bytes.
const MAX_CONF: u64 = 1 << 20;

/// The hooks of some lineages, each distinct command once, in certbot's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before the first challenge.
    pub pre: Vec<String>,
    /// After the last one, whatever came of them.
    pub post: Vec<String>,
    /// For each lineage that passed: its name, and what is run for it.
    pub deploy: Vec<(String, Vec<String>)>,
}

impl Hooks {
    /// The hooks of the folders, and of the confs of these lineages.
    pub fn of(lineages: &[Lineage], host: &HostFacts, root: &Root) -> Self {
        let switched_off = host.cli_true("no-directory-hooks").is_some();
        let in_folder = |stage: HookStage| -> Vec<String> {
            let mut paths: Vec<String> = host
                .hooks
                .iter()
                .flatten()
                .filter(|hook| hook.stage == stage && hook.runs && !switched_off)
                .map(|hook| hook.path.clone())
                .collect();
            paths.sort();
            paths
        };
        let mut hooks =
            Self { pre: in_folder(HookStage::Pre), post: in_folder(HookStage::Post), deploy: Vec::new() };
        let once = |all: &mut Vec<String>, more: Option<String>| {
            all.extend(more.filter(|command| !all.contains(command)));
        };
        for lineage in lineages {
            // cli.ini counts as certbot's command line, and that before the conf.
            let own = |key, options: &[&str]| {
                let said = options.iter().find_map(|option| unmasked(root, option));
                said.or_else(|| command(lineage, root, key))
            };
            // Since 5.3 certbot reads both keys.
            let deploy_hook = || command(lineage, root, "deploy_hook");
            once(&mut hooks.pre, own("pre_hook", &["pre-hook"]));
            once(&mut hooks.post, own("post_hook", &["post-hook"]));
            let mut deploy = in_folder(HookStage::Deploy);
            once(&mut deploy, own("renew_hook", &["deploy-hook", "renew-hook"]).or_else(deploy_hook));
            hooks.deploy.push((lineage.name.clone(), deploy));
        }
        hooks
    }

    /// Whether there is anything to run before or after challenges.
    pub fn around(&self) -> usize {
        self.pre.len() + self.post.len()
    }
}

/// A hook as certbot takes it, unmasked: from a cli.ini, which counts as certbot's command line, else from the conf.
pub fn unmasked_hook(lineage: &Lineage, root: &Root, key: &str) -> Option<String> {
    unmasked(root, &key.replace('_', "-")).or_else(|| command(lineage, root, key))
}

/// A hook as the conf has it: facts have it masked.
fn command(lineage: &Lineage, root: &Root, key: &str) -> Option<String> {
    let conf = lineage.conf.as_ref().ok()?;
    let content = root.read(Path::new(&conf.path), MAX_CONF, Role::Conf).ok()?;
    let document = configobj::parse(&content.bytes).ok()?;
    let value = document.value(&["renewalparams"], key).ok()??;
    match value.as_ref() {
        Value::Scalar(text) if text != "None" && !text.trim().is_empty() => Some(text.clone()),
        // A comma outside of quotes makes certbot take it for a list as well.
        _ => None,
    }
}

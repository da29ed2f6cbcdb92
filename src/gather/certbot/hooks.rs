//! `renewal-hooks/`.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::FileType;

use crate::facts::{Fact, HookFile, HookStage, Missing, Role};
use crate::gather::fs::{Root, show};

/// How much of a hook is read to see whether it is a script, in bytes.
const MAX_HOOK: u64 = 1024 * 1024;

/// The files of the three hook folders. certbot runs those that are executable and do not end in `~`.
/// <https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates>
pub fn hooks(root: &Root, config: &Path) -> Fact<Vec<HookFile>> {
    let mut hooks = Vec::new();
    for stage in [HookStage::Pre, HookStage::Deploy, HookStage::Post] {
        let folder = config.join("renewal-hooks").join(stage.word());
        for name in root.list(&folder, Role::Other)?.unwrap_or_default() {
            let path = folder.join(&name);
            let Ok(meta) = root.stat(&path) else { continue };
            if meta.kind != FileType::RegularFile {
                continue;
            }
            let shebang = match root.read(&path, MAX_HOOK, Role::Other) {
                Ok(content) => content.bytes.starts_with(b"#!"),
                Err(Missing { why: crate::facts::Why::TooLarge(..), .. }) => false,
                Err(missing) => return Err(missing),
            };
            let runs = meta.mode & 0o111 != 0 && !name.as_bytes().ends_with(b"~");
            hooks.push(HookFile { stage, path: show(&path), runs, shebang, mode: meta.mode });
        }
    }
    Ok(hooks)
}

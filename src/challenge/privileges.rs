//! What the child gives away before it talks to strangers.

use rustix::io::Errno;
use rustix::process::{Gid, Resource, Rlimit, Uid, geteuid, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};

/// The user and group `nobody` of Linux: what the kernel itself calls a stranger (`/proc/sys/kernel/overflowuid`).
const NOBODY: u32 = 65_534;

/// How many files may be open: the connections, and a few of our own.
const FILES: u64 = 512;

/// Becomes nobody where this process is root, without capabilities and without a way back; tells the user that it is now.
///
/// Call it while there is one thread: to Linux these are properties of a thread. Where the host does not let root change
/// its user (`CapabilityBoundingSet=` or `SystemCallFilter=` of a unit, a user namespace without nobody), the user stays
/// and the capabilities go all the same, unless a filter forbids that too.
///
/// # Errors
/// The system refuses for any other reason.
pub(super) fn drop_all() -> Result<Uid, Errno> {
    if geteuid().is_root() {
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        refused(set_thread_groups(&[]))?;
        refused(set_thread_res_gid(group, group, group))?;
        refused(set_thread_res_uid(user, user, user))?;
    }
    // A user who is not root may have some too: AmbientCapabilities=CAP_NET_BIND_SERVICE.
    let none = CapabilitySet::empty();
    refused(set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none }))?;
    refused(set_no_new_privs(true))?;
    Ok(geteuid())
}

/// The host's word that root may not do it is no reason to serve nobody.
fn refused(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::PERM | Errno::INVAL) => Ok(()),
        other => other,
    }
}

/// Allows 512 open files, or as many as the host allows, and no core dump; tells how many files.
pub(super) fn limit() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(FILES).min(FILES);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    getrlimit(Resource::Nofile).current.unwrap_or(FILES)
}

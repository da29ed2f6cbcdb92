//! DNS as it answers this host: the resolver, and the zones' own servers.

mod authority;
mod dnssec;
mod exchange;
mod holding;
mod names;
mod outcome;
mod raw;
mod resolver;
mod servers;
mod system;
mod walked;
mod zone;

pub use dnssec::Validator;
pub use holding::Holding;
pub use names::{addresses, caa, challenge, name, sibling};
pub use resolver::{Looked, Resolver};
pub use servers::Servers;
pub use system::system;
pub use zone::Zones;

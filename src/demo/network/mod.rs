//! The sandbox's own small network on loopback: a name server, and web servers with classic mistakes, so that the dry run
//! can be seen to fail and to explain itself without Internet, root or a CA.

mod names;
mod sites;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::net::{TcpListener, UdpSocket};

pub use sites::{SITES, Site};

/// The network, until it is dropped.
#[derive(Debug)]
pub struct Network {
    /// The name server.
    pub resolver: SocketAddr,
    /// The port of the web servers.
    pub http_port: u16,
    _runtime: tokio::runtime::Runtime,
}

impl Network {
    /// Starts it; the sites' files lie below `folder`.
    ///
    /// # Errors
    /// The system gives no threads or no sockets.
    pub fn start(folder: &Path) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (resolver, http_port) = runtime.block_on(async {
            let names = UdpSocket::bind(any).await?;
            let web = TcpListener::bind(any).await?;
            let ends = (names.local_addr()?, web.local_addr()?.port());
            tokio::spawn(names::serve(names));
            tokio::spawn(sites::serve(web, folder.to_path_buf()));
            std::io::Result::Ok(ends)
        })?;
        Ok(Self { resolver, http_port, _runtime: runtime })
    }
}

//! The sandbox's own small network on loopback: name servers, web servers with classic mistakes, and a CA, so that the dry
//! run can be seen to fail and to explain itself without Internet, root or Let's Encrypt.

mod ca;
mod names;
mod sites;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::net::{TcpListener, UdpSocket};

use self::names::View;

pub use sites::{SITES, Site};

/// The network, until it is dropped.
#[derive(Debug)]
pub struct Network {
    /// The name server that this host asks. The CA asks another one.
    pub resolver: SocketAddr,
    /// The port of the web servers.
    pub http_port: u16,
    /// The URL of the CA's directory.
    pub directory: String,
    /// The certificate that is to be trusted for the CA's own server, in PEM.
    pub root: String,
    _runtime: tokio::runtime::Runtime,
}

impl Network {
    /// Starts it; the sites' files lie below `folder`.
    ///
    /// # Errors
    /// The system gives no threads or no sockets, or no key can be made.
    pub fn start(folder: &Path) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (resolver, http_port, ca) = runtime.block_on(async {
            let (inside, outside) = (UdpSocket::bind(any).await?, UdpSocket::bind(any).await?);
            let web = TcpListener::bind(any).await?;
            let (resolver, http_port) = (inside.local_addr()?, web.local_addr()?.port());
            let ca = ca::start(TcpListener::bind(any).await?, outside.local_addr()?, http_port)?;
            tokio::spawn(names::serve(inside, View::Inside));
            tokio::spawn(names::serve(outside, View::Outside));
            tokio::spawn(sites::serve(web, folder.to_path_buf()));
            std::io::Result::Ok((resolver, http_port, ca))
        })?;
        Ok(Self { resolver, http_port, directory: ca.directory, root: ca.root, _runtime: runtime })
    }
}

//! The sandbox's own CA on loopback: as much of RFC 8555 as a client needs to get a certificate over HTTP-01, and no more.
//!
//! It is a part of the demo and no CA for anybody: everything it knows is lost with the process, it validates names below
//! `.test` alone, and it has no revocation, no key change, no wildcards, no CAA and no limits. What it does, it does
//! for real: signatures, nonces and requests for certificates are verified, and it walks to challenges as the product does.
//!
//! [`serve`] speaks HTTPS, [`jws`] verifies requests, [`desk`] answers them, [`book`] remembers, [`validation`] looks.

mod book;
mod desk;
mod identifiers;
mod issue;
mod jws;
mod nonces;
mod refusal;
mod reply;
mod serve;
#[cfg(test)]
mod tests;
mod validation;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use self::book::Book;
use self::issue::Issuer;
use self::nonces::Nonces;
use self::validation::Validation;

/// The CA.
pub(super) struct Ca {
    /// The beginning of all its URLs.
    base: String,
    nonces: Nonces,
    book: Mutex<Book>,
    issuer: Issuer,
    validation: Validation,
}

/// A CA that was started.
pub(super) struct Started {
    /// The URL of its directory.
    pub directory: String,
    /// The certificate that is to be trusted, in PEM.
    pub root: String,
}

/// Starts it on a listener of the loopback; it asks this name server, and looks at this port.
///
/// # Errors
/// It cannot have a certificate.
pub(super) fn start(listener: TcpListener, names: SocketAddr, http_port: u16) -> io::Result<Started> {
    let address = listener.local_addr()?;
    let issuer = Issuer::new().map_err(io::Error::other)?;
    let tls = serve::tls(&issuer, address.ip())?;
    let root = issuer.root().to_owned();
    let ca = Ca {
        base: format!("https://{address}"),
        nonces: Nonces::default(),
        book: Mutex::default(),
        issuer,
        validation: Validation { names, http_port },
    };
    let directory = format!("{}{}", ca.base, desk::DIRECTORY);
    tokio::spawn(serve::serve(listener, tls, Arc::new(ca)));
    Ok(Started { directory, root })
}

//! The sites: one behaviour a name, as misconfigured web servers show it.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A site.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Its name.
    pub name: &'static str,
    /// The folder that certbot is told to be its web root, below the sandbox.
    pub webroot: &'static str,
    /// Its address for this host.
    pub inside: Option<Ipv4Addr>,
    /// Its address for everybody else, the CA included.
    pub outside: Option<Ipv4Addr>,
    answers: Answers,
}

/// What a server makes of a challenge.
#[derive(Clone, Copy, Debug)]
enum Answers {
    /// The files of a folder.
    Files(&'static str),
    /// Nothing below a folder whose name begins with a dot.
    Denied,
    /// The application's page for every path.
    Application,
    /// A redirect to https on a port of its own.
    OtherPort,
    /// A password first.
    Password,
}

/// All of them. <https://www.rfc-editor.org/rfc/rfc6761#section-6.2> keeps `.test` for this.
pub const SITES: &[Site] = &[
    site("healthy.test", "var/www/healthy", Answers::Files("var/www/healthy")),
    site("moved.test", "var/www/old-site", Answers::Files("var/www/new-site")),
    site("dotfiles.test", "var/www/dotfiles", Answers::Denied),
    site("spa.test", "var/www/spa", Answers::Application),
    site("panel.test", "var/www/panel", Answers::OtherPort),
    site("intranet.test", "var/www/intranet", Answers::Password),
    Site { inside: None, outside: None, ..site("expired.test", "var/www/expired", Answers::Denied) },
    // Moved here, and the public record still names the old server: only the CA sees it.
    Site { outside: Some(SILENT), ..site("split.test", "var/www/split", Answers::Files("var/www/split")) },
    // Behind a router that does not lead this host back to itself: the CA gets through.
    Site {
        inside: Some(SILENT),
        ..site("hairpin.test", "var/www/hairpin", Answers::Files("var/www/hairpin"))
    },
];

/// An address of the loopback at which nothing listens.
const SILENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const fn site(name: &'static str, webroot: &'static str, answers: Answers) -> Site {
    Site { name, webroot, inside: Some(Ipv4Addr::LOCALHOST), outside: Some(Ipv4Addr::LOCALHOST), answers }
}

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, folder: PathBuf) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let folder = folder.clone();
        let service = service_fn(move |request| {
            let answer = answer(&request, &folder);
            async move { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(request: &Request<Incoming>, folder: &Path) -> Response<Full<Bytes>> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let path = request.uri().path();
    let told = |status: u16, header: (&'static str, String), body: &'static str| {
        let response =
            Response::builder().status(status).header("server", "nginx").header(header.0, header.1);
        response.body(Full::from(body)).unwrap_or_default()
    };
    let html = || ("content-type", "text/html".to_owned());
    match SITES.iter().find(|site| site.name == host).map(|site| site.answers) {
        Some(Answers::Files(root)) => match file(&folder.join(root), path) {
            Some(bytes) => Response::new(Full::from(bytes)),
            None => told(404, html(), "<html><center><h1>404 Not Found</h1></center></html>"),
        },
        Some(Answers::Denied) => told(403, html(), "<html><center><h1>403 Forbidden</h1></center></html>"),
        Some(Answers::Application) => told(200, html(), "<!doctype html><div id=app></div>"),
        Some(Answers::OtherPort) => told(301, ("location", format!("https://{host}:8443{path}")), ""),
        Some(Answers::Password) => told(401, ("www-authenticate", "Basic realm=\"staff\"".into()), ""),
        None => told(404, html(), ""),
    }
}

/// A file below a root; a path that leaves it leads nowhere.
fn file(root: &Path, path: &str) -> Option<Vec<u8>> {
    let path = Path::new(path.trim_start_matches('/'));
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| std::fs::read(root.join(path)).ok()).flatten()
}

//! The lines that let a web server pass challenges to us, with the address that is used.

use crate::challenge::Address;

/// The address in the files.
const DEFAULT: &str = "http://127.0.0.1:8402";

/// Writes where to pass challenges to in a server's notation.
type Notation = fn(&Address) -> String;

const SNIPPETS: [(&str, &str, Notation); 2] = [
    ("nginx", include_str!("../../../contrib/web-servers/nginx.conf"), nginx),
    ("apache", include_str!("../../../contrib/web-servers/apache.conf"), apache),
];

/// The servers that there are lines for.
pub fn servers() -> impl Iterator<Item = &'static str> {
    SNIPPETS.iter().map(|(server, ..)| *server)
}

/// The lines for a server; `None` where there are none for it.
pub fn of(server: &str, respond_at: &str) -> Option<String> {
    let (_, lines, notation) = SNIPPETS.iter().find(|(name, ..)| *name == server)?;
    let lines = match respond_at.parse::<Address>() {
        Ok(address) => lines.replace(DEFAULT, &notation(&address)),
        Err(_) => (*lines).to_owned(),
    };
    Some(lines)
}

/// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
fn nginx(address: &Address) -> String {
    match address {
        Address::Tcp(address) => format!("http://{address}"),
        Address::Unix(path) => format!("http://unix:{}:", path.display()),
    }
}

/// <https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxypass>
fn apache(address: &Address) -> String {
    match address {
        Address::Tcp(address) => format!("http://{address}"),
        Address::Unix(path) => format!("unix:{}|http://localhost", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_gets_its_own_notation() {
        let line = |server: &str, at: &str, word: &str| {
            let lines = of(server, at).unwrap();
            lines.lines().find(|line| line.contains(word)).unwrap().trim().to_owned()
        };
        let nginx = |at: &str| line("nginx", at, "proxy_pass ");
        assert_eq!(nginx("127.0.0.1:8402"), "proxy_pass http://127.0.0.1:8402;");
        assert_eq!(nginx("[::1]:80"), "proxy_pass http://[::1]:80;");
        assert_eq!(nginx("unix:/run/a.sock"), "proxy_pass http://unix:/run/a.sock:;");
        let apache = |at: &str| line("apache", at, "[P,L]");
        assert!(apache("127.0.0.1:80").contains(" http://127.0.0.1:80%{REQUEST_URI} "));
        assert!(apache("/run/a.sock").contains(" unix:/run/a.sock|http://localhost%{REQUEST_URI} "));
        assert_eq!(of("caddy", "127.0.0.1:8402"), None);
        for server in servers() {
            assert!(of(server, "/run/x").unwrap().lines().all(|line| !line.contains("8402")), "{server}");
        }
    }
}

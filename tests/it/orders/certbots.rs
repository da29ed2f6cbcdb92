//! Orders with the accounts of real certbots.

use std::sync::Arc;

use acme_audit::acme::{Account, AccountKey};

use super::world::{PEBBLE, Pebble, bundle};
use super::{ANEW, client, names, said, wanted};
use crate::lab::{lab, run, skip};

#[test]
fn the_accounts_of_real_certbots_can_order() {
    let Some(world) = Pebble::new().start() else { return };
    let certbots = lab().expect("the lab").certbots();
    if certbots.len() < 2 {
        skip("needs both certbots");
    }
    for (number, certbot) in certbots.iter().enumerate() {
        let folder = world.work().join(number.to_string());
        let options =
            ["config-dir", "work-dir", "logs-dir"].map(|option| format!("--{option}={}", folder.display()));
        let register = [
            "register",
            "-n",
            "--agree-tos",
            "--no-eff-email",
            "-m",
            "admin@example.org",
            "--server",
            PEBBLE,
        ];
        run(world.command(certbot).args(register).args(options).env("REQUESTS_CA_BUNDLE", bundle()));
        let accounts = folder.join("accounts/localhost:14000/dir");
        let account =
            std::fs::read_dir(accounts).expect("accounts").next().expect("one").expect("one").path();
        let key = std::fs::read(account.join("private_key.json")).expect("its key");
        let regr: serde_json::Value =
            serde_json::from_slice(&std::fs::read(account.join("regr.json")).expect("regr.json"))
                .expect("JSON");
        let url = regr["uri"].as_str().expect("its URL").to_owned();
        world.run(move |web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let key = AccountKey::from_jwk(&key).expect("a key");
            assert_eq!(key.algorithm(), "RS256");
            let account =
                Account::find(client, Arc::new(key)).await.expect("an answer").expect("the account");
            assert_eq!(account.url(), url);
            let all = names(&["a.test", "b.test"]);
            let outcome = account.order(&wanted(&all), &web.all()).await;
            assert_eq!((said(&outcome), outcome.chain.is_some()), (vec![&ANEW, &ANEW], true), "{outcome:?}");
        });
    }
}

#[test]
fn an_account_with_a_key_of_another_curve_can_order() {
    let Some(world) = Pebble::new().start() else { return };
    for (curve, file) in [("P-384", "p384"), ("P-521", "p521")] {
        let jwk = jwk(curve, &world.work().join(file));
        world.run(|web| async move {
            let client = client(PEBBLE, &bundle()).await;
            let key = Arc::new(AccountKey::from_jwk(jwk.as_bytes()).expect("a key"));
            let account = Account::make(client, key, &Default::default()).await.expect("an account");
            let outcome = account.order(&wanted(&names(&["a.test"])), &web.all()).await;
            assert!(outcome.chain.is_some(), "{outcome:?}");
        });
    }
}

/// A fresh key of a curve, made by openssl.
fn jwk(curve: &str, pem: &std::path::Path) -> String {
    let script = r#"openssl ecparam -name "$1" -genkey -noout -out "$2" && openssl ec -in "$2" -text -noout 2>/dev/null"#;
    let name = if curve == "P-384" { "secp384r1" } else { "secp521r1" };
    let out = run(crate::lab::clean("sh").args(["-ec", script, "sh", name]).arg(pem));
    let text = String::from_utf8(out.stdout).expect("text");
    let part = |from: &str, to: &str| -> Vec<u8> {
        let (_, after) = text.split_once(from).expect("a part");
        let (hex, _) = after.split_once(to).expect("its end");
        let hex: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex")
    };
    let (mut private, public) = (part("priv:", "pub:"), part("pub:", "ASN1"));
    let size = (public.len() - 1) / 2;
    while private.len() > size {
        private.remove(0);
    }
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let (x, y) = public[1..].split_at(size);
    serde_json::json!({"kty": "EC", "crv": curve, "d": encode(&private), "x": encode(x), "y": encode(y)})
        .to_string()
}

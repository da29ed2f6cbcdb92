//! What we write into a conf, as Python's configobj reads it.

use std::io::Write;
use std::process::{Command, Stdio};

use acme_audit::configobj::{Change, Value, edit};

use crate::lab::skip;

const SCRIPT: &str = r#"
import io, json, sys
from configobj import ConfigObj
for line in sys.stdin:
    old, new, key, value = json.loads(line)
    read = lambda text: ConfigObj(io.BytesIO(text.encode()), encoding='utf-8', default_encoding='utf-8')
    before, after = read(old), read(new)
    assert after['s'][key] == value, (new, value)
    for section in (before, after):
        section['s'].pop(key, None)
    assert before == after, (old, new)
    # As certbot writes it when it sets the value itself.
    wanted = read('[s]\nk = x\n')
    wanted['s'][key] = value
    written = [l for l in map(bytes.decode, wanted.write()) if not l.startswith('k =') and l != '[s]']
    kept = [l for l in new.split('\n') if l.startswith(key + ' =')]
    if '\n' not in str(value):
        assert written[0].rstrip() in kept[0], (written, kept)
print('same')
"#;

#[test]
fn python_reads_what_was_set_and_quotes_it_alike() {
    let python = std::env::var_os("ACME_AUDIT_LAB_PYTHON").unwrap_or_else(|| "/usr/bin/python3".into());
    let has = Command::new(&python).args(["-c", "import configobj"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        return skip("needs Python's configobj");
    }
    let scalars = [
        "",
        "plain",
        " edge ",
        "a, b",
        "a#b",
        "a # b",
        "'",
        "\"",
        "it's",
        "say \"x\"",
        "a = b",
        "[s]",
        "ü",
        "two\nlines",
        "\t",
    ];
    let lists = [&[][..], &["one"], &["a", "b c"], &["a,b", "#"], &["", "x"]];
    let values = scalars
        .iter()
        .map(|text| Value::Scalar((*text).to_owned()))
        .chain(lists.iter().map(|items| Value::List(items.iter().map(|item| (*item).to_owned()).collect())));
    let mut lines = Vec::new();
    for value in values {
        for old in [
            "a = 1\n[s]\nkey = old\nb = 2 # c\n[[t]]\nkey = other\n",
            "a = 1\n[s] # c\nkey = 'old', \"x, y\" # why\n",
            "[s]\nkey = '''old\nlines''' # c\n[u]\nx = y\n",
            "# c\n[s]\nother = x\n\n# of u\n[u]\n",
        ] {
            let change = Change { section: vec!["s".into()], key: "key".into(), value: Some(value.clone()) };
            let Ok(new) = edit(old.as_bytes(), &[change]) else { continue };
            let value = match &value {
                Value::Scalar(text) => serde_json::json!(text),
                Value::List(items) => serde_json::json!(items),
            };
            lines.push(
                serde_json::json!([old, String::from_utf8(new).expect("text"), "key", value]).to_string(),
            );
        }
    }
    assert!(lines.len() > 70, "{} of 80 can be written", lines.len());
    let mut python = Command::new(&python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    python.stdin.take().expect("its input").write_all(lines.join("\n").as_bytes()).expect("its input");
    let output = python.wait_with_output().expect("its end");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "same\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

//! What comes after the head: what counts of a body, and how it ends.

use super::*;

/// Twenty zeros, packed by gzip, without their end.
const ZEROS: &[u8] = &[31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 51, 48];

/// `KA` packed by gzip.
fn packed() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, EXPECTED.as_bytes()).expect("memory");
    gzip.finish().expect("memory")
}

fn gzip(body: &[u8]) -> Reply {
    answer("200 OK", "Content-Encoding: gzip\r\n", body)
}

/// An answer in chunks.
fn chunks(text: &str) -> Reply {
    raw(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{text}"))
}

pub(super) const BODIES: &[Case] = &[
    // White space.
    ("exact", "example.com", HTTP, right, CONTENT),
    ("a newline at the end", "example.com", HTTP, |_| around(b"", b"\n"), CONTENT),
    ("a carriage return at the end", "example.com", HTTP, |_| around(b"", b"\r\n"), CONTENT),
    ("blanks at the end", "example.com", HTTP, |_| around(b"", b" \t\r\n\x0b\x0c \n"), CONTENT),
    ("a no-break space at the end", "example.com", HTTP, |_| around(b"", "\u{a0}".as_bytes()), CONTENT),
    ("a next line at the end", "example.com", HTTP, |_| around(b"", "\u{85}".as_bytes()), CONTENT),
    (
        "wide blanks at the end",
        "example.com",
        HTTP,
        |_| around(b"", "\u{3000}\u{2003}\u{2029}\u{1680}".as_bytes()),
        CONTENT,
    ),
    (
        "a no-break space in Latin-1 at the end",
        "example.com",
        HTTP,
        |_| around(b"", b"\xa0"),
        "got \"KA\\xa0\"",
    ),
    (
        "a blank after a byte that is no text",
        "example.com",
        HTTP,
        |_| around(b"", b"\xff \n"),
        "got \"KA\\xff\"",
    ),
    (
        "a zero-width space at the end",
        "example.com",
        HTTP,
        |_| around(b"", "\u{200b}".as_bytes()),
        "got \"KA\\u200b\"",
    ),
    (
        "a zero-width joiner at the end",
        "example.com",
        HTTP,
        |_| around(b"", "\u{200d}\n".as_bytes()),
        "got \"KA\\u200d\"",
    ),
    ("a separator of files at the end", "example.com", HTTP, |_| around(b"", b"\x1c"), "got \"KA\\x1c\""),
    ("a blank at the start", "example.com", HTTP, |_| around(b" ", b""), "got \" KA\""),
    ("a newline at the start", "example.com", HTTP, |_| around(b"\r\n", b""), "got \"\\r\\nKA\""),
    ("a byte-order mark", "example.com", HTTP, |_| around(b"\xef\xbb\xbf", b""), "got \"\\ufeffKA\""),
    (
        "a byte-order mark at the end",
        "example.com",
        HTTP,
        |_| around(b"", b"\xef\xbb\xbf"),
        "got \"KA\\ufeff\"",
    ),
    ("a NUL at the end", "example.com", HTTP, |_| around(b"", b"\0"), "got \"KA\\x00\""),
    ("a quote around", "example.com", HTTP, |_| around(b"\"", b"\""), "got \"\\\"KA\\\"\""),
    (
        "UTF-16",
        "example.com",
        HTTP,
        |_| ok(&EXPECTED.bytes().take(20).flat_map(|b| [b, 0]).collect::<Vec<_>>()),
        "got \"L\\x00o\\x00q\\x00X\\x00c\\x00Y\\x00V\\x008\\x00q\\x005\\x00O\\x00N\\x00b\\x00J\\x00Q\\x00x\\x00b\\x00m\\x00R\\x007\\x00\"",
    ),
    (
        "capitals",
        "example.com",
        HTTP,
        |_| ok(EXPECTED.to_ascii_uppercase().as_bytes()),
        "got \"LOQXCYV8Q5ONBJQXBMR7SCTNO3TIAXDFOWYJXAJEUX0.9JG46WB3RR_AHD-EBXDN7CBKH1WOU0TA3M9FM21MQTI\"",
    ),
    (
        "the token alone",
        "example.com",
        HTTP,
        |_| ok(TOKEN.as_bytes()),
        "got \"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0\"",
    ),
    ("a line more", "example.com", HTTP, |_| around(b"", b"\n<!-- -->\n"), "got \"KA\\n<!-- -->\""),
    // Other bodies, and their length.
    ("127 bytes", "example.com", HTTP, |_| around(b"", &[b' '; 40]), CONTENT),
    (
        "128 bytes",
        "example.com",
        HTTP,
        |_| around(b"", &[b' '; 41]),
        "127.0.0.1: Invalid response from URL: \"KA                                         \"",
    ),
    (
        "129 bytes",
        "example.com",
        HTTP,
        |_| around(b"", &[b' '; 42]),
        "127.0.0.1: Invalid response from URL: \"KA                                         \"",
    ),
    (
        "128 bytes that are no text",
        "example.com",
        HTTP,
        |_| ok(&[b"f\xffoo".as_slice(), &[b'a'; 130]].concat()),
        "127.0.0.1: Invalid response from URL: \"f\\xffooaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    ),
    (
        "verbs of a formatter",
        "example.com",
        HTTP,
        |_| ok(&b"%2F%s%d%!".repeat(20)),
        "127.0.0.1: Invalid response from URL: \"%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2F%s%d%!%2\"",
    ),
    (
        "an endless body",
        "example.com",
        HTTP,
        |_| Reply::Then([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 4096]].concat()),
        "127.0.0.1: Invalid response from URL: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    ),
    ("short HTML", "example.com", HTTP, |_| ok(b"<html>hello</html>"), "got \"<html>hello</html>\""),
    (
        "long HTML",
        "example.com",
        HTTP,
        |_| ok(&b"<!doctype html>\n".repeat(20)),
        "127.0.0.1: Invalid response from URL: \"<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n<!doctype html>\\n\"",
    ),
    ("nothing", "example.com", HTTP, |_| ok(b""), "got \"\""),
    ("bytes that are no text", "example.com", HTTP, |_| ok(&[0xff, 0xfe, 0x80]), "got \"\\xff\\xfe\\x80\""),
    (
        "characters that do not show",
        "example.com",
        HTTP,
        |_| ok("é\u{301}\u{ad}\u{202e}\u{e0001}\u{1f600}\\\u{7f}".as_bytes()),
        "got \"é́\\u00ad\\u202e\\U000e0001😀\\\\\\x7f\"",
    ),
    // The length.
    (
        "a length that is too short",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\nKAxyz"),
        CONTENT,
    ),
    (
        "a length of nothing before a body",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nKA"),
        "got \"\"",
    ),
    (
        "a body that is cut",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "a body that is cut after what is wanted",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 88\r\n\r\nKA"),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "a cut body of 128 bytes",
        "example.com",
        HTTP,
        |_| raw(&format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(128))),
        "127.0.0.1: Invalid response from URL: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    ),
    (
        "a body that stops",
        "example.com",
        HTTP,
        |_| Reply::Then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "127.0.0.1: Error reading HTTP response body: context deadline exceeded",
    ),
    (
        "a body that stops where it is right",
        "example.com",
        HTTP,
        |_| Reply::Then(format!("HTTP/1.1 200 OK\r\n\r\n{EXPECTED}").into()),
        "127.0.0.1: Error reading HTTP response body: context deadline exceeded",
    ),
    (
        "a body in drops",
        "example.com",
        HTTP,
        |_| {
            Reply::Parts(vec![
                b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
                EXPECTED[..40].into(),
                EXPECTED[40..].into(),
            ])
        },
        CONTENT,
    ),
    (
        "the same length twice",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 87\r\nContent-Length: 87\r\n\r\nKA"),
        CONTENT,
    ),
    (
        "two lengths",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 87\r\nContent-Length: 86\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a list of lengths",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 87, 87\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a length with a sign",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: +87\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a negative length",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a length without digits",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a length with zeros before",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 00087\r\n\r\nKA"),
        CONTENT,
    ),
    (
        "a length in hexadecimal",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 0x57\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "a length of 64 bits",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nKA"),
        GENERIC,
    ),
    ("an end by closing", "example.com", HTTP, |_| raw("HTTP/1.0 200 OK\r\n\r\nKA"), CONTENT),
    (
        "an end by closing in 1.1",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nKA"),
        CONTENT,
    ),
    (
        "a reset in the body",
        "example.com",
        HTTP,
        |_| Reply::Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "127.0.0.1: Error reading HTTP response body: read tcp 127.0.0.1:…: read: connection reset by peer",
    ),
    (
        "a reset instead of an end",
        "example.com",
        HTTP,
        |_| Reply::Cut(format!("HTTP/1.1 200 OK\r\n\r\n{EXPECTED}").into()),
        "127.0.0.1: Error reading HTTP response body: read tcp 127.0.0.1:…: read: connection reset by peer",
    ),
    (
        "a reset after a whole body",
        "example.com",
        HTTP,
        |_| Reply::Cut(format!("HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n{EXPECTED}").into()),
        CONTENT,
    ),
    // Chunks.
    ("chunks", "example.com", HTTP, |_| chunks("57\r\nKA\r\n0\r\n\r\n"), CONTENT),
    (
        "two chunks",
        "example.com",
        HTTP,
        |_| {
            chunks(&format!(
                "0A\r\n{}\r\n4d ; x=\"y\"\r\n{}\r\n000\r\n\r\n",
                &EXPECTED[..10],
                &EXPECTED[10..]
            ))
        },
        "127.0.0.1: Error reading HTTP response body: invalid byte in chunk length",
    ),
    (
        "chunks and a length",
        "example.com",
        HTTP,
        |_| {
            raw(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n",
            )
        },
        CONTENT,
    ),
    (
        "chunks in 1.0",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n"),
        "got \"57\\r\\nKA\\r\\n0\"",
    ),
    (
        "chunks without the last one",
        "example.com",
        HTTP,
        |_| chunks("57\r\nKA\r\n"),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "chunks without an end",
        "example.com",
        HTTP,
        |_| chunks("57\r\nKA\r\n0\r\n"),
        "127.0.0.1: Error reading HTTP response body: http: unexpected EOF reading trailer",
    ),
    (
        "chunks that stop",
        "example.com",
        HTTP,
        |_| {
            Reply::Then(
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n57\r\n{EXPECTED}\r\n").into(),
            )
        },
        "127.0.0.1: Error reading HTTP response body: context deadline exceeded",
    ),
    ("chunks with a trailer", "example.com", HTTP, |_| chunks("57\r\nKA\r\n0\r\nX-Sum: 1\r\n\r\n"), CONTENT),
    (
        "a trailer that is no field",
        "example.com",
        HTTP,
        |_| chunks("57\r\nKA\r\n0\r\nsum\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: malformed MIME header: missing colon: \"sum\"",
    ),
    (
        "a long trailer",
        "example.com",
        HTTP,
        |_| chunks(&format!("57\r\nKA\r\n0\r\nX: {}\r\n\r\n", "x".repeat(5000))),
        "127.0.0.1: Error reading HTTP response body: http: suspiciously long trailer after chunked body",
    ),
    (
        "a forbidden trailer is announced",
        "example.com",
        HTTP,
        |_| {
            raw(
                "HTTP/1.1 200 OK\r\nTrailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n",
            )
        },
        GENERIC,
    ),
    (
        "chunks with bare newlines",
        "example.com",
        HTTP,
        |_| chunks("57\nKA\n0\n\n"),
        "127.0.0.1: Error reading HTTP response body: chunked line ends with bare LF",
    ),
    (
        "a chunk that is too long",
        "example.com",
        HTTP,
        |_| chunks("57\r\nKAx\r\n0\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: malformed chunked encoding",
    ),
    (
        "a size that is no number",
        "example.com",
        HTTP,
        |_| chunks("0x57\r\nKA\r\n0\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: invalid byte in chunk length",
    ),
    (
        "a size of nothing",
        "example.com",
        HTTP,
        |_| chunks("\r\nKA\r\n0\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: empty hex number for chunk length",
    ),
    (
        "a size of 17 digits",
        "example.com",
        HTTP,
        |_| chunks("00000000000000057\r\nKA\r\n0\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: http chunk length too large",
    ),
    (
        "a blank before a size",
        "example.com",
        HTTP,
        |_| chunks(" 57\r\nKA\r\n0\r\n\r\n"),
        "127.0.0.1: Error reading HTTP response body: invalid byte in chunk length",
    ),
    (
        "much beside the chunks",
        "example.com",
        HTTP,
        |_| chunks(&format!("1;{}\r\nx\r\n", "y".repeat(3000)).repeat(10)),
        "127.0.0.1: Error reading HTTP response body: chunked encoding contains too much non-data",
    ),
    (
        "200 bytes in chunks without an end",
        "example.com",
        HTTP,
        |_| chunks(&format!("c8\r\n{}", "x".repeat(200))),
        "127.0.0.1: Invalid response from URL: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    ),
    (
        "an unknown encoding",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nKA"),
        GENERIC,
    ),
    (
        "two encodings",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n"),
        GENERIC,
    ),
    (
        "chunked twice",
        "example.com",
        HTTP,
        |_| {
            raw(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n",
            )
        },
        GENERIC,
    ),
    (
        "chunked in capitals",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n57\r\nKA\r\n0\r\n\r\n"),
        CONTENT,
    ),
    // Packed.
    ("gzip", "example.com", HTTP, |_| gzip(&packed()), CONTENT),
    (
        "gzip in capitals",
        "example.com",
        HTTP,
        |_| answer("200 OK", "Content-Encoding: GZIP\r\n", &packed()),
        CONTENT,
    ),
    (
        "gzip that is none",
        "example.com",
        HTTP,
        |_| gzip(EXPECTED.as_bytes()),
        "127.0.0.1: Error reading HTTP response body: gzip: invalid header",
    ),
    (
        "gzip without an end",
        "example.com",
        HTTP,
        |_| gzip(&packed()[..60]),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "gzip without its sum",
        "example.com",
        HTTP,
        |_| gzip(&packed()[..packed().len() - 8]),
        "127.0.0.1: Error reading HTTP response body: …",
    ),
    (
        "gzip with another sum",
        "example.com",
        HTTP,
        |_| gzip(&[&packed()[..packed().len() - 8], &[0; 8]].concat()),
        "127.0.0.1: Error reading HTTP response body: gzip: invalid checksum",
    ),
    (
        "gzip and something more",
        "example.com",
        HTTP,
        |_| gzip(&[packed().as_slice(), b"x"].concat()),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "gzip of nothing",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
        "got \"\"",
    ),
    ("gzip and no body", "example.com", HTTP, |_| gzip(b""), "got \"\""),
    (
        "gzip of much",
        "example.com",
        HTTP,
        |_| gzip(&big()),
        "127.0.0.1: Invalid response from URL: \"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\"",
    ),
    (
        "gzip that breaks off",
        "example.com",
        HTTP,
        |_| gzip(ZEROS),
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "deflate",
        "example.com",
        HTTP,
        |_| answer("200 OK", "Content-Encoding: deflate\r\n", b"\x01\x02"),
        "got \"\\x01\\x02\"",
    ),
    (
        "another coding",
        "example.com",
        HTTP,
        |_| answer("200 OK", "Content-Encoding: br\r\n", EXPECTED.as_bytes()),
        CONTENT,
    ),
    (
        "only an identity coding",
        "example.com",
        HTTP,
        |_| answer("200 OK", "Content-Encoding: identity\r\n", EXPECTED.as_bytes()),
        CONTENT,
    ),
];

/// A million zeros, packed by gzip.
fn big() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &[b'0'; 1_000_000]).expect("memory");
    gzip.finish().expect("memory")
}

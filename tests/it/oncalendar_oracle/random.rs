//! Random calendar expressions and time spans.

/// A small generator, so that a seed gives the same expressions everywhere.
pub struct Random(pub u64);

impl Random {
    /// A number below another one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Once in so many times.
    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// One of some words.
    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

/// An expression; `exact` ones have fractions of seconds and abbreviations of zones, too.
pub fn expression(random: &mut Random, exact: bool) -> String {
    let mut text = if random.one_in(12) {
        let words = [
            "minutely",
            "Hourly",
            "daily",
            "weekly",
            "monthly",
            "yearly",
            "quarterly",
            "semi-annually",
            "@1900000000",
            "@ 5",
        ];
        random.pick(&words).to_owned()
    } else {
        let mut parts = Vec::new();
        if random.one_in(4) {
            let days = [
                "Mon",
                "tue..Thu",
                "Sat,Sun",
                "Mon..Fri",
                "Friday",
                "Wed-Sat,Mon",
                "Mon,",
                "Sun..Mon",
                "Thu..Thu",
            ];
            parts.push(random.pick(&days).to_owned());
        }
        if random.one_in(2) {
            let dash = if random.one_in(5) { "~" } else { "-" };
            let date = format!(
                "{}{dash}{}",
                chain(random, 1, 12),
                chain(random, 1, if dash == "~" { 28 } else { 31 })
            );
            parts.push(match random.below(4) {
                0 => date,
                1 => format!("{}-{date}", chain(random, 2011, 2035)),
                _ => format!("*-{date}"),
            });
        }
        if !random.one_in(4) {
            let time = format!(
                "{}:{}",
                if random.one_in(2) { chain(random, 0, 4) } else { chain(random, 0, 23) },
                chain(random, 0, 59)
            );
            parts.push(match random.below(3) {
                0 if exact => format!("{time}:{}", seconds_chain(random)),
                0 => format!("{time}:{}", chain(random, 0, 59)),
                _ => time,
            });
        }
        parts.join(" ")
    };
    if random.one_in(6) {
        text += random.pick(&[
            " UTC",
            " utc",
            " Europe/Berlin",
            " America/Sao_Paulo",
            " Asia/Tokyo",
            " europe/berlin",
            " Nowhere",
        ]);
    }
    if exact && random.one_in(20) {
        text +=
            random.pick(&[" CET", " CEST", " EST", " edt", " GMT", " IST", " +01", " -03", " CDT", " NZDT"]);
    }
    if random.one_in(6) {
        mutate(random, &mut text);
    }
    // The expressions of one call are told apart by their text.
    if text.is_empty() { "*-*-*".to_owned() } else { text }
}

/// Items of a field, now and then out of its range.
fn chain(random: &mut Random, low: u64, high: u64) -> String {
    if random.one_in(3) {
        return "*".to_owned();
    }
    let items = 1 + if random.one_in(3) { random.below(3) } else { 0 };
    let item = |random: &mut Random| {
        let beyond = u64::from(random.one_in(20));
        let value = |random: &mut Random| low + random.below(high - low + 1 + beyond);
        let start = value(random);
        match random.below(7) {
            0 => format!("{start}..{}", start + random.below(6)),
            1 => format!("{start}/{}", 1 + random.below(8)),
            // Often past the end.
            3 => format!("{}/{}", low + random.below(3), 1 + random.below(high)),
            2 => format!("{start}..{}/{}", start + random.below(9), 1 + random.below(4)),
            _ => format!("{start:02}"),
        }
    };
    (0..items).map(|_| item(random)).collect::<Vec<_>>().join(",")
}

/// Seconds with fractions.
fn seconds_chain(random: &mut Random) -> String {
    let value = |random: &mut Random, below: u64| {
        let whole = random.below(below);
        match random.below(3) {
            0 => format!("{whole}.{}", random.below(1000)),
            1 => format!("{whole}.{:06}", random.below(1_000_000)),
            _ => format!("{whole}"),
        }
    };
    let item = |random: &mut Random| match random.below(4) {
        0 => format!("{}/{}", value(random, 20), value(random, 30)),
        1 => format!("{}..{}/{}", value(random, 20), value(random, 60), value(random, 9)),
        2 => format!("{}..{}", value(random, 20), value(random, 60)),
        _ => value(random, 60),
    };
    (0..=random.below(2)).map(|_| item(random)).collect::<Vec<_>>().join(",")
}

/// Takes out, doubles or puts in a character.
fn mutate(random: &mut Random, text: &mut String) {
    let at = usize::try_from(random.below(text.len() as u64 + 1)).expect("an index");
    if random.one_in(3) && at < text.len() {
        text.remove(at);
    } else {
        let sign = random.pick(&[
            "*",
            "/",
            ",",
            "-",
            "~",
            "..",
            ".",
            ":",
            " ",
            "0",
            "7",
            "x",
            "@",
            "+",
            "99999999999",
        ]);
        text.insert_str(at, sign);
    }
}

/// A time span, or nearly one.
pub fn span(random: &mut Random) -> String {
    const PIECES: [&str; 32] = [
        "1",
        "30",
        "2.5",
        ".5",
        "0",
        "12",
        "h",
        "min",
        "s",
        "ms",
        "us",
        "M",
        "m",
        "d",
        "days",
        "weeks",
        "w",
        "y",
        "year",
        "hr",
        "sec",
        "msec",
        "usec",
        " ",
        " ",
        "\u{b}",
        "\t",
        "infinity",
        "-",
        "+",
        ".",
        "9999999999999",
    ];
    (0..=random.below(5)).map(|_| random.pick(&PIECES)).collect()
}

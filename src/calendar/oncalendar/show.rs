//! The normalized form, as `systemd-analyze calendar` prints it.

use std::fmt::{Formatter, Result, Write};

use super::Parts;
use super::chain::{Chain, Component};

const SECOND: i64 = 1_000_000;
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Writes all but the time zone.
pub(super) fn write(f: &mut Formatter<'_>, parts: &Parts) -> Result {
    if parts.weekdays != 0 {
        weekdays(f, parts.weekdays)?;
        f.write_char(' ')?;
    }
    chain(f, &parts.year, 4, 1)?;
    f.write_char('-')?;
    chain(f, &parts.month, 2, 1)?;
    f.write_char(if parts.from_the_end { '~' } else { '-' })?;
    chain(f, &parts.day, 2, 1)?;
    f.write_char(' ')?;
    chain(f, &parts.hour, 2, 1)?;
    f.write_char(':')?;
    chain(f, &parts.minute, 2, 1)?;
    f.write_char(':')?;
    chain(f, &parts.micro, 2, SECOND)
}

/// Runs of three days and more as ranges, others with commas.
fn weekdays(f: &mut Formatter<'_>, bits: u8) -> Result {
    let name = |day: u32| NAMES.get(usize::try_from(day).unwrap_or(0)).copied().unwrap_or_default();
    let mut left = u32::from(bits);
    let mut comma = "";
    while left != 0 {
        let first = left.trailing_zeros();
        let run = (left >> first).trailing_ones();
        write!(f, "{comma}{}", name(first))?;
        if run > 1 {
            write!(f, "{}{}", if run > 2 { ".." } else { "," }, name(first + run - 1))?;
        }
        comma = ",";
        left &= !(((1 << run) - 1) << first);
    }
    Ok(())
}

/// One part; `unit` is what its numbers are counted in.
fn chain(f: &mut Formatter<'_>, chain: &Chain, width: usize, unit: i64) -> Result {
    let every = |c: &Component| unit > 1 && c.start == 0 && c.stop < 0 && c.repeat == unit;
    if chain.is_empty() || chain.iter().any(every) {
        return f.write_char('*');
    }
    for (i, component) in chain.iter().enumerate() {
        if i > 0 {
            f.write_char(',')?;
        }
        number(f, component.start, width, unit)?;
        if component.stop > 0 {
            f.write_str("..")?;
            number(f, component.stop, width, unit)?;
        }
        if component.repeat > 0 && !(component.stop > 0 && component.repeat == unit) {
            f.write_char('/')?;
            number(f, component.repeat, 1, unit)?;
        }
    }
    Ok(())
}

fn number(f: &mut Formatter<'_>, value: i64, width: usize, unit: i64) -> Result {
    write!(f, "{:0width$}", value / unit)?;
    if value % unit > 0 { write!(f, ".{:06}", value % unit) } else { Ok(()) }
}

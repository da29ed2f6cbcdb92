//! One part of an expression: values, ranges and repetitions.

/// `start`, `start..stop`, `start/repeat` or `start..stop/repeat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Component {
    pub start: i64,
    /// -1 for none, which sorts first.
    pub stop: i64,
    /// 0 for none.
    pub repeat: i64,
}

/// Components; none of them stands for `*`.
pub(super) type Chain = Vec<Component>;

impl Component {
    /// A single value.
    pub const fn one(start: i64) -> Self {
        Self { start, stop: -1, repeat: 0 }
    }

    /// The first value at or after `from`.
    pub fn from(&self, from: i64) -> Option<i64> {
        if self.start >= from {
            return Some(self.start);
        }
        if self.repeat <= 0 {
            return None;
        }
        let steps = (from - self.start + self.repeat - 1) / self.repeat;
        let value = self.start + self.repeat * steps;
        (self.stop < 0 || value <= self.stop).then_some(value)
    }

    /// A range ends at its last value, and one of a single value is that value.
    fn normalized(mut self) -> Self {
        if self.stop > self.start && self.repeat > 0 {
            self.stop -= (self.stop - self.start) % self.repeat;
        }
        let once = self.stop > self.start && self.repeat > 0 && self.start + self.repeat > self.stop;
        if once || self.start == self.stop { Self::one(self.start) } else { self }
    }

    /// Whether all of it lies within the bounds; of days counted from a month's end the repetition goes down.
    fn valid(&self, from: i64, to: i64, from_the_end: bool) -> bool {
        let begins = (from..=to).contains(&self.start) && self.repeat <= to - from;
        let ends = match self.stop {
            0.. => (from..=to).contains(&self.stop) && self.start + self.repeat <= self.stop,
            _ if from_the_end => self.start - self.repeat >= from,
            _ => self.start + self.repeat <= to,
        };
        begins && ends
    }
}

/// Sorts, and drops what stands there twice.
pub(super) fn normalize(chain: &mut Chain) {
    for component in chain.iter_mut() {
        *component = component.normalized();
    }
    chain.sort_unstable();
    chain.dedup();
}

/// Whether every component lies within the bounds.
///
/// Of days counted from a month's end only twenty-eight are sure; systemd 252 takes three off for each component.
pub(super) fn valid(chain: &Chain, from: i64, to: i64, from_the_end: bool) -> bool {
    let less = if from_the_end { 3 } else { 0 };
    let tos = (1..).map(|n| to - n * less);
    chain.iter().zip(tos).all(|(component, to)| component.valid(from, to, from_the_end))
}

/// The first value at or after `from`; any value matches `*`.
pub(super) fn next(chain: &Chain, from: i64) -> Option<i64> {
    if chain.is_empty() {
        return Some(from);
    }
    chain.iter().filter_map(|component| component.from(from)).min()
}

/// The values up to 63 as bits.
pub(super) fn bits(chain: &Chain, low: u32, high: u32) -> u64 {
    (low..=high)
        .filter(|value| next(chain, i64::from(*value)) == Some(i64::from(*value)))
        .fold(0, |bits, value| bits | 1 << value)
}

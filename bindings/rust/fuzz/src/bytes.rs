//! Choices, taken from an input. When its bytes have run out all of them are 0.

pub struct Bytes<'a> {
    left: &'a [u8],
    /// In how many of 256 choices between right and wrong something wrong is chosen.
    pub wrong: u8,
}

impl<'a> Bytes<'a> {
    pub fn new(left: &'a [u8]) -> Bytes<'a> {
        Bytes { left, wrong: 0 }
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        first
    }

    pub fn ended(&self) -> bool {
        self.left.is_empty()
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { usize::from(self.byte()) % n }
    }

    /// True in `n` of 256 choices.
    pub fn chance(&mut self, n: u8) -> bool {
        self.byte() > 255 - n
    }

    pub fn is_wrong(&mut self) -> bool {
        self.wrong != 0 && self.chance(self.wrong)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }

    /// A number that is mostly small, sometimes at the end of a range, sometimes anything.
    pub fn number(&mut self) -> i64 {
        const ENDS: [i64; 16] = [
            0,
            -1,
            1,
            127,
            128,
            255,
            32767,
            65535,
            65536,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            -0x8000_0000,
            i64::MAX,
            i64::MIN,
            1 << 46,
        ];
        match self.below(4) {
            0 => ENDS[self.below(16)],
            1 => (0..8).fold(0, |n, _| n << 8 | i64::from(self.byte())),
            _ => i64::from(self.byte()) - 64,
        }
    }

    pub fn text(&mut self) -> String {
        const TEXTS: [&str; 12] =
            ["", "f", "g", "x", "main", "memcpy", "a\0b", "ü", ".text", "a b\"\\\n", "f@V1", "f@@V1"];
        let text = TEXTS[self.below(12)];
        if self.chance(8) { text.repeat(300) } else { text.to_string() }
    }
}

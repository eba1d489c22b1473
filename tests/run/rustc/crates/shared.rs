//! A library whose functions, generics, statics and panics other crates use.
#![feature(f16, f128)]
use std::cell::Cell;

pub static NAMES: [&str; 3] = ["red", "green", "blue"];
thread_local! {
    pub static CALLS: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Color {
    Named(u8),
    Rgb { r: u8, g: u8, b: u8 },
    Wide(u128),
}

pub trait Mix {
    fn mix(&self, other: &dyn Mix) -> u64;
    fn weight(&self) -> u64;
}
impl Mix for Color {
    fn mix(&self, other: &dyn Mix) -> u64 {
        self.weight() * 1000 + other.weight()
    }
    fn weight(&self) -> u64 {
        match *self {
            Color::Named(n) => u64::from(n),
            Color::Rgb { r, g, b } => u64::from(r) << 16 | u64::from(g) << 8 | u64::from(b),
            Color::Wide(w) => (w >> 64) as u64,
        }
    }
}

pub fn small(bytes: [u8; 3], pair: (u8, u64), text: &str) -> ([u8; 3], (u64, u8), Option<char>) {
    CALLS.set(CALLS.get() + 1);
    ([bytes[2], bytes[1], bytes[0]], (pair.1, pair.0), text.chars().next())
}

pub fn wide(a: u128, b: i128, f: (f32, f64)) -> (u128, f64, [u16; 20]) {
    CALLS.set(CALLS.get() + 1);
    (a.wrapping_mul(b as u128), f64::from(f.0) + f.1, [a as u16; 20])
}

pub fn apply<T: Copy, R>(value: T, times: usize, f: impl Fn(T, usize) -> R) -> Vec<R> {
    (0..times).map(|i| f(value, i)).collect()
}

pub struct Guard<'a>(pub &'a Cell<u32>);
impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

// A function of no library, which the linker does not miss if it drops what calls it.
unsafe extern "C" {
    fn is_nowhere();
}
pub fn needs_what_is_nowhere() {
    unsafe { is_nowhere() }
}

#[track_caller]
pub fn checked(n: u32, drops: &Cell<u32>, f: &dyn Fn(u32) -> u32) -> u32 {
    let _guard = Guard(drops);
    assert!(n < 5, "{n} is too large");
    f(n)
}

/// f16 and f128 as arguments and results, of Rust's calls and of C's.
pub mod small_and_large {
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct S {
        pub a: f16,
        pub b: f16,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Q {
        pub a: f128,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct M {
        pub a: f16,
        pub b: f64,
    }
    #[inline(never)]
    pub fn h(a: f16, b: f16) -> (f16, f16) {
        (a + b, a - b)
    }
    #[inline(never)]
    pub extern "C" fn hc(a: f16, n: u8, b: f16) -> f16 {
        a * b + n as f16
    }
    #[inline(never)]
    pub extern "C" fn q(a: f128, n: u8, b: f128) -> f128 {
        a * b + n as f128
    }
    #[inline(never)]
    pub fn qr(a: f128, b: f16) -> (f128, f16) {
        (a + b as f128, b)
    }
    #[inline(never)]
    pub extern "C" fn s(s: S, q: Q, m: M) -> S {
        S { a: s.a + m.a, b: s.b + q.a as f16 + m.b as f16 }
    }
    #[inline(never)]
    pub extern "C" fn qq(s: S, q: Q, m: M) -> Q {
        Q { a: q.a + s.a as f128 + m.b as f128 }
    }
    #[inline(never)]
    pub extern "C" fn mm(m: M) -> M {
        M { a: m.a + 1.0, b: m.b * 2.0 }
    }
    #[inline(never)]
    pub fn many(a: [f16; 3], b: Option<f16>, c: Option<f128>, d: &f16) -> (Option<f16>, f128) {
        (b.map(|x| x + a[1] + *d), c.unwrap_or(7.0))
    }
    #[inline(never)]
    pub extern "C" fn ten(
        a: f16,
        b: f16,
        c: f16,
        d: f16,
        e: f16,
        f: f16,
        g: f16,
        h: f16,
        i: f16,
        j: f128,
        k: f16,
    ) -> f128 {
        (a + b * c - d + e + f - g * h + i) as f128 * j + k as f128
    }
}

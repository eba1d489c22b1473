//! A library whose functions, generics, statics and panics other crates use.
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

#[track_caller]
pub fn checked(n: u32, drops: &Cell<u32>, f: &dyn Fn(u32) -> u32) -> u32 {
    let _guard = Guard(drops);
    assert!(n < 5, "{n} is too large");
    f(n)
}

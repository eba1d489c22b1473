//! What rustc makes of Rust: checks, enums, closures, slices, i128, trait objects and their debug information.
#![crate_type = "lib"]
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Dot,
    Line(u8, i64),
    Named { name: String, at: Option<(f32, f64)> },
}

pub trait Area {
    fn area(&self) -> Option<i128>;
}

impl Area for Shape {
    fn area(&self) -> Option<i128> {
        match self {
            Shape::Dot => None,
            Shape::Line(a, b) => (*a as i128).checked_mul(*b as i128),
            Shape::Named { name, at } => at.map(|(x, y)| (x as f64 * y) as i128 + name.len() as i128),
        }
    }
}

pub fn total(all: &[Box<dyn Area>]) -> i128 {
    all.iter().filter_map(|a| a.area()).fold(0, |sum, a| sum.wrapping_add(a))
}

pub fn words(text: &str) -> BTreeMap<&str, usize> {
    let mut out = BTreeMap::new();
    for word in text.split_whitespace() {
        *out.entry(word).or_insert(0) += 1;
    }
    out
}

pub fn parse(text: &str) -> Result<u16, std::num::ParseIntError> {
    Ok(text.trim().parse::<u16>()?.saturating_sub(3).rotate_left(2))
}

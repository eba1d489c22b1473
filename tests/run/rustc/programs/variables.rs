//! Variables of all kinds, for a debugger.
#![feature(rustc_attrs)]
#![allow(internal_features)]
use std::collections::BTreeMap;
use std::fmt::Display;

#[derive(Debug, Clone, PartialEq)]
struct Point<T> {
    x: T,
    y: T,
}
#[derive(Debug, Clone, Copy)]
enum Mode {
    Slow = -3,
    Fast = 40,
}
#[derive(Debug)]
enum Shape {
    Circle { r: f64 },
    Rect(u32, u32),
    Empty,
}
static COUNT: u64 = 77;

impl Point<i32> {
    fn sum(&self, factor: i32) -> i32 {
        let both = self.x + self.y;
        both * factor
    }
}
impl Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", *self as i32)
    }
}

#[allow(clippy::too_many_arguments)]
fn look(
    text: &str,
    list: &[i32],
    boxed: Option<Box<i32>>,
    shape: &Shape,
    pair: (u8, Point<f32>),
    object: &dyn Display,
    flag: bool,
    letter: char,
) -> usize {
    let n = list.len();
    let owned = String::from("owned");
    let bytes = vec![1u8, 2, 3];
    let table = [10u16, 20, 30];
    let result: Result<i32, String> = Err("bad".to_string());
    let niche = Some(std::num::NonZeroU32::new(9).unwrap());
    let wide = -5i128;
    let mode = Mode::Fast;
    let map: BTreeMap<u8, &str> = BTreeMap::from([(1, "one")]);
    let add = |more: usize| more + n;
    let pointer: fn(&Point<i32>, i32) -> i32 = Point::sum;
    for i in 0..1usize {
        let twice = i * 2;
        std::hint::black_box(twice); // break here
        println!("{twice} {text} {owned} {bytes:?} {table:?} {result:?} {niche:?}");
    }
    println!("{boxed:?} {shape:?} {pair:?} {object} {flag} {letter} {wide} {mode:?} {map:?} {COUNT}");
    println!("{}", pointer(&Point { x: 1, y: 2 }, 3));
    add(3)
}

// rustc inlines this one, and the code generator the next.
#[rustc_force_inline]
fn half(sum: i32) -> i32 {
    let result = sum / 2;
    std::hint::black_box(result); // break here
    result
}

#[inline(always)]
fn middle(a: i32, b: i32) -> i32 {
    let sum = a + b;
    half(sum)
}

// The bits are only compared with 0; a statement of the inlined function is between.
#[inline(always)]
fn low_bits(a: usize) -> usize {
    31 & a
}

#[inline(never)]
fn aligned(a: usize) -> usize {
    assert!(low_bits(a) == 0);
    a + 1
}

// Something is dropped if a call panics, so blocks for that are among those of the loops.
fn sorted(mut list: Vec<u32>) -> Vec<u32> {
    let mut i = 1; // break here
    while i < list.len() {
        let mut k = i;
        while k > 0 && list[k - 1] > list[k] {
            list.swap(k - 1, k);
            k -= 1;
        }
        i += 1;
    }
    list
}

fn main() {
    let shapes = [Shape::Circle { r: 1.5 }, Shape::Rect(3, 4), Shape::Empty];
    for shape in &shapes {
        let pair = (1, Point { x: 0.5, y: -0.5 });
        let total = look("abc", &[7, 8, 9], Some(Box::new(5)), shape, pair, &Mode::Slow, true, 'é');
        println!("{total}");
    }
    let between = middle(3, 9);
    println!("{between}");
    println!("{:?}", sorted(vec![3, 1, 2]));
    println!("{}", aligned(aligned(64) - 1));
}

//! The program by which `kiln cargo --setup` tries a compiler that Kiln was not tested with: the driver compiles it, and
//! it checks its results itself. It has what calls most of the code generator: numbers of all sizes, layouts, trait
//! objects, generics, closures, unwinding, threads, formatting and assembly.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Display};
use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    None,
    Circle { radius: f64 },
    Polygon(Vec<(i16, i16)>),
    Named(String, Option<Box<Shape>>),
}

trait Area: Debug {
    fn area(&self) -> f64;
    fn twice(&self) -> f64 {
        2.0 * self.area()
    }
}

impl Area for Shape {
    fn area(&self) -> f64 {
        match self {
            Shape::None => 0.0,
            Shape::Circle { radius } => radius * radius * 3.0,
            Shape::Polygon(points) => {
                let next = points.iter().cycle().skip(1);
                let sum: i32 = points
                    .iter()
                    .zip(next)
                    .map(|(a, b)| i32::from(a.0) * i32::from(b.1) - i32::from(b.0) * i32::from(a.1))
                    .sum();
                f64::from(sum.abs()) / 2.0
            }
            Shape::Named(_, inner) => inner.as_ref().map_or(-1.0, |shape| shape.area()),
        }
    }
}

/// Counts how many of them are gone.
struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn sum_of<T: Copy + Into<i128>, const N: usize>(values: [T; N]) -> i128 {
    values.iter().fold(0, |sum, &value| sum + value.into())
}

fn shown(value: &(impl Display + ?Sized)) -> String {
    format!("[{value:>8}]")
}

fn numbers() {
    assert_eq!(sum_of([i8::MIN, 5, i8::MAX]), 4);
    assert_eq!(sum_of([u64::MAX, 1]), 1 << 64);
    assert_eq!(black_box(7u128 << 90) / black_box(3 << 40), 2627099782632789);
    assert_eq!(black_box(i128::MIN) >> 100, -(1 << 27));
    assert_eq!(black_box(-7i32).rem_euclid(black_box(4)), 1);
    assert_eq!(black_box(200u8).checked_add(black_box(100)), None);
    assert_eq!(black_box(200u8).wrapping_mul(black_box(3)), 88);
    assert_eq!(black_box(0x0123_4567_89ab_cdefu64).swap_bytes().rotate_left(36).leading_zeros(), 1);
    assert_eq!(black_box(1e10f32) as i16, i16::MAX);
    assert_eq!(black_box(f64::NAN) as u64, 0);
    assert_eq!((black_box(2.0f64).sqrt() * 1e6) as i64, 1414213);
    assert_eq!(shown(&black_box(-2.5f32)), "[    -2.5]");
    assert_eq!(shown("text"), "[    text]");
}

fn values() {
    let square = Shape::Polygon(vec![(0, 0), (3, 0), (3, 3), (0, 3)]);
    let shapes: Vec<Box<dyn Area>> = vec![
        Box::new(Shape::None),
        Box::new(Shape::Circle { radius: 2.0 }),
        Box::new(square.clone()),
        Box::new(Shape::Named("outer".to_string(), Some(Box::new(square.clone())))),
    ];
    assert_eq!(shapes.iter().map(|shape| shape.twice()).collect::<Vec<_>>(), [0.0, 24.0, 18.0, 18.0]);
    assert_eq!(format!("{:?}", shapes[1]), "Circle { radius: 2.0 }");
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for word in "the quick fox and the slow fox and the end".split(' ') {
        *words.entry(word).or_default() += 1;
    }
    assert_eq!(words.iter().max_by_key(|&(_, n)| n), Some((&"the", &3)));
    let lengths: HashMap<char, String> =
        words.keys().map(|word| (word.chars().last().unwrap(), word.to_uppercase())).collect();
    assert_eq!(lengths[&'k'], "QUICK");
    let mut sorted: Vec<_> = (0..1000u32).map(|i| i.wrapping_mul(2_654_435_761) % 1000).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    assert!(sorted.windows(2).all(|pair| pair[0] >= pair[1]));
}

fn unwinding() {
    let gone = Arc::new(AtomicU64::new(0));
    let at = |index: usize| {
        let _one = Dropped(gone.clone());
        let values = vec![Dropped(gone.clone()), Dropped(gone.clone())];
        black_box(&values)[index].0.load(Ordering::SeqCst)
    };
    assert_eq!(at(1), 0);
    panic::set_hook(Box::new(|_| {}));
    let caught = panic::catch_unwind(AssertUnwindSafe(|| at(black_box(2))));
    let _ = panic::take_hook();
    let text = caught.unwrap_err();
    assert!(text.downcast_ref::<String>().unwrap().contains("index out of bounds"));
    assert_eq!(gone.load(Ordering::SeqCst), 6);
}

fn threads() {
    thread_local!(static OWN: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
    let total = Arc::new(Mutex::new(0u64));
    let (sender, receiver) = mpsc::channel();
    let all: Vec<_> = (0..4u64)
        .map(|i| {
            let (total, sender) = (total.clone(), sender.clone());
            thread::spawn(move || {
                OWN.set(OWN.get() + i as u32);
                *total.lock().unwrap() += i;
                sender.send(OWN.get()).unwrap();
            })
        })
        .collect();
    for one in all {
        one.join().unwrap();
    }
    drop(sender);
    assert_eq!(receiver.iter().sum::<u32>(), 10);
    assert_eq!((*total.lock().unwrap(), OWN.get()), (6, 1));
}

fn assembly() {
    let mut value: u64 = black_box(20);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it changes the operand alone.
    unsafe {
        std::arch::asm!("lea {0}, [{0} + 2]", inout(reg) value);
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: it changes the operand alone.
    unsafe {
        std::arch::asm!("add {0}, {0}, #2", inout(reg) value);
    }
    assert_eq!(value, 22);
}

fn main() {
    numbers();
    values();
    unwinding();
    threads();
    assembly();
}

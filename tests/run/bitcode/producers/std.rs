// What Rust programs are made of: collections, strings, formatting, closures, traits, iterators,
// 128-bit integers, floats, threads. Prints what it computes; the sums depend on every step.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU64, AtomicU8, AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex, RwLock};
use std::thread;

// A generator of its own: results must not change from run to run.
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

// ---- traits and enums ----

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        String::from("shape")
    }
}
struct Circle(f64);
struct Rect {
    w: f32,
    h: f32,
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
    fn name(&self) -> String {
        format!("circle of {:.2}", self.0)
    }
}
impl Shape for Rect {
    fn area(&self) -> f64 {
        (self.w * self.h) as f64
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Op(char),
    Open,
    Close,
    Name { text: String, at: usize },
}

#[derive(Debug)]
enum Error {
    Unexpected(char, usize),
    Parse(std::num::ParseFloatError),
    End,
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Unexpected(c, at) => write!(f, "unexpected {:?} at {}", c, at),
            Error::Parse(e) => write!(f, "{}", e),
            Error::End => f.write_str("unexpected end"),
        }
    }
}
impl From<std::num::ParseFloatError> for Error {
    fn from(e: std::num::ParseFloatError) -> Self {
        Error::Parse(e)
    }
}

fn tokens(s: &str) -> Result<Vec<Token>, Error> {
    let chars: Vec<char> = s.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        match c {
            ' ' => i += 1,
            '0'..='9' | '.' => {
                let from = i;
                while i < chars.len() && (chars[i].is_ascii_digit() || chars[i] == '.') {
                    i += 1;
                }
                out.push(Token::Number(chars[from..i].iter().collect::<String>().parse()?));
            }
            '+' | '-' | '*' | '/' => {
                out.push(Token::Op(c));
                i += 1;
            }
            '(' => {
                out.push(Token::Open);
                i += 1;
            }
            ')' => {
                out.push(Token::Close);
                i += 1;
            }
            c if c.is_alphabetic() => {
                let at = i;
                let mut text = String::new();
                while i < chars.len() && chars[i].is_alphanumeric() {
                    text.push(chars[i]);
                    i += 1;
                }
                out.push(Token::Name { text, at });
            }
            _ => return Err(Error::Unexpected(c, i)),
        }
    }
    Ok(out)
}

fn primary(t: &mut VecDeque<Token>, names: &BTreeMap<&str, f64>) -> Result<f64, Error> {
    match t.pop_front().ok_or(Error::End)? {
        Token::Number(n) => Ok(n),
        Token::Op('-') => Ok(-primary(t, names)?),
        Token::Open => {
            let v = sum(t, names)?;
            match t.pop_front() {
                Some(Token::Close) => Ok(v),
                _ => Err(Error::End),
            }
        }
        Token::Name { text, at } => names
            .get(text.as_str())
            .copied()
            .ok_or_else(|| Error::Unexpected(text.chars().next().unwrap(), at)),
        Token::Op(c) => Err(Error::Unexpected(c, 0)),
        Token::Close => Err(Error::Unexpected(')', 0)),
    }
}
fn product(t: &mut VecDeque<Token>, names: &BTreeMap<&str, f64>) -> Result<f64, Error> {
    let mut v = primary(t, names)?;
    while let Some(Token::Op(c @ ('*' | '/'))) = t.front().cloned() {
        t.pop_front();
        let w = primary(t, names)?;
        v = if c == '*' { v * w } else { v / w };
    }
    Ok(v)
}
fn sum(t: &mut VecDeque<Token>, names: &BTreeMap<&str, f64>) -> Result<f64, Error> {
    let mut v = product(t, names)?;
    while let Some(Token::Op(c @ ('+' | '-'))) = t.front().cloned() {
        t.pop_front();
        let w = product(t, names)?;
        v = if c == '+' { v + w } else { v - w };
    }
    Ok(v)
}

fn calculator() {
    let names: BTreeMap<&str, f64> = [("pi", 3.25), ("two", 2.0)].into_iter().collect();
    for s in ["1 + 2 * 3", "(1+2)*3 - -4/8", "pi * two", "1..2", "2 $ 3", "nine", "(1", "7/0-1/0"] {
        match tokens(s).and_then(|t| sum(&mut t.into(), &names)) {
            Ok(v) => println!("{} = {}", s, v),
            Err(e) => println!("{}: {} ({:?})", s, e, e),
        }
    }
}

// ---- collections ----

fn collections() {
    let mut r = Random(88172645463325252);
    let numbers: Vec<u64> = (0..2000).map(|_| r.next() % 1000).collect();
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    for n in &numbers {
        *counts.entry(*n).or_insert(0) += 1;
    }
    let mut most: Vec<(u64, u32)> = counts.iter().map(|(a, b)| (*a, *b)).collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    println!("{:?}", &most[..5]);
    let tree: BTreeMap<u64, Vec<usize>> =
        numbers.iter().enumerate().fold(BTreeMap::new(), |mut m, (i, n)| {
            m.entry(*n).or_insert_with(Vec::new).push(i);
            m
        });
    println!("{:?}", tree.range(500..503).collect::<Vec<_>>());
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    println!("{} {:?} {:?}", sorted.len(), sorted.binary_search(&500), sorted.iter().rev().nth(3));
    let mut heap: BinaryHeap<_> = numbers.iter().take(50).collect();
    let mut top = Vec::new();
    while let Some(n) = heap.pop() {
        top.push(*n);
        if top.len() == 6 {
            break;
        }
    }
    println!("{:?}", top);
    let a: BTreeSet<u64> = numbers[..500].iter().copied().collect();
    let b: BTreeSet<u64> = numbers[500..].iter().copied().collect();
    println!("{}", a.iter().filter(|n| b.contains(n)).map(|n| n * n).sum::<u64>());
    let mut d: VecDeque<i32> = (1..=10).collect();
    d.rotate_left(3);
    d.push_front(-1);
    println!("{:?} {:?}", d, d.iter().step_by(3).collect::<Vec<_>>());
    let windows: Vec<u64> = numbers.windows(3).map(|w| w.iter().max().unwrap() - w[1]).collect();
    println!("{}", windows.chunks(7).map(|c| c.iter().product::<u64>() % 1009).sum::<u64>());
    let (even, odd): (Vec<u64>, Vec<u64>) = numbers.iter().partition(|n| *n % 2 == 0);
    println!("{} {} {:?}", even.len(), odd.len(), even.iter().zip(&odd).max_by_key(|(a, b)| *a ^ *b));
}

// ---- text ----

fn text() {
    let s = "Der Käse läuft über die Straße, naïve 日本語 text 🦀";
    println!("{} {} {:?}", s.len(), s.chars().count(), s.char_indices().nth(10));
    println!("{}", s.to_uppercase());
    println!("{}", s.split_whitespace().rev().collect::<Vec<_>>().join("-"));
    println!("{:?} {:?}", s.find("über"), s.rfind('e'));
    println!("{:?}", s.bytes().fold(0u32, |a, b| a.rotate_left(5) ^ b as u32));
    println!("[{:>8}] [{:<8}] [{:^8}] [{:*^9}] [{:+}] [{:#x}] [{:#010b}] [{:e}]", 42, -7, "mid", 'x', 5, 255, 5, 1234.5);
    println!("{:8.3} {:<8.1}| {:?} {:?} {}", 3.14159, 2.71828, 0.1 + 0.2, 1e21, f32::MAX);
    println!("{:?} {:?}", "a\tb\"c\u{1f980}\n", 'ß');
    println!("{:#?}", Token::Name { text: "x".to_string(), at: 3 });
    for t in ["12", "-9", "300", "0x1", "", "99999999999999999999"] {
        println!("{:?} {:?} {:?}", t.parse::<u8>(), t.parse::<i64>().ok(), t.parse::<f32>().ok());
    }
    println!("{}", "x=1;y=22;z".split(';').map(|p| p.split_once('=').unwrap_or((p, "?")).1).collect::<String>());
}

// ---- numbers ----

#[inline(never)]
fn power(b: u128, e: u32, m: u128) -> u128 {
    (0..e).fold(1, |a, _| a * b % m)
}

fn numbers() {
    println!("{} {}", u128::MAX, i128::MIN);
    println!("{}", power(0x1234_5678_9abc, 37, (1 << 60) - 93));
    let f: u128 = (1..=34).product();
    println!("{} {} {:x} {}", f, f / 1_000_000_007, f % (1 << 70), f.leading_zeros());
    println!("{:?} {:?}", f.checked_mul(1000), (f as i128).checked_neg());
    println!("{:?} {:?} {:?}", 250u8.checked_add(10), 250u8.wrapping_add(10), 250u8.saturating_add(10));
    println!("{:?} {:?}", i32::MIN.overflowing_sub(1), (-7i32).rem_euclid(3));
    println!("{} {} {}", i64::MIN.wrapping_div(-1), (-128i8).wrapping_abs(), 1u16.rotate_right(1));
    println!("{:?} {:?}", i32::MAX.checked_mul(2), 5u64.checked_rem(0));
    println!("{} {} {}", 0x1234u16.swap_bytes(), 40u32.trailing_zeros(), 0xff00ffu32.count_ones());
    println!("{} {} {} {}", 300i32 as u8, -1i32 as u64, 3.99f64 as i32, -1.5f32 as u8);
    println!("{} {} {}", f64::NAN as i32, f64::INFINITY as i64, 1e20 as f32 as u32);
    println!("{} {}", u128::MAX as f32, (1u128 << 100) as f64 as u128);
    let x = 2.0f64;
    println!("{:.6} {:.6} {:.6} {:.6}", x.sqrt(), x.ln(), x.sin(), x.powf(0.3));
    println!("{} {} {} {}", 2.5f32.round(), (-2.5f64).floor(), 7.7f32.trunc(), (-0.5f64).ceil());
    println!("{} {} {}", x.mul_add(3.0, -1.0), 3.0f32.powi(5), x.hypot(3.0).max(f64::NAN));
    println!("{:?} {:?}", 1.5f64.partial_cmp(&f64::NAN), 1.5f32.total_cmp(&-0.0));
    println!("{:?} {} {}", 0.1f32.to_bits(), f64::from_bits(0x4009_21fb_5444_2d18), f32::EPSILON);
    println!("{}", (1..100).map(|i| 1.0 / (i as f32 * i as f32)).sum::<f32>());
}

// ---- closures, cells, ownership ----

struct Noisy(&'static str, Rc<RefCell<Vec<String>>>);
impl Drop for Noisy {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("drop {}", self.0));
    }
}

struct Node {
    value: i32,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
}

fn compose<A, B, C>(f: impl Fn(A) -> B, g: impl Fn(B) -> C) -> impl Fn(A) -> C {
    move |x| g(f(x))
}

fn ownership() {
    let log = Rc::new(RefCell::new(Vec::new()));
    {
        let a = Noisy("a", log.clone());
        let _b = Noisy("b", log.clone());
        let boxed: Box<dyn Fn(i32) -> i32> = Box::new(move |x| x + a.0.len() as i32);
        println!("{}", boxed(41));
        let mut v = vec![Noisy("c", log.clone()), Noisy("d", log.clone()), Noisy("e", log.clone())];
        let gone = v.swap_remove(0);
        v.truncate(1);
        std::mem::forget(gone);
    }
    println!("{:?}", log.borrow());
    let count = Cell::new(0);
    let f = compose(|x: i32| x * 2, |y: i32| {
        count.set(count.get() + y);
        format!("<{}>", y)
    });
    println!("{} {} {}", f(4), f(9), count.get());
    let mut adders: Vec<Box<dyn FnMut(u64) -> u64>> = Vec::new();
    for k in 1..4 {
        let mut total = 0;
        adders.push(Box::new(move |n| {
            total += n * k;
            total
        }));
    }
    println!("{:?}", (0..6).map(|i| adders[i % 3](i as u64)).collect::<Vec<_>>());
    let leaf = Rc::new(Node { value: 3, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![]) });
    let branch = Rc::new(Node { value: 5, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![leaf.clone()]) });
    *leaf.parent.borrow_mut() = Rc::downgrade(&branch);
    println!("{:?} {} {}", leaf.parent.borrow().upgrade().map(|p| p.value), Rc::strong_count(&leaf),
        branch.children.borrow().iter().map(|c| c.value).sum::<i32>());
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Circle(1.5)), Box::new(Rect { w: 2.5, h: 4.0 })];
    for s in &shapes {
        println!("{} {:.4}", s.name(), s.area());
    }
}

// ---- threads ----

static CALLS: AtomicUsize = AtomicUsize::new(0);
thread_local!(static MINE: Cell<u32> = const { Cell::new(7) });

fn threads() {
    let shared = Arc::new(Mutex::new(BTreeMap::new()));
    let total = Arc::new(AtomicU64::new(0));
    let flags = Arc::new([AtomicU8::new(1), AtomicU8::new(2)]);
    let (tx, rx) = mpsc::channel();
    let handles: Vec<_> = (0..4u64)
        .map(|i| {
            let (shared, total, flags, tx) = (shared.clone(), total.clone(), flags.clone(), tx.clone());
            thread::spawn(move || {
                for k in 0..100 {
                    total.fetch_add(k * i, Ordering::Relaxed);
                    CALLS.fetch_add(1, Ordering::SeqCst);
                }
                flags[(i & 1) as usize].fetch_or(1 << (i + 2), Ordering::AcqRel);
                MINE.with(|m| m.set(m.get() + i as u32));
                shared.lock().unwrap().insert(i, MINE.with(|m| m.get()));
                tx.send(i * i).unwrap();
                i + 1
            })
        })
        .collect();
    drop(tx);
    let sum: u64 = handles.into_iter().map(|h| h.join().unwrap()).sum();
    let mut squares: Vec<u64> = rx.iter().collect();
    squares.sort();
    println!("{} {:?} {:?}", sum, squares, shared.lock().unwrap());
    println!("{} {} {}", total.load(Ordering::SeqCst), CALLS.load(Ordering::SeqCst), MINE.with(|m| m.get()));
    println!("{} {}", flags[0].load(Ordering::Relaxed), flags[1].load(Ordering::Relaxed));
    let table = RwLock::new(vec![1u32; 8]);
    thread::scope(|s| {
        for i in 0..3 {
            let table = &table;
            s.spawn(move || table.write().unwrap()[i] += i as u32);
        }
    });
    println!("{:?}", table.read().unwrap());
    println!("{:?}", CALLS.compare_exchange(400, 7, Ordering::AcqRel, Ordering::Acquire));
}

// ---- large frames ----

#[inline(never)]
fn large(seed: u8, depth: u32) -> u64 {
    let mut a = [seed; 70000];
    for i in (0..a.len()).step_by(997) {
        a[i] = a[i].wrapping_mul(31).wrapping_add(i as u8);
    }
    let below = if depth > 0 { large(seed + 1, depth - 1) } else { 0 };
    a.iter().map(|b| *b as u64).sum::<u64>() + below
}

fn main() {
    calculator();
    collections();
    text();
    numbers();
    ownership();
    threads();
    println!("{}", large(3, 4));
    if std::env::args().count() > 1 {
        let v: Vec<u32> = Vec::new();
        println!("{}", v[std::env::args().count()]); // panics, which aborts
    }
    std::process::exit(3);
}

//! Objects: enumerations and their niches, traits, vtables, closures, slices, statics, generics, drops, coroutines.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::hint::black_box;
use std::num::{NonZeroI128, NonZeroU8};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Plain {
    A = -5,
    B,
    C = 1000,
}
#[derive(Debug, Clone, PartialEq)]
enum Data {
    Unit,
    Tuple(u8, i64),
    Named { text: String, flag: bool },
    Nested(Option<Option<bool>>),
    Big([u16; 9]),
}
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(u128)]
enum Wide {
    Low = 1,
    High = 1 << 100,
}
#[derive(Debug)]
enum Never {}

trait Speak {
    fn name(&self) -> String;
    fn times(&self, n: usize) -> String {
        self.name().repeat(n)
    }
}
trait Loud: Speak + Debug {
    fn shout(&self) -> String {
        self.name().to_uppercase()
    }
}
#[derive(Debug, Clone)]
struct Dog(u32);
#[derive(Debug)]
struct Cat<T>(T);
impl Speak for Dog {
    fn name(&self) -> String {
        format!("dog{}", self.0)
    }
}
impl<T: Display> Speak for Cat<T> {
    fn name(&self) -> String {
        format!("cat{}", self.0)
    }
}
impl Loud for Dog {}
impl<T: Display + Debug> Loud for Cat<T> {}

struct Noisy(&'static str);
impl Drop for Noisy {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

static TABLE: [fn(i32) -> i32; 3] = [double, |x| x + 1, i32::wrapping_neg];
static TEXTS: &[&str] = &["one", "zwei", "tri"];
static mut COUNTER: u64 = 40;
static BIG: [u8; 5000] = [7; 5000];
const EMPTY: &[u32] = &[];

fn double(x: i32) -> i32 {
    x * 2
}

fn three(a: [u8; 3], b: [u8; 5], c: (u8, u16, u8), d: [u8; 7]) -> ([u8; 3], u32, [u8; 6]) {
    let sum = a.iter().chain(&b).chain(&d).map(|&v| u32::from(v)).sum::<u32>() + u32::from(c.1);
    ([b[4], c.0, c.2], sum, [a[0], a[1], a[2], b[0], b[1], d[6]])
}

fn unsized_sum(values: Box<dyn Fn(&[i32]) -> i32 + '_>) -> i32 {
    values(&[1, 2, 3])
}

async fn add(a: u32, b: u32) -> u32 {
    let text = format!("{a}+{b}");
    Yield(false).await;
    a + b + text.len() as u32
}
struct Yield(bool);
impl Future for Yield {
    type Output = ();
    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn run<F: Future>(future: F) -> (F::Output, u32) {
    let mut future = pin!(future);
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (value, polls);
        }
    }
}

#[track_caller]
fn caller() -> (u32, u32) {
    let at = std::panic::Location::caller();
    (at.line(), at.column())
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("<{:?}>", self))
    }
}

fn main() {
    for p in black_box([Plain::A, Plain::B, Plain::C]) {
        println!("{p:?} {} {p:>6} {:?}", p as i32, p.cmp(&Plain::B));
    }
    let all = vec![
        Data::Unit,
        Data::Tuple(255, -1),
        Data::Named { text: "x".repeat(3), flag: true },
        Data::Nested(None),
        Data::Nested(Some(None)),
        Data::Nested(Some(Some(true))),
        Data::Big([9; 9]),
    ];
    for d in &black_box(all.clone()) {
        let n = match d {
            Data::Unit => 0,
            Data::Tuple(a, b) => i64::from(*a) + b,
            Data::Named { text, flag } if *flag => text.len() as i64,
            Data::Named { .. } => -1,
            Data::Nested(Some(Some(_))) => 5,
            Data::Nested(_) => 6,
            Data::Big(v) => i64::from(v.iter().sum::<u16>()),
        };
        println!("{d:?} {n} {}", all.iter().position(|x| x == d).unwrap());
    }
    println!("{:?} {}", black_box(Wide::High), black_box(Wide::High) as u128 >> 99);
    println!("{} {} {}", size_of::<Option<Box<u8>>>(), size_of::<Option<Option<bool>>>(), size_of::<Option<char>>());
    println!("{:?} {:?}", NonZeroU8::new(black_box(0)), NonZeroI128::new(black_box(-9)));
    let result: Result<u8, Never> = black_box(Ok(3));
    let Ok(value) = result;
    println!("{value}");

    let speakers: Vec<Rc<dyn Loud>> = vec![Rc::new(Dog(3)), Rc::new(Cat(1.5f32)), Rc::new(Cat("x"))];
    for s in &speakers {
        let up: &dyn Speak = &**s;
        println!("{} {} {s:?} {} {}", s.shout(), up.times(2), size_of_val(&**s), align_of_val(&**s));
    }
    let mut total = 0;
    let mut add_to = |n: i32| {
        total += n;
        total
    };
    println!("{} {}", add_to(3), add_to(4));
    let base = 10;
    println!("{}", unsized_sum(Box::new(move |v| v.iter().map(|x| x * base).sum())));
    println!("{:?}", TABLE.iter().map(|f| f(black_box(21))).collect::<Vec<_>>());
    // SAFETY: there is one thread.
    unsafe { COUNTER += 2 };
    // SAFETY: there is one thread.
    println!("{} {:?} {:?} {}", unsafe { COUNTER }, TEXTS, EMPTY, BIG.iter().map(|&b| u64::from(b)).sum::<u64>());
    println!("{:?}", three([1, 2, 3], [4, 5, 6, 7, 8], (9, 1000, 11), black_box([1; 7])));

    let _outer = Noisy("outer");
    let moved = Noisy("moved");
    let kept = if black_box(true) { Some(moved) } else { None };
    {
        let _inner = Noisy("inner");
        let list = vec![Noisy("a"), Noisy("b")];
        let mut iter = list.into_iter();
        drop(iter.next());
        println!("end of block");
    }
    drop(kept);

    let mut map: HashMap<String, Vec<u32>> = HashMap::new();
    for (i, w) in "the cat and the dog and the end".split(' ').enumerate() {
        map.entry(w.to_string()).or_default().push(i as u32);
    }
    let sorted: BTreeMap<_, _> = map.into_iter().collect();
    println!("{sorted:?}");
    let mut queue: VecDeque<_> = (0..10).collect();
    queue.rotate_left(3);
    println!("{queue:?} {:?}", queue.iter().rev().step_by(3).collect::<Vec<_>>());
    println!("{:?}", run(async { add(1, 2).await + add(30, 4).await }));
    println!("{:?} {:?}", caller(), (|| caller())());
    let words: [String; 4] = std::array::from_fn(|i| format!("{i}"));
    println!("{}", words.concat());
    let mut grid = [[0u8; 5]; 4];
    grid[black_box(2)][black_box(3)] = 9;
    println!("{grid:?} {:?}", vec![None::<u64>; 3]);
}

// Values of many types, for shown.py: at each line that a comment marks, debuggers show the variables that it names as
// `{:?}` prints them there.
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::{self, Debug};
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, RwLock};

#[derive(Debug, Clone, PartialEq)]
enum Shape<'a> {
    Empty,
    Circle(f64),
    Named { name: &'a str, sides: Option<Box<u8>> },
}

#[derive(Debug)]
struct Pair<T, U: ?Sized + 'static>(T, &'static U);

/// The program counts how often it is printed.
struct Counted(Cell<u32>);
impl Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}", "counted");
        f.pad(&text)
    }
}

/// Has no `Debug`; what is in it has.
struct Hidden<'a> {
    letters: Vec<char>,
    shape: &'a Shape<'a>,
    count: u32,
}

/// Values whose `Debug` does what a debugger has to survive.
enum Bad {
    Panics,
    Loops,
    Locks(Arc<Mutex<u8>>),
    Fails,
    Writes(usize),
}
impl Debug for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad ")?;
        match self {
            Bad::Panics => panic!("nobody reads this"),
            Bad::Loops => loop {
                std::hint::spin_loop()
            },
            Bad::Locks(mutex) => write!(f, "{}", mutex.lock().unwrap()),
            Bad::Fails => Err(fmt::Error),
            Bad::Writes(n) => (0..*n).try_for_each(|_| f.write_str("äöü")),
        }
    }
}

mod inner {
    #[derive(Debug)]
    pub struct Shape(pub u64);
}

fn generic<T: Debug + ?Sized, const N: usize>(value: &T, items: [u16; N]) -> usize {
    let pair = (items.len(), value);
    let closure = |more: &str| {
        let text = format!("{more}{}", items.len());
        text.len() // show: more text items
    };
    let length = closure("x");
    pair.0 + length // show: value items pair
}

fn borrowed(cell: &RefCell<Vec<i32>>, mutex: &Mutex<i32>) {
    let writing = cell.borrow_mut();
    let guard = mutex.lock().unwrap();
    println!("{} {}", writing.len(), guard); // show: cell mutex writing guard
}

fn floats(a: f64, b: f32, letter: char) -> f64 {
    let sum = a + f64::from(b);
    println!("{sum} {letter}"); // show: a b letter sum
    sum
}

fn bad(values: [Bad; 5], shape: &Shape<'_>) {
    let [panics, loops, locks, fails, writes] = &values;
    let Bad::Locks(mutex) = locks else { unreachable!() };
    let guard = mutex.lock();
    let hidden = Hidden { letters: vec!['a', '\''], shape, count: 2 };
    println!("{}", guard.is_ok()); // bad here
    let _ = (panics, loops, fails, writes, &hidden.letters, hidden.shape, hidden.count);
}

fn main() {
    let text = String::from("a \"quoted\" text:\n\u{e4}\u{20ac}\u{0}");
    let slice = &text[2..];
    let numbers = vec![1.0f64, 2.5e-9, -0.0, f64::NAN, 1e300];
    let part = &numbers[1..];
    let array = [Some('x'), None];
    let shapes = [Shape::Empty, Shape::Circle(1.0), Shape::Named { name: slice, sides: Some(Box::new(4)) }];
    let first = &shapes[2];
    let other = inner::Shape(u64::MAX);
    let niche: Option<&str> = None;
    let nested = Some(Some(Rc::new(5i128)));
    let cell = RefCell::new(vec![1, 2]);
    let free = Rc::new(RefCell::new("free".to_string()));
    let weak: Weak<RefCell<String>> = Rc::downgrade(&free);
    let mutex = Mutex::new(7);
    let shared = Arc::new(RwLock::new(Cell::new(3)));
    let once: OnceCell<u8> = OnceCell::new();
    let object: &dyn Debug = &shapes[1];
    let boxed: Box<dyn Debug> = Box::new(text.clone());
    let number: Box<i32> = Box::new(-9);
    let map: BTreeMap<_, _> = [("one", 1), ("two", 2)].into();
    let hash: HashMap<i32, ()> = [(4, ())].into();
    let set: BTreeSet<String> = ["b".to_string(), "a".to_string()].into();
    let deque: VecDeque<u8> = (1..4).collect();
    let pair = Pair((1u8, 'c'), "str");
    let range = 1..=5u32;
    let result: Result<u8, std::num::ParseIntError> = "x".parse();
    let pointer = std::ptr::null::<u8>();
    let duration = std::time::Duration::from_millis(1500);
    let bytes: &[u8] = b"\x00a";
    let iter = numbers[..2].iter();
    let deep: Vec<Vec<Option<String>>> = vec![vec![None, Some("d".into())]];
    let counted = Counted(Cell::new(0));
    let tuple = (1u8, "two", 3.0f32, ['4'; 2]);
    let unit = ();
    let nothing = std::marker::PhantomData::<u8>;
    let whole = u128::MAX;
    let mutable = &mut String::from("mutable");
    let wide = std::ffi::CString::new("c").unwrap();
    let path = std::path::Path::new("/tmp/x");
    let atomic = std::sync::atomic::AtomicI64::new(-3);
    let invalid = [0xffu8];
    let part_of: Result<(), Result<_, std::num::ParseIntError>> = Err(Ok(std::str::from_utf8(&invalid).unwrap_err()));
    let padded = std::str::from_utf8(&invalid).unwrap_err();
    let boxes = Pair([Box::new(1u8), Box::new(2)], "b");
    let texts = Pair(["a", "b"], "c");
    mutable.push('!'); // show: padded boxes texts text slice numbers part array shapes first other niche nested cell free weak mutex
    counted.0.set(1); // show: shared once object boxed number map hash set deque pair range result pointer duration
    mutable.push('?'); // show: bytes iter deep counted tuple unit nothing whole mutable wide path atomic part_of
    println!("{}", generic(slice, [1, 2]) + generic(&pair, [3]));
    borrowed(&cell, &mutex);
    floats(0.1, 1.5, '\u{df}');
    let lock = Arc::new(Mutex::new(1));
    bad([Bad::Panics, Bad::Loops, Bad::Locks(lock), Bad::Fails, Bad::Writes(10_000)], first);
    // What debuggers did has changed nothing: neither the locks nor the panic hook.
    println!("{:?} {:?} {}", cell.try_borrow_mut().is_ok(), mutex.try_lock().is_ok(), counted.0.get());
    let panicked = std::panic::catch_unwind(|| panic!("the hook prints this"));
    println!("{}", panicked.is_err());
    let _ = (&part, array, other, niche, nested, free, weak, &shared, once, object, &boxed, number, &map, &hash, set);
    let _ =
        (deque, range, &result, pointer, duration, bytes, iter, deep, tuple, unit, nothing, whole, wide, path, atomic);
}

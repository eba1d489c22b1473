//! Panics in closures and operators that the standard library calls, and in the library itself: for stops.py.
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Add;
use std::panic::Location;

#[track_caller]
fn tracked(n: u32) -> u32 {
    assert!(n < 100, "too large, from {}", Location::caller());
    n
}

fn checked(n: u32) -> u32 {
    if n > 3 {
        panic!("checked {n}");
    }
    n
}

#[derive(Clone, Copy, PartialEq)]
struct Odd(u32);
impl Add for Odd {
    type Output = Odd;
    fn add(self, other: Odd) -> Odd {
        assert!(other.0 != 5, "an odd sum");
        Odd(self.0 + other.0)
    }
}
impl PartialOrd for Odd {
    fn partial_cmp(&self, other: &Odd) -> Option<std::cmp::Ordering> {
        if self.0 == 7 || other.0 == 7 {
            panic!("an odd comparison");
        }
        self.0.partial_cmp(&other.0)
    }
}
impl Iterator for Odd {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.0 += 2;
        Some(checked(self.0))
    }
}

struct Loud(u32);
impl Drop for Loud {
    fn drop(&mut self) {
        if self.0 == 2 {
            panic!("a loud end");
        }
    }
}

fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    let n: u32 = text.parse()?;
    Ok(n)
}

fn numbers() -> Vec<u32> {
    (0..6).collect()
}

fn main() {
    let cases: Vec<fn()> = vec![
        || {
            numbers().get(9).unwrap();
        },
        || {
            let none: Option<u32> = numbers().into_iter().find(|n| *n > 10);
            none.expect("a number above ten");
        },
        || {
            let v: Vec<u32> = numbers().iter().map(|n| checked(*n)).collect();
            println!("{}", v.len());
        },
        || numbers().iter().for_each(|n| println!("{}", numbers()[*n as usize + 1])),
        || {
            let sum = numbers().iter().fold(0u32, |sum, n| sum + *n - 1);
            println!("{sum}");
        },
        || {
            parse("12").unwrap();
            parse("x").unwrap();
        },
        || {
            let cell = RefCell::new(1);
            let _first = cell.borrow_mut();
            *cell.borrow_mut() = 2;
        },
        || {
            let mut v = numbers();
            v.sort_by(|a, b| {
                if *a == 4 || *b == 4 {
                    panic!("sorting {a} {b}");
                }
                b.cmp(a)
            });
        },
        || {
            let map: HashMap<&str, u32> = HashMap::from([("one", 1)]);
            println!("{}", map["two"]);
        },
        || {
            let mut v = numbers();
            v.remove(6);
        },
        || println!("{}", &"grün"[0..3]),
        || {
            let n = Some(120).map(tracked);
            println!("{n:?}");
        },
        || {
            let n = None.unwrap_or_else(|| tracked(130));
            println!("{n}");
        },
        || {
            let all: Vec<Odd> = [1, 3, 5].map(Odd).to_vec();
            let sum = all.into_iter().reduce(Odd::add);
            println!("{}", sum.is_some());
        },
        || println!("{}", Odd(3) < Odd(7)),
        || println!("{:?}", Odd(1).max_by_key(|n| *n)),
        || println!("{}", Odd(1).take(9).skip(1).zip(0..).count()),
        || drop(vec![Loud(1), Loud(2), Loud(3)]),
        || {
            let mut slot = Some(Loud(2));
            slot.replace(Loud(1));
        },
        || {
            let a: [u32; 6] = std::array::from_fn(|i| checked(i as u32));
            println!("{}", a[0]);
        },
        || {
            let mut map = BTreeMap::new();
            map.entry(1).or_insert_with(|| checked(9));
        },
        || {
            let f: Box<dyn Fn(u32) -> u32> = Box::new(|n| tracked(n + 99));
            println!("{}", f(1));
        },
        || {
            let text = String::from_utf8(vec![0xff]).unwrap();
            println!("{text}");
        },
        || {
            std::thread::spawn(|| checked(8)).join().unwrap();
        },
        || {
            let v = numbers();
            let (a, b) = v.split_at(tracked(7) as usize);
            println!("{} {}", a.len(), b.len());
        },
        || {
            let mut v = numbers();
            v.retain(|n| checked(*n) > 0);
        },
        || println!("{}", numbers().chunks(0).count()),
        || println!("{}", numbers().iter().any(|n| (1..4).contains(n) && checked(n + 2) == 0)),
        || println!("{}", "a,b".split(|c| if c == 'b' { panic!("splitting") } else { c == ',' }).count()),
        || unreachable!("the end of {}", Location::caller().line()),
    ];
    for case in cases {
        let _ = std::panic::catch_unwind(case);
    }
}

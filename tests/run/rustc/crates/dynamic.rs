//! A library, static or dynamic: generic functions that both crates instantiate, statics, a thread-local variable.
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
static COUNT: AtomicU64 = AtomicU64::new(1);
thread_local! { static OWN: Cell<u64> = const { Cell::new(3) }; }
pub struct Stack<T> {
    items: Vec<T>,
}
impl<T: Clone> Stack<T> {
    pub fn new() -> Self {
        Stack { items: Vec::new() }
    }
    pub fn push(&mut self, x: T) -> &'static AtomicU64 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        self.items.push(x);
        &COUNT
    }
    pub fn last(&self) -> Option<T> {
        self.items.last().cloned()
    }
}
pub fn own() -> u64 {
    OWN.with(|o| {
        o.set(o.get() + 1);
        o.get()
    })
}
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}
pub fn fill() -> Stack<u64> {
    let mut s = Stack::new();
    for i in 0..10 {
        s.push(i);
    }
    s
}
pub trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        "shape".into()
    }
}
pub struct Square(pub f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
pub fn boxed() -> Box<dyn Shape> {
    Box::new(Square(3.0))
}
pub fn map() -> HashMap<String, u64> {
    [("a".to_string(), 1), ("b".to_string(), 2)].into()
}
#[track_caller]
pub fn here() -> u32 {
    std::panic::Location::caller().line()
}

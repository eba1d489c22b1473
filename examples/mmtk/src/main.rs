//! MMTk as the collector of code that Kiln compiles. MMTk's plan SemiSpace moves all objects at each collection, and its
//! option `stress_factor` forces a collection after so many bytes.
//!
//!     kiln-mmtk [COLLECTIONS [STRESS_BYTES]]
//!
//! Threads build trees and lists, and sum them up, until there were COLLECTIONS collections. A wrong sum, or a collection
//! that moved nothing, is an error.

mod vm;

use std::sync::atomic::Ordering;

use kiln::{AddFlags, Jit, JitOptions, Module};

/// The program. References are in roots over calls that collect.
const PROGRAM: &str = "
declare @allocate(i64) -> i64
declare @through(i64) -> i64

; A tree: each node has a number, and the nodes below it have twice that, and one more.
func @tree(i64, i64) -> i64 {
  %left = slot 8 align 8 root
  %right = slot 8 align 8 root
b0(%depth: i64, %n: i64):
  %leaf = icmp.i64 eq %depth, 0
  brif %leaf, b2, b1
b1:
  %below = sub.i64 %depth, 1
  %a = mul.i64 %n, 2
  %l = call @tree(%below, %a)
  store.i64 %l, %left
  %b = add.i64 %a, 1
  %r = call @tree(%below, %b)
  store.i64 %r, %right
  br b2
b2:
  %o = call @allocate(%n)
  %l2 = load.i64 %left
  store.i64 %l2, %o+8
  %r2 = load.i64 %right
  store.i64 %r2, %o+16
  ret %o
}

; The sum of a tree, with garbage on the way.
func @sum(i64) -> i64 {
  %t = slot 8 align 8 root
b0(%tree: i64):
  %none = icmp.i64 eq %tree, 0
  brif %none, b1, b2
b1:
  ret 0
b2:
  store.i64 %tree, %t
  %garbage = call @allocate(7)
  %t1 = load.i64 %t
  %left = load.i64 %t1+8
  %a = call @sum(%left)
  %t2 = load.i64 %t
  %right = load.i64 %t2+16
  %b = call @sum(%right)
  %t3 = load.i64 %t
  %n = load.i64 %t3
  %ab = add.i64 %a, %b
  %all = add.i64 %ab, %n
  ret %all
}

; A list of n to 1, reversed in place. The host calls @list with other frames below it.
func @list(i64) -> i64 {
  %head = slot 8 align 8 root
b0(%n: i64):
  br b1(1)
b1(%i: i64):
  %more = icmp.i64 sle %i, %n
  brif %more, b2, b3
b2:
  %o = call @allocate(%i)
  %h = load.i64 %head
  store.i64 %h, %o+16
  store.i64 %o, %head
  %i1 = add.i64 %i, 1
  br b1(%i1)
b3:
  %first = load.i64 %head
  br b4(%first, 0)
b4(%at: i64, %before: i64):
  %end = icmp.i64 eq %at, 0
  brif %end, b6, b5
b5:
  %next = load.i64 %at+16
  store.i64 %before, %at+16
  br b4(%next, %at)
b6:
  store.i64 %before, %head
  %garbage = call @allocate(8)
  %list = load.i64 %head
  %s = call @sum(%list)
  ret %s
}

func @round(i64, i64) -> i64 {
  %kept = slot 8 align 8 root
b0(%depth: i64, %n: i64):
  %t = call @tree(%depth, 1)
  store.i64 %t, %kept
  %list = call @through(%n)
  %t2 = load.i64 %kept
  %s = call @sum(%t2)
  %all = add.i64 %s, %list
  ret %all
}
";

type Unary = unsafe extern "C" fn(i64) -> i64;
type Binary = unsafe extern "C" fn(i64, i64) -> i64;

/// Compiled code calls this, and it calls compiled code: frames of Rust are between those with roots.
extern "C" fn through(n: i64) -> i64 {
    let list = LIST.get().expect("it was compiled");
    // SAFETY: @list takes a number.
    unsafe { list(n) + list(n / 2) }
}

static LIST: std::sync::OnceLock<Unary> = std::sync::OnceLock::new();

fn compile() -> Result<(&'static Jit, usize), kiln::Error> {
    let stress = std::env::args().nth(2).map_or(4096, |a| a.parse().expect("a number of bytes"));
    let options = JitOptions::new();
    let options = options.symbol("allocate", vm::allocate as *const ()).symbol("through", through as *const ());
    Ok((vm::start(Jit::with_options(options)?, stress), stress))
}

fn main() -> Result<(), kiln::Error> {
    let wanted: u64 = std::env::args().nth(1).map_or(1000, |a| a.parse().expect("a number of collections"));
    let (jit, stress) = compile()?;
    let mut module = Module::new("program")?;
    module.session()?.read_text(PROGRAM)?;
    let unit = jit.add(&mut module, AddFlags::NONE)?;
    let symbol = |name| module.lookup(name).expect("the program defines it");
    let list = unit.function::<Unary>(&module, symbol("list"))?.as_fn();
    let round = unit.function::<Binary>(&module, symbol("round"))?.as_fn();
    assert!(LIST.set(list).is_ok());

    let run = |depth: i64, n: i64| {
        vm::with_thread(|| {
            while vm::COLLECTIONS.load(Ordering::Relaxed) < wanted {
                let nodes = (1i64 << (depth + 1)) - 1; // with the numbers 1 to `nodes`
                let (a, b) = (n * (n + 1) / 2, (n / 2) * (n / 2 + 1) / 2);
                // SAFETY: it takes numbers, and the thread may allocate.
                assert_eq!(unsafe { round(depth, n) }, nodes * (nodes + 1) / 2 + a + b);
            }
        });
    };
    std::thread::scope(|s| {
        s.spawn(|| run(7, 50));
        s.spawn(|| run(5, 200));
    });

    let count = |c: &std::sync::atomic::AtomicU64| c.load(Ordering::Relaxed);
    let (collections, moved) = (count(&vm::COLLECTIONS), count(&vm::MOVED));
    let (roots, live) = (count(&vm::ROOTS), count(&vm::LIVE_ROOTS));
    println!("collections: {collections}, after {stress} bytes each");
    println!("objects moved: {moved}");
    println!("roots visited: {roots}, of which {live} were references");
    assert!(collections >= wanted && moved > collections && live > collections, "too few");
    Ok(())
}

//! Inline assembly of AArch64 that unwinds: panics of what it calls are caught, by its function and by others, and values
//! are dropped.
#![feature(asm_unwind)]
use std::arch::asm;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

struct Loud(u64);
impl Drop for Loud {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

extern "C-unwind" fn may_panic(x: u64) -> u64 {
    assert!(x < 10, "{x} is too large");
    x + 1
}

/// `may_panic(x)` by code that changes registers which calls keep.
#[inline(never)]
fn called(x: u64) -> u64 {
    let result;
    // SAFETY: it is a call by C's convention.
    unsafe {
        asm!("mov x20, -1", "mov x21, -1", "fmov d9, xzr", "bl {f}", f = sym may_panic, in("x0") x, lateout("x0") result,
            out("x20") _, out("x21") _, out("v9") _, clobber_abi("C"), options(may_unwind));
    }
    result
}

#[inline(never)]
fn with_cleanup(x: u64, y: u64) -> u64 {
    let _first = Loud(y);
    let mut v = vec![x, y];
    let scale = black_box(2.5) * y as f64;
    let result: u64;
    // SAFETY: as above.
    unsafe {
        asm!("mov x20, -1", "mov x21, -1", "bl {f}", "add x0, x0, x22", "str x0, [x23]", in("x23") &mut v[1],
            in("x22") y, f = sym may_panic, in("x0") x, lateout("x0") result, out("x20") _, out("x21") _,
            clobber_abi("C"), options(may_unwind));
    }
    println!("{v:?} {scale}");
    result + v[0]
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("{info}")));
    let (kept, float) = (black_box(5u64) * 7, black_box(1.25) * 3.0);
    for x in [3, 30] {
        println!("{:?}", catch_unwind(|| called(black_box(x))).is_ok());
        println!("{:?} {kept} {float}", catch_unwind(AssertUnwindSafe(|| with_cleanup(black_box(x), kept))).ok());
    }
    println!("{}", called(4));
}

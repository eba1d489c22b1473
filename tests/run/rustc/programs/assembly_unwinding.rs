//! Inline assembly that unwinds: panics of what it calls are caught, by its function and by others, and values are
//! dropped.
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
        asm!("mov r12, -1", "mov r13, -1", "call {f}", f = sym may_panic, in("rdi") x, lateout("rax") result,
            out("r12") _, out("r13") _, clobber_abi("C"), options(may_unwind));
    }
    result
}

#[inline(never)]
fn with_cleanup(x: u64, y: u64) -> u64 {
    let _first = Loud(y);
    let mut v = vec![x, y];
    let result: u64;
    // SAFETY: as above.
    unsafe {
        asm!("mov r12, -1", "mov r13, -1", "call {f}", "add rax, r14", "mov [r15], rax", in("r15") &mut v[1],
            in("r14") y, f = sym may_panic, in("rdi") x, lateout("rax") result, out("r12") _, out("r13") _,
            clobber_abi("C"), options(may_unwind));
    }
    println!("{v:?}");
    result + v[0]
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("{info}")));
    let kept = black_box(5u64) * 7;
    for x in [3, 30] {
        println!("{:?}", catch_unwind(|| called(black_box(x))).is_ok());
        println!("{:?} {kept}", catch_unwind(AssertUnwindSafe(|| with_cleanup(black_box(x), kept))).ok());
    }
    println!("{}", called(4));
}

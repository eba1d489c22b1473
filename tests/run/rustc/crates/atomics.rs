//! Atomic operations on 16 bytes, by the processor's instruction where a function may use it, else by libatomic; and on
//! fewer bytes.
#![feature(core_intrinsics, adt_const_params)]
#![allow(internal_features)]
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::intrinsics::{AtomicOrdering::*, *};
use std::sync::atomic::{self, AtomicI8, AtomicI32, AtomicU16, AtomicU64, Ordering};

#[cfg(all(target_arch = "x86_64", not(target_feature = "cmpxchg16b")))]
#[link(name = "atomic")]
unsafe extern "C" {}

// From 1.100 on, these have a parameter more.
#[cfg(not(volatile_atomics))]
macro_rules! access {
    ($name:ident, $order:expr, $($argument:expr),*) => { $name::<u128, { $order }>($($argument),*) };
}
#[cfg(volatile_atomics)]
macro_rules! access {
    ($name:ident, $order:expr, $($argument:expr),*) => { $name::<u128, { $order }, false>($($argument),*) };
}

#[repr(align(16))]
struct Aligned(UnsafeCell<u128>);

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "cmpxchg16b")]
fn swap(p: *mut u128, old: u128, new: u128) -> u128 {
    // SAFETY: the caller's pointer is to aligned memory.
    unsafe { std::arch::x86_64::cmpxchg16b(p, old, new, Ordering::SeqCst, Ordering::Acquire) }
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn swap(p: *mut u128, old: u128, new: u128) -> u128 {
    // SAFETY: the caller's pointer is to aligned memory.
    unsafe { atomic_cxchg::<u128, { SeqCst }, { Acquire }>(p, old, new).0 }
}

macro_rules! narrow {
    ($($atomic:ident $value:expr;)*) => {$({
        use Ordering::*;
        let (x, v) = (black_box($atomic::new($value)), black_box(5));
        print!("{} {} {} {} ", x.fetch_add(v, Relaxed), x.fetch_sub(v + 1, Acquire), x.fetch_max(v, Release), x.fetch_min(v, AcqRel));
        print!("{} {} {} {} ", x.fetch_and(6, SeqCst), x.fetch_nand(v, SeqCst), x.fetch_or(v, Relaxed), x.fetch_xor(v + 4, SeqCst));
        print!("{} {:?} ", x.swap(v, AcqRel), x.compare_exchange(v, v + 2, SeqCst, Relaxed));
        atomic::fence(SeqCst);
        x.store(v.wrapping_neg(), Release);
        println!("{:?} {}", x.compare_exchange(v, v + 2, Acquire, Acquire), x.load(Acquire));
    })*};
}

fn main() {
    narrow! { AtomicI8 -100; AtomicU16 60000; AtomicI32 -7; AtomicU64 1 << 63; }
    let x = Aligned(UnsafeCell::new(1));
    let (p, big) = (x.0.get(), 1u128 << 100);
    let signed = p.cast::<i128>();
    #[cfg(target_arch = "x86_64")]
    assert!(is_x86_feature_detected!("cmpxchg16b"));
    // SAFETY: the processor has the instruction, and the memory is aligned.
    unsafe {
        println!("{} {} {}", swap(p, 1, big), swap(p, 1, 7), *p == big);
        println!("{} {}", access!(atomic_load, SeqCst, p), atomic_xadd::<u128, u128, { Relaxed }>(p, 3));
        access!(atomic_store, Release, p, big + 9);
        println!("{:?} {:?}", atomic_cxchg::<u128, { AcqRel }, { Acquire }>(p, 0, 1), atomic_cxchgweak::<u128, { SeqCst }, { Relaxed }>(p, big + 9, big));
        println!("{} {}", atomic_xchg::<u128, { AcqRel }>(p, 5), atomic_xsub::<u128, u128, { SeqCst }>(p, 6));
        println!("{} {}", atomic_and::<u128, u128, { SeqCst }>(p, big | 12), atomic_or::<u128, u128, { SeqCst }>(p, 3));
        println!("{} {}", atomic_xor::<u128, u128, { SeqCst }>(p, big | 1), atomic_nand::<u128, u128, { SeqCst }>(p, 6));
        println!("{} {}", atomic_max::<i128, { SeqCst }>(signed, -1), atomic_min::<i128, { SeqCst }>(signed, -(1 << 70)));
        println!("{} {} {}", atomic_umin::<u128, { SeqCst }>(p, big), atomic_umax::<u128, { SeqCst }>(p, big + 1), *p - big);
    }
}

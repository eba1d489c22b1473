//! Units that inline functions of other units: each module is one. `copies.py` edits lines that end in a mark.
#![feature(explicit_tail_calls)]
#![allow(incomplete_features)]
use std::panic::Location;

pub mod leaf {
    use std::cell::Cell;
    use std::panic::Location;
    use std::sync::atomic::{AtomicU64, Ordering};

    pub static COUNT: AtomicU64 = AtomicU64::new(0);
    static HIDDEN: [u64; 2] = [5, 6];
    thread_local! {
        static OWN: Cell<u64> = const { Cell::new(7) };
    }

    pub fn small(x: u64) -> u64 {
        x * 3 + 1 // small
    }

    const STEP: u64 = 1; // constant

    /// Its body stays as it is if the constant is edited.
    pub fn stepped(x: u64) -> u64 {
        x + STEP
    }

    #[inline(always)]
    fn deep(x: u64) -> u64 {
        x ^ 21 // deep
    }

    /// Units that copy it have functions of their own by that alone.
    pub fn shell(x: u64) -> u64 {
        deep(x) + 1
    }

    pub fn count() -> &'static AtomicU64 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        &COUNT
    }

    fn hidden(x: u64) -> u64 {
        HIDDEN[x as usize % 2] + x
    }

    pub fn shown(x: u64) -> (u64, usize) {
        (hidden(x), HIDDEN.as_ptr() as usize)
    }

    pub fn own(x: u64) -> (u64, usize) {
        OWN.with(|own| (own.replace(own.get() + x), own.as_ptr() as usize))
    }

    /// The static is one, though its function has a copy in each unit that calls it.
    pub fn inner() -> &'static AtomicU64 {
        static INNER: AtomicU64 = AtomicU64::new(0);
        INNER.fetch_add(1, Ordering::Relaxed);
        &INNER
    }

    #[track_caller]
    pub fn place(x: u64) -> (u32, u32, u64) {
        let place = Location::caller();
        (place.line(), place.column(), x + 1)
    }

    #[inline(always)]
    pub fn forced(x: u64) -> u64 {
        small(x) ^ 64 // forced
    }

    #[inline(never)]
    pub fn never(x: u64) -> u64 {
        x + 2 // never
    }

    #[cfg(target_arch = "x86_64")]
    #[unsafe(naked)]
    pub extern "C" fn naked(_: u64) -> u64 {
        std::arch::naked_asm!("lea rax, [rdi + 9]", "ret")
    }
    #[cfg(not(target_arch = "x86_64"))]
    pub fn naked(x: u64) -> u64 {
        x + 9
    }

    pub fn generic<T: Into<u64> + Copy>(x: &[T]) -> u64 {
        x[0].into() * 2 + x.len() as u64 // generic
    }

    /// Every function for the processor has what it needs.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "sse2"))]
    pub fn usual(x: u64) -> u64 {
        x ^ 5
    }

    /// Not every one has what this one needs.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    pub fn special(x: u64) -> u64 {
        x ^ 6
    }

    /// This one and `longer` are too long for each unit to have its own, and short enough for copies.
    pub fn long(mut x: u64) -> u64 {
        x ^= 3; // long
        x ^= x >> 1;
        x ^= x << 2;
        x ^= x >> 3;
        x
    }

    pub fn longer(mut x: u64) -> u64 {
        x = long(x);
        x ^= x >> 7;
        x ^= x << 8;
        x ^= x >> 9;
        x
    }

    /// Nothing calls it at first.
    #[inline(never)]
    pub fn spare(x: u64) -> u64 {
        x + 4
    }

    /// More statements than a body that is copied.
    pub fn large(x: u64) -> u64 {
        let mut v = [x; 16];
        for i in 0..16 {
            v[i] = v[(i * 7 + 3) % 16].wrapping_mul(31) ^ i as u64; // large
            v[(i + 1) % 16] ^= v[i] >> 3;
            v[(i + 2) % 16] ^= v[i].rotate_left(9);
            v[(i + 3) % 16] ^= v[i] & v[(i + 4) % 16];
            v[(i + 5) % 16] |= v[i].count_ones() as u64;
        }
        let [a, b, c, d, e, f, g, h, ..] = v;
        a ^ b ^ c ^ d ^ e ^ f ^ g ^ h
    }
}

mod middle {
    pub fn twice(x: u64) -> u64 {
        super::leaf::small(super::leaf::small(x))
    }
}

/// It calls what inlines `small`.
mod far {
    #[inline(never)]
    pub fn run(x: u64) {
        println!("far {} {:?}", super::middle::twice(x), super::leaf::shown(x).0);
        println!("{:?} {} {}", super::leaf::place(x), super::leaf::stepped(x), super::leaf::shell(x));
        println!("{}", super::leaf::longer(x));
    }
}

mod near {
    #[inline(never)]
    pub fn run(x: u64) {
        println!("near {} {}", super::leaf::small(x), super::leaf::forced(x));
        println!("{:?} {}", super::leaf::place(x), super::leaf::generic(&[1u32, 2, 3]));
        // SAFETY: `special` has no instruction that the processor may lack.
        println!("{} {}", unsafe { super::leaf::usual(x) }, unsafe { super::leaf::special(x) });
    }
}

/// It inlines nothing that is edited.
mod calls {
    #[inline(never)]
    pub fn run(x: u64) {
        println!("calls {} {} {}", super::leaf::never(x), super::leaf::large(x), super::leaf::naked(x));
    }
}

mod alone {
    #[inline(never)]
    pub fn run(x: u64) {
        println!("alone {}", x.wrapping_mul(11)); // alone
    }
}

/// Kiln leaves the unit to LLVM; others inline `outer`, and so refer to `inner`. `registers` and `last`
/// have no copies.
mod llvms {
    #[cfg(target_arch = "x86_64")]
    pub fn registers(x: u64) -> u64 {
        let out: u64;
        // SAFETY: it adds.
        unsafe {
            std::arch::asm!("lea {0}, [{1} + {2}]", "add {0}, {3}", "add {0}, {4}", "add {0}, {5}", "add {0}, {6}",
                "add {0}, {7}", "add {0}, {8}", "add {0}, {9}", "add {0}, {10}", "add {0}, {11}", "add {0}, {12}",
                out(reg) out, in(reg) x, in(reg) 1u64, in(reg) 2u64, in(reg) 3u64, in(reg) 4u64, in(reg) 5u64,
                in(reg) 6u64, in(reg) 7u64, in(reg) 8u64, in(reg) 9u64, in(reg) 10u64, in(reg) 11u64);
        }
        out
    }
    #[cfg(not(target_arch = "x86_64"))]
    pub fn registers(x: u64) -> u64 {
        x
    }

    #[inline(never)]
    fn inner(x: u64) -> u64 {
        x * 5
    }

    pub fn outer(x: u64) -> u64 {
        inner(x) + 1
    }

    pub fn last(x: u64) -> u64 {
        become inner(x)
    }
}

/// What refers to functions without calling them.
mod tables {
    fn halved<T: Into<u64> + Copy>(x: &T) -> u64 {
        (*x).into() / 2
    }

    pub trait Half {
        #[inline]
        fn half(&self) -> u64 {
            21
        }
    }
    impl<T: Into<u64> + Copy> Half for [T; 1] {
        #[inline]
        fn half(&self) -> u64 {
            halved(&self[0])
        }
    }

    extern "C" fn summed<T: Into<u64> + Copy>(x: &T) -> u64 {
        halved(x) + 3
    }

    /// A table of a trait's methods, a function, and one in memory that a static refers to.
    pub static TABLE: &(dyn Half + Sync) = &[80u32];
    pub static FUNCTIONS: &[fn(&u16) -> u64] = &[halved::<u16>];
    unsafe extern "C" {
        static copies_word: extern "C" fn(&u32) -> u64;
    }
    std::arch::global_asm!(".data", ".balign 8", ".globl copies_word", "copies_word:", ".quad {0}", ".text", sym summed::<u32>);

    #[inline(never)]
    pub fn references() -> (u64, u64, u64) {
        // SAFETY: the word is the function's address.
        (TABLE.half(), FUNCTIONS[0](&90), unsafe { copies_word(&10) })
    }
}

mod one {
    pub fn addresses() -> [usize; 4] {
        use super::leaf;
        [leaf::count() as *const _ as usize, leaf::shown(1).1, leaf::own(1).1, leaf::inner() as *const _ as usize]
    }
}

mod two {
    pub fn addresses() -> [usize; 4] {
        use super::leaf;
        [leaf::count() as *const _ as usize, leaf::shown(1).1, leaf::own(1).1, leaf::inner() as *const _ as usize]
    }
}

fn main() {
    // Calls by address: `main` inlines none of them.
    let all: [fn(u64); 4] = [far::run, near::run, calls::run, alone::run];
    for f in all {
        f(10);
    }
    println!("{} {} {:?}", llvms::registers(100), llvms::outer(3) + llvms::last(2), tables::references());
    let addresses: [fn() -> [usize; 4]; 2] = [one::addresses, two::addresses];
    assert_eq!(addresses[0](), addresses[1]());
    let again = std::thread::spawn(|| leaf::own(1)).join().unwrap();
    assert!(again.0 == 7 && again.1 != addresses[0]()[2]);
    println!("{} {} {}", leaf::COUNT.load(std::sync::atomic::Ordering::Relaxed), leaf::own(0).0, Location::caller().line());
}

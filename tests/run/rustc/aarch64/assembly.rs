//! Inline assembly of AArch64: operands of all classes and types, modifiers, symbols, clobbers, labels.
#![feature(f16, f128)]
use std::arch::aarch64::*;
use std::arch::asm;
use std::hint::black_box;

static TABLE: [u32; 3] = [10, 20, 30];

extern "C" fn triple(n: u64) -> u64 {
    n * 3
}

#[inline(never)]
fn around(a: u64, b: u64) -> (u64, u64, u64, f64) {
    let (kept, mut c, float) = (a * 7, b, black_box(0.5) + a as f64);
    let d: u64;
    // SAFETY: it changes registers only.
    unsafe {
        asm!("mov x20, {0}", "mov x21, x20", "add {1}, {1}, x21", "mov {2}, {1}", "fmov d8, xzr", "movi v9.2d, #0",
            in(reg) a, inout(reg) c, lateout(reg) d, out("x20") _, out("x21") _, out("v8") _, out("v9") _, out("p3") _);
    }
    (kept, c, d, float)
}

fn syscall(number: u64, a: u64) -> i64 {
    let result;
    // SAFETY: the caller knows the call.
    unsafe { asm!("svc 0", in("x8") number, inlateout("x0") a => result, options(nostack)) };
    result
}

/// Each type in a general register and in a vector register.
macro_rules! moved {
    ($($class:ident $from:literal $to:literal $ty:ident $value:expr;)*) => {$({
        let out: $ty;
        // SAFETY: it is a move.
        unsafe { asm!(concat!($to, " ", $from), out($class) out, in($class) black_box::<$ty>($value)) };
        print!("{:?} ", out);
    })*};
}

fn types() {
    moved! {
        reg "{0:w}, {1:w}" "mov" i8 -7; reg "{0:w}, {1:w}" "mov" u16 50000; reg "{0:w}, {1:w}" "mov" i32 -70000;
        reg "{0}, {1}" "mov" u64 1 << 40; reg "{0:x}, {1:x}" "mov" u64 3; reg "{0:w}, {1:w}" "mov" f32 1.5;
        reg "{0}, {1}" "mov" f64 -2.5; vreg "{0:v}.8b, {1:v}.8b" "mov" u8 200; vreg "{0}.8b, {1}.8b" "mov" i16 -300;
        vreg "{0:s}, {1:s}" "fmov" u32 70000; vreg "{0:d}, {1:d}" "fmov" i64 -1; vreg "{0:s}, {1:s}" "fmov" f32 0.25;
        vreg_low16 "{0:d}, {1:d}" "fmov" f64 8.5; vreg_low16 "{0:s}, {1:s}" "fmov" f32 8.25; vreg_low16 "{0:d}, {1:d}" "fmov" u64 9;
    }
    let (half, quad): (f16, f128);
    let lanes: int32x4_t;
    let narrow: uint8x8_t;
    let one: uint64x1_t;
    let low: int16x4_t;
    // SAFETY: every AArch64 has the instructions.
    unsafe {
        asm!("mov {0}.8b, {1}.8b", out(vreg) half, in(vreg) black_box(1.5f16));
        asm!("mov {0}.16b, {1}.16b", out(vreg) quad, in(vreg) black_box(2.5f128));
        asm!("add {0}.4s, {1}.4s, {2}.4s", out(vreg) lanes, in(vreg) vdupq_n_s32(black_box(5)), in(vreg) vdupq_n_s32(-9));
        asm!("ushr {0:v}.8b, {1:v}.8b, #1", out(vreg) narrow, in(vreg) vdup_n_u8(black_box(255)));
        asm!("shl {0:d}, {1:d}, #3", out(vreg) one, in(vreg) vdup_n_u64(black_box(11)));
        asm!("mul {0}.4h, {1}.4h, {1}.h[1]", out(vreg) low, in(vreg_low16) vdup_n_s16(black_box(12)));
        println!("{} {} {lanes:?} {narrow:?} {one:?} {low:?}", half as f32, quad as f64);
    }
}

/// Registers by name, in and out, and results that only a jump's target sees.
fn named(n: u64) -> (u64, u64, f64, &'static str) {
    let (a, b, c);
    // SAFETY: it changes registers only.
    unsafe {
        asm!("add x17, x17, x30", "add x3, x3, x16", "add x3, x3, x17", "fadd d20, d20, d31", inout("x3") n => a,
            in("x16") 5u64, inout("x17") 7u64 => _, in("x30") 9u64, inout("v20") 1.5f64 => c, in("v31") 2.0f64,
            lateout("x5") _);
        asm!("add w20, w2, w1", "mov w27, w1", "mov x28, xzr", in("x2") 77u32, in("x1") 6u32, out("x27") _, out("x28") _,
            out("x20") b, out("x26") _, out("x16") _, options(nomem, preserves_flags));
        asm!("cbz {0}, {1}", in(reg) n, label { return (a, b, c, "zero") });
    }
    (a, b + 1, c, "other")
}

fn memory() -> ([u64; 3], u64, u32, u64) {
    let mut data = [1u64, 2, 3];
    let (called, from_table, mut sum): (u64, u32, u64);
    sum = 0;
    // SAFETY: the code is what its text says.
    unsafe {
        asm!("ldr x9, [{0}]", "ldr x10, [{0}, #16]", "add x10, x10, x9", "str x10, [{0}, #16]", "add {0}, {0}, #8",
            inout(reg) data.as_mut_ptr() => _, out("x9") _, out("x10") _);
        asm!("bl {f}", f = sym triple, in("x0") 14u64, lateout("x0") called, clobber_abi("C"));
        asm!("adrp {0}, {1}", "add {0}, {0}, :lo12:{1}", "ldr {0:w}, [{0}, #8]", out(reg) from_table, sym TABLE);
        asm!("2: add {s}, {s}, {n}", "subs {n}, {n}, #1", "b.ne 2b", s = inout(reg) sum, n = inout(reg) 10u64 => _);
    }
    (data, called, from_table, sum)
}

fn many() {
    let (mut a, mut b, mut c, mut d) = (1u64, 2u64, 3u64, 4u64);
    let (number, big, flag): (u64, u64, u32);
    // SAFETY: it changes registers only.
    unsafe {
        asm!("add {0}, {0}, {4}", "add {1}, {1}, {5}", "add {2}, {2}, {6}", "add {3}, {3}, {7}", "add {3}, {3}, {8}",
            "add {3}, {3}, {9}", "add {3}, {3}, {10}", "add {3}, {3}, {11}", "add {3}, {3}, {12}", "add {3}, {3}, {13}",
            inout(reg) a, inout(reg) b, inout(reg) c, inout(reg) d, in(reg) 10u64, in(reg) 20u64, in(reg) 30u64,
            in(reg) 40u64, in(reg) 50u64, in(reg) 60u64, in(reg) 70u64, in(reg) 80u64, in(reg) 90u64, in(reg) 100u64);
        asm!("mov {0}, #{1}", "add {0}, {0}, {2}", out(reg) number, const 1000, const 7);
        asm!("ldr {0}, =0x123456789abcdef", out(reg) big);
        asm!("cmp {1}, #5", "cset {0:w}, gt", out(reg) flag, in(reg) black_box(6u64));
        asm!("nop", "yield // a comment", "dmb ish");
    }
    println!("{a} {b} {c} {d} {number} {big:x} {flag}");
}

fn main() {
    println!("{:?}", around(black_box(3), black_box(4)));
    println!("{} {}", syscall(172, 0) > 0, syscall(57, u64::MAX));
    types();
    println!("{:?} {:?}", named(black_box(0)), named(black_box(4)));
    println!("{:?}", memory());
    many();
    // SAFETY: it ends the process.
    unsafe {
        if black_box(true) {
            asm!("mov x0, 7", "mov x8, 94", "svc 0", options(noreturn));
        }
    }
}

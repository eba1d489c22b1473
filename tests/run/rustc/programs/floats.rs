//! f16 and f128: arithmetic, comparisons, conversions, C's functions, arguments and results, fields, constants.
#![feature(f16, f128)]
use std::hint::black_box;

#[derive(Clone, Copy)]
struct Mixed {
    small: f16,
    byte: u8,
    large: f128,
}

#[inline(never)]
fn halves(a: f16, n: i32, b: f16) -> (f16, f16) {
    (a * b + n as f16, a / b - a)
}

#[inline(never)]
extern "C" fn quads(a: f128, n: i64, b: f128) -> f128 {
    if a < b { a * b + n as f128 } else { a / b - n as f128 }
}

#[inline(never)]
fn mixed(m: Mixed) -> Mixed {
    Mixed { small: -m.small, byte: m.byte + 1, large: m.large + m.small as f128 }
}

macro_rules! all {
    ($name:ident, $ty:ident, $bits:ident) => {
        fn $name(values: &[$ty]) {
            for &a in values {
                for &b in values {
                    let (a, b) = (black_box(a), black_box(b));
                    let sums = [a + b, a - b, a * b, a / b, a.max(b) + 0.0, a.min(b) + 0.0, a.copysign(b)];
                    let bits = sums.map(|x| if x.is_nan() { 0 } else { x.to_bits() });
                    println!("{bits:x?} {} {} {} {} {:?}", a == b, a != b, a < b, a >= b, a.partial_cmp(&b));
                }
                println!("{} {} {} {} {} {}", a as i8, a as u16, a as i32, a as u32, a as i64, a as u64);
                // LLVM has code for f16 and 128 bits on x86-64 alone: what it makes for others has 64 bits.
                let wide = if cfg!(target_arch = "x86_64") || size_of::<$ty>() > 2 { (a as i128, a as u128) } else { (0, 0) };
                println!("{wide:?} {} {}", (a as f32).to_bits() << 1 >> 1, a as f64);
                println!("{:x} {:x} {}", (-a).to_bits(), a.abs().to_bits(), a.is_sign_negative());
                let called =
                    [a.sin(), a.cos(), a.exp(), a.exp2(), a.ln(), a.log2(), a.log10(), a.powf(1.5), a.powi(-3)];
                println!("{:x?}", called.map(|x| if x.is_nan() { 0 } else { x.to_bits() }));
            }
            for n in [0i64, 1, -1, 77, -2049, 65504, 65520, i64::MAX, i64::MIN] {
                let n = black_box(n);
                let made = [n as $ty, n as u64 as $ty, n as i8 as $ty, n as i128 as $ty, n as u16 as $ty];
                println!("{:x?}", made.map($ty::to_bits));
                println!("{:x} {:x}", (n as f32 as $ty).to_bits(), ((n as f64 / 3.0) as $ty).to_bits());
            }
        }
    };
}
all!(of_halves, f16, u16);
all!(of_quads, f128, u128);

fn main() {
    of_halves(&[0.0, -0.0, 1.5, -2.75, 1e-7, 65504.0, 300.25, f16::INFINITY, f16::NEG_INFINITY, f16::NAN]);
    of_quads(&[0.0, -0.0, 1.5, -2.75, 1e-4940, 1e4000, 300.25, 1e20, -1e30, f128::INFINITY, f128::NAN]);
    let (x, y) = halves(black_box(1.5), 3, black_box(-0.25));
    println!("{:x} {:x}", x.to_bits(), y.to_bits());
    println!("{:x} {:x}", quads(black_box(2.0), 7, 3.5).to_bits(), quads(black_box(9.0), -7, black_box(3.5)).to_bits());
    let m = mixed(black_box(Mixed { small: 0.5, byte: 6, large: 0.125 }));
    println!("{:x} {} {:x}", m.small.to_bits(), m.byte, m.large.to_bits());
    let through: fn(f16, i32, f16) -> (f16, f16) = black_box(halves);
    let list: Vec<f16> = (0..5).map(|i| through(i as f16, i, 2.0).0).collect();
    println!("{:?}", list.iter().map(|x| *x as f32).collect::<Vec<_>>());
    let caught = std::panic::catch_unwind(|| halves(black_box(4.0), 1, 0.5).1 as f64);
    println!("{:?} {:x}", caught.unwrap(), f16::from_bits(black_box(0x3c01)).to_bits());
}

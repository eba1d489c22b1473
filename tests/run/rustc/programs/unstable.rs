//! What needs unstable features: weak references, variadic definitions, vectors of any width.
#![feature(c_variadic, linkage, portable_simd, core_intrinsics)]
#![allow(internal_features)]
use std::ffi::{VaList, c_char, c_int};
use std::hint::black_box;
use std::simd::prelude::*;
use std::simd::StdFloat;

unsafe extern "C" {
    #[linkage = "extern_weak"]
    static getpid: Option<unsafe extern "C" fn() -> c_int>;
    #[linkage = "extern_weak"]
    static not_defined_anywhere: Option<unsafe extern "C" fn() -> c_int>;
    #[linkage = "extern_weak"]
    static no_such_data: *const u8;
    fn vsnprintf(out: *mut c_char, n: usize, format: *const c_char, list: VaList<'_>) -> c_int;
}

unsafe extern "C" fn sum(n: usize, mut list: ...) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        // SAFETY: the caller passes what n says.
        total += unsafe {
            match i % 4 {
                0 => f64::from(list.next_arg::<i32>()),
                1 => list.next_arg::<f64>(),
                2 => list.next_arg::<u64>() as f64,
                _ => f64::from(*list.next_arg::<*const u8>()),
            }
        };
    }
    total
}

unsafe extern "C" fn print(format: *const c_char, list: ...) -> String {
    let mut out = [0u8; 100];
    // SAFETY: the arguments fit the format.
    let n = unsafe { vsnprintf(out.as_mut_ptr().cast(), 100, format, list.clone()) };
    String::from_utf8_lossy(&out[..n as usize]).into_owned()
}

macro_rules! ints {
    ($($ty:ident $lane:ty, $mask:ident $n:literal),*) => {$({
        let a = black_box($ty::from_array(std::array::from_fn(|i| (i as $lane).wrapping_mul(37) ^ (3 as $lane))));
        let b = black_box($ty::splat(5));
        println!("{} {:?} {:?} {:?}", stringify!($ty), a + b, a - b, a * b);
        println!("{:?} {:?} {:?} {:?}", a / b, a % b, a & b, a ^ !b);
        println!("{:?} {:?} {:?} {:?}", a << $ty::splat(2), a >> $ty::splat(1), a.saturating_add(a), a.saturating_sub(b));
        let m = a.simd_gt(b);
        println!("{m:?} {:x} {} {}", m.to_bitmask(), m.any(), m.all());
        println!("{:?} {:?} {:?}", m.select(a, b), a.simd_max(b), a.simd_min(b));
        println!("{} {} {} {}", a.reduce_sum(), a.reduce_max(), a.reduce_min(), a.reduce_xor());
        println!("{:?} {:?} {:?}", a.reverse(), a.rotate_elements_left::<1>(), a.cast::<f32>());
        println!("{:?} {:?}", a.count_ones(), a.swap_bytes());
        let data: [$lane; 60] = std::array::from_fn(|i| (i as $lane).wrapping_mul(3));
        let at = Simd::<usize, $n>::from_array(std::array::from_fn(|i| i * 3));
        println!("{:?} {:?}", $ty::gather_or(&data, at, b), $ty::load_or(&data[..$n - 1], b));
        let mut out = [1 as $lane; 60];
        a.scatter(&mut out, at);
        a.store_select(&mut out[10..10 + $n], !m);
        println!("{out:?}");
        let _: Mask<$mask, $n> = m.cast();
    })*};
}

macro_rules! floats {
    ($($ty:ident $lane:ty),*) => {$({
        let a = black_box($ty::from_array(std::array::from_fn(|i| i as $lane * 1.75 - 2.0)));
        let b = black_box($ty::splat(0.5));
        println!("{} {:?} {:?} {:?} {:?}", stringify!($ty), a + b, a * b, a / b, a % b);
        println!("{:?} {:?} {:?} {:?}", a.floor(), a.ceil(), a.trunc(), a.round());
        println!("{:?} {:?} {:?} {:?}", a.abs(), -a, a.abs().sqrt(), a.mul_add(b, a));
        println!("{:?} {:?} {:?}", a.simd_lt(b), a.simd_max(b), a.simd_clamp(b, b + b));
        println!("{:?} {:?} {:?}", a.cast::<i32>(), a.to_bits(), a.reduce_sum());
        println!("{:?} {:?}", a.sin(), a.abs().ln());
    })*};
}

fn main() {
    // SAFETY: the functions are as declared.
    unsafe {
        println!("{} {} {}", getpid.unwrap()() > 0, not_defined_anywhere.is_none(), no_such_data.is_null());
        let byte = 7u8;
        println!("{}", sum(9, 1i32, 0.5f64, 1u64 << 40, &byte as *const u8, -2i32, 1e10f64, 3u64, &byte as *const u8, 9i32));
        println!("{}", print(c"%d-%s-%.2f-%c".as_ptr(), 5i32, c"text".as_ptr(), 2.5f64, 'x' as c_int));
    }
    ints!(i8x16 i8, i8 16, u8x8 u8, i8 8, i16x8 i16, i16 8, u16x4 u16, i16 4, i32x4 i32, i32 4, u32x2 u32, i32 2,
        i64x2 i64, i64 2, u64x4 u64, i64 4, i32x8 i32, i32 8, u8x2 u8, i8 2);
    floats!(f32x4 f32, f64x2 f64, f32x8 f32, f64x4 f64, f32x2 f32);
    println!("{:?} {}", logarithms(f32x4::splat(2.5)), logarithm(2.5));
}

// Both call C's logf.
#[inline(never)]
fn logarithms(x: f32x4) -> f32x4 {
    // SAFETY: every vector has logarithms.
    unsafe { std::intrinsics::simd::simd_flog(x) }
}

#[inline(never)]
fn logarithm(x: f32) -> f32 {
    x.ln()
}

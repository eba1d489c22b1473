//! Masks as arrays of bytes whose number is no power of two, of which rustc's LLVM makes wrong code: what they are is known.
#![feature(core_intrinsics, portable_simd)]
#![allow(internal_features)]
use std::hint::black_box;
use std::intrinsics::simd::{simd_bitmask, simd_select_bitmask};
use std::simd::{Simd, SimdElement};

fn check<M: SimdElement + From<i8>, const N: usize, const BYTES: usize>() {
    let is_set = |i: usize| i % 5 < 2 || i + 1 == N;
    let mask: Simd<M, N> = black_box(Simd::from_array(std::array::from_fn(|i| M::from(-i8::from(is_set(i))))));
    let a: Simd<i16, N> = black_box(Simd::from_array(std::array::from_fn(|i| i as i16)));
    // SAFETY: the array has a bit for each lane.
    let (bits, picked): ([u8; BYTES], Simd<i16, N>) = unsafe {
        let bits = simd_bitmask(mask);
        (bits, simd_select_bitmask(bits, a, Simd::from_array([-1; N])))
    };
    for i in 0..8 * BYTES {
        assert_eq!(bits[i / 8] >> (i % 8) & 1 == 1, i < N && is_set(i), "lane {i} of {N}");
    }
    assert_eq!(picked.to_array(), std::array::from_fn(|i| if is_set(i) { i as i16 } else { -1 }));
}

fn main() {
    check::<i8, 20, 3>();
    check::<i8, 24, 3>();
    check::<i64, 33, 5>();
    check::<i32, 40, 5>();
    check::<i16, 41, 6>();
    check::<i8, 50, 7>();
    check::<i64, 3, 1>();
    println!("checked");
}

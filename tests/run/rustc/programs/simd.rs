//! The intrinsics of vectors, each with lanes of each type, in registers that are full, partly full, and several: with
//! what every x86-64 has, and with AVX2. A line of output has what the results of one intrinsic hash to.
#![feature(core_intrinsics, portable_simd)]
#![allow(internal_features)]
use std::any::type_name;
use std::hint::black_box;
use std::intrinsics::simd::*;
use std::simd::Simd;

/// FNV-1a of a value's bytes.
fn hash<T: Copy>(v: T) -> u64 {
    let bytes: *const T = &v;
    (0..size_of::<T>()).fold(0xcbf2_9ce4_8422_2325, |hash, i| {
        // SAFETY: the values have no padding.
        (hash ^ u64::from(unsafe { bytes.cast::<u8>().add(i).read() })).wrapping_mul(0x100_0000_01b3)
    })
}

/// SAFETY: as of the intrinsic.
unsafe fn masked_load<M, T, V>(mask: M, from: *const T, or_else: V) -> V {
    // SAFETY: as the caller says.
    unsafe { simd_masked_load::<_, _, _, { SimdAlign::Element }>(mask, from, or_else) }
}

/// Prints what the intrinsics of a list give of `$x`, an array of lanes. Vectors are written to arrays first, which have
/// no bytes after the last lane.
macro_rules! show {
    ($t:ty, $n:ident, $($name:ident($($arg:expr),*) -> $out:ty;)*) => {$(
        // SAFETY: the operands are ones that the intrinsic is defined for.
        let out: Simd<$out, $n> = unsafe { $name($($arg),*) };
        println!("{} x {} {}: {:x}", $n, type_name::<$t>(), stringify!($name($($arg),*)), hash(out.to_array()));
    )*};
}

macro_rules! show_scalar {
    ($t:ty, $n:ident, $($name:ident($($arg:expr),*) -> $out:ty;)*) => {$(
        // SAFETY: the operands are ones that the intrinsic is defined for.
        let out: $out = unsafe { $name($($arg),*) };
        println!("{} x {} {}: {:x}", $n, type_name::<$t>(), stringify!($name($($arg),*)), hash(out));
    )*};
}

/// What ints and floats have in common: `$m` is the type of masks, `$bits` of masks of bits.
macro_rules! common {
    ($t:ty, $m:ty, $n:ident, $a:ident, $b:ident) => {
        let mask: Simd<$m, $n> = black_box(Simd::from_array(std::array::from_fn(|i| -<$m>::from(i % 3 != 1))));
        show!($t, $n,
            simd_add($a, $b) -> $t; simd_sub($a, $b) -> $t; simd_mul($a, $b) -> $t;
            simd_eq($a, $a) -> $m; simd_eq($a, $b) -> $m; simd_ne($a, $b) -> $m; simd_lt($a, $b) -> $m;
            simd_le($a, $b) -> $m; simd_gt($a, $b) -> $m; simd_ge($a, $b) -> $m;
            simd_select(mask, $a, $b) -> $t; simd_splat($a[0]) -> $t;
            simd_insert($a, const { $n as u32 - 1 }, $b[0]) -> $t; simd_insert_dyn($a, black_box($n as u32 / 2), $b[0]) -> $t;
            simd_as($a) -> i8; simd_as($a) -> u8; simd_as($a) -> i16; simd_as($a) -> u16; simd_as($a) -> i32;
            simd_as($a) -> u32; simd_as($a) -> i64; simd_as($a) -> u64; simd_as($a) -> f32; simd_as($a) -> f64;
            simd_cast(simd_as::<_, Simd<i8, $n>>($a)) -> $t;
        );
        show_scalar!($t, $n, simd_extract($a, const { $n as u32 - 1 }) -> $t; simd_extract_dyn($a, black_box($n as u32 / 3)) -> $t;
            simd_reduce_all(simd_ge::<_, Simd<$m, $n>>($a, $a)) -> bool; simd_reduce_any(mask) -> bool;
            simd_reduce_all(mask) -> bool;
        );
        let data: [$t; 80] = std::array::from_fn(|i| i as $t);
        let at: Simd<*const $t, $n> = Simd::from_array(std::array::from_fn(|i| &raw const data[i * 3 % 80]));
        show!($t, $n, simd_gather($b, at, mask) -> $t;
            masked_load(mask, &raw const data[1], $b) -> $t;);
        let mut out = data;
        // SAFETY: the places are in the arrays.
        unsafe {
            let to: Simd<*mut $t, $n> = Simd::from_array(std::array::from_fn(|i| (&raw mut out).cast::<$t>().add(i * 7 % 80)));
            simd_scatter($a, to, mask);
            simd_masked_store::<_, _, _, { SimdAlign::Unaligned }>(mask, (&raw mut out).cast::<$t>().add(3), $b);
            let far: Simd<*const $t, $n> = simd_arith_offset(at, simd_cast::<_, Simd<isize, $n>>(simd_splat::<Simd<i32, $n>, _>(-1)));
            println!("{:x} {:x}", hash(out), hash(simd_expose_provenance::<_, Simd<usize, $n>>(far).to_array()
                .map(|address| address.wrapping_sub(data.as_ptr() as usize))));
        }
    };
}

const fn every_fifth<const N: usize>() -> Simd<u32, N> {
    let mut at = [0; N];
    let mut i = 0;
    while i < N {
        at[i] = ((i * 5 + 1) % (2 * N)) as u32;
        i += 1;
    }
    Simd::from_array(at)
}

/// A module of functions with features.
macro_rules! tests {
    ($module:ident, $($features:literal)?) => { mod $module {
        use super::*;
        macro_rules! of_ints {
            ($f:ident, $t:ident, $m:ty) => {
                $(#[target_feature(enable = $features)])?
                pub fn $f<const N: usize>() {
                    let a: Simd<$t, N> = black_box(Simd::from_array(std::array::from_fn(|i| (i as $t).wrapping_mul(0x3b) ^ ($t::MAX / 3))));
                    let b: Simd<$t, N> = black_box(Simd::from_array(std::array::from_fn(|i| ($t::MAX - 20 - i as $t).wrapping_mul(5) | 1)));
                    let by: Simd<$t, N> = black_box(Simd::from_array(std::array::from_fn(|i| (i as $t * 3 + 1) % $t::BITS as $t)));
                    common!($t, $m, N, a, b);
                    show!($t, N,
                        simd_and(a, b) -> $t; simd_or(a, b) -> $t; simd_xor(a, b) -> $t; simd_div(a, b) -> $t; simd_rem(a, b) -> $t;
                        simd_shl(a, by) -> $t; simd_shr(a, by) -> $t; simd_shl(a, simd_splat(3 as $t)) -> $t;
                        simd_funnel_shl(a, b, by) -> $t; simd_funnel_shr(a, b, by) -> $t;
                        simd_saturating_add(a, b) -> $t; simd_saturating_sub(a, b) -> $t;
                        simd_carryless_mul(a, b) -> $t; simd_bswap(a) -> $t; simd_bitreverse(a) -> $t; simd_ctpop(a) -> $t;
                        simd_ctlz(simd_shr(a, by)) -> $t; simd_cttz(simd_shl(a, by)) -> $t;
                        simd_cttz(simd_splat(0 as $t)) -> $t;
                        simd_cast(a) -> i8; simd_cast(a) -> i16; simd_cast(a) -> u32; simd_cast(a) -> i64; simd_cast(a) -> f32; simd_cast(a) -> f64;
                    );
                    show_scalar!($t, N,
                        simd_reduce_add_ordered(a, 7) -> $t; simd_reduce_add_unordered(b) -> $t; simd_reduce_mul_ordered(a, 3) -> $t;
                        simd_reduce_mul_unordered(b) -> $t; simd_reduce_max(a) -> $t; simd_reduce_min(a) -> $t; simd_reduce_min(b) -> $t;
                        simd_reduce_and(b) -> $t; simd_reduce_or(a) -> $t; simd_reduce_xor(a) -> $t;
                    );
                }
            };
        }
        macro_rules! of_floats {
            ($f:ident, $t:ident, $m:ty) => {
                $(#[target_feature(enable = $features)])?
                pub fn $f<const N: usize>() {
                    let a: Simd<$t, N> = black_box(Simd::from_array(std::array::from_fn(|i| i as $t * 1.75 - 2.5)));
                    let b: Simd<$t, N> = black_box(Simd::from_array(std::array::from_fn(|i| [0.5, -0.0, 3.0e9, -1.0e-3, $t::INFINITY][i % 5])));
                    common!($t, $m, N, a, b);
                    show!($t, N,
                        simd_div(a, b) -> $t; simd_rem(a, b) -> $t; simd_neg(b) -> $t; simd_fabs(b) -> $t; simd_fsqrt(simd_fabs(a)) -> $t;
                        simd_floor(a) -> $t; simd_ceil(a) -> $t; simd_trunc(a) -> $t; simd_round(a) -> $t; simd_round_ties_even(a) -> $t;
                        simd_fma(a, b, a) -> $t; simd_minimum_number_nsz(a, b) -> $t; simd_maximum_number_nsz(a, b) -> $t;
                        simd_fsin(a) -> $t; simd_fcos(a) -> $t; simd_fexp(a) -> $t; simd_fexp2(a) -> $t; simd_flog(a) -> $t;
                        simd_flog2(a) -> $t; simd_flog10(a) -> $t; simd_cast(a) -> f32; simd_cast(a) -> f64; simd_cast(a) -> i16; simd_cast(a) -> i64;
                        simd_relaxed_fma(simd_floor(a), simd_splat(2.0 as $t), simd_floor(a)) -> $t;
                    );
                    show_scalar!($t, N, simd_reduce_add_ordered(a, 7.5) -> $t; simd_reduce_mul_ordered(a, 0.5) -> $t;);
                }
            };
        }
        $(#[target_feature(enable = $features)])?
        pub fn shuffled<T: Copy + std::simd::SimdElement + std::fmt::Debug, const N: usize>(of: fn(u8) -> T) {
            let a: Simd<T, N> = black_box(Simd::from_array(std::array::from_fn(|i| of(i as u8 + 1))));
            let b: Simd<T, N> = black_box(Simd::from_array(std::array::from_fn(|i| of(i as u8 + 1 + N as u8))));
            // SAFETY: the indices are those of lanes.
            let (x, y): (Simd<T, N>, Simd<T, N>) =
                unsafe { (simd_shuffle(a, b, const { every_fifth::<N>() }), simd_shuffle(b, a, const { Simd::<u32, N>::splat(0) })) };
            println!("{:?} {:?}", x.to_array(), y.to_array());
        }
        of_ints!(i8s, i8, i8);
        of_ints!(u8s, u8, i8);
        of_ints!(i16s, i16, i16);
        of_ints!(u16s, u16, i16);
        of_ints!(i32s, i32, i32);
        of_ints!(u32s, u32, i32);
        of_ints!(i64s, i64, i64);
        of_ints!(u64s, u64, i64);
        of_floats!(f32s, f32, i32);
        of_floats!(f64s, f64, i64);
    } };
}
tests!(plain,);
#[cfg(target_arch = "x86_64")]
tests!(avx2, "avx2,fma,bmi2,lzcnt");

/// Masks as bits: a lane's bit is its highest one.
fn bits<M: Copy + std::simd::SimdElement, U: Copy, const N: usize>(mask: Simd<M, N>, a: Simd<i16, N>, all: U) {
    // SAFETY: the integer has a bit for each lane.
    unsafe {
        let bits: U = simd_bitmask(mask);
        let picked = [simd_select_bitmask(bits, a, simd_splat(-1i16)), simd_select_bitmask(all, a, simd_splat(-1i16))];
        println!("{} x {}: {:x} {:?}", N, type_name::<M>(), hash(bits), picked.map(Simd::to_array));
    }
}

fn masks() {
    fn mask<M: From<i8> + Copy + std::simd::SimdElement, const N: usize>() -> Simd<M, N> {
        black_box(Simd::from_array(std::array::from_fn(|i| M::from(-i8::from(i % 5 < 2)))))
    }
    fn some<const N: usize>() -> Simd<i16, N> {
        black_box(Simd::from_array(std::array::from_fn(|i| i as i16)))
    }
    bits(mask::<i8, 3>(), some(), 2u8);
    bits(mask::<i8, 16>(), some(), 0xf0f1u16);
    bits(mask::<i8, 32>(), some(), 0xf0f0_1234u32);
    bits(mask::<i8, 64>(), some(), 0x1234_5678_9abc_def0u64);
    bits(mask::<i8, 64>(), some(), [1u8, 2, 3, 4, 5, 6, 7, 8]);
    bits(mask::<i16, 8>(), some(), 0x83u8);
    bits(mask::<i16, 7>(), some(), [0x45u8]);
    bits(mask::<i32, 4>(), some(), 9u8);
    bits(mask::<i32, 11>(), some(), [1u8, 2]);
    bits(mask::<i64, 2>(), some(), 1u8);
}

fn main() {
    (plain::i8s::<16>(), plain::u8s::<32>(), plain::i16s::<8>(), plain::u16s::<16>());
    // For AArch64, rustc's LLVM does not end with these.
    #[cfg(target_arch = "x86_64")]
    (plain::u8s::<5>(), plain::u16s::<3>());
    (plain::i32s::<4>(), plain::i32s::<1>(), plain::u32s::<7>(), plain::i64s::<2>(), plain::u64s::<8>());
    (plain::f32s::<4>(), plain::f32s::<3>(), plain::f64s::<1>(), plain::f64s::<4>());
    (plain::shuffled::<u8, 16>(u8::from), plain::shuffled::<u8, 4>(u8::from), plain::shuffled::<u16, 32>(u16::from));
    (plain::shuffled::<f32, 4>(f32::from), plain::shuffled::<u64, 4>(u64::from));
    masks();
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("lzcnt") {
        // SAFETY: the processor has what the functions need.
        unsafe {
            (avx2::u8s::<32>(), avx2::i16s::<16>(), avx2::u32s::<8>(), avx2::i64s::<4>(), avx2::f32s::<8>(), avx2::f64s::<2>());
            (avx2::shuffled::<u8, 32>(u8::from), avx2::shuffled::<f64, 4>(f64::from));
        }
    }
}

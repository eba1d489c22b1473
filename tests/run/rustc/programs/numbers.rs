//! Integers of all widths, floats, and conversions among them, at boundary values.
use std::hint::black_box;

macro_rules! ints {
    ($($ty:ty)*) => {$({
        let values = [<$ty>::MIN, <$ty>::MIN + 1, 0, 1, 2, 3, 7, 100, <$ty>::MAX / 2, <$ty>::MAX - 1, <$ty>::MAX];
        for a in black_box(values) {
            println!("{} {a}: {} {} {} {} {} {}", stringify!($ty), !a, a.count_ones(), a.leading_zeros(),
                a.trailing_zeros(), a.swap_bytes(), a.reverse_bits());
            println!(" {:?} {:?} {:?}", a.checked_neg(), a.checked_abs_of(), a.wrapping_neg());
            println!(" {} {} {}", a as f32, a as f64, (a as f64 * 1.5) as $ty);
            println!(" {} {} {} {} {} {}", a as i8, a as u16, a as i32, a as u64, a as i128, a as u128);
            for b in black_box(values) {
                println!(" {b}: {} {} {}", a.wrapping_add(b), a.wrapping_sub(b), a.wrapping_mul(b));
                println!(" {:?} {:?} {:?}", a.overflowing_add(b), a.overflowing_sub(b), a.overflowing_mul(b));
                println!(" {} {} {}", a.saturating_add(b), a.saturating_sub(b), a.saturating_mul(b));
                println!(" {:?} {:?}", a.checked_div(b), a.checked_rem(b));
                println!(" {} {} {}", a & b, a | b, a ^ b);
                println!(" {:?} {} {} {}", a.cmp(&b), a < b, a.max(b), a.min(b));
                let n = (b as u32) % <$ty>::BITS;
                println!(" {} {} {} {}", a << n, a >> n, a.rotate_left(n), a.rotate_right(n));
                println!(" {:?} {:?}", a.checked_shl(b as u32), a.checked_pow(b as u32 % 5));
            }
        }
    })*};
}

trait Magnitude: Sized {
    fn checked_abs_of(self) -> Option<Self>;
}
macro_rules! magnitude {
    ($($ty:ty: $value:expr),*) => {$(impl Magnitude for $ty {
        fn checked_abs_of(self) -> Option<Self> {
            let f: fn($ty) -> Option<$ty> = $value;
            f(self)
        }
    })*};
}
magnitude!(i8: |a| a.checked_abs(), i16: |a| a.checked_abs(), i32: |a| a.checked_abs(), i64: |a| a.checked_abs(),
    i128: |a| a.checked_abs(), u8: Some, u16: Some, u32: Some, u64: Some, u128: Some, usize: Some,
    isize: |a| a.checked_abs());

macro_rules! floats {
    ($($ty:ty)*) => {$({
        let values = [0.0, -0.0, 1.0, -1.5, 2.5, 3.5, 0.1, 1e10, -1e20, <$ty>::MAX, <$ty>::MIN_POSITIVE,
            <$ty>::INFINITY, <$ty>::NEG_INFINITY, <$ty>::NAN];
        for a in black_box(values) {
            println!("{} {a:?}: {:?} {:?} {:?} {:?} {:?}", stringify!($ty), a.sqrt(), a.floor(), a.ceil(), a.trunc(),
                a.round());
            println!(" {:?} {:?} {:?} {:?}", a.round_ties_even(), a.abs(), -a, a.powi(3));
            println!(" {:?} {:?} {:?} {:?}", a.sin(), a.exp(), a.ln(), a.powf(0.5));
            println!(" {} {} {} {}", a as i8, a as u8, a as i32, a as u32);
            println!(" {} {} {} {}", a as i64, a as u64, a as i128, a as u128);
            println!(" {:?} {:?} {:x}", a as f32, a as f64, a.to_bits() & !(1 << (size_of::<$ty>() * 8 - 1)));
            for b in black_box(values) {
                println!(" {b:?}: {:?} {:?} {:?} {:?} {:?}", a + b, a - b, a * b, a / b, a % b);
                println!(" {:?} {} {} {} {}", a.partial_cmp(&b), a == b, a != b, a < b, a >= b);
                println!(" {:?} {:?} {:?}", a.copysign(b).is_sign_negative(), a.mul_add(b, 1.0), a.total_cmp(&b));
                println!(" {:?} {:?}", a.max(b).to_string().replace('-', ""), a.min(b).to_string().replace('-', ""));
            }
        }
    })*};
}

fn matched(v: i128) -> u32 {
    match v {
        0 => 1,
        -1 => 2,
        170141183460469231731687303715884105727 => 3,
        1..=1000 => 4,
        _ => 5,
    }
}

fn main() {
    ints!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 usize isize);
    floats!(f32 f64);
    for v in [0, -1, i128::MAX, 7, i128::MIN] {
        println!("{}", matched(black_box(v)));
    }
    println!("{:?}", char::from_u32(black_box(0x10ffff)).map(|c| c.len_utf8()));
}

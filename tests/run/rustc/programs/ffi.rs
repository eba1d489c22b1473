//! Functions of C's ABI both ways: structures by value in registers and memory, callbacks, variadic calls, narrow types.
use std::ffi::{CStr, CString, c_char, c_double, c_int, c_long, c_void};

macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty = $value:expr),* })*) => {$(
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct $name { $($field: $ty),* }
        impl $name {
            fn value() -> Self { $name { $($field: $value),* } }
        }
    )*};
}
structs! {
    Bytes3 { a: u8 = 1, b: u8 = 2, c: u8 = 3 }
    Mixed { a: f32 = 1.5, b: i32 = -2, c: f64 = 3.25 }
    Floats { a: f32 = 0.5, b: f32 = 1.5, c: f32 = 2.5 }
    Doubles { a: f64 = 1.0, b: f64 = 2.0 }
    Words { a: u64 = 1 << 63, b: i16 = -3 }
    Large { a: [u64; 5] = [1, 2, 3, 4, 5] }
    Pointers { a: *const u8 = std::ptr::null(), b: usize = 9 }
    Wide { a: i128 = -(1 << 100) }
    One { a: i8 = -7 }
    Four { a: [f32; 4] = [1.0, 2.0, 3.0, 4.0] }
    Three { a: f64 = 1.5, b: [f64; 2] = [2.5, 3.5] }
    Odd { a: [u8; 11] = [7; 11] }
}

macro_rules! passed {
    ($($function:ident $name:ident)*) => {$(
        #[inline(never)]
        extern "C" fn $function(n: u8, a: $name, x: f32, b: $name, m: i16, c: $name, d: $name) -> $name {
            println!("{} {n} {x} {m} {}", stringify!($name), a == b && b == c);
            d
        }
    )*};
}
passed!(bytes3 Bytes3 mixed Mixed floats Floats doubles Doubles words Words large Large pointers Pointers wide Wide
    one One four Four three Three odd Odd);

macro_rules! called {
    ($($function:ident $name:ident)*) => {$({
        let f: extern "C" fn(u8, $name, f32, $name, i16, $name, $name) -> $name = std::hint::black_box($function);
        let v = $name::value();
        println!("{:?}", f(255, v, -0.5, v, -300, v, v));
    })*};
}

unsafe extern "C" {
    fn qsort(base: *mut c_void, n: usize, size: usize, order: extern "C" fn(*const c_void, *const c_void) -> c_int);
    fn snprintf(out: *mut c_char, n: usize, format: *const c_char, ...) -> c_int;
    fn strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> c_long;
    fn div(a: c_int, b: c_int) -> Quotient;
    fn frexp(x: c_double, exponent: *mut c_int) -> c_double;
    static environ: *const *const c_char;
}
#[repr(C)]
#[derive(Debug)]
struct Quotient {
    quotient: c_int,
    remainder: c_int,
}

extern "C" fn descending(a: *const c_void, b: *const c_void) -> c_int {
    // SAFETY: qsort gives addresses of elements.
    let (a, b) = unsafe { (*a.cast::<i64>(), *b.cast::<i64>()) };
    b.cmp(&a) as c_int
}

#[inline(never)]
extern "C" fn narrow(a: i8, b: u8, c: i16, d: u16, e: bool, f: char) -> i8 {
    println!("{a} {b} {c} {d} {e} {f}");
    a.wrapping_mul(2)
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
extern "sysv64" fn many(a: u128, b: u8, c: u128, d: u128, e: u128, f: u64) -> u128 {
    a ^ c ^ d ^ e ^ u128::from(b) ^ u128::from(f)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(never)]
extern "C" fn many(a: u128, b: u8, c: u128, d: u128, e: u128, f: u64) -> u128 {
    a ^ c ^ d ^ e ^ u128::from(b) ^ u128::from(f)
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn windows(a: u32, b: f64, c: u8, d: f32, e: u64, f: u64) -> u64 {
    u64::from(a) + b as u64 + u64::from(c) + d as u64 + e + f
}

fn main() {
    called!(bytes3 Bytes3 mixed Mixed floats Floats doubles Doubles words Words large Large pointers Pointers wide Wide
        one One four Four three Three odd Odd);
    let mut values = [3i64, -1, 10, 7];
    // SAFETY: the arguments fit the functions.
    unsafe {
        qsort(values.as_mut_ptr().cast(), values.len(), 8, descending);
        println!("{values:?} {:?} {}", div(-17, 5), environ.is_null());
        let mut out = [0 as c_char; 80];
        let text = CString::new("text").unwrap();
        let n = snprintf(out.as_mut_ptr(), 80, c"%d %s %.3f %llx %c %g".as_ptr(), -5i32, text.as_ptr(), 2.5f64,
            1u64 << 60, 'z' as c_int, 1e100f64);
        println!("{n} {:?}", CStr::from_ptr(out.as_ptr()));
        let mut end = std::ptr::null_mut();
        println!("{} {:?}", strtol(c"77zz".as_ptr(), &mut end, 8), CStr::from_ptr(end));
        let mut exponent = 0;
        println!("{} {exponent}", frexp(48.0, &mut exponent));
    }
    println!("{}", narrow(-128, 255, -1, 65535, true, 'é'));
    println!("{}", many(1 << 90, 3, 5, 7, 1 << 127, 9));
    #[cfg(target_arch = "x86_64")]
    {
        println!("{}", windows(1, 2.5, 3, 4.5, 5, 6));
        let pointers: (extern "sysv64" fn(u128, u8, u128, u128, u128, u64) -> u128, extern "win64" fn(_, _, _, _, _, _) -> _) =
            std::hint::black_box((many, windows));
        println!("{} {}", pointers.0(1 << 90, 3, 5, 7, 1 << 127, 9), pointers.1(1, 2.5, 3, 4.5, 5, 6));
    }
}

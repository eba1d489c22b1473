//! Functions that a program declares with several signatures. Calls that run are well defined with each of them.
use std::ffi::{c_char, c_int};
use std::hint::black_box;

mod one {
    use super::*;
    unsafe extern "C" {
        pub fn strlen(text: *const c_char) -> usize;
        pub fn abs(x: c_int) -> c_int;
        pub fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8;
        pub fn own(x: c_int, y: i64) -> i64;
    }
}
#[allow(unknown_lints, clashing_extern_declarations, invalid_runtime_symbol_definitions)]
mod two {
    use super::*;
    unsafe extern "C" {
        pub fn strlen(x: f64, y: f64) -> f64;
        pub fn abs(x: [u64; 4]) -> [u64; 4];
        pub fn memcpy(x: f32) -> i128;
        pub fn own(x: f64) -> f64;
        pub fn fmod(x: c_int) -> *const u8; // which `%` calls
    }
    unsafe extern "C-unwind" {
        #[link_name = "own"]
        pub fn own_unwinds(x: f32, y: f32) -> [u64; 5];
    }
}

#[unsafe(no_mangle)]
extern "C" fn own(x: c_int, y: i64) -> i64 {
    i64::from(x) - y
}

struct Told(&'static str);
impl Drop for Told {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let text = c"twelve chars";
    let (from, mut to) = ([1u8, 2, 3, 4], [0u8; 4]);
    // SAFETY: the calls that run are by the functions' own signatures.
    unsafe {
        if black_box(false) {
            println!("{} {:?} {}", two::strlen(1.0, 2.0), two::abs([1, 2, 3, 4]), two::memcpy(1.0));
            let _told = Told("own");
            println!("{} {:?} {:?}", two::own(1.0), two::own_unwinds(1.0, 2.0), two::fmod(5));
        }
        println!("{} {}", one::strlen(text.as_ptr()), one::abs(black_box(-7)));
        one::memcpy(to.as_mut_ptr(), from.as_ptr(), 4);
        println!("{to:?} {}", one::own(5, black_box(9)));
        println!("{} {}", black_box(7.5) % black_box(2.0), own(black_box(-1), 1));
    }
}

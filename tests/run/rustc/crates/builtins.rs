//! As compiler-builtins: what it defines is hidden, what it only refers to is not.
#![feature(compiler_builtins)]
#![allow(internal_features)]
#![compiler_builtins]
#![no_std]

unsafe extern "C" {
    fn abs(n: i32) -> i32;
}

#[unsafe(no_mangle)]
pub extern "C" fn twice(n: i32) -> i32 {
    unsafe { abs(n) * 2 }
}

pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a == b
}

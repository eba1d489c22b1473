//! What LLVM leaves out without optimization: functions that must be inlined, and panics that cannot happen.

#[inline(always)]
fn twice(n: u32) -> u32 {
    n.wrapping_mul(2)
}

#[inline(always)]
fn shifted(n: u32) -> u32 {
    twice(n) >> 3
}

/// It stays, since its address is taken.
#[inline(always)]
fn taken(n: u32) -> u32 {
    twice(n) ^ 1
}

pub static TAKEN: fn(u32) -> u32 = taken;

#[unsafe(no_mangle)]
pub fn both(n: u32) -> u32 {
    shifted(n) ^ taken(n)
}

//! Bindings of libkiln with the names that they have in C. They are generated from its headers when the crate is built.
//!
//! An enumeration is a `u32` with constants, because the library may have more of them than the headers. `Default`
//! makes a structure zero, which is what the headers mean by "zero-initialise". The headers document everything.
//!
//! The library is compiled from its sources by the C compiler that the crate `cc` finds. If the environment variable
//! `KILN_LIBRARY` names a folder, the archives in that folder are linked instead.
#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals)]
#![allow(clippy::missing_safety_doc, clippy::too_many_arguments)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

/// The type of addresses, like C's macro of this name.
pub const KILN_TYPE_PTR: kiln_type = KILN_TYPE_I64;

/// The maximum number of results of a function, like C's macro of this name.
pub const KILN_MAX_RESULTS: u32 = 8;

/// States that the address of an access is a multiple of 2^n, with n from 0 to 15, like C's macro of this name.
#[allow(non_snake_case)]
#[inline]
pub const fn KILN_MEM_ALIGN(n: u32) -> u32 {
    n << 8
}

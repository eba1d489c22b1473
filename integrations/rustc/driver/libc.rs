//! What the driver calls of C's library, under the names of the crate `libc`: Linux on x86-64 and AArch64.

#![allow(non_camel_case_types)]

use std::ffi::c_ulong;
pub use std::ffi::{c_int, c_void};

pub const SIGILL: c_int = 4;
pub const SIGBUS: c_int = 7;
pub const SIGSEGV: c_int = 11;
pub const SIGPIPE: c_int = 13;
pub const SIG_DFL: sighandler_t = 0;
pub const STDERR_FILENO: c_int = 2;
pub const SA_ONSTACK: c_int = 0x0800_0000;
pub const SA_NODEFER: c_int = 0x4000_0000;
pub const SA_RESETHAND: c_int = 0x8000_0000_u32 as c_int;
pub const MINSIGSTKSZ: usize = if cfg!(target_arch = "aarch64") { 5120 } else { 2048 };

pub type sighandler_t = usize;

#[repr(C)]
pub struct sigset_t([u64; 16]);

#[repr(C)]
pub struct stack_t {
    pub ss_sp: *mut c_void,
    pub ss_flags: c_int,
    pub ss_size: usize,
}

#[repr(C)]
pub struct sigaction {
    pub sa_sigaction: sighandler_t,
    pub sa_mask: sigset_t,
    pub sa_flags: c_int,
    sa_restorer: usize,
}

unsafe extern "C" {
    pub fn signal(signal: c_int, handler: sighandler_t) -> sighandler_t;
    pub fn sigaction(signal: c_int, action: *const sigaction, old: *mut sigaction) -> c_int;
    pub fn sigaltstack(stack: *const stack_t, old: *mut stack_t) -> c_int;
    pub fn sigemptyset(set: *mut sigset_t) -> c_int;
    pub fn write(file: c_int, bytes: *const c_void, n: usize) -> isize;
    pub fn backtrace(frames: *mut *mut c_void, n: c_int) -> c_int;
    pub fn getauxval(kind: c_ulong) -> c_ulong;
}

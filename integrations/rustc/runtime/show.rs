//! What a debugger calls to print a value as `{:?}` does (`src/show`, `debuggers`). The library compiles this
//! file into each program whose values are shown; the program's own code never calls it, and no name of it is exported.
//!
//! Nothing here allocates, and nothing waits for other threads but the lock of the panic hook, which another thread has
//! only while it prints that it panicked.

// For the name of what begins a panic.
#![allow(internal_features, improper_ctypes_definitions)]
#![feature(rustc_attrs)]

use std::cell::UnsafeCell;
use std::fmt::{self, Write};
use std::panic;

/// `<T as Debug>::fmt` of a type that has a size.
type Function = unsafe fn(*const (), &mut fmt::Formatter<'_>) -> fmt::Result;
type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

/// How printing ended: the highest byte of what `show` returns.
const WHOLE: u64 = 0;
/// The buffer is full.
const CUT: u64 = 1;
/// `fmt` returned an error.
const ERROR: u64 = 2;
const PANICKED: u64 = 3;

/// Prints as `{:#?}`.
const ALTERNATE: usize = 1;

#[repr(C, align(64))]
struct Memory<const N: usize>(UnsafeCell<[u8; N]>);
// SAFETY: debuggers let one thread run while they use it.
unsafe impl<const N: usize> Sync for Memory<N> {}

/// Where the text goes.
static TEXT: Memory<65536> = Memory(UnsafeCell::new([0; 65536]));
/// Where debuggers put a copy of a value that is not in memory.
static VALUE: Memory<4096> = Memory(UnsafeCell::new([0; 4096]));

struct Kept(UnsafeCell<Option<Hook>>);
// SAFETY: as above.
unsafe impl Sync for Kept {}
/// The program's panic hook while a value is printed.
static HOOK: Kept = Kept(UnsafeCell::new(None));

unsafe extern "Rust" {
    /// What begins a panic; it has other parameters.
    #[rustc_std_internal_symbol]
    fn rust_begin_unwind();
}

/// What debuggers need to know; they find it by the first entry of the index whose type has no name.
#[repr(C)]
struct Table {
    version: usize,
    show: extern "C" fn(*const (), Function, usize, usize) -> u64,
    restore: extern "C" fn() -> u64,
    text: &'static Memory<65536>,
    text_bytes: usize,
    value: &'static Memory<4096>,
    value_bytes: usize,
    /// Where panics begin, if one ends the program; or null. Nothing has changed there yet: debuggers put an invalid
    /// instruction there, whose signal ends the call.
    panics: Option<unsafe extern "Rust" fn()>,
}
static TABLE: Table = Table {
    version: 2,
    show,
    restore,
    text: &TEXT,
    text_bytes: 65536,
    value: &VALUE,
    value_bytes: 4096,
    panics: if cfg!(panic = "abort") { Some(rust_begin_unwind) } else { None },
};

/// An entry of the index, as the library writes them, without the name of a type.
#[repr(C)]
struct Entry {
    function: &'static Table,
    hash: u64,
    size: u32,
    /// The highest byte counts pointers between a value and what the function takes.
    name_bytes: u32,
}
#[used]
#[unsafe(link_section = "kiln_show")]
static mut ENTRY: Entry = Entry { function: &TABLE, hash: 0, size: 0, name_bytes: 0 };

/// The part of the buffer that is free.
struct Text {
    at: usize,
    end: usize,
    is_cut: bool,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let n = text.floor_char_boundary(self.end - self.at);
        let to = TEXT.0.get().cast::<u8>().wrapping_add(self.at);
        // SAFETY: so many bytes are left, and nothing else uses them.
        unsafe { to.copy_from_nonoverlapping(text.as_ptr(), n) };
        self.at += n;
        self.is_cut |= n < text.len();
        if self.is_cut { Err(fmt::Error) } else { Ok(()) }
    }
}

/// A value whose type only its function knows.
struct Value(*const (), Function);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the debugger says that the value is of the function's type.
        unsafe { (self.1)(self.0, f) }
    }
}

/// Prints the value at `address` into `TEXT`, `capacity` bytes at most. Returns the text's length, and how it ended.
extern "C" fn show(address: *const (), function: Function, options: usize, capacity: usize) -> u64 {
    let mut text = Text { at: 0, end: capacity.min(65536), is_cut: false };
    // The hook would print; a thread that panics must not change it.
    let quiet = !std::thread::panicking();
    if quiet {
        restore();
        let hook = panic::take_hook();
        // SAFETY: no other thread runs.
        unsafe { *HOOK.0.get() = Some(hook) };
        panic::set_hook(Box::new(|_| ()));
    }
    let value = Value(address, function);
    let print = panic::AssertUnwindSafe(|| match options & ALTERNATE {
        0 => write!(text, "{value:?}"),
        _ => write!(text, "{value:#?}"),
    });
    let result = panic::catch_unwind(print);
    if quiet {
        restore();
    }
    let end = match result {
        _ if text.is_cut => CUT,
        Ok(Ok(())) => WHOLE,
        Ok(Err(_)) => ERROR,
        // What it says may panic when it is dropped.
        Err(payload) => {
            std::mem::forget(payload);
            PANICKED
        }
    };
    text.at as u64 | end << 56
}

/// Gives the program its hook back, if the debugger ended a call of `show`.
extern "C" fn restore() -> u64 {
    // SAFETY: no other thread runs.
    if let Some(hook) = unsafe { (*HOOK.0.get()).take() } {
        panic::set_hook(hook);
    }
    0
}

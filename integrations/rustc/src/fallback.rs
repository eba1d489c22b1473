//! What fails while Kiln builds a unit is a reason for LLVM to compile the unit: `attempt`. A crash of the process is
//! one for kiln-rustc to run rustc again, with all units left to LLVM (`integrations/llvm/rerun.c`): `left_to_llvm`,
//! `note`.
//!
//! The user's errors are none of that: they unwind on.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::ptr;
use std::sync::{Once, OnceLock};

use rustc_errors::FatalErrorMarker;

/// What ends the attempt to build a unit.
pub enum Refusal {
    /// What Kiln does not have, or what is beyond its limits.
    Limit(String),
    /// What it should have built.
    Bug(String),
}

thread_local! {
    /// Kiln builds a unit in this thread.
    static BUILDING: Cell<bool> = const { Cell::new(false) };
    /// What the last panic in a unit said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Kiln did not build a unit.
pub struct Failure {
    /// Why, as users read it.
    pub why: String,
    /// The text of a panic that was not printed; it may be rustc's own.
    panic: Option<String>,
}

/// Gives the unit up that is being built.
pub fn refuse(why: Refusal) -> ! {
    panic::resume_unwind(Box::new(why))
}

fn text_of(info: &PanicHookInfo<'_>) -> String {
    let text = info.payload_as_str().unwrap_or("a panic without a message");
    info.location().map_or_else(|| text.to_string(), |place| format!("{text} ({place})"))
}

/// Keeps panics in units from being reported as those of rustc: LLVM's turn is next.
fn hold_panics_back() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match BUILDING.get() {
            true => PANIC.set(text_of(info)),
            false => before(info),
        }));
    });
}

/// Does what is part of building a unit.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, Failure> {
    hold_panics_back();
    let before = BUILDING.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    BUILDING.set(before);
    done.map_err(|payload| {
        if payload.is::<FatalErrorMarker>() {
            panic::resume_unwind(payload);
        }
        match payload.downcast::<Refusal>().map(|refusal| *refusal) {
            Ok(Refusal::Limit(why)) => Failure { why, panic: None },
            Ok(Refusal::Bug(why)) => Failure { why: format!("Kiln failed: {why}"), panic: None },
            Err(_) => {
                let text = PANIC.take();
                Failure { why: format!("Kiln panicked: {text}"), panic: Some(text) }
            }
        }
    })
}

impl Failure {
    /// Has LLVM do it. If that fails, too, the panic was rustc's, whose message is due.
    pub fn instead<R>(&self, by_llvm: impl FnOnce() -> R) -> R {
        let failed = |payload: Box<dyn Any + Send>| -> R {
            if let Some(text) = &self.panic {
                eprintln!("rustc panicked: {text}");
            }
            panic::resume_unwind(payload)
        };
        panic::catch_unwind(AssertUnwindSafe(by_llvm)).unwrap_or_else(failed)
    }
}

/// Why kiln-rustc has all units left to LLVM: in an earlier run of the same compilation, Kiln crashed.
pub fn left_to_llvm() -> Option<String> {
    variable("KILN_SHIM_LLVM").filter(|why| !why.is_empty())
}

#[repr(C)]
struct SignalAction {
    handler: usize,
    mask: [u64; 16],
    flags: c_int,
    restorer: usize,
}

unsafe extern "C" {
    fn fcntl(file: c_int, command: c_int, ...) -> c_int;
    fn pwrite(file: c_int, bytes: *const c_void, size: usize, offset: i64) -> isize;
    fn ftruncate(file: c_int, size: i64) -> c_int;
    fn sigaction(signal: c_int, action: *const SignalAction, old: *mut SignalAction) -> c_int;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The file in which kiln-rustc finds what Kiln was doing when the process died.
fn notes() -> Option<c_int> {
    static FILE: OnceLock<Option<c_int>> = OnceLock::new();
    *FILE.get_or_init(|| {
        let file = variable("KILN_SHIM_NOTE")?.parse().ok()?;
        const SET_FLAGS: c_int = 2; // F_SETFD
        const CLOSE_ON_EXEC: c_int = 1;
        // SAFETY: the linker and other programs do not get the file.
        (unsafe { fcntl(file, SET_FLAGS, CLOSE_ON_EXEC) } == 0).then_some(file)
    })
}

/// Says what Kiln does from now on; nothing: the process's death is not due to Kiln.
pub fn note(what: &str) {
    let Some(file) = notes() else { return };
    // SAFETY: the bytes live as long as the call.
    unsafe {
        ftruncate(file, 0);
        pwrite(file, what.as_ptr().cast(), what.len(), 0);
    }
}

/// Has crashes end the process without rustc's backtrace: kiln-rustc runs it again.
pub fn crash_silently() {
    const SIGNALS: [c_int; 3] = [4, 7, 11]; // SIGILL, SIGBUS, SIGSEGV of Linux
    if notes().is_none() {
        return;
    }
    let default = SignalAction { handler: 0, mask: [0; 16], flags: 0, restorer: 0 };
    for signal in SIGNALS {
        // SAFETY: the structure is glibc's and musl's on processors of 64 bits.
        unsafe { sigaction(signal, &default, ptr::null_mut()) };
    }
}

/// A variable of Kiln's. If the shim is loaded, the process's environment need not have it: what a build runs sees that
/// of plain cargo (tools/carried.h).
pub fn variable(name: &str) -> Option<String> {
    type Function = unsafe extern "C" fn(*const c_char) -> *const c_char;
    // SAFETY: the function is of this type.
    let shims = unsafe {
        std::mem::transmute::<*mut c_void, Option<Function>>(dlsym(ptr::null_mut(), c"kiln_shim_variable".as_ptr()))
    };
    let Some(shims) = shims else { return std::env::var(name).ok() };
    let name = CString::new(name).expect("names have no NUL");
    // SAFETY: the result is a text that nobody changes, or null.
    let value = unsafe { shims(name.as_ptr()).as_ref().map(|value| CStr::from_ptr(value)) };
    value.and_then(|value| value.to_str().ok()).map(str::to_string)
}

/// A function of the shim's that takes a text, if the shim is loaded (integrations/llvm/shim.h).
pub fn shim_function(name: &CStr) -> Option<impl Fn(&str)> {
    type Function = unsafe extern "C" fn(*const c_char);
    // SAFETY: both functions are of this type, and take a text that lives as long as the call.
    let function =
        unsafe { std::mem::transmute::<*mut c_void, Option<Function>>(dlsym(ptr::null_mut(), name.as_ptr())) };
    function.map(|function| {
        move |text: &str| {
            let text = CString::new(text.replace('\0', " ")).expect("NULs are gone");
            // SAFETY: as above.
            unsafe { function(text.as_ptr()) }
        }
    })
}

/// Runs LLVM's back end for a unit that Kiln failed to build. The shim, if it is loaded, would try it, too; it reports
/// LLVM's work with this reason instead. False: it is not loaded.
pub fn by_llvm_because<R>(why: &str, work: impl FnOnce() -> R) -> (R, bool) {
    let because = shim_function(c"kiln_shim_because");
    if let Some(because) = &because {
        because(&why.replace(['\t', '\n'], " "));
    }
    let result = work();
    if let Some(because) = &because {
        because("");
    }
    (result, because.is_some())
}

//! Backtraces end at a naked function, whose frame no table describes, and panics below it are caught.
use std::arch::naked_asm;
use std::backtrace::Backtrace;

#[unsafe(naked)]
extern "C" fn bare(f: extern "C" fn()) {
    naked_asm!("stp x29, x30, [sp, -16]!", "blr x0", "ldp x29, x30, [sp], 16", "ret")
}

extern "C" fn inner() {
    let frames = Backtrace::force_capture().to_string();
    println!("{} frames of `bare`, {}", frames.matches("::bare").count(), frames.matches("::inner").count());
    println!("caught: {}", std::panic::catch_unwind(|| panic!("inside")).is_err());
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("{info}")));
    bare(inner);
    println!("done");
}

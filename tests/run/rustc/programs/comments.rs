//! Comments in assembly that LLVM's assembler knows: GNU as has no `//` on x86-64.
use std::arch::{asm, global_asm, naked_asm};

global_asm!(
    "// a comment at the begin; .error \"it is not read\"",
    ".globl slashes // and behind a statement",
    "slashes: // and behind a label",
    "lea rax, [rip + 2f] // 'quote' and \"string\"",
    "ret # the other kind // has both",
    "/* of several // lines",
    "   # as in C */ 2: .asciz \"// is text # here\"",
    ".globl quotient",
    "quotient: mov eax, 12 / 4; ret",
    ".set semicolon, ';'",
);
global_asm!(".globl att; att: movl $3, %eax // AT&T; ret", "addl $'/', %eax", "ret", options(att_syntax));

unsafe extern "C" {
    fn slashes() -> *const std::ffi::c_char;
    fn quotient() -> u32;
    fn att() -> u32;
}

#[unsafe(naked)]
extern "C" fn bare() -> u32 {
    naked_asm!("mov eax, 7 // seven", "// ret", "ret//")
}

fn main() {
    let (x, y, z): (u64, u64, u64);
    // SAFETY: the assembly loads numbers, and returns from functions.
    unsafe {
        asm!("mov {0}, 5 // five", out(reg) x);
        asm!("// nothing; before", "mov {0}, 6", "2: // a label", "dec {0}//\n jnz 2b", "mov {0}, 9 # nine // 9", out(reg) y);
        asm!("lea {0}, [rip + 2f] /* // */", ".pushsection .rodata // another", "2: .ascii \"//\"", ".popsection // back",
            "movzx {0:e}, word ptr [{0}]", out(reg) z);
        println!("{x} {y} {z:x} {:?} {} {} {}", std::ffi::CStr::from_ptr(slashes()), quotient(), att(), bare());
    }
}

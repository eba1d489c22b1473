//! Names that begin with the byte 1, by which LLVM is told not to change what follows: the byte is not part of the name. And
//! names that assembly reads differently.
#![feature(linkage, thread_local)]
use std::arch::{asm, global_asm, naked_asm};
use std::ffi::{c_char, c_int};

unsafe extern "C" {
    #[link_name = "\u{1}strlen"]
    fn length(s: *const c_char) -> usize;
    // The same function without the byte.
    fn strlen(s: *const c_char) -> usize;
    #[link_name = "\u{1}environ"]
    static ENVIRONMENT: *const *const c_char;
    // Those that are defined below.
    #[link_name = "twice"]
    fn twice_by_name(x: c_int) -> c_int;
    #[link_name = "\u{1}count"]
    static COUNT_BY_NAME: c_int;
    #[link_name = "\u{1}in_assembly"]
    fn in_assembly(x: c_int) -> c_int;
    #[linkage = "extern_weak"]
    #[link_name = "\u{1}getpid"]
    static PROCESS: Option<unsafe extern "C" fn() -> c_int>;
    #[linkage = "extern_weak"]
    #[link_name = "\u{1}nobody_defines_it"]
    static NOBODY: Option<unsafe extern "C" fn() -> c_int>;
}

#[unsafe(export_name = "\u{1}twice")]
extern "C" fn twice(x: c_int) -> c_int {
    2 * x
}

#[unsafe(export_name = "\u{1}count")]
static COUNT: c_int = 12;

#[thread_local]
#[unsafe(export_name = "\u{1}of_thread")]
static OF_THREAD: c_int = 13;

#[unsafe(export_name = "\u{1}bare")]
#[unsafe(naked)]
extern "C" fn bare(_: c_int) -> c_int {
    #[cfg(target_arch = "x86_64")]
    naked_asm!("lea eax, [rdi + 3]", "ret");
    #[cfg(target_arch = "aarch64")]
    naked_asm!("add w0, w0, #3", "ret")
}

#[linkage = "weak"]
#[unsafe(export_name = "\u{1}weak_one")]
extern "C" fn weak_one() -> c_int {
    14
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl in_assembly", "in_assembly:", "call {}", "mov rcx, [rip + {}@GOTPCREL]", "add eax, [rcx]", "ret",
    sym twice, sym COUNT
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl in_assembly", "in_assembly: str x30, [sp, #-16]!", "bl {}", "adrp x1, :got:{}", "ldr x1, [x1, :got_lo12:{}]",
    "ldr w1, [x1]", "add w0, w0, w1", "ldr x30, [sp], #16", "ret", sym twice, sym COUNT, sym COUNT
);

// Names that GNU as reads as operators on x86-64, and LLVM does not.
#[unsafe(export_name = "lt")]
extern "C" fn like_lt(x: c_int) -> c_int {
    x + 9
}

#[unsafe(export_name = "eq")]
extern "C" fn like_eq(x: c_int) -> c_int {
    !x
}

#[unsafe(export_name = "Flat")]
static LIKE_FLAT: c_int = 15;

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl by_words", "by_words:", "call {}", "mov edi, eax", "call {}", "add eax, dword ptr [rip + {}]", "ret",
    sym like_lt, sym like_eq, sym LIKE_FLAT
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl by_words", "by_words: str x30, [sp, #-16]!", "bl {}", "bl {}", "adrp x1, {}", "ldr w1, [x1, :lo12:{}]",
    "add w0, w0, w1", "ldr x30, [sp], #16", "ret", sym like_lt, sym like_eq, sym LIKE_FLAT, sym LIKE_FLAT
);

#[unsafe(naked)]
extern "C" fn by_word(_: c_int) -> c_int {
    #[cfg(target_arch = "x86_64")]
    naked_asm!("jmp {}", sym like_eq);
    #[cfg(target_arch = "aarch64")]
    naked_asm!("b {}", sym like_eq)
}

unsafe extern "C" {
    fn by_words(x: c_int) -> c_int;
}

fn main() {
    let (by_operand, of_static): (c_int, c_int);
    // SAFETY: the functions are as declared, and the assembly calls one with its argument.
    unsafe {
        println!("{} {} {}", length(c"four".as_ptr()), strlen(c"three".as_ptr()), ENVIRONMENT.is_null());
        println!("{} {} {}", twice_by_name(4), COUNT_BY_NAME, in_assembly(5));
        println!("{} {}", PROCESS.unwrap()() > 0, NOBODY.is_none());
        #[cfg(target_arch = "x86_64")]
        {
            asm!("call {}", sym twice, in("edi") 21, lateout("eax") by_operand, clobber_abi("C"));
            asm!("mov {0:e}, dword ptr [rip + {1}]", out(reg) of_static, sym COUNT);
        }
        #[cfg(target_arch = "aarch64")]
        {
            asm!("bl {}", sym twice, in("w0") 21, lateout("w0") by_operand, clobber_abi("C"));
            asm!("adrp {0}, {1}", "ldr {0:w}, [{0}, :lo12:{1}]", out(reg) of_static, sym COUNT);
        }
    }
    // SAFETY: the assembly calls functions with the argument.
    println!("{} {}", unsafe { by_words(4) }, by_word(6));
    println!("{by_operand} {of_static} {OF_THREAD} {} {}", bare(4), weak_one());
}

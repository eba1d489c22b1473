//! Assembly of a module and naked functions: they call Rust and are called by it, and share statics with it.
use std::arch::{asm, global_asm, naked_asm};
use std::hint::black_box;

global_asm!(
    ".globl module_seven",
    "module_seven: mov eax, {seven}",
    "ret",
    ".globl module_calls",
    "module_calls: .cfi_startproc",
    "push rbx",
    ".cfi_adjust_cfa_offset 8",
    "lea rbx, [rdi + 1]",
    "call {twice}",
    "add rax, rbx",
    "add rax, qword ptr [rip + {counter}]",
    "add rax, qword ptr [rip + {numbers} + 8]",
    "add rax, qword ptr [rip + .Lprivate]",
    "pop rbx",
    ".cfi_adjust_cfa_offset -8",
    "ret",
    ".cfi_endproc",
    ".pushsection .data",
    ".Lprivate: .quad 1000",
    ".globl MODULE_DATA",
    "MODULE_DATA: .quad 11, 22",
    ".popsection",
    seven = const 7,
    twice = sym twice,
    counter = sym COUNTER,
    numbers = sym NUMBERS,
);
// A local label of the same name as one of Rust's, and the other syntax.
global_asm!(
    ".globl module_att\nmodule_att:\n  movq %rdi, %rax\n  shlq ${n}, %rax\n  jmp 1f\n  ud2\n1: ret",
    n = const 3i32,
    options(att_syntax)
);

unsafe extern "C" {
    safe fn module_seven() -> u32;
    safe fn module_calls(x: u64) -> u64;
    safe fn module_att(x: u64) -> u64;
    safe static mut MODULE_DATA: [u64; 2];
}

static COUNTER: u64 = 100;
static NUMBERS: [u64; 2] = [0, 10];

extern "C" fn twice(x: u64) -> u64 {
    x * 2
}

#[unsafe(naked)]
extern "C" fn three_times(_: u64) -> u64 {
    naked_asm!("lea rax, [rdi + rdi * 2]", "ret")
}

#[unsafe(naked)]
extern "C" fn generic<const N: usize>(_: u64) -> u64 {
    naked_asm!("lea rax, [rdi + {n}]", "jmp 2f", "ud2", "2: ret", n = const N)
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.own")]
extern "C" fn calls_back(_: u64) -> u64 {
    naked_asm!("sub rsp, 8", "call {f}", "add rsp, 8", "inc rax", "ret", f = sym twice)
}

mod inner {
    #[unsafe(naked)]
    pub extern "sysv64" fn att(_: u64) -> u64 {
        std::arch::naked_asm!("leaq 1(%rdi), %rax", "ret", options(att_syntax))
    }
}

fn main() {
    println!("{} {} {}", module_seven(), module_calls(black_box(5)), module_att(2));
    // SAFETY: no other thread uses it.
    unsafe {
        MODULE_DATA[1] += 1;
        println!("{} {}", MODULE_DATA[0], MODULE_DATA[1]);
    }
    let functions: [extern "C" fn(u64) -> u64; 4] = [three_times, generic::<4>, generic::<40>, calls_back];
    for f in black_box(functions) {
        println!("{}", f(black_box(10)));
    }
    println!("{} {}", inner::att(1), three_times(3));
    let inline: u64;
    // SAFETY: it adds.
    unsafe { asm!("lea {0}, [{1} + 5]", out(reg) inline, in(reg) 7u64) };
    println!("{inline}");
}

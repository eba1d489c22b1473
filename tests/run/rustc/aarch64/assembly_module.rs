//! Assembly of a module and naked functions of AArch64: they call Rust and are called by it, and share statics with it;
//! symbols of all kinds, thread-local data, and what tables of unwinding say.
use std::arch::{asm, global_asm, naked_asm};
use std::hint::black_box;

global_asm!(
    ".globl module_seven // a comment",
    "module_seven: mov w0, {seven}",
    "ret",
    ".globl module_calls",
    "module_calls: .cfi_startproc",
    "stp x29, x30, [sp, #-32]!",
    ".cfi_def_cfa_offset 32",
    ".cfi_offset x30, -24",
    ".cfi_offset x29, -32",
    "str x19, [sp, #16]",
    ".cfi_offset x19, -16",
    "add x19, x0, #1",
    "bl {twice}",
    "add x0, x0, x19",
    "adrp x1, {counter}",
    "ldr x1, [x1, :lo12:{counter}]",
    "add x0, x0, x1",
    "adrp x1, :got:{numbers}",
    "ldr x1, [x1, :got_lo12:{numbers}]",
    "ldr x1, [x1, #8]",
    "add x0, x0, x1",
    "adr x1, .Lprivate",
    "ldr w1, [x1]",
    "add x0, x0, x1",
    "ldr x19, [sp, #16]",
    "ldp x29, x30, [sp], #32",
    "ret",
    ".cfi_endproc",
    ".Lprivate: .word 1000",
    ".pushsection .data",
    ".p2align 3",
    ".globl MODULE_DATA",
    "MODULE_DATA: .quad 11, 22",
    ".popsection",
    ".comm asm_shared, 16, 8",
    ".weak asm_absent",
    ".globl address_of_absent",
    "address_of_absent: adrp x0, :got:asm_absent",
    "ldr x0, [x0, :got_lo12:asm_absent]",
    "ret",
    ".globl asm_chosen",
    ".type asm_chosen, %gnu_indirect_function",
    "asm_chosen: adrp x0, {twice}",
    "add x0, x0, :lo12:{twice}",
    "ret",
    ".pushsection .tdata, \"awT\", %progbits",
    ".p2align 2",
    ".long 1",
    "asm_local: .long 42",
    ".popsection",
    ".globl tls_value",
    "tls_value: mrs x1, tpidr_el0",
    "adrp x0, :gottprel:asm_local",
    "ldr x0, [x0, :gottprel_lo12:asm_local]",
    "ldr w0, [x1, x0]",
    "ret",
    seven = const 7,
    twice = sym twice,
    counter = sym COUNTER,
    numbers = sym NUMBERS,
);

unsafe extern "C" {
    safe fn module_seven() -> u32;
    safe fn module_calls(x: u64) -> u64;
    safe fn asm_chosen(x: u64) -> u64;
    safe fn tls_value() -> u32;
    static mut MODULE_DATA: [u64; 2];
    static mut asm_shared: [u64; 2];
    static asm_absent: u8;
    safe fn address_of_absent() -> usize;
}

static COUNTER: u64 = 100;
static NUMBERS: [u64; 2] = [0, 10];

extern "C" fn twice(x: u64) -> u64 {
    assert!(x < 1000);
    x * 2
}

#[unsafe(naked)]
extern "C" fn three_times(_: u64) -> u64 {
    naked_asm!("add x0, x0, x0, lsl #1", "ret")
}

#[unsafe(naked)]
extern "C" fn generic<const N: usize>(_: u64) -> u64 {
    naked_asm!("add x0, x0, #{n}", "b 2f", "udf #0", "2: ret", n = const N)
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.own")]
extern "C" fn calls_back(_: u64) -> u64 {
    naked_asm!("str x30, [sp, #-16]!", "bl {f}", "ldr x30, [sp], #16", "add x0, x0, #1", "ret", f = sym twice)
}

fn main() {
    println!("{} {} {} {}", module_seven(), module_calls(black_box(5)), asm_chosen(black_box(6)), tls_value());
    // SAFETY: no other thread uses them.
    unsafe {
        let (data, shared) = (&raw mut MODULE_DATA, &raw mut asm_shared);
        (*data)[1] += 1;
        (*shared)[1] = 5;
        println!("{} {} {}", (*data)[0], (*data)[1], (*shared)[1]);
        println!("{} {}", black_box(&raw const asm_absent).is_null(), address_of_absent());
    }
    let functions: [extern "C" fn(u64) -> u64; 4] = [three_times, generic::<4>, generic::<40>, calls_back];
    for f in black_box(functions) {
        println!("{}", f(black_box(10)));
    }
    let inline: u64;
    // SAFETY: it adds.
    unsafe { asm!("add {0}, {1}, 5", out(reg) inline, in(reg) 7u64) };
    println!("{inline}");
}

//! Assembly of a module with symbols of all kinds: common data, numbers, names that stay undefined, ifuncs, thread-local
//! data; and frames with what only tables of unwinding say.
use std::arch::global_asm;
use std::hint::black_box;
use std::ptr;

global_asm!(
    ".comm asm_shared, 16, 8",
    ".globl asm_number",
    ".set asm_number, 0x123456789",
    ".weak asm_absent",
    ".weak asm_missing",
    ".hidden asm_missing",
    ".globl address_of_missing",
    "address_of_missing: mov rax, [rip + asm_missing@GOTPCREL]",
    "ret",
    ".globl address_of_absent",
    "address_of_absent: mov rax, [rip + asm_absent@GOTPCREL]",
    "ret",
    ".globl asm_chosen",
    ".type asm_chosen, @gnu_indirect_function",
    "asm_chosen: lea rax, [rip + {seven}]",
    "ret",
    ".pushsection .tdata, \"awT\", @progbits",
    ".p2align 2",
    ".long 1",
    "asm_local: .long 42",
    ".popsection",
    ".pushsection .tbss, \"awT\", @nobits",
    ".p2align 2",
    "asm_zero: .zero 4",
    ".popsection",
    ".globl tls_sum",
    "tls_sum: mov rax, [rip + asm_local@GOTTPOFF]",
    "mov eax, fs:[rax]",
    "mov rcx, [rip + asm_zero@GOTTPOFF]",
    "add eax, fs:[rcx]",
    "ret",
    ".globl as_signal",
    "as_signal: .cfi_startproc",
    ".cfi_signal_frame",
    "lea rax, [rdi + 1]",
    "ret",
    ".cfi_endproc",
    seven = sym seven_more,
);

unsafe extern "C" {
    static mut asm_shared: [u64; 2];
    static asm_number: u8;
    static asm_absent: u8;
    safe fn address_of_missing() -> usize;
    safe fn address_of_absent() -> usize;
    safe fn asm_chosen(x: u64) -> u64;
    safe fn tls_sum() -> u32;
    safe fn as_signal(x: u64) -> u64;
}

extern "C" fn seven_more(x: u64) -> u64 {
    x + 7
}

fn main() {
    let shared = &raw mut asm_shared;
    unsafe { (*shared)[1] = 5 };
    println!("{} {:x}", unsafe { (*shared)[1] }, black_box(&raw const asm_number) as usize);
    let absent = black_box(&raw const asm_absent);
    println!("{} {} {}", ptr::eq(absent, ptr::null()), address_of_missing(), address_of_absent());
    let chosen: extern "C" fn(u64) -> u64 = black_box(asm_chosen);
    println!("{} {} {} {}", asm_chosen(1), chosen(2), tls_sum(), as_signal(black_box(4)));
}

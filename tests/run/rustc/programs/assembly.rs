//! Inline assembly: operands of all classes and kinds, modifiers, symbols, clobbers, both syntaxes.
use std::arch::asm;
use std::hint::black_box;

static TABLE: [u32; 3] = [10, 20, 30];

extern "C" fn triple(n: u64) -> u64 {
    n * 3
}

#[inline(never)]
fn around(a: u64, b: u64) -> (u64, u64, u64) {
    let (kept, mut c) = (a * 7, b);
    let d: u64;
    // SAFETY: it changes registers only.
    unsafe {
        asm!("mov r12, {0}", "mov r13, r12", "add {1}, r13", "mov {2}, {1}", in(reg) a, inout(reg) c, lateout(reg) d,
            out("r12") _, out("r13") _);
    }
    (kept, c, d)
}

fn syscall(number: u64, a: u64, b: u64, c: u64) -> i64 {
    let result;
    // SAFETY: the caller knows the call.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c, out("rcx") _,
            out("r11") _, options(nostack));
    }
    result
}

fn cpuid(leaf: u32) -> (u32, u32) {
    let (eax, edx);
    // SAFETY: all processors have it.
    unsafe {
        asm!("mov {b:r}, rbx", "cpuid", "xchg {b:r}, rbx", b = out(reg) _, inout("eax") leaf => eax, inout("ecx") 0 => _,
            out("edx") edx);
    }
    (eax, edx)
}

fn main() {
    println!("{:?}", around(black_box(3), black_box(4)));
    println!("{} {}", syscall(39, 0, 0, 0) > 0, syscall(3, u64::MAX, 0, 0));
    println!("{:?}", cpuid(0).0 > 0);
    // SAFETY: the code is what its text says.
    unsafe {
        let (x, y): (u8, u16);
        asm!("mov {0}, 200", "mov {1:x}, 50000", out(reg_byte) x, out(reg) y);
        let z: u32;
        asm!("mov {0:e}, {1}", "add {0:e}, {2}", out(reg) z, const 1000, const -7i32);
        let high: u64;
        asm!("xor {0:e}, {0:e}", "mov {0:h}, 1", "mov {0:l}, 2", out(reg_abcd) high);
        println!("{x} {y} {z} {high}");
        let f: f64;
        asm!("movapd {0}, {1}", "addsd {0}, {2}", out(xmm_reg) f, in(xmm_reg) 1.5f64, in(xmm_reg) black_box(2.25f64));
        let g: f32;
        asm!("movd {0}, {1:e}", out(xmm_reg) g, in(reg) 2.5f32);
        let i: u64;
        asm!("movq {0}, {1}", out(reg) i, in(xmm_reg) -1i64);
        println!("{f} {g} {i}");
        let called: u64;
        asm!("call {f}", f = sym triple, in("rdi") 14u64, out("rax") called, clobber_abi("C"));
        let from_table: u32;
        asm!("mov {0:e}, dword ptr [rip + {1} + 8]", out(reg) from_table, sym TABLE);
        println!("{called} {from_table}");
        let mut sum = 0u64;
        asm!("2: add {s}, {n}", "dec {n}", "jnz 2b", s = inout(reg) sum, n = inout(reg) 10u64 => _);
        let att: u64;
        asm!("leaq 5(,{0},4), {1}", in(reg) 6u64, lateout(reg) att, options(att_syntax, pure, nomem));
        let mut data = [1u64, 2, 3];
        asm!("mov rax, [{0}]", "add [{0} + 16], rax", "lea {0}, [{0} + 8]", inout(reg) data.as_mut_ptr() => _, out("rax") _);
        println!("{sum} {att} {data:?}");
        let (mut a, mut b, mut c, mut d) = (1u64, 2u64, 3u64, 4u64);
        asm!("xchg {0}, {1}", "xchg {2}, {3}", "add {0}, {4}", "add {1}, {5}", "add {2}, {6}", "add {3}, {7}",
            inout(reg) a, inout(reg) b, inout(reg) c, inout(reg) d, in(reg) 10u64, in(reg) 20u64, in(reg) 30u64,
            in(reg) 40u64);
        println!("{a} {b} {c} {d}");
        let flag: u8;
        asm!("cmp {1}, 5", "setg {0}", out(reg_byte) flag, in(reg) black_box(6u64));
        asm!("nop", "pause");
        println!("{flag}");
        if black_box(true) {
            asm!("mov rdi, 7", "mov rax, 231", "syscall", options(noreturn));
        }
    }
}

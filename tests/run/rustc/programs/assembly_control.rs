//! Inline assembly that jumps out, has directives, more results than a function, registers that are not for values, and
//! addresses in its text.
#![feature(asm_const_ptr, asm_experimental_reg, asm_goto_with_outputs, thread_local)]
use std::arch::{asm, naked_asm, x86_64::*};
use std::cell::Cell;
use std::hint::black_box;

fn sign(x: i64) -> &'static str {
    // SAFETY: it compares.
    unsafe {
        asm!("test {0}, {0}", "js {1}", "jz {2}", in(reg) x, label { return "negative" }, label { return "zero" });
    }
    "positive"
}

fn half(x: u64) -> Result<u64, u64> {
    let (mut out, twice): (u64, u64);
    // SAFETY: it computes.
    unsafe {
        asm!("lea {2}, [{0} + {0}]", "mov {1}, {0}", "shr {1}, 1", "jc {3}", in(reg) x, out(reg) out, out(reg) twice,
            label { return Err(out + twice) });
    }
    out += twice;
    Ok(out)
}

fn never_ends(x: u32) -> u32 {
    let mut count = x;
    loop {
        // SAFETY: it jumps to one of the blocks.
        unsafe {
            asm!("dec {0:e}", "jz {1}", "jmp {2}", inout(reg) count, label { return x * 2 }, label {},
                options(noreturn));
        }
    }
}

struct Loud(&'static str);
impl Drop for Loud {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

fn dropped(x: u64) -> u64 {
    let _loud = Loud("behind a jump");
    // SAFETY: it compares.
    unsafe { asm!("cmp {0}, 3", "ja {1}", in(reg) x, label { return 1 }) };
    0
}

fn many(x: u64) -> u64 {
    let (a, b, c, d, e, f, g, h, i, j): (u64, u64, u64, u64, u64, u64, u64, u32, u16, f64);
    // SAFETY: it computes.
    unsafe {
        asm!("lea {0}, [{10} + 1]", "lea {1}, [{10} + 2]", "lea {2}, [{10} + 3]", "lea {3}, [{10} + 4]",
            "lea {4}, [{10} + 5]", "lea {5}, [{10} + 6]", "lea {6}, [{10} + 7]", "lea {7:e}, [{10} + 8]",
            "mov {8:x}, 9", "cvtsi2sd {9}, {10}", out(reg) a, out(reg) b, out(reg) c, out(reg) d, out(reg) e,
            out(reg) f, out(reg) g, out(reg) h, out(reg) i, out(xmm_reg) j, in(reg) x);
    }
    a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * u64::from(h) + 9 * u64::from(i) + j as u64
}

#[target_feature(enable = "avx2")]
fn wide(a: __m256i) -> (i32, i32) {
    let b: __m256i;
    // SAFETY: the processor has AVX2.
    unsafe { asm!("vpaddd {0}, {1}, {2}", out(ymm_reg) b, in(ymm_reg) a, in(ymm_reg) _mm256_set1_epi32(5)) };
    (_mm256_extract_epi32::<0>(b), _mm256_extract_epi32::<7>(b))
}

#[thread_local]
static LOCAL: Cell<u64> = Cell::new(12);
static TABLE: [u16; 4] = [1, 2, 3, 4];

// Names that an assembler reads as an expression, or as several words.
#[unsafe(export_name = "asm+sum")]
extern "C" fn with_sign() -> u64 {
    5
}
#[unsafe(export_name = "asm two-words@1")]
extern "C" fn with_blank() -> u64 {
    6
}
#[unsafe(naked)]
extern "C" fn to_sign() -> u64 {
    naked_asm!("jmp {}", sym with_sign)
}
#[unsafe(naked)]
extern "C" fn to_blank() -> u64 {
    naked_asm!("jmp {}", sym with_blank)
}

fn main() {
    println!("{} {}", to_sign(), to_blank());
    println!("{} {} {}", sign(black_box(-4)), sign(black_box(0)), sign(black_box(4)));
    println!("{:?} {:?} {}", half(black_box(10)), half(black_box(11)), never_ends(black_box(21)));
    println!("{} {}", dropped(black_box(3)), dropped(black_box(4)));
    println!("{}", many(black_box(100)));
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        println!("{:?}", unsafe { wide(_mm256_set_epi32(8, 7, 6, 5, 4, 3, 2, 1)) });
    }
    // SAFETY: the code is what its text says.
    unsafe {
        for _ in 0..2 {
            let (mut x, y): (u64, u64);
            asm!("lea {0}, [rip + 2f]", "mov {0}, [{0}]", ".rept 3", "inc {0}", ".endr", ".pushsection .rodata",
                ".balign 8", "2: .quad 77", ".popsection", out(reg) x);
            asm!("jmp 2f", "ud2", "2: mov {0}, {1}", out(reg) y, const 5u8);
            x += y;
            println!("{x}");
        }
        let (mut r11, mut xmm15) = (4u64, 1.5f64);
        asm!("add r11, {0}", "addsd xmm15, xmm15", in(reg) 38u64, inout("r11") r11, inout("xmm15") xmm15);
        println!("{r11} {xmm15}");
        asm!("nop", out("st(0)") _, out("mm1") _, out("k1") _, out("xmm17") _, out("r15") _, out("ymm3") _);
        let wide: i128;
        asm!("pxor {0}, {0}", "movq {0}, {1}", out(xmm_reg) wide, in(reg) black_box(9u64));
        println!("{wide}");
        let called: u64;
        extern "C" fn sum(a: u64, b: u64, c: u64) -> u64 {
            a + b * 10 + c * 100
        }
        asm!("mov rdi, {0}", "mov rsi, {1}", "mov rdx, {2}", "add rdi, {3}", "add rsi, {4}", "call {f}",
            in(reg) 1u64, in(reg) 2u64, in(reg) 3u64, in(reg) 4u64, in(reg) 5u64, f = sym sum,
            lateout("rax") called, out("rdi") _, out("rsi") _, out("rdx") _, clobber_abi("C"));
        println!("{called}");
        let local: u64;
        asm!("mov {0}, qword ptr fs:[0]", "mov {0}, qword ptr [{0} + {1}@TPOFF]", out(reg) local, sym LOCAL);
        let (third, of_const): (u32, u64);
        asm!("movzx {0:e}, word ptr [rip + {1} + 4]", out(reg) third, sym TABLE);
        asm!("mov {0}, qword ptr [rip + {1}]", out(reg) of_const, const &1234u64 as *const u64);
        println!("{} {local} {third} {of_const}", LOCAL.get());
    }
}

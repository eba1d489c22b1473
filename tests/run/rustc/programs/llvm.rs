//! What is LLVM's: assembly with as many registers as there are.
use std::arch::asm;

fn all_registers(x: u64) -> u64 {
    let out: u64;
    // SAFETY: it adds.
    unsafe {
        asm!("mov {0}, {1}", "add {0}, {2}", "add {0}, {3}", "add {0}, {4}", "add {0}, {5}", "add {0}, {6}",
            "add {0}, {7}", "add {0}, {8}", "add {0}, {9}", "add {0}, {10}", "add {0}, {11}", "add {0}, {12}",
            out(reg) out, in(reg) x, in(reg) 1u64, in(reg) 2u64, in(reg) 3u64, in(reg) 4u64, in(reg) 5u64,
            in(reg) 6u64, in(reg) 7u64, in(reg) 8u64, in(reg) 9u64, in(reg) 10u64, in(reg) 11u64);
    }
    out
}

mod other {
    pub fn plain(v: &[u32]) -> u32 {
        v.iter().sum()
    }
}

fn main() {
    println!("{} {}", all_registers(100), other::plain(&[1, 2]));
}

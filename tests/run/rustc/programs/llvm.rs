//! What is LLVM's: assembly of a module, a naked function, assembly in other registers.
use std::arch::{asm, global_asm, naked_asm};

global_asm!(".globl seven_of_module", "seven_of_module: mov eax, 7", "ret");
unsafe extern "C" {
    safe fn seven_of_module() -> u32;
}

#[unsafe(naked)]
extern "C" fn naked(_: u64) -> u64 {
    naked_asm!("lea rax, [rdi + rdi * 2]", "ret")
}

fn inline(a: u64) -> u64 {
    let out: u64;
    // SAFETY: it adds.
    unsafe { asm!("lea {o}, [{a} + 5]", a = in(reg) a, o = out(reg) out) };
    out
}

mod other {
    pub fn plain(v: &[u32]) -> u32 {
        v.iter().sum()
    }
}

fn main() {
    println!("{} {} {} {}", seven_of_module(), naked(5), inline(7), other::plain(&[1, 2]));
}

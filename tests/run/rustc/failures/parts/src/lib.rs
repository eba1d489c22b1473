//! A library with assembly of both kinds, generic functions, and a warning.

core::arch::global_asm!(".globl parts_three", ".type parts_three,@function", "parts_three:", "mov eax, 3", "ret");
unsafe extern "C" {
    fn parts_three() -> i32;
}
pub fn three() -> i32 {
    let unused = 1;
    unsafe { parts_three() }
}
pub fn four() -> i32 {
    let four: i32;
    unsafe { core::arch::asm!("mov {0:e}, 4", out(reg) four) };
    four
}
pub mod more {
    pub fn doubled<T: Copy + std::ops::Add<Output = T>>(x: T) -> T {
        x + x
    }
    pub fn text(x: i32) -> String {
        format!("<{x}>")
    }
}
#[test]
fn adds() {
    assert_eq!(three() + four(), 7);
}

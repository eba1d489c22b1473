//! The registers that operands of assembly are in: LLVM's constraints and modifiers for rustc's classes.

use rustc_target::asm::{AArch64InlineAsmRegClass, InlineAsmRegClass, InlineAsmRegOrRegClass, X86InlineAsmRegClass};

/// What operands of a class are in.
#[derive(Copy, Clone, PartialEq)]
pub enum Kind {
    General,
    /// The low byte of a general register.
    Byte,
    Vector,
    /// A register of the stack that x87 and MMX share, which is changed as a whole.
    X87,
    /// A register in which Kiln has no values.
    Other,
}

/// The kind of a register's class, and LLVM's constraint for any register of it.
fn class_of(reg: InlineAsmRegOrRegClass) -> (Kind, &'static str) {
    use {AArch64InlineAsmRegClass as A64, X86InlineAsmRegClass as X86};
    match reg.reg_class() {
        InlineAsmRegClass::X86(class) => match class {
            X86::reg => (Kind::General, "r"),
            X86::reg_abcd => (Kind::General, "Q"),
            X86::reg_byte => (Kind::Byte, "q"),
            X86::xmm_reg | X86::ymm_reg => (Kind::Vector, "x"),
            X86::mmx_reg | X86::x87_reg => (Kind::X87, ""),
            _ => (Kind::Other, "x"),
        },
        InlineAsmRegClass::AArch64(class) => match class {
            A64::reg => (Kind::General, "r"),
            A64::vreg => (Kind::Vector, "w"),
            A64::vreg_low16 => (Kind::Vector, "x"),
            _ => (Kind::Other, ""),
        },
        class => unreachable!("{class:?} is of another processor"),
    }
}

pub fn kind_of(reg: InlineAsmRegOrRegClass) -> Kind {
    class_of(reg).0
}

pub fn is_general(reg: InlineAsmRegOrRegClass) -> bool {
    matches!(kind_of(reg), Kind::General | Kind::Byte)
}

/// Whether operands of that class can have values.
pub fn has_values(reg: InlineAsmRegOrRegClass) -> bool {
    is_general(reg) || kind_of(reg) == Kind::Vector
}

/// LLVM's constraint for a register or a class.
pub fn constraint(reg: InlineAsmRegOrRegClass) -> String {
    match reg {
        InlineAsmRegOrRegClass::Reg(reg) => format!("{{{}}}", reg.name()),
        InlineAsmRegOrRegClass::RegClass(_) => class_of(reg).1.to_string(),
    }
}

/// LLVM's modifier for one of rustc's.
pub fn modifier(reg: InlineAsmRegOrRegClass, modifier: Option<char>) -> Option<char> {
    match reg.reg_class() {
        InlineAsmRegClass::AArch64(_) => modifier.filter(|&letter| letter != 'v'),
        InlineAsmRegClass::X86(X86InlineAsmRegClass::reg_byte) => None,
        _ if is_general(reg) => Some(match modifier {
            Some('l') => 'b',
            Some('h') => 'h',
            Some('x') => 'w',
            Some('e') => 'k',
            _ => 'q',
        }),
        class => match (class, modifier) {
            (InlineAsmRegClass::X86(X86InlineAsmRegClass::ymm_reg), None) | (_, Some('y')) => Some('t'),
            (_, Some('z')) => Some('g'),
            _ => Some('x'),
        },
    }
}

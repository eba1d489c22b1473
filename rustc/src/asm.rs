//! Inline assembly of x86-64: registers for the operands, the text with their names, and its machine code, which the
//! system's assembler makes (libkiln-as). What `refused` names, assembly of modules and coverage go to LLVM.

use std::env;
use std::ffi::CStr;
use std::fmt::Write;
use std::sync::OnceLock;

use rustc_ast::{InlineAsmOptions, InlineAsmTemplatePiece};
use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::mir;
use rustc_middle::mir::coverage::CoverageKind;
use rustc_middle::mir::interpret::{GlobalAlloc, Scalar};
use rustc_middle::ty::{Instance, Ty};
use rustc_span::Span;
use rustc_target::asm::{InlineAsmRegClass, InlineAsmRegOrRegClass, X86InlineAsmRegClass};

use crate::builder::Builder;
use crate::compat;
use crate::context::{Block, Context};
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// General registers by name as rustc has it, in the order in which operands get them. Those from `r12` on are kept by
/// calls; `r11` is Kiln's own, for addresses and the like, as is `xmm15`.
const GENERAL: [&str; 15] =
    ["si", "di", "r8", "r9", "r10", "cx", "dx", "ax", "r11", "r12", "r13", "r14", "r15", "bx", "bp"];
const OF_KILN: usize = 8;
/// What has letters for the two bytes of its lower half.
const ABCD: std::ops::Range<usize> = 5..8;
/// Those that operands may have.
const FOR_OPERANDS: [std::ops::Range<usize>; 2] = [0..OF_KILN, OF_KILN + 1..13];
const VECTORS: usize = 16;

/// A register that an operand may have: an index of GENERAL, or above it those of vectors.
#[derive(Copy, Clone, PartialEq)]
struct Register(usize);

impl Register {
    fn general(name: &str) -> Option<Register> {
        // r8b is the low byte of r8, al that of ax, sil that of si.
        let stem = match name.strip_suffix(['l', 'b']) {
            Some(letter @ ("a" | "b" | "c" | "d")) => return Self::general(&format!("{letter}x")),
            Some(stem) => stem,
            None => name,
        };
        GENERAL.iter().position(|&known| known == stem).map(Register)
    }

    fn by_name(name: &str) -> Option<Register> {
        if let Some(number) = name.strip_prefix("xmm").and_then(|number| number.parse::<usize>().ok()) {
            return (number < VECTORS).then_some(Register(GENERAL.len() + number));
        }
        Self::general(name)
    }

    fn is_vector(self) -> bool {
        self.0 >= GENERAL.len()
    }

    fn is_kept_by_calls(self) -> bool {
        !self.is_vector() && self.0 > OF_KILN
    }

    /// Whether an operand or result may be in it, and not only be clobbered.
    fn may_have_value(self) -> bool {
        FOR_OPERANDS.iter().any(|range| range.contains(&self.0)) || vectors().contains(&self.0)
    }

    /// The name for a modifier of the template, or of all 64 bits; of the low byte if `byte`.
    fn name(self, modifier: Option<char>, byte: bool) -> String {
        if self.is_vector() {
            return format!("{}mm{}", modifier.unwrap_or('x'), self.0 - GENERAL.len());
        }
        let stem = GENERAL[self.0];
        let letter = stem.strip_suffix('x');
        match (modifier.unwrap_or(if byte { 'l' } else { 'r' }), stem.starts_with('r')) {
            ('l', true) => format!("{stem}b"),
            ('x', true) => format!("{stem}w"),
            ('e', true) => format!("{stem}d"),
            (_, true) => stem.to_string(),
            ('l', false) => letter.map_or_else(|| format!("{stem}l"), |letter| format!("{letter}l")),
            ('h', false) => format!("{}h", letter.unwrap_or(stem)),
            ('x', false) => stem.to_string(),
            (wide, false) => format!("{wide}{stem}"),
        }
    }

    /// Kiln's number.
    fn number(self) -> u8 {
        let name = std::ffi::CString::new(self.name(None, false)).expect("no NUL");
        let mut number = 0;
        // SAFETY: the name is read during the call.
        let known = unsafe { kiln_register_find(KILN_PROCESSOR_X86_64, name.as_ptr(), &mut number) };
        assert!(known, "{name:?} is a register");
        number as u8
    }
}

/// The registers of vectors that operands may have.
fn vectors() -> std::ops::Range<usize> {
    GENERAL.len()..GENERAL.len() + VECTORS - 1
}

/// The class of a register or class that operands with values may have.
fn known_class(of: InlineAsmRegOrRegClass) -> bool {
    use X86InlineAsmRegClass::{reg, reg_abcd, reg_byte, xmm_reg};
    let named = match of {
        InlineAsmRegOrRegClass::Reg(named) => Register::by_name(&named.name()).is_some_and(Register::may_have_value),
        InlineAsmRegOrRegClass::RegClass(_) => true,
    };
    named && matches!(of.reg_class(), InlineAsmRegClass::X86(reg | reg_abcd | reg_byte | xmm_reg))
}

/// Why inline assembly goes to LLVM, if it does.
pub fn refused(
    template: &[InlineAsmTemplatePiece],
    operands: &[mir::InlineAsmOperand<'_>],
    options: InlineAsmOptions,
) -> Option<&'static str> {
    if options.contains(InlineAsmOptions::MAY_UNWIND) {
        return Some("inline assembly that unwinds");
    }
    let mut results = 0;
    for operand in operands {
        let known = match *operand {
            mir::InlineAsmOperand::In { reg, .. } => known_class(reg),
            // What is clobbered may be any register.
            mir::InlineAsmOperand::Out { place: None, .. } => true,
            mir::InlineAsmOperand::Out { reg, .. } | mir::InlineAsmOperand::InOut { reg, .. } => {
                results += 1;
                known_class(reg)
            }
            mir::InlineAsmOperand::Const { ref value } => value.ty().is_integral(),
            mir::InlineAsmOperand::SymFn { .. } | mir::InlineAsmOperand::SymStatic { .. } => true,
            mir::InlineAsmOperand::Label { .. } => false,
        };
        if !known {
            return Some("inline assembly with such an operand");
        }
    }
    if results > KILN_MAX_RESULTS {
        return Some("inline assembly with so many results");
    }
    let directive = template.iter().any(|piece| match piece {
        InlineAsmTemplatePiece::String(text) => text.split(['\n', ';']).any(|line| line.trim_start().starts_with('.')),
        InlineAsmTemplatePiece::Placeholder { .. } => false,
    });
    if directive {
        return Some("inline assembly with directives");
    }
    (!has_assembler()).then_some("inline assembly without an assembler")
}

fn has_assembler() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::var_os("KILN_AS").is_some() || env::split_paths(&path).any(|folder| folder.join("as").is_file())
    })
}

/// An operand that has a register.
struct Operand<'tcx> {
    /// Its number in the template; clobbers have none.
    index: usize,
    reg: InlineAsmRegOrRegClass,
    input: Option<Value>,
    /// It is written; where to, if that is of use, and whether after all inputs have been read.
    output: bool,
    place: Option<PlaceRef<'tcx, Value>>,
    late: bool,
}

/// Which registers hold something when the code begins and ends, and which are written before all inputs are read.
#[derive(Default)]
struct Occupied {
    before: u64,
    after: u64,
    early: u64,
}

impl Occupied {
    fn is_free(&self, register: Register, operand: &Operand<'_>, share: bool) -> bool {
        let bit = 1u64 << register.0;
        let taken = if !share {
            self.before | self.after
        } else {
            match (operand.input.is_some(), operand.output) {
                (true, true) => self.before | self.after,
                (true, false) => self.before | self.early,
                (false, _) if operand.late => self.after,
                (false, _) => self.before | self.after,
            }
        };
        taken & bit == 0
    }

    fn take(&mut self, register: Register, operand: &Operand<'_>) {
        let bit = 1u64 << register.0;
        if operand.input.is_some() {
            self.before |= bit;
        }
        if operand.output {
            self.after |= bit;
            self.early |= if operand.late { 0 } else { bit };
        }
    }
}

/// Gives each operand its register; None for clobbers of registers that Kiln does not have.
fn assign(operands: &[Operand<'_>]) -> Option<Vec<Option<Register>>> {
    let mut occupied = Occupied::default();
    let mut registers = vec![None; operands.len()];
    for (operand, register) in operands.iter().zip(&mut registers) {
        if let InlineAsmRegOrRegClass::Reg(reg) = operand.reg {
            *register = Register::by_name(&reg.name());
            if let Some(register) = *register {
                occupied.take(register, operand);
            }
        }
    }
    for (operand, register) in operands.iter().zip(&mut registers) {
        let InlineAsmRegOrRegClass::RegClass(class) = operand.reg else { continue };
        let candidates: Vec<usize> = match class {
            InlineAsmRegClass::X86(X86InlineAsmRegClass::xmm_reg) => vectors().collect(),
            InlineAsmRegClass::X86(X86InlineAsmRegClass::reg_abcd) => ABCD.collect(),
            _ => FOR_OPERANDS.into_iter().flatten().collect(),
        };
        // Without sharing first: that is right whatever the code does.
        let chosen = [false, true].into_iter().find_map(|share| {
            let is_free = |&at: &usize| occupied.is_free(Register(at), operand, share);
            candidates.iter().copied().find(is_free).map(Register)
        })?;
        occupied.take(chosen, operand);
        *register = Some(chosen);
    }
    Some(registers)
}

fn is_byte(reg: InlineAsmRegOrRegClass) -> bool {
    matches!(reg.reg_class(), InlineAsmRegClass::X86(X86InlineAsmRegClass::reg_byte))
}

impl<'tcx> Builder<'_, 'tcx> {
    /// What stands in the text for a constant or a symbol.
    fn asm_constant(&self, value: Scalar, ty: Ty<'tcx>) -> String {
        match value {
            Scalar::Int(int) => {
                let bits = int.to_bits(int.size());
                let width = int.size().bits() as u32;
                let signed = crate::values::sign_extended(bits, width) as i128;
                if ty.is_signed() { signed.to_string() } else { bits.to_string() }
            }
            Scalar::Ptr(pointer, _) => {
                let (provenance, offset) = pointer.prov_and_relative_offset();
                let name = match self.tcx.global_alloc(provenance.alloc_id()) {
                    GlobalAlloc::Function { instance, .. } => {
                        self.function(instance);
                        self.tcx.symbol_name(instance).name
                    }
                    GlobalAlloc::Static(id) => {
                        self.static_symbol(id);
                        self.tcx.symbol_name(Instance::mono(self.tcx, id)).name
                    }
                    _ => self.fatal("inline assembly with the address of a constant"),
                };
                if offset.bytes() == 0 { name.to_string() } else { format!("{name}+{}", offset.bytes()) }
            }
        }
    }

    /// The type that a value of type `ty` has in a register.
    fn asm_type(&self, ty: Type, register: Register) -> Type {
        match (ty, register.is_vector()) {
            (Type::Bool, false) => Type::I8,
            (Type::F32, false) | (Type::I32, true) => {
                if register.is_vector() {
                    Type::F32
                } else {
                    Type::I32
                }
            }
            (Type::F64, false) => Type::I64,
            (Type::I64 | Type::Ptr, true) => Type::F64,
            (ty, _) => ty,
        }
    }

    fn asm_text(
        &self,
        template: &[InlineAsmTemplatePiece],
        constants: &[Option<String>],
        operands: &[Operand<'tcx>],
        registers: &[Option<Register>],
        att: bool,
    ) -> String {
        let mut text = String::from(if att { "" } else { ".intel_syntax noprefix\n" });
        for piece in template {
            match piece {
                InlineAsmTemplatePiece::String(string) => text.push_str(string),
                InlineAsmTemplatePiece::Placeholder { operand_idx, modifier, .. } => {
                    if let Some(constant) = &constants[*operand_idx] {
                        text.push_str(constant);
                        continue;
                    }
                    let at = operands.iter().position(|operand| operand.index == *operand_idx).expect("an operand");
                    let register = registers[at].expect("operands have registers");
                    let name = register.name(*modifier, is_byte(operands[at].reg));
                    write!(text, "{}{name}", if att { "%" } else { "" }).expect("strings are written");
                }
            }
        }
        text.push_str(if att { "\n" } else { "\n.att_syntax prefix\n" });
        text
    }

    /// Has the text assembled, and builds its code with operands and results.
    fn build_asm(&mut self, text: &str, operands: &[Operand<'tcx>], registers: &[Option<Register>]) {
        let mut assembly = kiln_assembly { text: text.as_ptr().cast(), text_bytes: text.len(), ..Default::default() };
        // SAFETY: the text is there during the call, and the result until the next one.
        unsafe {
            if kiln_module_assemble(self.module.raw, &mut assembly, 1) != KILN_OK {
                let why = self.module.error().unwrap_or_default();
                self.fatal(&format!("inline assembly: {why}"));
            }
            if !assembly.error.is_null() {
                let why = CStr::from_ptr(assembly.error).to_string_lossy().into_owned();
                self.fatal(&format!("inline assembly: {why}\n{text}"));
            }
            if assembly.n_sections != 0 || assembly.n_symbols != 0 {
                self.fatal("inline assembly with sections or symbols of its own");
            }
        }
        let mut lost = 0;
        let (mut params, mut param_registers, mut args) = (Vec::new(), Vec::new(), Vec::new());
        let (mut results, mut result_registers, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (operand, register) in operands.iter().zip(registers) {
            let Some(register) = *register else { continue };
            if register.is_kept_by_calls() {
                lost |= 1 << register.number();
            }
            if let Some(v) = operand.input {
                let ty = self.asm_type(v.ty(), register);
                let v = self.from_immediate(v);
                let v = self.bit_cast(v, ty);
                params.push(ty);
                param_registers.push(register.number());
                self.flatten(v, &mut args);
            }
            if let Some(place) = operand.place {
                let ty = self.asm_type(self.immediate_type(place.layout), register);
                results.push((ty, 0));
                result_registers.push(register.number());
                places.push(place);
            }
        }
        let result = match results[..] {
            [] => Type::Void,
            [(ty, _)] => ty,
            _ => self.fields_type(results),
        };
        let signature = self.plain_signature(KILN_SIG_NOUNWIND, &params, result);
        let sig = self.signatures.borrow()[signature.0 as usize].sig;
        let values = self.emit_asm(sig, &assembly, lost, &param_registers, &result_registers, &args);
        let value = self.unflatten(&values, result);
        let values = if places.len() == 1 { vec![value] } else { self.parts(value) };
        for (place, v) in places.into_iter().zip(values) {
            let v = self.bit_cast(v, self.backend_type_of_immediate(place));
            OperandValue::Immediate(self.immediate_of(v, place)).store(self, place);
        }
    }

    fn backend_type_of_immediate(&self, place: PlaceRef<'tcx, Value>) -> Type {
        match self.immediate_type(place.layout) {
            Type::Bool => Type::I8,
            ty => ty,
        }
    }

    fn immediate_of(&self, v: Value, place: PlaceRef<'tcx, Value>) -> Value {
        if self.immediate_type(place.layout) == Type::Bool { v.retyped(Type::Bool) } else { v }
    }

    fn emit_asm(
        &self,
        sig: kiln_sig,
        assembly: &kiln_assembly,
        lost: u64,
        params: &[u8],
        results: &[u8],
        args: &[kiln_value],
    ) -> Vec<kiln_value> {
        let func = self.func();
        // SAFETY: the function is open, the assembled code is valid until the next call of the assembler, and all is
        // copied.
        unsafe {
            let label = kiln_asm_label(func, self.next_label());
            let assembled: &[kiln_assembled_reloc] = match assembly.n_relocs {
                0 => &[],
                n => std::slice::from_raw_parts(assembly.relocs, n as usize),
            };
            let relocs: Vec<_> = assembled
                .iter()
                .map(|reloc| kiln_asm_reloc {
                    offset_bytes: reloc.offset_bytes,
                    r#type: reloc.r#type,
                    symbol: match reloc.symbol.is_null() {
                        true => label,
                        false => kiln_symbol_refer(self.module.raw, reloc.symbol),
                    },
                    addend: reloc.addend,
                    ..Default::default()
                })
                .collect();
            let code = kiln_asm {
                bytes: assembly.bytes.cast(),
                size_bytes: assembly.size_bytes,
                n_relocs: relocs.len() as u32,
                relocs: relocs.as_ptr(),
                params: params.as_ptr(),
                results: results.as_ptr(),
                lost,
                label,
                ..Default::default()
            };
            let first = kiln_build_asm(func, sig, &code, args.as_ptr(), args.len() as u32);
            (0..results.len() as u32).map(|i| if i == 0 { first } else { kiln_build_result(func, first, i) }).collect()
        }
    }
}

impl<'tcx> AsmBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    fn codegen_inline_asm(
        &mut self,
        template: &[InlineAsmTemplatePiece],
        operands: &[InlineAsmOperandRef<'tcx, Self>],
        options: InlineAsmOptions,
        _: &[Span],
        _: Instance<'_>,
        next: Option<Block>,
        _: Option<(Block, Option<&()>)>,
    ) {
        let mut constants = vec![None; operands.len()];
        let mut with_registers = Vec::new();
        for (index, operand) in operands.iter().enumerate() {
            let one = |reg, input, output, place, late| Operand { index, reg, input, output, place, late };
            match *operand {
                InlineAsmOperandRef::In { reg, value } => {
                    with_registers.push(one(reg, Some(value.immediate()), false, None, false));
                }
                InlineAsmOperandRef::Out { reg, late, place } => {
                    with_registers.push(one(reg, None, true, place, late));
                }
                InlineAsmOperandRef::InOut { reg, late, in_value, out_place } => {
                    with_registers.push(one(reg, Some(in_value.immediate()), true, out_place, late));
                }
                InlineAsmOperandRef::Const { value, ty } => constants[index] = Some(self.asm_constant(value, ty)),
                InlineAsmOperandRef::SymThreadLocalStatic { .. } | InlineAsmOperandRef::Label { .. } => {
                    self.fatal("inline assembly with such an operand");
                }
            }
        }
        // Those that share least come first.
        with_registers.sort_by_key(|operand| match (operand.input.is_some(), operand.output, operand.late) {
            (true, true, _) => 0,
            (false, _, false) => 1,
            (true, false, _) => 2,
            (false, _, true) => 3,
        });
        let Some(registers) = assign(&with_registers) else { self.fatal("inline assembly: too few registers") };
        let att = options.contains(InlineAsmOptions::ATT_SYNTAX);
        let text = self.asm_text(template, &constants, &with_registers, &registers, att);
        self.build_asm(&text, &with_registers, &registers);
        if let Some(next) = next {
            self.br(next);
            self.block = next;
        }
    }
}

impl<'tcx> AsmCodegenMethods<'tcx> for Context<'tcx> {
    compat::asm_codegen_methods!();

    fn mangled_name(&self, instance: Instance<'tcx>) -> String {
        self.tcx.symbol_name(instance).name.to_string()
    }
}

impl<'tcx> CoverageInfoBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    fn add_coverage(&mut self, _: Instance<'tcx>, _: &CoverageKind) {
        self.unsupported("coverage", Type::Void);
    }
}

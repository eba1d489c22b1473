//! Inline assembly and assembly of modules: as LLVM has it, by its text and constraints, which libkiln-llvm
//! builds (`<kiln/llvm_asm.h>`). What `refused` names goes to LLVM.

use std::env;
use std::ffi::CString;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use rustc_abi::BackendRepr;
use rustc_ast::{InlineAsmOptions, InlineAsmTemplatePiece};
use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::FxHashSet;
use rustc_hir::def_id::DefId;
use rustc_middle::mir;
use rustc_middle::mir::coverage::CoverageKind;
use rustc_middle::mir::interpret::{GlobalAlloc, Scalar};
use rustc_middle::ty::{Instance, Ty};
use rustc_span::Span;
use rustc_target::asm::{InlineAsmReg, InlineAsmRegOrRegClass};

use crate::asm_registers::{Kind, constraint, has_values, is_general, kind_of, modifier};
use crate::builder::Builder;
use crate::compat::{self, AsmConst};
use crate::context::{Block, Context};
use crate::declare::unmarked;
use crate::failing::Place;
use crate::operation::Statement;
use crate::processor::Processor;
use crate::sys::*;
use crate::types::Type;
use crate::values::{Value, sign_extended};

/// Whether GNU as reads a symbol's name as a register or an operator in Intel syntax, which has no way to quote names.
fn is_word_of_assembler(name: &str) -> bool {
    const WORDS: &str = " al ah ax bl bh bx cl ch cx dl dh dx si di sp bp sil dil spl bpl es cs ss ds fs gs st rip eip riz eiz \
        and or xor not mod shl shr eq ne lt le gt ge byte word dword fword qword tbyte oword mmword xmmword ymmword zmmword \
        near far short offset ptr flat ";
    const FAMILIES: [&str; 11] = ["r", "xmm", "ymm", "zmm", "mm", "k", "cr", "dr", "tr", "bnd", "tmm"];
    let name = name.to_ascii_lowercase();
    let legacy = name.strip_prefix(['e', 'r']).filter(|rest| rest.len() == 2).unwrap_or(&name);
    let numbered = FAMILIES.iter().filter_map(|family| name.strip_prefix(family)).any(|rest| {
        let number = if name.starts_with('r') { rest.trim_end_matches(['b', 'w', 'd']) } else { rest };
        !number.is_empty() && number.len() <= 2 && number.bytes().all(|digit| digit.is_ascii_digit())
    });
    numbered || [legacy, &name].iter().any(|word| WORDS.split_whitespace().any(|known| known == *word))
}

/// Whether an assembler reads a name as one symbol without quotes.
fn is_plain(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte);
    name.bytes().all(is_of_name) && !name.starts_with(|first: char| first.is_ascii_digit() || first == '$')
}

/// A symbol's name in assembly of the module, or what stands for it.
fn name_in_text(processor: &Processor, symbol: kiln_symbol, name: &str) -> String {
    let is_word = processor.asm_syntax.is_some() && is_word_of_assembler(name);
    if is_word || !is_plain(name) { format!("__kiln_symbol_{}", symbol.id) } else { name.to_string() }
}

/// The type of an operand as LLVM writes it.
fn text_of(repr: BackendRepr) -> String {
    Type::of(repr).expect("operands are scalars and vectors").text()
}

/// Why inline assembly goes to LLVM, if it does.
pub fn refused(processor: &Processor, operands: &[mir::InlineAsmOperand<'_>]) -> Option<&'static str> {
    let mut needed = Needed::default();
    for operand in operands {
        let (reg, shared) = match *operand {
            mir::InlineAsmOperand::Out { reg, place: None, late } => {
                needed.add(reg, late);
                continue;
            }
            mir::InlineAsmOperand::In { reg, .. } => (reg, false),
            mir::InlineAsmOperand::Out { reg, late, .. } => (reg, late),
            mir::InlineAsmOperand::InOut { reg, .. } => (reg, false),
            _ => continue,
        };
        if !has_values(reg) {
            return Some("inline assembly with such an operand");
        }
        needed.add(reg, shared);
    }
    if needed.classes + needed.named.len() > processor.asm_registers {
        return Some("inline assembly with so many registers");
    }
    lacks_assembler(processor)
}

/// Why assembly goes to LLVM in any case.
pub fn lacks_assembler(processor: &Processor) -> Option<&'static str> {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        let cross = format!("{}-linux-gnu-as", processor.name);
        let is_there =
            |folder: PathBuf| folder.join(&cross).is_file() || processor.is_host() && folder.join("as").is_file();
        env::var_os("KILN_AS").is_some() || env::split_paths(&path).any(is_there)
    });
    (!found).then_some("assembly without an assembler")
}

/// General registers that operands need, at most: of any, of given ones, and of given ones that inputs may have, too.
#[derive(Default)]
struct Needed {
    classes: usize,
    named: FxHashSet<InlineAsmReg>,
    shared: FxHashSet<InlineAsmReg>,
}

impl Needed {
    fn add(&mut self, reg: InlineAsmRegOrRegClass, shared: bool) {
        match reg {
            _ if !is_general(reg) => {}
            InlineAsmRegOrRegClass::RegClass(_) => self.classes += usize::from(!shared),
            InlineAsmRegOrRegClass::Reg(reg) => {
                let set = if shared { &mut self.shared } else { &mut self.named };
                set.insert(reg);
            }
        }
    }
}

/// What the template has in place of an operand.
enum Piece {
    /// The text itself.
    Text(String),
    /// LLVM's number of it, and what stands after it.
    Register(usize, InlineAsmRegOrRegClass),
    Symbol(usize, i64),
    Label(Block),
    None,
}

/// A statement of LLVM's that is being made of one of rustc's.
#[derive(Default)]
struct Lowering<'tcx> {
    constraints: Vec<String>,
    clobbers: Vec<String>,
    /// Types, and where to store the values of those that are of use.
    outputs: Vec<(String, Option<PlaceRef<'tcx, Value>>)>,
    inputs: Vec<(String, Value)>,
    labels: Vec<Block>,
}

impl<'tcx> Lowering<'tcx> {
    fn output(&mut self, reg: InlineAsmRegOrRegClass, late: bool, ty: String, place: Option<PlaceRef<'tcx, Value>>) {
        self.constraints.push(format!("{}{}", if late { "=" } else { "=&" }, constraint(reg)));
        self.outputs.push((ty, place));
    }

    fn input(&mut self, constraint: String, ty: String, value: Value) -> usize {
        self.constraints.push(constraint);
        self.inputs.push((ty, value));
        self.constraints.len() - 1
    }

    /// A register that is changed and has no value. Late ones of which there would be too few otherwise are outputs,
    /// since inputs may have these.
    fn discard(&mut self, reg: InlineAsmRegOrRegClass, late: bool, scarce: &mut usize) {
        let ty = match kind_of(reg) {
            Kind::Byte => "i8",
            Kind::General => "i64",
            _ => "double",
        };
        match reg {
            InlineAsmRegOrRegClass::RegClass(_) => self.output(reg, late, ty.to_string(), None),
            InlineAsmRegOrRegClass::Reg(_) if kind_of(reg) == Kind::X87 => {
                self.clobbers.push("~{st}".to_string());
                self.clobbers.extend((1..8).map(|i| format!("~{{st({i})}}")));
            }
            InlineAsmRegOrRegClass::Reg(_) if late && *scarce > 0 && is_general(reg) => {
                *scarce -= 1;
                self.output(reg, late, ty.to_string(), None);
            }
            InlineAsmRegOrRegClass::Reg(_) => self.clobbers.push(format!("~{}", constraint(reg))),
        }
    }
}

/// Text in which nothing is an operand of LLVM's.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

impl<'tcx> Context<'tcx> {
    /// What stands in the text for a number.
    fn asm_number(&self, int: rustc_middle::ty::ScalarInt, ty: Ty<'tcx>) -> String {
        let bits = int.to_bits(int.size());
        let signed = sign_extended(bits, int.size().bits() as u32) as i128;
        if ty.is_signed() { signed.to_string() } else { bits.to_string() }
    }

    /// The name of a function or static that assembly of a module refers to, which is declared; and what is added.
    fn asm_name(&self, pointer: Scalar) -> String {
        let Scalar::Ptr(pointer, _) = pointer else { unreachable!("{pointer:?} is no address") };
        let (provenance, offset) = pointer.prov_and_relative_offset();
        let name = match self.tcx.global_alloc(provenance.alloc_id()) {
            GlobalAlloc::Function { instance, .. } => self.asm_function(instance),
            GlobalAlloc::Static(id) => self.asm_static(id),
            _ => self.fatal("assembly of a module with the address of a constant"),
        };
        if offset.bytes() == 0 { name } else { format!("{name}{:+}", offset.bytes() as i64) }
    }

    fn asm_function(&self, instance: Instance<'tcx>) -> String {
        let symbol = self.function(instance);
        self.want(symbol);
        name_in_text(self.module.processor, symbol, unmarked(self.tcx.symbol_name(instance).name))
    }

    fn asm_static(&self, id: DefId) -> String {
        let (symbol, _) = self.static_symbol(id);
        name_in_text(self.module.processor, symbol, unmarked(self.tcx.symbol_name(Instance::mono(self.tcx, id)).name))
    }

    /// Assembly of the module, which is assembled when all else was built: `add_assembly`.
    pub fn global_assembly(
        &self,
        template: &[InlineAsmTemplatePiece],
        operands: &[GlobalAsmOperandRef<'tcx>],
        options: InlineAsmOptions,
    ) {
        let syntax = self.module.processor.asm_syntax.filter(|_| !options.contains(InlineAsmOptions::ATT_SYNTAX));
        let mut all = self.assembly.borrow_mut();
        let [before, after] = syntax.unwrap_or_default();
        all.push_str(before);
        for piece in template {
            match *piece {
                InlineAsmTemplatePiece::String(ref text) => all.push_str(text),
                InlineAsmTemplatePiece::Placeholder { operand_idx, .. } => {
                    let text = match compat::asm_const_of_module(&operands[operand_idx]) {
                        Some(AsmConst::Text(text)) => text,
                        Some(AsmConst::Number(int, ty)) => self.asm_number(int, ty),
                        Some(AsmConst::Address(value)) => self.asm_name(value),
                        Some(AsmConst::Function(instance)) => self.asm_function(instance),
                        Some(AsmConst::Static(id)) => self.asm_static(id),
                        None => unreachable!("a module's assembly has constants alone"),
                    };
                    all.push_str(&text);
                }
            }
        }
        all.push('\n');
        all.push_str(after);
    }

    /// Has the module take over its assembly, whose names are all declared now.
    pub fn add_assembly(&self) {
        let text = std::mem::take(&mut *self.assembly.borrow_mut());
        if text.is_empty() {
            return;
        }
        let text = CString::new(text).unwrap_or_else(|_| self.leave("not implemented: a NUL in module-level assembly"));
        self.module.failing.at(Place::Assemble);
        self.module.add_assembly(&text);
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    /// Makes an operand one of LLVM's, if it is an output.
    fn lower_output(
        lowering: &mut Lowering<'tcx>,
        operand: &InlineAsmOperandRef<'tcx, Self>,
        scarce: &mut usize,
    ) -> Piece {
        let number = lowering.constraints.len();
        match *operand {
            InlineAsmOperandRef::Out { reg, late, place: None } => {
                let before = lowering.outputs.len();
                lowering.discard(reg, late, scarce);
                if lowering.outputs.len() == before { Piece::None } else { Piece::Register(number, reg) }
            }
            InlineAsmOperandRef::Out { reg, late, place: Some(place) } => {
                lowering.output(reg, late, text_of(place.layout.backend_repr), Some(place));
                Piece::Register(number, reg)
            }
            InlineAsmOperandRef::InOut { reg, late, ref in_value, out_place } => {
                let layout = out_place.map_or(in_value.layout, |place| place.layout);
                lowering.output(reg, late, text_of(layout.backend_repr), out_place);
                Piece::Register(number, reg)
            }
            _ => Piece::None,
        }
    }

    /// The same of all others, which come after the outputs.
    fn lower_input(&self, lowering: &mut Lowering<'tcx>, operand: &InlineAsmOperandRef<'tcx, Self>, piece: &mut Piece) {
        match *operand {
            InlineAsmOperandRef::In { reg, ref value } => {
                let ty = text_of(value.layout.backend_repr);
                *piece = Piece::Register(lowering.input(constraint(reg), ty, value.immediate()), reg);
            }
            InlineAsmOperandRef::InOut { reg, late, ref in_value, .. } => {
                let Piece::Register(output, _) = *piece else { unreachable!("it is an output") };
                let given = late && matches!(reg, InlineAsmRegOrRegClass::Reg(_));
                let tie = if given { constraint(reg) } else { output.to_string() };
                lowering.input(tie, text_of(in_value.layout.backend_repr), in_value.immediate());
            }
            InlineAsmOperandRef::Label { label } => *piece = Piece::Label(label),
            InlineAsmOperandRef::Out { .. } => {}
            _ => *piece = self.lower_constant(lowering, operand),
        }
    }

    fn lower_constant(&self, lowering: &mut Lowering<'tcx>, operand: &InlineAsmOperandRef<'tcx, Self>) -> Piece {
        let symbol = match compat::asm_const(operand) {
            Some(AsmConst::Text(text)) => return Piece::Text(text),
            Some(AsmConst::Number(int, ty)) => return Piece::Text(self.asm_number(int, ty)),
            Some(AsmConst::Address(address)) => return self.lower_address(lowering, address),
            Some(AsmConst::Function(instance)) => {
                let symbol = self.function(instance);
                self.want(symbol);
                symbol
            }
            Some(AsmConst::Static(id)) => self.static_symbol(id).0,
            None => unreachable!("it is a constant"),
        };
        Piece::Symbol(lowering.input("s".to_string(), "ptr".to_string(), Value::Symbol(symbol, 0)), 0)
    }

    fn lower_address(&self, lowering: &mut Lowering<'tcx>, address: Scalar) -> Piece {
        let layout = rustc_abi::Scalar::Initialized {
            value: rustc_abi::Primitive::Pointer(rustc_abi::AddressSpace::ZERO),
            valid_range: rustc_abi::WrappingRange { start: 0, end: u64::MAX.into() },
        };
        match self.scalar_to_backend(address, layout, Type::Ptr) {
            Value::Symbol(symbol, offset) => {
                self.want(symbol);
                let number = lowering.input("s".to_string(), "ptr".to_string(), Value::Symbol(symbol, 0));
                Piece::Symbol(number, offset)
            }
            Value::Const(_, bits) => Piece::Text(bits.to_string()),
            value => unreachable!("{value:?} is no constant address"),
        }
    }

    /// LLVM's text.
    fn lower_text(lowering: &mut Lowering<'tcx>, template: &[InlineAsmTemplatePiece], pieces: &[Piece]) -> String {
        let mut text = String::new();
        for piece in template {
            let (at, with) = match piece {
                InlineAsmTemplatePiece::String(string) => {
                    text.push_str(&escaped(string));
                    continue;
                }
                InlineAsmTemplatePiece::Placeholder { operand_idx, modifier, .. } => (*operand_idx, *modifier),
            };
            let written = match pieces[at] {
                Piece::Text(ref number) => write!(text, "{number}"),
                Piece::Register(number, reg) => match modifier(reg, with) {
                    Some(letter) => write!(text, "${{{number}:{letter}}}"),
                    None => write!(text, "${{{number}}}"),
                },
                Piece::Symbol(number, 0) => write!(text, "${{{number}:c}}"),
                Piece::Symbol(number, offset) => write!(text, "${{{number}:c}}{offset:+}"),
                Piece::Label(block) => {
                    let number = lowering.constraints.len();
                    lowering.constraints.push("!i".to_string());
                    lowering.labels.push(block);
                    write!(text, "${{{number}:l}}")
                }
                Piece::None => unreachable!("the template has no clobbers"),
            };
            written.expect("strings are written");
        }
        text
    }

    /// How many late registers have to be shared with inputs, so that there are enough.
    fn scarce(&self, operands: &[InlineAsmOperandRef<'tcx, Self>]) -> usize {
        let mut needed = Needed::default();
        for operand in operands {
            match *operand {
                InlineAsmOperandRef::In { reg, .. } | InlineAsmOperandRef::InOut { reg, .. } => needed.add(reg, false),
                InlineAsmOperandRef::Out { reg, late, .. } => needed.add(reg, late),
                _ => {}
            }
        }
        (needed.classes + needed.named.union(&needed.shared).count())
            .saturating_sub(self.module.processor.asm_registers)
    }

    fn store_output(&mut self, v: Value, place: PlaceRef<'tcx, Value>) {
        let v = if self.immediate_type(place.layout) == Type::Bool { v.retyped(Type::Bool) } else { v };
        OperandValue::Immediate(v).store(self, place);
    }

    /// Goes on where the code did.
    fn leave_asm(&self, taken: kiln_value, next: Block, labels: &[Block]) {
        let cases: Vec<_> =
            labels.iter().zip(1..).map(|(to, value)| kiln_switch_case { value, target: to.block }).collect();
        // SAFETY: the function is open, and the cases are copied.
        unsafe {
            kiln_build_switch(self.func(), KILN_TYPE_I32, taken, next.block, cases.as_ptr(), cases.len() as u32);
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
        catch: Option<(Block, Option<&()>)>,
    ) {
        let mut lowering = Lowering::default();
        let mut scarce = self.scarce(operands);
        let mut pieces: Vec<Piece> =
            operands.iter().map(|operand| Self::lower_output(&mut lowering, operand, &mut scarce)).collect();
        for (operand, piece) in operands.iter().zip(&mut pieces) {
            self.lower_input(&mut lowering, operand, piece);
        }
        let text = Self::lower_text(&mut lowering, template, &pieces);
        let Lowering { mut constraints, clobbers, outputs, inputs, labels } = lowering;
        constraints.extend(clobbers);
        let processor = self.module.processor;
        constraints.extend(processor.asm_clobbers.iter().chain(&["~{memory}"]).map(|clobber| clobber.to_string()));
        let is_intel = processor.asm_syntax.is_some() && !options.contains(InlineAsmOptions::ATT_SYNTAX);
        let intel = if is_intel { KILN_LLVM_ASM_INTEL } else { 0 };
        let unwind = if options.contains(InlineAsmOptions::MAY_UNWIND) { KILN_LLVM_ASM_UNWIND } else { 0 };
        let statement = Statement {
            text,
            constraints: constraints.join(","),
            outputs: outputs.iter().map(|output| output.0.clone()).collect(),
            inputs,
            flags: KILN_LLVM_ASM_SIDE_EFFECT | intel | unwind,
            n_labels: labels.len() as u32,
            catch: catch.filter(|_| unwind != 0).map(|(block, _)| block),
        };
        let types: Vec<Option<Type>> =
            outputs.iter().map(|output| output.1.and_then(|place| Type::of(place.layout.backend_repr))).collect();
        let (values, taken, block) = self.assembly(&statement, &types);
        self.block.block = block;
        for ((_, place), v) in outputs.into_iter().zip(values) {
            if let (Some(place), Some(v)) = (place, v) {
                self.store_output(v, place);
            }
        }
        if let Some(next) = next {
            if labels.is_empty() {
                self.br(next);
            } else {
                self.leave_asm(taken, next, &labels);
            }
            self.block = next;
        }
    }
}

impl<'tcx> AsmCodegenMethods<'tcx> for Context<'tcx> {
    compat::asm_codegen_methods!();

    fn mangled_name(&self, instance: Instance<'tcx>) -> String {
        unmarked(self.tcx.symbol_name(instance).name).to_string()
    }
}

impl<'tcx> CoverageInfoBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    fn add_coverage(&mut self, _: Instance<'tcx>, _: &CoverageKind) {
        self.unsupported("coverage", Type::Void);
    }
}

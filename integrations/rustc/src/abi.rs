//! Signatures of functions, by rustc's description of how arguments are passed; and arguments that come by them.

use std::cmp;

use rustc_abi::{CanonAbi, X86Call};
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::Ty;
use rustc_target::callconv::{ArgAbi, ArgAttributes, ArgExtension, FnAbi, PassMode};

use crate::builder::Builder;
use crate::compat;
use crate::context::Context;
use crate::sys::*;
use crate::types::{self, Type};
use crate::values::Value;

/// A signature of the unit: `Context::signature` has it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature(pub u32);

/// A signature, and what its parameters and its result are made of.
#[derive(Clone)]
pub struct SignatureInfo {
    pub sig: kiln_sig,
    pub result: Type,
    pub params: Vec<Type>,
    /// By parameter: the number of its first value.
    pub starts: Vec<u32>,
}

/// Kiln's convention for one of rustc's; None: it has none.
pub fn convention(conv: CanonAbi) -> Option<kiln_cc> {
    match conv {
        CanonAbi::C | CanonAbi::Rust | CanonAbi::X86(X86Call::SysV64) => Some(KILN_CC_C),
        CanonAbi::RustCold => Some(KILN_CC_PRESERVE_MOST),
        CanonAbi::RustPreserveNone => Some(KILN_CC_PRESERVE_NONE),
        CanonAbi::X86(X86Call::Win64) => Some(KILN_CC_WIN64),
        _ => None,
    }
}

/// The flags of a parameter's value.
fn extension(attrs: &ArgAttributes) -> u32 {
    match attrs.arg_ext {
        ArgExtension::Sext => KILN_PARAM_SEXT,
        ArgExtension::Zext => KILN_PARAM_ZEXT,
        ArgExtension::None => 0,
    }
}

impl<'tcx> Context<'tcx> {
    /// A signature by parameters with Kiln's flags, whose types are set here.
    pub fn new_signature(&self, cc: kiln_cc, flags: u32, params: &[(Type, kiln_param)], result: Type) -> Signature {
        let mut all = Vec::with_capacity(params.len());
        let mut starts = Vec::with_capacity(params.len());
        let mut flat = Vec::new();
        for &(ty, param) in params {
            starts.push(all.len() as u32);
            flat.clear();
            self.flat_types(ty, &mut flat);
            all.extend(flat.iter().enumerate().map(|(i, &ty)| {
                // The last part of an argument is not joined with the next argument.
                let last = if i + 1 == flat.len() { KILN_PARAM_JOIN } else { 0 };
                kiln_param { r#type: self.passed_type(ty), flags: param.flags & !last, ..param }
            }));
        }
        flat.clear();
        self.flat_types(result, &mut flat);
        let results: Vec<kiln_type> = flat.iter().map(|&ty| self.passed_type(ty)).collect();
        // SAFETY: all is copied.
        let sig = unsafe {
            kiln_sig_new(
                self.module.raw,
                cc,
                flags,
                all.as_ptr(),
                all.len() as u32,
                results.as_ptr(),
                results.len() as u32,
            )
        };
        let mut signatures = self.signatures.borrow_mut();
        signatures.push(SignatureInfo { sig, result, params: params.iter().map(|&(ty, _)| ty).collect(), starts });
        Signature(signatures.len() as u32 - 1)
    }

    /// A signature of C whose parameters need no flags.
    pub fn plain_signature(&self, flags: u32, params: &[Type], result: Type) -> Signature {
        let params: Vec<_> = params.iter().map(|&ty| (ty, kiln_param::default())).collect();
        self.new_signature(KILN_CC_C, flags, &params, result)
    }

    /// The signature by which functions of `abi` are called.
    pub fn abi_signature(&self, abi: &FnAbi<'tcx, Ty<'tcx>>) -> Signature {
        let key = std::ptr::from_ref(abi).addr();
        if let Some(&(known, ref of)) = self.abi_signatures.borrow().get(&key)
            && of == abi
        {
            return known;
        }
        let signature = self.make_abi_signature(abi);
        self.abi_signatures.borrow_mut().insert(key, (signature, abi.clone()));
        signature
    }

    fn make_abi_signature(&self, abi: &FnAbi<'tcx, Ty<'tcx>>) -> Signature {
        let plain = kiln_param::default();
        let mut params = Vec::with_capacity(abi.args.len() + 1);
        let result = match &abi.ret.mode {
            PassMode::Ignore => Type::Void,
            PassMode::Direct(_) | PassMode::Pair(..) => self.immediate_type(abi.ret.layout),
            PassMode::Cast { cast, .. } => self.cast_type(cast),
            _ => {
                params.push((Type::Ptr, kiln_param { flags: KILN_PARAM_SRET, ..plain }));
                Type::Void
            }
        };
        // Arguments beyond the declared ones have no part in a variadic signature.
        let fixed = if abi.c_variadic { abi.fixed_count as usize } else { abi.args.len() };
        for arg in &abi.args[..fixed] {
            self.add_params(arg, &mut params);
        }
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        let flags = flag(abi.c_variadic, KILN_SIG_VARIADIC)
            | flag(abi.ret.layout.is_uninhabited(), KILN_SIG_NORETURN)
            | flag(!abi.can_unwind, KILN_SIG_NOUNWIND);
        let Some(cc) = convention(abi.conv) else {
            self.fatal(&format!("a function of calling convention {}", abi.conv))
        };
        self.new_signature(cc, flags, &params, result)
    }

    fn add_params(&self, arg: &ArgAbi<'tcx, Ty<'tcx>>, params: &mut Vec<(Type, kiln_param)>) {
        let plain = kiln_param::default();
        match &arg.mode {
            PassMode::Ignore => {}
            PassMode::Direct(attrs) => {
                params.push((self.immediate_type(arg.layout), kiln_param { flags: extension(attrs), ..plain }));
            }
            PassMode::Pair(a, b) => {
                for (i, attrs) in [a, b].into_iter().enumerate() {
                    let ty = self.scalar_pair_element_backend_type(arg.layout, i, true);
                    params.push((ty, kiln_param { flags: extension(attrs), ..plain }));
                }
            }
            PassMode::Cast { cast, .. } => {
                let join = if types::is_array(cast) { KILN_PARAM_JOIN } else { 0 };
                params.push((self.cast_type(cast), kiln_param { flags: extension(&cast.attrs) | join, ..plain }));
            }
            mode => match compat::indirect(mode) {
                compat::Indirect::Copied(attrs) => {
                    let align = attrs.pointee_align.unwrap_or(arg.layout.align.abi);
                    let param = kiln_param {
                        flags: KILN_PARAM_BYVAL,
                        align_log2: align.bytes().ilog2() as u8,
                        size_bytes: arg.layout.size.bytes() as u32,
                        ..plain
                    };
                    params.push((Type::Ptr, param));
                }
                compat::Indirect::Address => params.push((Type::Ptr, plain)),
                compat::Indirect::WideAddress => {
                    let pointer = self.layout_of(Ty::new_mut_ptr(self.tcx, arg.layout.ty));
                    for i in 0..2 {
                        params.push((self.scalar_pair_element_backend_type(pointer, i, true), plain));
                    }
                }
            },
        }
    }
}

impl AbiBuilderMethods for Builder<'_, '_> {
    fn get_param(&mut self, index: usize) -> Value {
        let signature = self.function_signatures.borrow()[&self.block.symbol];
        let (ty, start) = {
            let signatures = self.signatures.borrow();
            let info = &signatures[signature.0 as usize];
            (info.params[index], info.starts[index])
        };
        let mut flat = Vec::new();
        self.flat_types(ty, &mut flat);
        // SAFETY: the function is open.
        let values: Vec<_> =
            (0..flat.len() as u32).map(|i| unsafe { kiln_func_param(self.block.func, start + i) }).collect();
        self.unflatten(&values, ty)
    }
}

impl<'tcx> ArgAbiBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    fn store_fn_arg(&mut self, arg: &ArgAbi<'tcx, Ty<'tcx>>, index: &mut usize, to: PlaceRef<'tcx, Value>) {
        let mut next = || {
            *index += 1;
            self.get_param(*index - 1)
        };
        match arg.mode {
            PassMode::Ignore => {}
            PassMode::Pair(..) => {
                let pair = OperandValue::Pair(next(), next());
                pair.store(self, to);
            }
            _ => {
                let value = next();
                self.store_arg(arg, value, to);
            }
        }
    }

    fn store_arg(&mut self, arg: &ArgAbi<'tcx, Ty<'tcx>>, value: Value, to: PlaceRef<'tcx, Value>) {
        match &arg.mode {
            PassMode::Ignore => {}
            PassMode::Pair(..) | PassMode::Direct(_) => {
                OperandRef::from_immediate_or_packed_pair(self, value, arg.layout).val.store(self, to);
            }
            PassMode::Cast { cast, .. } => {
                // Either of the two, the value as it is passed and the type in memory, may be the larger one.
                let bytes = cmp::min(cast.unaligned_size(self).bytes(), arg.layout.size.bytes());
                let slot = self.alloca(cast.size(self), cast.align(self));
                self.store_at(value, slot, 0, 0);
                let align = arg.layout.align.abi;
                self.memcpy(to.val.llval, align, slot, align, Value::usize(bytes), MemFlags::empty(), None);
            }
            PassMode::Indirect { attrs, .. } => {
                let align = attrs.pointee_align.unwrap_or(arg.layout.align.abi);
                OperandValue::Ref(PlaceValue::new_sized(value, align)).store(self, to);
            }
            #[allow(unreachable_patterns)] // in versions that have no mode of their own for these
            _ => unreachable!("unsized arguments are not stored"),
        }
    }
}

//! The languages of kiln's examples by Cranelift, built in the same way.

use std::collections::HashMap;

use cranelift::prelude::*;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};

use crate::brainfuck;
use crate::parse::{Expr, Func, Kind, Op, Stmt};

/// A JIT that compiles as fast as Cranelift can: no optimizations, the register allocator of one pass.
pub fn jit(verify: bool, symbols: &[(&str, *const u8)]) -> JITModule {
    let mut flags = settings::builder();
    flags.set("opt_level", "none").unwrap();
    flags.set("regalloc_algorithm", "single_pass").unwrap();
    flags.set("enable_verifier", if verify { "true" } else { "false" }).unwrap();
    flags.set("use_colocated_libcalls", "false").unwrap();
    flags.set("is_pic", "false").unwrap();
    let isa = cranelift_native::builder().unwrap().finish(settings::Flags::new(flags)).unwrap();
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    for &(name, address) in symbols {
        builder.symbol(name, address);
    }
    JITModule::new(builder)
}

fn signature(module: &JITModule, params: &[Type], result: Option<Type>) -> Signature {
    let mut s = module.make_signature();
    s.params.extend(params.iter().map(|&t| AbiParam::new(t)));
    s.returns.extend(result.map(AbiParam::new));
    s
}

/// Compiles a program of Brainfuck and returns the address of its function.
pub fn compile_brainfuck(module: &mut JITModule, source: &str) -> *const u8 {
    let sig = signature(module, &[types::I64], None);
    let run = module.declare_function("run", Linkage::Export, &sig).unwrap();
    let put = signature(module, &[types::I32], Some(types::I32));
    let put = module.declare_function("putchar", Linkage::Import, &put).unwrap();
    let get = signature(module, &[], Some(types::I32));
    let get = module.declare_function("getchar", Linkage::Import, &get).unwrap();
    let mut context = module.make_context();
    let mut shared = FunctionBuilderContext::new();
    context.func.signature = sig;
    let mut b = FunctionBuilder::new(&mut context.func, &mut shared);
    let (put, get) = (module.declare_func_in_func(put, b.func), module.declare_func_in_func(get, b.func));
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let tape = b.block_params(entry)[0];
    let at = b.declare_var(types::I64);
    let zero = b.ins().iconst(types::I64, 0);
    b.def_var(at, zero);
    let flags = MemFlagsData::new();
    let cell = |b: &mut FunctionBuilder| {
        let at = b.use_var(at);
        b.ins().iadd(tape, at)
    };
    let mut loops = Vec::new();
    for (command, n) in brainfuck::commands(source) {
        match command {
            b'+' | b'-' => {
                let from = cell(&mut b);
                let v = b.ins().load(types::I8, flags, from, 0);
                let v = b.ins().iadd_imm_s(v, if command == b'+' { n } else { -n });
                let to = cell(&mut b);
                b.ins().store(flags, v, to, 0);
            }
            b'>' | b'<' => {
                let v = b.use_var(at);
                let v = b.ins().iadd_imm_s(v, if command == b'>' { n } else { -n });
                let v = b.ins().band_imm_s(v, brainfuck::CELLS as i64 - 1);
                b.def_var(at, v);
            }
            b'.' => {
                let from = cell(&mut b);
                let v = b.ins().load(types::I8, flags, from, 0);
                let v = b.ins().uextend(types::I32, v);
                b.ins().call(put, &[v]);
            }
            b',' => {
                let call = b.ins().call(get, &[]);
                let v = b.inst_results(call)[0];
                let v = b.ins().ireduce(types::I8, v);
                let to = cell(&mut b);
                b.ins().store(flags, v, to, 0);
            }
            b'[' => {
                let (head, body, end) = (b.create_block(), b.create_block(), b.create_block());
                b.ins().jump(head, &[]);
                b.switch_to_block(head);
                let from = cell(&mut b);
                let v = b.ins().load(types::I8, flags, from, 0);
                b.ins().brif(v, body, &[], end, &[]);
                b.seal_block(body);
                b.switch_to_block(body);
                loops.push((head, end));
            }
            _ => {
                let (head, end) = loops.pop().unwrap();
                b.ins().jump(head, &[]);
                b.seal_block(head);
                b.seal_block(end);
                b.switch_to_block(end);
            }
        }
    }
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(module.target_config());
    module.define_function(run, &mut context).unwrap();
    module.finalize_definitions().unwrap();
    module.get_finalized_function(run)
}

struct Body<'a, 'b> {
    b: FunctionBuilder<'b>,
    module: &'a mut JITModule,
    functions: &'a [FuncId],
    used: HashMap<usize, cranelift::codegen::ir::FuncRef>,
    variables: Vec<Variable>,
}

impl Body<'_, '_> {
    fn binary(&mut self, op: Op, x: &Expr, y: &Expr) -> Value {
        let (x, y) = (self.expr(x), self.expr(y));
        let ins = self.b.ins();
        match op {
            Op::Or => ins.bor(x, y),
            Op::And => ins.band(x, y),
            Op::Add => ins.iadd(x, y),
            Op::Sub => ins.isub(x, y),
            Op::Mul => ins.imul(x, y),
            Op::Div => ins.sdiv(x, y),
            Op::Rem => ins.srem(x, y),
            Op::Eq => ins.icmp(IntCC::Equal, x, y),
            Op::Ne => ins.icmp(IntCC::NotEqual, x, y),
            Op::Lt => ins.icmp(IntCC::SignedLessThan, x, y),
            Op::Le => ins.icmp(IntCC::SignedLessThanOrEqual, x, y),
            Op::Gt => ins.icmp(IntCC::SignedGreaterThan, x, y),
            Op::Ge => ins.icmp(IntCC::SignedGreaterThanOrEqual, x, y),
        }
    }

    fn condition(&mut self, e: &Expr) -> Value {
        if let Expr::Binary(op, x, y) = e { self.binary(*op, x, y) } else { self.expr(e) }
    }

    fn expr(&mut self, e: &Expr) -> Value {
        match e {
            Expr::Number(n) => self.b.ins().iconst(types::I64, *n),
            Expr::Variable(v) => self.b.use_var(self.variables[*v]),
            Expr::Call(callee, args) => {
                let args: Vec<_> = args.iter().map(|a| self.expr(a)).collect();
                let id = self.functions[*callee];
                let f = *self.used.entry(*callee).or_insert_with(|| self.module.declare_func_in_func(id, self.b.func));
                let call = self.b.ins().call(f, &args);
                self.b.inst_results(call)[0]
            }
            Expr::Binary(op, x, y) => {
                let v = self.binary(*op, x, y);
                if self.b.func.dfg.value_type(v) == types::I8 { self.b.ins().uextend(types::I64, v) } else { v }
            }
        }
    }

    fn stmt(&mut self, s: &Stmt) {
        match &s.kind {
            Kind::Assign(v, e) => {
                let e = self.expr(e);
                self.b.def_var(self.variables[*v], e);
            }
            Kind::Expr(e) | Kind::Print(e) => {
                self.expr(e);
            }
            Kind::Return(e) => {
                let e = self.expr(e);
                self.b.ins().return_(&[e]);
                let next = self.b.create_block();
                self.b.switch_to_block(next);
                self.b.seal_block(next);
            }
            Kind::While(condition, body) => {
                let (head, inside, end) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
                self.b.ins().jump(head, &[]);
                self.b.switch_to_block(head);
                let c = self.condition(condition);
                self.b.ins().brif(c, inside, &[], end, &[]);
                self.b.seal_block(inside);
                self.b.switch_to_block(inside);
                body.iter().for_each(|s| self.stmt(s));
                self.b.ins().jump(head, &[]);
                self.b.seal_block(head);
                self.b.seal_block(end);
                self.b.switch_to_block(end);
            }
            Kind::If(condition, then, otherwise) => {
                let (yes, no, end) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
                let c = self.condition(condition);
                self.b.ins().brif(c, yes, &[], no, &[]);
                for (block, stmts) in [(yes, then), (no, otherwise)] {
                    self.b.seal_block(block);
                    self.b.switch_to_block(block);
                    stmts.iter().for_each(|s| self.stmt(s));
                    self.b.ins().jump(end, &[]);
                }
                self.b.seal_block(end);
                self.b.switch_to_block(end);
            }
        }
    }
}

/// Compiles a program of the small language and returns the address of function `main`.
pub fn compile_toy(module: &mut JITModule, funcs: &[Func], main: usize) -> *const u8 {
    let functions: Vec<_> = funcs
        .iter()
        .map(|f| {
            let sig = signature(module, &vec![types::I64; f.n_params], Some(types::I64));
            module.declare_function(&f.name, Linkage::Export, &sig).unwrap()
        })
        .collect();
    let mut context = module.make_context();
    let mut shared = FunctionBuilderContext::new();
    for (func, &id) in funcs.iter().zip(&functions) {
        context.func.signature = signature(module, &vec![types::I64; func.n_params], Some(types::I64));
        let mut b = FunctionBuilder::new(&mut context.func, &mut shared);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let variables: Vec<_> = func.variables.iter().map(|_| b.declare_var(types::I64)).collect();
        for (i, &v) in variables.iter().enumerate() {
            let value = if i < func.n_params { b.block_params(entry)[i] } else { b.ins().iconst(types::I64, 0) };
            b.def_var(v, value);
        }
        let mut body = Body { b, module, functions: &functions, used: HashMap::new(), variables };
        func.body.iter().for_each(|s| body.stmt(s));
        let zero = body.b.ins().iconst(types::I64, 0);
        body.b.ins().return_(&[zero]);
        let Body { b, module, .. } = body;
        b.finalize(module.target_config());
        module.define_function(id, &mut context).unwrap();
        module.clear_context(&mut context);
    }
    module.finalize_definitions().unwrap();
    module.get_finalized_function(functions[main])
}

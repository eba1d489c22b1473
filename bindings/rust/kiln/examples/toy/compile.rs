//! The small language by Kiln: a slot for each variable, and debug information.

use kiln::{
    DebugInfo, Declaration, Encoding, Entry, Function, IntCond, Language, Location, MemFlags, Module, Param, Result,
    Session, Signature, Slot, SourceFile, Symbol, Type, Value,
};

use crate::parse::{Expr, Func, Kind, Op, Stmt};

/// What functions of the program share.
struct Program<'a> {
    functions: &'a [Symbol],
    print: Print,
    source: SourceFile,
    debug: Option<Debug<'a>>,
}

/// How a number is printed: by `printf`, so that objects need nothing else than libc.
struct Print {
    printf: Symbol,
    format: Symbol,
}

struct Debug<'a> {
    info: DebugInfo<'a>,
    unit: Entry,
    file: Entry,
    number: Entry,
}

/// A function while it is built.
struct Body<'p, 'f, 'id> {
    program: &'p Program<'p>,
    f: &'f Function<'id>,
    variables: Vec<Slot<'id>>,
    scope: Option<Entry>,
}

impl<'id> Body<'_, '_, 'id> {
    fn condition(&self, e: &Expr) -> Value<'id> {
        if let Expr::Binary(op, a, b) = e {
            if let Some(cond) = condition(*op) {
                return self.f.icmp(cond, Type::I64, self.expr(a), self.expr(b));
            }
        }
        self.f.icmp(IntCond::Ne, Type::I64, self.expr(e), 0)
    }

    fn expr(&self, e: &Expr) -> Value<'id> {
        let f = self.f;
        match e {
            Expr::Number(n) => f.copy(Type::I64, *n),
            Expr::Variable(v) => f.load(Type::I64, self.variables[*v], 0, MemFlags::NONE),
            Expr::Call(callee, args) => {
                let args: Vec<_> = args.iter().map(|a| self.expr(a)).collect();
                f.call(self.program.functions[*callee], &args)
            }
            Expr::Binary(op, ..) if condition(*op).is_some() => f.zext(Type::I64, Type::I8, self.condition(e)),
            Expr::Binary(op, a, b) => {
                let a = self.expr(a);
                // A number needs no value of its own.
                let b = if let Expr::Number(n) = **b { f.int(n) } else { self.expr(b) };
                match op {
                    Op::Or => f.or(Type::I64, a, b),
                    Op::And => f.and(Type::I64, a, b),
                    Op::Add => f.add(Type::I64, a, b),
                    Op::Sub => f.sub(Type::I64, a, b),
                    Op::Mul => f.mul(Type::I64, a, b),
                    Op::Div => f.sdiv(Type::I64, a, b),
                    _ => f.srem(Type::I64, a, b),
                }
            }
        }
    }

    fn stmt(&self, s: &Stmt) {
        let f = self.f;
        if let Some(scope) = self.scope {
            f.set_location(&Location::new(self.program.source, s.line, 0).scope(scope));
        }
        match &s.kind {
            Kind::Assign(v, e) => f.store(Type::I64, self.variables[*v], 0, self.expr(e), MemFlags::NONE),
            Kind::Expr(e) => {
                self.expr(e);
            }
            Kind::Print(e) => {
                f.call(self.program.print.printf, &[f.symbol(self.program.print.format, 0), self.expr(e)]);
            }
            Kind::Return(e) => {
                f.ret(&[self.expr(e)]);
                f.switch_to(f.block()); // what follows is never reached
            }
            Kind::While(condition, body) => {
                let (head, inside, end) = (f.block(), f.block(), f.block());
                f.br(head, &[]);
                f.switch_to(head);
                f.brif(self.condition(condition), (inside, &[]), (end, &[]));
                f.switch_to(inside);
                body.iter().for_each(|s| self.stmt(s));
                f.br(head, &[]);
                f.switch_to(end);
            }
            Kind::If(condition, then, otherwise) => {
                let (yes, no, end) = (f.block(), f.block(), f.block());
                f.brif(self.condition(condition), (yes, &[]), (no, &[]));
                for (block, stmts) in [(yes, then), (no, otherwise)] {
                    f.switch_to(block);
                    stmts.iter().for_each(|s| self.stmt(s));
                    f.br(end, &[]);
                }
                f.switch_to(end);
            }
        }
    }
}

fn condition(op: Op) -> Option<IntCond> {
    Some(match op {
        Op::Eq => IntCond::Eq,
        Op::Ne => IntCond::Ne,
        Op::Lt => IntCond::Slt,
        Op::Le => IntCond::Sle,
        Op::Gt => IntCond::Sgt,
        Op::Ge => IntCond::Sge,
        _ => return None,
    })
}

/// Describes a function and its variables, and says where these are.
fn describe<'id>(d: &Debug<'_>, func: &Func, f: &Function<'id>, variables: &[Slot<'id>]) -> Result<Entry> {
    let ty = d.info.function_type(Some(d.number), &vec![d.number; func.n_params])?;
    let what = Declaration::new(&func.name).at(d.file, func.line).ty(ty).external();
    let entry = d.info.function(Some(d.unit), &what)?;
    f.set_debug(entry, d.unit);
    for (i, name) in func.variables.iter().enumerate() {
        let what = Declaration::new(name).at(d.file, func.line).ty(d.number);
        let variable =
            if i < func.n_params { d.info.parameter(entry, &what)? } else { d.info.variable(entry, &what)? };
        f.declare_variable(variable, variables[i % variables.len()]);
    }
    Ok(entry)
}

fn function(program: &Program<'_>, session: &Session<'_>, symbol: Symbol, func: &Func) -> Result<()> {
    session.try_define(symbol, |f| {
        let variables: Vec<_> = func.variables.iter().map(|_| f.slot_of(Type::I64)).collect();
        let scope = program.debug.as_ref().map(|d| describe(d, func, f, &variables)).transpose()?;
        for (i, &slot) in variables.iter().enumerate() {
            let value = if i < func.n_params { f.param(i as u32) } else { f.int(0) };
            f.store(Type::I64, slot, 0, value, MemFlags::NONE);
        }
        let body = Body { program, f, variables, scope };
        func.body.iter().for_each(|s| body.stmt(s));
        f.ret(&[f.int(0)]);
        Ok(())
    })
}

/// Compiles the functions of a program; `debug`: with debug information about this source file.
pub fn compile(module: &Module, funcs: &[Func], debug: Option<&str>) -> Result<Vec<Symbol>> {
    let mut functions = Vec::new();
    for func in funcs {
        let sig = module.signature(&Signature::new(vec![Type::I64; func.n_params], [Type::I64]))?;
        functions.push(module.declare(&*func.name, sig)?);
    }
    let printf = module.signature(&Signature::new([Param::new(Type::I64)], [Type::I32]).variadic())?;
    let print = Print { printf: module.declare("printf", printf)?, format: module.string("%ld\n")? };
    let debug_of = |source| -> Result<Debug<'_>> {
        let info = module.debug()?;
        let file = info.file(".", source)?;
        let unit = info.unit(file, "toy", Language::Other)?;
        let number = info.base_type("number", Encoding::Signed, 8)?;
        Ok(Debug { info, unit, file, number })
    };
    let session = module.session()?;
    let source = session.source_file(debug.unwrap_or("toy"))?;
    let program = Program { functions: &functions, print, source, debug: debug.map(debug_of).transpose()? };
    for (func, &symbol) in funcs.iter().zip(&functions) {
        function(&program, &session, symbol, func)?;
    }
    Ok(functions)
}

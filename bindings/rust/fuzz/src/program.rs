//! One input: modules, sessions, functions, and what is made of them.

use kiln::{
    AddFlags, CallConv, Data, DebugInfo, Declaration, Encoding, Entry, Jit, JitOptions, Language, Linkage, Member,
    Modifier, Module, ModuleOptions, Param, Pic, RecordKind, Reloc, Result, Session, Sig, Signature, SourceFile,
    Status, Symbol, SymbolDesc, Target, Tls, Type, Visibility,
};

use crate::body::{World, build};
use crate::bytes::Bytes;

/// What was declared in a module.
#[derive(Default)]
struct Made {
    sigs: Vec<Sig>,
    shapes: Vec<(Vec<Type>, Vec<Type>)>,
    functions: Vec<Symbol>,
    sig_of: Vec<usize>,
    symbols: Vec<Symbol>,
    entries: Vec<Entry>,
}

fn options(b: &mut Bytes) -> ModuleOptions {
    let mut o = ModuleOptions::new()
        .pic(Pic::ALL[if b.chance(60) { b.below(3) } else { 0 }])
        .verify(!b.chance(100))
        .function_sections(b.chance(60))
        .data_sections(b.chance(60))
        .jit(b.chance(128))
        .features(u64::from(b.chance(60)) * b.byte() as u64);
    if b.chance(90) {
        o = o.target(Target::AArch64);
    }
    if b.chance(30) {
        o = o.dwarf_version(if b.is_wrong() { b.byte().into() } else { 4 });
    }
    o
}

fn signature(b: &mut Bytes) -> (Signature, (Vec<Type>, Vec<Type>)) {
    const TYPES: [Type; 6] = [Type::I64, Type::I32, Type::I8, Type::F64, Type::F32, Type::V128];
    let one = |b: &mut Bytes| {
        if b.is_wrong() { Type::ALL[b.below(Type::ALL.len())] } else { TYPES[b.below(6)] }
    };
    let params: Vec<_> = (0..b.below(9)).map(|_| one(b)).collect();
    let results: Vec<_> =
        (0..[0, 1, 1, 1, 2][b.below(5)]).map(|_| [Type::I64, Type::I64, one(b)][b.below(3)]).collect();
    let full: Vec<_> = params
        .iter()
        .map(|&t| match b.below(16) {
            0 if t.is_int() || b.is_wrong() => Param::sext(t),
            1 if t.is_int() || b.is_wrong() => Param::zext(t),
            2 if t == Type::I64 => Param::byval(if b.is_wrong() { b.number() as u32 } else { 24 }, b.below(6) as u8),
            3 if b.is_wrong() => Param::sret(),
            _ => Param::new(t),
        })
        .collect();
    let mut s = Signature::new(full, results.clone());
    if b.chance(20) {
        s = s.variadic();
    }
    if b.chance(20) {
        s = s.nounwind();
    }
    if b.is_wrong() {
        s = s.call_conv(CallConv::ALL[b.below(CallConv::ALL.len())]);
    }
    (s, (params, results))
}

fn declare(b: &mut Bytes, m: &Module, foreign: &[Symbol]) -> Result<Made> {
    let mut made = Made::default();
    for _ in 0..1 + b.below(3) {
        let (s, shape) = signature(b);
        made.sigs.push(m.signature(&s)?);
        made.shapes.push(shape);
    }
    if b.is_wrong() {
        made.sigs.push(m.parse_signature(["(i32, i64 zext) -> i32", "(", "(v128 byval(8, 2))", "()"][b.below(4)])?);
        made.shapes.push(Default::default());
    }
    for i in 0..1 + b.below(4) {
        let at = b.below(made.sigs.len());
        let name = if b.is_wrong() { b.text() } else { format!("f{i}") };
        let mut desc = SymbolDesc::new(&name);
        if b.chance(80) {
            desc = desc.linkage(Linkage::ALL[b.below(if b.wrong != 0 { 6 } else { 5 })]);
        }
        if b.chance(30) {
            desc = desc.visibility(Visibility::ALL[b.below(3)]).body().no_plt();
        }
        if b.is_wrong() {
            desc = desc.align_log2(b.byte()).dso_local().section(".text.x").comdat("group").tls(Tls::ALL[b.below(5)]);
        }
        made.functions.push(m.declare(desc, made.sigs[at])?);
        made.sig_of.push(at);
    }
    made.symbols = made.functions.clone();
    for i in 0..b.below(4) {
        let name = if b.is_wrong() { b.text() } else { format!("d{i}") };
        let mut desc = SymbolDesc::new(&name);
        if b.chance(60) {
            desc = desc.tls(Tls::ALL[b.below(5)]);
        }
        if b.chance(60) {
            desc = desc.linkage(Linkage::ALL[b.below(6)]);
        }
        if b.chance(20) {
            desc = desc.section(if b.is_wrong() { "" } else { "mine" });
        }
        let symbol = m.declare_data(desc)?;
        made.symbols.push(symbol);
        define_data(b, m, symbol, &made)?;
    }
    if b.chance(60) {
        made.symbols.push(m.string(&b.text())?);
    }
    if b.chance(40) {
        let target = b.pick(&made.symbols).unwrap();
        let offset = if b.is_wrong() { b.number() } else { 0 };
        made.symbols.push(m.alias("alias", target, offset)?);
    }
    if b.chance(20) {
        let of = made.functions[b.below(made.functions.len())];
        m.constructor(of, Some(b.number() as u32), b.chance(100))?;
    }
    if b.is_wrong() {
        made.symbols.extend(foreign);
    }
    Ok(made)
}

fn define_data(b: &mut Bytes, m: &Module, symbol: Symbol, made: &Made) -> Result<()> {
    let bytes = vec![b.byte(); b.below(64)];
    let mut data = match b.below(4) {
        0 if bytes.is_empty() && b.is_wrong() => Data::zero(b.number() as u64),
        0 => Data::zero(100),
        1 => return Ok(()),
        _ => Data::bytes(&bytes),
    };
    data = data.align_log2(if b.is_wrong() { b.byte() } else { b.below(6) as u8 });
    if b.chance(60) {
        data = data.read_only();
    }
    if b.chance(60) {
        data = data.used();
    }
    // Of zeros with addresses in them the library makes bytes: not of so many.
    let relocs: Vec<_> = (0..if b.chance(80) && !bytes.is_empty() { b.below(4) } else { 0 })
        .map(|i| Reloc {
            offset: if b.is_wrong() { b.number() as u64 } else { i as u64 * 8 },
            symbol: made.symbols[b.below(made.symbols.len())],
            addend: b.number(),
        })
        .collect();
    if bytes.len() >= relocs.len() * 8 || b.is_wrong() {
        data = data.relocs(&relocs);
    }
    m.define_data(symbol, &data)
}

/// Some debug information; `made` grows.
fn describe(b: &mut Bytes, d: &DebugInfo<'_>, unit: bool, made: &mut Made) -> Result<()> {
    let file = d.file("/src", &b.text())?;
    made.entries.push(file);
    if unit {
        made.entries.push(d.unit(file, "fuzz", [Language::C, Language::Other][b.below(2)])?);
    }
    for _ in 0..b.below(24) {
        let some = made.entries[b.below(made.entries.len())];
        let other = b.chance(128).then(|| made.entries[made.entries.len() - 1]);
        let name = b.text();
        let mut what = Declaration::new(&name).at(file, b.number() as u32);
        if b.chance(128) {
            what = what.ty(some).external();
        }
        let entry = match b.below(14) {
            0 | 1 => d.base_type("int", Encoding::Signed, b.number() as u64),
            2 => d.pointer_type(other),
            3 => d.modified_type(Modifier::Const, some),
            4 => d.typedef(other, &name, some),
            5 => d.array_type(some, b.number() as u64),
            6 => {
                let record = d.record(RecordKind::Struct, other, &name, 16)?;
                let ty = record.entry();
                made.entries.push(ty);
                if b.chance(40) {
                    continue;
                }
                d.set_members(
                    record,
                    &[Member { name: "m", ty, offset_bytes: 0 }, Member { name: "", ty: some, offset_bytes: 8 }],
                )
            }
            7 => d.enumeration(other, &name, some, 4, &[("a", 1), ("b", b.number())]),
            8 => d.function_type(other, &[some, some]),
            9 => d.function(other, &what),
            10 => d.parameter(some, &what),
            11 => d.variable(some, &what),
            12 => d.block(some),
            _ => match b.pick(&made.symbols) {
                Some(symbol) => d.global(some, &what, symbol),
                None => continue,
            },
        };
        match entry {
            Ok(entry) => made.entries.push(entry),
            Err(e) if b.wrong != 0 && e.status() == Status::Argument => return Err(e),
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Defines functions; errors of one are no others'.
fn bodies<S>(b: &mut Bytes, s: &Session<'_, S>, made: &Made, mine: &[usize], depth: u32) -> usize {
    let mut files: Vec<SourceFile> = Vec::new();
    if b.chance(100) {
        files.extend(s.source_file("/src/a.c").ok());
    }
    let mut good = 0;
    for &i in mine {
        let w = World {
            functions: &made.functions,
            symbols: &made.symbols,
            sigs: &made.sigs,
            shapes: &made.shapes,
            sig_of: &made.sig_of,
            files: &files,
            entries: &made.entries,
        };
        let shape = &made.shapes[made.sig_of[i]];
        let nested = depth < 2 && b.chance(20);
        let drop = b.chance(10);
        let result = s.try_define(made.functions[i], |f| {
            if nested {
                bodies(b, s, made, &[(i + 1) % made.functions.len()], depth + 1);
            }
            build(f, b, &w, shape);
            if drop { Err(kiln::Error::new(Status::Structure, "dropped")) } else { Ok(()) }
        });
        good += usize::from(result.is_ok());
        if std::env::var_os("KILN_FUZZ_PRINT").is_some() {
            if let Err(e) = result {
                eprintln!("{e}");
            }
        }
    }
    good
}

/// How often what was tried has worked, over all inputs.
#[derive(Default, Debug)]
pub struct Counts {
    pub inputs: u64,
    pub functions: u64,
    pub objects: u64,
    pub units: u64,
    pub streamed: u64,
    pub threads: u64,
}

pub struct Fuzz {
    pub counts: Counts,
    /// Things are forgotten now and then, and leak.
    pub forget: bool,
}

fn jit(b: &mut Bytes) -> Result<Jit> {
    let mut o = JitOptions::new().resolve(|name| (name.len() == 2).then_some(8 as *const ()));
    if b.chance(60) {
        o = o.near([0, 1 << 20, 1 << 16][b.below(3)]);
    }
    if b.chance(60) {
        o = o.switch_protection();
    }
    if b.chance(60) {
        o = o.gdb();
    }
    if b.chance(60) {
        o = o.no_unwind().no_process_symbols().symbol("memcpy", 8 as *const ());
    }
    Jit::with_options(o)
}

fn flags(b: &mut Bytes) -> AddFlags {
    let redefinable = if b.chance(128) { AddFlags::REDEFINABLE } else { AddFlags::NONE };
    if b.chance(160) { redefinable.and(AddFlags::FORWARD) } else { redefinable }
}

type Any = unsafe extern "C" fn(i64) -> i64;

impl Fuzz {
    /// Runs one input.
    pub fn run(&mut self, input: &[u8]) {
        self.counts.inputs += 1;
        let mut b = Bytes::new(input);
        b.wrong = [0, 0, 0, 4, 20, 0, 2, 60][b.below(8)];
        let _ = self.program(&mut b);
    }

    fn program(&mut self, b: &mut Bytes) -> Result<()> {
        let other = Module::new("other")?;
        let foreign = [other.declare_fn::<Any>("foreign")?, other.string("text")?];
        let m = Module::with_options("fuzz", &options(b))?;
        let mut made = declare(b, &m, &foreign)?;
        if b.chance(100) {
            describe(b, &m.debug()?, true, &mut made)?;
            if b.is_wrong() {
                let d = other.debug()?;
                made.entries.push(d.base_type("int", Encoding::Signed, 4)?);
            }
        }
        let all: Vec<_> = (0..made.functions.len()).collect();
        match b.below(8) {
            0 => return self.threads(b, m, &made, &all),
            1 | 2 => self.stream(b, &m, &mut made, &all)?,
            _ => {
                let s = m.session()?;
                if !made.entries.is_empty() && b.chance(128) {
                    describe(b, &s.debug()?, false, &mut made)?;
                }
                if b.is_wrong() {
                    s.read_text(
                        ["func @t(i64) -> i64 {\nb0(%x: i64):\n  ret %x\n}\n", "func @", "data @d0 = zero 8\n"]
                            [b.below(3)],
                    )?;
                }
                self.counts.functions += bodies(b, &s, &made, &all, 0) as u64;
                match b.below(12) {
                    0 => s.discard(),
                    1 if self.forget => std::mem::forget(s),
                    _ => drop(s),
                }
            }
        }
        self.finish(b, m, &made)
    }

    /// Objects and units of what there is, in any order.
    fn finish(&mut self, b: &mut Bytes, mut m: Module, made: &Made) -> Result<()> {
        let jit = if b.chance(128) { Some(jit(b)?) } else { None };
        let mut units = Vec::new();
        for _ in 0..1 + b.below(3) {
            match (b.below(4), &jit) {
                (0, _) => drop(m.text()),
                (1, Some(jit)) | (2, Some(jit)) => {
                    let Ok(unit) = jit.add(&mut m, flags(b)) else { continue };
                    self.counts.units += 1;
                    for &f in &made.symbols {
                        let _ = unit.function::<Any>(&m, f);
                        let _ = unit.function::<unsafe extern "C" fn()>(&m, f);
                    }
                    units.push(unit);
                }
                _ => {
                    let object = m.object();
                    self.counts.objects += u64::from(object.is_ok());
                }
            }
        }
        for unit in units {
            let _ = unit.address("f0");
            if b.chance(128) {
                // SAFETY: its code never runs.
                let _ = unsafe { unit.remove() };
            }
        }
        if let Some(jit) = jit {
            // SAFETY: no code runs, and this thread lives on.
            let _ = unsafe { jit.lookup(["f0", "d0"][b.below(2)]) };
            if self.forget && b.chance(20) {
                std::mem::forget(jit);
            }
        }
        Ok(())
    }

    fn stream(&mut self, b: &mut Bytes, m: &Module, made: &mut Made, all: &[usize]) -> Result<()> {
        let (first, second) = (jit(b)?, jit(b)?);
        let streams = [first.stream(m)?, if b.chance(128) { first.stream(m)? } else { second.stream(m)? }];
        let s = m.session()?;
        for _ in 0..1 + b.below(6) {
            let stream = &streams[b.below(2)];
            match b.below(4) {
                0 => {
                    self.counts.functions += bodies(b, &s, made, &all[..1], 0) as u64;
                    if let Ok(unit) = stream.add(&s, flags(b)) {
                        self.counts.streamed += 1;
                        let _ = unit.function::<Any>(m, made.functions[0]);
                        if b.chance(40) {
                            // SAFETY: its code never runs.
                            let _ = unsafe { unit.remove() };
                        }
                    }
                }
                1 => drop(m.string(&b.text())),
                _ => {
                    let name = ["s0", "s1"][b.below(2)];
                    let f = m.declare_fn::<Any>(name)?;
                    let w = World {
                        functions: &made.functions,
                        symbols: &made.symbols,
                        sigs: &made.sigs,
                        shapes: &made.shapes,
                        sig_of: &made.sig_of,
                        files: &[],
                        entries: &made.entries,
                    };
                    let how = flags(b);
                    let inner = b.chance(30);
                    let result = stream.define::<Any>(&s, f, how, |f| {
                        if inner {
                            let _ = stream.add(&s, how);
                        }
                        build(f, b, &w, &(vec![Type::I64], vec![Type::I64]))
                    });
                    self.counts.streamed += u64::from(result.is_ok());
                }
            }
        }
        if self.forget && b.chance(40) {
            let [one, _] = streams;
            std::mem::forget(one);
        }
        Ok(())
    }

    fn threads(&mut self, b: &mut Bytes, m: Module, made: &Made, all: &[usize]) -> Result<()> {
        let mut m = m.freeze()?;
        let halves: Vec<Vec<u8>> = (0..2).map(|_| (0..b.below(200)).map(|_| b.byte()).collect()).collect();
        let wrong = b.wrong;
        let (left, right) = all.split_at(all.len() / 2);
        let good: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = [left, right]
                .into_iter()
                .zip(&halves)
                .map(|(mine, bytes)| {
                    let m = &m;
                    scope.spawn(move || {
                        let mut b = Bytes::new(bytes);
                        b.wrong = wrong;
                        let Ok(s) = m.session() else { return 0 };
                        let _ = m.declare_fn::<Any>("late");
                        let _ = m.lookup("f0");
                        let good = bodies(&mut b, &s, made, mine, 0);
                        if b.chance(20) {
                            s.discard();
                        }
                        good
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        self.counts.functions += good as u64;
        self.counts.threads += 1;
        self.counts.objects += u64::from(m.object().is_ok());
        if b.chance(128) {
            let jit = jit(b)?;
            self.counts.units += u64::from(jit.add(&mut m, flags(b)).is_ok());
        }
        Ok(())
    }
}

//! What the crate checks when a program runs, and that what it makes works.

use kiln::{
    AddFlags, Attrs, Data, Error, IntCond, Jit, JitOptions, MemFlags, Module, ModuleOptions, Reloc, Signature, Status,
    Stream, Symbol, Target, Type,
};

type Unary = unsafe extern "C" fn(i64) -> i64;

fn square(module: &Module, name: &str) -> Symbol {
    let f = module.declare_fn::<Unary>(name).unwrap();
    module.session().unwrap().define(f, |f| f.ret(&[f.mul(Type::I64, f.param(0), f.param(0))])).unwrap();
    f
}

fn call(jit: &Jit, module: &mut Module, symbol: Symbol, x: i64) -> i64 {
    let unit = jit.add(module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unary>(module, symbol).unwrap();
    // SAFETY: the tests' functions compute with numbers.
    unsafe { f.call(x) }
}

#[test]
fn errors_name_the_place() {
    let module = Module::new("wrong").unwrap();
    let f = module.declare_fn::<Unary>("f").unwrap();
    let session = module.session().unwrap();
    let error = session
        .define(f, |f| {
            let next = f.block();
            f.br(next, &[]);
            f.switch_to(next);
            let file = session.source_file("a.toy").unwrap();
            f.set_location(&kiln::Location::new(file, 7, 3));
            f.copy(Type::I64, 1);
            f.fadd(Type::F64, f.param(0), 1.0); // an integer
            f.ret(&[f.param(0)]);
        })
        .unwrap_err();
    assert_eq!(error.status(), Status::Type);
    assert_eq!((error.module(), error.function()), ("wrong", "f"));
    // Parameter, branch and copy are numbers 0 to 2.
    assert_eq!((error.block(), error.instruction()), (Some(1), Some(3)));
    assert_eq!(error.source_location(), Some(("a.toy", 7, 3)));
    let line = error.to_string();
    assert!(line.starts_with("wrong: f: block 1: instruction 3: ") && line.ends_with(" (a.toy:7:3)"), "{line}");
    // The module is as it was: the function may be built again.
    session.define(f, |f| f.ret(&[f.param(0)])).unwrap();
}

#[test]
fn an_address_is_of_a_function() {
    let jit = Jit::new().unwrap();
    let mut module = Module::new("find").unwrap();
    let f = square(&module, "squared");
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let at = unit.address("squared").unwrap().as_ptr() as usize;
    let found = jit.find_pc((at + 1) as *const ()).unwrap();
    assert_eq!(found.address, at);
    assert_eq!(found.frames.len(), 1);
    assert_eq!((found.frames[0].function.as_str(), found.frames[0].line), ("squared", 0));
    assert_eq!(jit.find_pc((at + found.size - 1) as *const ()), Some(found.clone()));
    assert_eq!(jit.find_pc((&raw const jit).cast()), None);
    assert!(unit.function::<Unary>(&module, f).is_ok());
}

#[test]
fn lazy_functions_are_compiled_at_their_first_call() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COMPILED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn other(x: i64) -> i64 {
        x - 1
    }

    let jit = Jit::new().unwrap();
    let late = jit
        .declare_lazy::<Unary>("late", |jit, name| {
            COMPILED.fetch_add(1, Ordering::Relaxed);
            let mut module = Module::new("late").unwrap();
            square(&module, name);
            jit.add(&mut module, AddFlags::NONE).unwrap();
            None
        })
        .unwrap();
    let missing = jit.declare_lazy::<Unary>("missing", |_, _| Some(other as *const ())).unwrap();

    let mut module = Module::new("caller").unwrap();
    let (f, callee) = (module.declare_fn::<Unary>("f").unwrap(), module.declare_fn::<Unary>("late").unwrap());
    module.session().unwrap().define(f, |f| f.ret(&[f.call(callee, &[f.param(0)])])).unwrap();
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unary>(&module, f).unwrap();
    assert_eq!(COMPILED.load(Ordering::Relaxed), 0);
    // SAFETY: they compute with numbers.
    unsafe { assert_eq!((f.call(5), f.call(6), late.call(7), missing.call(8)), (25, 36, 49, 7)) };
    assert_eq!(COMPILED.load(Ordering::Relaxed), 1);

    // SAFETY: they are not called any more.
    unsafe {
        jit.remove_lazy("missing").unwrap();
        assert_eq!(jit.remove_lazy("missing").unwrap_err().status(), Status::Argument);
    }
    let error = jit.declare_lazy::<Unary>("f", |_, _| None).unwrap_err();
    assert_eq!(error.status(), Status::Symbol, "{error}");
}

#[test]
fn roots_change_during_a_call() {
    use std::sync::OnceLock;
    static JIT: OnceLock<Jit> = OnceLock::new();
    /// A collector, whose objects are numbers: each moves by 1.
    extern "C" fn collect() {
        let mut ids = Vec::new();
        kiln::StackPoint::with(|point| {
            point.each_root(&[JIT.get().unwrap()], |mut root| {
                ids.push((root.call_id(), root.size_bytes()));
                // SAFETY: no other thread knows of the frame.
                unsafe { root.set(root.get() + 1) };
            })
        })
        .unwrap()
        .unwrap();
        assert_eq!(ids, [(7, 8), (7, 4)]);
    }

    let jit = JIT.get_or_init(|| Jit::with_options(JitOptions::new().symbol("collect", collect as *const ())).unwrap());
    let mut module = Module::new("roots").unwrap();
    let (f, collect) =
        (module.declare_fn::<Unary>("f").unwrap(), module.declare_fn::<unsafe extern "C" fn()>("collect"));
    let session = module.session().unwrap();
    session
        .define(f, |f| {
            let (whole, half) = (f.slot_of(Type::I64), f.slot_of(Type::I32));
            f.set_root(whole);
            f.set_root(half);
            f.store(Type::I64, whole, 0, f.param(0), MemFlags::NONE);
            f.store(Type::I32, half, 0, 100, MemFlags::NONE);
            f.set_call_id(7);
            f.call(collect.unwrap(), &[]);
            let half = f.zext(Type::I64, Type::I32, f.load(Type::I32, half, 0, MemFlags::NONE));
            f.ret(&[f.add(Type::I64, f.load(Type::I64, whole, 0, MemFlags::NONE), half)]);
        })
        .unwrap();
    drop(session);
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unary>(&module, f).unwrap();
    // SAFETY: it calls the function above.
    assert_eq!(unsafe { f.call(40) }, 142);
}

#[test]
fn panics_pass_through_functions() {
    type Unwinding = unsafe extern "C-unwind" fn(i64) -> i64;
    extern "C-unwind" fn fail(x: i64) -> i64 {
        std::panic::resume_unwind(Box::new(x))
    }

    let jit = Jit::with_options(JitOptions::new().symbol("fail", fail as *const ())).unwrap();
    let mut module = Module::new("panics").unwrap();
    let (f, fail) = (module.declare_fn::<Unwinding>("f").unwrap(), module.declare_fn::<Unwinding>("fail").unwrap());
    module.session().unwrap().define(f, |f| f.ret(&[f.call(fail, &[f.add(Type::I64, f.param(0), 1)])])).unwrap();
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unwinding>(&module, f).unwrap().as_fn();
    // SAFETY: it calls the function above, which panics.
    let panic = std::panic::catch_unwind(|| unsafe { f(40) }).unwrap_err();
    assert_eq!(panic.downcast_ref::<i64>(), Some(&41));
}

#[test]
fn a_text_has_positions() {
    let module = Module::new("text").unwrap();
    let error = module.session().unwrap().read_text("func @f() {\nb0:\n  frob\n}\n").unwrap_err();
    assert_eq!((error.status(), error.position()), (Status::Syntax, Some((3, 3))));
}

#[test]
fn handles_of_other_modules_are_refused() {
    let (a, b) = (Module::new("a").unwrap(), Module::new("b").unwrap());
    let (f, g) = (square(&a, "f"), b.declare_fn::<Unary>("g").unwrap());
    let sig = a.signature(&Signature::of::<Unary>()).unwrap();
    let refused = |e: Error| assert_eq!(e.status(), Status::Argument, "{e}");
    refused(b.declare("h", sig).unwrap_err());
    refused(b.define_data(f, &Data::zero(8)).unwrap_err());
    refused(b.symbol_name(f).unwrap_err());
    refused(b.constructor(f, Some(1), false).unwrap_err());
    refused(b.data("d", &Data::zero(8).relocs(&[Reloc { offset: 0, symbol: f, addend: 0 }])).unwrap_err());
    let session = b.session().unwrap();
    refused(session.define(f, |_| ()).unwrap_err());
    refused(session.define(g, |g| g.ret(&[g.call(f, &[g.param(0)])])).unwrap_err());
    refused(session.define(g, |g| g.ret(&[g.call_indirect(sig, 0, &[g.param(0)])])).unwrap_err());
    refused(session.define(g, |g| g.ret(&[g.symbol(f, 0)])).unwrap_err());
    let (other, this) = (a.debug().unwrap(), b.debug().unwrap());
    let file = other.file(".", "a.c").unwrap();
    refused(this.unit(file, "test", kiln::Language::C).unwrap_err());
    let source = a.session().unwrap().source_file("a.c").unwrap();
    refused(session.define(g, |g| g.set_location(&kiln::Location::new(source, 1, 1))).unwrap_err());
    // None of that has an effect.
    session.define(g, |g| g.ret(&[g.param(0)])).unwrap();
}

#[test]
fn names_with_a_nul_are_refused() {
    assert_eq!(Module::new("a\0b").map(|_| ()).unwrap_err().status(), Status::Argument);
    let module = Module::new("").unwrap();
    assert_eq!(module.declare_fn::<Unary>("a\0b").unwrap_err().status(), Status::Argument);
    assert!(module.lookup("a\0b").is_none());
}

#[test]
fn the_module_keeps_its_first_error() {
    let mut module = Module::new("m").unwrap();
    let d = module.data("d", &Data::zero(8)).unwrap();
    let error = module.define_data(d, &Data::zero(8)).unwrap_err();
    assert_eq!(error.status(), Status::Symbol);
    assert_eq!(module.string("text").unwrap_err(), error);
    assert_eq!(module.object().unwrap_err(), error);
    assert_eq!(module.freeze().map(|_| ()).unwrap_err(), error);
}

#[test]
fn a_function_that_was_not_finished_is_discarded() {
    let mut module = Module::new("m").unwrap();
    let f = module.declare_fn::<Unary>("f").unwrap();
    let session = module.session().unwrap();
    let error = session.try_define(f, |_| Err::<(), _>(Error::new(Status::Unsupported, "not today"))).unwrap_err();
    assert_eq!((error.status(), error.message()), (Status::Unsupported, "not today"));
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| session.define(f, |_| panic!("in the middle"))));
    assert!(panic.is_err());
    assert_eq!(session.define(f, |_| ()).unwrap_err().status(), Status::Structure);
    session.define(f, |f| f.ret(&[f.param(0)])).unwrap();
    drop(session);
    module.object().unwrap();
}

#[test]
fn dominance_is_checked_unless_it_is_not_asked_for() {
    for (verify, expected) in [(true, Some(Status::Dominance)), (false, None)] {
        let module = Module::with_options("m", &ModuleOptions::new().verify(verify)).unwrap();
        let f = module.declare_fn::<Unary>("f").unwrap();
        let result = module.session().unwrap().define(f, |f| {
            let (left, right) = (f.block(), f.block());
            f.brif(f.icmp(IntCond::Eq, Type::I64, f.param(0), 0), (left, &[]), (right, &[]));
            f.switch_to(left);
            let one = f.copy(Type::I64, 1);
            f.ret(&[one]);
            f.switch_to(right);
            f.ret(&[one]);
        });
        assert_eq!(result.err().map(|e| e.status()), expected);
    }
}

#[test]
fn types_of_functions_are_compared() {
    let mut module = Module::new("m").unwrap();
    let (f, d) = (square(&module, "f"), module.data("d", &Data::zero(8)).unwrap());
    let g = module.declare_fn::<unsafe extern "C" fn(u8) -> i64>("g").unwrap();
    module.session().unwrap().define(g, |g| g.ret(&[g.zext(Type::I64, Type::I8, g.param(0))])).unwrap();
    let jit = Jit::new().unwrap();
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    assert!(unit.function::<Unary>(&module, f).is_ok());
    assert!(unit.function::<unsafe extern "C" fn(*const u8) -> usize>(&module, f).is_ok());
    let wrong = |e: Error| assert_eq!(e.status(), Status::Type, "{e}");
    wrong(unit.function::<unsafe extern "C" fn(i64)>(&module, f).unwrap_err());
    wrong(unit.function::<unsafe extern "C" fn(f64) -> i64>(&module, f).unwrap_err());
    wrong(unit.function::<unsafe extern "C" fn(i32) -> i64>(&module, f).unwrap_err());
    wrong(unit.function::<unsafe extern "C" fn(i64, i64) -> i64>(&module, f).unwrap_err());
    wrong(unit.function::<unsafe extern "C" fn(i8) -> i64>(&module, g).unwrap_err());
    wrong(unit.function::<Unary>(&module, d).unwrap_err());
    let other = Module::new("other").unwrap();
    let h = other.declare_fn::<Unary>("f").unwrap();
    assert_eq!(unit.function::<Unary>(&other, h).unwrap_err().status(), Status::Argument);
    // SAFETY: it extends a number.
    assert_eq!(unsafe { unit.function::<unsafe extern "C" fn(u8) -> i64>(&module, g).unwrap().call(200) }, 200);
}

#[test]
fn objects_are_made_for_both_targets() {
    for (target, machine) in [(Target::X86_64, 62), (Target::AArch64, 183)] {
        let mut module = Module::with_options("m", &ModuleOptions::new().target(target)).unwrap();
        square(&module, "f");
        let object = module.object().unwrap();
        assert_eq!(&object[..4], b"\x7fELF");
        assert_eq!(u16::from_le_bytes([object[18], object[19]]), machine);
        assert_eq!(*module.object().unwrap(), *object); // the same again
        let jit = Jit::new().unwrap();
        let runs = cfg!(target_os = "linux") && Some(target) == Target::host();
        assert_eq!(jit.add(&mut module, AddFlags::NONE).is_ok(), runs);
    }
}

extern "C" fn twice(x: i64) -> i64 {
    2 * x
}

/// A module whose `f` calls a function `twice` that it does not define.
fn caller() -> (Module, Symbol) {
    let module = Module::new("m").unwrap();
    let (f, twice) = (module.declare_fn::<Unary>("f").unwrap(), module.declare_fn::<Unary>("twice").unwrap());
    module.session().unwrap().define(f, |f| f.ret(&[f.call(twice, &[f.param(0)])])).unwrap();
    (module, f)
}

// A language that compiles a function when another one needs it: the resolver, which the stream called, adds to the
// stream, without `unsafe`.
type Held = (&'static Stream<'static>, &'static Module);
thread_local! { static HELD: std::cell::Cell<Option<Held>> = const { std::cell::Cell::new(None) }; }

fn compile_chain(n: u32) -> Option<*const ()> {
    type Chained = unsafe extern "C" fn(i64) -> i64;
    let (stream, module) = HELD.get()?;
    let symbol = module.declare_fn::<Chained>(&*format!("chain{n}")).unwrap();
    let next = module.declare_fn::<Chained>(&*format!("chain{}", n + 1)).unwrap();
    let session = module.session().unwrap();
    let made = stream.define::<Chained>(&session, symbol, AddFlags::NONE, |f| {
        let x = if n < 100 { f.call(next, &[f.param(0)]) } else { f.param(0) };
        f.ret(&[f.add(Type::I64, x, 1)]);
    });
    Some(made.unwrap().as_fn() as *const ())
}

#[test]
fn a_resolver_adds_to_its_stream() {
    let options = JitOptions::new().resolve(|name| compile_chain(name.strip_prefix("chain")?.parse().ok()?));
    let jit: &'static Jit = Box::leak(Box::new(Jit::with_options(options).unwrap()));
    let module: &'static Module = Box::leak(Box::new(Module::new("lazy").unwrap()));
    HELD.set(Some((Box::leak(Box::new(jit.stream(module).unwrap())), module)));
    let first = compile_chain(0).unwrap();
    // SAFETY: it is the address of such a function.
    let f: extern "C" fn(i64) -> i64 = unsafe { std::mem::transmute(first) };
    assert_eq!(f(7), 108);
    HELD.set(None);
}

#[test]
fn names_are_resolved() {
    let (mut module, f) = caller();
    let error = Jit::new().unwrap().add(&mut module, AddFlags::NONE).unwrap_err();
    assert_eq!((error.status(), error.missing()), (Status::Symbol, &["twice".to_string()][..]));
    let jit = Jit::with_options(JitOptions::new().symbol("twice", twice as *const ())).unwrap();
    assert_eq!(call(&jit, &mut module, f, 21), 42);
    let by_call = JitOptions::new().resolve(|name| (name == "twice").then_some(twice as *const ()));
    assert_eq!(call(&Jit::with_options(by_call).unwrap(), &mut module, f, 4), 8);
    // One unit defines what another one uses.
    let jit = Jit::new().unwrap();
    let mut other = Module::new("other").unwrap();
    let g = other.declare_fn::<Unary>("twice").unwrap();
    other.session().unwrap().define(g, |g| g.ret(&[g.add(Type::I64, g.param(0), g.param(0))])).unwrap();
    jit.add(&mut other, AddFlags::NONE).unwrap();
    assert_eq!(call(&jit, &mut module, f, -3), -6);
}

#[test]
fn a_panic_passes_the_library() {
    let (mut module, _) = caller();
    let jit = Jit::with_options(JitOptions::new().resolve(|name| panic!("no {name}"))).unwrap();
    let add = || jit.add(&mut module, AddFlags::NONE).map(|_| ());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(add)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "no twice");
    // It is gone, and the JIT as it was.
    square(&module, "twice");
    jit.add(&mut module, AddFlags::NONE).unwrap();
}

#[test]
fn streams_redefine() {
    let jit = Jit::new().unwrap();
    let module = Module::new("m").unwrap();
    let (f, g) = (module.declare_fn::<Unary>("f").unwrap(), module.declare_fn::<Unary>("g").unwrap());
    let (stream, session) = (jit.stream(&module).unwrap(), module.session().unwrap());
    let how = AddFlags::REDEFINABLE.and(AddFlags::FORWARD);
    let calls = stream.define::<Unary>(&session, g, how, |g| g.ret(&[g.call(f, &[g.param(0)])])).unwrap();
    for n in [3, 5] {
        let f = stream.define::<Unary>(&session, f, how, |f| f.ret(&[f.mul(Type::I64, f.param(0), n)])).unwrap();
        // SAFETY: both functions are defined, and multiply numbers.
        assert_eq!(unsafe { (f.call(2), calls.call(2)) }, (2 * n, 2 * n));
    }
    let wrong = stream.define::<unsafe extern "C" fn()>(&session, f, how, |_| ());
    assert_eq!(wrong.unwrap_err().status(), Status::Type);
    let other = Module::new("other").unwrap();
    let foreign = other.session().unwrap();
    assert_eq!(stream.add(&foreign, how).unwrap_err().status(), Status::Argument);
}

#[test]
fn units_are_removed() {
    let jit = Jit::new().unwrap();
    let mut module = Module::new("m").unwrap();
    square(&module, "f");
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    // SAFETY: it is no thread-local data; its code has never run.
    unsafe {
        assert_eq!(jit.lookup("f"), unit.address("f"));
        assert!(jit.lookup("f").is_some());
        unit.remove().unwrap();
        assert!(jit.lookup("f").is_none());
    }
}

#[test]
fn data_and_loops() {
    // The sum of a table, whose address is in a second one.
    let mut module = Module::new("m").unwrap();
    let bytes: Vec<u8> = [3u64, 5, 7].iter().flat_map(|n| n.to_le_bytes()).collect();
    let table = module.data("table", &Data::bytes(&bytes).align_log2(3).read_only()).unwrap();
    let relocs = [Reloc { offset: 0, symbol: table, addend: 0 }];
    let at = Data::zero(8).align_log2(3).relocs(&relocs).read_only();
    let place = module.data("place", &at).unwrap();
    let sum = module.declare_fn::<Unary>("sum").unwrap();
    module
        .session()
        .unwrap()
        .define(sum, |f| {
            let (head, body, end) = (f.block(), f.block(), f.block());
            let (i, total) = (f.block_param(head, Type::I64), f.block_param(head, Type::I64));
            let table = f.load(Type::I64, place, 0, MemFlags::NONE);
            f.br(head, &[f.int(0), f.int(0)]);
            f.switch_to(head);
            f.brif(f.icmp(IntCond::Slt, Type::I64, i, f.param(0)), (body, &[]), (end, &[]));
            f.switch_to(body);
            let x = f.load(Type::I64, f.addr(table, i, 8, 0), 0, MemFlags::NONE);
            f.br(head, &[f.add(Type::I64, i, 1), f.add(Type::I64, total, x)]);
            f.switch_to(end);
            f.ret(&[total]);
        })
        .unwrap();
    assert_eq!(call(&Jit::new().unwrap(), &mut module, sum, 3), 15);
}

#[test]
fn threads_make_the_same_object() {
    let object = |threads: usize| {
        let module = Module::new("m").unwrap();
        let functions: Vec<_> = (0..40).map(|i| module.declare_fn::<Unary>(&*format!("f{i}")).unwrap()).collect();
        let mut module = module.freeze().unwrap();
        std::thread::scope(|scope| {
            for part in functions.chunks(40 / threads) {
                let module = &module;
                scope.spawn(move || {
                    let session = module.session().unwrap();
                    for &f in part {
                        let next = module.declare_fn::<Unary>("elsewhere").unwrap();
                        session
                            .define(f, |f| {
                                let x = f.call(next, &[f.param(0)]);
                                f.ret(&[f.add(Type::I64, x, 1000)]);
                            })
                            .unwrap();
                        assert_eq!(session.define(f, |_| ()).unwrap_err().status(), Status::Symbol);
                    }
                });
            }
        });
        module.object().unwrap().to_vec()
    };
    assert!(object(1) == object(4));
}

#[test]
fn debug_information_without_a_location() {
    let mut module = Module::new("m").unwrap();
    let f = module.declare_fn::<unsafe extern "C" fn()>("f").unwrap();
    let debug = module.debug().unwrap();
    let file = debug.file(".", "a.c").unwrap();
    let unit = debug.unit(file, "test", kiln::Language::C).unwrap();
    let entry = debug.function(Some(unit), &kiln::Declaration::new("f").at(file, 1)).unwrap();
    let define = |f: &kiln::Function<'_>| {
        let next = f.block();
        f.set_debug(entry, unit);
        f.br(next, &[]);
        f.switch_to(next);
        f.ret(&[]);
    };
    module.session().unwrap().define(f, define).unwrap();
    module.object().unwrap();
}

#[test]
fn what_is_discarded_is_undefined() {
    let mut module = Module::new("m").unwrap();
    let f = module.declare_fn::<Unary>("f").unwrap();
    let session = module.session().unwrap();
    session.define(f, |f| f.ret(&[f.param(0)])).unwrap();
    session.discard();
    module.object().unwrap();
    let unit = Jit::new().unwrap().add(&mut module, AddFlags::NONE).map(|u| u.function::<Unary>(&module, f).is_ok());
    assert!(!matches!(unit, Ok(true)));
}

#[test]
fn a_reference_after_a_call_that_collects_is_refused() {
    let module = Module::new("m").unwrap();
    let f = module.declare_fn::<Unary>("f").unwrap();
    let collect = module.declare_fn::<Unary>("collect").unwrap();
    let define = |f: &kiln::Function<'_>, is_kept: bool| {
        let root = f.slot(8, 3);
        f.set_root(root);
        let object = f.add(Type::I64, f.param(0), 0);
        f.set_reference(object, true);
        f.store(Type::I64, root, 0, object, MemFlags::NONE);
        f.set_call_id(7);
        f.call(collect, &[f.param(0)]);
        let again = f.load(Type::I64, root, 0, MemFlags::NONE);
        f.ret(&[if is_kept { again } else { object }]);
    };
    let session = module.session().unwrap();
    assert_eq!(session.define(f, |f| define(f, false)).unwrap_err().status(), Status::Structure);
    session.define(f, |f| define(f, true)).unwrap();
}

#[test]
fn a_register_is_pinned() {
    let options = |register| ModuleOptions::new().pinned(register);
    let register = if cfg!(target_arch = "x86_64") { "r14" } else { "x28" };
    let mut module = Module::with_options("m", &options(register)).unwrap();
    let read = module.declare_fn::<unsafe extern "C" fn() -> i64>("read").unwrap();
    let enter = module.declare_fn::<Unary>("enter").unwrap();
    let session = module.session().unwrap();
    session.define(read, |f| f.ret(&[f.get_pinned()])).unwrap();
    session
        .define(enter, |f| {
            f.set_attrs(&Attrs::new().keeps_pinned());
            f.set_pinned(f.param(0));
            f.ret(&[f.call(read, &[])]);
        })
        .unwrap();
    drop(session);
    let jit = Jit::new().unwrap();
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unary>(&module, enter).unwrap();
    // SAFETY: the function has this type, and keeps the register.
    assert_eq!(unsafe { f.call(77) }, 77);
    assert_eq!(Module::with_options("m", &options("rax")).err().unwrap().status(), Status::Unsupported);
}

/// `f(x)` calls `thrower(x)`, which throws x with the tag `tag` if x is odd, and `other` if x is a multiple of 4. A clause
/// catches `tag`, one cleans up.
fn catching(module: &Module) -> Symbol {
    type Throw = unsafe extern "C" fn(*const (), i64) -> i32;
    type Free = unsafe extern "C" fn(*mut ());
    let personality = module.declare_data("kiln_personality").unwrap();
    let throw = module.declare_fn::<Throw>("kiln_throw").unwrap();
    let free = module.declare_fn::<Free>("kiln_exception_free").unwrap();
    let value = module.declare_fn::<unsafe extern "C" fn(*mut ()) -> *mut i64>("kiln_exception_value").unwrap();
    let [tag, other] = ["tag", "other"].map(|name| module.data(name, &Data::bytes(&[0])).unwrap());
    let [thrower, middle, f] = ["thrower", "middle", "f"].map(|name| module.declare_fn::<Unary>(name).unwrap());
    let cleaned = module.data("cleaned", &Data::zero(8).align_log2(3)).unwrap();
    let session = module.session().unwrap();
    let throws = |f: &kiln::Function<'_>, tag| {
        f.call(throw, &[f.symbol(tag, 0), f.param(0)]);
        f.ret(&[f.int(-1)]);
    };
    session
        .define(thrower, |f| {
            let [odd, even, four, rest] = [(); 4].map(|()| f.block());
            f.brif(f.icmp(IntCond::Ne, Type::I64, f.and(Type::I64, f.param(0), 1), 0), (odd, &[]), (even, &[]));
            f.switch_to(odd);
            throws(f, tag);
            f.switch_to(even);
            f.brif(f.icmp(IntCond::Ne, Type::I64, f.and(Type::I64, f.param(0), 3), 0), (rest, &[]), (four, &[]));
            f.switch_to(four);
            throws(f, other);
            f.switch_to(rest);
            f.ret(&[f.param(0)]);
        })
        .unwrap();
    session
        .define(middle, |f| {
            f.set_personality(personality);
            let (returned, cleanup) = (f.block(), f.block());
            let (result, exception) = (f.block_param(returned, Type::I64), f.block_param(cleanup, Type::I64));
            f.try_call(
                thrower,
                &[f.param(0)],
                kiln::Edges {
                    normal: (returned, &[f.try_result(thrower, 0)]),
                    unwind: (cleanup, &[f.try_exception()]),
                    clauses: &[kiln::Clause::Cleanup],
                },
            );
            f.switch_to(returned);
            f.ret(&[result]);
            f.switch_to(cleanup);
            let at = f.symbol(cleaned, 0);
            let count = f.load(Type::I64, at, 0, MemFlags::NONE);
            f.store(Type::I64, at, 0, f.add(Type::I64, count, 1), MemFlags::NONE);
            f.resume(exception);
        })
        .unwrap();
    session
        .define(f, |f| {
            f.set_personality(personality);
            let [returned, landed, tagged, all] = [(); 4].map(|()| f.block());
            let result = f.block_param(returned, Type::I64);
            let (exception, selector) = (f.block_param(landed, Type::I64), f.block_param(landed, Type::I32));
            f.try_call(
                middle,
                &[f.param(0)],
                kiln::Edges {
                    normal: (returned, &[f.try_result(middle, 0)]),
                    unwind: (landed, &[f.try_exception(), f.try_selector()]),
                    clauses: &[kiln::Clause::Catch(tag), kiln::Clause::CatchAll],
                },
            );
            f.switch_to(returned);
            f.ret(&[result]);
            f.switch_to(landed);
            let is_tag = f.icmp(IntCond::Eq, Type::I32, selector, f.type_id(Some(tag)));
            f.brif(is_tag, (tagged, &[]), (all, &[]));
            f.switch_to(tagged);
            let thrown = f.load(Type::I64, f.call(value, &[exception]), 0, MemFlags::NONE);
            f.call(free, &[exception]);
            let count = f.load(Type::I64, f.symbol(cleaned, 0), 0, MemFlags::NONE);
            f.ret(&[f.add(Type::I64, f.mul(Type::I64, thrown, 1000), count)]);
            f.switch_to(all);
            f.call(free, &[exception]);
            f.ret(&[f.int(-2)]);
        })
        .unwrap();
    f
}

#[test]
#[cfg_attr(windows, ignore = "Windows has no <kiln/throw.h>")]
fn exceptions_are_caught() {
    let mut module = Module::new("m").unwrap();
    let f = catching(&module);
    let jit = Jit::new().unwrap();
    let unit = jit.add(&mut module, AddFlags::NONE).unwrap();
    let f = unit.function::<Unary>(&module, f).unwrap();
    // SAFETY: what is thrown is caught.
    unsafe { assert_eq!([3, 2, 4, 7].map(|x| f.call(x)), [3001, 2, -2, 7003]) };
}

#[test]
fn a_clause_is_of_the_own_module() {
    let (module, other) = (Module::new("m").unwrap(), Module::new("other").unwrap());
    let (callee, tag) = (module.declare_fn::<Unary>("f").unwrap(), other.data("tag", &Data::zero(1)).unwrap());
    let error = module
        .session()
        .unwrap()
        .define(callee, |f| {
            let (next, landed) = (f.block(), f.block());
            let clauses = &[kiln::Clause::Filter(&[tag])];
            f.try_call(callee, &[f.param(0)], kiln::Edges { normal: (next, &[]), unwind: (landed, &[]), clauses });
        })
        .unwrap_err();
    assert_eq!(error.status(), Status::Argument, "{error}");
}

//! Kiln generates machine code in one pass, which selects instructions and keeps variables in registers. It is meant for
//! JITs, debug builds, and languages whose programs should run at once. Kiln is a C library, which this crate includes
//! ([`kiln_sys`]) and makes safe.
//!
//! ```
//! use kiln::{Jit, Module, Type};
//!
//! let mut module = Module::new("demo")?;
//! let square = module.declare_fn::<unsafe extern "C" fn(i64) -> i64>("square")?;
//! let session = module.session()?;
//! session.define(square, |f| {
//!     let x = f.param(0);
//!     f.ret(&[f.mul(Type::I64, x, x)]);
//! })?;
//! drop(session);
//!
//! let jit = Jit::new()?;
//! let unit = jit.add(&mut module, kiln::AddFlags::NONE)?;
//! let square = unit.function::<unsafe extern "C" fn(i64) -> i64>(&module, square)?;
//! // SAFETY: it multiplies numbers, and accesses no memory.
//! let square = unsafe { square.assume_safe() };
//! assert_eq!(square.call(-9), 81);
//!
//! let object = module.object()?; // the same as an ELF object
//! assert_eq!(&object[..4], b"\x7fELF");
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! # What is checked
//!
//! **At compile time:** values, blocks and slots belong to one function; sessions belong to their module's thread until
//! the module is frozen; functions of a JIT belong to that JIT. **At run time:** types, structure and dominance of what
//! is built; symbols and signatures of other modules; names; and the type of a function that is called. Mistakes are
//! [`Error`]s with module, function, block and instruction.
//!
//! **Not at all:** what the generated code does when it runs. Calling it therefore takes `unsafe`, either at each call
//! ([`JitFn::call`](JitFn)) or once for a function ([`JitFn::assume_safe`]). Apart from that, no safe call of this
//! crate leads to undefined behaviour.
//!
//! ## Values stay in their function
//!
//! A value of one function cannot be used in another one, even if one is built within the other:
//!
//! ```compile_fail
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn(i64) -> i64>("f")?;
//! # let g = module.declare_fn::<unsafe extern "C" fn(i64) -> i64>("g")?;
//! let session = module.session()?;
//! session.define(f, |f| {
//!     let x = f.param(0);
//!     session.define(g, |g| g.ret(&[x])).unwrap(); // error: lifetime may not live long enough
//!     f.ret(&[x]);
//! })?;
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! If the inner function uses a value of its own, this compiles:
//!
//! ```
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn(i64) -> i64>("f")?;
//! # let g = module.declare_fn::<unsafe extern "C" fn(i64) -> i64>("g")?;
//! let session = module.session()?;
//! session.define(f, |f| {
//!     let x = f.param(0);
//!     session.define(g, |g| g.ret(&[g.param(0)])).unwrap();
//!     f.ret(&[x]);
//! })?;
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! The same is true of blocks and slots:
//!
//! ```compile_fail
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn()>("f")?;
//! # let g = module.declare_fn::<unsafe extern "C" fn()>("g")?;
//! let session = module.session()?;
//! session.define(f, |f| {
//!     let block = f.block();
//!     session.define(g, |g| g.br(block, &[])).unwrap(); // error: lifetime may not live long enough
//! })?;
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn()>("f")?;
//! # let g = module.declare_fn::<unsafe extern "C" fn()>("g")?;
//! let session = module.session()?;
//! session.define(f, |f| {
//!     let slot = f.slot(8, 3);
//!     session.define(g, |g| g.store(kiln::Type::I64, slot, 0, 1, kiln::MemFlags::NONE)).unwrap(); // the same error
//! })?;
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! Nothing that belongs to a function outlives the call that builds it:
//!
//! ```compile_fail,E0521
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn(i64)>("f")?;
//! let session = module.session()?;
//! let mut kept = None;
//! session.define(f, |f| kept = Some(f.param(0)))?; // error[E0521]: borrowed data escapes outside of closure
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn(i64)>("f")?;
//! let session = module.session()?;
//! let kept = session.define(f, |f| f.param(0))?; // error: lifetime may not live long enough
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ## Code stays with its JIT
//!
//! ```compile_fail,E0505
//! # use kiln::{AddFlags, Jit, Module};
//! # let mut module = Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn()>("f")?;
//! let jit = Jit::new()?;
//! let unit = jit.add(&mut module, AddFlags::NONE)?;
//! let f = unit.function::<unsafe extern "C" fn()>(&module, f)?;
//! drop(jit); // error[E0505]: cannot move out of `jit` because it is borrowed
//! unsafe { f.call() };
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail,E0133
//! # use kiln::{AddFlags, Jit, Module};
//! # let mut module = Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn()>("f")?;
//! # let jit = Jit::new()?;
//! # let unit = jit.add(&mut module, AddFlags::NONE)?;
//! let f = unit.function::<unsafe extern "C" fn()>(&module, f)?;
//! f.call(); // error[E0133]: call to unsafe function is unsafe and requires unsafe block
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! A function that is safe to call can be obtained only by `unsafe`:
//!
//! ```compile_fail,E0277
//! # use kiln::{AddFlags, Jit, Module};
//! # let mut module = Module::new("demo")?;
//! # let f = module.declare_fn::<extern "C" fn()>("f")?;
//! # let jit = Jit::new()?;
//! # let unit = jit.add(&mut module, AddFlags::NONE)?;
//! let f = unit.function::<extern "C" fn()>(&module, f)?; // error[E0277]: the trait `UnsafeFn` is not implemented
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ## Threads
//!
//! ```compile_fail,E0277
//! let module = kiln::Module::new("demo")?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| module.session().is_ok()); // error[E0277]: cannot be shared between threads safely
//! });
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! Threads can share a frozen module, and each thread has a session of its own:
//!
//! ```
//! let module = kiln::Module::new("demo")?;
//! let functions: Vec<_> = (0..4)
//!     .map(|i| module.declare_fn::<unsafe extern "C" fn() -> i64>(&*format!("f{i}")))
//!     .collect::<Result<_, _>>()?;
//! let mut module = module.freeze()?;
//! std::thread::scope(|scope| {
//!     for half in functions.chunks(2) {
//!         let module = &module;
//!         scope.spawn(move || {
//!             let session = module.session().unwrap();
//!             for &f in half {
//!                 session.define(f, |f| f.ret(&[f.int(1)])).unwrap();
//!             }
//!         });
//!     }
//! });
//! let object = module.object()?;
//! # assert!(object.len() > 64);
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! A frozen module takes no further definitions, and nothing may use a module while its object is made:
//!
//! ```compile_fail,E0599
//! let module = kiln::Module::new("demo")?.freeze()?;
//! module.string("late")?; // error[E0599]: no method named `string` found for `Module<Frozen>`
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail,E0502
//! let mut module = kiln::Module::new("demo")?;
//! let session = module.session()?;
//! let object = module.object()?; // error[E0502]: cannot borrow `module` as mutable
//! drop(session);
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail,E0382
//! let module = kiln::Module::new("demo")?;
//! let frozen = module.freeze()?;
//! module.session()?; // error[E0382]: borrow of moved value
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! ```compile_fail,E0277
//! # let module = kiln::Module::new("demo")?;
//! # let f = module.declare_fn::<unsafe extern "C" fn()>("f")?;
//! let module = module.freeze()?;
//! let session = module.session()?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| session.stats()); // error[E0277]: a session belongs to one thread at a time
//!     session.define(f, |f| f.ret(&[]))
//! })?;
//! # Ok::<(), kiln::Error>(())
//! ```
#![deny(missing_docs, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![warn(missing_debug_implementations)]

mod debug;
mod error;
mod exceptions;
mod func;
mod jit;
mod module;
mod object;
mod session;
mod signature;
mod stack;
mod types;

pub use debug::{DebugInfo, Declaration, Encoding, Entry, Language, Location, Member, Modifier, Record, RecordKind};
pub use error::{Error, Result, Status};
pub use exceptions::{Clause, Edges};
pub use func::{Attrs, Block, Function, MemFlags, Operand, Slot, Value};
pub use jit::{AddFlags, Frame, Jit, JitFn, JitOptions, PcInfo, Stream, Unit};
pub use kiln_sys as sys;
pub use module::{Data, Frozen, Module, ModuleOptions, Open, Reloc, Sig, Symbol, SymbolDesc};
pub use object::Object;
pub use session::{Session, SourceFile, Stats};
pub use signature::{FnType, Param, ParamType, ResultType, Signature, UnsafeFn};
pub use stack::{Root, StackPoint};
pub use types::{CallConv, FloatCond, Guard, IntCond, Linkage, Ordering, Pic, Rmw, Target, Tls, Type, Visibility};

/// The pages of the documentation, whose programs are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../rust.md")]
pub struct Pages;

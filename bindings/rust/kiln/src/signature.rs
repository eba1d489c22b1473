//! Signatures, and the Rust types that stand for them.

use std::ffi::c_void;

use kiln_sys as sys;

use crate::types::{CallConv, Type};

/// A parameter of a [`Signature`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param {
    pub(crate) ty: Type,
    pub(crate) flags: u32,
    pub(crate) size: u32,
    pub(crate) align_log2: u8,
}

impl Param {
    const fn with(ty: Type, flags: u32) -> Param {
        Param { ty, flags, size: 0, align_log2: 0 }
    }

    /// Makes a parameter of a type.
    pub const fn new(ty: Type) -> Param {
        Param::with(ty, 0)
    }

    /// Makes an integer parameter that the caller sign-extends to 32 bits, like C's `int8_t` and `int16_t`.
    pub const fn sext(ty: Type) -> Param {
        Param::with(ty, sys::KILN_PARAM_SEXT)
    }

    /// Makes an integer parameter that the caller zero-extends to 32 bits, like C's `bool`, `uint8_t` and `uint16_t`.
    pub const fn zext(ty: Type) -> Param {
        Param::with(ty, sys::KILN_PARAM_ZEXT)
    }

    /// Makes a parameter that is an address of `size` bytes, which are copied to the arguments, aligned to
    /// 2^`align_log2` (0 to 3: 8 bytes).
    pub const fn byval(size: u32, align_log2: u8) -> Param {
        Param { ty: Type::I64, flags: sys::KILN_PARAM_BYVAL, size, align_log2 }
    }

    /// Makes a parameter that is the address of the result's memory, which the function returns as well.
    pub const fn sret() -> Param {
        Param::with(Type::I64, sys::KILN_PARAM_SRET)
    }

    pub(crate) fn raw(self) -> sys::kiln_param {
        sys::kiln_param {
            r#type: self.ty as _,
            flags: self.flags,
            align_log2: self.align_log2,
            size_bytes: self.size,
            ..Default::default()
        }
    }
}

impl From<Type> for Param {
    fn from(ty: Type) -> Param {
        Param::new(ty)
    }
}

/// How a function is called: parameters, results and convention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub(crate) params: Vec<Param>,
    pub(crate) results: Vec<Type>,
    pub(crate) cc: CallConv,
    pub(crate) flags: u32,
}

impl Signature {
    /// Makes a signature with the C convention, at most 65535 parameters, and at most 8 results.
    pub fn new<P: Into<Param>>(
        params: impl IntoIterator<Item = P>,
        results: impl IntoIterator<Item = Type>,
    ) -> Signature {
        Signature {
            params: params.into_iter().map(Into::into).collect(),
            results: results.into_iter().collect(),
            cc: CallConv::C,
            flags: 0,
        }
    }

    /// Makes the signature of a Rust function type, such as `unsafe extern "C" fn(i64) -> i64`.
    pub fn of<F: FnType>() -> Signature {
        F::signature()
    }

    /// Sets another calling convention.
    pub fn call_conv(mut self, cc: CallConv) -> Signature {
        self.cc = cc;
        self
    }

    /// Allows more arguments than there are parameters.
    pub fn variadic(mut self) -> Signature {
        self.flags |= sys::KILN_SIG_VARIADIC;
        self
    }

    /// States that the function never returns.
    pub fn noreturn(mut self) -> Signature {
        self.flags |= sys::KILN_SIG_NORETURN;
        self
    }

    /// States that the function does not collect garbage: no object moves while it runs.
    pub fn nocollect(mut self) -> Signature {
        self.flags |= sys::KILN_SIG_NOCOLLECT;
        self
    }

    /// States that no exception or panic leaves the function.
    pub fn nounwind(mut self) -> Signature {
        self.flags |= sys::KILN_SIG_NOUNWIND;
        self
    }
}

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A type that `extern "C"` functions take: integers up to 64 bits, floats, `bool` and addresses.
///
/// The trait is sealed.
pub trait ParamType: Sealed {
    #[doc(hidden)]
    const PARAM: Param;
}

/// A type that `extern "C"` functions return: one of 32 or 64 bits, or `()`. Callers rely on the bits above a narrower
/// result, which Kiln leaves unspecified, so let such a function return 32 bits instead.
///
/// The trait is sealed.
pub trait ResultType: Sealed {
    #[doc(hidden)]
    const RESULT: Option<Type>;
}

macro_rules! scalars {
    ($($ty:ty: $param:expr $(, $result:expr)?;)*) => {$(
        impl Sealed for $ty {}
        impl ParamType for $ty {
            const PARAM: Param = $param;
        }
        $(impl ResultType for $ty {
            const RESULT: Option<Type> = $result;
        })?
    )*};
}

scalars! {
    bool: Param::zext(Type::I8);
    i8: Param::sext(Type::I8);
    u8: Param::zext(Type::I8);
    i16: Param::sext(Type::I16);
    u16: Param::zext(Type::I16);
    i32: Param::new(Type::I32), Some(Type::I32);
    u32: Param::new(Type::I32), Some(Type::I32);
    i64: Param::new(Type::I64), Some(Type::I64);
    u64: Param::new(Type::I64), Some(Type::I64);
    isize: Param::new(Type::I64), Some(Type::I64);
    usize: Param::new(Type::I64), Some(Type::I64);
    f32: Param::new(Type::F32), Some(Type::F32);
    f64: Param::new(Type::F64), Some(Type::F64);
}

impl<T> Sealed for *const T {}
impl<T> ParamType for *const T {
    const PARAM: Param = Param::new(Type::I64);
}
impl<T> ResultType for *const T {
    const RESULT: Option<Type> = Some(Type::I64);
}
impl<T> Sealed for *mut T {}
impl<T> ParamType for *mut T {
    const PARAM: Param = Param::new(Type::I64);
}
impl<T> ResultType for *mut T {
    const RESULT: Option<Type> = Some(Type::I64);
}
impl Sealed for () {}
impl ResultType for () {
    const RESULT: Option<Type> = None;
}

/// A Rust function with the C convention: `unsafe extern "C" fn(..) -> ..` or `extern "C" fn(..) -> ..` with up to ten
/// [`ParamType`]s. Exceptions and panics may leave the same with `"C-unwind"`.
///
/// The trait is sealed.
pub trait FnType: Copy + Sealed {
    #[doc(hidden)]
    fn signature() -> Signature;
}

/// A [`FnType`] that is `unsafe` to call.
///
/// The trait is sealed.
pub trait UnsafeFn: FnType {
    /// The same function type, safe to call.
    type Safe: FnType;
    #[doc(hidden)]
    /// # Safety
    /// There must be code with this signature at `p`.
    unsafe fn from_address(p: *const c_void) -> Self;
    #[doc(hidden)]
    /// # Safety
    /// Every call of it must be sound.
    unsafe fn into_safe(self) -> Self::Safe;
}

macro_rules! functions {
    ($($arg:ident),*) => {
        functions!("C", $($arg),*);
        functions!("C-unwind", $($arg),*);
    };
    ($abi:literal, $($arg:ident),*) => {
        functions!(@ extern $abi fn($($arg),*) -> R, $($arg),*);
        functions!(@ unsafe extern $abi fn($($arg),*) -> R, $($arg),*);

        impl<$($arg: ParamType,)* R: ResultType> UnsafeFn for unsafe extern $abi fn($($arg),*) -> R {
            type Safe = extern $abi fn($($arg),*) -> R;

            unsafe fn from_address(p: *const c_void) -> Self {
                // SAFETY: an address that is not null, of code by this signature.
                unsafe { std::mem::transmute::<*const c_void, Self>(p) }
            }

            unsafe fn into_safe(self) -> Self::Safe {
                // SAFETY: the types differ in `unsafe` alone.
                unsafe { std::mem::transmute::<Self, Self::Safe>(self) }
            }
        }

        impl<'j, $($arg: ParamType,)* R: ResultType> $crate::jit::JitFn<'j, unsafe extern $abi fn($($arg),*) -> R> {
            /// Calls the function.
            ///
            /// # Safety
            /// The code must be sound for these arguments: see [`JitFn`](crate::JitFn).
            #[allow(non_snake_case, clippy::too_many_arguments)]
            #[inline]
            pub unsafe fn call(&self, $($arg: $arg),*) -> R {
                // SAFETY: as the caller promises; the signature was compared, and the code lives as long as `'j`.
                unsafe { (self.f)($($arg),*) }
            }
        }

        impl<'j, $($arg: ParamType,)* R: ResultType> $crate::jit::JitFn<'j, extern $abi fn($($arg),*) -> R> {
            /// Calls the function.
            #[allow(non_snake_case, clippy::too_many_arguments)]
            #[inline]
            pub fn call(&self, $($arg: $arg),*) -> R {
                (self.f)($($arg),*)
            }
        }
    };
    (@ $ty:ty, $($arg:ident),*) => {
        impl<$($arg: ParamType,)* R: ResultType> Sealed for $ty {}
        impl<$($arg: ParamType,)* R: ResultType> FnType for $ty {
            fn signature() -> Signature {
                Signature {
                    params: vec![$($arg::PARAM),*],
                    results: R::RESULT.into_iter().collect(),
                    cc: CallConv::C,
                    flags: 0,
                }
            }
        }
    };
}

functions!();
functions!(A);
functions!(A, B);
functions!(A, B, C);
functions!(A, B, C, D);
functions!(A, B, C, D, E);
functions!(A, B, C, D, E, G);
functions!(A, B, C, D, E, G, H);
functions!(A, B, C, D, E, G, H, I);
functions!(A, B, C, D, E, G, H, I, J);
functions!(A, B, C, D, E, G, H, I, J, K);

/// Returns true if a function with the signature `sig` may be called as a Rust function with the signature `f`. It must
/// not expect an extended argument that Rust does not extend.
pub(crate) fn callable(sig: &sys::kiln_sig_info, f: &Signature) -> bool {
    let extended = sys::KILN_PARAM_SEXT | sys::KILN_PARAM_ZEXT;
    let flags = sys::KILN_SIG_NOUNWIND | sys::KILN_SIG_NOINLINE | sys::KILN_SIG_NOCOLLECT;
    if sig.cc != sys::KILN_CC_C
        || sig.flags & !flags != 0
        || sig.n_params as usize != f.params.len()
        || sig.n_results as usize != f.results.len()
    {
        return false;
    }
    // SAFETY: the signature has so many parameters and results; a pointer to none may be null.
    unsafe {
        (0..f.params.len()).all(|i| {
            let p = *sig.params.add(i);
            let wanted = f.params[i].raw();
            // What the code takes for extended, Rust extends in the same way.
            p.r#type == wanted.r#type
                && p.align_log2 == 0
                && p.flags & !extended == 0
                && (p.flags == 0 || p.flags == wanted.flags)
        }) && (0..f.results.len()).all(|i| *sig.results.add(i) == f.results[i] as u32)
    }
}

//! Failures for tests: with `KILN_FAIL=PLACE:HOW` or `KILN_FAIL=PLACE:HOW:CRATE`, Kiln fails at that place in each unit
//! (of that crate).

use std::alloc::{Layout, handle_alloc_error};
use std::{env, process, ptr};

use rustc_session::Session;

use crate::fallback::{self, Refusal};

#[derive(Copy, Clone, PartialEq)]
pub enum Place {
    /// Before a unit is built: `needs.rs`.
    Check,
    /// The unit's first function, the last one.
    First,
    Last,
    /// Inline assembly, and that of the module.
    Assemble,
    /// The object.
    Emit,
}

#[derive(Copy, Clone)]
enum How {
    Error,
    Panic,
    Abort,
    Fault,
    NoMemory,
    Killed,
}

/// Where and how a unit fails, if it is to.
#[derive(Copy, Clone)]
pub struct Failing(Option<(Place, How)>);

impl Failing {
    pub fn new(sess: &Session) -> Failing {
        let setting = env::var("KILN_FAIL").unwrap_or_default();
        let mut words = setting.split(':');
        let place = match words.next() {
            None | Some("") => return Failing(None),
            Some("check") => Place::Check,
            Some("first") => Place::First,
            Some("last") => Place::Last,
            Some("assemble") => Place::Assemble,
            Some("emit") => Place::Emit,
            Some(word) => sess.dcx().fatal(format!("KILN_FAIL: no place '{word}'")),
        };
        let how = match words.next() {
            Some("error") => How::Error,
            Some("panic") => How::Panic,
            Some("abort") => How::Abort,
            Some("fault") => How::Fault,
            Some("malloc") => How::NoMemory,
            Some("kill") => How::Killed,
            word => sess.dcx().fatal(format!("KILN_FAIL: no way to fail '{}'", word.unwrap_or_default())),
        };
        let here = words.next().is_none_or(|krate| sess.opts.crate_name.as_deref() == Some(krate));
        Failing(here.then_some((place, how)))
    }

    /// Fails, if this is the place.
    pub fn at(self, place: Place) {
        match self.0 {
            Some((at, how)) if at == place => fail(how),
            _ => {}
        }
    }
}

unsafe extern "C" {
    fn raise(signal: i32) -> i32;
}

fn fail(how: How) {
    match how {
        How::Error => fallback::refuse(Refusal::Bug("an error by KILN_FAIL".to_string())),
        How::Panic => panic!("a panic by KILN_FAIL"),
        How::Abort => process::abort(),
        // SAFETY: none; the process ends.
        How::Fault => unsafe { ptr::without_provenance_mut::<u8>(8).write_volatile(0) },
        How::NoMemory => handle_alloc_error(Layout::new::<[u8; 1 << 20]>()),
        // SAFETY: the process ends, as if by the kernel that lacks memory.
        How::Killed => unsafe {
            raise(9);
        },
    }
}

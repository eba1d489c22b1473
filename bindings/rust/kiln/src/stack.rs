//! Walks of the stack, for collectors of garbage that move objects.

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use kiln_sys as sys;

use crate::error::{Error, Result};
use crate::jit::Jit;

/// Where a thread has stopped: in a call of [`StackPoint::with`]. Any thread may walk its stack from there.
pub struct StackPoint<'a> {
    raw: sys::kiln_stack_point,
    frame: PhantomData<&'a ()>,
}

impl StackPoint<'_> {
    /// Calls `f` with the position of this call. The stack can be walked from it until `f` returns, so a lifetime keeps
    /// it within `f`.
    #[inline(never)]
    pub fn with<R>(f: impl FnOnce(&StackPoint<'_>) -> R) -> Result<R> {
        let mut point = StackPoint { raw: Default::default(), frame: PhantomData };
        // SAFETY: the point is valid until this function returns.
        let status = unsafe { sys::kiln_stack_point_save(&mut point.raw) };
        if status != sys::KILN_OK {
            return Err(Error::from_status(status));
        }
        Ok(f(&point))
    }

    /// Calls `visit` for each root of each frame of code of the JITs, from the newest frame to the oldest one. It takes
    /// no lock and allocates nothing. After an error, roots may be missing: a frame has no unwind rows, or a function
    /// with roots has stopped at a call that does not collect.
    pub fn each_root(&self, jits: &[&Jit], mut visit: impl for<'r> FnMut(Root<'r>)) -> Result<()> {
        let mut handles = [std::ptr::null_mut(); MAX_JITS];
        let Some(handles) = handles.get_mut(..jits.len()) else {
            return Err(Error::argument("a walk of too many JITs"));
        };
        for (handle, jit) in handles.iter_mut().zip(jits) {
            *handle = jit.as_raw();
        }
        let mut walk = sys::kiln_stack_walk { jits: handles.as_ptr(), n_jits: jits.len() as u32, ..Default::default() };
        let mut frame = sys::kiln_stack_frame::default();
        // SAFETY: the JITs are alive, and the thread is in the call that made the point: its lifetime says so.
        unsafe {
            sys::kiln_stack_walk_begin(&mut walk, &self.raw);
            while sys::kiln_stack_walk_find_next(&mut walk, &mut frame) {
                for i in 0..frame.n_roots {
                    let mut size_bytes = 0;
                    let address = sys::kiln_stack_frame_root(&frame, i, &mut size_bytes);
                    if let Some(address) = NonNull::new(address) {
                        visit(Root { address, size_bytes, call_id: frame.call_id, frame: PhantomData });
                    }
                }
            }
        }
        if walk.status == sys::KILN_OK { Ok(()) } else { Err(Error::from_status(walk.status)) }
    }
}

/// The number of JITs that [`StackPoint::each_root`] takes at most.
const MAX_JITS: usize = 8;

impl fmt::Debug for StackPoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StackPoint")
    }
}

/// A root in a frame on the stack: a word that the collector reads and changes. It cannot be kept: the frame may be gone
/// when the walk has ended.
pub struct Root<'r> {
    address: NonNull<c_void>,
    size_bytes: u32,
    call_id: u32,
    frame: PhantomData<&'r mut u64>,
}

impl Root<'_> {
    /// Returns the address of the word, for collectors that want slots.
    pub fn address(&self) -> NonNull<c_void> {
        self.address
    }

    /// Returns the size of the root: 8 or 4.
    pub fn size_bytes(&self) -> u32 {
        self.size_bytes
    }

    /// Returns the id of the call at which the frame has stopped.
    pub fn call_id(&self) -> u32 {
        self.call_id
    }

    /// Returns what is in the root.
    ///
    /// # Safety
    /// No other thread changes the root meanwhile.
    pub unsafe fn get(&self) -> u64 {
        // SAFETY: a word of a frame that waits for its call; as the caller promises.
        unsafe {
            match self.size_bytes {
                4 => u64::from(self.address.cast::<u32>().read()),
                _ => self.address.cast::<u64>().read(),
            }
        }
    }

    /// Changes the root. Of a root of 4 bytes, these are the low bytes of `value`.
    ///
    /// # Safety
    /// No other thread uses the root meanwhile, and `value` is what the code expects there: the object's new address.
    pub unsafe fn set(&mut self, value: u64) {
        // SAFETY: as above.
        unsafe {
            match self.size_bytes {
                4 => self.address.cast::<u32>().write(value as u32),
                _ => self.address.cast::<u64>().write(value),
            }
        }
    }
}

impl fmt::Debug for Root<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({:p})", self.address)
    }
}

//! Bytes that the library produced.

use std::ops::Deref;

use kiln_sys as sys;

/// An ELF relocatable object, in memory: a slice of bytes.
pub struct Object(pub(crate) sys::kiln_buffer);

// SAFETY: it owns its bytes, which C's `free` takes from any thread.
unsafe impl Send for Object {}
// SAFETY: by a shared reference it is only read.
unsafe impl Sync for Object {}

impl Object {
    pub(crate) fn new() -> Object {
        Object(sys::kiln_buffer::default())
    }
}

impl Deref for Object {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.0.data.is_null() {
            return &[];
        }
        // SAFETY: the buffer has `size` bytes at `data`.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.size) }
    }
}

impl AsRef<[u8]> for Object {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} bytes)", self.len())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the buffer is the library's, and is not used again.
        unsafe { sys::kiln_buffer_free(&mut self.0) }
    }
}

//! wasmparser's verdict on a module, for the fuzz target `wasm` (see ../fuzz_wasm.c), with the features that
//! libkiln-wasm takes.

use wasmparser::{Validator, WasmFeatures};

fn features() -> WasmFeatures {
    // GC_TYPES: without it wasmparser has no externref either.
    WasmFeatures::WASM2
        | WasmFeatures::GC_TYPES
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::THREADS
}

/// 1 if the module is valid; else 0, and why in `message`, as a text of C.
///
/// # Safety
/// `data` has `size` bytes, `message` at least 1 and `message_bytes`.
#[no_mangle]
pub unsafe extern "C" fn kiln_wasmparser_valid(
    data: *const u8,
    size: usize,
    message: *mut u8,
    message_bytes: usize,
) -> i32 {
    let bytes = if size == 0 { &[] } else { std::slice::from_raw_parts(data, size) };
    match Validator::new_with_features(features()).validate_all(bytes) {
        Ok(_) => 1,
        Err(e) => {
            let text = e.to_string().replace('\0', " ");
            let n = text.len().min(message_bytes - 1);
            std::ptr::copy_nonoverlapping(text.as_ptr(), message, n);
            *message.add(n) = 0;
            0
        }
    }
}

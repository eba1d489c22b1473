/* How a JIT on Windows loads an object of COFF, up to the linker, which needs Windows: for tests and the fuzzer, which
 * run elsewhere, too. */
#ifndef TESTS_COFF_LOAD_H
#define TESTS_COFF_LOAD_H

#include <kiln/jit.h>

struct kn_jit_loaded;

/* Loads the object of `size` bytes; `see` is called with what was loaded, and may be NULL. The status is that of the
 * error. `allocator` may be NULL. */
kiln_status coff_load(const void *bytes, size_t size, const kiln_allocator *allocator,
                      void (*see)(const struct kn_jit_loaded *o), kiln_jit_error *error);

#endif

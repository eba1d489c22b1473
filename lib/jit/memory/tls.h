/* Thread-local data: tls.c. */
#ifndef KN_JIT_TLS_H
#define KN_JIT_TLS_H

#include "lib/jit/unit.h"

/* That of one unit. Each thread has a copy of its own, made when it first asks. */
struct kn_jit_tls {
  uint32_t index;       /* in the threads' tables */
  uint32_t generation;  /* tells it from others that have or had the index; never 0 */
  const uint8_t *image; /* of the first bytes; the rest is zero */
  uint64_t image_size, size, align;
};

bool kn_jit_tls_new(kiln_jit *jit, struct kn_jit_unit *u, const uint8_t *image, uint64_t image_size,
                    uint64_t size, uint64_t align, kiln_jit_error *e);
void kn_jit_tls_free(kiln_jit *jit, struct kn_jit_unit *u);
/* Prepares for units with thread-local data, or that register functions for the ends of threads. */
bool kn_jit_tls_open(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_tls_close(kiln_jit *jit);
/* __cxa_thread_atexit for the JIT's code. */
int kn_jit_thread_atexit(void (*function)(void *), void *argument, void *dso);
/* Drops what was registered so: calls what the calling thread registered. */
void kn_jit_thread_forget(const kiln_jit *jit, const void *dso);
/* The calling thread's address of `offset` in a unit's thread-local data; NULL without memory. */
void *kn_jit_tls_address(const struct kn_jit_tls *t, uint64_t offset);

/* ---- tls_*.c: one for each system ---- */

/* Makes libc call the function when the calling thread ends, before the destructors of keys; false: it cannot. */
bool kn_jit_tls_at_end(void (*function)(void *));
/* The distance of an address in the calling thread's data from the thread pointer. */
uint64_t kn_jit_tls_offset(uint64_t address);
/* Module and offset of a thread-local symbol of the process whose address in this thread is given. */
bool kn_jit_tls_process(uint64_t address, uint64_t pair[2]);
/* What code calls with the address of such a pair, or one of a kn_jit_tls and an offset. */
uint64_t kn_jit_tls_entry(void);

#endif

/* What the fuzz targets share: an allocator that counts, limits and fails on demand, a check of objects, and a
 * function that reports a finding. A target is one function, LLVMFuzzerTestOneInput, linked with libFuzzer or with
 * replay.c.
 * Invariant: a target's behaviour depends on the bytes of its input alone. */
#ifndef FUZZ_H
#define FUZZ_H

#include <kiln/kiln.h>

/* ---- entries that libFuzzer knows ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional; `data` has space for `max_size` bytes. Returns the new size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_out, unsigned seed);
/* For replay.c: defined as true by a target for which random bytes are useful inputs. */
extern const bool fz_any_bytes;
/* Defined by a target with a final check: called when replay.c has made enough runs. */
void fz_finish(void);
/* Given by libFuzzer and by replay.c: changes bytes. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* ---- what one input may hold and say ---- */

struct fz_run {
  uint64_t held;  /* bytes */
  uint64_t limit; /* bytes that may be held; 0: 256 MiB */
  uint64_t calls; /* so far that could fail */
  uint64_t fail;  /* the call, from 1, that fails; 0: none */
  bool for_good;  /* all calls after it fail too */
  kiln_diag diag; /* first one since fz_options */
};

/* C's realloc, counted in `m`. */
kiln_allocator fz_allocator(struct fz_run *m);
/* Everything must have been freed. */
void fz_memory_end(const struct fz_run *m);

/* ---- the rest ---- */

/* Reports a finding and ends the process by abort(). */
__attribute__((noreturn, format(printf, 1, 2))) void fz_die(const char *format, ...);

/* A hash of all bytes, from which choices are made that the bytes do not determine. */
uint64_t fz_hash(const uint8_t *data, size_t size);

/* Options of a module for an input of hash `h`: all but target and verify are chosen by it. */
kiln_module_options fz_options(uint64_t h, struct fz_run *m);
/* Sets the attributes of the module that were chosen with them. */
void fz_attrs(uint64_t h, kiln_module *m);

/* The object must be one that libelf reads, its indices and offsets in range. */
void fz_check_object(const kiln_buffer *object);

/* An error but KILN_ERR_MEMORY must have come with a message. */
void fz_check_diag(const struct fz_run *m, kiln_status s);

/* Reads an input into the session's module. */
typedef kiln_status (*fz_read_fn)(kiln_session *s, const uint8_t *data, size_t size);

/* Makes an object of an input with fz_options: the result is one that libelf reads, or a diagnostic. */
void fz_compile(fz_read_fn read, const uint8_t *data, size_t size, kiln_processor target,
                bool verify, uint64_t h, struct fz_run *run);

/* xorshift64*. */
uint64_t fz_random(uint64_t *state);

#endif

/* The environment of generated programs: memory that they share with C, and C functions that they call. fuzz_func.c
 * resets it before each run and compares it after.
 * Invariant: all of it is in one mapping below 2 GiB, where the loader puts code and data too, so that
 * every kind of relocation reaches it. */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <kiln/kiln.h>

enum { HOST_OBJECT = 128, HOST_OUT = 1024 };

struct host_memory {
  uint8_t out[HOST_OUT];    /* results, written by fz_main */
  uint8_t a[HOST_OBJECT];   /* host_a */
  uint8_t b[HOST_OBJECT];   /* host_b */
  uint64_t zero;            /* host_zero: always 0 */
  int64_t fuel;             /* host_fuel: loops and calls left */
  uint8_t tls[HOST_OBJECT]; /* copy of host_tls, which is thread-local */
  uint64_t log;             /* of what C functions were called with */
};

struct host {
  struct host_memory memory;
  uint8_t image[1 << 20] __attribute__((aligned(4096))); /* the loader's */
};

/* The mapping, made on first use; ends the process without memory. */
struct host *host_get(void);
void host_reset(void);
/* After a run, copies thread-local data to the shared memory. */
void host_collect(void);
/* Address of data or a function of the environment, or of the compiler's runtime; NULL: none. */
void *host_find(void *user, const char *name);

/* The interpreter that runs, in which host functions throw; or NULL. */
extern struct kiln_interp *host_interp;

/* A function for generated programs to call. */
struct host_func {
  const char *name;
  uint8_t n_results, n_params;
  uint8_t results[2]; /* kiln_type */
  kiln_param params[22];
  unsigned sig_flags;
  bool long_double;
  bool callback; /* params: a function of HOST_CALLBACK's type, a number */
  bool throws;   /* params: the address that is the exception's type, a number that decides */
};
extern const struct host_func host_funcs[];
extern const unsigned n_host_funcs;

#endif

/* What the process has once for all JITs: process.c. Used by process.c, gdb.c, tls.c and tls_memory.c. */
#ifndef KN_JIT_PROCESS_H
#define KN_JIT_PROCESS_H

#include "lib/jit/jit_state.h"

typedef void *kn_get_address(const uint64_t *pair);

/* A thread's mask of signals: sigset_t, where there is one. */
struct kn_jit_signals {
  uint64_t words[16];
};

struct kn_jit_process {
  pthread_mutex_t list_lock; /* of the next ones */
  kiln_jit *jits;
  /* Memory that is zero in a child. Else it has the number of the process among its ancestors that used the library. */
  _Atomic uint64_t *mark;
  uint64_t last_mark, last_serial;
  struct kn_jit_exit *exits;             /* where libc does not keep these: outside_windows.c */
  bool exits_run;                        /* libc will run them */
  struct kn_jit_signals mask;            /* of the thread that forks */
  _Atomic(kn_get_address *) get_address; /* __tls_get_addr of ld.so; NULL: not found yet */

  pthread_mutex_t indices_lock; /* of units' thread-local data: of the next ones */
  KN_ARRAY(uint32_t) free_indices;
  uint32_t n_indices;
  uint32_t last_generation;
  uint32_t users; /* JITs with thread-local data; while there are any, `key` is one */
  pthread_key_t key;

  pthread_mutex_t gdb_lock; /* of what gdb.c shares with gdb */

  /* Of what follows. It is taken with all signals blocked, and nobody allocates memory while holding it: a handler of a
   * signal that interrupts anything else, malloc or a call on a JIT, can take it. */
  pthread_mutex_t tls_lock;
  struct kn_jit_thread *threads;
  struct kn_jit_slab *slabs[8]; /* with free pieces, by size: tls_memory.c */
};
extern struct kn_jit_process kn_jit_process __attribute__((visibility("hidden")));

/* libc will call run_all_ends (tls.c) when the calling thread ends. */
extern _Thread_local bool kn_jit_process_armed __attribute__((visibility("hidden")));
/* The function that the calling thread has compiled, or of several the one that it began last; NULL: none. */
extern _Thread_local struct kn_jit_late *kn_jit_process_late __attribute__((visibility("hidden")));

/* Takes and releases tls_lock, with signals blocked meanwhile. */
void kn_jit_tls_hold(struct kn_jit_signals *old);
void kn_jit_tls_release(const struct kn_jit_signals *old);

/* ---- process_*.c: one for each system ---- */

/* Blocks all signals of the calling thread; puts the mask back. */
void kn_jit_signals_block(struct kn_jit_signals *old);
void kn_jit_signals_restore(const struct kn_jit_signals *old);
/* Marks a new JIT as one of this process; false without memory. With list_lock held, as the next one. */
bool kn_jit_process_mark(kiln_jit *jit);
/* The last JIT of the process has gone. */
void kn_jit_process_unmark(void);

/* tls_memory.c: memory that malloc does not know. Called with tls_lock held. */
void *kn_jit_tls_take(uint64_t size, uint64_t align);
/* `p` may be NULL. */
void kn_jit_tls_give(void *p, uint64_t size, uint64_t align);

#endif

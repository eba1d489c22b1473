/* What a JIT is, and what all of its folders use: errors, memory of its own, its lock. Headers of this folder are below
 * the other folders, and its .c files above them: jit.c makes and frees a JIT and its units, add.c links inputs into a
 * unit, stream.c a module's functions one by one. Called by <kiln/jit.h> only: nothing in lib/ knows of it.
 * - memory/: protected memory, what a process has once, threads' copies of thread-local data
 * - load/: objects, which become modules again
 * - link/: names and stubs, functions that are compiled when they are called first, the steps of the linker
 * - serve/: what running code, debuggers and profilers ask: exceptions, gdb, perf, what an address is
 * Includes go from each folder to those before it. What a folder calls of one after it, a header before it declares:
 * what unit.h has of jit.c, and kn_jit_stubs_trim.
 * Invariant: everything reachable from a kiln_jit is under its lock, but for what find.c reads; code that anybody can
 * call is complete. */
#ifndef KN_JIT_JIT_STATE_H
#define KN_JIT_JIT_STATE_H

#include <kiln/jit.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/hints.h"
#include "runtime/stack/finder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* The registration functions of one libgcc; NULL: it has no such one. */
struct kn_jit_unwinder {
  void (*add)(void *), (*remove)(void *);
  void (*add_table)(void *, void *); /* __register_frame_info_table */
  void *(*remove_table)(const void *);
};

struct kiln_jit {
  struct kn_stack_finder finder; /* first: walks of the stack know no more of a JIT */
  kiln_jit_options options;
  kiln_processor processor;
  kiln_format format;                  /* of objects that it loads */
  const struct kn_code_facts *machine; /* facts about its code */
  const struct kn_jit_machine *code;   /* the machine's part of the JIT */
  /* Of the process that made it: process.c. */
  int pid;
  uint64_t mark;
  kiln_jit *next, **back;
  bool held_by_fork;        /* the lock */
  _Atomic uintptr_t owner;  /* of the lock: the thread; 0: none */
  _Atomic uint32_t calling; /* threads that are in callbacks, and go on with the JIT afterwards */
  _Atomic bool freed;       /* by a callback: see kn_jit_call_out */
  bool ending;              /* in kiln_jit_free */
  bool foreign;             /* being freed in a child */
  bool closing;             /* being freed: memory goes as a whole */
  uint32_t forks;           /* of the process, since the JIT was made */
  uint64_t serial;          /* among those of the process, from 1 */
  pthread_mutex_t lock;
  bool dual, barrier; /* the latter: membarrier makes other processors refetch instructions */
  uint64_t page, pool_bytes;
  struct kn_jit_pool *_Atomic pools; /* read without the lock: find.c */
  /* Calls of kiln_jit_find_pc that are in progress: each counts at the index that `side` had when it began. */
  _Atomic uint32_t finding[2], side;
  struct kn_jit_retired *leaving, *retired_next; /* freed once both counts were 0; after them */
  unsigned left; /* bit k: count k has been 0 since this list became `leaving` */
  struct kn_jit_waiting *waiting;
  pthread_cond_t compiled;               /* what they wait for */
  KN_ARRAY(struct kn_jit_entry *) names; /* entries that have one, in any order */
  struct kn_hash name_hash;
  struct kn_jit_stubs *stubs, *full_stubs; /* groups with free stubs; without */
  uint32_t unused_groups;                  /* of them: without a used one */
  KN_ARRAY(struct kn_jit_slot) units;
  uint32_t free_unit, live_units;
  uint32_t unnamed; /* entries without names */
  kiln_jit_stats stats;
  struct kn_jit_perf *perf;
  struct kn_jit_unwinder unwinders[2];
  uint32_t n_unwinders;
  bool frames_by_chunk; /* one table for the units of a chunk: unwind.c */
  /* of tables that are no longer registered, oldest first */
  struct kn_jit_object *retired, **retired_end;
  uint32_t n_retired;
  bool uses_tls; /* counted in kn_jit_process.users, under its lock */
};

/* ---- errors, memory: jit.c ---- */

void *kn_jit_realloc(const kiln_jit *jit, void *old, size_t size);
/* Reports an error, if it is the first; returns its status. */
kiln_status kn_jit_fail(kiln_jit_error *e, kiln_status status, const char *format, ...)
  __attribute__((format(printf, 3, 4)));
/* The same, for functions that return `failed` when they fail. */
#define KN_JIT_FAIL(failed, ...) ((void)kn_jit_fail(__VA_ARGS__), (failed))
/* Where a call reports errors: empty, `own` if the caller wants none. */
kiln_jit_error *kn_jit_begin(kiln_jit_error *e, kiln_jit_error *own);
/* Reports an error that somebody else found, likewise. */
kiln_status kn_jit_pass(kiln_jit_error *e, const kiln_diag *diag);
/* Reports that memory is lacking; false. */
bool kn_jit_no_memory(kiln_jit_error *e);
/* As KN_PUSH, of a JIT's array. */
#define KN_JIT_PUSH(jit, e, array, ...)                                                            \
  (KN_PUSH(&(jit)->options.allocator, array, __VA_ARGS__) || kn_jit_no_memory(e))

/* ---- locks, processes: process.c ---- */

void kn_jit_lock(kiln_jit *jit);
void kn_jit_unlock(kiln_jit *jit);
/* Whether the calling thread has the JIT locked: it is in a callback of the JIT, which must not call the JIT. Then the
 * error says so; `e` may be NULL. */
bool kn_jit_is_mine(const kiln_jit *jit, kiln_jit_error *e);
/* Locks the JIT for a call that reports no error; false: there is none, or the calling thread has it locked. */
bool kn_jit_enter(kiln_jit *jit);
/* The same for a call that changes the JIT; false, with an error, also in a child. */
bool kn_jit_enter_own(kiln_jit *jit, kiln_jit_error *e);
/* Makes kn_jit_is_mine true until the JIT is freed, for one that nobody else uses. */
void kn_jit_own(kiln_jit *jit);
/* Around a callback without the lock: kiln_jit_free does nothing meanwhile. False if it was called. */
void kn_jit_call_out(kiln_jit *jit);
bool kn_jit_call_back(kiln_jit *jit, kiln_jit_error *e);
/* Enters a new JIT into the list of those of the process. */
bool kn_jit_process_enter(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_process_leave(kiln_jit *jit);
/* Whether this is not the process that made the JIT, but a child, which has a copy of it. */
bool kn_jit_is_child(const kiln_jit *jit);

#endif

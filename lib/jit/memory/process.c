/* What the process has once for all JITs: the list of them, so that fork finds them in a state that a child can use; a
 * mark that tells a child from the process that made a JIT; the state of thread-local data (tls.c). Besides gdb's list
 * (gdb.c) this is the library's only state.
 * fork: handlers hold all locks over the fork, so that the child has complete tables and free locks. They are
 * registered when the library is loaded, before a program's own handlers: then fork calls the program's first, and
 * locks are taken in the order in which calls of the library take them. Children that are made otherwise (clone,
 * _Fork) are recognised too, but may find locks held.
 * Invariant: locks are taken in the order of struct kn_jit_process, and jit->lock between `jits` and `indices`. */
#define _GNU_SOURCE
#include "lib/jit/memory/process.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct kn_jit_process kn_jit_process = {
  .list_lock = PTHREAD_MUTEX_INITIALIZER,
  .indices_lock = PTHREAD_MUTEX_INITIALIZER,
  .gdb_lock = PTHREAD_MUTEX_INITIALIZER,
  .tls_lock = PTHREAD_MUTEX_INITIALIZER,
};

_Thread_local bool kn_jit_process_armed;
_Thread_local struct kn_jit_late *kn_jit_process_late;

/* ---- locks ---- */

static uintptr_t self(void) { return (uintptr_t)pthread_self(); }

void kn_jit_lock(kiln_jit *jit) {
  pthread_mutex_lock(&jit->lock);
  atomic_store_explicit(&jit->owner, self(), memory_order_relaxed);
}

bool kn_jit_is_mine(const kiln_jit *jit, kiln_jit_error *e) {
  if (KN_LIKELY(atomic_load_explicit(&jit->owner, memory_order_relaxed) != self())) return false;
  if (e != NULL)
    kn_jit_fail(e, KILN_ERR_STRUCTURE,
                "a callback that runs while the JIT is locked cannot use the JIT");
  return true;
}

bool kn_jit_enter(kiln_jit *jit) {
  if (jit == NULL || kn_jit_is_mine(jit, NULL)) return false;
  kn_jit_lock(jit);
  return true;
}

bool kn_jit_enter_own(kiln_jit *jit, kiln_jit_error *e) {
  if (kn_jit_is_child(jit))
    return KN_JIT_FAIL(false, e, KILN_ERR_STRUCTURE, "the JIT belongs to the parent process");
  if (kn_jit_is_mine(jit, e)) return false;
  kn_jit_lock(jit);
  return true;
}

void kn_jit_own(kiln_jit *jit) { atomic_store_explicit(&jit->owner, self(), memory_order_relaxed); }

void kn_jit_call_out(kiln_jit *jit) { atomic_fetch_add(&jit->calling, 1); }

bool kn_jit_call_back(kiln_jit *jit, kiln_jit_error *e) {
  atomic_fetch_sub(&jit->calling, 1);
  if (KN_LIKELY(!atomic_exchange(&jit->freed, false))) return true;
  if (e != NULL)
    kn_jit_fail(e, KILN_ERR_STRUCTURE,
                "a callback called kiln_jit_free, which does nothing while the JIT is in use");
  return false;
}

void kn_jit_unlock(kiln_jit *jit) {
  atomic_store_explicit(&jit->owner, 0, memory_order_relaxed);
  pthread_mutex_unlock(&jit->lock);
}

void kn_jit_tls_hold(sigset_t *old) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, old);
  pthread_mutex_lock(&kn_jit_process.tls_lock);
}

void kn_jit_tls_release(const sigset_t *old) {
  pthread_mutex_unlock(&kn_jit_process.tls_lock);
  pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* ---- fork ---- */

/* A thread that holds a JIT's lock itself forks in its allocator, or in a signal handler: that lock stays as it is. */
static void before_fork(void) {
  struct kn_jit_process *p = &kn_jit_process;
  pthread_mutex_lock(&p->list_lock);
  for (kiln_jit *jit = p->jits; jit != NULL; jit = jit->next) {
    jit->held_by_fork = atomic_load_explicit(&jit->owner, memory_order_relaxed) != self();
    if (jit->held_by_fork) pthread_mutex_lock(&jit->lock);
    jit->forks++;
  }
  pthread_mutex_lock(&p->indices_lock);
  pthread_mutex_lock(&p->gdb_lock);
  kn_jit_tls_hold(&p->mask);
}

static void after_fork(void) {
  struct kn_jit_process *p = &kn_jit_process;
  sigset_t mask = p->mask;
  pthread_mutex_unlock(&p->tls_lock);
  pthread_mutex_unlock(&p->gdb_lock);
  pthread_mutex_unlock(&p->indices_lock);
  for (kiln_jit *jit = p->jits; jit != NULL; jit = jit->next)
    if (jit->held_by_fork) pthread_mutex_unlock(&jit->lock);
  pthread_mutex_unlock(&p->list_lock);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void after_fork_in_child(void) {
  if (kn_jit_process.mark != NULL)
    atomic_store(kn_jit_process.mark, 0); /* where the kernel did not */
  after_fork();
}

__attribute__((constructor)) static void register_handlers(void) {
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* ---- processes ---- */

bool kn_jit_process_enter(kiln_jit *jit, kiln_jit_error *e) {
  struct kn_jit_process *p = &kn_jit_process;
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  jit->pid = getpid();
  pthread_mutex_lock(&p->list_lock);
  if (p->mark == NULL) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
      (void)!madvise(at, size, MADV_WIPEONFORK); /* where it is unknown, fork's handler does it */
      p->mark = at;
    }
  }
  bool ok = p->mark != NULL;
  if (ok) {
    if (atomic_load(p->mark) == 0) atomic_store(p->mark, ++p->last_mark);
    jit->mark = atomic_load(p->mark);
    jit->serial = ++p->last_serial;
    jit->next = p->jits;
    jit->back = &p->jits;
    if (jit->next != NULL) jit->next->back = &jit->next;
    p->jits = jit;
  }
  pthread_mutex_unlock(&p->list_lock);
  return ok || kn_jit_no_memory(e);
}

/* The last JIT takes the mark with it: nothing is left of a library that is unloaded. */
void kn_jit_process_leave(kiln_jit *jit) {
  struct kn_jit_process *p = &kn_jit_process;
  if (jit->back == NULL) return;
  pthread_mutex_lock(&p->list_lock);
  *jit->back = jit->next;
  if (jit->next != NULL) jit->next->back = jit->back;
  if (p->jits == NULL) {
    munmap(p->mark, (size_t)sysconf(_SC_PAGESIZE));
    p->mark = NULL;
  }
  pthread_mutex_unlock(&p->list_lock);
}

bool kn_jit_is_child(const kiln_jit *jit) {
  return atomic_load(kn_jit_process.mark) != jit->mark || getpid() != jit->pid;
}

/* What Linux has of processes: signals, fork, and a mark that tells a child from its parent: see process.h.
 * fork: handlers hold all locks over the fork, so that the child has complete tables and free locks. They are
 * registered when the library is loaded, before a program's own handlers: then fork calls the program's first, and
 * locks are taken in the order in which calls of the library take them. Children that are made otherwise (clone,
 * _Fork) are recognised too, but may find locks held. */
#define _GNU_SOURCE
#include "lib/jit/memory/process.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- signals ---- */

_Static_assert(sizeof(sigset_t) <= sizeof(struct kn_jit_signals), "a mask has room");

void kn_jit_signals_block(struct kn_jit_signals *old) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, (sigset_t *)old);
}

void kn_jit_signals_restore(const struct kn_jit_signals *old) {
  pthread_sigmask(SIG_SETMASK, (const sigset_t *)old, NULL);
}

/* ---- fork ---- */

/* A thread that holds a JIT's lock itself forks in its allocator, or in a signal handler: that lock stays as it is. */
static void before_fork(void) {
  struct kn_jit_process *p = &kn_jit_process;
  pthread_mutex_lock(&p->list_lock);
  for (kiln_jit *jit = p->jits; jit != NULL; jit = jit->next) {
    jit->held_by_fork =
      atomic_load_explicit(&jit->owner, memory_order_relaxed) != (uintptr_t)pthread_self();
    if (jit->held_by_fork) pthread_mutex_lock(&jit->lock);
    jit->forks++;
  }
  pthread_mutex_lock(&p->indices_lock);
  pthread_mutex_lock(&p->gdb_lock);
  kn_jit_tls_hold(&p->mask);
}

static void after_fork(void) {
  struct kn_jit_process *p = &kn_jit_process;
  const struct kn_jit_signals mask = p->mask;
  pthread_mutex_unlock(&p->tls_lock);
  pthread_mutex_unlock(&p->gdb_lock);
  pthread_mutex_unlock(&p->indices_lock);
  for (kiln_jit *jit = p->jits; jit != NULL; jit = jit->next)
    if (jit->held_by_fork) pthread_mutex_unlock(&jit->lock);
  pthread_mutex_unlock(&p->list_lock);
  kn_jit_signals_restore(&mask);
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

bool kn_jit_process_mark(kiln_jit *jit) {
  struct kn_jit_process *p = &kn_jit_process;
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  jit->pid = getpid();
  if (p->mark == NULL) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    (void)!madvise(at, size, MADV_WIPEONFORK); /* where it is unknown, fork's handler does it */
    p->mark = at;
  }
  if (atomic_load(p->mark) == 0) atomic_store(p->mark, ++p->last_mark);
  jit->mark = atomic_load(p->mark);
  return true;
}

void kn_jit_process_unmark(void) {
  munmap(kn_jit_process.mark, (size_t)sysconf(_SC_PAGESIZE));
  kn_jit_process.mark = NULL;
}

bool kn_jit_is_child(const kiln_jit *jit) {
  return atomic_load(kn_jit_process.mark) != jit->mark || getpid() != jit->pid;
}

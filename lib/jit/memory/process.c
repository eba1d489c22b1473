/* What the process has once for all JITs: the list of them, so that fork finds them in a state that a child can use; a
 * mark that tells a child from the process that made a JIT; the state of thread-local data (tls.c). Besides gdb's list
 * (gdb.c) this is the library's only state. What depends on the system is in process_linux.c and process_windows.c.
 * Invariant: locks are taken in the order of struct kn_jit_process, and jit->lock between `jits` and `indices`. */
#include "lib/jit/memory/process.h"

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

void kn_jit_tls_hold(struct kn_jit_signals *old) {
  kn_jit_signals_block(old);
  pthread_mutex_lock(&kn_jit_process.tls_lock);
}

void kn_jit_tls_release(const struct kn_jit_signals *old) {
  pthread_mutex_unlock(&kn_jit_process.tls_lock);
  kn_jit_signals_restore(old);
}

/* ---- the list ---- */

bool kn_jit_process_enter(kiln_jit *jit, kiln_jit_error *e) {
  struct kn_jit_process *p = &kn_jit_process;
  pthread_mutex_lock(&p->list_lock);
  bool ok = kn_jit_process_mark(jit);
  if (ok) {
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
  if (p->jits == NULL) kn_jit_process_unmark();
  pthread_mutex_unlock(&p->list_lock);
}

/* Functions that are compiled when they are called first. A stub whose function no unit defines leads to the target's
 * code (targets/jit.h), which calls kn_jit_late_find; that asks the host, and the code jumps to what it returns.
 * Invariant: of an entry, at most one thread is in `compile`. A thread waits only for one that does not wait for it,
 * through any number of others. */
#define _GNU_SOURCE
#include "lib/jit/link/symbols.h"
#include "lib/jit/memory/process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- declarations ---- */

/* The entry that is to be lazy, with a stub; NULL, with an error, if it cannot be. */
static struct kn_jit_entry *declare(kiln_jit *jit, const kiln_jit_lazy_desc *desc,
                                    kiln_jit_error *error) {
  const char *name = desc->name;
  struct kn_jit_entry *e = kn_jit_entry_get(jit, kn_jit_name_make(name, strlen(name)), NULL, error);
  if (e == NULL) return NULL;
  if (e->unit != NULL && (!e->func || e->stub == 0)) {
    kn_jit_fail(error, KILN_ERR_SYMBOL, "'%.100s' is defined already%s", name,
                e->func ? ", and not as redefinable" : "");
    return NULL;
  }
  bool ok = kn_jit_entry_stub(jit, e, error);
  if (ok && e->late == NULL) {
    e->late = kn_jit_realloc(jit, NULL, sizeof *e->late);
    if (e->late != NULL) *e->late = (struct kn_jit_late){.entry = e};
    else ok = kn_jit_no_memory(error);
  }
  if (ok && desc->roots != NULL) ok = kn_jit_late_roots(jit, e->late, desc->roots, error);
  else if (ok) e->late->roots = NULL;
  if (ok) return e;
  kn_jit_entry_drop(jit, e);
  return NULL;
}

static void let_go(const kiln_jit_lazy_desc *d) {
  if (d->release != NULL) d->release(d->release_user);
}

void kn_jit_late_free(const kiln_jit *jit, struct kn_jit_late *late) {
  let_go(&late->ended);
  let_go(&late->is);
  for (struct kn_jit_late_table *t = late->tables, *next; t != NULL; t = next) {
    next = t->next;
    kn_jit_realloc(jit, t, 0);
  }
  kn_jit_realloc(jit, late, 0);
}

/* Puts a declaration in place of the present one. What of that is to be released once there is no lock: nothing as long
 * as a thread is in its `compile`. */
static kiln_jit_lazy_desc replace(struct kn_jit_late *late, const kiln_jit_lazy_desc *by) {
  kiln_jit_lazy_desc old = late->is;
  late->is = *by;
  if (late->thread == 0 || late->runs_old) return old;
  late->ended = old;
  late->runs_old = true;
  return (kiln_jit_lazy_desc){0};
}

void *kiln_jit_declare_lazy(kiln_jit *jit, const kiln_jit_lazy_desc *desc, kiln_jit_error *error) {
  kiln_jit_error own;
  error = kn_jit_begin(error, &own);
  if (jit == NULL || desc == NULL || desc->name == NULL || desc->name[0] == 0 ||
      desc->compile == NULL || !KN_UNRESERVED(desc))
    return KN_JIT_FAIL(NULL, error, KILN_ERR_ARGUMENT, "no JIT, no name, or no callback");
  if (!kn_jit_enter_own(jit, error)) return NULL;
  struct kn_jit_entry *e = declare(jit, desc, error);
  uint64_t stub = 0;
  kiln_jit_lazy_desc old = {0};
  if (e != NULL) {
    if (!kn_jit_is_lazy(e)) e->holds++;
    old = replace(e->late, desc);
    stub = e->stub;
    if (desc->redefine && e->unit != NULL) { /* which keeps its code, and its hold of the entry */
      e->unit = NULL;
      e->address = 0;
      kn_jit_entry_aim(e);
    }
  }
  kn_jit_unlock(jit);
  let_go(&old);
  return (void *)(uintptr_t)stub;
}

kiln_status kiln_jit_remove_lazy(kiln_jit *jit, const char *name, kiln_jit_error *error) {
  kiln_jit_error own;
  error = kn_jit_begin(error, &own);
  if (jit == NULL || name == NULL)
    return kn_jit_fail(error, KILN_ERR_ARGUMENT, "no JIT, or no name");
  kiln_jit_lazy_desc old = {0};
  if (!kn_jit_enter_own(jit, error)) return error->diag.status;
  struct kn_jit_entry *e = kn_jit_entry_find(jit, kn_jit_name_make(name, strlen(name)), NULL);
  if (e == NULL || !kn_jit_is_lazy(e)) {
    kn_jit_fail(error, KILN_ERR_ARGUMENT, "'%.100s' is not declared lazy", name);
  } else {
    old = replace(e->late, &(kiln_jit_lazy_desc){0});
    kn_jit_entry_release(jit, e);
  }
  kn_jit_unlock(jit);
  let_go(&old);
  return error->diag.status;
}

/* ---- calls ---- */

static uintptr_t self(void) { return (uintptr_t)pthread_self(); }

/* Says why the function cannot be called; `e` is NULL if it was removed. The thread may hold any locks. */
static void report(const struct kn_jit_entry *e, const char *why) {
  char text[512];
  int state,
    n = e != NULL && e->name_length > 0
          ? snprintf(text, sizeof text, "kiln: '%.400s' was called, but %s\n", e->name, why)
          : snprintf(text, sizeof text, "kiln: a function was called, but %s\n", why);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  if (n > 0) (void)!write(STDERR_FILENO, text, (size_t)n);
  pthread_setcancelstate(state, NULL);
}

/* What is called in place of such a function: the frame of the target's code is gone when it traps. */
static void trap(void) { __builtin_trap(); }

/* Whether this thread is in `compile`. */
static bool is_mine(const struct kn_jit_late *late) {
  const struct kn_jit_late *l = kn_jit_process_late;
  while (l != NULL && l != late) l = l->outer;
  return l != NULL;
}

/* Whether the thread that is in `compile` cannot be waited for: it waits for this one, maybe through others. */
static bool waits_for_me(const kiln_jit *jit, const struct kn_jit_late *late) {
  while (late != NULL && late->thread != self()) {
    const struct kn_jit_waiting *w = jit->waiting;
    while (w != NULL && w->thread != late->thread) w = w->next;
    late = w != NULL ? w->late : NULL;
  }
  return late != NULL;
}

/* Waits until the thread has left `compile`. It cannot be cancelled meanwhile, since it would keep the lock. */
static void wait_while(kiln_jit *jit, const struct kn_jit_late *late) {
  struct kn_jit_waiting w = {jit->waiting, self(), late};
  int state;
  jit->waiting = &w;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  while (late->thread != 0) {
    atomic_store_explicit(&jit->owner, 0, memory_order_relaxed);
    pthread_cond_wait(&jit->compiled, &jit->lock);
    atomic_store_explicit(&jit->owner, self(), memory_order_relaxed);
  }
  pthread_setcancelstate(state, NULL);
  struct kn_jit_waiting **at = &jit->waiting;
  while (*at != &w) at = &(*at)->next;
  *at = w.next;
}

struct blocked {
  kiln_jit *jit;
  const struct kn_jit_late *late;
};

/* What the host calls in kiln_jit_lazy_desc.blocked, without the lock. */
static void wait_unlocked(void *argument) {
  const struct blocked *b = argument;
  (void)kn_jit_call_back(b->jit, NULL);
  kn_jit_lock(b->jit);
  if (b->late->thread != 0 && !waits_for_me(b->jit, b->late)) wait_while(b->jit, b->late);
  kn_jit_call_out(b->jit);
  kn_jit_unlock(b->jit);
}

/* Waits as the host wants. */
static void wait_for(kiln_jit *jit, const struct kn_jit_late *late) {
  kiln_jit_blocked_fn blocked = late->is.blocked;
  if (blocked == NULL) {
    wait_while(jit, late);
    return;
  }
  void *user = late->is.blocked_user;
  struct blocked b = {jit, late};
  kn_jit_call_out(jit);
  kn_jit_unlock(jit);
  blocked(user, wait_unlocked, &b);
  (void)kn_jit_call_back(jit, NULL);
  kn_jit_lock(jit);
}

/* The thread has left `compile`; what is to be released once there is no lock. */
static kiln_jit_lazy_desc leave(kiln_jit *jit, struct kn_jit_late *late) {
  const kiln_jit_lazy_desc ended = late->ended;
  late->ended = (kiln_jit_lazy_desc){0};
  late->runs_old = false;
  kn_jit_process_late = late->outer;
  late->thread = 0;
  pthread_cond_broadcast(&jit->compiled);
  return ended;
}

/* The personality of `ask`, which unwinders call: an exception, or the end of the thread, leaves `compile` and all that
 * called it here, which has nothing else to undo. */
__attribute__((used, visibility("hidden"))) int kn_jit_late_unwind(int version, int actions,
                                                                   uint64_t class, void *exception,
                                                                   void *context);
int kn_jit_late_unwind(int version, int actions, uint64_t class, void *exception, void *context) {
  enum { CLEANUP_PHASE = 2, CONTINUE = 8 };
  (void)version, (void)class, (void)exception, (void)context;
  if ((actions & CLEANUP_PHASE) == 0) return CONTINUE;
  struct kn_jit_late *late = kn_jit_process_late;
  struct kn_jit_entry *e = late->entry;
  kiln_jit *jit = e->group->jit;
  (void)kn_jit_call_back(jit, NULL);
  kn_jit_lock(jit);
  const kiln_jit_lazy_desc ended = leave(jit, late);
  kn_jit_entry_release(jit, e);
  kn_jit_unlock(jit);
  let_go(&ended);
  return CONTINUE;
}

/* Has the host compile the function; its answer. Called with the lock, which is not held meanwhile. */
static __attribute__((noinline)) uint64_t ask(kiln_jit *jit, struct kn_jit_late *late) {
  kiln_jit_compile_fn compile = late->is.compile;
  void *user = late->is.compile_user;
#ifdef __GCC_HAVE_DWARF2_CFI_ASM /* else there are no unwind tables here */
  __asm__ volatile(".cfi_personality 0x1b, kn_jit_late_unwind"); /* by its distance, of 4 bytes */
#endif
  late->thread = self();
  late->outer = kn_jit_process_late;
  kn_jit_process_late = late;
  kn_jit_call_out(jit);
  kn_jit_unlock(jit);
  void *answer = compile(user, late->entry->name);
  (void)kn_jit_call_back(jit, NULL); /* kiln_jit_free had no effect */
  kn_jit_lock(jit);
  const kiln_jit_lazy_desc ended = leave(jit, late);
  if (ended.release != NULL) {
    kn_jit_unlock(jit);
    let_go(&ended);
    kn_jit_lock(jit);
  }
  return (uint64_t)(uintptr_t)answer;
}

/* The address to go on at; 0: there is none, and `*why` says why. */
static uint64_t find(kiln_jit *jit, struct kn_jit_entry *e, const char **why) {
  struct kn_jit_late *late = e->late;
  while (e->unit == NULL && kn_jit_is_lazy(e) && late->thread != 0) {
    const bool child = kn_jit_is_child(jit); /* which has no other threads of its parent's */
    *why = "its compilation waits for this call";
    if (is_mine(late) || (!child && waits_for_me(jit, late))) return 0;
    if (child) break;
    wait_for(jit, late);
  }
  *why = "no unit defines it";
  if (e->unit != NULL || !kn_jit_is_lazy(e)) return e->address;
  *why = "it could not be compiled";
  const uint64_t answer = ask(jit, late);
  if (e->unit != NULL) return e->address;
  return answer != e->stub ? answer : 0;
}

uint64_t kn_jit_late_find(void *group, uint64_t number, const uint8_t **roots) {
  struct kn_jit_stubs *g = group;
  kiln_jit *jit = g->jit;
  struct kn_jit_entry *e;
  const int error = errno;
  const char *why = "the thread has locked the JIT";
  uint64_t to = 0;
  if (kn_jit_is_mine(jit, NULL)) {
    e = g->of[number];
  } else {
    kn_jit_lock(jit);
    why = "it was removed";
    if ((e = g->of[number]) != NULL) {
      e->holds++;
      if (e->late != NULL) *roots = e->late->roots;
      to = find(jit, e, &why);
      if (to != 0) kn_jit_entry_release(jit, e); /* else it stays, for what follows */
    }
    kn_jit_unlock(jit);
  }
  if (to == 0) report(e, why);
  errno = error;
  return to != 0 ? to : (uint64_t)(uintptr_t)trap;
}

/* Thread-local data of units. Code gets addresses as in a shared object (general dynamic): x86-64 calls
 * __tls_get_addr with a pair of words, on Windows too, AArch64 the function of a TLS descriptor. Both end here. A pair
 * names a unit's data (struct kn_jit_tls) and an offset in it; or, for a symbol of the process, module and offset
 * as the dynamic linker wants them, told apart by the first word: no address is below a page. Each thread
 * has a table of its copies, found by a pthread key, freed when it ends.
 * A first use may be in a signal handler, or in a child of fork. So it takes no lock of a JIT, and memory from
 * tls_memory.c. (glibc's pthread_setspecific calls calloc if the key is not among the process's first 32, which a host
 * with so many keys should know.)
 * Invariant: a table is changed by its thread, but for entries of units that are removed, under tls_lock; others read
 * it under that lock. */
#include "lib/jit/memory/process.h"
#include "lib/jit/memory/tls.h"

struct copy {
  uint8_t *at; /* NULL: none */
  uint64_t size, align;
  uint32_t generation;
};

/* What the thread's end has to call: __cxa_thread_atexit. */
struct at_end {
  struct at_end *next; /* the one before */
  void (*function)(void *);
  void *argument, *dso;
};

struct kn_jit_thread {
  struct kn_jit_thread *next, **back;
  uint32_t n;
  struct copy *copies; /* by index of the unit's data */
  struct at_end *ends;
};

enum { COPIES = 8 }; /* by which a table grows */

/* ---- copies ---- */

static void thread_free(struct kn_jit_thread *t) {
  *t->back = t->next;
  if (t->next != NULL) t->next->back = t->back;
  for (uint32_t i = 0; i < t->n; i++)
    kn_jit_tls_give(t->copies[i].at, t->copies[i].size, t->copies[i].align);
  kn_jit_tls_give(t->copies, t->n * sizeof *t->copies, 1);
  for (struct at_end *e = t->ends, *next; e != NULL; e = next) {
    next = e->next;
    kn_jit_tls_give(e, sizeof *e, 1);
  }
  kn_jit_tls_give(t, sizeof *t, 1);
}

static void run_ends(struct kn_jit_thread *t, const void *dso);

/* Frees the copies of a thread that ends. */
static void thread_end(void *p) {
  struct kn_jit_signals mask;
  run_ends(p, NULL);
  kn_jit_tls_hold(&mask);
  struct kn_jit_thread *t = kn_jit_process.threads;
  while (t != NULL && t != p) t = t->next;
  if (t != NULL) thread_free(t);
  kn_jit_tls_release(&mask);
}

/* The calling thread's table, made if need be; NULL without memory. */
static struct kn_jit_thread *this_thread(void) {
  struct kn_jit_process *p = &kn_jit_process;
  struct kn_jit_thread *t = pthread_getspecific(p->key);
  struct kn_jit_signals mask;
  if (t != NULL) return t;
  kn_jit_tls_hold(&mask);
  t = pthread_getspecific(p->key); /* of a signal handler's */
  if (t != NULL) {
    kn_jit_tls_release(&mask);
    return t;
  }
  t = kn_jit_tls_take(sizeof *t, 1);
  if (t != NULL) {
    *t = (struct kn_jit_thread){.next = p->threads, .back = &p->threads};
    if (t->next != NULL) t->next->back = &t->next;
    p->threads = t;
  }
  pthread_mutex_unlock(&p->tls_lock);
  /* signals are still blocked: a handler makes no second table */
  if (t != NULL && pthread_setspecific(p->key, t) != 0) {
    pthread_mutex_lock(&p->tls_lock);
    thread_free(t);
    pthread_mutex_unlock(&p->tls_lock);
    t = NULL;
  }
  kn_jit_signals_restore(&mask);
  return t;
}

/* Makes the calling thread's copy; tls_lock is held. */
static uint8_t *copy_new(const struct kn_jit_tls *d, struct kn_jit_thread *t) {
  if (d->index >= t->n) {
    uint32_t n = d->index + COPIES;
    struct copy *copies = kn_jit_tls_take(n * sizeof *copies, 1);
    if (copies == NULL) return NULL;
    memset(copies, 0, n * sizeof *copies);
    if (t->n > 0) memcpy(copies, t->copies, t->n * sizeof *copies);
    kn_jit_tls_give(t->copies, t->n * sizeof *copies, 1);
    t->copies = copies;
    t->n = n;
  }
  uint8_t *at = kn_jit_tls_take(d->size, d->align);
  if (at == NULL) return NULL;
  if (d->image_size > 0) memcpy(at, d->image, (size_t)d->image_size);
  memset(at + d->image_size, 0, (size_t)(d->size - d->image_size));
  t->copies[d->index] = (struct copy){at, d->size, d->align, d->generation};
  return at;
}

static uint8_t *copy_of(const struct kn_jit_tls *d, const struct kn_jit_thread *t) {
  if (t == NULL || d->index >= t->n || t->copies[d->index].generation != d->generation) return NULL;
  return t->copies[d->index].at;
}

void *kn_jit_tls_address(const struct kn_jit_tls *d, uint64_t offset) {
  struct kn_jit_thread *t = pthread_getspecific(kn_jit_process.key);
  uint8_t *at = copy_of(d, t);
  if (at != NULL) return at + offset;
  if ((t = this_thread()) == NULL) return NULL;
  struct kn_jit_signals mask;
  kn_jit_tls_hold(&mask);
  at = copy_of(d, t); /* of a signal handler's */
  if (at == NULL) at = copy_new(d, t);
  kn_jit_tls_release(&mask);
  return at != NULL ? at + offset : NULL;
}

/* ---- ends of threads ---- */

/* Takes the newest of what a thread's end has to call, of all or of what `dso` registered; tls_lock is held. */
static bool take_end(struct kn_jit_thread *t, const void *dso, struct at_end *end) {
  struct at_end **at = &t->ends, *e;
  while (*at != NULL && dso != NULL && (*at)->dso != dso) at = &(*at)->next;
  if ((e = *at) == NULL) return false;
  *end = *e;
  *at = e->next;
  kn_jit_tls_give(e, sizeof *e, 1);
  return true;
}

/* Calls it, newest first. */
static void run_ends(struct kn_jit_thread *t, const void *dso) {
  struct at_end end;
  struct kn_jit_signals mask;
  for (;;) {
    kn_jit_tls_hold(&mask);
    const bool more = take_end(t, dso, &end);
    kn_jit_tls_release(&mask);
    if (!more) return;
    end.function(end.argument);
  }
}

/* libc calls it when the thread ends, before the destructors of keys; in the first thread, at exit. */
static void run_all_ends(void *unused) {
  (void)unused;
  kn_jit_process_armed = false;
  if (__atomic_load_n(&kn_jit_process.users, __ATOMIC_RELAXED) == 0) return;
  struct kn_jit_thread *t = pthread_getspecific(kn_jit_process.key);
  if (t != NULL) run_ends(t, NULL);
}

int kn_jit_thread_atexit(void (*function)(void *), void *argument, void *dso) {
  struct kn_jit_thread *t = this_thread();
  struct kn_jit_signals mask;
  if (t == NULL) return -1;
  kn_jit_tls_hold(&mask);
  struct at_end *e = kn_jit_tls_take(sizeof *e, 1);
  if (e != NULL) {
    *e = (struct at_end){t->ends, function, argument, dso};
    t->ends = e;
  }
  kn_jit_tls_release(&mask);
  if (e == NULL) return -1;
  /* where libc does not know such functions, the key's destructor runs them */
  if (!kn_jit_process_armed) kn_jit_process_armed = kn_jit_tls_at_end(run_all_ends);
  return 0;
}

void kn_jit_thread_forget(const kiln_jit *jit, const void *dso) {
  struct kn_jit_signals mask;
  pthread_mutex_lock(&kn_jit_process.indices_lock);
  bool used = jit->uses_tls;
  pthread_mutex_unlock(&kn_jit_process.indices_lock);
  if (!used) return;
  struct kn_jit_thread *own = pthread_getspecific(kn_jit_process.key);
  if (own != NULL) run_ends(own, dso);
  kn_jit_tls_hold(&mask);
  for (struct kn_jit_thread *t = kn_jit_process.threads; t != NULL; t = t->next)
    while (take_end(t, dso, &(struct at_end){0})) {
    }
  kn_jit_tls_release(&mask);
}

/* ---- of a unit ---- */

static const kiln_allocator libc = {0};

bool kn_jit_tls_open(kiln_jit *jit, kiln_jit_error *e) {
  struct kn_jit_process *p = &kn_jit_process;
  pthread_mutex_lock(&p->indices_lock);
  bool ok = jit->uses_tls || p->users > 0 || pthread_key_create(&p->key, thread_end) == 0;
  if (ok && !jit->uses_tls) __atomic_add_fetch(&p->users, 1, __ATOMIC_RELAXED);
  jit->uses_tls |= ok;
  pthread_mutex_unlock(&p->indices_lock);
  if (!ok)
    kn_jit_fail(e, KILN_ERR_SYSTEM,
                "pthread_key_create failed: there is no key for thread-local data");
  return ok;
}

bool kn_jit_tls_new(kiln_jit *jit, struct kn_jit_unit *u, const uint8_t *image, uint64_t image_size,
                    uint64_t size, uint64_t align, kiln_jit_error *e) {
  struct kn_jit_process *p = &kn_jit_process;
  if (!kn_jit_tls_open(jit, e)) return false;
  struct kn_jit_tls *t = kn_jit_realloc(jit, NULL, sizeof *t);
  if (t == NULL) return kn_jit_no_memory(e);
  pthread_mutex_lock(&p->indices_lock);
  bool ok = KN_ROOM(&libc, p->free_indices, p->n_indices + 1 - p->free_indices.n);
  if (ok) {
    uint32_t index =
      p->free_indices.n > 0 ? p->free_indices.at[--p->free_indices.n] : p->n_indices++;
    if (++p->last_generation == 0) p->last_generation = 1;
    *t = (struct kn_jit_tls){.index = index,
                             .generation = p->last_generation,
                             .image = image,
                             .image_size = image_size,
                             .size = size,
                             .align = align < 16 ? 16 : align};
  }
  pthread_mutex_unlock(&p->indices_lock);
  if (!ok) {
    kn_jit_realloc(jit, t, 0);
    return kn_jit_no_memory(e);
  }
  u->tls = t;
  return true;
}

void kn_jit_tls_free(kiln_jit *jit, struct kn_jit_unit *u) {
  struct kn_jit_process *p = &kn_jit_process;
  if (u->tls == NULL) return;
  uint32_t index = u->tls->index;
  struct kn_jit_signals mask;
  kn_jit_tls_hold(&mask);
  for (struct kn_jit_thread *t = p->threads; t != NULL; t = t->next) {
    if (index >= t->n) continue;
    kn_jit_tls_give(t->copies[index].at, t->copies[index].size, t->copies[index].align);
    t->copies[index] = (struct copy){0};
  }
  kn_jit_tls_release(&mask);
  pthread_mutex_lock(&p->indices_lock);
  p->free_indices.at[p->free_indices.n++] = index; /* there is room since it was taken */
  pthread_mutex_unlock(&p->indices_lock);
  kn_jit_realloc(jit, u->tls, 0);
  u->tls = NULL;
}

void kn_jit_tls_close(kiln_jit *jit) {
  struct kn_jit_process *p = &kn_jit_process;
  if (!jit->uses_tls) return;
  pthread_mutex_lock(&p->indices_lock);
  if (__atomic_sub_fetch(&p->users, 1, __ATOMIC_RELAXED) == 0) {
    struct kn_jit_signals mask;
    pthread_key_delete(p->key);
    kn_jit_tls_hold(&mask);
    while (p->threads != NULL) thread_free(p->threads);
    kn_jit_tls_release(&mask);
    KN_FREE(&libc, p->free_indices.at);
    p->free_indices.at = NULL;
    p->free_indices.n = p->free_indices.cap = p->n_indices = 0;
  }
  pthread_mutex_unlock(&p->indices_lock);
}

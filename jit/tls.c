/* Thread-local data of units. Code gets addresses as in a shared object (general dynamic): x86-64 calls
 * __tls_get_addr with a pair of words, AArch64 the function of a TLS descriptor. Both end here. A pair names
 * a unit's data (struct kn_jit_tls) and an offset in it; or, for a symbol of the process, module and offset
 * as the dynamic linker wants them, told apart by the first word: no address is below a page. Each thread
 * has a table of its copies, found by a pthread key of the JIT, freed when it ends. Invariant: a table is
 * changed by its thread, under the JIT's lock; others read it under the lock. */
#define _GNU_SOURCE
#include "jit/jit_state.h"

#include <link.h>
#include <stdlib.h>

struct copy {
  uint8_t *at; /* NULL: none */
  void *memory;
  uint32_t generation;
};

struct kn_jit_thread {
  kiln_jit *jit;
  struct kn_jit_thread *next, **back;
  uint32_t n;
  struct copy *copies; /* by index of the unit's data */
};

/* ---- copies ---- */

static void thread_free(kiln_jit *jit, struct kn_jit_thread *t) {
  for (uint32_t i = 0; i < t->n; i++)
    if (t->copies[i].memory != NULL) kn_jit_realloc(jit, t->copies[i].memory, 0);
  if (t->copies != NULL) kn_jit_realloc(jit, t->copies, 0);
  kn_jit_realloc(jit, t, 0);
}

/* Frees the copies of a thread that ends. */
static void thread_end(void *p) {
  struct kn_jit_thread *t = p;
  kiln_jit *jit = t->jit;
  pthread_mutex_lock(&jit->lock);
  *t->back = t->next;
  if (t->next != NULL) t->next->back = t->back;
  thread_free(jit, t);
  pthread_mutex_unlock(&jit->lock);
}

static struct kn_jit_thread *thread_new(kiln_jit *jit) {
  struct kn_jit_thread *t = kn_jit_realloc(jit, NULL, sizeof *t);
  if (t == NULL) return NULL;
  *t = (struct kn_jit_thread){.jit = jit, .next = jit->threads, .back = &jit->threads};
  if (pthread_setspecific(jit->tls_key, t) != 0) {
    kn_jit_realloc(jit, t, 0);
    return NULL;
  }
  if (t->next != NULL) t->next->back = &t->next;
  jit->threads = t;
  return t;
}

/* Makes the calling thread's copy; the JIT is locked. */
static uint8_t *copy_new(const struct kn_jit_tls *d, struct kn_jit_thread *t) {
  kiln_jit *jit = d->jit;
  if (t == NULL && (t = thread_new(jit)) == NULL) return NULL;
  if (d->index >= t->n) {
    uint32_t n = d->index + 8;
    struct copy *copies = kn_jit_realloc(jit, t->copies, n * sizeof *copies);
    if (copies == NULL) return NULL;
    memset(copies + t->n, 0, (n - t->n) * sizeof *copies);
    t->copies = copies;
    t->n = n;
  }
  struct copy *c = t->copies + d->index;
  if (c->memory != NULL) kn_jit_realloc(jit, c->memory, 0);
  c->at = NULL;
  c->memory = kn_jit_realloc(jit, NULL, (size_t)(d->size + d->align));
  if (c->memory == NULL) return NULL;
  c->at = (uint8_t *)kn_align_up((uintptr_t)c->memory, d->align);
  if (d->image_size > 0) memcpy(c->at, d->image, (size_t)d->image_size);
  memset(c->at + d->image_size, 0, (size_t)(d->size - d->image_size));
  c->generation = d->generation;
  return c->at;
}

void *kn_jit_tls_address(const struct kn_jit_tls *d, uint64_t offset) {
  struct kn_jit_thread *t = pthread_getspecific(d->jit->tls_key);
  if (t != NULL && d->index < t->n && t->copies[d->index].generation == d->generation &&
      t->copies[d->index].at != NULL)
    return t->copies[d->index].at + offset;
  pthread_mutex_lock(&d->jit->lock);
  uint8_t *at = copy_new(d, t);
  pthread_mutex_unlock(&d->jit->lock);
  return at != NULL ? at + offset : NULL;
}

/* ---- of the process ---- */

struct search {
  uint64_t address;
  uint64_t *pair;
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *s = data;
  if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof(void *) ||
      info->dlpi_tls_data == NULL)
    return 0;
  uint64_t start = (uint64_t)(uintptr_t)info->dlpi_tls_data;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = info->dlpi_phdr + i;
    if (p->p_type != PT_TLS || s->address < start || s->address - start >= p->p_memsz) continue;
    s->pair[0] = info->dlpi_tls_modid;
    s->pair[1] = s->address - start;
    return 1;
  }
  return 0;
}

bool kn_jit_tls_process(uint64_t address, uint64_t pair[2]) {
  struct search s = {address, pair};
  return dl_iterate_phdr(look, &s) == 1;
}

/* ---- what code calls ---- */

extern void *__tls_get_addr(const uint64_t *pair) __attribute__((weak)); /* of ld.so */

/* Without memory a thread-local variable has no address, and this call cannot report an error. The dynamic linker
 * ends the process then; here the access faults. */
static void *get_address(const uint64_t *pair) {
  if (pair[0] == 0) return NULL; /* an undefined weak symbol */
  if (pair[0] < 4096) return __tls_get_addr(pair);
  return kn_jit_tls_address((const struct kn_jit_tls *)(uintptr_t)pair[0], pair[1]);
}

uint64_t kn_jit_tls_entry(void) { return (uint64_t)(uintptr_t)get_address; }

/* ---- of a unit ---- */

bool kn_jit_tls_new(kiln_jit *jit, struct kn_jit_item *u, const uint8_t *image, uint64_t image_size,
                    uint64_t size, uint64_t align, kiln_jit_error *e) {
  if (!jit->has_tls_key) {
    if (pthread_key_create(&jit->tls_key, thread_end) != 0) {
      kn_jit_fail(e, KILN_ERR_SYSTEM, "pthread_key_create: no key for thread-local data");
      return false;
    }
    jit->has_tls_key = true;
  }
  if (!KN_JIT_ROOM(jit, e, jit->tls_generations, 1) ||
      !KN_JIT_ROOM(jit, e, jit->tls_free, jit->tls_generations.n + 1 - jit->tls_free.n))
    return false;
  struct kn_jit_tls *t = u->tls = kn_jit_realloc(jit, NULL, sizeof *t);
  if (t == NULL) {
    kn_jit_fail(e, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  uint32_t index = jit->tls_generations.n;
  if (jit->tls_free.n > 0) index = jit->tls_free.at[--jit->tls_free.n];
  else jit->tls_generations.at[jit->tls_generations.n++] = 0;
  *t = (struct kn_jit_tls){.jit = jit,
                           .index = index,
                           .generation = ++jit->tls_generations.at[index],
                           .image = image,
                           .image_size = image_size,
                           .size = size,
                           .align = align < 16 ? 16 : align};
  return true;
}

void kn_jit_tls_free(kiln_jit *jit, struct kn_jit_item *u) {
  if (u->tls == NULL) return;
  uint32_t index = u->tls->index;
  for (struct kn_jit_thread *t = jit->threads; t != NULL; t = t->next) {
    if (index >= t->n || t->copies[index].memory == NULL) continue;
    kn_jit_realloc(jit, t->copies[index].memory, 0);
    t->copies[index] = (struct copy){0};
  }
  jit->tls_free.at[jit->tls_free.n++] = index;
  kn_jit_realloc(jit, u->tls, 0);
  u->tls = NULL;
}

void kn_jit_tls_close(kiln_jit *jit) {
  if (jit->has_tls_key) pthread_key_delete(jit->tls_key);
  while (jit->threads != NULL) {
    struct kn_jit_thread *t = jit->threads;
    jit->threads = t->next;
    thread_free(jit, t);
  }
  if (jit->tls_free.at != NULL) kn_jit_realloc(jit, jit->tls_free.at, 0);
  if (jit->tls_generations.at != NULL) kn_jit_realloc(jit, jit->tls_generations.at, 0);
}

/* Which addresses are compiled code, and how its frames are walked. Code is known by the addresses in images; where a
 * function ends, and what its frame looks like, is in its entry of .eh_frame (an FDE), which the unwinder's library
 * finds when an image is registered: before code of it runs, never in a trap.
 * Invariant: lookups take no lock and no memory, since the handler of faults makes them, on any thread. Who takes an
 * image out of the list waits until no lookup is under way. */
#define _GNU_SOURCE
#include "code.h"

#include "base/leb128.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* A function of an image. */
struct row {
  uintptr_t start;
  const uint8_t *fde;
  uint32_t size;
  uint32_t function; /* index in the module; UINT32_MAX: of the image's own */
};

struct kn_code {
  struct kn_code *next; /* read by lookups */
  const kiln_wasm_image *image;
  uint32_t uses;
  uint32_t n;
  uintptr_t end; /* of the last one */
  struct row rows[];
};

static struct {
  pthread_mutex_t lock; /* of changes */
  struct kn_code *first;
  uint32_t lookups; /* under way */
} codes = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- entries of .eh_frame ---- */

/* What libgcc says of an address. */
struct bases {
  void *text, *data, *function;
};
extern const void *_Unwind_Find_FDE(void *pc, struct bases *bases);

static uint32_t u32_at(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static const uint8_t *cie_of(const uint8_t *fde) { return fde + 4 - (int32_t)u32_at(fde + 4); }

static uint64_t uleb(const uint8_t **p) { return kn_uleb128(p, NULL); }

/* What a CIE says. */
struct cie {
  uint64_t code_align;
  int64_t data_align;
  bool augmented; /* entries have data of their own */
  const uint8_t *rules, *end;
};

/* False for what neither Kiln nor C compilers for these targets write: addresses that are not relative and 4 bytes. */
static bool read_cie(const uint8_t *p, struct cie *c) {
  const uint8_t *text = p + 9;
  enum { PCREL_SDATA4 = 0x1b };
  uint8_t encoding = 0;
  *c = (struct cie){.end = p + 4 + u32_at(p)};
  p = text + strlen((const char *)text) + 1;
  c->code_align = uleb(&p);
  c->data_align = kn_sleb128(&p, NULL);
  uleb(&p); /* register of the return address: the target's */
  if (*text == 'z') {
    uint64_t size = uleb(&p);
    const uint8_t *data = p;
    c->augmented = true;
    p += size;
    for (text++; *text != 0; text++) {
      if (*text == 'R') encoding = *data;
      data += *text == 'P' ? 5 : *text == 'R' || *text == 'L';
      if (*text == 'P' && (data[-5] & 0xf) != 0xb && (data[-5] & 0xf) != 3) data += 4;
    }
  }
  c->rules = p;
  return encoding == PCREL_SDATA4;
}

static uintptr_t fde_start(const uint8_t *fde) {
  return (uintptr_t)(fde + 8) + (uintptr_t)(int32_t)u32_at(fde + 8);
}

/* ---- registering ---- */

static int by_start(const void *a, const void *b) {
  uintptr_t x = ((const struct row *)a)->start, y = ((const struct row *)b)->start;
  return (x > y) - (x < y);
}

/* The row of the function that `at` is in, or NULL. */
static const struct row *find_row(const struct kn_code *c, uintptr_t at) {
  uint32_t low = 0, high = c->n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (c->rows[middle].start <= at) low = middle + 1;
    else high = middle;
  }
  const struct row *r = low > 0 ? c->rows + low - 1 : NULL;
  return r != NULL && at - r->start < r->size ? r : NULL;
}

static void add_row(struct kn_code *c, const void *start, uint32_t function) {
  if (start != NULL)
    c->rows[c->n++] = (struct row){.start = (uintptr_t)start, .function = function};
}

/* The functions of an image in the order of their addresses, each once. */
static void list_functions(struct kn_code *c, const kiln_wasm_image *image) {
  for (uint32_t f = image->n_imported_funcs; f < image->n_funcs; f++)
    add_row(c, image->funcs[f].code, f);
  for (uint32_t t = 0; t < image->n_types; t++) {
    void *entry;
    memcpy(&entry, &image->types[t].entry, sizeof entry);
    add_row(c, entry, UINT32_MAX);
    add_row(c, image->types[t].host, UINT32_MAX);
  }
  qsort(c->rows, c->n, sizeof *c->rows, by_start);
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n; i++)
    if (n == 0 || c->rows[i].start != c->rows[n - 1].start) c->rows[n++] = c->rows[i];
  c->n = n;
}

/* Functions lie in .eh_frame as they lie in memory, mostly: the entry after the last one is tried first, since to ask
 * the unwinder takes a microsecond. */
static void find_frames(struct kn_code *c) {
  const uint8_t *fde = NULL;
  for (uint32_t i = 0; i < c->n; i++) {
    struct row *r = c->rows + i;
    struct cie cie;
    struct bases bases;
    if (fde != NULL) fde += 4 + u32_at(fde);
    while (fde != NULL && u32_at(fde) != 0 && u32_at(fde + 4) == 0) fde += 4 + u32_at(fde);
    if (fde == NULL || u32_at(fde) == 0 || u32_at(fde) == UINT32_MAX ||
        !read_cie(cie_of(fde), &cie) || fde_start(fde) != r->start)
      fde = _Unwind_Find_FDE((void *)r->start, &bases);
    if (fde == NULL || !read_cie(cie_of(fde), &cie) || fde_start(fde) != r->start) continue;
    r->fde = fde;
    r->size = u32_at(fde + 12);
    c->end = r->start + r->size;
  }
}

static struct kn_code *new_code(const kiln_wasm_image *image) {
  uint64_t n = (uint64_t)image->n_funcs - image->n_imported_funcs + 2 * (uint64_t)image->n_types;
  struct kn_code *c = calloc(1, sizeof *c + n * sizeof *c->rows);
  if (c == NULL) return NULL;
  c->image = image;
  list_functions(c, image);
  find_frames(c);
  return c;
}

struct kn_code *kn_code_use(const kiln_wasm_image *image) {
  struct kn_code *c;
  pthread_mutex_lock(&codes.lock);
  for (c = codes.first; c != NULL && c->image != image; c = c->next) {
  }
  if (c == NULL && (c = new_code(image)) != NULL) {
    c->next = codes.first;
    __atomic_store_n(&codes.first, c, __ATOMIC_SEQ_CST);
  }
  if (c != NULL) c->uses++;
  pthread_mutex_unlock(&codes.lock);
  return c;
}

void kn_code_release(struct kn_code *c) {
  if (c == NULL) return;
  pthread_mutex_lock(&codes.lock);
  if (--c->uses == 0) {
    struct kn_code **p = &codes.first;
    while (*p != c) p = &(*p)->next;
    __atomic_store_n(p, c->next, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&codes.lookups, __ATOMIC_SEQ_CST) != 0) sched_yield();
    free(c);
  }
  pthread_mutex_unlock(&codes.lock);
}

/* A fork while another thread changes the list: the child has neither that thread nor any lookup. */
static void before_fork(void) { pthread_mutex_lock(&codes.lock); }
static void after_fork(void) { pthread_mutex_unlock(&codes.lock); }
static void in_child(void) {
  codes.lookups = 0;
  pthread_mutex_unlock(&codes.lock);
}

void kn_code_prepare(void) { pthread_atfork(before_fork, after_fork, in_child); }

/* ---- looking up ---- */

void kn_code_begin(void) { __atomic_fetch_add(&codes.lookups, 1, __ATOMIC_SEQ_CST); }
void kn_code_end(void) { __atomic_fetch_sub(&codes.lookups, 1, __ATOMIC_SEQ_CST); }

static const struct row *look_up(uintptr_t at, const struct kn_code **code) {
  for (const struct kn_code *c = __atomic_load_n(&codes.first, __ATOMIC_SEQ_CST); c != NULL;
       c = __atomic_load_n(&c->next, __ATOMIC_SEQ_CST)) {
    const struct row *r = at < c->end ? find_row(c, at) : NULL;
    if (r == NULL) continue;
    *code = c;
    return r;
  }
  return NULL;
}

bool kn_code_has(uintptr_t at) {
  const struct kn_code *c;
  return look_up(at, &c) != NULL;
}

bool kn_code_has_own(uintptr_t at) {
  const struct kn_code *c;
  const struct row *r = look_up(at, &c);
  return r != NULL && r->function == UINT32_MAX;
}

/* ---- walking frames ---- */

/* Registers by their numbers in DWARF. */
#if defined(__x86_64__)
enum { SP = 7, FP = 6, RETURN = 16 };
#else
enum { SP = 31, FP = 29, RETURN = 30 };
#endif

/* How a frame is left: where its end (the CFA) is, and what is saved at which distance from it; 0: is not. */
struct rule {
  uint64_t base;
  int64_t offset, fp, ret;
};

static void set_saved(struct rule *r, uint64_t which, int64_t offset) {
  if (which == FP) r->fp = offset;
  if (which == RETURN) r->ret = offset;
}

/* Instructions with operands in the upper byte's lower bits, or in bytes that follow. False: one that neither Kiln nor
 * its test writes. */
static bool run_rule(const struct cie *c, const struct rule *first, struct rule *r,
                     struct rule *kept, const uint8_t **p) {
  uint8_t op = *(*p)++;
  uint64_t which;
  switch (op & 0xc0) {
  case 0x80: set_saved(r, op & 0x3f, (int64_t)uleb(p) * c->data_align); return true;
  case 0xc0: set_saved(r, op & 0x3f, (op & 0x3f) == RETURN ? first->ret : first->fp); return true;
  default: break;
  }
  switch (op) {
  case 0x00: return true;          /* nop */
  case 0x2d: return true;          /* AARCH64_negate_ra_state */
  case 0x2e: uleb(p); return true; /* GNU_args_size */
  case 0x05: which = uleb(p), set_saved(r, which, (int64_t)uleb(p) * c->data_align); return true;
  case 0x06: which = uleb(p), set_saved(r, which, which == RETURN ? first->ret : 0); return true;
  case 0x07:                                                               /* undefined */
  case 0x08: set_saved(r, uleb(p), 0); return true;                        /* same_value */
  case 0x0a: *kept = *r; return true;                                      /* remember_state */
  case 0x0b: *r = *kept; return true;                                      /* restore_state */
  case 0x0c: r->base = uleb(p), r->offset = (int64_t)uleb(p); return true; /* def_cfa */
  case 0x0d: r->base = uleb(p); return true;                               /* def_cfa_register */
  case 0x0e: r->offset = (int64_t)uleb(p); return true;                    /* def_cfa_offset */
  default: return false;
  }
}

/* Runs instructions up to those for what is `distance` bytes from the function's start. */
static bool run_rules(const struct cie *c, const uint8_t *p, const uint8_t *end, uint64_t distance,
                      const struct rule *first, struct rule *r) {
  struct rule kept = *r;
  uint64_t at = 0;
  while (p < end) {
    uint8_t op = *p;
    uint64_t by = 0;
    unsigned bytes = op == 2 ? 1 : op == 3 ? 2 : op == 4 ? 4 : 0;
    if ((op & 0xc0) != 0x40 && bytes == 0) {
      if (!run_rule(c, first, r, &kept, &p)) return false;
      continue;
    }
    memcpy(&by, p + 1, bytes);
    if (bytes == 0) by = op & 0x3f;
    p += 1 + bytes;
    at += by * c->code_align;
    if (at > distance) return true;
  }
  return true;
}

static bool rule_at(const struct row *row, uintptr_t at, struct rule *r) {
  struct cie c;
  struct rule none = {0};
  if (!read_cie(cie_of(row->fde), &c)) return false;
  const uint8_t *p = row->fde + 16, *end = row->fde + 4 + u32_at(row->fde);
  if (c.augmented) {
    uint64_t size = uleb(&p);
    p += size;
  }
  *r = none;
  if (!run_rules(&c, c.rules, c.end, UINT64_MAX, &none, r)) return false;
  const struct rule first = *r;
  return run_rules(&c, p, end, at - row->start, &first, r);
}

static uintptr_t word_at(uintptr_t at) {
  uintptr_t v;
  memcpy(&v, (const void *)at, sizeof v);
  return v;
}

/* Leaves the frame of `row`: false if it can't, or if the frame would not be within the stack. */
static bool step(const struct row *row, struct kn_regs *g, uintptr_t high, bool innermost) {
  struct rule r;
  if (!rule_at(row, g->pc - !innermost, &r) || (r.base != SP && r.base != FP)) return false;
  uintptr_t end = (r.base == SP ? g->sp : g->fp) + (uintptr_t)r.offset;
  if (end < g->sp || end > high || (end == g->sp && (r.ret != 0 || !innermost))) return false;
  if (r.ret == 0 && !innermost) return false;
  uintptr_t back = r.ret != 0 ? word_at(end + (uintptr_t)r.ret) : g->link;
  if (r.fp != 0) g->fp = word_at(end + (uintptr_t)r.fp);
  g->pc = back;
  g->sp = end;
  return true;
}

uint32_t kn_code_walk(struct kn_regs g, bool innermost, uintptr_t high, struct kn_place *places,
                      uint32_t room) {
  uint32_t n = 0;
  while (n < room) {
    const struct kn_code *c;
    const struct row *r = look_up(g.pc - !innermost, &c);
    if (r == NULL) return n;
    if (r->function != UINT32_MAX)
      places[n++] =
        (struct kn_place){c->image, r->function, (uint32_t)(g.pc - !innermost - r->start)};
    if (!step(r, &g, high, innermost)) return n;
    innermost = false;
  }
  return n;
}

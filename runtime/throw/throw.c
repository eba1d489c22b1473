/* Exceptions by tags: <kiln/throw.h>. The personality reads the table that lib/codegen/eh_table.c writes. Sources: the
 * C++ ABI for exception handling (the unwinder's interface, 1 and 2.5); LSB, 10.5 and 10.6 (encodings, the table).
 * Invariant: a table is read as Kiln writes it; what is otherwise ends in an error of the unwinder, not in a guess. */
#define _GNU_SOURCE
#include <kiln/throw.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* The unwinder's own struct. */
struct head {
  uint64_t class;
  void (*cleanup)(int reason, struct head *h);
  uint64_t private[2];
} __attribute__((aligned(16)));

/* The functions of the program's unwinder. */
struct unwinder {
  int (*raise)(struct head *h), (*raise_again)(struct head *h);
  void (*end)(struct head *h);
  uintptr_t (*table)(void *context), (*start)(void *context), (*ip)(void *context, int *exact);
  void (*set_register)(void *context, int number, uintptr_t value);
  void (*set_ip)(void *context, uintptr_t ip);
};

struct exception {
  struct head head; /* first: all that others know */
  const void *tag;
  uint64_t value;
  struct unwinder unwinder;
};

static const uint64_t own_class = UINT64_C(0x4b494c4e54414700); /* "KILNTAG\0": vendor, language */

/* ---- the unwinder ---- */

extern int _Unwind_RaiseException(struct head *h) __attribute__((weak));
extern int _Unwind_Resume_or_Rethrow(struct head *h) __attribute__((weak));
extern void _Unwind_DeleteException(struct head *h) __attribute__((weak));
extern uintptr_t _Unwind_GetLanguageSpecificData(void *context) __attribute__((weak));
extern uintptr_t _Unwind_GetRegionStart(void *context) __attribute__((weak));
extern uintptr_t _Unwind_GetIPInfo(void *context, int *exact) __attribute__((weak));
extern void _Unwind_SetGR(void *context, int number, uintptr_t value) __attribute__((weak));
extern void _Unwind_SetIP(void *context, uintptr_t ip) __attribute__((weak));

/* Finds the functions: those that are linked, else those of the library that the JIT has, too. False: there are none.
 * A library that was loaded stays. */
static bool find(struct unwinder *u) {
  *u = (struct unwinder){_Unwind_RaiseException,  _Unwind_Resume_or_Rethrow,
                         _Unwind_DeleteException, _Unwind_GetLanguageSpecificData,
                         _Unwind_GetRegionStart,  _Unwind_GetIPInfo,
                         _Unwind_SetGR,           _Unwind_SetIP};
  if (u->raise != NULL && u->raise_again != NULL && u->end != NULL && u->table != NULL &&
      u->start != NULL && u->ip != NULL && u->set_register != NULL && u->set_ip != NULL)
    return true;
  void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return false;
  /* converted as dlsym's manual says */
  *(void **)&u->raise = dlsym(library, "_Unwind_RaiseException");
  *(void **)&u->raise_again = dlsym(library, "_Unwind_Resume_or_Rethrow");
  *(void **)&u->end = dlsym(library, "_Unwind_DeleteException");
  *(void **)&u->table = dlsym(library, "_Unwind_GetLanguageSpecificData");
  *(void **)&u->start = dlsym(library, "_Unwind_GetRegionStart");
  *(void **)&u->ip = dlsym(library, "_Unwind_GetIPInfo");
  *(void **)&u->set_register = dlsym(library, "_Unwind_SetGR");
  *(void **)&u->set_ip = dlsym(library, "_Unwind_SetIP");
  return u->raise != NULL && u->raise_again != NULL && u->end != NULL && u->table != NULL &&
         u->start != NULL && u->ip != NULL && u->set_register != NULL && u->set_ip != NULL;
}

static bool is_own(const struct head *h) { return h->class == own_class; }

/* The same for what is done with an exception; ours know them. */
static bool find_for(const struct head *h, struct unwinder *u) {
  if (!is_own(h)) return find(u);
  *u = ((const struct exception *)h)->unwinder;
  return true;
}

/* ---- throw, handlers ---- */

/* The unwinder calls this when others end an exception of ours. */
static void clean_up(int reason, struct head *h) {
  (void)reason;
  free(h);
}

kiln_status kiln_throw(const void *tag, uint64_t value) {
  struct unwinder u;
  if (tag == NULL) return KILN_ERR_ARGUMENT;
  if (!find(&u)) return KILN_ERR_UNSUPPORTED;
  struct exception *e = NULL;
  if (posix_memalign((void **)&e, _Alignof(struct exception), sizeof *e) != 0)
    return KILN_ERR_MEMORY;
  *e = (struct exception){{own_class, clean_up, {0, 0}}, tag, value, u};
  u.raise(&e->head);
  free(e); /* it came back: nothing was unwound */
  return KILN_ERR_STRUCTURE;
}

kiln_status kiln_rethrow(void *exception) {
  struct unwinder u;
  if (exception == NULL) return KILN_ERR_ARGUMENT;
  if (!find_for(exception, &u)) return KILN_ERR_UNSUPPORTED;
  u.raise_again(exception);
  return KILN_ERR_STRUCTURE;
}

const void *kiln_exception_tag(const void *exception) {
  return exception != NULL && is_own(exception) ? ((const struct exception *)exception)->tag : NULL;
}

uint64_t *kiln_exception_value(void *exception) {
  return exception != NULL && is_own(exception) ? &((struct exception *)exception)->value : NULL;
}

void kiln_exception_free(void *exception) {
  struct unwinder u;
  if (exception != NULL && find_for(exception, &u)) u.end(exception);
}

/* ---- the table of a function ---- */

enum { ENCODING_OMIT = 0xff, ENCODING_PCREL = 0x10, ENCODING_INDIRECT = 0x80 };

static uint64_t uleb(const uint8_t **at) {
  uint64_t v = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t byte = *(*at)++;
    if (shift < 64) v |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return v;
  }
}

static int64_t sleb(const uint8_t **at) {
  uint64_t v = 0;
  for (unsigned shift = 0;;) {
    const uint8_t byte = *(*at)++;
    if (shift < 64) v |= (uint64_t)(byte & 127) << shift;
    shift += 7;
    if (byte >= 128) continue;
    return (int64_t)(byte & 64 && shift < 64 ? v | ~UINT64_C(0) << shift : v);
  }
}

/* Bytes of a value of fixed size; 0: it is none, or the encoding is unknown. */
static unsigned size_of(unsigned encoding) {
  static const uint8_t sizes[16] = {[0x0] = 8, [0x2] = 2, [0x3] = 4, [0x4] = 8,
                                    [0xa] = 2, [0xb] = 4, [0xc] = 8};
  return sizes[encoding & 15];
}

/* An address or a length: as it is, or relative to its own place; there itself, or in a word that it leads to. */
static uint64_t encoded(const uint8_t **at, unsigned encoding) {
  const uint8_t *from = *at;
  const unsigned size = size_of(encoding);
  uint64_t v = 0;
  if (size == 0) v = uleb(at);
  else memcpy(&v, from, size); /* little-endian, as all targets */
  *at += size;
  if (encoding & 8 && size != 0 && size < 8)
    v = (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
  if (v != 0 && (encoding & 0x70) == ENCODING_PCREL) v += (uintptr_t)from;
  return v != 0 && encoding & ENCODING_INDIRECT ? *(const uint64_t *)(uintptr_t)v : v;
}

struct table {
  uint64_t pads; /* what pads are relative to */
  const uint8_t *types;
  unsigned type_encoding, encoding;
  const uint8_t *sites, *actions;
};

/* False: Kiln writes no such table. */
static bool read_table(const uint8_t *at, uint64_t start, struct table *t) {
  const unsigned pads = *at++;
  t->pads = pads != ENCODING_OMIT ? encoded(&at, pads) : start;
  t->type_encoding = *at++;
  t->types = NULL;
  if (t->type_encoding != ENCODING_OMIT) {
    const uint64_t offset = uleb(&at);
    t->types = at + offset;
    if (size_of(t->type_encoding) == 0) return false;
  }
  t->encoding = *at++;
  const uint64_t length = uleb(&at);
  t->sites = at;
  t->actions = at + length;
  return (t->encoding & 15) == 1 || size_of(t->encoding) != 0;
}

static uint64_t type_at(const struct table *t, uint64_t number) {
  const uint8_t *at = t->types - number * size_of(t->type_encoding);
  return encoded(&at, t->type_encoding);
}

/* Whether a filter, of a negative number, lets the exception pass: it has one of its types. */
static bool is_listed(const struct table *t, int64_t filter, const void *tag) {
  const uint8_t *at = t->types - filter - 1;
  for (uint64_t number; (number = uleb(&at)) != 0;) {
    const uint64_t type = type_at(t, number);
    if (type == 0 || (tag != NULL && type == (uintptr_t)tag)) return true;
  }
  return false;
}

enum { NOT_TAKEN = -1, CLEANUP, HANDLER };

/* What the actions from `at` on do with an exception; `*selector`: of the clause. `forced`: only a cleanup takes it. */
static int find_action(const struct table *t, const uint8_t *at, const void *tag, bool forced,
                       int64_t *selector) {
  for (;;) {
    *selector = sleb(&at);
    const uint8_t *next = at;
    const int64_t distance = sleb(&at);
    if (*selector == 0) return CLEANUP;
    if (!forced && t->types != NULL) {
      const uint64_t type = *selector > 0 ? type_at(t, (uint64_t)*selector) : 0;
      if (*selector < 0 ? !is_listed(t, *selector, tag)
                        : type == 0 || (tag != NULL && type == (uintptr_t)tag))
        return HANDLER;
    }
    if (distance == 0) return NOT_TAKEN;
    at = next + distance;
  }
}

int32_t kiln_personality(int32_t version, int32_t actions, uint64_t exception_class,
                         void *exception, void *context) {
  enum { SEARCH = 1, FORCED = 8 }; /* of actions */
  enum { FATAL_PHASE2 = 2, FATAL_PHASE1, FOUND = 6, INSTALL, CONTINUE };
  (void)exception_class;
  struct unwinder u;
  const int failed = actions & SEARCH ? FATAL_PHASE1 : FATAL_PHASE2;
  if (version != 1 || !find_for(exception, &u)) return failed;
  const uint8_t *at = (const uint8_t *)u.table(context);
  if (at == NULL) return CONTINUE;
  int exact = 0; /* else the address is that of the return, after the call */
  const uint64_t start = u.start(context), ip = u.ip(context, &exact) - !exact;
  struct table t;
  if (!read_table(at, start, &t)) return failed;
  for (at = t.sites; at < t.actions;) {
    const uint64_t from = start + encoded(&at, t.encoding), size = encoded(&at, t.encoding);
    const uint64_t pad = encoded(&at, t.encoding), action = uleb(&at);
    if (ip - from >= size) continue;
    if (pad == 0) return CONTINUE;
    int64_t selector = 0;
    int does = CLEANUP;
    if (action != 0)
      does = find_action(&t, t.actions + action - 1, kiln_exception_tag(exception),
                         (actions & FORCED) != 0, &selector);
    if (does == NOT_TAKEN || (actions & SEARCH && does == CLEANUP)) return CONTINUE;
    if (actions & SEARCH) return FOUND;
    u.set_register(context, __builtin_eh_return_data_regno(0), (uintptr_t)exception);
    u.set_register(context, __builtin_eh_return_data_regno(1), (uint64_t)selector);
    u.set_ip(context, t.pads + pad);
    return INSTALL;
  }
  return failed; /* an exception from a call that is said not to unwind */
}

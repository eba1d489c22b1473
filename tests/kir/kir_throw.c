/* Exceptions for the .kir tests, linked into their program, and for generated programs (fuzz/): host functions that
 * throw, and a personality, so that no language's library is needed. A type is an address; a clause takes the
 * exceptions of its own address alone. On the interpreter the host functions throw by its API. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

#include "../../base/leb128.h"

static _Noreturn void wrong(const char *what) {
  fprintf(stderr, "exceptions: %s\n", what);
  abort();
}

struct thrown {
  struct _Unwind_Exception head; /* the first member: what landing pads get */
  const void *type;
  int64_t value;
};

static const uint64_t kir_class = UINT64_C(0x4b494c4e54455354);

/* tests/kir/kir_interp_host.c, not there if the files are compiled; fuzz/host.c. Returns if nothing is interpreted. */
__attribute__((weak)) void kir_interp_throw(void *exception, const void *type);

void kir_rethrow(struct thrown *e);
void kir_throw(const void *type, int64_t value);
int64_t kir_maybe(const void *type, int64_t value);
int64_t kir_value(const struct thrown *e);
void kir_drop(struct thrown *e);
int64_t kir_catch(struct thrown *e);
_Unwind_Reason_Code kir_personality(int version, _Unwind_Action actions, uint64_t class,
                                    struct _Unwind_Exception *e, struct _Unwind_Context *context);

/* Throws an exception again that was caught. */
void kir_rethrow(struct thrown *e) {
  if (kir_interp_throw) kir_interp_throw(e, e->type);
  _Unwind_RaiseException(&e->head);
  wrong("nobody takes it");
}

void kir_throw(const void *type, int64_t value) {
  struct thrown *e = calloc(1, sizeof *e);
  e->head.exception_class = kir_class;
  e->type = type;
  e->value = value;
  kir_rethrow(e);
}

/* Throws if there is a type; else gives value + 1. */
int64_t kir_maybe(const void *type, int64_t value) {
  if (type) kir_throw(type, value);
  return value + 1;
}

int64_t kir_value(const struct thrown *e) { return e->value; }
void kir_drop(struct thrown *e) { free(e); }

/* Gives the value and frees the exception. */
int64_t kir_catch(struct thrown *e) {
  int64_t value = e->value;
  free(e);
  return value;
}

/* ---- the personality ---- */

static unsigned encoded_size(unsigned encoding) {
  switch (encoding & 15) {
  case 0x2:
  case 0xa: return 2;
  case 0x3:
  case 0xb: return 4;
  case 0x0:
  case 0x4:
  case 0xc: return 8;
  default: wrong("an unknown encoding");
  }
}

/* An address or offset in one of DWARF's encodings for exceptions. */
static uint64_t encoded(const uint8_t **at, unsigned encoding) {
  const uint8_t *from = *at;
  uint64_t v = 0;
  if ((encoding & 15) == 1) {
    v = kn_uleb128(at, NULL);
  } else if ((encoding & 15) == 9) {
    v = (uint64_t)kn_sleb128(at, NULL);
  } else {
    unsigned size = encoded_size(encoding);
    for (unsigned i = 0; i < size; i++) v |= (uint64_t)from[i] << 8 * i;
    if (encoding & 8 && size < 8)
      v = (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
    *at += size;
  }
  if (v == 0) return 0;
  if ((encoding & 0x70) == 0x10) v += (uintptr_t)from;
  else if ((encoding & 0x70) != 0) wrong("an unknown encoding");
  return encoding & 0x80 ? *(const uint64_t *)v : v;
}

/* The table of types and filters of a function. */
struct types {
  const uint8_t *base;
  unsigned encoding;
};

static int is_type(const struct types *t, int64_t index, const void *type) {
  const uint8_t *at = t->base - index * encoded_size(t->encoding);
  uint64_t address = encoded(&at, t->encoding);
  return address == 0 || address == (uintptr_t)type;
}

/* The selector of the first action that takes `type`: 0 for a cleanup. False: none does. */
static int find_action(const struct types *t, const uint8_t *action, const void *type,
                       int64_t *selector) {
  for (;;) {
    const uint8_t *next;
    int64_t filter = *selector = kn_sleb128(&action, NULL), step;
    if (filter == 0) return 1;
    if (filter > 0 && is_type(t, filter, type)) return 1;
    if (filter < 0) {
      const uint8_t *list = t->base - filter - 1;
      uint64_t index;
      int among = 0;
      while ((index = kn_uleb128(&list, NULL)) != 0) among |= is_type(t, (int64_t)index, type);
      if (!among) return 1;
    }
    next = action;
    step = kn_sleb128(&next, NULL);
    if (step == 0) return 0;
    action += step;
  }
}

_Unwind_Reason_Code kir_personality(int version, _Unwind_Action actions, uint64_t class,
                                    struct _Unwind_Exception *e, struct _Unwind_Context *context) {
  const uint8_t *at = (const uint8_t *)_Unwind_GetLanguageSpecificData(context);
  if (version != 1) return _URC_FATAL_PHASE1_ERROR;
  if (!at) return _URC_CONTINUE_UNWIND; /* a function without tries */
  int before = 0;
  uint64_t ip = _Unwind_GetIPInfo(context, &before) - !before;
  uint64_t start = _Unwind_GetRegionStart(context), pads = start;
  struct types types = {0};
  unsigned encoding = *at++;
  if (encoding != 0xff) pads = encoded(&at, encoding);
  types.encoding = *at++;
  if (types.encoding != 0xff) {
    uint64_t offset = kn_uleb128(&at, NULL);
    types.base = at + offset;
  }
  encoding = *at++;
  uint64_t length = kn_uleb128(&at, NULL);
  const uint8_t *table = at + length;
  while (at < table) {
    uint64_t from = start + encoded(&at, encoding), size = encoded(&at, encoding);
    uint64_t pad = encoded(&at, encoding), action = kn_uleb128(&at, NULL);
    if (ip < from || ip >= from + size) continue;
    int64_t selector = 0;
    const void *type = class == kir_class ? ((const struct thrown *)e)->type : NULL;
    if (pad == 0) return _URC_CONTINUE_UNWIND;
    if (action != 0 && !find_action(&types, table + action - 1, type, &selector))
      return _URC_CONTINUE_UNWIND;
    if (actions & _UA_SEARCH_PHASE)
      return selector != 0 ? _URC_HANDLER_FOUND : _URC_CONTINUE_UNWIND;
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (uintptr_t)e);
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), (uint64_t)selector);
    _Unwind_SetIP(context, pads + pad);
    return _URC_INSTALL_CONTEXT;
  }
  wrong("a call without an entry in the table");
}

/* Exceptions of Clay programs: throw, and the personality, which the unwinder asks about each frame of compiled code
 * that has a try. It reads the table that Kiln wrote for the function (the language-specific data area of the C++
 * ABI). An exception is caught by a type if it has that type's address. The collector frees the exceptions that no
 * frame refers to any more. */
#include "runtime.h"

#include <stdlib.h>

const char clay_type_int, clay_type_float, clay_type_bool, clay_type_str;

static const uint64_t class_of_clay = UINT64_C(0x4b494c4e434c4159);

void clay_throw(clay_cell value, const char *type, int64_t code, CLAY_PLACE) {
  struct clay_exception *e = clay_need(calloc(1, sizeof *e));
  e->head.exception_class = class_of_clay;
  e->type = type;
  e->value = value;
  e->is_reference = code < 0 || code == CLAY_STR;
  clay_add_exception(e);
  _Unwind_RaiseException(&e->head);
  /* It came back: nobody catches it, and nothing has been unwound. */
  clay_fail_thrown(value, code, file, place);
}

clay_cell clay_caught(const struct clay_exception *e) { return e->value; }

/* ---- the table ---- */

static uint64_t uleb(const uint8_t **at) {
  uint64_t v = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *(*at)++;
    v |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return v;
  }
}

static int64_t sleb(const uint8_t **at) {
  uint64_t v = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *(*at)++;
    v |= (uint64_t)(byte & 127) << shift;
    if (byte >= 128) continue;
    return (int64_t)(byte & 64 && shift + 7 < 64 ? v | ~UINT64_C(0) << (shift + 7) : v);
  }
}

/* Bytes of a value in one of DWARF's encodings of fixed size. */
static unsigned encoded_size(unsigned encoding) {
  static const uint8_t sizes[16] = {[0x0] = 8, [0x2] = 2, [0x3] = 4, [0x4] = 8,
                                    [0xa] = 2, [0xb] = 4, [0xc] = 8};
  if (sizes[encoding & 15] == 0) abort();
  return sizes[encoding & 15];
}

/* An address or a length: as it is or relative to its own place, there itself or in a word that it leads to. */
static uint64_t encoded(const uint8_t **at, unsigned encoding) {
  const uint8_t *from = *at;
  uint64_t v = 0;
  if ((encoding & 15) == 1) {
    v = uleb(at);
  } else {
    unsigned size = encoded_size(encoding);
    for (unsigned i = 0; i < size; i++) v |= (uint64_t)from[i] << 8 * i;
    if (encoding & 8 && size < 8)
      v = (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
    *at += size;
  }
  if (v != 0 && (encoding & 0x70) == 0x10) v += (uintptr_t)from;
  return v != 0 && encoding & 0x80 ? *(const uint64_t *)(uintptr_t)v : v;
}

/* The selector of the first action that takes the exception, 0 for a cleanup; -1: none does. Clay has no filters. */
static int64_t find_action(const uint8_t *action, const uint8_t *types, unsigned encoding,
                           const char *type) {
  for (;;) {
    int64_t selector = sleb(&action);
    if (selector <= 0) return selector;
    const uint8_t *at = types - selector * encoded_size(encoding);
    if (type != NULL && encoded(&at, encoding) == (uintptr_t)type) return selector;
    at = action;
    int64_t next = sleb(&at);
    if (next == 0) return -1;
    action += next;
  }
}

_Unwind_Reason_Code clay_find_handler(int version, _Unwind_Action actions,
                                      _Unwind_Exception_Class class, struct _Unwind_Exception *e,
                                      struct _Unwind_Context *context) {
  const uint8_t *at = (const uint8_t *)(uintptr_t)_Unwind_GetLanguageSpecificData(context),
                *types = NULL;
  if (version != 1) return _URC_FATAL_PHASE1_ERROR;
  if (at == NULL) return _URC_CONTINUE_UNWIND;
  int exact = 0; /* else the address is that of the return, after the call */
  uint64_t ip = _Unwind_GetIPInfo(context, &exact);
  if (!exact) ip--;
  uint64_t start = _Unwind_GetRegionStart(context), pads = start;
  unsigned encoding = *at++;
  if (encoding != 0xff) pads = encoded(&at, encoding);
  unsigned type_encoding = *at++;
  if (type_encoding != 0xff) {
    uint64_t offset = uleb(&at);
    types = at + offset;
  }
  encoding = *at++;
  uint64_t length = uleb(&at);
  const uint8_t *actions_at = at + length;
  while (at < actions_at) {
    uint64_t from = start + encoded(&at, encoding), size = encoded(&at, encoding);
    uint64_t pad = encoded(&at, encoding), action = uleb(&at);
    if (ip < from || ip >= from + size) continue;
    int64_t selector = 0;
    const char *type = class == class_of_clay ? ((const struct clay_exception *)e)->type : NULL;
    if (pad != 0 && action != 0)
      selector = find_action(actions_at + action - 1, types, type_encoding, type);
    if (pad == 0 || selector < 0) return _URC_CONTINUE_UNWIND;
    if (actions & _UA_SEARCH_PHASE) return selector > 0 ? _URC_HANDLER_FOUND : _URC_CONTINUE_UNWIND;
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (uintptr_t)e);
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), (uint64_t)selector);
    _Unwind_SetIP(context, pads + pad);
    return _URC_INSTALL_CONTEXT;
  }
  abort(); /* an exception from a call that is said not to unwind */
}

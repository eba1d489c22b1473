/* Frequent entries of debugging information, made by the calls of <kiln/debug.h>. Called by front ends. Invariant: the
 * list of a record's members has the number before the record's, so that its members can be told later. */
#include <kiln/debug.h>

#include <string.h>

/* DWARF 5, 7.5.3 and 7.5.4. */
enum {
  TAG_ARRAY_TYPE = 0x01,
  TAG_ENUMERATION_TYPE = 0x04,
  TAG_FORMAL_PARAMETER = 0x05,
  TAG_LEXICAL_BLOCK = 0x0b,
  TAG_MEMBER = 0x0d,
  TAG_POINTER_TYPE = 0x0f,
  TAG_COMPILE_UNIT = 0x11,
  TAG_SUBROUTINE_TYPE = 0x15,
  TAG_TYPEDEF = 0x16,
  TAG_SUBRANGE_TYPE = 0x21,
  TAG_BASE_TYPE = 0x24,
  TAG_ENUMERATOR = 0x28,
  TAG_SUBPROGRAM = 0x2e,
  TAG_VARIABLE = 0x34,
  AT_NAME = 0x03,
  AT_BYTE_SIZE = 0x0b,
  AT_BIT_SIZE = 0x0d,
  AT_LANGUAGE = 0x13,
  AT_COMP_DIR = 0x1b,
  AT_CONST_VALUE = 0x1c,
  AT_INLINE = 0x20,
  AT_PRODUCER = 0x25,
  AT_PROTOTYPED = 0x27,
  AT_COUNT = 0x37,
  AT_DATA_MEMBER_LOCATION = 0x38,
  AT_DECL_FILE = 0x3a,
  AT_DECL_LINE = 0x3b,
  AT_ENCODING = 0x3e,
  AT_EXTERNAL = 0x3f,
  AT_TYPE = 0x49,
  AT_DATA_BIT_OFFSET = 0x6b,
  AT_LINKAGE_NAME = 0x6e,
  INL_INLINED = 1
};

static const kiln_die none = {0};

static void string(kiln_debug *d, unsigned name, const char *text) {
  if (text != NULL) kiln_die_string(d, name, text, strlen(text));
}

/* The set's next number. */
static kiln_die next(const kiln_debug *d) {
  uint32_t n = kiln_debug_count(d);
  return kiln_die_at(d, n != 0 ? n : 1);
}

kiln_die kiln_die_new(kiln_debug *d, unsigned tag, kiln_die parent) {
  kiln_die e = next(d);
  kiln_die_begin(d, e, tag, parent);
  return e;
}

/* ---- units and types ---- */

kiln_die kiln_die_file(kiln_debug *d, const char *folder, const char *name) {
  kiln_die e = kiln_die_new(d, KILN_TAG_FILE, none);
  string(d, AT_NAME, name);
  string(d, AT_COMP_DIR, folder);
  return e;
}

kiln_die kiln_die_unit(kiln_module *m, kiln_die file, const char *producer, unsigned language) {
  kiln_debug *d = kiln_module_debug(m);
  kiln_die e = kiln_die_new(d, TAG_COMPILE_UNIT, none);
  kiln_debug_unit(m, e);
  string(d, AT_PRODUCER, producer);
  kiln_die_uint(d, AT_LANGUAGE, language);
  kiln_die_ref(d, AT_DECL_FILE, file);
  return e;
}

kiln_die kiln_die_base(kiln_debug *d, const char *name, unsigned encoding, uint64_t size_bytes) {
  kiln_die e = kiln_die_new(d, TAG_BASE_TYPE, none);
  string(d, AT_NAME, name);
  kiln_die_uint(d, AT_ENCODING, encoding);
  kiln_die_uint(d, AT_BYTE_SIZE, size_bytes);
  return e;
}

kiln_die kiln_die_pointer(kiln_debug *d, kiln_die to) {
  kiln_die e = kiln_die_modified(d, TAG_POINTER_TYPE, to);
  kiln_die_uint(d, AT_BYTE_SIZE, 8);
  return e;
}

kiln_die kiln_die_modified(kiln_debug *d, unsigned tag, kiln_die type) {
  kiln_die e = kiln_die_new(d, tag, none);
  kiln_die_ref(d, AT_TYPE, type);
  return e;
}

kiln_die kiln_die_typedef(kiln_debug *d, kiln_die parent, const char *name, kiln_die type) {
  kiln_die e = kiln_die_new(d, TAG_TYPEDEF, parent);
  string(d, AT_NAME, name);
  kiln_die_ref(d, AT_TYPE, type);
  return e;
}

kiln_die kiln_die_array(kiln_debug *d, kiln_die element, kiln_die index, uint64_t count) {
  kiln_die range = kiln_die_modified(d, TAG_SUBRANGE_TYPE, index);
  kiln_die_uint(d, AT_COUNT, count);
  kiln_die list = next(d);
  kiln_die_list(d, list, &range, 1);
  kiln_die e = kiln_die_modified(d, TAG_ARRAY_TYPE, element);
  kiln_die_children(d, list);
  return e;
}

kiln_die kiln_die_record(kiln_debug *d, unsigned tag, kiln_die parent, const char *name,
                         uint64_t size_bytes) {
  uint32_t n = kiln_debug_count(d);
  kiln_die list = next(d), e = kiln_die_at(d, (n != 0 ? n : 1) + 1);
  kiln_die_begin(d, e, tag, parent);
  string(d, AT_NAME, name);
  kiln_die_uint(d, AT_BYTE_SIZE, size_bytes);
  kiln_die_children(d, list);
  return e;
}

void kiln_die_members(kiln_debug *d, kiln_die record, const kiln_member *members, uint32_t n) {
  if (record.id == 0 || (members == NULL && n != 0)) return;
  kiln_die_list(d, (kiln_die){record.id - 1}, NULL, 0); /* ids of a set count as its numbers do */
  for (uint32_t i = 0; i < n; i++) {
    const kiln_member *m = &members[i];
    kiln_die_list_add(d, kiln_die_new(d, TAG_MEMBER, record));
    string(d, AT_NAME, m->name);
    kiln_die_ref(d, AT_TYPE, m->type);
    if (m->bits != 0) {
      kiln_die_uint(d, AT_BIT_SIZE, m->bits);
      kiln_die_uint(d, AT_DATA_BIT_OFFSET, m->offset_bits);
    } else {
      kiln_die_uint(d, AT_DATA_MEMBER_LOCATION, m->offset_bytes);
    }
  }
}

kiln_die kiln_die_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                       uint64_t size_bytes, const kiln_enumerator *items, uint32_t n) {
  if (items == NULL && n != 0) return none;
  kiln_die list = next(d);
  kiln_die_list(d, list, NULL, 0);
  for (uint32_t i = 0; i < n; i++) {
    kiln_die_list_add(d, kiln_die_new(d, TAG_ENUMERATOR, none));
    string(d, AT_NAME, items[i].name);
    kiln_die_int(d, AT_CONST_VALUE, items[i].value);
  }
  kiln_die e = kiln_die_new(d, TAG_ENUMERATION_TYPE, parent);
  string(d, AT_NAME, name);
  kiln_die_ref(d, AT_TYPE, type);
  kiln_die_uint(d, AT_BYTE_SIZE, size_bytes);
  kiln_die_children(d, list);
  return e;
}

kiln_die kiln_die_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                uint32_t n) {
  if (params == NULL && n != 0) return none;
  kiln_die list = next(d);
  kiln_die_list(d, list, &result, 1);
  for (uint32_t i = 0; i < n; i++) kiln_die_list_add(d, params[i]);
  kiln_die e = kiln_die_new(d, TAG_SUBROUTINE_TYPE, none);
  kiln_die_flag(d, AT_PROTOTYPED);
  kiln_die_signature(d, list);
  return e;
}

/* ---- functions and variables ---- */

static kiln_die declare(kiln_debug *d, unsigned tag, kiln_die parent,
                        const kiln_declaration *what) {
  if (what == NULL) return none;
  kiln_die e = kiln_die_new(d, tag, parent);
  string(d, AT_NAME, what->name);
  string(d, AT_LINKAGE_NAME, what->linkage);
  kiln_die_ref(d, AT_DECL_FILE, what->file);
  if (what->line != 0) kiln_die_uint(d, AT_DECL_LINE, what->line);
  if (what->external) kiln_die_flag(d, AT_EXTERNAL);
  return e;
}

kiln_die kiln_die_function(kiln_debug *d, kiln_die parent, const kiln_declaration *what,
                           bool is_inline) {
  kiln_die e = declare(d, TAG_SUBPROGRAM, parent, what);
  if (e.id == 0) return e;
  kiln_die_flag(d, AT_PROTOTYPED);
  kiln_die_typed(d, what->type);
  if (is_inline) kiln_die_uint(d, AT_INLINE, INL_INLINED);
  return e;
}

static kiln_die variable(kiln_debug *d, unsigned tag, kiln_die parent,
                         const kiln_declaration *what) {
  kiln_die e = declare(d, tag, parent, what);
  if (e.id != 0) kiln_die_ref(d, AT_TYPE, what->type);
  return e;
}

kiln_die kiln_die_parameter(kiln_debug *d, kiln_die function, const kiln_declaration *what) {
  return variable(d, TAG_FORMAL_PARAMETER, function, what);
}

kiln_die kiln_die_variable(kiln_debug *d, kiln_die scope, const kiln_declaration *what) {
  return variable(d, TAG_VARIABLE, scope, what);
}

kiln_die kiln_die_block_scope(kiln_debug *d, kiln_die scope) {
  return kiln_die_new(d, TAG_LEXICAL_BLOCK, scope);
}

kiln_die kiln_die_global(kiln_module *m, kiln_die unit, const kiln_declaration *what,
                         kiln_symbol symbol) {
  kiln_die e = variable(kiln_module_debug(m), TAG_VARIABLE, unit, what);
  if (e.id == 0) return e;
  kiln_debug_global(m, e, symbol, NULL, 0);
  kiln_debug_keep(m, unit, e);
  return e;
}

/* ---- expressions ---- */

static void push(kiln_expr *e, const uint8_t *bytes, uint32_t n) {
  if (e == NULL) return;
  if (e->full || n > sizeof e->bytes - e->n) {
    e->full = true;
    return;
  }
  memcpy(e->bytes + e->n, bytes, n);
  e->n += n;
}

void kiln_expr_op(kiln_expr *e, unsigned op) {
  uint8_t b = (uint8_t)op;
  push(e, &b, 1);
}

void kiln_expr_uint(kiln_expr *e, unsigned op, uint64_t operand) {
  uint8_t b[11] = {(uint8_t)op};
  uint32_t n = 1;
  for (; operand > 0x7f; operand >>= 7) b[n++] = (uint8_t)(operand | 0x80);
  b[n++] = (uint8_t)operand;
  push(e, b, n);
}

void kiln_expr_int(kiln_expr *e, unsigned op, int64_t operand) {
  uint8_t b[11] = {(uint8_t)op};
  uint32_t n = 1;
  for (; operand < -64 || operand > 63; operand >>= 7) b[n++] = (uint8_t)(operand | 0x80);
  b[n++] = (uint8_t)(operand & 0x7f);
  push(e, b, n);
}

/* Frequent entries of debugging information, made by the calls of <kiln/debug.h>. Called by front ends. Invariant: the
 * list of a record's members has the number before the record's, so that its members can be told later. */
#include "base/bytes.h"

#include <kiln/debug_entries.h>
#include <kiln/dwarf.h>

#include <string.h>

static const kiln_die none = {0};

static void string(kiln_debug *d, unsigned name, const char *text) {
  if (text != NULL) kiln_die_set_string(d, name, text, strlen(text));
}

/* The set's next number. */
static kiln_die next(const kiln_debug *d) {
  uint32_t n = kiln_debug_die_limit(d);
  return kiln_die_at(d, n != 0 ? n : 1);
}

kiln_die kiln_die_new(kiln_debug *d, unsigned tag, kiln_die parent) {
  kiln_die e = next(d);
  kiln_die_begin(d, e, tag, parent);
  return e;
}

/* ---- units and types ---- */

kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name) {
  kiln_die e = kiln_die_new(d, KILN_DIE_TAG_FILE, none);
  string(d, KILN_DW_AT_name, name);
  string(d, KILN_DW_AT_comp_dir, folder);
  return e;
}

kiln_die kiln_die_new_unit(kiln_debug *d, kiln_die file, const char *producer, uint32_t language) {
  kiln_die e = kiln_die_new(d, KILN_DW_TAG_compile_unit, none);
  kiln_debug_add_unit(d, e);
  string(d, KILN_DW_AT_producer, producer);
  kiln_die_set_uint(d, KILN_DW_AT_language, language);
  kiln_die_set_ref(d, KILN_DW_AT_decl_file, file);
  return e;
}

kiln_die kiln_die_new_base_type(kiln_debug *d, const char *name, unsigned encoding,
                                uint64_t size_bytes) {
  kiln_die e = kiln_die_new(d, KILN_DW_TAG_base_type, none);
  string(d, KILN_DW_AT_name, name);
  kiln_die_set_uint(d, KILN_DW_AT_encoding, encoding);
  kiln_die_set_uint(d, KILN_DW_AT_byte_size, size_bytes);
  return e;
}

kiln_die kiln_die_new_pointer_type(kiln_debug *d, kiln_die to) {
  kiln_die e = kiln_die_new_modified_type(d, KILN_DW_TAG_pointer_type, to);
  kiln_die_set_uint(d, KILN_DW_AT_byte_size, 8);
  return e;
}

kiln_die kiln_die_new_modified_type(kiln_debug *d, unsigned tag, kiln_die type) {
  kiln_die e = kiln_die_new(d, tag, none);
  kiln_die_set_ref(d, KILN_DW_AT_type, type);
  return e;
}

kiln_die kiln_die_new_typedef(kiln_debug *d, kiln_die parent, const char *name, kiln_die type) {
  kiln_die e = kiln_die_new(d, KILN_DW_TAG_typedef, parent);
  string(d, KILN_DW_AT_name, name);
  kiln_die_set_ref(d, KILN_DW_AT_type, type);
  return e;
}

kiln_die kiln_die_new_array_type(kiln_debug *d, kiln_die element, kiln_die index, uint64_t count) {
  kiln_die range = kiln_die_new_modified_type(d, KILN_DW_TAG_subrange_type, index);
  kiln_die_set_uint(d, KILN_DW_AT_count, count);
  kiln_die list = next(d);
  kiln_die_begin_list(d, list, &range, 1);
  kiln_die e = kiln_die_new_modified_type(d, KILN_DW_TAG_array_type, element);
  kiln_die_set_children(d, list);
  return e;
}

kiln_die kiln_die_new_record(kiln_debug *d, unsigned tag, kiln_die parent, const char *name,
                             uint64_t size_bytes) {
  uint32_t n = kiln_debug_die_limit(d);
  kiln_die list = next(d), e = kiln_die_at(d, (n != 0 ? n : 1) + 1);
  kiln_die_begin(d, e, tag, parent);
  string(d, KILN_DW_AT_name, name);
  kiln_die_set_uint(d, KILN_DW_AT_byte_size, size_bytes);
  kiln_die_set_children(d, list);
  return e;
}

void kiln_die_set_members(kiln_debug *d, kiln_die record, const kiln_die_member *members,
                          uint32_t n) {
  if (record.id == 0 || (members == NULL && n != 0)) return;
  kiln_die_begin_list(d, (kiln_die){record.id - 1}, NULL,
                      0); /* ids of a set count as its numbers do */
  for (uint32_t i = 0; i < n; i++) {
    const kiln_die_member *m = &members[i];
    kiln_die_append(d, kiln_die_new(d, KILN_DW_TAG_member, record));
    string(d, KILN_DW_AT_name, m->name);
    kiln_die_set_ref(d, KILN_DW_AT_type, m->type);
    if (m->bits != 0) {
      kiln_die_set_uint(d, KILN_DW_AT_bit_size, m->bits);
      kiln_die_set_uint(d, KILN_DW_AT_data_bit_offset, m->offset_bits);
    } else {
      kiln_die_set_uint(d, KILN_DW_AT_data_member_location, m->offset_bytes);
    }
  }
}

kiln_die kiln_die_new_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                           uint64_t size_bytes, const kiln_die_enumerator *items, uint32_t n) {
  if (items == NULL && n != 0) return none;
  kiln_die list = next(d);
  kiln_die_begin_list(d, list, NULL, 0);
  for (uint32_t i = 0; i < n; i++) {
    kiln_die_append(d, kiln_die_new(d, KILN_DW_TAG_enumerator, none));
    string(d, KILN_DW_AT_name, items[i].name);
    kiln_die_set_int(d, KILN_DW_AT_const_value, items[i].value);
  }
  kiln_die e = kiln_die_new(d, KILN_DW_TAG_enumeration_type, parent);
  string(d, KILN_DW_AT_name, name);
  kiln_die_set_ref(d, KILN_DW_AT_type, type);
  kiln_die_set_uint(d, KILN_DW_AT_byte_size, size_bytes);
  kiln_die_set_children(d, list);
  return e;
}

kiln_die kiln_die_new_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                    uint32_t n) {
  if (params == NULL && n != 0) return none;
  kiln_die list = next(d);
  kiln_die_begin_list(d, list, &result, 1);
  for (uint32_t i = 0; i < n; i++) kiln_die_append(d, params[i]);
  kiln_die e = kiln_die_new(d, KILN_DW_TAG_subroutine_type, none);
  kiln_die_set_flag(d, KILN_DW_AT_prototyped);
  kiln_die_set_signature(d, list);
  return e;
}

/* ---- functions and variables ---- */

static kiln_die declare(kiln_debug *d, unsigned tag, kiln_die parent,
                        const kiln_die_declaration *what) {
  if (what == NULL) return none;
  kiln_die e = kiln_die_new(d, tag, parent);
  string(d, KILN_DW_AT_name, what->name);
  string(d, KILN_DW_AT_linkage_name, what->linkage);
  kiln_die_set_ref(d, KILN_DW_AT_decl_file, what->file);
  if (what->line != 0) kiln_die_set_uint(d, KILN_DW_AT_decl_line, what->line);
  if (what->external) kiln_die_set_flag(d, KILN_DW_AT_external);
  return e;
}

kiln_die kiln_die_new_function(kiln_debug *d, kiln_die parent, const kiln_die_declaration *what,
                               bool is_inline) {
  kiln_die e = declare(d, KILN_DW_TAG_subprogram, parent, what);
  if (e.id == 0) return e;
  kiln_die_set_flag(d, KILN_DW_AT_prototyped);
  kiln_die_set_function_type(d, what->type);
  if (is_inline) kiln_die_set_uint(d, KILN_DW_AT_inline, KILN_DW_INL_inlined);
  return e;
}

static kiln_die variable(kiln_debug *d, unsigned tag, kiln_die parent,
                         const kiln_die_declaration *what) {
  kiln_die e = declare(d, tag, parent, what);
  if (e.id != 0) kiln_die_set_ref(d, KILN_DW_AT_type, what->type);
  return e;
}

kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                const kiln_die_declaration *what) {
  return variable(d, KILN_DW_TAG_formal_parameter, function, what);
}

kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope, const kiln_die_declaration *what) {
  return variable(d, KILN_DW_TAG_variable, scope, what);
}

kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope) {
  return kiln_die_new(d, KILN_DW_TAG_lexical_block, scope);
}

kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit, const kiln_die_declaration *what,
                             kiln_symbol symbol) {
  kiln_die e = variable(d, KILN_DW_TAG_variable, unit, what);
  if (e.id == 0) return e;
  kiln_debug_set_global(d, e, symbol, NULL, 0);
  kiln_debug_keep(d, unit, e);
  return e;
}

/* ---- expressions ---- */

static void push(kiln_debug_expr *e, const uint8_t *bytes, uint32_t n) {
  if (e == NULL) return;
  if (e->full || n > sizeof e->bytes - e->size_bytes) {
    e->full = true;
    e->size_bytes = UINT32_MAX; /* which whatever takes an expression refuses */
    return;
  }
  memcpy(e->bytes + e->size_bytes, bytes, n);
  e->size_bytes += n;
}

void kiln_debug_expr_op(kiln_debug_expr *e, unsigned op) {
  uint8_t b = (uint8_t)op;
  push(e, &b, 1);
}

void kiln_debug_expr_uint(kiln_debug_expr *e, unsigned op, uint64_t operand) {
  uint8_t b[11] = {(uint8_t)op};
  push(e, b, (uint32_t)(kn_put_uleb(b + 1, operand) - b));
}

/* Types, members, enumerators, bounds, template parameters: nodes of debugging metadata become entries. What LLVM
 * writes for each: its DwarfUnit.cpp. Called by debug.c. Invariant: what depends on other nodes (is a type unsigned?
 * is this in the declaration already?) is left to the writer, since those may not have been read. */
#include "debug/debug_node.h"

static const kiln_die none;

static kiln_die index_type(const struct kn_node *x) {
  return kiln_die_at(x->r->debug, KN_BC_INDEX_TYPE);
}

static void alignment(const struct kn_node *x, uint64_t bits) {
  if (bits >= 8) kiln_die_uint(x->d, AT_ALIGNMENT, bits / 8);
}

/* ---- types ---- */

static void basic(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 6);
  kiln_die_begin(x->d, e, tag, none);
  kn_at_string(x, AT_NAME, 2);
  if (tag == TAG_UNSPECIFIED_TYPE) return;
  if (tag != TAG_STRING_TYPE) kiln_die_uint(x->d, AT_ENCODING, kn_op(x, 5));
  kiln_die_uint(x->d, AT_BYTE_SIZE, (kn_op_extent(x, 3, kn_op(x, 0) & 2) + 7) / 8);
  if (flags & FLAG_BIG_ENDIAN) kiln_die_uint(x->d, AT_ENDIANITY, 1);
  else if (flags & FLAG_LITTLE_ENDIAN) kiln_die_uint(x->d, AT_ENDIANITY, 2);
}

/* Where a virtual base is: `offset` bytes before what the table of virtual functions points to is its offset. */
static void virtual_base(const struct kn_node *x, uint64_t offset) {
  uint8_t b[24] = {OP_DUP, OP_DEREF}, *p = kn_put_constu(b + 2, offset);
  *p++ = OP_MINUS;
  *p++ = OP_DEREF;
  *p++ = OP_PLUS;
  kiln_die_expr(x->d, AT_DATA_MEMBER_LOCATION, b, (size_t)(p - b));
}

/* A value known when compiling, if metadata `id` - 1 is one. */
static void constant(const struct kn_node *x, unsigned name, uint64_t id) {
  int64_t v;
  if (kn_op_int(x, id, &v)) kiln_die_int(x->d, name, v);
}

static void member(const struct kn_node *x, unsigned tag, uint64_t flags) {
  bool metadata = kn_op(x, 0) & 2;
  uint64_t size = kn_op_extent(x, 7, metadata), offset = kn_op_extent(x, 9, metadata);
  bool is_virtual = flags & FLAG_VIRTUAL;
  if (flags & FLAG_STATIC) {
    kiln_die_flag(x->d, AT_EXTERNAL);
    kiln_die_flag(x->d, AT_DECLARATION);
    constant(x, AT_CONST_VALUE, kn_op(x, 11));
    alignment(x, kn_op(x, 8));
    return;
  }
  if (is_virtual && tag == TAG_INHERITANCE) {
    virtual_base(x, offset);
  } else if (flags & FLAG_BIT_FIELD) {
    kiln_die_uint(x->d, AT_BIT_SIZE, size);
    kiln_die_uint(x->d, AT_DATA_BIT_OFFSET, offset);
  } else {
    alignment(x, kn_op(x, 8));
    kiln_die_uint(x->d, AT_DATA_MEMBER_LOCATION, offset / 8);
  }
  if (is_virtual) kiln_die_uint(x->d, AT_VIRTUALITY, 1);
  if (tag == TAG_MEMBER && !(flags & FLAG_BIT_FIELD)) constant(x, AT_DISCR_VALUE, kn_op(x, 11));
}

static void derived(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 10);
  bool is_member = tag == TAG_MEMBER || tag == TAG_INHERITANCE || tag == TAG_VARIABLE;
  kiln_die_begin(x->d, e, tag, kn_op_die(x, 5));
  kn_at_string(x, AT_NAME, 2);
  kn_at_ref(x, tag == TAG_FRIEND ? AT_FRIEND : AT_TYPE, 6);
  if (tag == TAG_FRIEND) return;
  if (!(flags & FLAG_FWD_DECL)) kn_at_place(x, 3);
  kn_at_access(x, flags);
  kn_at_flag(x, AT_ARTIFICIAL, flags & FLAG_ARTIFICIAL);
  if (is_member) {
    member(x, tag, flags);
    return;
  }
  if (tag == TAG_PTR_TO_MEMBER_TYPE) kn_at_ref(x, AT_CONTAINING_TYPE, 11);
  if (tag == TAG_TYPEDEF) alignment(x, kn_op(x, 8));
  if (kn_op(x, 12) && kn_op(x, 12) <= UINT32_MAX)
    kiln_die_uint(x->d, AT_ADDRESS_CLASS, kn_op(x, 12) - 1);
  uint64_t size = kn_op_extent(x, 7, kn_op(x, 0) & 2) / 8;
  if (size && tag != TAG_POINTER_TYPE && tag != TAG_PTR_TO_MEMBER_TYPE &&
      tag != TAG_REFERENCE_TYPE && tag != TAG_RVALUE_REFERENCE_TYPE)
    kiln_die_uint(x->d, AT_BYTE_SIZE, size);
}

/* What Fortran's arrays say of themselves: a variable, an expression, a number. */
static void dynamic(const struct kn_node *x, unsigned name, uint32_t i) {
  uint8_t b[KN_BC_EXPR_BYTES];
  uint64_t id = kn_op(x, i);
  int64_t v;
  if (id == 0) return;
  const struct kn_bc_md *m = kn_op_md(x, id);
  if (m && m->kind == MDK_EXPR) {
    struct kn_bc_expr is;
    if (kn_bc_debug_expr(x->r, (uint32_t)id, b, &is) && is.plain)
      kiln_die_expr(x->d, name, b, is.n);
  } else if (kn_op_int(x, id, &v)) {
    kiln_die_int(x->d, name, v);
  } else {
    kn_at_ref(x, name, i);
  }
}

static void array(const struct kn_node *x, uint64_t flags) {
  kn_at_flag(x, AT_GNU_VECTOR, flags & FLAG_VECTOR);
  kn_at_ref(x, AT_TYPE, 6);
  static const uint8_t names[] = {AT_DATA_LOCATION, AT_ASSOCIATED, AT_ALLOCATED, AT_RANK};
  for (unsigned i = 0; i < sizeof names; i++) dynamic(x, names[i], 17 + i);
  dynamic(x, AT_BIT_STRIDE, 25);
}

static void composite(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 10), size = kn_op_extent(x, 7, kn_op(x, 0) & 4);
  bool declared = flags & FLAG_FWD_DECL;
  kiln_die_begin(x->d, e, tag, kn_op_die(x, 5));
  kn_at_string(x, AT_NAME, 2);
  if (tag == TAG_ARRAY_TYPE) array(x, flags);
  if (tag == TAG_VARIANT_PART) kn_at_ref(x, AT_DISCR, 16);
  if (tag == TAG_ENUMERATION_TYPE) {
    kn_at_ref(x, AT_TYPE, 6);
    kn_at_flag(x, AT_ENUM_CLASS, flags & FLAG_ENUM_CLASS);
  }
  bool type = tag == TAG_STRUCTURE_TYPE || tag == TAG_CLASS_TYPE || tag == TAG_UNION_TYPE;
  if (type) {
    kn_at_ref(x, AT_CONTAINING_TYPE, 13);
    kn_at_flag(x, AT_EXPORT_SYMBOLS, flags & FLAG_EXPORT);
    if (flags & (FLAG_BY_VALUE | FLAG_BY_REFERENCE)) /* DW_CC_pass_by_... */
      kiln_die_uint(x->d, AT_CALLING_CONVENTION, flags & FLAG_BY_VALUE ? 5 : 4);
    kn_at_ref(x, AT_SPECIFICATION, 23);
  }
  if (type || tag == TAG_ENUMERATION_TYPE) {
    if (!declared || (size >= 8 && !type)) kiln_die_uint(x->d, AT_BYTE_SIZE, size / 8);
    kn_at_flag(x, AT_DECLARATION, declared);
    kn_at_access(x, flags);
    if (!declared) kn_at_place(x, 3);
    alignment(x, kn_op(x, 8));
  }
  if (type && kn_op_die(x, 14).id) kiln_die_children(x->d, kn_op_die(x, 14));
  if (kn_op_die(x, 11).id) kiln_die_children(x->d, kn_op_die(x, 11));
}

static void function_type(const struct kn_node *x, kiln_die e) {
  uint64_t flags = kn_op(x, 1), convention = kn_op(x, 3);
  kiln_die_begin(x->d, e, TAG_SUBROUTINE_TYPE, none);
  kiln_die_flag(x->d, AT_PROTOTYPED);
  kiln_die_signature(x->d, kn_op_die(x, 2));
  if (convention > 1) kiln_die_uint(x->d, AT_CALLING_CONVENTION, convention);
  kn_at_flag(x, AT_REFERENCE, flags & FLAG_LVALUE);
  kn_at_flag(x, AT_RVALUE_REFERENCE, flags & FLAG_RVALUE);
}

static void string_type(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, TAG_STRING_TYPE, none);
  kn_at_string(x, AT_NAME, 2);
  dynamic(x, AT_STRING_LENGTH, kn_op(x, 3) ? 3 : 4);
  dynamic(x, AT_DATA_LOCATION, 5);
  uint64_t size = kn_op_extent(x, 6, kn_op(x, 0) & 2);
  if (size) kiln_die_uint(x->d, AT_BYTE_SIZE, size / 8);
  if (kn_op(x, 8)) kiln_die_uint(x->d, AT_ENCODING, kn_op(x, 8));
}

/* ---- bounds ---- */

static void subrange(const struct kn_node *x, kiln_die e) {
  uint64_t version = kn_op(x, 0) >> 1;
  int64_t v;
  kiln_die_begin(x->d, e, TAG_SUBRANGE_TYPE, none);
  kiln_die_ref(x->d, AT_TYPE, index_type(x));
  if (version == 0) {
    v = kn_bits_signed(kn_op(x, 2));
    kiln_die_int(x->d, AT_LOWER_BOUND, v);
    if ((int64_t)kn_op(x, 1) != -1) kiln_die_uint(x->d, AT_COUNT, kn_op(x, 1));
    return;
  }
  if (!kn_op_int(x, kn_op(x, 1), &v)) dynamic(x, AT_COUNT, 1); /* arrays of variable length */
  else if (v != -1) kiln_die_uint(x->d, AT_COUNT, (uint64_t)v);
  if (version == 1) {
    kiln_die_int(x->d, AT_LOWER_BOUND, kn_bits_signed(kn_op(x, 2)));
    return;
  }
  dynamic(x, AT_LOWER_BOUND, 2);
  dynamic(x, AT_UPPER_BOUND, 3);
  dynamic(x, AT_BYTE_STRIDE, 4);
}

static void generic_subrange(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, TAG_GENERIC_SUBRANGE, none);
  kiln_die_ref(x->d, AT_TYPE, index_type(x));
  dynamic(x, AT_COUNT, 1);
  dynamic(x, AT_LOWER_BOUND, 2);
  dynamic(x, AT_UPPER_BOUND, 3);
  dynamic(x, AT_BYTE_STRIDE, 4);
}

/* A type of its own: Ada's. */
static void subrange_type(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, TAG_SUBRANGE_TYPE, kn_op_die(x, 4));
  kn_at_string(x, AT_NAME, 1);
  kn_at_place(x, 2);
  uint64_t size = kn_op_extent(x, 5, true);
  if (size) kiln_die_uint(x->d, AT_BYTE_SIZE, size / 8);
  alignment(x, kn_op(x, 6));
  kn_at_ref(x, AT_TYPE, 8);
  dynamic(x, AT_LOWER_BOUND, 9);
  dynamic(x, AT_UPPER_BOUND, 10);
}

static void enumerator(const struct kn_node *x, kiln_die e) {
  bool big = kn_op(x, 0) & 4;
  kiln_die_begin(x->d, e, TAG_ENUMERATOR, none);
  kn_at_string(x, AT_NAME, 2);
  if (big && kn_op(x, 1) > 64) return; /* wider than any base type has a form for */
  kiln_die_int(x->d, AT_CONST_VALUE, kn_bits_signed(kn_op(x, big ? 3 : 1)));
}

/* ---- templates ---- */

static void template_type(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, TAG_TEMPLATE_TYPE_PARAMETER, none);
  kn_at_string(x, AT_NAME, 1);
  kn_at_ref(x, AT_TYPE, 2);
  kn_at_flag(x, AT_DEFAULT_VALUE, kn_op(x, 3));
}

static void template_value(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint32_t value = x->n > 5 ? 5 : 4;
  kiln_die_begin(x->d, e, tag, none);
  kn_at_string(x, AT_NAME, 2);
  if (tag == TAG_TEMPLATE_VALUE_PARAMETER) kn_at_ref(x, AT_TYPE, 3);
  if (value == 5) kn_at_flag(x, AT_DEFAULT_VALUE, kn_op(x, 4));
  if (tag == TAG_GNU_TEMPLATE_TEMPLATE_PARAM) {
    kn_at_string(x, AT_GNU_TEMPLATE_NAME, value);
  } else if (tag == TAG_GNU_TEMPLATE_PARAMETER_PACK) {
    if (kn_op_die(x, value).id) kiln_die_children(x->d, kn_op_die(x, value));
  } else {
    static const uint8_t itself[] = {OP_STACK_VALUE};
    uint32_t symbol = kn_op_symbol(x, kn_op(x, value));
    constant(x, AT_CONST_VALUE, kn_op(x, value));
    if (symbol) kiln_die_symbol(x->d, AT_LOCATION, (kiln_symbol){symbol}, itself, sizeof itself);
  }
}

bool kn_bc_debug_type(const struct kn_node *x, uint32_t code, kiln_die e) {
  switch (code) {
  case MD_BASIC_TYPE:
  case MD_FIXED_POINT_TYPE: basic(x, e); return true;
  case MD_DERIVED_TYPE: derived(x, e); return true;
  case MD_COMPOSITE_TYPE: composite(x, e); return true;
  case MD_SUBROUTINE_TYPE: function_type(x, e); return true;
  case MD_STRING_TYPE: string_type(x, e); return true;
  case MD_SUBRANGE: subrange(x, e); return true;
  case MD_GENERIC_SUBRANGE: generic_subrange(x, e); return true;
  case MD_SUBRANGE_TYPE: subrange_type(x, e); return true;
  case MD_ENUMERATOR: enumerator(x, e); return true;
  case MD_TEMPLATE_TYPE: template_type(x, e); return true;
  case MD_TEMPLATE_VALUE: template_value(x, e); return true;
  default: return false;
  }
}

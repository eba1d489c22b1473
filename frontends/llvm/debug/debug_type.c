/* Types, members, enumerators, bounds, template parameters: nodes of debugging metadata become entries. What LLVM
 * writes for each: its DwarfUnit.cpp. Called by debug.c. Invariant: what depends on other nodes (is a type unsigned?
 * is this in the declaration already?) is left to the writer, since those may not have been read. */
#include "debug/debug_node.h"

static const kiln_die none;

static kiln_die index_type(const struct kn_node *x) {
  return kiln_die_at(x->r->m->md.debug, KN_BC_INDEX_TYPE);
}

static void alignment(const struct kn_node *x, uint64_t bits) {
  if (bits >= 8) kiln_die_set_uint(x->d, KILN_DW_AT_alignment, bits / 8);
}

/* ---- types ---- */

void kn_bc_basic(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 6);
  kiln_die_begin(x->d, e, tag, none);
  kn_at_string(x, KILN_DW_AT_name, 2);
  if (tag == KILN_DW_TAG_unspecified_type) return;
  if (tag != KILN_DW_TAG_string_type) kiln_die_set_uint(x->d, KILN_DW_AT_encoding, kn_op(x, 5));
  kiln_die_set_uint(x->d, KILN_DW_AT_byte_size, (kn_op_extent(x, 3, kn_op(x, 0) & 2) + 7) / 8);
  if (flags & FLAG_BIG_ENDIAN) kiln_die_set_uint(x->d, KILN_DW_AT_endianity, 1);
  else if (flags & FLAG_LITTLE_ENDIAN) kiln_die_set_uint(x->d, KILN_DW_AT_endianity, 2);
}

/* Where a virtual base is: `offset` bytes before what the table of virtual functions points to is its offset. */
static void virtual_base(const struct kn_node *x, uint64_t offset) {
  uint8_t b[24] = {KILN_DW_OP_dup, KILN_DW_OP_deref}, *p = kn_put_constu(b + 2, offset);
  *p++ = KILN_DW_OP_minus;
  *p++ = KILN_DW_OP_deref;
  *p++ = KILN_DW_OP_plus;
  kiln_die_set_expr(x->d, KILN_DW_AT_data_member_location, b, (size_t)(p - b));
}

/* A value known when compiling that is no integer of up to 64 bits, if metadata `id` - 1 is one: the bits of a
 * floating-point number, or the bytes of what is wider. */
static void other_constant(const struct kn_node *x, uint64_t id) {
  const struct kn_bc_md *m = kn_op_md(x, id);
  if (!m || m->kind != MDK_VALUE || m->n >= x->r->vals.n) return;
  const struct kn_bc_cst *c = &x->r->csts.at[m->n];
  const struct kn_bc_type *t = &x->r->types.at[x->r->vals.at[m->n].t & KN_BC_TYPE_MASK];
  bool is_float = t->kind == TK_FLOAT || t->kind == TK_SOFT;
  uint64_t words[2] = {0};
  if (c->kind == CK_FLOAT) words[0] = c->v;
  else if (c->kind == CK_WIDE && t->bits <= 128)
    for (uint32_t i = 0; i < c->n && i < 2; i++) words[i] = kn_bc_words(x->r, c->index)[i];
  else if (c->kind != CK_NULL || (!is_float && t->kind != TK_INT)) return;
  if (is_float && t->bits <= 64) kiln_die_set_uint(x->d, KILN_DW_AT_const_value, words[0]);
  else if (t->bits > 64 && t->bits <= 128)
    kiln_die_set_block(x->d, KILN_DW_AT_const_value, words,
                       t->bits / 8); /* hosts are little-endian */
}

/* A value known when compiling, if metadata `id` - 1 is one. */
static void constant(const struct kn_node *x, uint64_t id) {
  int64_t v;
  if (kn_op_int(x, id, &v)) kiln_die_set_int(x->d, KILN_DW_AT_const_value, v);
  else other_constant(x, id);
}

/* Attributes of derived types: of all, then of members that are static, of others, of types that are no members. */
enum {
  D_NAME,
  D_TYPE,
  D_FILE,
  D_LINE,
  D_ACCESS,
  D_ARTIFICIAL,
  D_EXTERNAL,
  D_DECLARATION,
  D_CONST_VALUE,
  D_CONTAINING,
  D_ALIGNMENT,
  D_BIT_SIZE = D_ALIGNMENT + 2,
  D_BIT_OFFSET = D_BIT_SIZE + 2,
  D_LOCATION = D_BIT_OFFSET + 2,
  D_VIRTUALITY = D_LOCATION + 2,
  D_DISCR_VALUE,
  D_ADDRESS_CLASS,
  D_SIZE
};
static const struct kn_bc_field derived_fields[] = {
  [D_NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
  [D_TYPE] = {KILN_DW_AT_type, KILN_DIE_ATTR_REF},
  [D_FILE] = {KILN_DW_AT_decl_file, KILN_DIE_ATTR_REF},
  [D_LINE] = {KILN_DW_AT_decl_line, KILN_DIE_ATTR_UINT},
  [D_ACCESS] = {KILN_DW_AT_accessibility, KILN_DIE_ATTR_UINT},
  [D_ARTIFICIAL] = {KILN_DW_AT_artificial, KILN_DIE_ATTR_FLAG},
  [D_EXTERNAL] = {KILN_DW_AT_external, KILN_DIE_ATTR_FLAG},
  [D_DECLARATION] = {KILN_DW_AT_declaration, KILN_DIE_ATTR_FLAG},
  [D_CONST_VALUE] = {KILN_DW_AT_const_value, KILN_DIE_ATTR_INT},
  [D_CONTAINING] = {KILN_DW_AT_containing_type, KILN_DIE_ATTR_REF},
  [D_ALIGNMENT] = KN_FIELD_NUMBER(KILN_DW_AT_alignment),
  [D_BIT_SIZE] = KN_FIELD_NUMBER(KILN_DW_AT_bit_size),
  [D_BIT_OFFSET] = KN_FIELD_NUMBER(KILN_DW_AT_data_bit_offset),
  [D_LOCATION] = KN_FIELD_NUMBER(KILN_DW_AT_data_member_location),
  [D_VIRTUALITY] = {KILN_DW_AT_virtuality, KILN_DIE_ATTR_UINT},
  [D_DISCR_VALUE] = {KILN_DW_AT_discr_value, KILN_DIE_ATTR_INT},
  [D_ADDRESS_CLASS] = {KILN_DW_AT_address_class, KILN_DIE_ATTR_UINT},
  [D_SIZE] = KN_FIELD_NUMBER(KILN_DW_AT_byte_size)};

static void put_alignment(struct kn_bc_fields *all, unsigned k, uint64_t bits) {
  if (bits >= 8) kn_put_number(all, k, bits / 8);
}

/* A value known when compiling, if metadata `id` - 1 is one. */
static void put_constant(const struct kn_node *x, struct kn_bc_fields *all, unsigned k,
                         uint64_t id) {
  int64_t v;
  if (kn_op_int(x, id, &v)) kn_put_int(all, k, v);
}

/* `based`: it has a virtual base class, of which is told besides. */
static void member(const struct kn_node *x, struct kn_bc_fields *all, unsigned tag, uint64_t flags,
                   bool based) {
  bool metadata = kn_op(x, 0) & 2;
  uint64_t size = kn_op_extent(x, 7, metadata), offset = kn_op_extent(x, 9, metadata);
  if (flags & FLAG_STATIC) {
    kn_put_flag(all, D_EXTERNAL, true);
    kn_put_flag(all, D_DECLARATION, true);
    put_constant(x, all, D_CONST_VALUE, kn_op(x, 11));
    put_alignment(all, D_ALIGNMENT, kn_op(x, 8));
    return;
  }
  if (based) return;
  if (flags & FLAG_BIT_FIELD) {
    kn_put_number(all, D_BIT_SIZE, size);
    kn_put_number(all, D_BIT_OFFSET, offset);
  } else {
    put_alignment(all, D_ALIGNMENT, kn_op(x, 8));
    kn_put_number(all, D_LOCATION, offset / 8);
  }
  kn_put(all, D_VIRTUALITY, (flags & FLAG_VIRTUAL) != 0);
  if (tag == KILN_DW_TAG_member && !(flags & FLAG_BIT_FIELD))
    put_constant(x, all, D_DISCR_VALUE, kn_op(x, 11));
}

void kn_bc_derived(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 10);
  bool is_member =
    tag == KILN_DW_TAG_member || tag == KILN_DW_TAG_inheritance || tag == KILN_DW_TAG_variable;
  kiln_die parent = kn_op_die(x, 5);
  if (tag == KILN_DW_TAG_friend) {
    kiln_die_begin(x->d, e, tag, parent);
    kn_at_string(x, KILN_DW_AT_name, 2);
    kn_at_ref(x, KILN_DW_AT_friend, 6);
    return;
  }
  struct kn_bc_fields all;
  kn_fields_begin(&all, derived_fields);
  kn_put(&all, D_NAME, kn_op_text(x, 2));
  kn_put(&all, D_TYPE, kn_op_die(x, 6).id);
  if (!(flags & FLAG_FWD_DECL)) kn_put_place(&all, D_FILE, kn_op_die(x, 3), kn_op(x, 4));
  kn_put_access(&all, D_ACCESS, flags);
  kn_put_flag(&all, D_ARTIFICIAL, flags & FLAG_ARTIFICIAL);
  if (is_member) {
    bool based = tag == KILN_DW_TAG_inheritance && (flags & FLAG_VIRTUAL) && !(flags & FLAG_STATIC);
    member(x, &all, tag, flags, based);
    kn_bc_shaped(x, e, tag, parent, &all);
    int64_t v;
    if ((flags & FLAG_STATIC) && kn_op(x, 11) && !kn_op_int(x, kn_op(x, 11), &v))
      other_constant(x, kn_op(x, 11));
    if (based) {
      virtual_base(x, kn_op_extent(x, 9, kn_op(x, 0) & 2));
      kiln_die_set_uint(x->d, KILN_DW_AT_virtuality, 1);
    }
    return;
  }
  if (tag == KILN_DW_TAG_ptr_to_member_type) kn_put(&all, D_CONTAINING, kn_op_die(x, 11).id);
  if (tag == KILN_DW_TAG_typedef) put_alignment(&all, D_ALIGNMENT, kn_op(x, 8));
  if (kn_op(x, 12) && kn_op(x, 12) <= UINT32_MAX) {
    all.values[all.n++] = (uint32_t)kn_op(x, 12) - 1;
    kn_put_flag(&all, D_ADDRESS_CLASS, true);
  }
  uint64_t size = kn_op_extent(x, 7, kn_op(x, 0) & 2) / 8;
  if (size && tag != KILN_DW_TAG_pointer_type && tag != KILN_DW_TAG_ptr_to_member_type &&
      tag != KILN_DW_TAG_reference_type && tag != KILN_DW_TAG_rvalue_reference_type)
    kn_put_number(&all, D_SIZE, size);
  kn_bc_shaped(x, e, tag, parent, &all);
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
      kiln_die_set_expr(x->d, name, b, is.n);
  } else if (kn_op_int(x, id, &v)) {
    kiln_die_set_int(x->d, name, v);
  } else {
    kn_at_ref(x, name, i);
  }
}

/* What an array of Fortran has besides: where its data are, how many dimensions, .... */
static void dynamic_array(const struct kn_node *x) {
  static const uint8_t names[] = {KILN_DW_AT_data_location, KILN_DW_AT_associated,
                                  KILN_DW_AT_allocated, KILN_DW_AT_rank};
  for (unsigned i = 0; i < sizeof names; i++) dynamic(x, names[i], 17 + i);
  dynamic(x, KILN_DW_AT_bit_stride, 25);
}

void kn_bc_composite(const struct kn_node *x, kiln_die e) {
  enum {
    NAME,
    VECTOR,
    TYPE,
    DISCR,
    ENUM_CLASS,
    CONTAINING,
    EXPORT,
    CONVENTION,
    SPECIFICATION,
    SIZE,
    DECLARATION = SIZE + 2,
    ACCESS,
    FILE,
    LINE,
    ALIGNMENT,
    TEMPLATES = ALIGNMENT + 2,
    ELEMENTS
  };
  static const struct kn_bc_field fields[] = {
    [NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
    [VECTOR] = {KILN_DW_AT_GNU_vector, KILN_DIE_ATTR_FLAG},
    [TYPE] = {KILN_DW_AT_type, KILN_DIE_ATTR_REF},
    [DISCR] = {KILN_DW_AT_discr, KILN_DIE_ATTR_REF},
    [ENUM_CLASS] = {KILN_DW_AT_enum_class, KILN_DIE_ATTR_FLAG},
    [CONTAINING] = {KILN_DW_AT_containing_type, KILN_DIE_ATTR_REF},
    [EXPORT] = {KILN_DW_AT_export_symbols, KILN_DIE_ATTR_FLAG},
    [CONVENTION] = {KILN_DW_AT_calling_convention, KILN_DIE_ATTR_UINT},
    [SPECIFICATION] = {KILN_DW_AT_specification, KILN_DIE_ATTR_REF},
    [SIZE] = KN_FIELD_NUMBER(KILN_DW_AT_byte_size),
    [DECLARATION] = {KILN_DW_AT_declaration, KILN_DIE_ATTR_FLAG},
    [ACCESS] = {KILN_DW_AT_accessibility, KILN_DIE_ATTR_UINT},
    [FILE] = {KILN_DW_AT_decl_file, KILN_DIE_ATTR_REF},
    [LINE] = {KILN_DW_AT_decl_line, KILN_DIE_ATTR_UINT},
    [ALIGNMENT] = KN_FIELD_NUMBER(KILN_DW_AT_alignment),
    [TEMPLATES] = {0, KILN_DIE_ATTR_CHILDREN},
    [ELEMENTS] = {0, KILN_DIE_ATTR_CHILDREN}};
  unsigned tag = (unsigned)kn_op(x, 1);
  uint64_t flags = kn_op(x, 10), size = kn_op_extent(x, 7, kn_op(x, 0) & 4);
  bool declared = flags & FLAG_FWD_DECL;
  bool type = tag == KILN_DW_TAG_structure_type || tag == KILN_DW_TAG_class_type ||
              tag == KILN_DW_TAG_union_type;
  kiln_die parent = kn_op_die(x, 5), elements = kn_op_die(x, 11);
  struct kn_bc_fields all;
  kn_fields_begin(&all, fields);
  kn_put(&all, NAME, kn_op_text(x, 2));
  if (tag == KILN_DW_TAG_array_type) {
    kn_put_flag(&all, VECTOR, flags & FLAG_VECTOR);
    kn_put(&all, TYPE, kn_op_die(x, 6).id);
    if (kn_op(x, 17) | kn_op(x, 18) | kn_op(x, 19) | kn_op(x, 20) | kn_op(x, 25)) {
      kn_bc_shaped(x, e, tag, parent, &all);
      dynamic_array(x);
      kiln_die_set_children(x->d, elements);
      return;
    }
  }
  if (tag == KILN_DW_TAG_variant_part) kn_put(&all, DISCR, kn_op_die(x, 16).id);
  if (tag == KILN_DW_TAG_enumeration_type) {
    kn_put(&all, TYPE, kn_op_die(x, 6).id);
    kn_put_flag(&all, ENUM_CLASS, flags & FLAG_ENUM_CLASS);
  }
  if (type) {
    kn_put(&all, CONTAINING, kn_op_die(x, 13).id);
    kn_put_flag(&all, EXPORT, flags & FLAG_EXPORT);
    if (flags & FLAG_BY_VALUE) kn_put(&all, CONVENTION, KILN_DW_CC_pass_by_value);
    else if (flags & FLAG_BY_REFERENCE) kn_put(&all, CONVENTION, KILN_DW_CC_pass_by_reference);
    kn_put(&all, SPECIFICATION, kn_op_die(x, 23).id);
  }
  if (type || tag == KILN_DW_TAG_enumeration_type) {
    if (!declared || (size >= 8 && !type)) kn_put_number(&all, SIZE, size / 8);
    kn_put_flag(&all, DECLARATION, declared);
    kn_put_access(&all, ACCESS, flags);
    if (!declared) kn_put_place(&all, FILE, kn_op_die(x, 3), kn_op(x, 4));
    put_alignment(&all, ALIGNMENT, kn_op(x, 8));
  }
  if (type) kn_put(&all, TEMPLATES, kn_op_die(x, 14).id);
  kn_put(&all, ELEMENTS, elements.id);
  kn_bc_shaped(x, e, tag, parent, &all);
}

void kn_bc_function_type(const struct kn_node *x, kiln_die e) {
  enum { PROTOTYPED, SIGNATURE, CONVENTION, REFERENCE = CONVENTION + 2, RVALUE_REFERENCE };
  static const struct kn_bc_field fields[] = {
    [PROTOTYPED] = {KILN_DW_AT_prototyped, KILN_DIE_ATTR_FLAG},
    [SIGNATURE] = {0, KILN_DIE_ATTR_SIGNATURE},
    [CONVENTION] = KN_FIELD_NUMBER(KILN_DW_AT_calling_convention),
    [REFERENCE] = {KILN_DW_AT_reference, KILN_DIE_ATTR_FLAG},
    [RVALUE_REFERENCE] = {KILN_DW_AT_rvalue_reference, KILN_DIE_ATTR_FLAG},
  };
  uint64_t flags = kn_op(x, 1), convention = kn_op(x, 3);
  struct kn_bc_fields all;
  kn_fields_begin(&all, fields);
  kn_put_flag(&all, PROTOTYPED, true);
  kn_put(&all, SIGNATURE, kn_op_die(x, 2).id);
  if (convention > KILN_DW_CC_normal) kn_put_number(&all, CONVENTION, convention);
  kn_put_flag(&all, REFERENCE, flags & FLAG_LVALUE);
  kn_put_flag(&all, RVALUE_REFERENCE, flags & FLAG_RVALUE);
  kn_bc_shaped(x, e, KILN_DW_TAG_subroutine_type, none, &all);
}

void kn_bc_string_type(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_string_type, none);
  kn_at_string(x, KILN_DW_AT_name, 2);
  dynamic(x, KILN_DW_AT_string_length, kn_op(x, 3) ? 3 : 4);
  dynamic(x, KILN_DW_AT_data_location, 5);
  uint64_t size = kn_op_extent(x, 6, kn_op(x, 0) & 2);
  if (size) kiln_die_set_uint(x->d, KILN_DW_AT_byte_size, size / 8);
  if (kn_op(x, 8)) kiln_die_set_uint(x->d, KILN_DW_AT_encoding, kn_op(x, 8));
}

/* ---- bounds ---- */

void kn_bc_subrange(const struct kn_node *x, kiln_die e) {
  uint64_t version = kn_op(x, 0) >> 1;
  int64_t v;
  kiln_die_begin(x->d, e, KILN_DW_TAG_subrange_type, none);
  kiln_die_set_ref(x->d, KILN_DW_AT_type, index_type(x));
  if (version == 0) {
    v = kn_bits_signed(kn_op(x, 2));
    kiln_die_set_int(x->d, KILN_DW_AT_lower_bound, v);
    if ((int64_t)kn_op(x, 1) != -1) kiln_die_set_uint(x->d, KILN_DW_AT_count, kn_op(x, 1));
    return;
  }
  if (!kn_op_int(x, kn_op(x, 1), &v))
    dynamic(x, KILN_DW_AT_count, 1); /* arrays of variable length */
  else if (v != -1) kiln_die_set_uint(x->d, KILN_DW_AT_count, (uint64_t)v);
  if (version == 1) {
    kiln_die_set_int(x->d, KILN_DW_AT_lower_bound, kn_bits_signed(kn_op(x, 2)));
    return;
  }
  dynamic(x, KILN_DW_AT_lower_bound, 2);
  dynamic(x, KILN_DW_AT_upper_bound, 3);
  dynamic(x, KILN_DW_AT_byte_stride, 4);
}

void kn_bc_generic_subrange(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_generic_subrange, none);
  kiln_die_set_ref(x->d, KILN_DW_AT_type, index_type(x));
  dynamic(x, KILN_DW_AT_count, 1);
  dynamic(x, KILN_DW_AT_lower_bound, 2);
  dynamic(x, KILN_DW_AT_upper_bound, 3);
  dynamic(x, KILN_DW_AT_byte_stride, 4);
}

/* A type of its own: Ada's. */
void kn_bc_subrange_type(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_subrange_type, kn_op_die(x, 4));
  kn_at_string(x, KILN_DW_AT_name, 1);
  kn_at_place(x, 2);
  uint64_t size = kn_op_extent(x, 5, true);
  if (size) kiln_die_set_uint(x->d, KILN_DW_AT_byte_size, size / 8);
  alignment(x, kn_op(x, 6));
  kn_at_ref(x, KILN_DW_AT_type, 8);
  dynamic(x, KILN_DW_AT_lower_bound, 9);
  dynamic(x, KILN_DW_AT_upper_bound, 10);
}

void kn_bc_enumerator(const struct kn_node *x, kiln_die e) {
  enum { NAME, VALUE };
  static const struct kn_bc_field fields[] = {
    [NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
    [VALUE] = {KILN_DW_AT_const_value, KILN_DIE_ATTR_INT}};
  struct kn_bc_fields all;
  kn_fields_begin(&all, fields);
  bool big = kn_op(x, 0) & 4;
  kn_put(&all, NAME, kn_op_text(x, 2));
  if (!big || kn_op(x, 1) <= 64) /* else wider than any base type has a form for */
    kn_put_int(&all, VALUE, kn_bits_signed(kn_op(x, big ? 3 : 1)));
  kn_bc_shaped(x, e, KILN_DW_TAG_enumerator, none, &all);
}

/* ---- templates ---- */

void kn_bc_template_type(const struct kn_node *x, kiln_die e) {
  enum { NAME, TYPE, IS_DEFAULT };
  static const struct kn_bc_field fields[] = {
    [NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
    [TYPE] = {KILN_DW_AT_type, KILN_DIE_ATTR_REF},
    [IS_DEFAULT] = {KILN_DW_AT_default_value, KILN_DIE_ATTR_FLAG},
  };
  struct kn_bc_fields all;
  kn_fields_begin(&all, fields);
  kn_put(&all, NAME, kn_op_text(x, 1));
  kn_put(&all, TYPE, kn_op_die(x, 2).id);
  kn_put_flag(&all, IS_DEFAULT, kn_op(x, 3));
  kn_bc_shaped(x, e, KILN_DW_TAG_template_type_parameter, none, &all);
}

void kn_bc_template_value(const struct kn_node *x, kiln_die e) {
  unsigned tag = (unsigned)kn_op(x, 1);
  uint32_t value = x->n > 5 ? 5 : 4;
  kiln_die_begin(x->d, e, tag, none);
  kn_at_string(x, KILN_DW_AT_name, 2);
  if (tag == KILN_DW_TAG_template_value_parameter) kn_at_ref(x, KILN_DW_AT_type, 3);
  if (value == 5) kn_at_flag(x, KILN_DW_AT_default_value, kn_op(x, 4));
  if (tag == KILN_DW_TAG_GNU_template_template_param) {
    kn_at_string(x, KILN_DW_AT_GNU_template_name, value);
  } else if (tag == KILN_DW_TAG_GNU_template_parameter_pack) {
    if (kn_op_die(x, value).id) kiln_die_set_children(x->d, kn_op_die(x, value));
  } else {
    static const uint8_t itself[] = {KILN_DW_OP_stack_value};
    uint32_t symbol = kn_op_symbol(x, kn_op(x, value));
    constant(x, kn_op(x, value));
    if (symbol)
      kiln_die_set_symbol(x->d, KILN_DW_AT_location, (kiln_symbol){symbol}, itself, sizeof itself);
  }
}

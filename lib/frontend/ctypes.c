/* C types: sizes, alignments and offsets as the compilers of the platform lay them out, and for each type the facts
 * that its ABI needs (classes of its bytes, homogeneous aggregates). Called by front ends. Invariant: a type
 * is complete when its id is returned, and never changes. */
#include "lib/frontend/ctypes_state.h"

#include <stdio.h>

/* Largest type: its size in bits stays far below 2^63. */
#define MAX_SIZE (UINT64_C(1) << 46)
/* Largest alignment, in bytes: that of a stack slot. */
#define MAX_ALIGN 65536u

bool kn_ctypes_fail(kiln_ctypes *c, kiln_status status, const char *message) {
  if (c == NULL) return false;
  kiln_module_fail(c->m, status, message);
  return false;
}

static bool is_power(uint32_t x) { return x != 0 && (x & (x - 1)) == 0; }

/* ---- classes ---- */

static enum kn_cclass merge(enum kn_cclass a, enum kn_cclass b) {
  if (a == b || b == KN_CCLASS_NONE) return a;
  if (a == KN_CCLASS_NONE) return b;
  if (a == KN_CCLASS_MEMORY || b == KN_CCLASS_MEMORY) return KN_CCLASS_MEMORY;
  if (a == KN_CCLASS_INTEGER || b == KN_CCLASS_INTEGER) return KN_CCLASS_INTEGER;
  return KN_CCLASS_MEMORY; /* x87 and another class: all other pairs were handled above */
}

static enum kn_cclass class_at(uint64_t classes, unsigned byte) {
  return (enum kn_cclass)(classes >> (4 * byte) & 15);
}

enum kn_cclass kn_cclass_of(uint64_t classes, unsigned k) {
  enum kn_cclass all = KN_CCLASS_NONE;
  for (unsigned i = 0; i < 8; i++) all = merge(all, class_at(classes, 8 * k + i));
  return all;
}

/* Class `as` for the `n` bytes from byte `at` on (4 bits each; only the first 16 bytes have classes). */
static uint64_t class_run(enum kn_cclass as, uint64_t at, uint64_t n) {
  uint64_t classes = 0;
  for (uint64_t i = at; i < at + n && i < 16; i++) classes |= (uint64_t)as << (4 * i);
  return classes;
}

/* Gives all bytes of each eightbyte its merged class. */
static uint64_t fill_eightbytes(uint64_t classes) {
  return class_run(kn_cclass_of(classes, 0), 0, 8) | class_run(kn_cclass_of(classes, 1), 8, 8);
}

static bool has_x87(uint64_t classes) {
  for (unsigned i = 0; i < 16; i++)
    if (class_at(classes, i) == KN_CCLASS_X87 || class_at(classes, i) == KN_CCLASS_X87UP)
      return true;
  return false;
}

/* Merges the classes of two members. Bytes may be merged one by one in any order, except with x87: then
 * the classes of whole eightbytes are merged, in the order of the members. */
static uint64_t merge_classes(uint64_t a, uint64_t b) {
  if (has_x87(a) || has_x87(b)) {
    a = fill_eightbytes(a);
    b = fill_eightbytes(b);
  }
  uint64_t out = 0;
  for (unsigned i = 0; i < 16; i++)
    out |= (uint64_t)merge(class_at(a, i), class_at(b, i)) << (4 * i);
  return out;
}

/* `starts` of a member (kn_ctype.starts), moved to byte `by`, below 16. */
static uint64_t shift_starts(uint64_t starts, unsigned by) {
  uint64_t lane = (UINT64_C(0xffff) << by) & 0xffff;
  return (starts << by) & (lane | lane << 16 | lane << 32 | lane << 48);
}

/* ---- homogeneous aggregates: AAPCS64, 5.10.5 ---- */

/* Adds `n` members of type `base` to t, or to a union as an alternative to its others. */
static void hfa_add(struct kn_ctype *t, unsigned base, uint64_t n) {
  if (base == KILN_TYPE_VOID || t->hfa == KN_CHFA_NOT) return;
  if (base == KN_CHFA_NOT || (t->hfa != KILN_TYPE_VOID && t->hfa != base)) {
    t->hfa = KN_CHFA_NOT;
    return;
  }
  uint64_t all = t->kind == KILN_CTYPE_UNION ? (n > t->n_hfa ? n : t->n_hfa) : n + t->n_hfa;
  t->hfa = (uint8_t)base;
  t->n_hfa = (uint8_t)(all > 4 ? 5 : all);
}

/* Called after the last member: an aggregate with padding or more than four members is not homogeneous. */
static void hfa_end(struct kn_ctype *t) {
  if (t->hfa == KILN_TYPE_VOID || t->hfa == KN_CHFA_NOT) return;
  if (t->n_hfa > 4 || kiln_type_size((kiln_type)t->hfa) * (uint64_t)t->n_hfa != t->size)
    t->hfa = KN_CHFA_NOT;
}

/* ---- basic types ---- */

static const struct {
  uint8_t size, value, is_signed, class;
} basics[KN_CTYPE_BASICS] = {
  [KILN_CTYPE_BOOL] = {1, KILN_TYPE_I8, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_CHAR] = {1, KILN_TYPE_I8, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_SCHAR] = {1, KILN_TYPE_I8, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_UCHAR] = {1, KILN_TYPE_I8, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_SHORT] = {2, KILN_TYPE_I16, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_USHORT] = {2, KILN_TYPE_I16, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_INT] = {4, KILN_TYPE_I32, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_UINT] = {4, KILN_TYPE_I32, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_LONG] = {8, KILN_TYPE_I64, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_ULONG] = {8, KILN_TYPE_I64, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_LLONG] = {8, KILN_TYPE_I64, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_ULLONG] = {8, KILN_TYPE_I64, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_INT128] = {16, KILN_TYPE_I128, 1, KN_CCLASS_INTEGER},
  [KILN_CTYPE_UINT128] = {16, KILN_TYPE_I128, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_FLOAT] = {4, KILN_TYPE_F32, 0, KN_CCLASS_SSE},
  [KILN_CTYPE_DOUBLE] = {8, KILN_TYPE_F64, 0, KN_CCLASS_SSE},
  [KILN_CTYPE_LDOUBLE] = {16, KILN_TYPE_F80, 0, KN_CCLASS_X87},
  [KILN_CTYPE_POINTER] = {8, KILN_TYPE_PTR, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_CHAIN] = {8, KILN_TYPE_PTR, 0, KN_CCLASS_INTEGER},
  [KILN_CTYPE_COMPLEX_FLOAT] = {8, KILN_TYPE_F32, 0, KN_CCLASS_SSE},
  [KILN_CTYPE_COMPLEX_DOUBLE] = {16, KILN_TYPE_F64, 0, KN_CCLASS_SSE},
  [KILN_CTYPE_COMPLEX_LDOUBLE] = {32, KILN_TYPE_F80, 0, KN_CCLASS_MEMORY},
};

static struct kn_ctype make_basic(const struct kn_cabi *abi, kiln_ctype_kind kind) {
  bool complex = kind >= KILN_CTYPE_COMPLEX_FLOAT;
  uint8_t size = basics[kind].size, value = basics[kind].value;
  if (kind == KILN_CTYPE_LONG || kind == KILN_CTYPE_ULONG) {
    size = abi->long_bytes;
    value = size == 8 ? KILN_TYPE_I64 : KILN_TYPE_I32;
  }
  struct kn_ctype t = {
    .size = size,
    .align = size == 0 ? 1
             : complex ? size / 2u
                       : size,
    .kind = (uint16_t)kind,
    .is_signed = kind == KILN_CTYPE_CHAR ? abi->signed_char : basics[kind].is_signed,
    .classes = class_run((enum kn_cclass)basics[kind].class, 0, size),
  };
  if (value == KILN_TYPE_F80) value = (uint8_t)abi->ldouble;
  if (kind == KILN_CTYPE_LDOUBLE)
    t.classes = class_run(KN_CCLASS_X87, 0, 8) | class_run(KN_CCLASS_X87UP, 8, 8);
  t.natural = t.align;
  if (t.align > 1) t.starts = UINT64_C(1) << (16 * (__builtin_ctz(t.align) - 1));
  if (complex && t.size <= 16) t.starts |= t.starts << t.align;
  t.value = complex ? KILN_TYPE_VOID : value;
  t.hfa = value == KILN_TYPE_F32 || value == KILN_TYPE_F64 || value == KILN_TYPE_F128 ? value
                                                                                      : KN_CHFA_NOT;
  t.n_hfa = complex ? 2 : 1;
  return t;
}

kiln_ctype kiln_ctype_basic(kiln_ctype_kind kind) {
  return (kiln_ctype){(unsigned)kind < KN_CTYPE_BASICS ? (uint32_t)kind : 0};
}

/* ---- the table ---- */

kiln_ctypes *kiln_ctypes_new(kiln_module *m) {
  if (m == NULL) return NULL;
  kiln_allocator a = kiln_module_get_allocator(m);
  kiln_ctypes *c = kn_allocator_realloc(&a, NULL, sizeof *c);
  if (c == NULL) return NULL;
  memset(c, 0, sizeof *c);
  c->m = m;
  c->allocator = a;
  c->abi = kn_cabi_of(kiln_module_get_target(m));
  if (c->abi == NULL) {
    char text[64];
    snprintf(text, sizeof text, "the types of C are not supported on %s",
             kiln_processor_name(kiln_module_processor(m)));
    kn_ctypes_fail(c, KILN_ERR_UNSUPPORTED, text);
    kiln_ctypes_free(c);
    return NULL;
  }
  if (!KN_ROOM(&a, c->types, KN_CTYPE_BASICS) || !KN_ROOM(&a, c->sigs, 1)) {
    kiln_ctypes_free(c);
    return NULL;
  }
  for (unsigned k = 0; k < KN_CTYPE_BASICS; k++)
    c->types.at[k] = make_basic(c->abi, (kiln_ctype_kind)k);
  c->types.n = KN_CTYPE_BASICS;
  memset(c->sigs.at, 0, sizeof *c->sigs.at);
  c->sigs.n = 1;
  return c;
}

void kiln_ctypes_free(kiln_ctypes *c) {
  if (c == NULL) return;
  kiln_allocator a = c->allocator;
  kn_hash_free(&a, &c->sig_hash);
  KN_FREE(&a, c->types.at, c->fields.at, c->sigs.at, c->args.at, c->params.at, c);
}

void kiln_ctypes_set_promotion(kiln_ctypes *c, bool on) {
  if (c != NULL) c->as_given = !on;
}

/* Adds a type; none if out of memory. */
static kiln_ctype add(kiln_ctypes *c, const struct kn_ctype *t) {
  const kiln_ctype none = {0};
  struct kn_ctype copy = *t; /* `t` may point into the array that grows */
  if (!KN_ROOM(&c->allocator, c->types, 1))
    return KN_CTYPES_FAIL(none, c, KILN_ERR_MEMORY, "out of memory");
  c->types.at[c->types.n] = copy;
  return (kiln_ctype){c->types.n++ - KN_CTYPE_BASICS + KILN_CTYPE_ARRAY};
}

/* The type `t` if it may be that of an array's element or a field; else reports an error and returns NULL. */
static const struct kn_ctype *object_type(kiln_ctypes *c, kiln_ctype t) {
  const struct kn_ctype *type = kn_ctype_at(c, t);
  if (type != NULL && type->kind != KILN_CTYPE_VOID) return type;
  return KN_CTYPES_FAIL(NULL, c, KILN_ERR_TYPE,
                        "the type of an array or member is void or does not exist");
}

/* ---- arrays and alignment ---- */

kiln_ctype kiln_ctype_new_array(kiln_ctypes *c, kiln_ctype of, uint64_t count) {
  const kiln_ctype none = {0};
  const struct kn_ctype *e = object_type(c, of);
  if (e == NULL) return none;
  if (e->size % e->align != 0)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT,
                          "an array of a type whose alignment is larger than its size");
  struct kn_ctype t = {.kind = KILN_CTYPE_ARRAY,
                       .element = of.id,
                       .count = count,
                       .align = e->align,
                       .natural = e->natural,
                       .hfa = KN_CHFA_NOT,
                       .in_memory = e->in_memory};
  if (e->flexible || __builtin_mul_overflow(e->size, count, &t.size) || t.size > MAX_SIZE)
    return KN_CTYPES_FAIL(none, c, e->flexible ? KILN_ERR_TYPE : KILN_ERR_LIMIT,
                          e->flexible ? "an array of what ends in a flexible array"
                                      : "a type too large");
  if (count != 0 && e->hfa != KN_CHFA_NOT) {
    t.hfa = KILN_TYPE_VOID;
    hfa_add(&t, e->hfa, count > 4 ? 5 : count * e->n_hfa);
  }
  for (uint64_t i = 0; t.size <= 16 && e->size != 0 && i < count; i++) {
    t.classes |= e->classes << (4 * i * e->size);
    t.starts |= shift_starts(e->starts, (unsigned)(i * e->size));
  }
  return add(c, &t);
}

kiln_ctype kiln_ctype_new_flexible(kiln_ctypes *c, kiln_ctype of) {
  kiln_ctype t = kiln_ctype_new_array(c, of, 0);
  if (t.id != 0) c->types.at[c->types.n - 1].flexible = true;
  return t;
}

kiln_ctype kiln_ctype_new_aligned(kiln_ctypes *c, kiln_ctype t, uint32_t align_bytes) {
  const kiln_ctype none = {0};
  const struct kn_ctype *of = object_type(c, t);
  if (of == NULL) return none;
  if (!is_power(align_bytes) || align_bytes > MAX_ALIGN)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT,
                          "an alignment is a power of two of at most 65536");
  struct kn_ctype aligned = *of;
  aligned.align = align_bytes;
  return add(c, &aligned);
}

/* ---- structs and unions ---- */

/* A struct or union being laid out. */
struct layout {
  kiln_ctypes *c;
  struct kn_ctype t;
  kiln_ctype_options as;
  uint64_t bits; /* where the next member may start; of a union: its size */
};

static bool check_field(kiln_ctypes *c, const kiln_cfield *f, const struct kn_ctype *type) {
  if ((f->reserved[0] | f->reserved[1]) != 0)
    return kn_ctypes_fail(c, KILN_ERR_ARGUMENT, "the field 'reserved' of a member must be 0");
  if (f->align_bytes != 0 && (!is_power(f->align_bytes) || f->align_bytes > MAX_ALIGN))
    return kn_ctypes_fail(c, KILN_ERR_ARGUMENT, "an alignment is a power of two of at most 65536");
  if (!(f->flags & KILN_CFIELD_BITS)) return true;
  if (c->abi->partial)
    return kn_ctypes_fail(c, KILN_ERR_UNSUPPORTED, "bit-fields are not supported on Windows");
  if (type->value < KILN_TYPE_I8 || type->value > KILN_TYPE_I128 ||
      type->kind == KILN_CTYPE_POINTER)
    return kn_ctypes_fail(c, KILN_ERR_TYPE, "a bit-field of a type that is not an integer");
  if (f->bits > (type->kind == KILN_CTYPE_BOOL ? 1 : type->size * 8))
    return kn_ctypes_fail(c, KILN_ERR_ARGUMENT, "a bit-field wider than its type");
  if (f->bits == 0 && !(f->flags & KILN_CFIELD_UNNAMED))
    return kn_ctypes_fail(c, KILN_ERR_ARGUMENT, "a named bit-field has no bits");
  return true;
}

/* Raises the alignment of the struct or union to that of a member. */
static void raise_align(struct layout *l, uint64_t align) {
  if (align > l->t.align) l->t.align = (uint32_t)align;
}

/* The bit offset of bit-field `f` of `type`; `at` is the next free bit. It may not span more units of the type's
 * alignment than the type itself has, unless it is packed. Raises the alignment of the struct, for unnamed
 * bit-fields only if the ABI says so. */
static uint64_t place_bits(struct layout *l, const kiln_cfield *f, const struct kn_ctype *type,
                           uint64_t at) {
  uint64_t unit = type->align * UINT64_C(8), pack = l->as.pack_bytes;
  bool packed = l->as.packed || (f->flags & KILN_CFIELD_PACKED) != 0;
  if (pack != 0 && unit > pack * 8 && f->bits != 0) unit = pack * 8;
  if (f->bits == 0) at = kn_cround(at, unit);
  else if (!packed && pack == 0 && (at % unit + f->bits + unit - 1) / unit > type->size * 8 / unit)
    at = kn_cround(at, unit);
  uint64_t own = f->align_bytes;
  if (own != 0) at = kn_cround(at, own * 8);
  if (!(f->flags & KILN_CFIELD_UNNAMED) || l->c->abi->unnamed_bits_align) {
    raise_align(l, packed && f->bits != 0 ? 1 : unit / 8);
    raise_align(l, own);
  }
  return at;
}

/* The offset, in bits, of a member that is not a bit-field; `at` is the next free bit. */
static uint64_t place_object(struct layout *l, const kiln_cfield *f, const struct kn_ctype *type,
                             uint64_t at) {
  uint64_t align = type->align;
  if (l->as.packed || (f->flags & KILN_CFIELD_PACKED) != 0) align = 1;
  if (f->align_bytes > align) align = f->align_bytes;
  if (l->as.pack_bytes != 0 && align > l->as.pack_bytes) align = l->as.pack_bytes;
  raise_align(l, align);
  return kn_cround(at, align * 8);
}

/* Records the facts that the ABI needs about a member at bit `at`. */
static void note_field(struct layout *l, const kiln_cfield *f, const struct kn_ctype *type,
                       uint64_t at) {
  struct kn_ctype *t = &l->t;
  uint64_t byte = at / 8;
  t->in_memory |= type->in_memory;
  if (f->flags & KILN_CFIELD_BITS) {
    if (f->bits != 0) t->hfa = KN_CHFA_NOT;
    if (f->bits == 0 || (f->flags & KILN_CFIELD_UNNAMED)) return;
    t->classes =
      merge_classes(t->classes, class_run(KN_CCLASS_INTEGER, byte, (at + f->bits + 7) / 8 - byte));
    /* gcc and clang treat a bit-field with the size and alignment of an integer as one */
    if (f->bits >= 16 && is_power(f->bits) && at % f->bits == 0 && byte < 16)
      t->starts |= UINT64_C(1) << (16 * (unsigned)(__builtin_ctz(f->bits) - 4) + byte);
    return;
  }
  if (type->flexible) {
    t->flexible = true;
    t->hfa = KN_CHFA_NOT;
  }
  if (type->size != 0 || type->kind == KILN_CTYPE_ARRAY)
    hfa_add(t, type->kind == KILN_CTYPE_ARRAY && type->count == 0 ? KN_CHFA_NOT : type->hfa,
            type->n_hfa);
  if (byte < 16 && type->size <= 16 && type->size != 0) {
    t->classes = merge_classes(t->classes, type->classes << (4 * byte));
    t->starts |= shift_starts(type->starts, (unsigned)byte);
  }
}

static kiln_ctype make_record(kiln_ctypes *c, kiln_ctype_kind kind, const kiln_cfield *fields,
                              uint32_t n, const kiln_ctype_options *as) {
  const kiln_ctype none = {0};
  struct layout l = {.c = c,
                     .t = {.kind = (uint16_t)kind, .align = 1, .natural = 1, .n_fields = n}};
  if (c == NULL) return none;
  if (as != NULL && (as->reserved[0] | as->reserved[1] | as->reserved[2] | as->reserved[3]) != 0)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT,
                          "the field 'reserved' of the layout must be 0");
  if (fields == NULL && n != 0)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT, "members are missing (NULL)");
  if (as != NULL) l.as = *as;
  l.t.in_memory = l.as.in_memory;
  if ((l.as.align_bytes != 0 && (!is_power(l.as.align_bytes) || l.as.align_bytes > MAX_ALIGN)) ||
      (l.as.pack_bytes != 0 && !is_power(l.as.pack_bytes)))
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT,
                          "an alignment is a power of two of at most 65536");
  if (!KN_ROOM(&c->allocator, c->fields, n))
    return KN_CTYPES_FAIL(none, c, KILN_ERR_MEMORY, "out of memory");
  l.t.fields = c->fields.n;
  for (uint32_t i = 0; i < n; i++) {
    const kiln_cfield *f = fields + i;
    const struct kn_ctype *type = object_type(c, f->type);
    if (type == NULL || !check_field(c, f, type)) return none;
    if (type->flexible && i + 1 != n)
      return KN_CTYPES_FAIL(none, c, KILN_ERR_STRUCTURE,
                            "a flexible array that is not the last member");
    bool is_bits = (f->flags & KILN_CFIELD_BITS) != 0;
    uint64_t at = kind == KILN_CTYPE_UNION ? 0 : l.bits;
    at = is_bits ? place_bits(&l, f, type, at) : place_object(&l, f, type, at);
    uint64_t end = at + (is_bits ? f->bits : type->size * 8);
    if (end / 8 > MAX_SIZE) return KN_CTYPES_FAIL(none, c, KILN_ERR_LIMIT, "a type too large");
    if (kind != KILN_CTYPE_UNION || end > l.bits) l.bits = end;
    note_field(&l, f, type, at);
    c->fields.at[l.t.fields + i] = (kiln_cfield_info){.type = f->type,
                                                      .offset_bytes = at / 8,
                                                      .bit_offset = (uint32_t)(at % 8),
                                                      .bits = is_bits ? f->bits : 0,
                                                      .flags = f->flags};
  }
  l.t.natural = l.t.align;
  raise_align(&l, l.as.align_bytes);
  l.t.size = kn_cround((l.bits + 7) / 8, l.t.align);
  hfa_end(&l.t);
  if (l.t.size > 16) l.t.classes = 0;
  kiln_ctype t = add(c, &l.t);
  if (t.id != 0) c->fields.n += n;
  return t;
}

kiln_ctype kiln_ctype_new_struct(kiln_ctypes *c, const kiln_ctype_options *layout,
                                 const kiln_cfield *fields, uint32_t n) {
  return make_record(c, KILN_CTYPE_STRUCT, fields, n, layout);
}

kiln_ctype kiln_ctype_new_union(kiln_ctypes *c, const kiln_ctype_options *layout,
                                const kiln_cfield *fields, uint32_t n) {
  return make_record(c, KILN_CTYPE_UNION, fields, n, layout);
}

/* ---- reading ---- */

kiln_ctype_info kiln_ctype_get(const kiln_ctypes *c, kiln_ctype t) {
  kiln_ctype_info info;
  memset(&info, 0, sizeof info);
  const struct kn_ctype *type = kn_ctype_at(c, t);
  if (type == NULL) return info;
  info.kind = (kiln_ctype_kind)type->kind;
  info.size_bytes = type->size;
  info.align_bytes = type->align;
  info.value = (kiln_type)type->value;
  info.is_signed = type->is_signed;
  info.element.id = type->element;
  info.count = type->count;
  info.n_fields = type->n_fields;
  return info;
}

kiln_cfield_info kiln_ctype_get_field(const kiln_ctypes *c, kiln_ctype t, uint32_t i) {
  kiln_cfield_info none;
  memset(&none, 0, sizeof none);
  const struct kn_ctype *type = kn_ctype_at(c, t);
  return type != NULL && i < type->n_fields ? c->fields.at[type->fields + i] : none;
}

kiln_ctype kiln_ctype_promote(const kiln_ctypes *c, kiln_ctype t) {
  const struct kn_ctype *type = kn_ctype_at(c, t);
  if (type == NULL) return kiln_ctype_basic(KILN_CTYPE_NONE);
  if (type->kind == KILN_CTYPE_FLOAT) return kiln_ctype_basic(KILN_CTYPE_DOUBLE);
  if (type->kind >= KILN_CTYPE_BOOL && type->kind <= KILN_CTYPE_USHORT)
    return kiln_ctype_basic(KILN_CTYPE_INT);
  return t;
}

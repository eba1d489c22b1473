/* The type table: kinds, layout by the data layout of the ELF targets, and the scalar parts of first-class aggregates.
 * Read once per module. The elements of a type have smaller ids, and so its layout is known when it is read; but in
 * tables with typed pointers (LLVM 14 and older), where a struct may stand before the one that it contains, if that has
 * a pointer to the first. Those wait for the end of the table. Invariant: types cannot contain themselves. */
#include "bc.h"

/* Log2 of a power of two. */
static uint8_t log2_of(uint64_t v) { return (uint8_t)__builtin_ctzll(v); }

static uint64_t align_to(uint64_t v, unsigned log2) {
  uint64_t mask = (UINT64_C(1) << log2) - 1;
  return (v + mask) & ~mask;
}

/* An integer type of `bits` bits. */
static bool integer(struct kn_bc *r, struct kn_bc_type *t, uint64_t bits) {
  if (bits == 0 || bits > 1 << 23) return kn_bc_malformed(r, "bad integer width");
  static const uint8_t ktypes[5] = {KILN_TYPE_I8, KILN_TYPE_I16, KILN_TYPE_I32, KILN_TYPE_I64,
                                    KILN_TYPE_I128};
  t->kind = TK_INT;
  t->bits = (uint32_t)bits;
  unsigned up = 0; /* log2 of the size in bytes of the smallest Kiln type that holds it */
  while (UINT64_C(8) << up < bits) up++;
  if (up < 5) t->ktype = ktypes[up];
  t->fit = bits == 1 ? FIT_BOOL : bits == UINT64_C(8) << up ? FIT_EXACT : FIT_ODD;
  t->align_log2 = (uint8_t)(up < 4 ? up : 4);
  if (bits > 128) {
    t->kind = TK_WIDE;
    t->fit = FIT_ODD;
    r->open->has_words = true;
  }
  t->size = align_to((bits + 7) / 8, t->align_log2);
  return true;
}

/* Appends an element. One that stands later in the table is looked at when that was read. */
static bool element(struct kn_bc *r, struct kn_bc_type *t, uint64_t id) {
  if (id >= KN_BC_MAX_TYPES) return kn_bc_malformed(r, "type number out of range");
  if (id >= r->types.n || r->types.at[id].laid_out != LAID_OUT) t->laid_out = LAID_WAITS;
  return KN_BC_PUSH(r, r->open->elems, (struct kn_bc_elem){.type = (uint32_t)id});
}

/* Makes it a type that no value has, because of its record, of code `code`; operand number `surplus` of that is not
 * known, if it is not KN_BC_NO_TYPE. What contains such a type is one, too. */
static void other(struct kn_bc_type *t, uint32_t code, uint32_t surplus) {
  t->kind = TK_OTHER;
  t->bits = code;
  t->pointee = surplus;
}

/* Checks the elements of a struct, an array or a vector, which are known, and counts its depth. */
static bool check_elements(struct kn_bc *r, struct kn_bc_type *t) {
  for (uint32_t i = 0; i < t->n; i++) {
    const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first + i].type];
    if (e->kind == TK_VOID || e->kind == TK_FUNC || e->kind == TK_LABEL)
      return kn_bc_malformed(r, "element type without a size");
    if (e->kind == TK_OTHER && t->kind != TK_OTHER) other(t, e->bits, e->pointee);
    if (e->depth >= KN_BC_MAX_DEPTH)
      return kn_bc_fail(r, KILN_ERR_LIMIT, "types nested deeper than %d", KN_BC_MAX_DEPTH);
    if (e->depth + 1 > t->depth) t->depth = (uint16_t)(e->depth + 1);
  }
  return true;
}

#define TOO_LARGE (UINT64_C(1) << 60)

/* Lays out a struct whose elements are known. */
static bool place(struct kn_bc *r, struct kn_bc_type *t) {
  uint64_t at = 0;
  t->align_log2 = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    struct kn_bc_elem *e = &r->m->elems.at[t->first + i];
    const struct kn_bc_type *et = &r->types.at[e->type];
    unsigned align = t->flags ? 0 : et->align_log2;
    if (align > t->align_log2) t->align_log2 = (uint8_t)align;
    at = align_to(at, align);
    e->offset = at;
    at += et->size;
    if (at > TOO_LARGE) return kn_bc_fail(r, KILN_ERR_LIMIT, "a type is too large");
  }
  t->size = align_to(at, t->align_log2);
  return true;
}

/* Vectors are aligned to their size, which is a power of two. */
static void pad_vector(const struct kn_bc *r, struct kn_bc_type *t) {
  const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first].type];
  bool packed = e->kind == TK_INT && e->fit != FIT_EXACT;
  uint64_t bytes = packed ? t->count * e->bits / 8 + (t->count * e->bits % 8 != 0) : t->size;
  t->align_log2 = 0;
  while (UINT64_C(1) << t->align_log2 < bytes) t->align_log2++;
  t->size = bytes ? UINT64_C(1) << t->align_log2 : 0;
  if (t->align_log2 > 16) t->align_log2 = 16; /* the largest alignment of a symbol */
}

/* How registers hold a vector: one v64, one v128, or several v128; see vector.c. */
static void vector_layout(struct kn_bc *r, struct kn_bc_type *t) {
  const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first].type];
  uint64_t n = t->count;
  t->fit = FIT_ODD;
  t->mask = UINT32_MAX;
  r->open->has_vectors = true;
  if (n == 0 || n > KN_BC_MAX_LANES) return;
  if (e->fit == FIT_BOOL) {
    t->is_mask = true;
    t->lane = n <= 2   ? KILN_TYPE_I64
              : n <= 4 ? KILN_TYPE_I32
              : n <= 8 ? KILN_TYPE_I16
                       : KILN_TYPE_I8;
  } else if (e->kind == TK_PTR && e->ktype) {
    t->lane = KILN_TYPE_I64;
  } else if ((e->fit == FIT_EXACT || e->fit == FIT_SOFT || e->kind == TK_INT) && e->ktype &&
             (e->bits <= 64 || e->bits == 128)) {
    t->lane = e->ktype;
  } else {
    return;
  }
  uint64_t bytes = n * kiln_type_size((kiln_type)t->lane);
  r->open->has_long_vectors |= bytes > 16;
  t->bits = (uint32_t)(n * e->bits);
  if (bytes <= 8 && !t->is_mask) t->ktype = KILN_TYPE_V64;
  else if (bytes <= 16) t->ktype = KILN_TYPE_V128;
  if (!t->is_mask && e->fit != FIT_ODD && (bytes == 8 || bytes == 16)) t->fit = FIT_VECTOR;
}

/* Adds the type of the parts of longer vectors, and finds the types of comparisons. */
static KN_COLD bool finish_vectors(struct kn_bc *r) {
  uint32_t mask[KN_BC_MAX_LANES + 1]; /* by number of lanes */
  memset(mask, 0xff, sizeof mask);
  for (uint32_t i = 0; i < r->types.n; i++)
    if (r->types.at[i].kind == TK_VECTOR && r->types.at[i].is_mask) mask[r->types.at[i].count] = i;
  for (uint32_t i = 0; i < r->types.n; i++)
    if (r->types.at[i].kind == TK_VECTOR && r->types.at[i].lane)
      r->types.at[i].mask = mask[r->types.at[i].count];
  return kn_bc_add_chunk(r);
}

KN_COLD bool kn_bc_add_chunk(struct kn_bc *r) {
  if (!kn_bc_grow(r, &r->types.at, &r->types.cap, (uint64_t)r->types.n + 1, sizeof *r->types.at))
    return false;
  r->open->chunk_type = r->types.n;
  r->types.at[r->types.n++] = (struct kn_bc_type){.kind = TK_VECTOR,
                                                  .ktype = KILN_TYPE_V128,
                                                  .fit = FIT_VECTOR,
                                                  .align_log2 = 4,
                                                  .bits = 128,
                                                  .size = 16,
                                                  .piece_first = UINT32_MAX,
                                                  .pointee = KN_BC_NO_TYPE,
                                                  .mask = UINT32_MAX};
  return true;
}

/* The size of an array, and that of a vector's lanes. */
static bool array_layout(struct kn_bc *r, struct kn_bc_type *t) {
  const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first].type];
  t->align_log2 = e->align_log2;
  if (t->kind == TK_VECTOR) {
    t->depth = 1;
    vector_layout(r, t);
  }
  if (__builtin_mul_overflow(t->count, e->size, &t->size) || t->size > TOO_LARGE)
    return kn_bc_fail(r, KILN_ERR_LIMIT, "a type is too large");
  if (t->kind == TK_VECTOR) pad_vector(r, t);
  else kn_bc_harden_type(r, t);
  return true;
}

/* Counts the scalars of a struct or an array, as far as it matters. */
static void count_scalars(const struct kn_bc *r, struct kn_bc_type *t) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < t->n && n <= KN_BC_MAX_PIECES; i++) {
    const struct kn_bc_type *e = &r->types.at[r->m->elems.at[t->first + i].type];
    uint64_t of = kn_bc_is_aggregate(e) ? e->scalars : 1;
    if (t->kind == TK_ARRAY) of = t->count > KN_BC_MAX_PIECES ? t->count : t->count * of;
    n += of;
  }
  t->scalars = (uint16_t)(n <= KN_BC_MAX_PIECES ? n : KN_BC_MAX_PIECES + 1);
}

/* Lays out a type whose elements are laid out; of a function's type there is nothing to know. */
static bool lay_out(struct kn_bc *r, struct kn_bc_type *t) {
  t->laid_out = LAID_OUT;
  if (t->kind == TK_FUNC) return true;
  if (!check_elements(r, t)) return false;
  if (t->kind == TK_OTHER) return true;
  if (t->kind != TK_VECTOR) count_scalars(r, t);
  if (t->kind != TK_STRUCT) return array_layout(r, t);
  kn_bc_harden_type(r, t);
  return place(r, t);
}

/* Begins to lay out a type that waits. */
static bool begin_waiting(struct kn_bc *r, uint32_t id, uint32_t base) {
  struct kn_bc_type *t = &r->types.at[id];
  if (t->laid_out == LAID_OUT) return true;
  if (t->laid_out == LAID_BUSY) return kn_bc_malformed(r, "a type that contains itself");
  if (r->tmp.levels.n - base > KN_BC_MAX_DEPTH)
    return kn_bc_fail(r, KILN_ERR_LIMIT, "types nested deeper than %d", KN_BC_MAX_DEPTH);
  t->laid_out = LAID_BUSY;
  return kn_bc_enter_type(r, id, 0, 0);
}

/* Lays out a type that waits, and first all that it contains. */
static KN_COLD bool lay_out_later(struct kn_bc *r, uint32_t id) {
  uint32_t base = r->tmp.levels.n;
  if (!begin_waiting(r, id, base)) return false;
  while (r->tmp.levels.n > base) {
    struct kn_bc_level *l = &r->tmp.levels.at[r->tmp.levels.n - 1];
    struct kn_bc_type *t = &r->types.at[l->type];
    if (l->next == t->n) {
      r->tmp.levels.n--;
      if (!lay_out(r, t)) return false;
      continue;
    }
    uint32_t e = r->m->elems.at[t->first + l->next++].type;
    if (e >= r->types.n) return kn_bc_malformed(r, "type number out of range");
    if (t->kind != TK_FUNC && !begin_waiting(r, e, base)) return false;
  }
  return true;
}

/* After the table: lays out what waits, and checks what pointers point to. */
static bool finish_layout(struct kn_bc *r) {
  for (uint32_t id = 0; id < r->types.n; id++) {
    const struct kn_bc_type *t = &r->types.at[id];
    if (KN_UNLIKELY(t->laid_out != LAID_OUT) && !lay_out_later(r, id)) return false;
    if (t->kind == TK_PTR && t->pointee != KN_BC_NO_TYPE && t->pointee >= r->types.n)
      return kn_bc_malformed(r, "type number out of range");
  }
  return true;
}

/* The alignment of what contains integers of more than 64 bits changes, but not the sizes of arrays. */
bool kn_bc_align_wide(struct kn_bc *r) {
  for (uint32_t id = 0; id < r->types.n; id++) {
    struct kn_bc_type *t = &r->types.at[id];
    if ((t->kind == TK_INT || t->kind == TK_WIDE) && t->bits > 64) {
      t->align_log2 = 3;
      t->size = align_to((t->bits + 7) / 8, 3);
    } else if (t->kind == TK_STRUCT || t->kind == TK_ARRAY) {
      t->laid_out = LAID_WAITS;
    }
  }
  return finish_layout(r);
}

/* ---- records ---- */

/* May pointers of an address space be as those of space 0? The data layout, which comes later, may say otherwise. */
static bool plain_space(const struct kn_bc *r, uint64_t space) {
  return space == 0 || (space < 256 && !r->m->has_layout);
}

static void pointer(struct kn_bc *r, struct kn_bc_type *t, uint64_t space) {
  t->kind = TK_PTR;
  t->size = 8;
  t->bits = 64;
  t->align_log2 = 3;
  t->count = space;
  t->ktype = plain_space(r, space) ? KILN_TYPE_PTR : KILN_TYPE_VOID;
  if (r->m->ptr_type == UINT32_MAX && t->ktype) r->open->ptr_type = r->types.n;
}

/* Floats that the IR computes with on all targets. */
static void float_type(struct kn_bc_type *t, kiln_type type) {
  t->kind = TK_FLOAT;
  t->ktype = (uint8_t)type;
  t->size = kiln_type_size(type);
  t->bits = (uint32_t)t->size * 8;
  t->align_log2 = log2_of(t->size);
}

static void half_type(struct kn_bc_type *t, enum kn_bc_soft soft) {
  t->kind = TK_SOFT;
  t->soft = (uint8_t)soft;
  t->fit = FIT_SOFT;
  t->ktype = KILN_TYPE_I16;
  t->bits = 16;
  t->size = 2;
  t->align_log2 = 1;
}

/* Floats of 80 and 128 bits: the target says which Kiln type has them, if any. */
static void long_float_type(const struct kn_bc *r, struct kn_bc_type *t) {
  t->kind = TK_OTHER_SCALAR;
  t->bits = r->in.code == TYPE_X86_FP80 ? 80 : 128;
  if (r->in.code == TYPE_X86_FP80) t->ktype = (uint8_t)kn_bc_targets[r->target].f80;
  if (r->in.code == TYPE_FP128) t->ktype = (uint8_t)kn_bc_targets[r->target].f128;
  if (t->ktype == KILN_TYPE_V128) {
    t->kind = TK_SOFT;
    t->soft = SOFT_QUAD;
    t->fit = FIT_SOFT;
  } else if (t->ktype != KILN_TYPE_VOID) {
    t->kind = TK_FLOAT;
  }
  t->size = 16;
  t->align_log2 = 4;
}

/* A type with elements: operands from `from` on are their ids. */
static bool composite(struct kn_bc *r, struct kn_bc_type *t, enum kn_bc_kind kind, uint32_t from,
                      uint32_t n) {
  t->kind = (uint8_t)kind;
  for (uint32_t i = from; i < from + n; i++)
    if (!element(r, t, r->in.ops.at[i])) return false;
  t->n = n;
  return t->laid_out != LAID_OUT || lay_out(r, t);
}

/* What the record says of one type. */
static bool describe(struct kn_bc *r, struct kn_bc_type *t) {
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n;
  switch (r->in.code) {
  case TYPE_VOID: t->kind = TK_VOID; return true;
  case TYPE_LABEL: t->kind = TK_LABEL; return true;
  case TYPE_METADATA: t->kind = TK_METADATA; return true;
  case TYPE_OPAQUE: t->kind = TK_OPAQUE; return true;
  case TYPE_FLOAT: float_type(t, KILN_TYPE_F32); return true;
  case TYPE_DOUBLE: float_type(t, KILN_TYPE_F64); return true;
  case TYPE_HALF: half_type(t, SOFT_HALF); return true;
  case TYPE_BFLOAT: half_type(t, SOFT_BFLOAT); return true;
  case TYPE_X86_FP80:
    long_float_type(r, t);
    r->open->has_f80 = true;
    return kn_bc_harden_x87(r);
  case TYPE_FP128:
  case TYPE_PPC_FP128: long_float_type(r, t); return true;
  case TYPE_X86_MMX:
  case TYPE_X86_AMX:
  case TYPE_TOKEN:
  case TYPE_TARGET_TYPE:
  case TYPE_BYTE: other(t, r->in.code, KN_BC_NO_TYPE); return true;
  case TYPE_INTEGER:
    if (n < 1) return kn_bc_malformed(r, "bad integer type");
    if (!integer(r, t, op[0])) return false;
    if (t->fit == FIT_BOOL && r->m->bool_type == UINT32_MAX) r->open->bool_type = r->types.n;
    return true;
  case TYPE_POINTER: /* [pointee, space] */
    if (n < 1 || op[0] >= KN_BC_MAX_TYPES) return kn_bc_malformed(r, "bad pointer type");
    t->pointee = (uint32_t)op[0];
    pointer(r, t, n > 1 ? op[1] : 0);
    return true;
  case TYPE_OPAQUE_POINTER: /* [space] */
    if (n < 1) return kn_bc_malformed(r, "bad pointer type");
    pointer(r, t, op[0]);
    return true;
  case TYPE_ARRAY:
  case TYPE_VECTOR: /* [count, element] */
    if (n < 2) return kn_bc_malformed(r, "bad array type");
    t->count = op[0];
    return composite(r, t, r->in.code == TYPE_ARRAY ? TK_ARRAY : TK_VECTOR, 1, 1);
  case TYPE_STRUCT_ANON:
  case TYPE_STRUCT_NAMED: /* [packed, elements...] */
    if (n < 1) return kn_bc_malformed(r, "bad struct type");
    if (!kn_bc_flags(r, "a struct's type", op[0], 1)) return false;
    t->flags = op[0] != 0;
    return composite(r, t, TK_STRUCT, 1, n - 1);
  case TYPE_FUNCTION: /* [variadic, result, parameters...] */
    if (n < 2) return kn_bc_malformed(r, "bad function type");
    if (!kn_bc_flags(r, "a function's type", op[0], 1)) return false;
    t->flags = op[0] != 0;
    return composite(r, t, TK_FUNC, 1, n - 1);
  default: other(t, r->in.code, KN_BC_NO_TYPE); return true;
  }
}

/* How many operands a type's record may have; UINT32_MAX: any number, or it is not known. */
static uint32_t most_operands(uint32_t code) {
  switch (code) {
  case TYPE_VOID:
  case TYPE_FLOAT:
  case TYPE_DOUBLE:
  case TYPE_LABEL:
  case TYPE_HALF:
  case TYPE_X86_FP80:
  case TYPE_FP128:
  case TYPE_PPC_FP128:
  case TYPE_METADATA:
  case TYPE_BFLOAT: return 0;
  case TYPE_OPAQUE: /* whether it is packed, which it is not */
  case TYPE_INTEGER:
  case TYPE_OPAQUE_POINTER: return 1;
  case TYPE_POINTER:
  case TYPE_ARRAY:
  case TYPE_VECTOR: return 2; /* that a vector is scalable is refused, too */
  default: return UINT32_MAX;
  }
}

bool kn_bc_add_type(struct kn_bc *r) {
  struct kn_bc_type t = {
    .piece_first = UINT32_MAX, .first = r->m->elems.n, .pointee = KN_BC_NO_TYPE};
  const uint32_t most = most_operands(r->in.code);
  uint32_t surplus = most; /* one of 0 after those known asks for nothing */
  while (surplus < r->in.ops.n && r->in.ops.at[surplus] == 0) surplus++;
  if (KN_UNLIKELY(surplus < r->in.ops.n)) other(&t, r->in.code, surplus);
  else if (!describe(r, &t)) return false;
  if (r->types.n >= KN_BC_MAX_TYPES) return kn_bc_fail(r, KILN_ERR_LIMIT, "too many types");
  if (r->types.n == r->types.cap &&
      !kn_bc_grow(r, &r->types.at, &r->types.cap, (uint64_t)r->types.n + 1, sizeof *r->types.at))
    return false;
  r->types.at[r->types.n++] = t;
  return true;
}

/* Adds i64, the type of the parts of wide integers, to the type table: the module need not contain it. */
static KN_COLD bool add_word(struct kn_bc *r) {
  if (!KN_BC_ROOM(r, r->in.ops, 1)) return false;
  r->in.code = TYPE_INTEGER;
  r->in.ops.at[0] = 64;
  r->in.ops.n = 1;
  r->open->word_type = r->types.n;
  return kn_bc_add_type(r);
}

/* A record of the table: a type, or how many there are, which goes to *count. *unknown: the code of one that is neither
 * known to be the one nor the other. */
static bool type_record(struct kn_bc *r, uint64_t *count, uint32_t *unknown) {
  if (r->in.code == TYPE_NUMENTRY) {
    if (r->in.ops.n > 0) *count = r->in.ops.at[0];
    return true;
  }
  if (r->in.code > TYPE_BYTE) *unknown = r->in.code;
  return kn_bc_add_type(r);
}

bool kn_bc_read_types(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint64_t count = 0;
  uint32_t unknown = 0;
  struct kn_bits *b = &r->in.bits;
  if (!kn_bc_enter(r, BLOCK_TYPE, &saved)) return false;
  if (r->types.n) return kn_bc_malformed(r, "second type table");
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end) return kn_bc_malformed(r, "the file ends within the type table");
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      kn_bc_leave(r, &saved);
      if (unknown != 0 && r->types.n != count) /* it is no type, so that numbers mean others */
        return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown type record %u",
                          unknown);
      return r->status == KILN_OK && finish_layout(r) && (!r->m->has_words || add_word(r)) &&
             (!r->m->has_vectors || finish_vectors(r));
    }
    bool ok = true;
    if (id == BC_ENTER_BLOCK) {
      ok = kn_bc_unknown(r, "block", kn_bits_vbr(b, 8));
    } else if (id == BC_DEFINE_ABBREV) {
      ok = kn_bc_define_abbrev(r, false, BLOCK_TYPE);
    } else if (kn_bc_code(r, id) == TYPE_STRUCT_NAME) {
      ok = kn_bc_skip_record(r, id);
    } else {
      ok = kn_bc_record(r, id) && type_record(r, &count, &unknown);
    }
    if (!ok) return false;
  }
}

/* ---- parts ---- */

/* Reports a type that no value can have. */
static bool bad_other(struct kn_bc *r, const struct kn_bc_type *t) {
  if (t->bits == TYPE_VECTOR && t->pointee != KN_BC_NO_TYPE)
    return kn_bc_unsupported(r, "scalable vectors");
  if (t->pointee != KN_BC_NO_TYPE)
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                      "not implemented: unknown operand %u of type record %u", t->pointee, t->bits);
  switch (t->bits) {
  case TYPE_BYTE: return kn_bc_unsupported(r, "values of the byte type");
  case TYPE_X86_MMX:
  case TYPE_X86_AMX:
  case TYPE_TOKEN:
  case TYPE_TARGET_TYPE: return kn_bc_unsupported(r, "values of a special type");
  default:
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown type record %u", t->bits);
  }
}

bool kn_bc_bad_type(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  switch (t->kind) {
  case TK_VECTOR: return kn_bc_unsupported(r, "vectors of lanes of this type");
  case TK_WIDE: return kn_bc_unsupported(r, "this use of integers wider than 128 bits");
  case TK_PTR: return kn_bc_unsupported(r, "address spaces");
  case TK_OTHER_SCALAR:
    return kn_bc_unsupported(r, t->bits == 80 ? "type x86_fp80" : "type ppc_fp128");
  case TK_OTHER: return bad_other(r, t);
  default: return kn_bc_malformed(r, "a value of a type that no value can have");
  }
}

bool kn_bc_scalar(struct kn_bc *r, uint32_t type) {
  return r->types.at[type].ktype != KILN_TYPE_VOID || kn_bc_bad_type(r, type);
}

bool kn_bc_sized(struct kn_bc *r, uint32_t type) {
  if (type >= r->types.n) return kn_bc_malformed(r, "type number out of range");
  switch (r->types.at[type].kind) {
  case TK_INT:
  case TK_WIDE:
  case TK_PTR:
  case TK_FLOAT:
  case TK_SOFT:
  case TK_OTHER_SCALAR:
  case TK_STRUCT:
  case TK_ARRAY:
  case TK_VECTOR: return true;
  case TK_OTHER: return kn_bc_bad_type(r, type);
  default: return kn_bc_malformed(r, "a type without a size");
  }
}

static bool split_wide(struct kn_bc *r, const struct kn_bc_type *t, uint64_t offset) {
  if (t->bits > 64 * KN_BC_MAX_WORDS) return kn_bc_unsupported(r, "integers wider than 4096 bits");
  for (uint32_t at = 0; at < t->bits; at += 64)
    if (!KN_BC_PUSH(r, r->type_pieces,
                    (struct kn_bc_piece){r->m->word_type, r->m->word_type, offset + at / 8}))
      return false;
  return true;
}

bool kn_bc_enter_type(struct kn_bc *r, uint32_t type, uint32_t id, uint64_t at) {
  return KN_BC_PUSH(r, r->tmp.levels, (struct kn_bc_level){.type = type, .id = id, .at = at});
}

bool kn_bc_next_element(struct kn_bc *r, uint32_t base, struct kn_bc_element *e) {
  while (r->tmp.levels.n > base) {
    struct kn_bc_level *l = &r->tmp.levels.at[r->tmp.levels.n - 1];
    const struct kn_bc_type *t = &r->types.at[l->type];
    bool is_struct = t->kind == TK_STRUCT;
    if (l->next == (is_struct ? t->n : t->count)) {
      r->tmp.levels.n--;
      continue;
    }
    const struct kn_bc_elem *of = &r->m->elems.at[t->first + (is_struct ? l->next : 0)];
    uint64_t at = is_struct ? of->offset : l->next * r->types.at[of->type].size;
    *e = (struct kn_bc_element){l->id, of->type, l->next++, l->at + at};
    return true;
  }
  return false;
}

/* Appends the parts of `type`, which is no aggregate, and is `whole` or within it, at `offset`. */
static bool split_leaf(struct kn_bc *r, uint32_t type, uint64_t offset, uint32_t whole) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind == TK_WIDE) {
    r->types.at[whole].holds_wide = type != whole;
    return split_wide(r, t, offset);
  }
  if (t->kind == TK_VECTOR && t->lane && !t->ktype) {
    r->types.at[whole].holds_packed |=
      type != whole && (t->is_mask || kn_bc_has_odd_lanes(r, t) || t->size != t->bits / 8);
    uint32_t parts = (uint32_t)((t->count * kiln_type_size((kiln_type)t->lane) + 15) / 16);
    for (uint32_t i = 0; i < parts; i++)
      if (!KN_BC_PUSH(r, r->type_pieces,
                      (struct kn_bc_piece){r->m->chunk_type, type, offset + 16 * (uint64_t)i}))
        return false;
    return true;
  }
  if (!kn_bc_scalar(r, type)) return false;
  return KN_BC_PUSH(r, r->type_pieces, (struct kn_bc_piece){type, type, offset});
}

/* Appends the parts of `type`. */
static bool split(struct kn_bc *r, uint32_t type) {
  uint32_t first = r->type_pieces.n, base = r->tmp.levels.n;
  struct kn_bc_element e = {.type = type};
  do {
    const struct kn_bc_type *t = &r->types.at[e.type];
    if (t->size == 0) continue; /* no parts, however deep it is nested */
    if (r->type_pieces.n - first >= KN_BC_MAX_PIECES)
      return kn_bc_unsupported(r, "an aggregate value of this many parts");
    if (kn_bc_is_aggregate(t) ? !kn_bc_enter_type(r, e.type, 0, e.at)
                              : !split_leaf(r, e.type, e.at, type))
      return false;
  } while (kn_bc_next_element(r, base, &e));
  return true;
}

bool kn_bc_split(struct kn_bc *r, uint32_t type) {
  struct kn_bc_type *t = &r->types.at[type];
  if (t->piece_first != UINT32_MAX) return true;
  uint32_t first = r->type_pieces.n;
  if (t->size > 64 * KN_BC_MAX_PIECES)
    return kn_bc_unsupported(r, "an aggregate value of that size");
  if (!split(r, type)) return false;
  t->piece_first = first;
  t->n_pieces = r->type_pieces.n - first;
  return true;
}

bool kn_bc_split_plain(struct kn_bc *r, uint32_t type) {
  if (!kn_bc_split(r, type)) return false;
  return !r->types.at[type].holds_wide ||
         kn_bc_unsupported(r, "integers wider than 128 bits in aggregate values");
}

bool kn_bc_stepped(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind == TK_ARRAY) return true;
  if (t->kind == TK_OTHER) return kn_bc_bad_type(r, type);
  if (t->kind != TK_VECTOR)
    return kn_bc_unsupported(r, "more operands in a record for getelementptr than its type has");
  const struct kn_bc_type *lane = &r->types.at[r->m->elems.at[t->first].type];
  return lane->fit == FIT_EXACT || lane->fit == FIT_SOFT ||
         kn_bc_unsupported(r, "getelementptr into a vector of lanes that are not whole bytes");
}

bool kn_bc_is_large(const struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  return t->piece_first == UINT32_MAX && kn_bc_is_aggregate(t) && t->size > KN_BC_MAX_PIECES &&
         t->scalars > KN_BC_MAX_PIECES;
}

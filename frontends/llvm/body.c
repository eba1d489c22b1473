/* The loop over a function block: decodes the frequent records from windows, all others into operands for
 * record.c. Called by function.c. The loop is compiled twice from one source: for functions whose instructions are
 * followed by locations, and for those without; and both once more with KN_PEXT (decoder.h).
 * Invariant: a record is decoded here only if all its operands are defined values, or it has none that
 * could be a forward reference with a type after it; else it is decoded again from its beginning in the
 * general way, operand by operand. */
#include "debug/ahead.h"
#include "decoder.h"
#include "frequent.h"

/* Record fields are taken from a window: the 57 bits (or more) from some position on (bits.h). `used` counts the bits
 * taken from it. */

/* ---- records of a known shape ---- */

#define MOST_OPS 48

/* Each of these reads the record at `pos` whose abbreviation id was cut from its window `w`, `used` bits: builds the
 * instruction, and moves past it. False, and nothing happens, if a number is too long or a forward reference. */
#define QUICK(name)                                                                                \
  static inline __attribute__((always_inline)) bool quick_##name(                                  \
    struct kn_bc *r, const struct kn_bc_form *ab, uint64_t pos, uint64_t w, unsigned used,         \
    const bool located)

/* The record was decoded, and ends at `end`. */
static inline __attribute__((always_inline)) void decoded(struct kn_bc *r, uint64_t end,
                                                          const bool located) {
  r->in.bits.pos = end;
  if (located) kn_bc_loc_ahead(r);
}

QUICK(load) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t type = kn_bits_take_fixed(&w, &used, ab->type_bits),
           c = kn_bits_take_fixed(&w, &used, 5);
  if (KN_UNLIKELY(!kn_bits_within(used) || (c & 8) != 0 || a >= r->vals.n)) return false;
  decoded(r, pos + used, located);
  kn_bc_on_load(r, a, type, c >> 4);
  return true;
}

QUICK(store) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t b = kn_bc_absolute(r, kn_bits_take(&w, &used)), c = kn_bits_take_fixed(&w, &used, 5);
  (void)ab;
  if (KN_UNLIKELY(!kn_bits_within(used) || (c & 8) != 0 || a >= r->vals.n || b >= r->vals.n))
    return false;
  decoded(r, pos + used, located);
  kn_bc_on_store(r, a, b, kn_bc_type_of(r, b), c >> 4);
  return true;
}

QUICK(binop) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t b = kn_bc_absolute(r, kn_bits_take(&w, &used)), op = kn_bits_take_fixed(&w, &used, 4);
  uint32_t flags = kn_bits_take_fixed(&w, &used, ab->flag_bits);
  if (KN_UNLIKELY(!kn_bits_within(used) || a >= r->vals.n || flags & ~kn_bc_int_flags[op]))
    return false;
  decoded(r, pos + used, located);
  kn_bc_on_binop(r, op, a, b, kn_bc_type_of(r, a));
  return true;
}

QUICK(cast) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t type = kn_bits_take_fixed(&w, &used, ab->type_bits),
           op = kn_bits_take_fixed(&w, &used, 4);
  uint32_t flags = kn_bits_take_fixed(&w, &used, ab->flag_bits);
  if (KN_UNLIKELY(!kn_bits_within(used) || a >= r->vals.n || flags & ~kn_bc_cast_flags[op]))
    return false;
  decoded(r, pos + used, located);
  kn_bc_on_cast(r, op, a, kn_bc_type_of(r, a), type, flags);
  return true;
}

QUICK(compare) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t b = kn_bc_absolute(r, kn_bits_take(&w, &used));
  uint32_t predicate = kn_bits_take_fixed(&w, &used, ab->flag_bits);
  if (KN_UNLIKELY(!kn_bits_within(used) || a >= r->vals.n)) return false;
  decoded(r, pos + used, located);
  kn_bc_on_compare(r, a, b, kn_bc_type_of(r, a), predicate);
  return true;
}

QUICK(br) {
  uint32_t to = kn_bits_take(&w, &used);
  (void)ab;
  if (!kn_bits_within(used)) return false;
  decoded(r, pos + used, located);
  kn_bc_on_br(r, to);
  return true;
}

QUICK(brif) {
  uint32_t a = kn_bits_take(&w, &used), b = kn_bits_take(&w, &used);
  uint32_t condition = kn_bc_absolute(r, kn_bits_take(&w, &used));
  (void)ab;
  if (KN_UNLIKELY(!kn_bits_within(used))) return false;
  decoded(r, pos + used, located);
  kn_bc_on_brif(r, a, b, condition);
  return true;
}

QUICK(ret) {
  uint32_t a = kn_bc_absolute(r, kn_bits_take(&w, &used));
  (void)ab;
  if (KN_UNLIKELY(!kn_bits_within(used) || a >= r->vals.n)) return false;
  decoded(r, pos + used, located);
  kn_bc_ret(r, a, kn_bc_type_of(r, a));
  kn_bc_next_block(r);
  return true;
}

QUICK(ret_void) {
  (void)ab, (void)w;
  decoded(r, pos + used, located);
  kn_bc_ret(r, UINT32_MAX, UINT32_MAX);
  kn_bc_next_block(r);
  return true;
}

QUICK(unreachable) {
  (void)ab, (void)w;
  decoded(r, pos + used, located);
  kn_bc_unreachable(r);
  kn_bc_next_block(r);
  return true;
}

/* Of up to MOST_OPS operands. */
QUICK(gep) {
  uint64_t ops[MOST_OPS];
  uint32_t ids[MOST_OPS], forward = 0, n_vals = r->vals.n;
  kn_bits_take_fixed(&w, &used, ab->flag_bits);
  uint32_t source = kn_bits_take_fixed(&w, &used, ab->type_bits);
  unsigned n = kn_bits_take_fixed(&w, &used, 6);
  if (KN_UNLIKELY((n & 32) != 0 || n == 0 || source >= r->types.n)) return false;
  pos += used;
  if (KN_UNLIKELY(!kn_bits_few(&r->in.bits, &pos, ops, n))) return false;
  for (unsigned i = 0; i < n; i++) {
    ids[i] = n_vals - (uint32_t)ops[i];
    forward |= (uint32_t)(ids[i] >= n_vals);
  }
  if (KN_UNLIKELY(forward)) return false;
  r->in.bits.pos = pos;
  if (located) kn_bc_loc_ahead(r);
  kn_bc_gep(r, source, ids[0], ids + 1, n - 1);
  return true;
}
#undef QUICK

/* The first bits, after the abbreviation id, of frequent unabbreviated records: their code, and the number of
 * operands if that is always the same. */
#define ALLOCA_HEAD (FUNC_ALLOCA | 4 << 6)
#define CALL_HEAD ((FUNC_CALL & 31) | 32 | FUNC_CALL >> 5 << 6)
_Static_assert(FUNC_ALLOCA < 32 && FUNC_CALL >= 32, "codes of one chunk, and of two");
#define HEAD_BITS 12

/* Reads an alloca; `pos` is the position after its head. False if it needs the general way. */
static inline __attribute__((always_inline)) bool quick_alloca(struct kn_bc *r, uint64_t pos,
                                                               uint64_t w, unsigned used,
                                                               const bool located) {
  w >>= HEAD_BITS;
  used += HEAD_BITS;
  uint32_t type = kn_bits_take(&w, &used), count_type = kn_bits_take(&w, &used);
  if (!kn_bits_within(used)) return false;
  pos += used;
  used = 0;
  w = kn_bits_peek(&r->in.bits, pos);
  uint32_t count = kn_bits_take(&w, &used), flags = kn_bits_take(&w, &used);
  if (KN_UNLIKELY(!kn_bits_within(used) || type >= r->types.n || count_type >= r->types.n ||
                  count >= r->vals.n || r->fn.bb >= r->fn.n_bbs))
    return false;
  r->in.bits.pos = pos + used;
  if (located) kn_bc_loc_ahead(r);
  kn_bc_alloca(r, type, count, flags);
  return true;
}

/* Calling convention and flags of a plain call: C's, with an explicit type. Bit 0, which
 * allows a tail call, is ignored, unless the function asks for no optimization (r->fn.call_mask). */
#define PLAIN_CALL 0x8000
#define PLAIN_CALL_BITS 0x60820u /* PLAIN_CALL encoded in four vbr 6 chunks */
#define PLAIN_CALL_SIZE 24

/* Reads a plain call of a defined value; `pos` is the position after its head. False if it needs the general
 * way. */
static inline __attribute__((always_inline)) bool quick_call(struct kn_bc *r, uint64_t pos,
                                                             uint64_t w, unsigned used,
                                                             const bool located) {
  uint64_t ops[MOST_OPS];
  w >>= HEAD_BITS;
  used += HEAD_BITS;
  unsigned n = kn_bits_take_fixed(&w, &used, 6) - 4;
  pos += used;
  used = 0;
  w = kn_bits_peek(&r->in.bits, pos);
  uint32_t attrs = kn_bits_take(&w, &used);
  if (KN_UNLIKELY(!kn_bits_within(used) || n >= 32 - 4 || (w & r->fn.call_mask) != PLAIN_CALL_BITS))
    return false;
  pos += used + PLAIN_CALL_SIZE;
  used = 0;
  w = kn_bits_peek(&r->in.bits, pos);
  uint32_t type = kn_bits_take(&w, &used);
  uint32_t callee = kn_bc_absolute(r, kn_bits_take(&w, &used));
  pos += used;
  if (KN_UNLIKELY(!kn_bits_within(used) || type >= r->types.n || callee >= r->vals.n ||
                  r->fn.bb >= r->fn.n_bbs || !kn_bits_few(&r->in.bits, &pos, ops, n)))
    return false;
  r->in.bits.pos = pos;
  if (located) kn_bc_loc_ahead(r);
  struct kn_bc_callsite c = {.cc = PLAIN_CALL,
                             .type = type,
                             .list = attrs,
                             .callee = callee,
                             .callee_type = kn_bc_type_of(r, callee),
                             .ops = ops,
                             .n = n};
  kn_bc_call_of(r, &c);
  return true;
}

/* Reads a number; *high gets bits of it above the lower 32. */
static uint32_t long_vbr6(struct kn_bits *b, uint64_t *high) {
  uint64_t v = kn_bits_vbr6(b);
  *high |= v >> 32;
  return (uint32_t)v;
}

/* Reads records that the loop reads from one window, but whose numbers are too long for that: in functions of
 * more than 32,768 values or blocks. The position is after the record's abbreviation id. Returns false and does
 * nothing for any other record. */
static __attribute__((noinline)) bool long_form(struct kn_bc *r, const struct kn_bc_form *ab) {
  struct kn_bits bits = r->in.bits;
  const unsigned form = ab->form;
  bool memory = form == FORM_LOAD || form == FORM_STORE;
  bool binary = form == FORM_BINOP || form == FORM_BINOP_FLAGS;
  bool conversion = form == FORM_CAST || form == FORM_CAST_FLAGS;
  bool branch = form == FORM_BR || form == FORM_BRIF;
  if (!memory && !binary && !conversion && !branch && form != FORM_CMP) return false;
  uint64_t high = 0;
  uint32_t first = long_vbr6(&bits, &high), a = kn_bc_absolute(r, first), second = 0, third = 0;
  if (form == FORM_STORE || binary || form == FORM_CMP || form == FORM_BRIF)
    second = long_vbr6(&bits, &high);
  if (form == FORM_BRIF) third = long_vbr6(&bits, &high);
  uint32_t b = kn_bc_absolute(r, second), condition = kn_bc_absolute(r, third), type = 0, c = 0,
           b_flags = 0;
  if (high != 0 || bits.bad || (!branch && a >= r->vals.n)) return false;
  uint64_t w = kn_bits_peek(&bits, bits.pos);
  unsigned used = 0;
  if (form == FORM_LOAD || conversion) type = kn_bits_take_fixed(&w, &used, ab->type_bits);
  if (memory) c = kn_bits_take_fixed(&w, &used, 5);
  if (binary || conversion) c = kn_bits_take_fixed(&w, &used, 4);
  if (binary || conversion) b_flags = kn_bits_take_fixed(&w, &used, ab->flag_bits);
  if (form == FORM_CMP) c = kn_bits_take_fixed(&w, &used, ab->flag_bits);
  if ((memory && (c & 8) != 0) || (form == FORM_STORE && b >= r->vals.n)) return false;
  if ((binary && b_flags & ~kn_bc_int_flags[c]) || (conversion && b_flags & ~kn_bc_cast_flags[c]))
    return false;
  r->in.bits.pos = bits.pos + used;
  if (r->has_debug) kn_bc_loc_ahead(r);
  if (form == FORM_LOAD) kn_bc_on_load(r, a, type, c >> 4);
  else if (form == FORM_STORE) kn_bc_on_store(r, a, b, kn_bc_type_of(r, b), c >> 4);
  else if (binary) kn_bc_on_binop(r, c, a, b, kn_bc_type_of(r, a));
  else if (conversion) kn_bc_on_cast(r, c, a, kn_bc_type_of(r, a), type, b_flags);
  else if (form == FORM_CMP) kn_bc_on_compare(r, a, b, kn_bc_type_of(r, a), c);
  else if (form == FORM_BR) kn_bc_on_br(r, first);
  else kn_bc_on_brif(r, first, second, condition);
  return true;
}

/* ---- the loop ---- */

/* Learns the forms of the abbreviations of the function block just entered. Forms whose fields might
 * not fit into one window are left to the general way. */
static void learn(struct kn_bc *r) {
  uint32_t n = kn_bc_scope(r);
  memset(r->in.known, 0, sizeof r->in.known);
  r->in.known[BC_END_BLOCK].form = FORM_END;
  r->in.known[BC_ENTER_BLOCK].form = FORM_ENTER;
  r->in.known[BC_DEFINE_ABBREV].form = FORM_DEFINE;
  r->in.known[BC_UNABBREV].form = FORM_UNABBREV;
  for (uint32_t i = 0; i < n && i + BC_FIRST_ABBREV < KN_BC_KNOWN; i++) {
    const struct kn_bc_abbrev *a = &r->abbrevs.at[r->in.scope.at[r->in.scope_first + i]];
    const struct kn_bc_abop *code = &r->abops.at[a->first];
    struct kn_bc_form *form = &r->in.known[i + BC_FIRST_ABBREV];
    /* the general way looks at flags that are not known */
    const bool more_flags = a->form == FORM_GEP && a->flag_bits > KN_BC_GEP_FLAG_BITS;
    if (a->type_bits <= 16 && a->form < FORM_SETTYPE && !more_flags)
      *form = (struct kn_bc_form){a->form, a->type_bits, a->flag_bits, 0};
    if (code->kind == AB_LITERAL && code->value <= UINT32_MAX &&
        kn_bc_is_debug_record((uint32_t)code->value))
      form->form = FORM_SKIP;
  }
  r->in.learned = r->m->blockinfo.n + 1;
}

/* A block of metadata within the function block, which was just announced. */
static bool metadata_block(struct kn_bc *r, uint64_t block) {
  if (block == BLOCK_METADATA) return r->has_debug ? kn_bc_read_metadata(r) : kn_bc_skip(r);
  if (!kn_bc_function_attachments(r)) return false;
  return r->fn.assigns.n != 0 ? kn_bc_assign_attached(r) : kn_bc_skip(r);
}

/* A block within the function block. */
static bool sub_block(struct kn_bc *r) {
  uint64_t block = kn_bits_vbr(&r->in.bits, 8);
  if (block == BLOCK_METADATA || block == BLOCK_METADATA_ATTACHMENT)
    return metadata_block(r, block);
  if (block == BLOCK_VALUE_SYMTAB || block == BLOCK_USELIST) return kn_bc_skip(r);
  if (block != BLOCK_CONSTANTS) return kn_bc_unknown(r, "block", block);
  if (r->vals.n != r->inst_base) return kn_bc_malformed(r, "constants after instructions");
  uint32_t first = r->vals.n;
  r->fn.expr_count = 0;
  if (!kn_bc_read_constants(r)) return false;
  r->inst_base = r->vals.n;
  if (KN_UNLIKELY(r->fn.expressions || r->again.hoist_module)) kn_bc_hoist(r, first);
  return r->status == KILN_OK;
}

/* Decodes an unabbreviated record of up to MOST_OPS operands from the window `w`, which starts at *pos; their
 * number, or UINT32_MAX if it needs the general way. */
static inline unsigned unabbreviated(const struct kn_bits *b, uint64_t *pos, uint64_t w,
                                     unsigned *code, uint64_t *ops) {
  unsigned used = 0;
  *code = kn_bits_take(&w, &used);
  unsigned n = kn_bits_take(&w, &used);
  if (KN_UNLIKELY(!kn_bits_within(used) || n > MOST_OPS)) return UINT32_MAX;
  *pos += used;
  return KN_LIKELY(kn_bits_few(b, pos, ops, n)) ? n : UINT32_MAX;
}

/* Reads the body, or until it must be read again (r->again). `located`: instructions may have locations after them. */
static inline __attribute__((always_inline)) bool body(struct kn_bc *r, const bool located) {
  struct kn_bits *bits = &r->in.bits;
  const unsigned width = r->in.width;
  const uint32_t mask = (1u << width) - 1;
  const uint8_t *const data = bits->data;
  for (uint64_t records = 1;; records++) {
    uint64_t pos = bits->pos, w;
    r->record_pos = pos;
    if (KN_LIKELY(pos <= bits->fast)) {
      memcpy(&w, data + (pos >> 3), 8);
      w >>= pos & 7;
    } else { /* near the end, or after an error */
      if (pos >= bits->end) return kn_bc_malformed(r, "the file ends within a function");
      w = kn_bits_peek(bits, pos);
    }
    unsigned id = (unsigned)w & mask;
    const struct kn_bc_form *ab = &r->in.known[id];
    w >>= width;
    switch ((enum kn_bc_form_kind)ab->form) {
#define FORM(form, read)                                                                           \
  case form:                                                                                       \
    if (KN_LIKELY(read(r, ab, pos, w, width, located))) continue;                                  \
    break;
      FORM(FORM_LOAD, quick_load)
      FORM(FORM_STORE, quick_store)
      FORM(FORM_GEP, quick_gep)
      FORM(FORM_BINOP, quick_binop)
      FORM(FORM_BINOP_FLAGS, quick_binop)
      FORM(FORM_CAST, quick_cast)
      FORM(FORM_CAST_FLAGS, quick_cast)
      FORM(FORM_CMP, quick_compare)
      FORM(FORM_BR, quick_br)
      FORM(FORM_BRIF, quick_brif)
      FORM(FORM_RET, quick_ret)
      FORM(FORM_RET_VOID, quick_ret_void)
      FORM(FORM_UNREACHABLE, quick_unreachable)
#undef FORM
    case FORM_UNABBREV: {
      if ((w & ((1u << HEAD_BITS) - 1)) == CALL_HEAD && quick_call(r, pos, w, width, located))
        continue;
      if ((w & ((1u << HEAD_BITS) - 1)) == ALLOCA_HEAD && quick_alloca(r, pos, w, width, located))
        continue;
      uint64_t ops[MOST_OPS];
      pos += width;
      unsigned code, n = unabbreviated(bits, &pos, w, &code, ops);
      if (KN_UNLIKELY(n == UINT32_MAX)) break;
      bits->pos = pos;
      kn_bc_func_record(r, code, ops, n);
      if (KN_UNLIKELY(r->again.restart)) return true;
      continue;
    }
    case FORM_END:
      r->fn.others++;
      bits->pos = pos + width;
      kn_bits_align(bits);
      r->instructions += records - r->fn.others;
      return true;
    case FORM_ENTER:
      r->fn.others++;
      bits->pos = pos + width;
      if (!sub_block(r)) return false;
      continue;
    case FORM_DEFINE:
      r->fn.others++;
      bits->pos = pos + width;
      if (!kn_bc_define_abbrev(r, false, BLOCK_FUNCTION)) return false;
      learn(r);
      r->in.learned = 0; /* for this block only */
      continue;
    case FORM_SKIP:
      r->fn.others++;
      bits->pos = pos + width;
      if (!kn_bc_skip_record(r, id)) return false;
      continue;
    case FORM_ANY:
    case FORM_LOC:
    case FORM_LOC_KEYED:
    case FORM_SETTYPE:
    case FORM_INTEGER:
    case FORM_NULL:
    case FORM_STRING:
    case FORM_CSTRING:
    case FORM_COUNT: break;
    }
    /* The general way starts again at the record: `pos` may have passed it. */
    bits->pos = r->record_pos + width;
    if (long_form(r, ab)) continue;
    if (!kn_bc_record(r, id)) return false;
    kn_bc_func_record(r, r->in.code, r->in.ops.at, r->in.ops.n);
    if (KN_UNLIKELY(r->again.restart)) return true;
  }
}

static __attribute__((noinline)) bool plain_body(struct kn_bc *r) { return body(r, false); }
static __attribute__((noinline)) bool located_body(struct kn_bc *r) { return body(r, true); }

/* Reads the number of blocks if that is the next record, as it is in every function of LLVM's. */
static void first_record(struct kn_bc *r) {
  struct kn_bits b = r->in.bits;
  uint64_t n = kn_bc_number_of_blocks(&b, r->in.width);
  if (n == 0) return; /* the loop reads it, or reports it */
  r->record_pos = r->in.bits.pos;
  r->in.bits.pos = b.pos;
  kn_bc_declare_blocks(r, n);
}

bool kn_bc_body(struct kn_bc *r) {
  if (r->in.width > 6) return kn_bc_unsupported(r, "this many abbreviations");
  if (r->in.learned != r->m->blockinfo.n + 1) learn(r);
  first_record(r);
  if (KN_UNLIKELY(r->again.hoist_module)) kn_bc_hoist(r, 0);
  return r->has_debug ? located_body(r) : plain_body(r);
}

/* The bitstream container: blocks, abbreviations, records. Files that read a block call kn_bc_next
 * in a loop; the function block's own loop (body.c) uses the parts of it.
 * Invariant: before anything is read into memory, its size was checked against the bits left. */
#include "decoder.h"

uint64_t kn_bits_peek_slow(const uint8_t *data, uint64_t end, uint64_t pos) {
  uint64_t w = 0, byte = pos >> 3, size = end >> 3;
  for (unsigned i = 0; i < 8 && byte + i < size; i++) w |= (uint64_t)data[byte + i] << 8 * i;
  return w >> (pos & 7);
}

/* Number of set bits in `ends`, which has at most one per chunk of six bits: a multiplication adds them up. */
static inline unsigned count_ends(uint64_t ends) {
  return (unsigned)((ends >> 5) * UINT64_C(0x1041041041041) >> 48 & 63);
}

void kn_bits_skip_vbr6(struct kn_bits *b, uint64_t n) {
  while (n > 0 && b->pos < b->end) {
    uint64_t ends = ~kn_bits_peek(b, b->pos) & KN_BITS_TOPS9;
    unsigned count = count_ends(ends);
    if (count > n) {
      for (; n > 1; n--) ends &= ends - 1;
      b->pos += (unsigned)__builtin_ctzll(ends) + 1;
      return;
    }
    n -= count;
    /* If all numbers were skipped, moves past the last end; else past all nine chunks, perhaps within a number. */
    b->pos += n == 0 ? 64 - (unsigned)__builtin_clzll(ends) : 54;
  }
}

/* Bits left in the stream. */
static uint64_t left(const struct kn_bc *r) {
  return r->in.bits.pos < r->in.bits.end ? r->in.bits.end - r->in.bits.pos : 0;
}

static bool truncated(struct kn_bc *r) {
  return kn_bc_malformed(r, "the file ends in the middle of a block or record");
}

/* ---- abbreviations ---- */

/* Forms of abbreviations that have decoders. `ops` has a letter for each operand after the code: F (fixed; its
 * width is stored in type_bits), f (fixed; stored in flag_bits); of a prescribed width: 1, 4 (fixed), V (vbr 6),
 * t (vbr 3), v (vbr 4), W (vbr 8); A (array); c (character; its width is stored in flag_bits). */
static const struct {
  uint8_t code, form;
  char ops[8];
} forms[] = {
  {FUNC_LOAD, FORM_LOAD, "VFv1"},
  {FUNC_STORE, FORM_STORE, "VVv1"},
  {FUNC_BINOP, FORM_BINOP, "VV4"},
  {FUNC_BINOP, FORM_BINOP_FLAGS, "VV4f"},
  {FUNC_CAST, FORM_CAST, "VF4"},
  {FUNC_CAST, FORM_CAST_FLAGS, "VF4f"},
  {FUNC_RET, FORM_RET_VOID, ""},
  {FUNC_RET, FORM_RET, "V"},
  {FUNC_BR, FORM_BR, "V"},
  {FUNC_BR, FORM_BRIF, "VVV"},
  {FUNC_UNREACHABLE, FORM_UNREACHABLE, ""},
  {FUNC_GEP, FORM_GEP, "fFAV"},
  {FUNC_CMP2, FORM_CMP, "VVf"},
  {FUNC_DEBUG_LOC, FORM_LOC, "VWVV1Vt"},
  {CST_SETTYPE, FORM_SETTYPE, "F"},
  {CST_INTEGER, FORM_INTEGER, "W"},
  {CST_NULL, FORM_NULL, ""},
  {CST_STRING, FORM_STRING, "Ac"},
  {CST_CSTRING, FORM_CSTRING, "Ac"},
};

/* Finds the form of an abbreviation of blocks of kind `block`, and stores it in the abbreviation. */
static void classify(const struct kn_bc *r, struct kn_bc_abbrev *a, uint32_t block) {
  const struct kn_bc_abop *op = r->abops.at + a->first;
  if (op->kind != AB_LITERAL || (block != BLOCK_FUNCTION && block != BLOCK_CONSTANTS)) return;
  for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (op->value != forms[i].code || a->n - 1u != strlen(forms[i].ops)) continue;
    if (block != (forms[i].form >= FORM_SETTYPE ? BLOCK_CONSTANTS : BLOCK_FUNCTION)) continue;
    bool ok = true;
    uint8_t type_bits = 0, flag_bits = 0;
    for (unsigned k = 0; k + 1u < a->n && ok; k++) {
      const struct kn_bc_abop *o = op + 1 + k;
      switch (forms[i].ops[k]) {
      case 'V': ok = o->kind == AB_VBR && o->width == 6; break;
      case 't': ok = o->kind == AB_VBR && o->width == 3; break;
      case 'v': ok = o->kind == AB_VBR && o->width == 4; break;
      case 'W': ok = o->kind == AB_VBR && o->width == 8; break;
      case 'c':
        flag_bits = o->kind == AB_CHAR6 ? 6 : o->width;
        ok = o->kind == AB_CHAR6 || (o->kind == AB_FIXED && (o->width == 7 || o->width == 8));
        break;
      case '1': ok = o->kind == AB_FIXED && o->width == 1; break;
      case '4': ok = o->kind == AB_FIXED && o->width == 4; break;
      case 'F': ok = o->kind == AB_FIXED && o->width <= 24, type_bits = o->width; break;
      case 'f': ok = o->kind == AB_FIXED && o->width <= 8, flag_bits = o->width; break;
      default: ok = o->kind == AB_ARRAY; break;
      }
    }
    if (!ok) continue;
    a->form = forms[i].form;
    a->type_bits = type_bits;
    a->flag_bits = flag_bits;
    return;
  }
}

bool kn_bc_define_abbrev(struct kn_bc *r, bool for_block, uint32_t block) {
  struct kn_bits b = r->in.bits;
  uint64_t n = kn_bits_vbr(&b, 5);
  if (n == 0 || n > left(r) || n > UINT16_MAX) return kn_bc_malformed(r, "bad abbreviation");
  if (!KN_BC_ROOM(r, r->abops, r->abops.n + n)) return false;
  struct kn_bc_abbrev a = {.first = r->abops.n, .n = (uint16_t)n};
  struct kn_bc_abop *op = r->abops.at + r->abops.n;
  bool special = false; /* there is an array or a blob */
  for (uint64_t i = 0; i < n; i++) {
    op[i] = (struct kn_bc_abop){0};
    /* a literal has 1 and a vbr 8; others 0, three bits of encoding and often a vbr 5: mostly of one chunk each */
    uint64_t w = kn_bits_peek(&b, b.pos);
    if (w & 1) {
      b.pos += 1;
      op[i].value = w >> 1 & 127;
      if (w >> 8 & 1) op[i].value = kn_bits_vbr(&b, 8);
      else b.pos += 8;
      continue;
    }
    unsigned kind = w >> 1 & 7;
    b.pos += 4;
    if (kind < AB_FIXED || kind > AB_BLOB)
      return kn_bc_unknown(r, "encoding of an abbreviation,", kind);
    op[i].kind = (uint8_t)kind;
    special |= kind == AB_ARRAY || kind == AB_BLOB;
    if (kind == AB_FIXED || kind == AB_VBR) {
      uint64_t width = w >> 4 & 15;
      if (w >> 8 & 1) width = kn_bits_vbr(&b, 5);
      else b.pos += 5;
      if (width > 32 || (kind == AB_VBR && width == 1))
        return kn_bc_malformed(r, "bad width in an abbreviation");
      op[i].width = (uint8_t)width;
      if (width == 0) op[i].kind = AB_LITERAL; /* always 0 */
    }
  }
  /* An array must be the last operand but one, before its elements' type; a blob the last; neither may be the code.
   * As in LLVM, an abbreviation without that is only an error if a record uses it. */
  for (uint64_t i = 0; i < n && special; i++) {
    bool element = i > 0 && op[i - 1].kind == AB_ARRAY;
    if ((op[i].kind == AB_ARRAY && (i == 0 || i + 2 != n)) ||
        (op[i].kind == AB_BLOB && (i == 0 || i + 1 != n || element)))
      a.n = 0;
  }
  r->in.bits = b;
  if (b.bad || b.pos > b.end) return truncated(r);
  r->abops.n += (uint32_t)n;
  if (a.n != 0) classify(r, &a, block);
  uint32_t at = r->abbrevs.n;
  if (!KN_BC_PUSH(r, r->abbrevs, a)) return false;
  if (for_block) return KN_BC_PUSH(r, r->open->blockinfo, (struct kn_bc_blockinfo){block, at});
  kn_bc_scope(r); /* those of blockinfo come first */
  return KN_BC_PUSH(r, r->in.scope, at);
}

/* Records the range in blockinfo of each block's entries, if they are adjacent. */
static void index_blockinfo(struct kn_bc *r) {
  memset(r->open->info, 0, sizeof r->open->info);
  for (uint32_t i = 0; i < r->m->blockinfo.n; i++) {
    uint32_t block = r->m->blockinfo.at[i].block;
    if (block >= KN_BC_BLOCKS) continue;
    struct kn_bc_range *range = &r->open->info[block];
    if (range->n == 0) range->first = i;
    if (range->first + range->n == i) range->n++;
    else range->n = UINT32_MAX / 2; /* scattered */
  }
}

bool kn_bc_read_blockinfo(struct kn_bc *r) {
  struct kn_bc_saved saved;
  if (!kn_bc_enter(r, BLOCK_INFO, &saved)) return false;
  struct kn_bits *b = &r->in.bits;
  bool known = false;
  uint32_t block = 0;
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end) return truncated(r);
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      kn_bc_leave(r, &saved);
      index_blockinfo(r);
      return true;
    }
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      if (!kn_bc_skip(r)) return false;
    } else if (id == BC_DEFINE_ABBREV) {
      if (!known) return kn_bc_malformed(r, "abbreviation without a block in BLOCKINFO");
      if (!kn_bc_define_abbrev(r, true, block)) return false;
    } else {
      if (!kn_bc_record(r, id)) return false;
      if (r->in.code == 1) { /* SETBID */
        if (r->in.ops.n < 1 || r->in.ops.at[0] > UINT32_MAX)
          return kn_bc_malformed(r, "bad SETBID record");
        block = (uint32_t)r->in.ops.at[0];
        known = true;
      }
    }
  }
}

/* ---- blocks ---- */

bool kn_bc_enter(struct kn_bc *r, uint32_t block, struct kn_bc_saved *saved) {
  struct kn_bits *b = &r->in.bits;
  uint64_t width = kn_bits_peek(b, b->pos) & 15;
  if (KN_LIKELY(width < 8)) b->pos += 4;
  else width = kn_bits_vbr(b, 4);
  kn_bits_align(b);
  uint64_t words = kn_bits_fixed(b, 32);
  if (b->pos > b->end || words * 32 > left(r)) return truncated(r);
  if (width < 2 || width > 32) return kn_bc_malformed(r, "bad width of abbreviation ids");
  *saved = (struct kn_bc_saved){r->in.width, r->in.scope_first, r->in.scope.n, r->in.scope_info,
                                b->pos + words * 32};
  r->in.width = (unsigned)width;
  r->in.scope_first = r->in.scope.n;
  r->in.scope_info = block;
  return true;
}

/* Adds the entries of blockinfo to the scope of the current block. Called when they are first needed: functions and
 * constants are mostly decoded by known forms, without them. */
static bool fill_scope(struct kn_bc *r) {
  uint32_t block = r->in.scope_info, first = 0, n = r->m->blockinfo.n;
  r->in.scope_info = UINT32_MAX;
  if (block < KN_BC_BLOCKS && r->m->info[block].n <= n) {
    first = r->m->info[block].first;
    n = r->m->info[block].n;
  }
  if (!KN_BC_ROOM(r, r->in.scope, (uint64_t)r->in.scope.n + n)) return false;
  for (uint32_t i = first; i < first + n; i++)
    if (r->m->blockinfo.at[i].block == block)
      r->in.scope.at[r->in.scope.n++] = r->m->blockinfo.at[i].abbrev;
  return true;
}

uint32_t kn_bc_scope(struct kn_bc *r) {
  if (r->in.scope_info != UINT32_MAX && !fill_scope(r)) return 0;
  return r->in.scope.n - r->in.scope_first;
}

void kn_bc_unwind(struct kn_bc *r, const struct kn_bc_saved *saved) {
  r->in.width = saved->width;
  r->in.scope.n = saved->scope_n;
  r->in.scope_first = saved->scope_first;
  r->in.scope_info = saved->scope_info;
}

void kn_bc_leave(struct kn_bc *r, const struct kn_bc_saved *saved) {
  kn_bc_unwind(r, saved);
  if (r->in.bits.pos != saved->end) kn_bc_malformed(r, "a block's length is wrong");
}

bool kn_bc_skip(struct kn_bc *r) {
  struct kn_bits *b = &r->in.bits;
  kn_bits_vbr(b, 4);
  kn_bits_align(b);
  uint64_t words = kn_bits_fixed(b, 32);
  if (b->pos > b->end || words * 32 > left(r)) return truncated(r);
  b->pos += words * 32;
  return true;
}

/* ---- records ---- */

static const char char6[65] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";

/* Stores eight bytes, the lowest one first. */
static inline void put_word(uint8_t *out, uint64_t w) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  memcpy(out, &w, 8);
}

void kn_bc_text(struct kn_bc *r, unsigned width, uint8_t *out, uint64_t n) {
  struct kn_bits *b = &r->in.bits;
  uint64_t i = 0, pos = b->pos;
  if (width == 8) {
    for (; i + 7 <= n; i += 7, pos += 56) {
      uint64_t w = kn_bits_peek(b, pos);
#pragma GCC unroll 9
      for (unsigned k = 0; k < 7; k++) out[i + k] = (uint8_t)(w >> 8 * k);
    }
  } else if (width == 7) {
    for (; i + 8 <= n; i += 8, pos += 56) {
      uint64_t w = kn_bits_peek(b, pos);
      w = (w & 0xfffffff) | (w & UINT64_C(0xfffffff0000000)) << 4;
      w = (w & UINT64_C(0x3fff00003fff)) | (w & UINT64_C(0xfffc0000fffc000)) << 2;
      w = (w & UINT64_C(0x7f007f007f007f)) | (w & UINT64_C(0x3f803f803f803f80)) << 1;
      put_word(out + i, w);
    }
  } else {
    for (; i + 8 <= n; i += 8, pos += 48) {
      uint64_t w = kn_bits_peek(b, pos);
#pragma GCC unroll 9
      for (unsigned k = 0; k < 8; k++) out[i + k] = (uint8_t)char6[w >> 6 * k & 63];
    }
  }
  for (; i < n; i++, pos += width) {
    uint8_t c = (uint8_t)(kn_bits_peek(b, pos) & ((1u << width) - 1));
    out[i] = width == 6 ? (uint8_t)char6[c] : c;
  }
  b->pos = pos;
}

static inline uint64_t scalar(struct kn_bits *b, const struct kn_bc_abop *op) {
  switch (op->kind) {
  case AB_LITERAL: return op->value;
  case AB_FIXED: return kn_bits_fixed(b, op->width);
  case AB_VBR: return kn_bits_vbr(b, op->width);
  default: return (uint8_t)char6[kn_bits_fixed(b, 6)];
  }
}

/* All operands of a record: no bound that costs instructions. */
#define ALL UINT64_MAX

/* Appends the operands of an array whose elements are as `op` says, up to `most` in all. */
KN_INLINE bool array(struct kn_bc *r, const struct kn_bc_abop *op, uint64_t most) {
  struct kn_bits b = r->in.bits;
  uint64_t count = kn_bits_vbr(&b, 6);
  unsigned width = op->kind == AB_CHAR6 ? 6 : op->width ? op->width : 1;
  if (b.pos > b.end || count > (b.end - b.pos) / width) return truncated(r);
  if (most != ALL && count > most - r->in.ops.n) count = most - r->in.ops.n;
  if (!KN_BC_ROOM(r, r->in.ops, r->in.ops.n + count)) return false;
  uint64_t *to = r->in.ops.at + r->in.ops.n;
  if (op->kind == AB_FIXED)
    for (uint64_t i = 0; i < count; i++) to[i] = kn_bits_fixed(&b, width);
  else if (op->kind == AB_VBR && width == 6) r->in.decoder->vbr6s(&b, to, count);
  else
    for (uint64_t i = 0; i < count; i++) to[i] = scalar(&b, op);
  r->in.ops.n += (uint32_t)count;
  r->in.bits.pos = b.pos;
  r->in.bits.bad |= b.bad;
  return true;
}

/* The abbreviation of id `id`; NULL if there is none that records can use. */
static const struct kn_bc_abbrev *abbreviation(struct kn_bc *r, unsigned id) {
  if (id < BC_FIRST_ABBREV || id - BC_FIRST_ABBREV >= kn_bc_scope(r)) return NULL;
  const struct kn_bc_abbrev *a =
    &r->abbrevs.at[r->in.scope.at[r->in.scope_first + (id - BC_FIRST_ABBREV)]];
  return a->n != 0 ? a : NULL;
}

uint32_t kn_bc_code(struct kn_bc *r, unsigned id) {
  struct kn_bits b = r->in.bits;
  uint64_t code = UINT32_MAX;
  const struct kn_bc_abbrev *a = abbreviation(r, id);
  if (id == BC_UNABBREV) code = kn_bits_vbr6(&b);
  else if (a) code = scalar(&b, r->abops.at + a->first);
  return code < UINT32_MAX ? (uint32_t)code : UINT32_MAX;
}

static bool blob(struct kn_bc *r) {
  struct kn_bits *b = &r->in.bits;
  uint64_t size = kn_bits_vbr(b, 6);
  kn_bits_align(b);
  if (b->pos > b->end || size > left(r) / 8) return truncated(r);
  r->in.blob = b->data + (b->pos >> 3);
  r->in.blob_size = size;
  b->pos += size * 8;
  kn_bits_align(b);
  return true;
}

bool kn_bc_skip_record(struct kn_bc *r, unsigned id) {
  struct kn_bits *b = &r->in.bits;
  if (id == BC_UNABBREV) {
    kn_bits_vbr6(b);
    kn_bits_skip_vbr6(b, kn_bits_vbr6(b));
  } else {
    const struct kn_bc_abbrev *a = abbreviation(r, id);
    if (!a) return kn_bc_malformed(r, "a record of an abbreviation that is unknown or unusable");
    const struct kn_bc_abop *op = r->abops.at + a->first, *end = op + a->n;
    for (; op < end; op++) {
      if (op->kind == AB_ARRAY) {
        uint64_t n = kn_bits_vbr6(b);
        op++;
        if (op->kind == AB_VBR && op->width == 6) kn_bits_skip_vbr6(b, n);
        else if (op->kind == AB_FIXED || op->kind == AB_CHAR6) {
          uint64_t width = op->kind == AB_CHAR6 ? 6 : op->width;
          b->pos += n <= left(r) / width ? n * width : left(r) + 1;
        } else {
          while (n-- > 0 && b->pos < b->end) scalar(b, op);
        }
      } else if (op->kind == AB_BLOB) {
        if (!blob(r)) return false;
      } else {
        scalar(b, op);
      }
    }
  }
  return b->pos <= b->end || truncated(r);
}

unsigned kn_bc_form_ahead(struct kn_bc *r, uint64_t *window) {
  uint64_t pos = r->in.bits.pos;
  unsigned id = (unsigned)kn_bits_fixed(&r->in.bits, r->in.width);
  while (r->status == KILN_OK && kn_bc_is_debug_record(kn_bc_code(r, id)) &&
         kn_bc_skip_record(r, id))
    id = (unsigned)kn_bits_fixed(&r->in.bits, r->in.width);
  *window = kn_bits_peek(&r->in.bits, r->in.bits.pos - r->in.width);
  r->in.bits.pos = pos;
  const struct kn_bc_abbrev *a = abbreviation(r, id);
  return a ? a->form : FORM_ANY;
}

/* kn_bc_record_head, and kn_bc_record without a bound. */
KN_INLINE bool read_record(struct kn_bc *r, unsigned id, uint64_t most) {
  r->in.ops.n = 0;
  r->in.blob = NULL;
  if (id == BC_UNABBREV) {
    struct kn_bits *b = &r->in.bits;
    uint64_t code = kn_bits_vbr6(b), n = kn_bits_vbr6(b);
    if (b->pos > b->end || n > (b->end - b->pos) / 6 || code > UINT32_MAX) return truncated(r);
    r->in.code = (uint32_t)code;
    if (n > most) n = most;
    if (!KN_BC_ROOM(r, r->in.ops, n + 1)) return false;
    r->in.decoder->vbr6s(b, r->in.ops.at, n);
    r->in.ops.n = (uint32_t)n;
  } else {
    const struct kn_bc_abbrev *a = abbreviation(r, id);
    if (!a) return kn_bc_malformed(r, "a record of an abbreviation that is unknown or unusable");
    const struct kn_bc_abop *op = r->abops.at + a->first, *end = op + a->n;
    uint64_t code = scalar(&r->in.bits, op++);
    if (code > UINT32_MAX) return kn_bc_malformed(r, "record code out of range");
    r->in.code = (uint32_t)code;
    if (!KN_BC_ROOM(r, r->in.ops, (uint64_t)a->n + 1)) return false;
    for (; op < end && (most == ALL || r->in.ops.n < most); op++) {
      if (op->kind == AB_ARRAY) {
        if (!array(r, ++op, most)) return false;
      } else if (op->kind == AB_BLOB) {
        if (!blob(r)) return false;
      } else {
        r->in.ops.at[r->in.ops.n++] = scalar(&r->in.bits, op);
      }
    }
  }
  if (r->in.bits.pos > r->in.bits.end) return truncated(r);
  if (r->in.bits.bad) return kn_bc_malformed(r, "a number is longer than 64 bits");
  return true;
}
bool kn_bc_record(struct kn_bc *r, unsigned id) { return read_record(r, id, ALL); }
bool kn_bc_record_head(struct kn_bc *r, unsigned id, uint32_t most) {
  return read_record(r, id, most);
}

/* Moves to the next entry, handling definitions of abbreviations on the way. Skips records unless `code` is
 * KN_BC_ANY_CODE or their code; reads the record that it returns. */
static inline __attribute__((always_inline)) enum kn_bc_entry next_entry(struct kn_bc *r,
                                                                         uint32_t code,
                                                                         uint32_t *block) {
  struct kn_bits *b = &r->in.bits;
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end || r->status != KILN_OK) {
      truncated(r);
      return ENTRY_ERROR;
    }
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      return ENTRY_END;
    }
    if (id == BC_ENTER_BLOCK) {
      uint64_t n = kn_bits_vbr(b, 8);
      if (n > UINT32_MAX) {
        kn_bc_malformed(r, "block number out of range");
        return ENTRY_ERROR;
      }
      *block = (uint32_t)n;
      return ENTRY_BLOCK;
    }
    if (id == BC_DEFINE_ABBREV) {
      if (!kn_bc_define_abbrev(r, false, 0)) return ENTRY_ERROR;
    } else if (code == KN_BC_ANY_CODE || kn_bc_code(r, id) == code) {
      return kn_bc_record(r, id) ? ENTRY_RECORD : ENTRY_ERROR;
    } else if (!kn_bc_skip_record(r, id)) {
      return ENTRY_ERROR;
    }
  }
}

enum kn_bc_entry kn_bc_next(struct kn_bc *r, uint32_t *block) {
  return next_entry(r, KN_BC_ANY_CODE, block);
}

enum kn_bc_entry kn_bc_next_of(struct kn_bc *r, uint32_t code, uint32_t *block) {
  return next_entry(r, code, block);
}

bool kn_bc_each(struct kn_bc *r, uint32_t block, uint32_t code, bool (*record)(struct kn_bc *r)) {
  struct kn_bc_saved saved;
  uint32_t inner;
  if (!kn_bc_enter(r, block, &saved)) return false;
  for (;;) {
    switch (next_entry(r, code, &inner)) {
    case ENTRY_ERROR: return false;
    case ENTRY_END: kn_bc_leave(r, &saved); return r->status == KILN_OK;
    case ENTRY_BLOCK:
      if (!kn_bc_skip(r)) return false;
      break;
    case ENTRY_RECORD:
      if (!record(r)) return false;
      break;
    }
  }
}

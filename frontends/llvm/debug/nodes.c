/* Frequent records of debug metadata. In a block of metadata, those of nodes that become entries: of locals, blocks,
 * values and locations from windows, all others that are unabbreviated operand by operand. In a function's block, those
 * that declare where a variable lives. Called by metadata.c and loc.c, which read what is left. Compiled twice:
 * decoder.h.
 * Invariant: a record is read here as a whole, or the position is still before it. */
#include "debug/debug.h"
#include "decoder.h"

/* Records of these codes are nodes that need nothing else than an entry. */
#define PLAIN_NODES                                                                                \
  (1u << MD_VALUE | 1u << MD_NODE | 1u << MD_DISTINCT_NODE | 1u << MD_SUBRANGE |                   \
   1u << MD_ENUMERATOR | 1u << MD_BASIC_TYPE | 1u << MD_FILE | 1u << MD_DERIVED_TYPE |             \
   1u << MD_COMPOSITE_TYPE | 1u << MD_SUBROUTINE_TYPE | 1u << MD_SUBPROGRAM |                      \
   1u << MD_LEXICAL_BLOCK | 1u << MD_LEXICAL_BLOCK_FILE | 1u << MD_NAMESPACE |                     \
   1u << MD_TEMPLATE_TYPE | 1u << MD_TEMPLATE_VALUE | 1u << MD_GLOBAL_VAR | 1u << MD_LOCAL_VAR |   \
   1u << MD_EXPRESSION | 1u << MD_IMPORTED_ENTITY)
_Static_assert(MD_IMPORTED_ENTITY < 32, "PLAIN_NODES");

/* How many operands a local variable and a block have that are read from windows: as many as LLVM 22 writes. */
enum { LOCAL_OPS = 10, BLOCK_OPS = 5 };
/* Most bits of these and of a location with what is before them: four windows. */
enum { MOST_BITS = 4 * 64 };
/* More operands than this are read as long arrays. */
enum { FEW = 32 };

/* Moves past the record at `pos`, a node's, which ends at `end`, and adds it. */
static inline bool add(struct kn_bc *r, uint64_t end, struct kn_bc_md md) {
  struct kn_bc_metadata *to = r->md.now;
  r->in.bits.pos = end;
  return KN_BC_PUSH(r, to->mds, md);
}

/* The entry of the node that was added last. */
static inline kiln_die newest(const struct kn_bc *r) {
  return kn_bc_die(r, (uint64_t)r->md.now->part.before + r->md.now->mds.n);
}

/* Each of these reads a record at `pos` from its window `w`, of which `used` bits are taken. False if a number has more
 * than four chunks: then nothing was done; or after an error. */
#define RECORD(name)                                                                               \
  static inline __attribute__((always_inline)) bool name(struct kn_bc *r, uint64_t pos,            \
                                                         uint64_t w, unsigned used)

/* Goes on with a new window after the `used` bits of the one at *pos; false if a number was too long. */
static inline __attribute__((always_inline)) bool next(const struct kn_bc *r, uint64_t *pos,
                                                       uint64_t *w, unsigned *used) {
  if (!kn_bits_within(*used)) return false;
  *pos += *used;
  *w = kn_bits_window(&r->in.bits, *pos);
  *used = 0;
  return true;
}

/* [type, value] */
RECORD(value) {
  kn_bits_take_small(&w, &used);
  const uint32_t number = kn_bits_take(&w, &used);
  return kn_bits_within(used) &&
         add(r, pos + used, (struct kn_bc_md){.pos = pos, .n = number, .kind = MDK_VALUE});
}

/* [distinct, scope, file, line, column] */
RECORD(block) {
  const uint64_t at = pos;
  kn_bits_take_small(&w, &used);
  const uint32_t scope = kn_bits_take(&w, &used);
  if (!next(r, &pos, &w, &used)) return false;
  const uint32_t file = kn_bits_take(&w, &used);
  kn_bits_take(&w, &used);
  kn_bits_take(&w, &used);
  if (!kn_bits_within(used) ||
      !add(r, pos + used, (struct kn_bc_md){.pos = at, .n = file, .kind = MDK_SCOPE}))
    return false;
  kn_bc_debug_block(r, newest(r), scope);
  return r->status == KILN_OK;
}

/* [distinct and 2: has an alignment, scope, name, file, line, type, argument, flags, alignment, annotations] */
RECORD(local) {
  struct kn_bc_local v;
  const uint64_t at = pos;
  const uint32_t head = kn_bits_take_small(&w, &used);
  v.scope = kn_bits_take(&w, &used);
  if (!next(r, &pos, &w, &used)) return false;
  v.name = kn_bits_take(&w, &used);
  v.file = kn_bits_take(&w, &used);
  if (!next(r, &pos, &w, &used)) return false;
  v.line = kn_bits_take(&w, &used);
  v.type = kn_bits_take(&w, &used);
  v.argument = kn_bits_take_small(&w, &used);
  if (!next(r, &pos, &w, &used)) return false;
  v.flags = kn_bits_take_small(&w, &used);
  v.alignment = kn_bits_take_small(&w, &used);
  kn_bits_take_small(&w, &used);
  if (!(head & 2)) v.alignment = 0;
  const struct kn_bc_md md = {.pos = at, .n = kn_bc_local_is_size(&v), .kind = MDK_VAR};
  if (!kn_bits_within(used) || !add(r, pos + used, md)) return false;
  kn_bc_debug_local(r, newest(r), &v);
  return r->status == KILN_OK;
}

/* [distinct, line, column, scope, inlined at, implicit], and since LLVM 20 [atom group, atom rank], in LLVM's own
 * abbreviation */
RECORD(location) {
  const uint64_t at = pos;
  used++;
  w >>= 1;
  kn_bits_take(&w, &used);
  const uint32_t column = kn_bits_take_fixed(&w, &used, 8);
  kn_bits_take(&w, &used);
  if ((column & 0x80) != 0 || !next(r, &pos, &w, &used)) return false;
  const uint32_t inlined = kn_bits_take_small(&w, &used);
  kn_bits_take_fixed(&w, &used, 1);
  if (r->md.loc_atoms) {
    kn_bits_take(&w, &used);
    used += 3;
  }
  const struct kn_bc_md md = {
    .pos = at, .n = inlined, .kind = MDK_LOC, .head = (uint8_t)(r->in.width + 1)};
  return kn_bits_within(used) && add(r, pos + used, md);
}
#undef RECORD

/* Reads the `n` operands from `pos` on of the node at r->record_pos. */
static bool operands(struct kn_bc *r, uint64_t pos, uint32_t code, uint32_t n) {
  struct kn_bits *b = &r->in.bits;
  if (pos > b->end || n > (b->end - pos) / 6)
    return kn_bc_malformed(r, "the file ends within metadata");
  if (!KN_BC_ROOM(r, r->in.ops, n + UINT64_C(1))) return false;
  r->in.code = code;
  r->in.ops.n = n;
  r->in.blob = NULL;
  b->pos = pos;
  if (n > FEW || !kn_bits_few(b, &b->pos, r->in.ops.at, n)) {
    b->pos = pos;
    kn_bits_vbr6s(b, r->in.ops.at, n);
  }
  if (b->bad) return kn_bc_malformed(r, "a number is longer than 64 bits");
  if (b->pos > b->end) return kn_bc_malformed(r, "the file ends within metadata");
  return kn_bc_decoded_node(r, r->record_pos);
}

/* Reads the record at `pos` from its window `w`. False if it is no frequent node, or after an error. */
static inline bool node(struct kn_bc *r, uint64_t pos, uint64_t w) {
  unsigned used = r->in.width;
  const unsigned id = (unsigned)w & ((1u << used) - 1);
  w >>= used;
  if (id != BC_UNABBREV) return id != 0 && id == r->md.loc_id && location(r, pos, w, used);
  const uint32_t code = (uint32_t)w & 63;
  uint32_t n = (uint32_t)(w >> 6) & 31;
  if (code > 31 || !(PLAIN_NODES >> code & 1)) return false;
  w >>= 11;
  used += 12;
  if (w & 1) { /* the number of operands has two chunks */
    if (w & 64) return false;
    n |= (uint32_t)(w & 62) << 4;
    used += 6;
  } else if (code == MD_LOCAL_VAR && n == LOCAL_OPS) {
    if (local(r, pos, w >> 1, used)) return true;
  } else if (code == MD_LEXICAL_BLOCK && n == BLOCK_OPS) {
    if (block(r, pos, w >> 1, used)) return true;
  } else if (code == MD_VALUE && n == 2) {
    if (value(r, pos, w >> 1, used)) return true;
  }
  return r->status == KILN_OK && operands(r, pos + used, code, n);
}

bool kn_bc_nodes(struct kn_bc *r) {
  if (r->in.width > 24) return true;
  do r->record_pos = r->in.bits.pos;
  while (r->record_pos + MOST_BITS <= r->in.bits.fast &&
         node(r, r->record_pos, kn_bits_window(&r->in.bits, r->record_pos)));
  return r->status == KILN_OK;
}

void kn_bc_declares(struct kn_bc *r) {
  const unsigned width = r->in.width, size = width + 18;
  const uint32_t head = BC_UNABBREV | (FUNC_DEBUG_RECORD_DECLARE & 31) << width | 32u << width |
                        FUNC_DEBUG_RECORD_DECLARE >> 5 << (width + 6) | 4u << (width + 12);
  for (;;) { /* [location, variable, expression, address] */
    uint64_t pos = r->in.bits.pos, op[4];
    if (pos + MOST_BITS > r->in.bits.fast || r->fn.bb >= r->fn.n_bbs) return;
    uint64_t w = kn_bits_window(&r->in.bits, pos);
    if ((w & ((1u << size) - 1)) != head) return;
    pos += size;
    if (!kn_bits_few(&r->in.bits, &pos, op, 4)) return;
    r->in.bits.pos = pos;
    kn_bc_debug_declare(r, op);
    if (r->status != KILN_OK) return;
  }
}

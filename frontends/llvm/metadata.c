/* Metadata: a table that has, by number, the position in the file of each node's record or each string. Nothing else
 * is stored; code that needs a node reads its record again (kn_bc_md_record). The module's block is scanned when it
 * is met, for the module's flags and for units, a function's with its body if there are locations.
 * Called by body.c, flags.c, fork.c and funcdef.c to fill the table, by flags.c and loc.c to look entries up.
 * Invariant: numbers count as LLVM's do: strings first, then nodes, the module's before the function's own. */
#include "debug/debug.h"

/* ---- scanning a block ---- */

/* The part of the metadata that is being read. */
static struct kn_bc_md_part *part(struct kn_bc *r) { return &r->md_parts[r->mds_done]; }

/* The newest `count` metadata, strings, become texts of entries. They follow each other without gaps. */
static void texts(struct kn_bc *r, uint32_t count) {
  kiln_debug *d = r->mds_done ? r->func_debug : r->debug;
  struct kn_bc_md_part *p = part(r);
  p->empty = 0;
  for (uint32_t i = r->mds.n - count; i < r->mds.n; i++) {
    uint32_t id = kiln_debug_text(d, r->mds.at[i].text, r->mds.at[i].n).id;
    if (i == r->mds.n - count) p->text = id - 1;
    if (KN_UNLIKELY(r->mds.at[i].n == 0)) p->empty = id;
  }
}

/* METADATA_STRINGS: [count, offset of the characters], blob: lengths as vbr 6, then characters. */
static bool strings(struct kn_bc *r) {
  if (r->ops.n < 2 || !r->blob || r->ops.at[1] > r->blob_size || r->ops.at[0] > r->blob_size * 8)
    return kn_bc_malformed(r, "bad metadata strings");
  uint64_t count = r->ops.at[0], at = r->ops.at[1];
  struct kn_bits lengths = {.data = r->blob, .end = at * 8};
  if (at >= 8) lengths.fast = (at - 8) * 8;
  if (!KN_BC_ROOM(r, r->mds, r->mds.n + count)) return false;
  struct kn_bc_md *md = r->mds.at + r->mds.n;
  for (uint64_t i = 0; i < count; i++, md++) {
    uint64_t n = kn_bits_vbr6(&lengths);
    if (n > r->blob_size - at || n > UINT32_MAX) return kn_bc_malformed(r, "bad metadata strings");
    *md =
      (struct kn_bc_md){.text = (const char *)r->blob + at, .n = (uint32_t)n, .kind = MDK_STRING};
    at += n;
  }
  r->mds.n += (uint32_t)count;
  part(r)->strings = (uint32_t)count;
  if (r->entries) texts(r, (uint32_t)count);
  return true;
}

/* Which operand of a scope's record is its file; 0 for other records. */
static unsigned file_operand(uint32_t code) {
  switch (code) {
  case MD_SUBPROGRAM: return 4;
  case MD_LEXICAL_BLOCK:
  case MD_LEXICAL_BLOCK_FILE: return 2;
  default: return 0;
  }
}

/* Skips the `n` operands of an unabbreviated record; returns operand `file`, which is a scope's file; 0 if `file`
 * is 0. */
static uint32_t skip_operands(struct kn_bits *b, uint64_t n, unsigned file) {
  uint64_t id = 0;
  if (file != 0 && n > file) {
    kn_bits_skip_vbr6(b, file);
    id = kn_bits_vbr6(b);
    n -= file + 1;
  }
  kn_bits_skip_vbr6(b, n);
  return id <= UINT32_MAX ? (uint32_t)id : 0;
}

/* True if the operands are the characters of `name`. */
static bool is_name(const struct kn_bc *r, const char *name) {
  uint32_t i = 0;
  while (i < r->ops.n && r->ops.at[i] == (unsigned char)name[i] && name[i] != 0) i++;
  return i == r->ops.n && name[i] == 0;
}

/* Reads the name of the named node behind it, or a named node; keeps the nodes of those that are asked for. */
static bool named_node(struct kn_bc *r, unsigned id, uint32_t code) {
  static const char *const names[LIST_COUNT] = {"", "llvm.module.flags", "llvm.ident",
                                                "llvm.commandline"};
  if (!kn_bc_record(r, id)) return false;
  enum kn_bc_list list = r->listed.next;
  r->listed.next = LIST_NONE;
  if (code == MD_NAME) {
    for (unsigned k = LIST_FLAGS; k < LIST_COUNT; k++)
      if (is_name(r, names[k])) r->listed.next = (enum kn_bc_list)k;
    return true;
  }
  for (uint32_t i = 0; i < r->ops.n && list != LIST_NONE; i++) {
    struct kn_bc_listed node = {(uint32_t)r->ops.at[i] + 1, list};
    if (r->ops.at[i] < UINT32_MAX && !KN_BC_PUSH(r, r->listed, node)) return false;
  }
  return true;
}

/* [global, kind, node, ...] */
static bool global_attachments(struct kn_bc *r, unsigned id) {
  if (!kn_bc_record(r, id)) return false;
  for (uint32_t i = 1; i + 1 < r->ops.n; i += 2)
    if (!kn_bc_attached(r, r->ops.at[i])) return false;
  return true;
}

/* True if abbreviation `a` is what LLVM writes locations in: [distinct, line, column, scope + 1, inlined at + 1,
 * implicit], and since LLVM 20 [atom group, atom rank]. */
static bool plain_location(const struct kn_bc *r, const struct kn_bc_abbrev *a) {
  static const uint8_t kinds[] = {AB_LITERAL, AB_FIXED, AB_VBR, AB_VBR,  AB_VBR,
                                  AB_VBR,     AB_FIXED, AB_VBR, AB_FIXED};
  static const uint8_t widths[] = {0, 1, 6, 8, 6, 6, 1, 6, 3};
  const struct kn_bc_abop *op = &r->abops.at[a->first];
  bool same = a->n == 7 || a->n == 9;
  for (uint32_t k = 0; same && k < a->n; k++)
    same = op[k].kind == kinds[k] && (k == 0 || op[k].width == widths[k]);
  return same;
}

/* Reads the operands of a location, whose abbreviation id was just read; returns "inlined at". *head: bits before the
 * operands, if it is in LLVM's own abbreviation; else 0. */
static uint32_t inlined_at(struct kn_bc *r, unsigned id, uint8_t *head) {
  uint32_t i = id - BC_FIRST_ABBREV;
  if (id >= BC_FIRST_ABBREV && i < kn_bc_scope(r)) {
    uint32_t number = r->scope.at[r->scope_first + i];
    const struct kn_bc_abbrev *a = &r->abbrevs.at[number];
    if (r->loc_abbrev != number + 1 && plain_location(r, a)) r->loc_abbrev = number + 1;
    if (r->loc_abbrev == number + 1) {
      r->loc_id = r->width <= 24 ? id : 0;
      r->loc_atoms = a->n == 9;
      struct kn_bits b = r->bits;
      b.pos++;
      *head = (uint8_t)(r->width + 1);
      kn_bits_vbr6(&b);
      kn_bits_vbr(&b, 8);
      kn_bits_vbr6(&b);
      uint64_t inlined = kn_bits_vbr6(&b);
      b.pos++;
      if (a->n == 9) {
        kn_bits_vbr6(&b);
        b.pos += 3;
      }
      r->bits.pos = b.pos;
      r->bits.bad |= b.bad;
      if (b.pos > b.end) kn_bc_malformed(r, "the file ends within metadata");
      return inlined <= UINT32_MAX ? (uint32_t)inlined : 0;
    }
  }
  if (!kn_bc_record(r, id) || r->ops.n < 5) return 0;
  return r->ops.at[4] <= UINT32_MAX ? (uint32_t)r->ops.at[4] : 0;
}

/* The node of r->code whose operands are in r->ops becomes an entry. */
static inline __attribute__((always_inline)) bool decoded_node(struct kn_bc *r, uint64_t pos) {
  uint32_t code = r->code;
  struct kn_bc_md md = {.pos = pos, .kind = MDK_NODE};
  const uint64_t *op = r->ops.at;
  unsigned file = file_operand(code);
  if (file) {
    md.kind = MDK_SCOPE;
    if (file < r->ops.n && op[file] <= UINT32_MAX) md.n = (uint32_t)op[file];
  } else if (code == MD_VALUE && r->ops.n > 1 && op[1] <= UINT32_MAX) {
    md.kind = MDK_VALUE;
    md.n = (uint32_t)op[1];
    return KN_BC_PUSH(r, r->mds, md);
  } else if (code == MD_LOCAL_VAR && r->ops.n > 7) {
    md.kind = MDK_VAR;
    md.n = op[6] == 0 && (op[7] & 1 << 6); /* no parameter, and artificial */
  } else if (code == MD_EXPRESSION) {
    md.kind = MDK_EXPR;
    md.n = kn_bc_debug_expression(op, r->ops.n);
  } else if (code == MD_GLOBAL_VAR_EXPR && r->ops.n > 2) {
    md = (struct kn_bc_md){.pos = op[2], .n = (uint32_t)op[1], .kind = MDK_PAIR};
  }
  if (!KN_BC_PUSH(r, r->mds, md)) return false;
  kn_bc_debug_node(r, code, r->shared.n_mds + r->mds.n, op, r->ops.n);
  return r->status == KILN_OK;
}

/* The same as `entry` below if nodes become entries: these are decoded at once. */
static __attribute__((noinline)) bool decoded_entry(struct kn_bc *r, uint64_t pos, unsigned id,
                                                    uint32_t code) {
  if (code == MD_LOCATION) {
    struct kn_bc_md md = {.pos = pos, .kind = MDK_LOC};
    md.n = inlined_at(r, id, &md.head);
    return r->status == KILN_OK && KN_BC_PUSH(r, r->mds, md);
  }
  if (!kn_bc_record(r, id)) return false;
  if (code != MD_GLOBAL_DECL_ATTACHMENT) return decoded_node(r, pos);
  for (uint32_t i = 1; i + 1 < r->ops.n; i += 2)
    if (!kn_bc_attached(r, r->ops.at[i])) return false;
  kn_bc_debug_attachment(r, r->ops.at, r->ops.n);
  return r->status == KILN_OK;
}

/* Reads the record at the current position if it is a location in LLVM's own abbreviation, which was met in this block,
 * and has no number of more than four chunks; else *done is false. False after an error. */
static inline bool frequent_location(struct kn_bc *r, bool *done) {
  uint64_t pos = r->bits.pos, w = kn_bits_peek(&r->bits, pos), slow = 0;
  unsigned used = r->width, id = (unsigned)w & ((1u << used) - 1);
  *done = false;
  if (id == 0 || id != r->loc_id) return true;
  used++; /* distinct */
  w >>= used;
  kn_bits_four(&w, &used, &slow); /* line */
  slow |= (w & 0x80) << 16;       /* column: KN_BITS_LONG if it goes on */
  w >>= 8;
  used += 8;
  kn_bits_four(&w, &used, &slow); /* scope */
  if (used > 57) return true;
  w = kn_bits_peek(&r->bits, pos + used);
  uint32_t inlined = kn_bits_four(&w, &used, &slow);
  w >>= 1;
  used++;
  if (r->loc_atoms) {
    kn_bits_four(&w, &used, &slow);
    used += 3;
  }
  if (slow & KN_BITS_LONG) return true;
  *done = true;
  r->bits.pos = pos + used;
  if (r->bits.pos > r->bits.end) return kn_bc_malformed(r, "the file ends within metadata");
  struct kn_bc_md md = {.pos = pos, .n = inlined, .kind = MDK_LOC, .head = (uint8_t)(r->width + 1)};
  return KN_BC_PUSH(r, r->mds, md);
}
_Static_assert(KN_BITS_LONG == 0x80 << 16, "the top bit of a chunk of eight bits");

/* Records of these codes are nodes that need nothing else than an entry. */
#define PLAIN_NODES                                                                                \
  (1u << MD_VALUE | 1u << MD_NODE | 1u << MD_DISTINCT_NODE | 1u << MD_SUBRANGE |                   \
   1u << MD_ENUMERATOR | 1u << MD_BASIC_TYPE | 1u << MD_FILE | 1u << MD_DERIVED_TYPE |             \
   1u << MD_COMPOSITE_TYPE | 1u << MD_SUBROUTINE_TYPE | 1u << MD_SUBPROGRAM |                      \
   1u << MD_LEXICAL_BLOCK | 1u << MD_LEXICAL_BLOCK_FILE | 1u << MD_NAMESPACE |                     \
   1u << MD_TEMPLATE_TYPE | 1u << MD_TEMPLATE_VALUE | 1u << MD_GLOBAL_VAR | 1u << MD_LOCAL_VAR |   \
   1u << MD_EXPRESSION | 1u << MD_IMPORTED_ENTITY)
_Static_assert(MD_IMPORTED_ENTITY < 32, "PLAIN_NODES");

/* Reads the unabbreviated record at the current position, if it is a plain node and nodes become entries; *done is
 * false if it has to be read in the general way. False after an error. */
static inline bool plain_node(struct kn_bc *r, bool *done) {
  uint64_t pos = r->bits.pos, w = kn_bits_peek(&r->bits, pos);
  unsigned used = r->width;
  *done = false;
  if (used > 24 || (w & ((1u << used) - 1)) != BC_UNABBREV) return true;
  w >>= used;
  uint32_t code = (uint32_t)w & 63, n = (uint32_t)(w >> 6) & 31;
  if (code > 31 || !(PLAIN_NODES >> code & 1)) return true;
  w >>= 11;
  used += 12;
  if (w & 1) { /* the number of operands has two chunks */
    if (w & 64) return true;
    n |= (uint32_t)(w & 62) << 4;
    used += 6;
  }
  *done = true;
  r->bits.pos = pos + used;
  if (r->bits.pos > r->bits.end || n > (r->bits.end - r->bits.pos) / 6)
    return kn_bc_malformed(r, "the file ends within metadata");
  if (!KN_BC_ROOM(r, r->ops, n + UINT64_C(1))) return false;
  r->code = code;
  r->ops.n = n;
  r->blob = NULL;
  kn_bits_vbr6s(&r->bits, r->ops.at, n);
  if (r->bits.bad) return kn_bc_malformed(r, "a number is longer than 64 bits");
  if (r->bits.pos > r->bits.end) return kn_bc_malformed(r, "the file ends within metadata");
  return decoded_node(r, pos);
}

/* Are there units among the records from the current position on? The position is what it was. The records behind the
 * index have the named lists of nodes: LLVM's MetadataLoader.cpp. */
static bool units_ahead(struct kn_bc *r) {
  static const char units[] = "llvm.dbg.cu";
  kn_bc_scope(
    r); /* abbreviations defined on the way are removed again, those of blockinfo are not */
  struct kn_bits bits = r->bits, *b = &r->bits;
  uint32_t abbrevs = r->abbrevs.n, abops = r->abops.n, scope = r->scope.n;
  bool found = false, more = true;
  while (more && !found && b->pos < b->end) {
    unsigned id = (unsigned)kn_bits_fixed(b, r->width);
    if (id == BC_END_BLOCK) break;
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      more = kn_bc_skip(r);
    } else if (id == BC_DEFINE_ABBREV) {
      more = kn_bc_define(r, false, BLOCK_METADATA);
    } else if (kn_bc_code(r, id) != MD_NAME) {
      more = kn_bc_skip_record(r, id);
    } else if ((more = kn_bc_record(r, id))) {
      found = r->ops.n == sizeof units - 1;
      for (uint32_t i = 0; found && i < r->ops.n; i++) found = r->ops.at[i] == (uint8_t)units[i];
    }
  }
  r->abbrevs.n = abbrevs;
  r->abops.n = abops;
  r->scope.n = scope;
  if (r->status == KILN_OK) r->bits = bits;
  return found;
}

/* From here on, nodes become entries. */
static bool begin_entries(struct kn_bc *r) {
  r->has_debug = r->entries = true;
  if (!kn_bc_debug_begin(r)) return false;
  texts(r, r->mds.n); /* strings are before all else */
  return true;
}

/* [low half, high half]: where the index is, in bits from the end of this record. Modules with few nodes have none. */
static bool index_offset(struct kn_bc *r, unsigned id) {
  if (!kn_bc_record(r, id)) return false;
  if (r->mds_done || r->entries || r->mds.n != part(r)->strings || r->ops.n != 2) return true;
  uint64_t pos = r->bits.pos, offset = r->ops.at[0] + (r->ops.at[1] << 32);
  if (offset >= r->bits.end - pos) return true;
  r->bits.pos += offset;
  bool units = units_ahead(r);
  r->bits.pos = pos;
  return r->status == KILN_OK && (!units || begin_entries(r));
}

/* Adds the record at `pos`, whose abbreviation id was just read, to the table. */
static bool entry(struct kn_bc *r, uint64_t pos, unsigned id) {
  struct kn_bits b = r->bits;
  uint64_t code, n = 0;
  if (id == BC_UNABBREV) {
    code = kn_bits_vbr6(&b);
    n = kn_bits_vbr6(&b);
  } else {
    code = kn_bc_code(r, id);
  }
  switch (code) {
  case MD_STRINGS: return kn_bc_record(r, id) && strings(r);
  case MD_COMPILE_UNIT: r->has_units = true; break;
  case MD_NAME:
  case MD_NAMED_NODE: return named_node(r, id, (uint32_t)code);
  case MD_INDEX_OFFSET: return index_offset(r, id);
  case MD_KIND:
  case MD_INDEX: return kn_bc_skip_record(r, id); /* these have no number */
  case MD_GLOBAL_DECL_ATTACHMENT:
    if (!r->entries) return global_attachments(r, id);
    break;
  default: break;
  }
  if (r->entries) return decoded_entry(r, pos, id, (uint32_t)code);
  unsigned file = file_operand((uint32_t)code);
  struct kn_bc_md md = {.pos = pos, .kind = file ? MDK_SCOPE : MDK_NODE};
  if (id == BC_UNABBREV) {
    md.n = skip_operands(&b, n, file);
    r->bits.pos = b.pos;
    r->bits.bad |= b.bad;
    if (b.pos > b.end) return kn_bc_malformed(r, "the file ends within metadata");
  } else if (file) {
    if (!kn_bc_record(r, id)) return false;
    if (file < r->ops.n && r->ops.at[file] <= UINT32_MAX) md.n = (uint32_t)r->ops.at[file];
  } else if (!kn_bc_skip_record(r, id)) {
    return false;
  }
  return KN_BC_PUSH(r, r->mds, md);
}

/* Keeps the abbreviations of the block just read for those who read its records later. */
static bool keep_scope(struct kn_bc *r, struct kn_bc_md_block *block) {
  uint32_t n = kn_bc_scope(r);
  *block = (struct kn_bc_md_block){.width = r->width, .first = r->md_scope.n, .n = n};
  if (!KN_BC_ROOM(r, r->md_scope, (uint64_t)r->md_scope.n + n)) return false;
  if (n) memcpy(r->md_scope.at + r->md_scope.n, r->scope.at + r->scope_first, n * sizeof(uint32_t));
  r->md_scope.n += n;
  return true;
}

/* Are the `n` bits from p those from q on? */
static bool same_bits(const struct kn_bits *b, uint64_t p, uint64_t q, uint64_t n) {
  for (; n > 57; n -= 57, p += 57, q += 57)
    if ((kn_bits_peek(b, p) ^ kn_bits_peek(b, q)) << 7) return false;
  return n == 0 || (kn_bits_peek(b, p) ^ kn_bits_peek(b, q)) << (64 - n) == 0;
}

/* Reads the definition of an abbreviation. The block of each function defines the same ones: they are kept once. */
static bool define(struct kn_bc *r) {
  uint64_t pos = r->bits.pos;
  for (unsigned i = 0; i < KN_BC_DEFINED; i++) {
    const struct kn_bc_defined *known = &r->md_defined[i];
    if (known->n_bits == 0 || known->n_bits > r->bits.end - pos ||
        !same_bits(&r->bits, pos, known->pos, known->n_bits))
      continue;
    r->bits.pos += known->n_bits;
    kn_bc_scope(r); /* those of blockinfo come first */
    return KN_BC_PUSH(r, r->scope, known->abbrev);
  }
  if (!kn_bc_define(r, false, BLOCK_METADATA)) return false;
  r->md_defined[r->md_defined_next++ % KN_BC_DEFINED] =
    (struct kn_bc_defined){pos, r->bits.pos - pos, r->abbrevs.n - 1};
  return true;
}

/* Reads the block just announced. */
static bool read_block(struct kn_bc *r, struct kn_bc_md_block *block) {
  struct kn_bc_saved saved;
  struct kn_bits *b = &r->bits;
  if (!kn_bc_enter(r, BLOCK_METADATA, &saved)) return false;
  r->md_open = true;
  r->loc_id = 0;
  for (;;) {
    uint64_t pos = r->record_pos = b->pos;
    bool ok = true, done;
    if (pos >= b->end) return kn_bc_malformed(r, "the file ends within metadata");
    if (r->entries) {
      if (!plain_node(r, &done) || (!done && !frequent_location(r, &done))) return false;
      if (done) continue;
    }
    unsigned id = (unsigned)kn_bits_fixed(b, r->width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      r->md_open = false;
      ok = keep_scope(r, block);
      kn_bc_leave(r, &saved);
      return ok && r->status == KILN_OK;
    }
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      ok = kn_bc_skip(r);
    } else if (id == BC_DEFINE_ABBREV) {
      ok = define(r);
    } else {
      ok = entry(r, pos, id);
    }
    if (!ok) return false;
  }
}

bool kn_bc_read_metadata(struct kn_bc *r) {
  r->md_parts[1] = (struct kn_bc_md_part){.before = (uint32_t)r->md_end};
  if (r->entries) {
    r->func_debug = kiln_session_debug(r->session);
    uint32_t n = kiln_debug_count(r->func_debug);
    r->md_parts[1].die = kiln_die_at(r->func_debug, n + (n == 0)).id - 1;
  }
  return read_block(r, &r->func_md);
}

bool kn_bc_module_metadata(struct kn_bc *r) {
  if (r->mds_read) return true;
  r->mds_read = true;
  if (r->metadata_pos) {
    r->bits.pos = r->metadata_pos;
    if (!read_block(r, &r->module_md)) return false;
    if (r->has_units && !r->entries) { /* no index said so before the first node: read it again */
      r->bits.pos = r->metadata_pos;
      r->mds.n = r->md_scope.n = r->listed.n = 0;
      if (!begin_entries(r) || !read_block(r, &r->module_md)) return false;
    }
  }
  r->mds_done = true;
  r->md_end = r->module_mds = r->mds.n;
  r->module_md_scope = r->md_scope.n;
  return true;
}

/* ---- looking up ---- */

bool kn_bc_md_record(struct kn_bc *r, uint32_t id) {
  const struct kn_bc_md *md = kn_bc_md(r, id);
  if (!md || md->kind == MDK_STRING) return false;
  bool of_module = kn_bc_md_of_module(r, id) || !r->mds_done;
  if (r->md_open &&
      of_module == !r->mds_done) { /* the block that is being read: its abbreviations are current */
    uint64_t at = r->bits.pos;
    r->bits.pos = md->pos;
    bool read = kn_bc_record(r, (unsigned)kn_bits_fixed(&r->bits, r->width));
    r->bits.pos = at;
    return read;
  }
  const struct kn_bc_md_block *block = of_module ? &r->module_md : &r->func_md;
  uint64_t here = r->bits.pos;
  r->bits.pos = md->pos;
  if (kn_bits_fixed(&r->bits, block->width) == BC_UNABBREV) { /* takes no abbreviations */
    bool read = kn_bc_record(r, BC_UNABBREV);
    r->bits.pos = here;
    return read;
  }
  r->bits.pos = here;
  struct kn_bc_saved saved = {r->width, r->scope_first, r->scope.n, r->scope_info, r->bits.pos};
  uint64_t record_pos = r->record_pos;
  r->width = block->width;
  r->scope_first = r->scope.n;
  r->scope_info = UINT32_MAX;
  bool ok = KN_BC_ROOM(r, r->scope, (uint64_t)r->scope.n + block->n);
  for (uint32_t i = 0; ok && i < block->n; i++)
    r->scope.at[r->scope.n++] = r->md_scope.at[block->first + i];
  if (ok) {
    r->record_pos = r->bits.pos = md->pos;
    ok = kn_bc_record(r, (unsigned)kn_bits_fixed(&r->bits, r->width));
  }
  kn_bc_unwind(r, &saved);
  r->bits.pos = saved.end;
  r->record_pos = record_pos;
  return ok;
}

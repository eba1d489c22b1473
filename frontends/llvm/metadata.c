/* Metadata: a table that has, by number, the position in the file of each node's record or each string. Nothing else
 * is stored; code that needs a node reads its record again (kn_bc_md_record). The module's block is scanned when it
 * is met, for the module's flags and for units, a function's with its body if there are locations.
 * Called by body.c, flags.c, fork.c and function.c to fill the table, by flags.c and loc.c to look entries up.
 * Invariant: numbers count as LLVM's do: strings first, then nodes, the module's before the function's own. */
#include "debug/debug.h"
#include "decoder.h"

/* ---- scanning a block ---- */

/* Appends one. */
static inline bool add(struct kn_bc *r, struct kn_bc_md md) {
  struct kn_bc_metadata *to = r->md.now;
  return KN_BC_PUSH(r, to->mds, md);
}

/* The newest `count` metadata, strings, become texts of entries. They follow each other without gaps. A linkage name
 * may have LLVM's mark, the byte 1, which is no part of the name. */
static void texts(struct kn_bc *r, uint32_t count) {
  struct kn_bc_metadata *md = r->md.now;
  struct kn_bc_md_part *p = &md->part;
  p->empty = 0;
  for (uint32_t i = md->mds.n - count; i < md->mds.n; i++) {
    const struct kn_bc_md *string = md->mds.at + i;
    bool marked = string->n != 0 && string->text[0] == 1;
    uint32_t id = kiln_debug_string_new(md->debug, string->text + marked, string->n - marked).id;
    if (i == md->mds.n - count) p->text = id - 1;
    if (KN_UNLIKELY(md->mds.at[i].n == 0)) p->empty = id;
  }
}

/* METADATA_STRINGS: [count, offset of the characters], blob: lengths as vbr 6, then characters. */
static bool strings(struct kn_bc *r) {
  if (r->in.ops.n < 2 || !r->in.blob || r->in.ops.at[1] > r->in.blob_size ||
      r->in.ops.at[0] > r->in.blob_size * 8)
    return kn_bc_malformed(r, "bad metadata strings");
  uint64_t count = r->in.ops.at[0], at = r->in.ops.at[1];
  struct kn_bits lengths = {.data = r->in.blob, .end = at * 8};
  if (at >= 8) lengths.fast = (at - 8) * 8;
  if (!KN_BC_ROOM(r, r->md.now->mds, r->md.now->mds.n + count)) return false;
  struct kn_bc_md *md = r->md.now->mds.at + r->md.now->mds.n;
  for (uint64_t i = 0; i < count; i++, md++) {
    uint64_t n = kn_bits_vbr6(&lengths);
    if (n > r->in.blob_size - at || n > UINT32_MAX)
      return kn_bc_malformed(r, "bad metadata strings");
    *md = (struct kn_bc_md){
      .text = (const char *)r->in.blob + at, .n = (uint32_t)n, .kind = MDK_STRING};
    at += n;
  }
  r->md.now->mds.n += (uint32_t)count;
  r->md.now->part.strings = (uint32_t)count;
  if (r->m->entries) texts(r, (uint32_t)count);
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
  while (i < r->in.ops.n && r->in.ops.at[i] == (unsigned char)name[i] && name[i] != 0) i++;
  return i == r->in.ops.n && name[i] == 0;
}

/* Checks the name of a named node: those that begin with "llvm." mean something to LLVM. */
static bool check_name(struct kn_bc *r) {
  static const char prefix[] = "llvm.";
  static const char *const families[] = {"llvm.ldc",
                                         "llvm.named.register"}; /* all names that begin so */
  char name[40];
  uint32_t n = 0;
  for (; n < r->in.ops.n && n + 1 < sizeof name; n++) name[n] = (char)r->in.ops.at[n];
  name[n] = 0;
  if (strncmp(name, prefix, sizeof prefix - 1) != 0) return true;
  for (unsigned i = 0; i < sizeof families / sizeof *families; i++)
    if (strncmp(name, families[i], strlen(families[i])) == 0) name[strlen(families[i])] = 0;
  const struct kn_bc_support *row = kn_bc_support_named(name);
  if (row == NULL) return kn_bc_unknown_metadata(r, name);
  return row->verdict != SUPPORT_REFUSED || kn_bc_refuse(r, row);
}

/* Reads the name of the named node after it, or a named node; keeps the nodes of those that are asked for. */
static bool named_node(struct kn_bc *r, unsigned id, uint32_t code) {
  static const char *const names[LIST_COUNT] = {"",
                                                "llvm.module.flags",
                                                "llvm.ident",
                                                "llvm.commandline",
                                                "llvm.dependent-libraries",
                                                "llvm.linker.options"};
  if (!kn_bc_record(r, id)) return false;
  enum kn_bc_list list = r->m->listed.next;
  r->open->listed.next = LIST_NONE;
  if (code == MD_NAME) {
    for (unsigned k = LIST_FLAGS; k < LIST_COUNT; k++)
      if (is_name(r, names[k])) r->open->listed.next = (enum kn_bc_list)k;
    return r->m->listed.next != LIST_NONE || check_name(r);
  }
  for (uint32_t i = 0; i < r->in.ops.n && list != LIST_NONE; i++) {
    struct kn_bc_listed node = {(uint32_t)r->in.ops.at[i] + 1, list};
    if (r->in.ops.at[i] < UINT32_MAX && !KN_BC_PUSH(r, r->open->listed, node)) return false;
  }
  return true;
}

/* [global, kind, node, ...] */
static bool global_attachments(struct kn_bc *r, unsigned id) {
  return kn_bc_record(r, id) && kn_bc_global_attached(r);
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
    uint32_t number = r->in.scope.at[r->in.scope_first + i];
    const struct kn_bc_abbrev *a = &r->abbrevs.at[number];
    if (r->md.loc_abbrev != number + 1 && plain_location(r, a)) r->md.loc_abbrev = number + 1;
    if (r->md.loc_abbrev == number + 1) {
      r->md.loc_id = r->in.width <= 24 ? id : 0;
      r->md.loc_atoms = a->n == 9;
      struct kn_bits b = r->in.bits;
      b.pos++;
      *head = (uint8_t)(r->in.width + 1);
      kn_bits_vbr6(&b);
      kn_bits_vbr(&b, 8);
      kn_bits_vbr6(&b);
      uint64_t inlined = kn_bits_vbr6(&b);
      b.pos++;
      if (a->n == 9) {
        kn_bits_vbr6(&b);
        b.pos += 3;
      }
      r->in.bits.pos = b.pos;
      r->in.bits.bad |= b.bad;
      if (b.pos > b.end) kn_bc_malformed(r, "the file ends within metadata");
      return inlined <= UINT32_MAX ? (uint32_t)inlined : 0;
    }
  }
  if (!kn_bc_record(r, id) || r->in.ops.n < 5) return 0;
  return r->in.ops.at[4] <= UINT32_MAX ? (uint32_t)r->in.ops.at[4] : 0;
}

bool kn_bc_decoded_node(struct kn_bc *r, uint64_t pos) {
  uint32_t code = r->in.code;
  struct kn_bc_md md = {.pos = pos, .kind = MDK_NODE};
  const uint64_t *op = r->in.ops.at;
  unsigned file = file_operand(code);
  if (file) {
    md.kind = MDK_SCOPE;
    if (file < r->in.ops.n && op[file] <= UINT32_MAX) md.n = (uint32_t)op[file];
  } else if (code == MD_VALUE && r->in.ops.n > 1 && op[1] <= UINT32_MAX) {
    md.kind = MDK_VALUE;
    md.n = (uint32_t)op[1];
    return add(r, md);
  } else if (code == MD_LOCAL_VAR && r->in.ops.n > 7) {
    md.kind = MDK_VAR;
    md.n = kn_bc_local_is_size(&(struct kn_bc_local){.argument = op[6], .flags = op[7]});
  } else if (code == MD_EXPRESSION) {
    md.kind = MDK_EXPR;
    md.n = kn_bc_debug_expression(op, r->in.ops.n);
  } else if (code == MD_GLOBAL_VAR_EXPR && r->in.ops.n > 2) {
    md = (struct kn_bc_md){.pos = op[2], .n = (uint32_t)op[1], .kind = MDK_PAIR};
  }
  if (!add(r, md)) return false;
  kn_bc_debug_node(r, code, r->md.now->part.before + r->md.now->mds.n, op, r->in.ops.n);
  return r->status == KILN_OK;
}

/* The same as `entry` below if nodes become entries: these are decoded at once. */
static __attribute__((noinline)) bool decoded_entry(struct kn_bc *r, uint64_t pos, unsigned id,
                                                    uint32_t code) {
  if (code == MD_LOCATION) {
    struct kn_bc_md md = {.pos = pos, .kind = MDK_LOC};
    md.n = inlined_at(r, id, &md.head);
    return r->status == KILN_OK && add(r, md);
  }
  if (!kn_bc_record(r, id)) return false;
  if (code != MD_GLOBAL_DECL_ATTACHMENT) return kn_bc_decoded_node(r, pos);
  if (!kn_bc_global_attached(r)) return false;
  kn_bc_debug_attachment(r, r->in.ops.at, r->in.ops.n);
  return r->status == KILN_OK;
}

/* Are there units among the records from the current position on? The position is what it was. The records after the
 * index have the named lists of nodes: LLVM's MetadataLoader.cpp. */
static bool units_ahead(struct kn_bc *r) {
  static const char units[] = "llvm.dbg.cu";
  kn_bc_scope(
    r); /* abbreviations defined on the way are removed again, those of blockinfo are not */
  struct kn_bits bits = r->in.bits, *b = &r->in.bits;
  uint32_t abbrevs = r->abbrevs.n, abops = r->abops.n, scope = r->in.scope.n;
  bool found = false, more = true;
  while (more && !found && b->pos < b->end) {
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) break;
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      more = kn_bc_skip(r);
    } else if (id == BC_DEFINE_ABBREV) {
      more = kn_bc_define_abbrev(r, false, BLOCK_METADATA);
    } else if (kn_bc_code(r, id) != MD_NAME) {
      more = kn_bc_skip_record(r, id);
    } else if ((more = kn_bc_record(r, id))) {
      found = r->in.ops.n == sizeof units - 1;
      for (uint32_t i = 0; found && i < r->in.ops.n; i++)
        found = r->in.ops.at[i] == (uint8_t)units[i];
    }
  }
  r->abbrevs.n = abbrevs;
  r->abops.n = abops;
  r->in.scope.n = scope;
  if (r->status == KILN_OK) r->in.bits = bits;
  return found;
}

/* From here on, nodes become entries. */
static bool begin_entries(struct kn_bc *r) {
  r->has_debug = r->open->entries = true;
  if (!kn_bc_debug_begin(r)) return false;
  texts(r, r->md.now->mds.n); /* strings are before all else */
  return true;
}

/* [low half, high half]: where the index is, in bits from the end of this record. Modules with few nodes have none. */
static bool index_offset(struct kn_bc *r, unsigned id) {
  if (!kn_bc_record(r, id)) return false;
  if (r->m->md_done || r->m->entries || r->md.now->mds.n != r->md.now->part.strings ||
      r->in.ops.n != 2)
    return true;
  uint64_t pos = r->in.bits.pos, offset = r->in.ops.at[0] + (r->in.ops.at[1] << 32);
  if (offset >= r->in.bits.end - pos) return true;
  r->in.bits.pos += offset;
  bool units = units_ahead(r);
  r->in.bits.pos = pos;
  return r->status == KILN_OK && (!units || begin_entries(r));
}

/* Adds the record at `pos`, whose abbreviation id was just read, to the table. */
static bool entry(struct kn_bc *r, uint64_t pos, unsigned id) {
  struct kn_bits b = r->in.bits;
  uint64_t code, n = 0;
  if (id == BC_UNABBREV) {
    code = kn_bits_vbr6(&b);
    n = kn_bits_vbr6(&b);
  } else {
    code = kn_bc_code(r, id);
  }
  switch (code) {
  case MD_STRINGS: return kn_bc_record(r, id) && strings(r);
  case MD_COMPILE_UNIT:
    if (!r->m->md_done) r->open->has_units = true;
    break;
  case MD_NAME:
  case MD_NAMED_NODE:
    return r->m->md_done ? kn_bc_skip_record(r, id) : named_node(r, id, (uint32_t)code);
  case MD_INDEX_OFFSET: return index_offset(r, id);
  case MD_KIND:
  case MD_INDEX: return kn_bc_skip_record(r, id); /* these have no number */
  case MD_GLOBAL_DECL_ATTACHMENT:
    if (!r->m->entries) return global_attachments(r, id);
    break;
  default: break;
  }
  if (r->m->entries) return decoded_entry(r, pos, id, (uint32_t)code);
  unsigned file = file_operand((uint32_t)code);
  struct kn_bc_md md = {.pos = pos, .kind = file ? MDK_SCOPE : MDK_NODE};
  if (id == BC_UNABBREV) {
    md.n = skip_operands(&b, n, file);
    r->in.bits.pos = b.pos;
    r->in.bits.bad |= b.bad;
    if (b.pos > b.end) return kn_bc_malformed(r, "the file ends within metadata");
  } else if (file) {
    if (!kn_bc_record(r, id)) return false;
    if (file < r->in.ops.n && r->in.ops.at[file] <= UINT32_MAX) md.n = (uint32_t)r->in.ops.at[file];
  } else if (!kn_bc_skip_record(r, id)) {
    return false;
  }
  return add(r, md);
}

/* Keeps the abbreviations of the block just read for those who read its records later. */
static bool keep_scope(struct kn_bc *r, struct kn_bc_metadata *md) {
  uint32_t n = kn_bc_scope(r);
  md->width = r->in.width;
  if (!KN_BC_ROOM(r, md->abbrevs, n)) return false;
  if (n) memcpy(md->abbrevs.at, r->in.scope.at + r->in.scope_first, n * sizeof(uint32_t));
  md->abbrevs.n = n;
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
  uint64_t pos = r->in.bits.pos;
  for (unsigned i = 0; i < KN_BC_DEFINED; i++) {
    const struct kn_bc_defined *known = &r->md.defined[i];
    if (known->n_bits == 0 || known->n_bits > r->in.bits.end - pos ||
        !same_bits(&r->in.bits, pos, known->pos, known->n_bits))
      continue;
    r->in.bits.pos += known->n_bits;
    kn_bc_scope(r); /* those of blockinfo come first */
    return KN_BC_PUSH(r, r->in.scope, known->abbrev);
  }
  if (!kn_bc_define_abbrev(r, false, BLOCK_METADATA)) return false;
  r->md.defined[r->md.defined_next++ % KN_BC_DEFINED] =
    (struct kn_bc_defined){pos, r->in.bits.pos - pos, r->abbrevs.n - 1};
  return true;
}

/* Reads the block just announced into r->md.now. */
static bool read_block(struct kn_bc *r) {
  struct kn_bc_saved saved;
  struct kn_bits *b = &r->in.bits;
  if (!kn_bc_enter(r, BLOCK_METADATA, &saved)) return false;
  r->md.open = true;
  r->md.loc_id = 0;
  for (;;) {
    if (r->m->entries && !r->in.decoder->nodes(r)) return false;
    uint64_t pos = r->record_pos = b->pos;
    bool ok = true;
    if (pos >= b->end) return kn_bc_malformed(r, "the file ends within metadata");
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      r->md.open = false;
      ok = keep_scope(r, r->md.now);
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
  struct kn_bc_metadata *md = &r->fn.md;
  if (r->m->entries) {
    md->debug = r->keeping ? kiln_module_debug(r->module) : kiln_session_debug(r->session);
    uint32_t n = kiln_debug_die_limit(md->debug);
    md->part.die = kiln_die_at(md->debug, n + (n == 0)).id - 1;
  }
  return read_block(r);
}

bool kn_bc_module_metadata(struct kn_bc *r) {
  struct kn_bc_module *m = r->open;
  m->md_read = true;
  r->md.now = &m->md;
  if (m->metadata_pos) {
    r->in.bits.pos = m->metadata_pos;
    if (!read_block(r)) return false;
    if (m->has_units && !m->entries) { /* no index said so before the first node: read it again */
      r->in.bits.pos = m->metadata_pos;
      m->md.mds.n = m->listed.n = 0;
      if (!begin_entries(r) || !read_block(r)) return false;
    }
  }
  m->md_done = true;
  m->keyed = r->md.keyed;
  m->md_end = m->md.mds.n;
  return true;
}

/* ---- looking up ---- */

bool kn_bc_md_record(struct kn_bc *r, uint32_t id, uint32_t most) {
  const struct kn_bc_md *md = kn_bc_md(r, id);
  if (!md || md->kind == MDK_STRING) return false;
  bool of_module = kn_bc_md_of_module(r, id) || !r->m->md_done;
  if (r->md.open &&
      of_module ==
        !r->m->md_done) { /* the block that is being read: its abbreviations are current */
    uint64_t at = r->in.bits.pos;
    r->in.bits.pos = md->pos;
    bool read = kn_bc_record_head(r, (unsigned)kn_bits_fixed(&r->in.bits, r->in.width), most);
    r->in.bits.pos = at;
    return read;
  }
  const struct kn_bc_metadata *block = of_module ? &r->m->md : &r->fn.md;
  uint64_t here = r->in.bits.pos;
  r->in.bits.pos = md->pos;
  if (kn_bits_fixed(&r->in.bits, block->width) == BC_UNABBREV) { /* takes no abbreviations */
    bool read = kn_bc_record_head(r, BC_UNABBREV, most);
    r->in.bits.pos = here;
    return read;
  }
  r->in.bits.pos = here;
  struct kn_bc_saved saved = {r->in.width, r->in.scope_first, r->in.scope.n, r->in.scope_info,
                              r->in.bits.pos};
  uint64_t record_pos = r->record_pos;
  r->in.width = block->width;
  r->in.scope_first = r->in.scope.n;
  r->in.scope_info = UINT32_MAX;
  bool ok = KN_BC_ROOM(r, r->in.scope, (uint64_t)r->in.scope.n + block->abbrevs.n);
  for (uint32_t i = 0; ok && i < block->abbrevs.n; i++)
    r->in.scope.at[r->in.scope.n++] = block->abbrevs.at[i];
  if (ok) {
    r->record_pos = r->in.bits.pos = md->pos;
    ok = kn_bc_record_head(r, (unsigned)kn_bits_fixed(&r->in.bits, r->in.width), most);
  }
  kn_bc_unwind(r, &saved);
  r->in.bits.pos = saved.end;
  r->record_pos = record_pos;
  return ok;
}

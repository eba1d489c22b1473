/* What is asked for by metadata: the module's flags ({behaviour, name, value}), and what is attached to functions and
 * variables; also the names of operand bundles, which only errors need. Called by module.c, metadata.c and body.c.
 * Invariant: the position in the file is what it was. */
#include "debug/debug.h"

/* The value of a flag, if it is an integer; UINT64_MAX: it is something else. */
static uint64_t value_of(struct kn_bc *r, uint64_t id) {
  if (id > UINT32_MAX || !kn_bc_md_record(r, (uint32_t)id) || r->code != MD_VALUE || r->ops.n < 2)
    return UINT64_MAX;
  uint64_t v = r->ops.at[1];
  return v < r->n_vals && r->csts[v].kind == CK_INT ? r->csts[v].v : UINT64_MAX;
}

/* Notes a flag that is implemented. */
static bool done(struct kn_bc *r, const struct kn_bc_ask *row, uint64_t value_id) {
  char text[KN_BC_FLAG_TEXT] = "";
  uint64_t number = 0;
  const struct kn_bc_md *md = value_id <= UINT32_MAX ? kn_bc_md(r, (uint32_t)value_id) : NULL;
  if (md && md->kind == MDK_STRING) {
    if (md->n >= sizeof text) return kn_bc_refuse(r, row);
    memcpy(text, md->text, md->n);
  } else {
    number = value_of(r, value_id);
  }
  return kn_bc_harden_flag(r, row->name, (int64_t)number, text) || kn_bc_refuse(r, row);
}

/* Checks the flag that is node `id`. */
static bool flag(struct kn_bc *r, uint32_t id) {
  char name[64];
  if (!kn_bc_md_record(r, id) || r->code != MD_NODE || r->ops.n != 3)
    return r->status == KILN_OK && kn_bc_malformed(r, "bad module flag");
  uint64_t value_id = r->ops.at[2];
  const struct kn_bc_md *text =
    r->ops.at[1] <= UINT32_MAX ? kn_bc_md(r, (uint32_t)r->ops.at[1]) : NULL;
  if (!text || text->kind != MDK_STRING) return kn_bc_malformed(r, "bad module flag");
  if (text->n >= sizeof name) return true;
  memcpy(name, text->text, text->n);
  name[text->n] = 0;
  const struct kn_bc_ask *row = kn_bc_ask_flag(name);
  if (!row || row->verdict == ASK_IDLE) return true;
  if (row->verdict == ASK_DONE) return done(r, row, value_id);
  uint64_t value = value_of(r, value_id);
  if (row->verdict == ASK_VALUE) {
    /* Code Model: tiny and small are 0 and 1; override-stack-alignment: in bytes */
    if (value <= (strcmp(name, "Code Model") == 0 ? 1 : 16)) return true;
  } else if (value == 0) {
    return true;
  }
  return kn_bc_refuse(r, row);
}

bool kn_bc_check_flags(struct kn_bc *r) {
  uint64_t pos = r->bits.pos;
  if (!r->metadata_pos) return true;
  if (!kn_bc_module_metadata(r)) return false;
  for (uint32_t i = 0; i < r->flags.n; i++)
    if (!flag(r, r->flags.at[i])) return false;
  kn_bc_harden_module(r);
  r->bits.pos = pos;
  return true;
}

bool kn_bc_attached(struct kn_bc *r, uint64_t kind) {
  const struct kn_bc_ask *row = kn_bc_ask_metadata(kind);
  return !row || row->verdict != ASK_REFUSED || kn_bc_refuse(r, row);
}

/* A block has [kind, node]... of the function, if it has any, then [instruction, kind, node...]
 * of each instruction that has. These may be many, and ask for nothing that is not said of the
 * function, too. */
bool kn_bc_function_attachments(struct kn_bc *r) {
  struct kn_bits b = r->bits;
  unsigned width = (unsigned)kn_bits_vbr(&b, 4);
  kn_bits_align(&b);
  b.pos += 32; /* the block's length */
  if (width < 2 || width > 32 || kn_bits_fixed(&b, width) != BC_UNABBREV) return true;
  kn_bits_vbr(&b, 6);
  uint64_t n = kn_bits_vbr(&b, 6);
  if (n % 2 != 0) return true;
  for (; n >= 2 && b.pos < b.end; n -= 2) {
    if (!kn_bc_attached(r, kn_bits_vbr(&b, 6))) return false;
    kn_bits_vbr(&b, 6);
  }
  return true;
}

void kn_bc_refuse_bundle(struct kn_bc *r, uint32_t tag) {
  struct kn_bc_saved saved;
  uint32_t block, n = 0;
  char name[64] = "";
  uint64_t at = r->record_pos, pos = r->bits.pos;
  enum kn_bc_entry entry = ENTRY_RECORD;
  r->bits.pos = r->bundle_tags_pos;
  if (pos && r->bundle_tags_pos && kn_bc_enter(r, BLOCK_OPERAND_BUNDLE_TAGS, &saved)) {
    while (entry == ENTRY_RECORD && n <= tag) {
      entry = kn_bc_next(r, &block);
      if (entry == ENTRY_RECORD && n++ == tag)
        for (uint32_t i = 0; i < r->ops.n && i + 1 < sizeof name; i++) name[i] = (char)r->ops.at[i];
    }
  }
  r->bits.pos = pos;
  r->record_pos = at;
  const struct kn_bc_ask *row = kn_bc_ask_bundle(name);
  if (row) kn_bc_refuse(r, row);
  else
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
               "not implemented: operand bundle \"%s\", which is not known", name);
}

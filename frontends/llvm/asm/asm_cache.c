/* The texts of inline assembly that a reader has met, with their code, and the bodies that wait
 * for it. Called by asm.c, reader.c and fork.c. */
#include "asm/asm.h"

/* ---- texts and their code ---- */

struct kn_bc_asm_cache *kn_asm_cache(struct kn_bc *r) {
  if (!r->assembly.texts) r->assembly.texts = kn_bc_keep(r, sizeof *r->assembly.texts);
  return r->assembly.texts;
}

static uint32_t keep_chars(struct kn_bc *r, struct kn_bc_asm_cache *c, const char *s, size_t n) {
  uint32_t at = c->chars.n;
  if (!KN_BC_ROOM(r, c->chars, (uint64_t)at + n + 1)) return UINT32_MAX;
  memcpy(c->chars.at + at, s, n);
  c->chars.at[at + n] = 0;
  c->chars.n += (uint32_t)n + 1;
  return at;
}

/* True if a text is after `t` in an order of all texts. */
static KN_COLD bool after(const struct kn_bc_asm_cache *c, const char *s, uint32_t n, bool rows,
                          const struct kn_asm_text *t) {
  return rows != t->rows ? rows : kn_bytes_after(s, n, c->chars.at + t->at, t->n);
}

struct kn_asm_text *kn_asm_text_of(struct kn_bc *r, const char *s, uint32_t n, bool rows) {
  struct kn_bc_asm_cache *c = r->assembly.texts;
  const uint32_t hash = kn_hash_bytes(s, n);
  uint32_t at, i;
  KN_HASH_EACH(&c->hash, hash, at, i, after(c, s, n, rows, &c->texts.at[i - 1])) {
    struct kn_asm_text *t = &c->texts.at[i - 1];
    if (t->n == n && t->rows == rows && memcmp(c->chars.at + t->at, s, n) == 0) return t;
  }
  if (!KN_BC_HASH_ROOM(r, &c->hash)) return NULL;
  struct kn_asm_text t = {.at = keep_chars(r, c, s, n), .n = n, .rows = rows};
  uint8_t code[256];
  int size = kn_bc_encode(r->target, s, n, code, sizeof code);
  if (size >= 0) {
    t.known = true;
    t.bytes = c->bytes.n;
    t.n_bytes = (uint32_t)size;
    if (!KN_BC_ROOM(r, c->bytes, (uint64_t)t.bytes + t.n_bytes)) return NULL;
    if (size > 0) memcpy(c->bytes.at + t.bytes, code, t.n_bytes); /* there may be no bytes so far */
    c->bytes.n += t.n_bytes;
  }
  if (t.at == UINT32_MAX || !KN_BC_PUSH(r, c->texts, t)) return NULL;
  kn_hash_put(&c->hash, at, hash, c->texts.n);
  return &c->texts.at[c->texts.n - 1];
}

static uint32_t number(const char *s) {
  uint32_t n = 0;
  for (; *s >= '0' && *s <= '9'; s++) n = n * 10 + (uint32_t)(*s - '0');
  return n;
}

/* The symbol that a relocation names; of id 0 without memory. */
kiln_symbol kn_asm_symbol_of(struct kn_bc *r, const char *name) {
  const size_t n = sizeof KN_ASM_SYMBOL - 1;
  if (strncmp(name, KN_ASM_SYMBOL, n) == 0) {
    return (kiln_symbol){number(name + n)};
  }
  kiln_symbol found = kiln_symbol_lookup(r->module, name);
  return found.id ? found : kiln_data_declare(r->module, &(kiln_symbol_desc){.name = name});
}

/* Keeps the code of a text. */
static bool keep_code(struct kn_bc *r, struct kn_asm_text *t, const kiln_assembly *a) {
  struct kn_bc_asm_cache *c = r->assembly.texts;
  t->known = true;
  if (a->error) {
    t->error = keep_chars(r, c, a->error, strlen(a->error)) + 1;
    return r->status == KILN_OK;
  }
  t->bytes = c->bytes.n;
  t->n_bytes = a->size_bytes;
  t->reloc = c->relocs.n;
  t->n_relocs = a->n_relocs;
  t->n_frame = a->frame_bytes;
  t->align_log2 = a->align_log2;
  if (!KN_BC_ROOM(r, c->bytes, (uint64_t)t->bytes + t->n_bytes + t->n_frame)) return false;
  if (t->n_bytes) memcpy(c->bytes.at + t->bytes, a->bytes, t->n_bytes);
  if (t->n_frame) memcpy(c->bytes.at + t->bytes + t->n_bytes, a->frame, t->n_frame);
  c->bytes.n += t->n_bytes + t->n_frame;
  for (uint32_t i = 0; i < a->n_relocs; i++) {
    const kiln_assembled_reloc *from = &a->relocs[i];
    kiln_asm_reloc to = {
      .offset_bytes = from->offset_bytes, .kind = from->kind, .addend = from->addend};
    const size_t n = sizeof KN_ASM_SLOT - 1;
    if (from->symbol && strncmp(from->symbol, KN_ASM_SLOT, n) == 0) {
      to.slot = 1 + number(from->symbol + n);
      if (!KN_BC_PUSH(r, c->relocs, to)) return false;
      continue;
    }
    if (from->symbol) to.symbol = kn_asm_symbol_of(r, from->symbol);
    else to.symbol.id = KN_ASM_PART + from->section % KN_ASM_PART, t->has_parts = true;
    if (!to.symbol.id) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
    if (!KN_BC_PUSH(r, c->relocs, to)) return false;
  }
  if (KN_LIKELY(a->n_sections == 0 && a->n_symbols == 0)) return true;
  t->has_parts = true;
  return kn_asm_keep_parts(r, t, a);
}

bool kn_asm_assemble(struct kn_bc *r) {
  struct kn_bc_asm_cache *c = r->assembly.texts;
  KN_BC_ARRAY(kiln_assembly) all = {NULL, 0, 0};
  KN_BC_ARRAY(uint32_t) which = {NULL, 0, 0};
  bool ok = true;
  for (uint32_t i = 0; i < c->texts.n && ok; i++) {
    const struct kn_asm_text *t = &c->texts.at[i];
    if (t->known) continue;
    ok = KN_BC_PUSH(
           r, all,
           ((kiln_assembly){.text = c->chars.at + t->at, .text_bytes = t->n, .rows = t->rows})) &&
         KN_BC_PUSH(r, which, i);
  }
  if (ok && kiln_module_assemble(r->module, all.at, all.n) != KILN_OK) {
    r->f = NULL;
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "the assembler for inline assembly has failed");
    ok = false;
  }
  for (uint32_t i = 0; i < all.n && ok; i++)
    ok = keep_code(r, &c->texts.at[which.at[i]], &all.at[i]);
  if (all.at) kn_bc_release(r, all.at);
  if (which.at) kn_bc_release(r, which.at);
  return ok;
}

bool kn_bc_read_waiting(struct kn_bc *r) {
  if (r->assembly.waiting.n == 0) return r->status == KILN_OK;
  if (!kn_asm_assemble(r)) return false;
  r->assembly.last = true;
  for (uint32_t i = 0; i < r->assembly.waiting.n && r->status == KILN_OK; i++) {
    r->in.bits.pos = r->assembly.waiting.at[i].pos;
    kn_bc_read_function(r, r->assembly.waiting.at[i].global);
  }
  r->assembly.last = false;
  r->assembly.waiting.n = 0;
  return r->status == KILN_OK;
}

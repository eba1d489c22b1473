/* What metadata requests: the module's flags ({behaviour, name, value}), and what is attached to functions and
 * variables; also the names of operand bundles, which only errors need. Called by module.c, metadata.c and body.c.
 * Invariant: the position in the file is what it was. */
#include "debug/debug.h"

/* The value of a flag, if it is an integer; UINT64_MAX: it is something else. */
static uint64_t value_of(struct kn_bc *r, uint64_t id) {
  if (id > UINT32_MAX || !kn_bc_md_record(r, (uint32_t)id) || r->in.code != MD_VALUE ||
      r->in.ops.n < 2)
    return UINT64_MAX;
  uint64_t v = r->in.ops.at[1];
  return v < r->vals.n && r->csts.at[v].kind == CK_INT ? r->csts.at[v].v : UINT64_MAX;
}

/* Notes a flag that is implemented. */
static bool done(struct kn_bc *r, const struct kn_bc_support *row, uint64_t value_id) {
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
  if (!kn_bc_md_record(r, id) || r->in.code != MD_NODE || r->in.ops.n != 3)
    return r->status == KILN_OK && kn_bc_malformed(r, "bad module flag");
  uint64_t value_id = r->in.ops.at[2];
  const struct kn_bc_md *text =
    r->in.ops.at[1] <= UINT32_MAX ? kn_bc_md(r, (uint32_t)r->in.ops.at[1]) : NULL;
  if (!text || text->kind != MDK_STRING) return kn_bc_malformed(r, "bad module flag");
  if (text->n >= sizeof name) return true;
  memcpy(name, text->text, text->n);
  name[text->n] = 0;
  const struct kn_bc_support *row = kn_bc_support_flag(name);
  if (!row || row->verdict == SUPPORT_IDLE) return true;
  if (row->verdict == SUPPORT_DONE) return done(r, row, value_id);
  uint64_t value = value_of(r, value_id);
  if (row->verdict == SUPPORT_VALUE) {
    /* Code Model: tiny and small are 0 and 1; override-stack-alignment: in bytes */
    if (value <= (strcmp(name, "Code Model") == 0 ? 1 : 16)) return true;
  } else if (value == 0) {
    return true;
  }
  return kn_bc_refuse(r, row);
}

bool kn_bc_check_flags(struct kn_bc *r) {
  uint64_t pos = r->in.bits.pos;
  if (!r->m->md_read && !kn_bc_module_metadata(r)) return false;
  if (!r->m->metadata_pos) return true;
  for (uint32_t i = 0; i < r->m->listed.n; i++)
    if (r->m->listed.at[i].list == LIST_FLAGS && !flag(r, r->m->listed.at[i].node)) return false;
  kn_bc_harden_module(r);
  r->in.bits.pos = pos;
  return true;
}

/* Bytes that grow. */
struct bytes {
  char *at;
  size_t n;
};

/* Appends a string and its zero byte; the bytes begin with another one if the section's do. */
static bool add_string(struct kn_bc *r, struct bytes *b, bool zero_first, const char *text,
                       size_t length) {
  const size_t at = b->at != NULL ? b->n : zero_first;
  char *more = kn_bc_resize(r, b->at, at + length + 1);
  if (more == NULL) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  b->at = more;
  if (zero_first) more[0] = 0;
  memcpy(more + at, text, length);
  more[at + length] = 0;
  b->n = at + length + 1;
  return true;
}

/* The sections that lists of strings become, as in LLVM's AsmPrinter and TargetLoweringObjectFileELF. */
static const struct string_section {
  const char *name;
  kiln_section_desc is;
  bool zero_first;
} string_sections[LIST_COUNT] = {
#define STRINGS(number)                                                                            \
  {.flags = KILN_SECTION_MERGE | KILN_SECTION_STRINGS, .type = number, .entry_bytes = 1}
  [LIST_IDENT] = {".comment", STRINGS(1), true},
  [LIST_COMMAND] = {".GCC.command.line", STRINGS(1), true},
  [LIST_LIBRARIES] = {".deplibs", STRINGS(0x6fff4c04), false}, /* SHT_LLVM_DEPENDENT_LIBRARIES */
  [LIST_LINKER] = {".linker-options", {.flags = KILN_SECTION_EXCLUDE, .type = 0x6fff4c01}, false},
#undef STRINGS
};

/* Appends the strings that node `id` consists of. */
static bool add_strings(struct kn_bc *r, struct bytes *b, bool zero_first, uint32_t id) {
  if (!kn_bc_md_record(r, id) || r->in.code != MD_NODE) return r->status == KILN_OK;
  for (uint32_t k = 0; k < r->in.ops.n; k++) {
    const uint64_t op = r->in.ops.at[k];
    const struct kn_bc_md *s = op <= UINT32_MAX ? kn_bc_md(r, (uint32_t)op) : NULL;
    if (s != NULL && s->kind == MDK_STRING && !add_string(r, b, zero_first, s->text, s->n))
      return false;
  }
  return true;
}

/* Defines the section of a list; behind its strings, if there are any, stands `last`, unless that is NULL. */
static bool define_strings(struct kn_bc *r, enum kn_bc_list list, const char *last) {
  const struct string_section *as = &string_sections[list];
  kiln_section_desc said;
  struct bytes b = {0};
  bool ok = true;
  for (uint32_t i = 0; i < r->m->listed.n && ok; i++)
    if (r->m->listed.at[i].list == list)
      ok = add_strings(r, &b, as->zero_first, r->m->listed.at[i].node);
  if (b.at == NULL) return ok && r->status == KILN_OK;
  if (last != NULL && ok) ok = add_string(r, &b, as->zero_first, last, strlen(last));
  /* the module may have a section of that name which is something else: then what it has in there counts */
  if (ok && (!kiln_section_find(r->module, as->name, &said) ||
             (said.flags == as->is.flags && said.type == as->is.type &&
              said.entry_bytes == as->is.entry_bytes))) {
    const kiln_symbol_desc nameless = {.linkage = KILN_LINKAGE_PRIVATE, .section = as->name};
    const kiln_data_desc data = {.bytes = b.at, .size_bytes = b.n, .flags = KILN_DATA_READ_ONLY};
    kiln_section_declare(r->module, as->name, &as->is);
    kiln_symbol symbol = kiln_data_declare(r->module, &nameless);
    kiln_data_define(r->module, symbol, &data);
    if (r->status == KILN_OK) r->status = kiln_module_status(r->module);
  }
  kn_bc_resize(r, b.at, 0);
  return ok && r->status == KILN_OK;
}

#define VERSION(major, minor, patch) "Kiln " #major "." #minor "." #patch
#define VERSION_OF(major, minor, patch) VERSION(major, minor, patch)

bool kn_bc_define_origin(struct kn_bc *r) {
  uint64_t pos = r->in.bits.pos;
  if (kiln_module_is_jit(r->module)) return true; /* nobody reads them there */
  static const char own[] = VERSION_OF(KILN_VERSION_MAJOR, KILN_VERSION_MINOR, KILN_VERSION_PATCH);
  bool ok = define_strings(r, LIST_LINKER, NULL) && define_strings(r, LIST_LIBRARIES, NULL) &&
            define_strings(r, LIST_IDENT, own) && define_strings(r, LIST_COMMAND, NULL);
  r->in.bits.pos = pos;
  return ok;
}

/* ---- what is attached to functions, variables and instructions ---- */

enum { MD_KIND_ASSOCIATED = 22, MD_KIND_PCSECTIONS = 37 }; /* LLVM's FixedMetadataKinds.def */

/* The name of a kind of metadata that LLVM has no number for; "" if the module does not say it. Records are
 * [number, characters], without abbreviations. */
static void kind_name(const struct kn_bc *r, uint64_t kind, char *name, size_t size) {
  struct kn_bits b = r->in.bits;
  bool found = false;
  name[0] = 0;
  b.pos = r->m->kinds_pos;
  unsigned width = (unsigned)kn_bits_vbr(&b, 4);
  kn_bits_align(&b);
  b.pos += 32; /* the block's length */
  if (r->m->kinds_pos == 0 || width < 2 || width > 32) return;
  while (!found && b.pos < b.end && kn_bits_fixed(&b, width) == BC_UNABBREV) {
    kn_bits_vbr6(&b);
    uint64_t n = kn_bits_vbr6(&b);
    found = n != 0 && kn_bits_vbr6(&b) == kind;
    for (uint64_t i = 1; i < n && b.pos < b.end; i++) {
      char c = (char)kn_bits_vbr6(&b);
      if (!found || i >= size) continue;
      name[i - 1] = c;
      name[i] = 0;
    }
  }
}

/* Checks metadata of kind `kind` that is attached to a function or variable. */
static bool attached(struct kn_bc *r, uint64_t kind) {
  char name[40];
  const struct kn_bc_support *row = kn_bc_support_metadata(kind);
  if (KN_UNLIKELY(row == NULL)) {
    kind_name(r, kind, name, sizeof name);
    row = kn_bc_support_kind(name);
    if (row == NULL)
      return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                        "not implemented: metadata \"%s\" (number %llu), which is not known", name,
                        (unsigned long long)kind);
  }
  return row->verdict != SUPPORT_REFUSED || kn_bc_refuse(r, row);
}

bool kn_bc_global_attached(struct kn_bc *r) {
  const uint32_t n = r->in.ops.n;
  const uint64_t *op = r->in.ops.at;
  for (uint32_t i = 1; i + 1 < n; i += 2) {
    if (KN_UNLIKELY(op[i] == MD_KIND_ASSOCIATED)) {
      if (op[0] >= r->vals.n || r->csts.at[op[0]].kind != CK_GLOBAL || op[i + 1] >= UINT32_MAX)
        return kn_bc_malformed(r, "bad attachment");
      struct kn_bc_global *g = &r->open->globals.at[r->csts.at[op[0]].index];
      if (g->what == KILN_SYMBOL_DATA) g->attrs = (uint32_t)op[i + 1] + 1;
    }
    if (!attached(r, op[i])) return false;
  }
  return true;
}

bool kn_bc_associated(struct kn_bc *r, uint32_t node, kiln_symbol *out) {
  uint64_t pos = r->in.bits.pos;
  out->id = 0;
  bool ok = kn_bc_md_record(r, node) && r->in.code == MD_NODE && r->in.ops.n == 1 &&
            r->in.ops.at[0] - 1 < UINT32_MAX && kn_bc_md_record(r, (uint32_t)r->in.ops.at[0]) &&
            r->in.code == MD_VALUE && r->in.ops.n > 1;
  r->in.bits.pos = pos;
  if (!ok) return r->status == KILN_OK && kn_bc_malformed(r, "bad metadata \"associated\"");
  uint64_t id = r->in.ops.at[1];
  if (id < r->vals.n && r->csts.at[id].kind == CK_GLOBAL)
    out->id = r->m->globals.at[r->csts.at[id].index].symbol;
  return true;
}

/* The kinds of `n` operands that are [kind, node]... of instructions: only this one bears on objects. */
static bool of_instruction(struct kn_bc *r, struct kn_bits *b, uint64_t n) {
  for (; n >= 2 && b->pos < b->end; n -= 2) {
    if (KN_UNLIKELY(kn_bits_vbr6(b) == MD_KIND_PCSECTIONS))
      return kn_bc_refuse(r, kn_bc_support_metadata(MD_KIND_PCSECTIONS));
    kn_bits_vbr6(b);
  }
  return true;
}

/* Skips records of one attachment of an instruction, [instruction, kind, node], whose kind is one chunk: the frequent
 * ones of optimized code. */
static void skip_frequent(struct kn_bits *b, unsigned width) {
  if (width > 8) return;
  const unsigned head =
    width + 12; /* bits before the numbers: of the abbreviation, code and count */
  const uint64_t mask = ((UINT64_C(1) << width) - 1) | UINT64_C(0x7f) << (width + 5);
  const uint64_t wanted = BC_UNABBREV | UINT64_C(3) << (width + 6);
  const uint64_t tops = KN_BITS_TOPS8 & ((UINT64_C(1) << (57 - head)) - 1);
  while (b->pos < b->end) {
    uint64_t w = kn_bits_peek(b, b->pos);
    if ((w & mask) != wanted) return;
    uint64_t ends = ~(w >> head) & tops, first = ends & (0 - ends); /* last chunks of numbers */
    if (!(ends & first << 6)) return;
    uint64_t node = ends - first - (first << 6);
    if (node == 0) return;
    b->pos += head + (unsigned)__builtin_ctzll(node) + 1;
  }
}

/* A block has [kind, node]... of the function, if it has any, then [instruction, kind, node...] of each instruction
 * that has. LLVM writes them without abbreviations. */
bool kn_bc_function_attachments(struct kn_bc *r) {
  struct kn_bits b = r->in.bits;
  unsigned width = (unsigned)kn_bits_vbr(&b, 4);
  kn_bits_align(&b);
  uint64_t end = b.pos + 32 + kn_bits_fixed(&b, 32) * 32;
  if (width < 2 || width > 32)
    return true; /* the error is reported when the block is entered or skipped */
  if (end < b.end) b.end = end;
  for (;;) {
    skip_frequent(&b, width);
    if (b.pos >= b.end || kn_bits_fixed(&b, width) != BC_UNABBREV) break;
    kn_bits_vbr6(&b);
    uint64_t n = kn_bits_vbr6(&b);
    if (n % 2 != 0) {
      kn_bits_vbr6(&b);
      if (!of_instruction(r, &b, n - 1)) return false;
      continue;
    }
    for (; n >= 2 && b.pos < b.end; n -= 2) {
      uint64_t kind = kn_bits_vbr6(&b);
      if (!attached(r, kind)) return false;
      if (KN_UNLIKELY(kind == MD_KIND_ASSOCIATED))
        return kn_bc_refuse(r, kn_bc_support_metadata(MD_KIND_ASSOCIATED));
      kn_bits_vbr6(&b);
    }
  }
  return true;
}

void kn_bc_refuse_bundle(struct kn_bc *r, uint32_t tag) {
  struct kn_bc_saved saved;
  uint32_t block, n = 0;
  char name[64] = "";
  uint64_t at = r->record_pos, pos = r->in.bits.pos;
  enum kn_bc_entry entry = ENTRY_RECORD;
  r->in.bits.pos = r->m->bundle_tags_pos;
  if (pos && r->m->bundle_tags_pos && kn_bc_enter(r, BLOCK_OPERAND_BUNDLE_TAGS, &saved)) {
    while (entry == ENTRY_RECORD && n <= tag) {
      entry = kn_bc_next(r, &block);
      if (entry == ENTRY_RECORD && n++ == tag)
        for (uint32_t i = 0; i < r->in.ops.n && i + 1 < sizeof name; i++)
          name[i] = (char)r->in.ops.at[i];
    }
  }
  r->in.bits.pos = pos;
  r->record_pos = at;
  const struct kn_bc_support *row = kn_bc_support_bundle(name);
  if (row) kn_bc_refuse(r, row);
  else
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
               "not implemented: operand bundle \"%s\", which is not known", name);
}

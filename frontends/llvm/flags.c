/* What metadata requests: the module's flags ({behaviour, name, value}); also the names of operand bundles, which only
 * errors need. Called by module.c and call.c.
 * Invariant: the position in the file is what it was. */
#include "debug/debug.h"

/* The value of a flag, if it is an integer; UINT64_MAX: it is something else. */
static uint64_t value_of(struct kn_bc *r, uint64_t id) {
  if (id > UINT32_MAX || !kn_bc_md_record(r, (uint32_t)id, 2) || r->in.code != MD_VALUE ||
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
  if (!kn_bc_md_record(r, id, 4) || r->in.code != MD_NODE || r->in.ops.n != 3)
    return r->status == KILN_OK && kn_bc_malformed(r, "bad module flag");
  uint64_t value_id = r->in.ops.at[2];
  const struct kn_bc_md *text =
    r->in.ops.at[1] <= UINT32_MAX ? kn_bc_md(r, (uint32_t)r->in.ops.at[1]) : NULL;
  if (!text || text->kind != MDK_STRING) return kn_bc_malformed(r, "bad module flag");
  if (text->n >= sizeof name) return true;
  memcpy(name, text->text, text->n);
  name[text->n] = 0;
  const struct kn_bc_support *row = kn_bc_support_flag(name);
  if (!row && r->m->is_newer) return kn_bc_unknown_metadata(r, name);
  if (!row || row->verdict == SUPPORT_IDLE) return true;
  if (row->verdict == SUPPORT_DONE) return done(r, row, value_id);
  uint64_t value = value_of(r, value_id);
  if (row->verdict == SUPPORT_VALUE) {
    /* CodeView: LLVM writes it for Windows alone; Code Model: tiny and small are 0 and 1; override-stack-alignment:
     * in bytes */
    if (strcmp(name, "CodeView") == 0 ? value == 0 || !kn_bc_format_of(r)->code_view
                                      : value <= (strcmp(name, "Code Model") == 0 ? 1 : 16))
      return true;
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

/* What the strings of a section have about them. */
enum strings { ZERO_BEHIND, ZERO_FIRST, BLANK_BEFORE };

/* Appends a string and its zero byte; with ZERO_FIRST the bytes begin with another one. With BLANK_BEFORE there is a
 * blank instead. */
static bool add_string(struct kn_bc *r, struct bytes *b, enum strings how, const char *text,
                       size_t length) {
  const size_t at = b->at != NULL ? b->n : how == ZERO_FIRST;
  char *more = kn_bc_resize(r, b->at, at + length + 1);
  if (more == NULL) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  b->at = more;
  if (how == ZERO_FIRST) more[0] = 0;
  if (how == BLANK_BEFORE) more[at] = ' ';
  memcpy(more + at + (how == BLANK_BEFORE), text, length);
  if (how != BLANK_BEFORE) more[at + length] = 0;
  b->n = at + length + 1;
  return true;
}

/* The sections that lists of strings become, as in LLVM's AsmPrinter and TargetLoweringObjectFileELF. For COFF only the
 * linker's options have one. */
static const struct string_section {
  const char *name;
  kiln_section_desc is;
  enum strings how;
} string_sections[LIST_COUNT] = {
#define STRINGS(...)                                                                               \
  {.flags = KILN_SECTION_MERGE | KILN_SECTION_STRINGS, .entry_bytes = 1, __VA_ARGS__}
#define OTHER(number) .kind = KILN_SECTION_OTHER, .format_type = number
  [LIST_IDENT] = {".comment", STRINGS(.kind = KILN_SECTION_CONTENT), ZERO_FIRST},
  [LIST_COMMAND] = {".GCC.command.line", STRINGS(.kind = KILN_SECTION_CONTENT), ZERO_FIRST},
  /* SHT_LLVM_DEPENDENT_LIBRARIES, SHT_LLVM_LINKER_OPTIONS */
  [LIST_LIBRARIES] = {".deplibs", STRINGS(OTHER(0x6fff4c04)), ZERO_BEHIND},
  [LIST_LINKER] = {".linker-options",
                   {.flags = KILN_SECTION_EXCLUDE, OTHER(0x6fff4c01)},
                   ZERO_BEHIND},
#undef OTHER
#undef STRINGS
};

/* The linker's options in COFF: a blank before each. */
static const struct string_section directives = {
  ".drectve", {.flags = KILN_SECTION_EXCLUDE}, BLANK_BEFORE};

/* Appends the strings that node `id` consists of. */
static bool add_strings(struct kn_bc *r, struct bytes *b, enum strings how, uint32_t id) {
  if (!kn_bc_md_record(r, id, UINT32_MAX) || r->in.code != MD_NODE) return r->status == KILN_OK;
  for (uint32_t k = 0; k < r->in.ops.n; k++) {
    const uint64_t op = r->in.ops.at[k];
    const struct kn_bc_md *s = op <= UINT32_MAX ? kn_bc_md(r, (uint32_t)op) : NULL;
    if (s != NULL && s->kind == MDK_STRING && !add_string(r, b, how, s->text, s->n)) return false;
  }
  return true;
}

/* Does a function or variable of the module lie in that section? */
static bool has_symbols_in(const struct kn_bc *r, const char *name) {
  for (uint32_t i = 0; i < r->m->sections.n; i++)
    if (strcmp(r->m->names.at + r->m->sections.at[i], name) == 0) return true;
  return false;
}

/* Defines the section of a list; after its strings, if there are any, stands `last`, unless that is NULL. */
static bool define_strings(struct kn_bc *r, enum kn_bc_list list, const char *last) {
  const bool only_linker = kn_bc_format_of(r)->directives;
  const struct string_section *as = only_linker ? &directives : &string_sections[list];
  kiln_section_desc said;
  struct bytes b = {0};
  bool ok = true;
  if (only_linker && list != LIST_LINKER) return true;
  if (as->how == ZERO_FIRST && has_symbols_in(r, as->name)) return true; /* a program reads those */
  for (uint32_t i = 0; i < r->m->listed.n && ok; i++)
    if (r->m->listed.at[i].list == list) ok = add_strings(r, &b, as->how, r->m->listed.at[i].node);
  if (b.at == NULL) return ok && r->status == KILN_OK;
  if (last != NULL && ok) ok = add_string(r, &b, as->how, last, strlen(last));
  /* the module may have a section of that name which is something else: then what it has in there counts */
  if (ok && (!kiln_section_find(r->module, as->name, &said) ||
             (said.flags == as->is.flags && said.kind == as->is.kind &&
              said.format_type == as->is.format_type && said.entry_bytes == as->is.entry_bytes))) {
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
  else kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown operand bundle \"%s\"", name);
}

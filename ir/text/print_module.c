/* Text printer, module level: names, signatures, symbols, data; kiln_module_print. Also writes
 * bytes for ir/text/print.c. Invariant: the text depends on the module's content and the order of its
 * symbols only, and reading it back gives the same text again. */
#include "ir/text/text_form.h"

#include <stdarg.h>
#include <stdio.h>

#define WORD(word, flag) {word, offsetof(kiln_func_attrs, flag)}
const struct kn_attr_word kn_func_words[KN_FUNC_WORDS] = {
  WORD("naked", naked),
  WORD("general", general_only),
  WORD("frame_pointer", frame_pointer),
  WORD("realign_stack", realign_stack),
  WORD("used", used),
  WORD("final", final),
  WORD("not_into", not_into),
  WORD("no_rows", no_rows),
  WORD("keeps_pinned", keeps_pinned),
  WORD("no_jump_tables", no_jump_tables),
  WORD("foreign", foreign),
};
#undef WORD
const struct kn_attr_word kn_module_words[KN_MODULE_WORDS] = {
  {"no_plt", offsetof(kiln_module_attrs, no_plt)},
  {"exec_stack", offsetof(kiln_module_attrs, exec_stack)},
  {"own_library", offsetof(kiln_module_attrs, own_library)},
};

const char *const kn_linkage_names[KILN_LINKAGE_COUNT] = {
  [KILN_LINKAGE_EXTERNAL] = "",         [KILN_LINKAGE_INTERNAL] = "internal",
  [KILN_LINKAGE_PRIVATE] = "private",   [KILN_LINKAGE_WEAK] = "weak",
  [KILN_LINKAGE_LINKONCE] = "linkonce", [KILN_LINKAGE_COMMON] = "common",
};
const char *const kn_visibility_names[KILN_VISIBILITY_COUNT] = {
  [KILN_VISIBILITY_DEFAULT] = "",
  [KILN_VISIBILITY_HIDDEN] = "hidden",
  [KILN_VISIBILITY_PROTECTED] = "protected",
};
const char *const kn_dll_names[KILN_DLL_COUNT] = {"", "dllimport", "dllexport"};
const char *const kn_comdat_words[KILN_COMDAT_COUNT] = {"comdat", "comdat_same_size",
                                                        "comdat_exact", "comdat_largest"};
const char *const kn_tls_names[KILN_TLS_COUNT] = {
  [KILN_TLS_NONE] = "",
  [KILN_TLS_GENERAL_DYNAMIC] = "gd",
  [KILN_TLS_LOCAL_DYNAMIC] = "ld",
  [KILN_TLS_INITIAL_EXEC] = "ie",
  [KILN_TLS_LOCAL_EXEC] = "le",
};
const char *const kn_inline_names[KILN_INLINE_COUNT] = {
  [KILN_INLINE_BY_SIZE] = "by_size",
  [KILN_INLINE_HINT] = "hint",
  [KILN_INLINE_ALWAYS] = "always",
  [KILN_INLINE_NEVER] = "never",
};

const char *const kn_guard_names[KILN_GUARD_COUNT] = {
  [KILN_GUARD_NONE] = "",
  [KILN_GUARD_ARRAYS] = "arrays",
  [KILN_GUARD_ADDRESSES] = "addresses",
  [KILN_GUARD_ALWAYS] = "always",
};
const char *const kn_protect_names[KN_PROTECT_COUNT] = {
  "branch", "return", "return_all", "key_b", "control_stack", "direct",
};
const char *const kn_guard_source_names[KILN_GUARD_SOURCE_COUNT] = {
  [KILN_GUARD_SOURCE_DEFAULT] = "default",
  [KILN_GUARD_SOURCE_TLS] = "tls",
  [KILN_GUARD_SOURCE_GLOBAL] = "global",
  [KILN_GUARD_SOURCE_SYSREG] = "sysreg",
};
const char *const kn_icond_names[KILN_ICOND_COUNT] = {
  [KILN_ICOND_EQ] = "eq",   [KILN_ICOND_NE] = "ne",   [KILN_ICOND_SLT] = "slt",
  [KILN_ICOND_SGE] = "sge", [KILN_ICOND_SLE] = "sle", [KILN_ICOND_SGT] = "sgt",
  [KILN_ICOND_ULT] = "ult", [KILN_ICOND_UGE] = "uge", [KILN_ICOND_ULE] = "ule",
  [KILN_ICOND_UGT] = "ugt",
};
const char *const kn_fcond_names[KILN_FCOND_COUNT] = {
  [KILN_FCOND_OEQ] = "oeq", [KILN_FCOND_UNE] = "une", [KILN_FCOND_OLT] = "olt",
  [KILN_FCOND_UGE] = "uge", [KILN_FCOND_OLE] = "ole", [KILN_FCOND_UGT] = "ugt",
  [KILN_FCOND_OGT] = "ogt", [KILN_FCOND_ULE] = "ule", [KILN_FCOND_OGE] = "oge",
  [KILN_FCOND_ULT] = "ult", [KILN_FCOND_ONE] = "one", [KILN_FCOND_UEQ] = "ueq",
  [KILN_FCOND_ORD] = "ord", [KILN_FCOND_UNO] = "uno",
};
const char *const kn_ordering_names[KILN_ORDERING_COUNT] = {
  [KILN_ORDERING_RELAXED] = "relaxed", [KILN_ORDERING_ACQUIRE] = "acquire",
  [KILN_ORDERING_RELEASE] = "release", [KILN_ORDERING_ACQ_REL] = "acq_rel",
  [KILN_ORDERING_SEQ_CST] = "seq_cst",
};
const char *const kn_rmw_names[KILN_RMW_COUNT] = {
  [KILN_RMW_XCHG] = "xchg", [KILN_RMW_ADD] = "add",   [KILN_RMW_SUB] = "sub",
  [KILN_RMW_AND] = "and",   [KILN_RMW_NAND] = "nand", [KILN_RMW_OR] = "or",
  [KILN_RMW_XOR] = "xor",   [KILN_RMW_SMIN] = "smin", [KILN_RMW_SMAX] = "smax",
  [KILN_RMW_UMIN] = "umin", [KILN_RMW_UMAX] = "umax",
};

const char *const kn_section_kind_names[KILN_SECTION_OTHER] = {
  [KILN_SECTION_CONTENT] = "content", [KILN_SECTION_ZERO] = "zero",
  [KILN_SECTION_NOTE] = "note",       [KILN_SECTION_INIT] = "init",
  [KILN_SECTION_FINI] = "fini",       [KILN_SECTION_PREINIT] = "preinit"};

const struct kn_flag_word kn_section_words[] = {
  {"alloc", KILN_SECTION_ALLOC},     {"write", KILN_SECTION_WRITE},
  {"exec", KILN_SECTION_EXEC},       {"merge", KILN_SECTION_MERGE},
  {"strings", KILN_SECTION_STRINGS}, {"retain", KILN_SECTION_RETAIN},
  {"exclude", KILN_SECTION_EXCLUDE}, {NULL, 0},
};
const struct kn_flag_word kn_data_words[] = {
  {"readonly", KILN_DATA_READ_ONLY},
  {"strings", KILN_DATA_MERGE_STRINGS},
  {"used", KILN_DATA_USED},
  {"absolute", KILN_DATA_ABSOLUTE},
  {"if_reachable", KILN_DATA_IF_REACHABLE},
  {NULL, 0},
};

/* ---- writing ---- */

void kn_put(struct kn_printer *p, const char *text, size_t length) {
  if (!p->failed && kiln_buffer_append(p->out, text, length) != KILN_OK) p->failed = true;
}

void kn_put_form(struct kn_printer *p, const char *form, ...) {
  char text[201];
  va_list args;
  va_start(args, form);
  vsnprintf(text, sizeof text, form, args);
  va_end(args);
  kn_put_text(p, text);
}

void kn_put_unsigned(struct kn_printer *p, uint64_t v) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + v % 10);
  while ((v /= 10) != 0);
  kn_put(p, digits + at, sizeof digits - at);
}

void kn_put_signed(struct kn_printer *p, int64_t v) {
  if (v < 0) kn_put(p, "-", 1);
  kn_put_unsigned(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void kn_put_hex(struct kn_printer *p, uint64_t high, uint64_t low) {
  char digits[32];
  size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[low & 15];
    low = low >> 4 | high << 60;
    high >>= 4;
  } while (low | high);
  kn_put(p, "0x", 2);
  kn_put(p, digits + at, sizeof digits - at);
}

static void put_quoted(struct kn_printer *p, const unsigned char *bytes, size_t length) {
  size_t plain = 0;
  for (size_t i = 0; i <= length; i++) {
    bool special =
      i == length || bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == '"' || bytes[i] == '\\';
    if (!special) continue;
    kn_put(p, (const char *)bytes + plain, i - plain);
    plain = i + 1;
    if (i == length) break;
    char escape[] = {'\\', "0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
    if (bytes[i] == '"' || bytes[i] == '\\') {
      escape[1] = (char)bytes[i];
      kn_put(p, escape, 2);
    } else {
      kn_put(p, escape, 3);
    }
  }
}

void kn_put_string(struct kn_printer *p, const void *bytes, size_t length) {
  kn_put(p, "\"", 1);
  put_quoted(p, bytes, length);
  kn_put(p, "\"", 1);
}

static void put_name(struct kn_printer *p, const char *name, size_t length) {
  bool plain = length > 0;
  for (size_t i = 0; i < length && plain; i++) {
    char c = name[i];
    plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            c == '_' || c == '.' || c == '$';
  }
  kn_put(p, "@", 1);
  if (plain) {
    kn_put(p, name, length);
  } else {
    kn_put_string(p, name, length);
  }
}

/* A symbol without a name is called by its number, `@.17`: with more points in front if a symbol of
 * that name exists. */
static void put_number_name(struct kn_printer *p, uint32_t symbol) {
  char name[24];
  size_t at = sizeof name - 1;
  name[at] = 0;
  for (uint32_t v = symbol; v || at == sizeof name - 1; v /= 10) name[--at] = (char)('0' + v % 10);
  do name[--at] = '.';
  while (at > 0 && kiln_symbol_lookup(p->module, name + at).id != 0);
  put_name(p, name + at, sizeof name - 1 - at);
}

void kn_put_symbol(struct kn_printer *p, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(p->module, symbol);
  if (s->kind == KILN_SYMBOL_BLOCK) {
    kn_put_symbol(p, s->target); /* a function: recurses once only */
    bool label = kn_symbol_is_label(s);
    kn_put_text(p, label ? ":label" : ":b");
    kn_put_unsigned(p, (uint64_t)(label ? s->offset - KN_FIRST_LABEL : s->offset));
  } else if (s->name_length == 0) {
    put_number_name(p, symbol);
  } else {
    put_name(p, s->name, s->name_length);
  }
}

void kn_put_offset(struct kn_printer *p, int64_t offset) {
  if (offset == 0) return;
  if (offset >= 0) kn_put(p, "+", 1);
  kn_put_signed(p, offset);
}

static void put_type(struct kn_printer *p, unsigned type) {
  kn_put_text(p, kiln_type_name((kiln_type)type));
}

static void put_word(struct kn_printer *p, const char *word) {
  if (!word[0]) return;
  kn_put(p, " ", 1);
  kn_put_text(p, word);
}

/* ` with @x`: `words` and the symbol, if there is one. */
static void put_related(struct kn_printer *p, const char *words, uint32_t symbol) {
  if (symbol == 0) return;
  kn_put_text(p, words);
  kn_put_symbol(p, symbol);
}

/* ` reg "gs"`: `words` and the string, if there is one. */
static void put_text_of(struct kn_printer *p, const char *words, const char *string) {
  if (string == NULL) return;
  kn_put_text(p, words);
  kn_put_string(p, string, strlen(string));
}

static void put_flags(struct kn_printer *p, const struct kn_flag_word *words, uint32_t flags) {
  for (const struct kn_flag_word *w = words; w->word; w++)
    if (flags & w->flag) put_word(p, w->word);
}

void kn_put_sig(struct kn_printer *p, uint32_t sig) {
  const struct kn_sig *s = kn_sig(p->module, sig);
  kn_put(p, "(", 1);
  for (uint32_t i = 0; i < s->n_params; i++) {
    const kiln_param *q = &s->params[i];
    if (i > 0) kn_put(p, ", ", 2);
    put_type(p, q->type);
    put_flags(p, kn_param_words, q->flags);
    if (q->flags & KILN_PARAM_BYVAL) {
      kn_put_text(p, " byval(");
      kn_put_unsigned(p, q->size_bytes);
      kn_put(p, ", ", 2);
      kn_put_unsigned(p, UINT64_C(1) << (q->align_log2 & 63));
      kn_put(p, ")", 1);
    } else if (q->align_log2) {
      kn_put_text(p, " alignstack(16)");
    }
  }
  if (s->flags & KILN_SIG_VARIADIC) kn_put_text(p, s->n_params ? ", ..." : "...");
  kn_put(p, ")", 1);
  for (uint32_t i = 0; i < s->n_results; i++) {
    kn_put_text(p, i == 0 ? " -> " : ", ");
    put_type(p, s->results[i]);
  }
  put_flags(p, kn_sig_words, s->flags);
  if (s->cc != KILN_CC_C) put_word(p, kn_callconv_names[s->cc]);
}

/* ---- symbols ---- */

/* `data internal hidden tls(gd) @x` */
static void put_symbol_head(struct kn_printer *p, const char *keyword, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(p->module, symbol);
  kn_put_text(p, keyword);
  put_word(p, kn_linkage_names[s->linkage]);
  put_word(p, kn_visibility_names[s->visibility]);
  if (s->dso_local) put_word(p, "dso_local");
  if (s->no_plt && s->dll != KILN_DLL_IMPORT) put_word(p, "no_plt");
  put_word(p, kn_dll_names[s->dll]);
  if (s->tls) kn_put_form(p, " tls(%s)", kn_tls_names[s->tls]);
  kn_put(p, " ", 1);
  kn_put_symbol(p, symbol);
}

static void put_align(struct kn_printer *p, unsigned log2) {
  if (log2 == 0) return;
  kn_put_text(p, " align ");
  kn_put_unsigned(p, UINT64_C(1) << log2);
}

static void put_symbol_tail(struct kn_printer *p, const struct kn_symbol *s) {
  put_text_of(p, " section ", s->section);
  if (s->comdat && !s->comdat_implied) {
    const struct kn_comdat *c = kn_comdat(p->module, s->comdat);
    put_word(p, c->stays ? "group" : kn_comdat_words[c->choice]);
    kn_put(p, " ", 1);
    kn_put_string(p, c->name, c->length);
  }
}

void kn_put_func_head(struct kn_printer *p, const char *keyword, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(p->module, symbol);
  put_symbol_head(p, keyword, symbol);
  kn_put_sig(p, s->sig);
  put_symbol_tail(p, s);
  put_align(p, s->align_log2);
}

/* ---- data ---- */

static uint64_t zeros_at(const uint8_t *bytes, uint64_t n) {
  uint64_t k = 0;
  while (k < n && bytes[k] == 0) k++;
  return k;
}

/* Bytes of one line at most, and shortest run of zeros that is written as `zero`. */
enum { LINE_BYTES = 48, ZERO_RUN = 8 };

static void put_zero(struct kn_printer *p, uint64_t n) {
  kn_put_text(p, "  zero ");
  kn_put_unsigned(p, n);
  kn_put(p, "\n", 1);
}

static void put_bytes(struct kn_printer *p, const uint8_t *bytes, uint64_t n) {
  for (uint64_t at = 0; at < n;) {
    uint64_t zeros = zeros_at(bytes + at, n - at);
    if (zeros >= ZERO_RUN) {
      put_zero(p, zeros);
      at += zeros;
      continue;
    }
    uint64_t end = at;
    while (end < n && end - at < LINE_BYTES) {
      zeros = zeros_at(bytes + end, n - end < ZERO_RUN ? n - end : ZERO_RUN);
      if (zeros == ZERO_RUN) break;
      end += zeros < n - end ? zeros + 1 : zeros;
    }
    kn_put_text(p, "  ");
    kn_put_string(p, bytes + at, end - at);
    kn_put(p, "\n", 1);
    at = end;
  }
}

static void put_data(struct kn_printer *p, const struct kn_data *d) {
  const struct kn_symbol *s = kn_symbol(p->module, d->symbol);
  put_symbol_head(p, "data", d->symbol);
  put_align(p, d->align_log2);
  put_flags(p, kn_data_words, d->flags);
  put_symbol_tail(p, s);
  put_related(p, " of ", d->label);
  put_related(p, " with ", d->with);
  kn_put_text(p, " {\n");
  uint64_t at = 0;
  for (size_t i = 0; i <= d->n_relocs; i++) {
    uint64_t end = i < d->n_relocs ? d->relocs[i].offset_bytes : d->size_bytes;
    if (end > at && d->bytes) put_bytes(p, d->bytes + at, end - at);
    else if (end > at) put_zero(p, end - at);
    if (i == d->n_relocs) break;
    const kiln_reloc *r = &d->relocs[i];
    kn_put_text(p, r->kind != 0 ? "  reloc" : r->relative_to.id ? "  rel" : "  addr");
    if (r->kind != 0 || r->relative_to.id || r->size_bytes != 8)
      kn_put_unsigned(p, 8u * r->size_bytes);
    if (r->kind != 0) kn_put_form(p, " %u", r->kind - KILN_RELOC_FORMAT);
    kn_put(p, " ", 1);
    kn_put_symbol(p, r->symbol.id);
    kn_put_offset(p, r->addend);
    if (r->relative_to.id && r->relative_to.id != d->symbol) {
      kn_put(p, " - ", 3);
      kn_put_symbol(p, r->relative_to.id);
    }
    kn_put(p, "\n", 1);
    at = end + r->size_bytes;
  }
  kn_put_text(p, "}\n");
}

/* `section "notes" alloc type note` */
static void put_section(struct kn_printer *p, const struct kn_section *s) {
  kn_put_text(p, "section ");
  kn_put_string(p, s->name, strlen(s->name));
  put_flags(p, kn_section_words, s->desc.flags);
  if (s->desc.kind != KILN_SECTION_BY_NAME) {
    kn_put_text(p, " type ");
    if (s->desc.kind == KILN_SECTION_OTHER) kn_put_unsigned(p, s->desc.format_type);
    else kn_put_text(p, kn_section_kind_names[s->desc.kind]);
  }
  if (s->desc.entry_bytes) kn_put_form(p, " entry %u", s->desc.entry_bytes);
  kn_put(p, "\n", 1);
}

/* `guard tls reg "gs" offset 40` */
static void put_guard(struct kn_printer *p, const kiln_guard_location *g) {
  kn_put_text(p, "guard");
  put_word(p, kn_guard_source_names[g->source]);
  put_text_of(p, " reg ", g->reg);
  if (g->offset_bytes != 0) {
    kn_put_text(p, " offset ");
    kn_put_signed(p, g->offset_bytes);
  }
  put_text_of(p, " symbol ", g->symbol);
  kn_put(p, "\n", 1);
}

void kn_put_protection(struct kn_printer *p, uint32_t what) {
  for (unsigned k = 0; k < KN_PROTECT_COUNT; k++)
    if (what >> k & 1) put_word(p, kn_protect_names[k]);
}

kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out) {
  if (m == NULL || out == NULL) return KILN_ERR_ARGUMENT;
  struct kn_printer p = {.module = m, .out = out};
  if (!kn_late_names_define(m, NULL, NULL)) return kiln_module_status(m);
  const kiln_target *t = &m->options.target;
  kn_put_form(&p, "target %s", kiln_processor_name(t->processor));
  if (t->system != KILN_SYSTEM_LINUX) kn_put_form(&p, "-%s", kiln_system_name(t->system));
  kn_put(&p, "\n", 1);
  if (m->attrs.guard_location.source != KILN_GUARD_SOURCE_DEFAULT)
    put_guard(&p, &m->attrs.guard_location);
  if (m->attrs.protection != 0) {
    kn_put_text(&p, "protect");
    kn_put_protection(&p, m->attrs.protection);
    kn_put(&p, "\n", 1);
  }
  for (unsigned k = 0; k < KN_MODULE_WORDS; k++)
    if (*kn_attr_flag(&m->attrs, &kn_module_words[k]))
      kn_put_form(&p, "%s\n", kn_module_words[k].word);
  if (m->attrs.pinned != NULL) kn_put_form(&p, "pinned %s\n", m->attrs.pinned);
  for (uint32_t i = 0; i < m->sections.n; i++) put_section(&p, m->sections.at + i);
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    if (s->kind == KILN_SYMBOL_FUNC && !s->defined && !s->printed) {
      kn_put_func_head(&p, "declare", i);
      kn_put(&p, "\n", 1);
    } else if (s->kind == KILN_SYMBOL_DATA && s->data) {
      if (m->data.at[s->data - 1].owner != KN_DATA_DROPPED) put_data(&p, &m->data.at[s->data - 1]);
    } else if (s->kind == KILN_SYMBOL_DATA && s->target == KN_DATA_DROPPED) {
      continue;
    } else if ((s->kind == KILN_SYMBOL_DATA || s->kind == KILN_SYMBOL_UNKNOWN) && !s->library) {
      put_symbol_head(&p, "extern data", i);
      put_align(&p, s->align_log2);
      put_symbol_tail(&p, s);
      kn_put(&p, "\n", 1);
    }
  }
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    if (s->kind != KILN_SYMBOL_ALIAS) continue;
    put_symbol_head(&p, s->resolver ? "ifunc" : "alias", i);
    kn_put_text(&p, " = ");
    kn_put_symbol(&p, s->target);
    kn_put_offset(&p, s->offset);
    kn_put(&p, "\n", 1);
  }
  for (uint32_t i = 0; i < m->renames.n; i++) {
    kn_put_text(&p, "rename ");
    kn_put_symbol(&p, m->renames.at[i].symbol);
    kn_put(&p, " ", 1);
    kn_put_string(&p, m->renames.at[i].name, strlen(m->renames.at[i].name));
    kn_put(&p, "\n", 1);
  }
  for (uint32_t i = 0; i < m->ctors.n; i++) {
    const struct kn_ctor *c = &m->ctors.at[i];
    kn_put_text(&p, c->at_exit ? "dtor " : "ctor ");
    kn_put_symbol(&p, c->func);
    kn_put(&p, " ", 1);
    kn_put_unsigned(&p, c->priority);
    put_related(&p, " with ", c->with);
    kn_put(&p, "\n", 1);
  }
  kn_put_module_debug(&p);
  return p.failed ? KILN_ERR_MEMORY : KILN_OK;
}

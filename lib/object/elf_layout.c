/* First step of the object writer: sections and groups, and for every function, data item,
 * constructor, block symbol and alias its section and offset. Called by lib/object/elf.c. Invariant:
 * pieces of a section are in ascending order of offset and do not overlap. */
#include "lib/object/elf.h"

#include <stdio.h>

#define MAX_SECTION_BYTES (UINT64_C(1) << 48)

static bool fail_memory(struct kn_elf *e) {
  kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory");
  return false;
}

/* ---- sections and groups ---- */

uint32_t kn_elf_add_section(struct kn_elf *e, const char *name, size_t length, uint32_t type,
                            uint64_t flags, uint32_t align) {
  if (!KN_ROOM(e->m, e->sections, 1)) return UINT32_MAX;
  struct kn_elf_section *s = e->sections.at + e->sections.n;
  memset(s, 0, sizeof *s);
  s->name = name;
  s->name_length = (uint32_t)length;
  s->type = type;
  s->flags = flags;
  s->align = align;
  if (flags & SHF_GNU_RETAIN) e->gnu = true;
  return e->sections.n++;
}

/* `prefix`: of a section of one symbol of that kind. */
static const struct {
  const char *name, *prefix;
  uint8_t name_length, prefix_length;
  uint32_t type, flags, entsize;
} fixed_sections[KN_ELF_FIXED_COUNT] = {
#define NAMES(name, prefix) name, prefix, sizeof name - 1, sizeof prefix - 1
  [KN_ELF_TEXT] = {NAMES(".text", ".text."), SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0},
  [KN_ELF_DATA] = {NAMES(".data", ".data."), SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0},
  [KN_ELF_RODATA] = {NAMES(".rodata", ".rodata."), SHT_PROGBITS, SHF_ALLOC, 0},
  [KN_ELF_RELRO] = {NAMES(".data.rel.ro", ".data.rel.ro."), SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0},
  [KN_ELF_BSS] = {NAMES(".bss", ".bss."), SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0},
  [KN_ELF_TDATA] = {NAMES(".tdata", ".tdata."), SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 0},
  [KN_ELF_TBSS] = {NAMES(".tbss", ".tbss."), SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 0},
  [KN_ELF_STRINGS] = {NAMES(".rodata.str1.1", ".rodata."), SHT_PROGBITS,
                      SHF_ALLOC | SHF_MERGE | SHF_STRINGS, 1},
#undef NAMES
};

static uint32_t fixed_section(struct kn_elf *e, enum kn_elf_fixed kind) {
  if (e->fixed[kind] == 0) {
    uint32_t i = kn_elf_add_section(e, fixed_sections[kind].name, fixed_sections[kind].name_length,
                                    fixed_sections[kind].type, fixed_sections[kind].flags, 1);
    if (i == UINT32_MAX) return i;
    e->sections.at[i].entsize = fixed_sections[kind].entsize;
    e->sections.at[i].code = kind == KN_ELF_TEXT;
    e->fixed[kind] = i + 1;
  }
  return e->fixed[kind] - 1;
}

/* The group of a comdat: index + 1. */
static uint32_t group_of(struct kn_elf *e, uint32_t comdat) {
  uint32_t *group = e->group_of + (comdat - 1);
  if (*group == 0) {
    e->groups[e->n_groups] = (struct kn_elf_group){.comdat = comdat};
    *group = ++e->n_groups;
  }
  return *group;
}

void kn_elf_join_group(struct kn_elf *e, uint32_t section, uint32_t group) {
  struct kn_elf_section *s = e->sections.at + section;
  struct kn_elf_group *g = e->groups + group - 1;
  s->group = group;
  s->flags |= SHF_GROUP;
  if (g->last != 0) e->sections.at[g->last - 1].group_next = section + 1;
  else g->first = section + 1;
  g->last = section + 1;
}

/* A new section of one symbol: prefix + the symbol's name. `group` may be 0. */
static uint32_t own_section(struct kn_elf *e, enum kn_elf_fixed kind, uint32_t symbol,
                            uint32_t group, uint64_t more_flags) {
  bool named = kn_symbol(e->m, symbol)->name_length > 0;
  uint32_t type = fixed_sections[kind].type;
  uint64_t flags = fixed_sections[kind].flags & ~(uint64_t)(SHF_MERGE | SHF_STRINGS);
  const char *name = named ? fixed_sections[kind].prefix : fixed_sections[kind].name;
  size_t length = named ? fixed_sections[kind].prefix_length : fixed_sections[kind].name_length;
  uint32_t i = kn_elf_add_section(e, name, length, type, flags | more_flags, 1);
  if (i == UINT32_MAX) return i;
  e->sections.at[i].owner = named ? symbol : 0;
  e->sections.at[i].code = kind == KN_ELF_TEXT;
  if (group != 0) kn_elf_join_group(e, i, group);
  return i;
}

/* Type of an explicit section by its name. NOBITS becomes PROGBITS if content arrives. */
static uint32_t type_of_name(const char *name) {
  static const struct {
    const char *prefix;
    uint32_t type;
    bool any; /* anything may follow, not only a dot */
  } types[] = {
    {".bss", SHT_NOBITS, false},
    {".tbss", SHT_NOBITS, false},
    {".sbss", SHT_NOBITS, false},
    {".init_array", SHT_INIT_ARRAY, false},
    {".fini_array", SHT_FINI_ARRAY, false},
    {".preinit_array", SHT_PREINIT_ARRAY, false},
    {".note", SHT_NOTE, true},
    {".llvm.lto", 0x6fff4c0c, false},        /* SHT_LLVM_LTO */
    {".llvm.offloading", 0x6fff4c0b, false}, /* SHT_LLVM_OFFLOADING */
  };
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    size_t n = strlen(types[i].prefix);
    if (strncmp(name, types[i].prefix, n) == 0 && (types[i].any || name[n] == 0 || name[n] == '.'))
      return types[i].type;
  }
  return SHT_PROGBITS;
}

/* The type of a section of which something was said, perhaps; SHT_NULL: the module failed. */
static uint32_t type_of(struct kn_elf *e, const struct kn_section *said, const char *name) {
  static const uint32_t types[] = {
    [KILN_SECTION_CONTENT] = SHT_PROGBITS, [KILN_SECTION_ZERO] = SHT_NOBITS,
    [KILN_SECTION_NOTE] = SHT_NOTE,        [KILN_SECTION_INIT] = SHT_INIT_ARRAY,
    [KILN_SECTION_FINI] = SHT_FINI_ARRAY,  [KILN_SECTION_PREINIT] = SHT_PREINIT_ARRAY,
    [KILN_SECTION_OTHER] = SHT_NULL};
  if (said == NULL || said->desc.kind == KILN_SECTION_BY_NAME) return type_of_name(name);
  if (said->desc.kind != KILN_SECTION_OTHER) return types[said->desc.kind];
  if (said->desc.format_type >= SHT_LOOS) return said->desc.format_type;
  kn_module_fail(e->m, KILN_ERR_ARGUMENT,
                 "section '%.100s': a type of ELF whose content is not the front end's", name);
  return SHT_NULL;
}

/* ELF's flags for what was said of a section. */
static uint64_t said_flags(const struct kn_section *s) {
  static const struct {
    unsigned said;
    uint64_t flag;
  } table[] = {{KILN_SECTION_ALLOC, SHF_ALLOC},     {KILN_SECTION_WRITE, SHF_WRITE},
               {KILN_SECTION_EXEC, SHF_EXECINSTR},  {KILN_SECTION_MERGE, SHF_MERGE},
               {KILN_SECTION_STRINGS, SHF_STRINGS}, {KILN_SECTION_RETAIN, SHF_GNU_RETAIN},
               {KILN_SECTION_EXCLUDE, SHF_EXCLUDE}};
  uint64_t flags = 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (s->desc.flags & table[i].said) flags |= table[i].flag;
  return flags;
}

/* Finds or makes a section by name, group and flags, as LLVM does: content of other flags is in another section of that
 * name. If something was said of the section, that counts, and not what content asks for. */
static uint32_t named_section(struct kn_elf *e, const char *name, uint32_t group, uint64_t flags) {
  const struct kn_section *said = kn_section_said(e->m, name);
  if (said != NULL) flags = said_flags(said) | (flags & (SHF_TLS | SHF_GNU_RETAIN));
  uint32_t found = 0, hash = 0;
  size_t length = 0;
  if (e->last_section != 0 && e->last_name == name && e->last_group == group &&
      e->last_flags == flags) {
    found = e->last_section;
  } else {
    length = strlen(name);
    hash =
      kn_hash_bytes(name, length) + (group << 1 | (flags & SHF_GNU_RETAIN ? 1 : 0)) * 0x9e3779b1u;
    uint32_t at;
    KN_HASH_EACH(&e->section_hash, hash, at, found) {
      const struct kn_elf_section *s = e->sections.at + found - 1;
      if (s->group == group && (s->flags & ~(uint64_t)SHF_GROUP) == flags &&
          s->name_length == length && kn_same_bytes(s->name, name, length))
        break;
    }
  }
  if (found == 0) {
    if (!KN_HASH_ROOM(e->m, &e->section_hash)) return UINT32_MAX;
    uint32_t type = type_of(e, said, name);
    if (type == SHT_NULL) return UINT32_MAX;
    uint32_t i = kn_elf_add_section(e, name, length, type, flags, 1);
    if (i == UINT32_MAX) return i;
    if (said != NULL) e->sections.at[i].entsize = said->desc.entry_bytes;
    kn_hash_put(&e->section_hash, hash, hash, i + 1);
    if (group != 0) kn_elf_join_group(e, i, group);
    found = i + 1;
  }
  e->last_name = name;
  e->last_group = group;
  e->last_flags = flags;
  e->last_section = found;
  return found - 1;
}

/* ---- pieces ---- */

struct kn_elf_piece *kn_elf_add_piece(struct kn_elf *e, uint32_t section, uint64_t offset) {
  if (e->pieces.n >= e->pieces.cap && !KN_ROOM(e->m, e->pieces, 1)) return NULL;
  struct kn_elf_piece *p = e->pieces.at + e->pieces.n++;
  struct kn_elf_section *s = e->sections.at + section;
  if (s->last != 0) e->pieces.at[s->last - 1].next = e->pieces.n;
  else s->first = e->pieces.n;
  s->last = e->pieces.n;
  p->offset = offset;
  p->next = 0;
  return p;
}

bool kn_elf_extend(struct kn_elf *e, uint32_t section, uint64_t offset, uint64_t size) {
  struct kn_elf_section *s = e->sections.at + section;
  if (offset > MAX_SECTION_BYTES || size > MAX_SECTION_BYTES - offset) {
    kn_module_fail(e->m, KILN_ERR_LIMIT, "section %.100s is too large", s->name);
    return false;
  }
  s->size = offset + size;
  return true;
}

/* ---- functions ---- */

/* Section of a function that does not simply go to .text. */
static uint32_t function_section(struct kn_elf *e, uint32_t symbol, bool used) {
  const struct kn_symbol *s = kn_symbol(e->m, symbol);
  uint32_t group = s->comdat != 0 ? group_of(e, s->comdat) : 0;
  uint64_t retain = used ? SHF_GNU_RETAIN : 0;
  if (s->section == NULL) return own_section(e, KN_ELF_TEXT, symbol, group, retain);
  uint32_t i = named_section(e, s->section, group, SHF_ALLOC | SHF_EXECINSTR | retain);
  const struct kn_section *said = kn_section_said(e->m, s->section);
  if (said != NULL &&
      ((said->desc.flags & KILN_SECTION_MERGE) || said->desc.kind == KILN_SECTION_ZERO)) {
    kn_module_fail(e->m, KILN_ERR_ARGUMENT, "function '%.100s' in section '%.100s', which %s",
                   s->name, s->section,
                   said->desc.kind == KILN_SECTION_ZERO ? "has no content" : "may be merged");
    return UINT32_MAX;
  }
  if (i != UINT32_MAX) {
    e->sections.at[i].nonzero = true;
    e->sections.at[i].code = true;
  }
  return i;
}

/* Puts all functions in order: session by session; those of a frozen module by symbol, so that it
 * makes no difference which session compiled them. */
static bool order_functions(struct kn_elf *e) {
  kiln_module *m = e->m;
  uint64_t n = 0;
  for (uint32_t i = 0; i < e->n_sessions; i++) n += e->sessions[i]->out->funcs.n;
  if (n >= UINT32_MAX) {
    kn_module_fail(m, KILN_ERR_LIMIT, "too many functions");
    return false;
  }
  e->n_funcs = (uint32_t)n;
  e->funcs = kn_arena_alloc(&e->arena, (size_t)n * sizeof *e->funcs + 1, 4);
  if (e->funcs == NULL) return fail_memory(e);
  struct kn_elf_func *to = e->funcs;
  if (!m->frozen) {
    for (uint32_t i = 0; i < e->n_sessions; i++)
      for (uint32_t k = 0; k < e->sessions[i]->out->funcs.n; k++)
        *to++ = (struct kn_elf_func){i, k};
    return true;
  }
  struct kn_elf_func *by_symbol = kn_arena_alloc(&e->arena, m->flat_symbols * sizeof *by_symbol, 4);
  if (by_symbol == NULL) return fail_memory(e);
  memset(by_symbol, 0xff, m->flat_symbols * sizeof *by_symbol);
  for (uint32_t i = 0; i < e->n_sessions; i++) {
    const struct kn_output *o = kn_elf_output(e, i);
    for (uint32_t k = 0; k < o->funcs.n; k++)
      by_symbol[o->funcs.at[k].symbol] = (struct kn_elf_func){i, k};
  }
  for (uint32_t id = 1; id < m->flat_symbols; id++)
    if (by_symbol[id].session != UINT32_MAX) *to++ = by_symbol[id];
  if (to == e->funcs + n) return true;
  kn_module_fail(m, KILN_ERR_SYMBOL, "a function has two bodies");
  return false;
}

/* Places the functions. Neighbours in a session's code that go to the same section keep their distance,
 * so that the whole run is one piece. */
static bool lay_out_functions(struct kn_elf *e) {
  kiln_module *m = e->m;
  uint32_t run_section = UINT32_MAX, run_session = UINT32_MAX, run_next = 0;
  uint64_t delta = 0; /* offset in the section - offset in the session's code */
  uint32_t piece = 0;
  uint32_t text = e->fixed[KN_ELF_TEXT] - 1;
  bool sections = m->options.function_sections;
  unsigned least_align = e->machine->align_log2;
  for (uint32_t n = 0; n < e->n_funcs; n++) {
    uint32_t session = e->funcs[n].session, i = e->funcs[n].index;
    const struct kn_output *o = kn_elf_output(e, session);
    const struct kn_code_func *f = o->funcs.at + i;
    const struct kn_symbol *s = kn_symbol(m, f->symbol);
    uint32_t section = text;
    if (s->section != NULL || s->comdat != 0 || sections || f->used) {
      section = function_section(e, f->symbol, f->used);
      if (section == UINT32_MAX) return false;
    }
    uint64_t align = UINT64_C(1) << (s->align_log2 > least_align ? s->align_log2 : least_align);
    bool follows = section == run_section && session == run_session && i == run_next;
    struct kn_elf_section *sec = e->sections.at + section;
    uint64_t offset = kn_align_up(sec->size, align);
    /* a gap before the function is not kept: where gaps are depends on who compiled what before */
    if (!follows || f->start + delta != offset) {
      struct kn_elf_piece *p = kn_elf_add_piece(e, section, offset);
      if (p == NULL) return false;
      p->session = session;
      p->first = i;
      piece = e->pieces.n - 1;
      delta = offset - f->start;
      run_section = section;
      run_session = session;
    }
    run_next = i + 1;
    e->pieces.at[piece].end = i + 1;
    if (sec->align < align) sec->align = (uint32_t)align;
    uint32_t reloc_end = i + 1 < o->funcs.n ? f[1].reloc_first : o->relocs.n;
    sec->max_relas += reloc_end - f->reloc_first;
    struct kn_elf_def *def = e->defs + f->symbol;
    if (def->section != 0) {
      kn_module_fail(m, KILN_ERR_SYMBOL, "function '%.100s' has two bodies", s->name);
      return false;
    }
    def->value = f->start + delta;
    def->size = f->size;
    def->type = STT_FUNC;
    def->section = section + 1;
    if (!kn_elf_extend(e, section, def->value, f->size)) return false;
  }
  return true;
}

/* Places a session's block symbols, which come function by function. */
static bool lay_out_labels(struct kn_elf *e, uint32_t session) {
  const struct kn_output *o = e->sessions[session]->out;
  uint32_t label = 0;
  for (uint32_t i = 0; i < o->funcs.n && label < o->labels.n; i++) {
    const struct kn_code_func *f = o->funcs.at + i;
    for (; label < o->labels.n; label++) {
      const struct kn_code_label *l = o->labels.at + label;
      if (kn_symbol(e->m, l->symbol)->target != f->symbol) break;
      const struct kn_elf_def *func = e->defs + f->symbol;
      struct kn_elf_def *def = e->defs + l->symbol;
      def->value = func->value + (l->offset - f->start);
      def->section = func->section;
      def->type = STT_NOTYPE;
    }
  }
  if (label == o->labels.n) return true;
  kn_module_fail(e->m, KILN_ERR_STRUCTURE, "block symbols are not in the order of functions");
  return false;
}

/* ---- data ---- */

static bool all_zero(const struct kn_data *d) {
  if (d->bytes == NULL) return true;
  if (d->n_relocs > 0) return false;
  uint64_t n = d->size_bytes;
  return n == 0 || (d->bytes[0] == 0 && memcmp(d->bytes, d->bytes + 1, (size_t)n - 1) == 0);
}

/* True if the linker may merge the item with equal strings. */
static bool is_string(const struct kn_data *d) {
  return (d->flags & KILN_DATA_MERGE_STRINGS) != 0 && d->bytes != NULL && d->n_relocs == 0 &&
         d->align_log2 == 0 && d->size_bytes > 0 &&
         memchr(d->bytes, 0, (size_t)d->size_bytes) == d->bytes + d->size_bytes - 1;
}

/* True if the dynamic linker may have to write to the item. */
static bool has_absolute(const struct kn_data *d) {
  for (size_t i = 0; i < d->n_relocs; i++)
    if (d->relocs[i].relative_to.id == 0) return true;
  return false;
}

static bool read_only(const struct kn_data *d) {
  return (d->flags & (KILN_DATA_READ_ONLY | KILN_DATA_MERGE_STRINGS)) != 0;
}

static enum kn_elf_fixed kind_of(const struct kn_symbol *s, const struct kn_data *d, bool zero) {
  if (s->tls != KILN_TLS_NONE) return zero ? KN_ELF_TBSS : KN_ELF_TDATA;
  if (read_only(d))
    return has_absolute(d) ? KN_ELF_RELRO : is_string(d) ? KN_ELF_STRINGS : KN_ELF_RODATA;
  return zero ? KN_ELF_BSS : KN_ELF_DATA;
}

/* Lets a new section go with that of a symbol: the linker drops both or neither. */
static uint32_t linked(struct kn_elf *e, uint32_t section, uint32_t group, uint32_t with) {
  if (section == UINT32_MAX) return section;
  e->sections.at[section].with = with;
  if (group != 0) kn_elf_join_group(e, section, group);
  return section;
}

static uint32_t data_section(struct kn_elf *e, const struct kn_data *d, bool zero) {
  const struct kn_symbol *s = kn_symbol(e->m, d->symbol);
  uint32_t group = s->comdat != 0 ? group_of(e, s->comdat) : 0;
  uint64_t retain = d->flags & KILN_DATA_USED ? SHF_GNU_RETAIN : 0;
  enum kn_elf_fixed kind = kind_of(s, d, zero);
  if (s->section != NULL) {
    uint64_t flags = SHF_ALLOC | retain;
    if (!read_only(d) || has_absolute(d)) flags |= SHF_WRITE;
    if (s->tls != KILN_TLS_NONE) flags |= SHF_TLS | SHF_WRITE;
    if (KN_LIKELY(d->with == 0)) return named_section(e, s->section, group, flags);
    uint32_t i = kn_elf_add_section(e, s->section, strlen(s->section), type_of_name(s->section),
                                    flags | SHF_LINK_ORDER, 1);
    return linked(e, i, group, d->with);
  }
  if (KN_UNLIKELY(d->with != 0))
    return linked(e, own_section(e, kind, d->symbol, 0, SHF_LINK_ORDER | retain), group, d->with);
  bool own = e->m->options.data_sections && kind != KN_ELF_STRINGS;
  if (own || group != 0 || retain != 0) return own_section(e, kind, d->symbol, group, retain);
  return fixed_section(e, kind);
}

/* NULL, or why an item cannot be at `offset` of a section of which something was said. */
static const char *misplaced(const struct kn_section *said, const struct kn_elf_section *s,
                             const struct kn_data *d, uint64_t offset) {
  if (said->desc.kind == KILN_SECTION_ZERO && !all_zero(d)) return "which has no content";
  if (!(said->desc.flags & KILN_SECTION_MERGE)) return NULL;
  uint32_t entry = said->desc.entry_bytes;
  if (d->n_relocs > 0) return "whose content may be merged, with relocations";
  if (d->size_bytes % entry != 0 || offset != s->size) return "which has entries of another size";
  uint64_t zeros = 0;
  if (d->bytes != NULL && d->size_bytes != 0)
    while (zeros < entry && d->bytes[d->size_bytes - 1 - zeros] == 0) zeros++;
  if ((said->desc.flags & KILN_SECTION_STRINGS) && d->bytes != NULL && zeros < entry)
    return "which has strings that end in zero";
  return NULL;
}

static bool lay_out_data(struct kn_elf *e, uint32_t index) {
  const struct kn_data *d = e->m->data.at + index;
  const struct kn_symbol *s = kn_symbol(e->m, d->symbol);
  struct kn_elf_def *def = e->defs + d->symbol;
  def->size = d->size_bytes & KN_SIZE_MASK;
  def->type = s->tls != KILN_TLS_NONE ? STT_TLS : STT_OBJECT;
  uint64_t align = UINT64_C(1) << d->align_log2;
  if (s->linkage == KILN_LINKAGE_COMMON && s->section == NULL && s->comdat == 0) {
    def->value = align;
    def->section = KN_IN_COMMON;
    return true;
  }
  /* Whether constant data is zero makes no difference, unless the name of its section decides the
   * type. */
  bool zero = (!read_only(d) || s->section != NULL) && all_zero(d);
  uint32_t section = data_section(e, d, zero);
  if (section == UINT32_MAX) return false;
  struct kn_elf_section *sec = e->sections.at + section;
  if (sec->align < align) sec->align = (uint32_t)align;
  if (!zero) sec->nonzero = true;
  def->value = kn_align_up(sec->size, align);
  def->section = section + 1;
  const struct kn_section *said = kn_section_said(e->m, s->section);
  const char *wrong = said != NULL ? misplaced(said, sec, d, def->value) : NULL;
  if (wrong != NULL) {
    kn_module_fail(e->m, KILN_ERR_ARGUMENT, "data '%.100s' in section '%.100s', %s", s->name,
                   s->section, wrong);
    return false;
  }
  sec->max_relas += d->n_relocs;
  if (!kn_elf_extend(e, section, def->value, d->size_bytes)) return false;
  struct kn_elf_piece *p = kn_elf_add_piece(e, section, def->value);
  if (p == NULL) return false;
  p->session = KN_PIECE_DATA;
  p->first = index;
  return true;
}

/* Private data of functions, in the order of the functions that are there: a counting sort. */
static bool order_func_data(struct kn_elf *e) {
  kiln_module *m = e->m;
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->data.n; i++) n += kn_data_owned(m->data.at + i);
  if (n == 0) return true;
  uint32_t *at = kn_arena_zero(&e->arena, m->symbols.n * sizeof *at, sizeof *at);
  e->func_data = kn_arena_alloc(&e->arena, n * sizeof *e->func_data, sizeof *e->func_data);
  if (at == NULL || e->func_data == NULL) return fail_memory(e);
  for (uint32_t i = 0; i < m->data.n; i++)
    if (kn_data_owned(m->data.at + i)) at[m->data.at[i].owner]++;
  uint32_t next = 0; /* at[]: the number of items becomes the index of the first one */
  for (uint32_t k = 0; k < e->n_funcs; k++) {
    uint32_t owner = kn_elf_func(e, k)->symbol, count = at[owner];
    at[owner] = next;
    next += count;
  }
  for (uint32_t i = 0; i < m->data.n; i++) {
    const struct kn_data *d = m->data.at + i;
    if (kn_data_owned(d) && e->defs[d->owner].section != 0)
      e->func_data[at[d->owner] + d->ordinal] = i;
  }
  e->n_func_data = next;
  return true;
}

/* ---- what belongs to labels of machine code ---- */

/* True if an item belongs to code that is not there, or to a label that its group is not from. */
static bool is_absent(struct kn_elf *e, uint32_t index) {
  const kiln_module *m = e->m;
  const struct kn_data *d = m->data.at + index;
  if (KN_LIKELY(d->label == 0)) return false;
  uint32_t comdat = kn_symbol(m, d->symbol)->comdat, func = kn_symbol(m, d->label)->target;
  if (e->defs[d->label].section == 0) return true;
  if (comdat == 0 || comdat == kn_symbol(m, func)->comdat) return false;
  if (e->group_label == NULL) {
    e->group_label = kn_arena_zero(&e->arena, m->comdats.n * sizeof *e->group_label, 4);
    if (e->group_label == NULL) return !fail_memory(e);
  }
  uint32_t *first = e->group_label + comdat - 1;
  if (*first == 0) *first = d->label;
  return *first != d->label;
}

/* True if `id` is a late name whose code is not in the object. */
static bool is_without(const struct kn_elf *e, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(e->m, id);
  return s->late && e->defs[s->target].section == 0;
}

static bool is_defined(const void *e, uint32_t symbol) {
  return ((const struct kn_elf *)e)->defs[symbol].section != 0;
}

/* ---- aliases ---- */

/* Places an alias, and the aliases between it and the symbol that it stands for. Each is placed
 * once, so that long chains cost nothing twice; an alias that is met again while its chain is
 * followed is its own alias, an error. */
static bool lay_out_alias(struct kn_elf *e, uint32_t id, uint32_t *chain) {
  const kiln_module *m = e->m;
  uint32_t n = 0;
  for (; kn_symbol(m, id)->kind == KILN_SYMBOL_ALIAS && e->defs[id].section == 0;
       id = kn_symbol(m, id)->target) {
    if (e->defs[id].symbol != 0) {
      kn_module_fail(e->m, KILN_ERR_SYMBOL, "alias '%.100s' stands for itself",
                     kn_symbol(m, id)->name);
      return false;
    }
    e->defs[id].symbol = 1;
    chain[n++] = id;
  }
  if (n == 0) return true;
  if (e->defs[id].section == 0 || e->defs[id].section == KN_IN_COMMON) {
    kn_module_fail(e->m, KILN_ERR_SYMBOL, "alias '%.100s': its target '%.100s' is %s",
                   kn_symbol(m, chain[0])->name, kn_symbol(m, id)->name,
                   e->defs[id].section == 0 ? "not defined" : "common data");
    return false;
  }
  for (; n-- > 0; id = chain[n]) {
    const struct kn_elf_def *to = e->defs + id;
    struct kn_elf_def *def = e->defs + chain[n];
    uint64_t offset = (uint64_t)kn_symbol(m, chain[n])->offset;
    def->value = to->value + offset;
    def->size = (offset <= to->size ? to->size - offset : 0) & KN_SIZE_MASK;
    def->type = kn_symbol(m, chain[n])->resolver ? STT_GNU_IFUNC : to->type;
    if (def->type == STT_GNU_IFUNC) e->gnu = true;
    def->section = to->section;
    def->symbol = 0;
  }
  return true;
}

/* ---- constructors ---- */

/* The section group, as kn_symbol.comdat has it, of the entry of a constructor that belongs to symbol `id`: that
 * of what it stands for, or one of its own name; 0: none. False without memory. */
static bool comdat_with(kiln_module *m, uint32_t id, uint32_t *comdat) {
  const struct kn_symbol *with = kn_symbol(m, id), *s = with;
  while (s->kind == KILN_SYMBOL_ALIAS) s = kn_symbol(m, s->target);
  *comdat = s->comdat;
  if (s->comdat != 0 || with->linkage == KILN_LINKAGE_INTERNAL ||
      with->linkage == KILN_LINKAGE_PRIVATE)
    return true;
  return (*comdat = kn_comdat_of_symbol(m, with, id)) != 0;
}

static bool lay_out_ctor(struct kn_elf *e, uint32_t index) {
  const struct kn_ctor *c = e->m->ctors.at + index;
  if (c->with != 0 && e->defs[c->with].section == 0) return true; /* who defines it, calls */
  const char *name = c->at_exit ? ".fini_array" : ".init_array";
  if (c->priority != 65535) {
    char text[24];
    int n = snprintf(text, sizeof text, "%s.%05u", name, c->priority);
    if ((name = kn_arena_string(&e->arena, text, (size_t)n)) == NULL) return fail_memory(e);
  }
  uint32_t comdat = 0;
  if (c->with != 0 && !comdat_with(e->m, c->with, &comdat)) return false;
  uint32_t group = comdat != 0 ? group_of(e, comdat) : 0;
  uint32_t section = named_section(e, name, group, SHF_ALLOC | SHF_WRITE);
  if (section == UINT32_MAX) return false;
  struct kn_elf_section *s = e->sections.at + section;
  if (s->align < 8) s->align = 8;
  s->entsize = 8;
  s->nonzero = true;
  s->max_relas++;
  uint64_t offset = kn_align_up(s->size, 8);
  struct kn_elf_piece *p = kn_elf_add_piece(e, section, offset);
  if (p == NULL) return false;
  p->session = KN_PIECE_CTOR;
  p->first = index;
  return kn_elf_extend(e, section, offset, 8);
}

bool kn_elf_layout(struct kn_elf *e) {
  kiln_module *m = e->m;
  uint32_t unused;
  for (uint32_t i = 0; i < m->ctors.n; i++) /* groups that constructors alone are in */
    if (m->ctors.at[i].with != 0 && !comdat_with(m, m->ctors.at[i].with, &unused)) return false;
  e->defs = kn_arena_zero(&e->arena, m->symbols.n * sizeof *e->defs, 8);
  e->group_of = kn_arena_zero(&e->arena, m->comdats.n * sizeof *e->group_of, 4);
  uint64_t most = m->comdats.n; /* groups: one for each comdat and each personality */
  for (uint32_t i = 0; i < e->n_sessions; i++) most += kn_elf_output(e, i)->tables.n;
  e->groups = kn_arena_alloc(&e->arena, (size_t)most * sizeof *e->groups, 8);
  if (e->defs == NULL || e->group_of == NULL || e->groups == NULL) return fail_memory(e);
  if (fixed_section(e, KN_ELF_TEXT) == UINT32_MAX) return false;
  if (!order_functions(e) || !lay_out_functions(e)) return false;
  for (uint32_t i = 0; i < e->n_sessions; i++)
    if (!lay_out_labels(e, i)) return false;
  if (!order_func_data(e)) return false;
  for (uint32_t i = 0; i < m->data.n; i++)
    if (m->data.at[i].owner == 0 && !is_absent(e, i) && !lay_out_data(e, i)) return false;
  for (uint32_t i = 0; i < e->n_func_data; i++)
    if (!is_absent(e, e->func_data[i]) && !lay_out_data(e, e->func_data[i])) return false;
  if (!kn_late_names_define(m, is_defined, e)) return false;
  if (m->n_aliases > 0) {
    uint32_t *chain = kn_arena_alloc(&e->arena, m->n_aliases * sizeof *chain, sizeof *chain);
    if (chain == NULL) return fail_memory(e);
    for (uint32_t id = 1; id < m->symbols.n; id++)
      if (kn_symbol(m, id)->kind == KILN_SYMBOL_ALIAS && !is_without(e, id) &&
          !lay_out_alias(e, id, chain))
        return false;
  }
  for (uint32_t i = 0; i < m->ctors.n; i++)
    if (!lay_out_ctor(e, i)) return false;
  if (!kn_elf_eh_layout(e)) return false;

  for (uint32_t i = 0; i < e->sections.n; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    if (s->type == SHT_NOBITS && s->nonzero) s->type = SHT_PROGBITS;
    if (KN_LIKELY(s->with == 0)) continue;
    uint32_t to = e->defs[s->with].section;
    if (to == 0 || to == KN_IN_COMMON) {
      kn_module_fail(m, KILN_ERR_SYMBOL, "section '%.100s' goes with '%.100s', which is in none",
                     s->name, kn_symbol(m, s->with)->name);
      return false;
    }
  }
  e->n_content = e->sections.n;
  return true;
}

/* First step of the ELF writer: the names, types, flags and groups of the image's sections. Called by
 * lib/object/elf.c. Invariant: section i of the image is section i here. */
#include "lib/object/elf.h"

uint32_t kn_elf_add_section(struct kn_elf *e, const char *name, size_t length, uint32_t type,
                            uint64_t flags, uint32_t align) {
  if (!KN_ROOM(e->m, e->sections, 1)) return UINT32_MAX;
  e->sections.at[e->sections.n] = (struct kn_elf_section){
    .name = name, .name_length = (uint32_t)length, .type = type, .flags = flags, .align = align};
  if (flags & SHF_GNU_RETAIN) e->gnu = true;
  return e->sections.n++;
}

/* `prefix`: of a section of one symbol. */
static const struct {
  const char *name, *prefix;
  uint8_t name_length, prefix_length;
  uint32_t type, flags, entsize;
} kinds[KN_SECTION_NAMED] = {
#define NAMES(name, prefix) name, prefix, sizeof name - 1, sizeof prefix - 1
#define DATA SHT_PROGBITS, SHF_ALLOC | SHF_WRITE
  [KN_SECTION_TEXT] = {NAMES(".text", ".text."), SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0},
  [KN_SECTION_DATA] = {NAMES(".data", ".data."), DATA, 0},
  [KN_SECTION_RODATA] = {NAMES(".rodata", ".rodata."), SHT_PROGBITS, SHF_ALLOC, 0},
  [KN_SECTION_RELRO] = {NAMES(".data.rel.ro", ".data.rel.ro."), DATA, 0},
  [KN_SECTION_BSS] = {NAMES(".bss", ".bss."), SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0},
  [KN_SECTION_TDATA] = {NAMES(".tdata", ".tdata."), DATA | SHF_TLS, 0},
  [KN_SECTION_TBSS] = {NAMES(".tbss", ".tbss."), SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 0},
  [KN_SECTION_STRINGS] = {NAMES(".rodata.str1.1", ".rodata."), SHT_PROGBITS,
                          SHF_ALLOC | SHF_MERGE | SHF_STRINGS, 1},
  [KN_SECTION_TABLES] = {NAMES(".gcc_except_table", ".gcc_except_table."), SHT_PROGBITS, SHF_ALLOC,
                         0},
  [KN_SECTION_TYPES] = {NAMES(".data.rel.ro", ".data.rel.ro."), DATA, 0},
  [KN_SECTION_SHARED] = {NAMES(KN_EH_REF_SECTION, KN_EH_REF_SECTION), DATA, 0},
  [KN_SECTION_ROOTS] = {NAMES("kiln_roots", "kiln_roots"), SHT_PROGBITS, SHF_ALLOC, 0},
#undef DATA
#undef NAMES
};

/* What a section's name implies, as LLVM has it: its type, and flags that it has whatever its content is. */
struct named {
  const char *prefix;
  uint32_t type;
  uint64_t flags;
  bool any;   /* anything may follow, not only a dot */
  bool large; /* kn_elf_machine.large is one of them */
};
static const struct named *by_name(const char *name) {
  static const struct named plain = {"", SHT_PROGBITS, 0, true, false};
  static const struct named names[] = {
    {".bss", SHT_NOBITS, SHF_WRITE, false, false},
    {".sbss", SHT_NOBITS, SHF_WRITE, false, false},
    {".tbss", SHT_NOBITS, SHF_WRITE | SHF_TLS, false, false},
    {".tdata", SHT_PROGBITS, SHF_WRITE | SHF_TLS, false, false},
    {".gnu.linkonce.b.", SHT_NOBITS, SHF_WRITE, true, false},
    {".gnu.linkonce.sb.", SHT_NOBITS, SHF_WRITE, true, false},
    {".gnu.linkonce.tb.", SHT_NOBITS, SHF_WRITE | SHF_TLS, true, false},
    {".gnu.linkonce.td.", SHT_PROGBITS, SHF_WRITE | SHF_TLS, true, false},
    {".llvm.linkonce.b.", SHT_NOBITS, SHF_WRITE, true, false},
    {".llvm.linkonce.sb.", SHT_NOBITS, SHF_WRITE, true, false},
    {".llvm.linkonce.tb.", SHT_NOBITS, SHF_WRITE | SHF_TLS, true, false},
    {".llvm.linkonce.td.", SHT_PROGBITS, SHF_WRITE | SHF_TLS, true, false},
    {".lbss", SHT_PROGBITS, 0, false, true},
    {".ldata", SHT_PROGBITS, 0, false, true},
    {".lrodata", SHT_PROGBITS, 0, false, true},
    {".ltext", SHT_PROGBITS, 0, false, true},
    {".init_array", SHT_INIT_ARRAY, 0, false, false},
    {".fini_array", SHT_FINI_ARRAY, 0, false, false},
    {".preinit_array", SHT_PREINIT_ARRAY, 0, false, false},
    {".note", SHT_NOTE, 0, true, false},
    {".llvm.lto", 0x6fff4c0c, 0, false, false},        /* SHT_LLVM_LTO */
    {".llvm.offloading", 0x6fff4c0b, 0, false, false}, /* SHT_LLVM_OFFLOADING */
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t n = strlen(names[i].prefix);
    if (strncmp(name, names[i].prefix, n) == 0 && (names[i].any || name[n] == 0 || name[n] == '.'))
      return &names[i];
  }
  return &plain;
}

/* The flags that the name implies; those that were set for a section are all that it has. */
static uint64_t implied_flags(const struct kn_elf *e, const struct kn_image_section *s) {
  if (s->kind != KN_SECTION_NAMED || kn_section_said(e->m, s->name) != NULL) return 0;
  const struct named *is = by_name(s->name);
  return is->flags | (is->large ? e->machine->large : 0u);
}

/* Type of a named section; SHT_NULL: the module failed. */
static uint32_t type_of_named(struct kn_elf *e, const struct kn_image_section *s) {
  static const uint32_t types[] = {
    [KILN_SECTION_CONTENT] = SHT_PROGBITS, [KILN_SECTION_ZERO] = SHT_NOBITS,
    [KILN_SECTION_NOTE] = SHT_NOTE,        [KILN_SECTION_INIT] = SHT_INIT_ARRAY,
    [KILN_SECTION_FINI] = SHT_FINI_ARRAY,  [KILN_SECTION_PREINIT] = SHT_PREINIT_ARRAY,
    [KILN_SECTION_OTHER] = SHT_NULL};
  if (s->content == KILN_SECTION_BY_NAME) return by_name(s->name)->type;
  if (s->content != KILN_SECTION_OTHER) return types[s->content];
  if (s->format_type >= SHT_LOOS) return s->format_type;
  return KN_MODULE_FAIL(
    SHT_NULL, e->m, KILN_ERR_ARGUMENT,
    "section '%.100s': 'format_type' must be an ELF section type of 0x60000000 or above", s->name);
}

uint64_t kn_elf_flags(const struct kn_image_section *s) {
  static const struct {
    uint32_t image;
    uint64_t elf;
  } table[] = {{KILN_SECTION_ALLOC, SHF_ALLOC},     {KILN_SECTION_WRITE, SHF_WRITE},
               {KILN_SECTION_EXEC, SHF_EXECINSTR},  {KILN_SECTION_MERGE, SHF_MERGE},
               {KILN_SECTION_STRINGS, SHF_STRINGS}, {KILN_SECTION_RETAIN, SHF_GNU_RETAIN},
               {KILN_SECTION_EXCLUDE, SHF_EXCLUDE}, {KN_SECTION_THREAD, SHF_TLS}};
  uint64_t flags = s->with != 0 ? SHF_LINK_ORDER : 0;
  if (s->kind < KN_SECTION_NAMED) flags |= kinds[s->kind].flags;
  if (s->own) flags &= ~(uint64_t)(SHF_MERGE | SHF_STRINGS);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (s->flags & table[i].image) flags |= table[i].elf;
  return flags;
}

/* ---- groups ---- */

/* Section `i` joins the group of a comdat, or one of its own if that is 0. */
static bool join_group(struct kn_elf *e, uint32_t i, uint32_t comdat, uint32_t *group_of) {
  uint32_t group = comdat != 0 ? group_of[comdat - 1] : 0;
  if (group == 0) {
    if (!KN_PUSH(e->m, e->groups, (struct kn_elf_group){.comdat = comdat})) return false;
    group = e->groups.n;
    if (comdat != 0) group_of[comdat - 1] = group;
  }
  struct kn_elf_section *s = e->sections.at + i;
  struct kn_elf_group *g = e->groups.at + group - 1;
  s->group = group;
  s->flags |= SHF_GROUP;
  if (g->last != 0) e->sections.at[g->last - 1].group_next = i + 1;
  else g->first = i + 1;
  g->last = i + 1;
  return true;
}

static bool add(struct kn_elf *e, const struct kn_image_section *from, uint32_t *group_of) {
  bool named = from->kind >= KN_SECTION_NAMED, prefixed = from->owner != 0;
  const char *name = named      ? from->name
                     : prefixed ? kinds[from->kind].prefix
                                : kinds[from->kind].name;
  size_t length = named      ? strlen(name)
                  : prefixed ? kinds[from->kind].prefix_length
                             : kinds[from->kind].name_length;
  uint32_t type = named ? type_of_named(e, from) : kinds[from->kind].type;
  if (type == SHT_NULL) return false;
  if (type == SHT_NOBITS && from->nonzero) type = SHT_PROGBITS;
  uint32_t i = kn_elf_add_section(e, name, length, type,
                                  kn_elf_flags(from) | implied_flags(e, from), from->align);
  if (i == UINT32_MAX) return false;
  struct kn_elf_section *s = e->sections.at + i;
  s->owner = from->owner;
  s->size = from->size;
  s->max_relas = from->n_relocs;
  s->entsize = named ? from->entry_bytes : from->own ? 0 : kinds[from->kind].entsize;
  s->with = from->with;
  if (s->with != 0) {
    if (!kn_place_is_in_section(e->image->places + s->with))
      return KN_MODULE_FAIL(false, e->m, KILN_ERR_SYMBOL,
                            "section '%.100s' is linked to symbol '%.100s', which is in no section",
                            s->name, kn_symbol(e->m, s->with)->name);
  }
  return (from->comdat == 0 && from->kind != KN_SECTION_SHARED) ||
         join_group(e, i, from->comdat, group_of);
}

bool kn_elf_add_image(struct kn_elf *e) {
  const struct kn_image *image = e->image;
  uint32_t *group_of = kn_arena_zero(&e->arena, e->m->comdats.n * sizeof *group_of, 4);
  if (group_of == NULL || !KN_ROOM(e->m, e->sections, (size_t)image->sections.n + 16)) {
    if (kn_module_own(e->m) == KILN_OK) kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  for (uint32_t i = 0; i < image->debug.first_dwo; i++)
    if (!add(e, image->sections.at + i, group_of)) return false;
  e->n_content = e->sections.n;
  e->gnu |= image->resolvers;
  return true;
}

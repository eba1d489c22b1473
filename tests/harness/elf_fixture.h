/* Fixture of the object writer's tests: a module, sessions whose output is written by hand, and a
 * view of the object by libelf. */
#ifndef KILN_TESTS_ELF_FIXTURE_H
#define KILN_TESTS_ELF_FIXTURE_H

#include "unit.h"

#include "ir/module/session_state.h"
#include "lib/codegen/output.h"
#include <gelf.h>
#include <kiln/emit.h>

#ifndef SHF_GNU_RETAIN
#define SHF_GNU_RETAIN (1 << 21)
#endif

struct fixture {
  kiln_module *m;
  kiln_session *s, *s2;
  kiln_sig sig; /* void f(void) */
  kiln_module_options options;
  kiln_buffer object;
  Elf *elf;
  Elf_Data *symbols, *shndx;
  GElf_Shdr symtab;
  size_t n_sections;
};

static inline void close_object(struct fixture *t) {
  if (t->elf != NULL) elf_end(t->elf);
  t->elf = NULL;
  kiln_buffer_free(&t->object);
}

static inline void close_module(struct fixture *t) {
  close_object(t);
  kiln_session_free(t->s);
  kiln_session_free(t->s2);
  kiln_module_free(t->m);
  t->m = NULL;
}

/* Starts afresh with t->options, for x86-64 unless they say otherwise. */
static inline void open_module(struct fixture *t) {
  if (t->options.target.processor == KILN_PROCESSOR_HOST)
    t->options.target.processor = KILN_PROCESSOR_X86_64;
  t->m = kiln_module_new(&t->options);
  assert_non_null(t->m);
  t->s = kiln_session_new(t->m);
  t->s2 = kiln_session_new(t->m);
  t->sig = kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
}

static inline int elf_setup(void **state) {
  static struct fixture fixture;
  struct fixture *t = &fixture;
  memset(t, 0, sizeof *t);
  elf_version(EV_CURRENT);
  open_module(t);
  *state = t;
  return 0;
}

static inline int elf_teardown(void **state) {
  close_module(*state);
  return 0;
}

/* ---- making ---- */

static inline kiln_symbol func(struct fixture *t, const char *name, kiln_linkage linkage) {
  kiln_symbol_desc d = {.name = name, .linkage = linkage};
  return kiln_func_declare(t->m, &d, t->sig);
}

static inline kiln_symbol undefined(struct fixture *t, const char *name) {
  return func(t, name, KILN_LINKAGE_EXTERNAL);
}

/* Appends the code of `symbol` to a session, aligned to 2^max(4, its alignment). */
static inline struct kn_code_func *code_of(kiln_session *s, kiln_symbol symbol, const void *bytes,
                                           size_t size) {
  kiln_module *m = s->module;
  struct kn_output *o = s->out;
  assert_true(kn_symbol_define_func(m, symbol.id));
  unsigned log2 = m->symbols.at[symbol.id].align_log2;
  size_t align = (size_t)1 << (log2 > 4 ? log2 : 4);
  size_t start = (o->code.n + align - 1) & -align;
  assert_true(KN_ROOM(m, o->code, start + size - o->code.n));
  memset(o->code.at + o->code.n, 0x90, start - o->code.n);
  memcpy(o->code.at + start, bytes, size);
  o->code.n = (uint32_t)(start + size);
  assert_true(KN_ROOM(m, o->funcs, 1));
  o->funcs.at[o->funcs.n] = (struct kn_code_func){.symbol = symbol.id,
                                                  .start = (uint32_t)start,
                                                  .size = (uint32_t)size,
                                                  .reloc_first = o->relocs.n,
                                                  .cfi_first = o->cfi.n};
  return &o->funcs.at[o->funcs.n++];
}

/* A relocation of the newest function, at `offset` of its code. `type` is ELF's. */
static inline void code_reloc(kiln_session *s, uint32_t offset, kiln_symbol symbol, uint32_t type,
                              int32_t addend) {
  struct kn_output *o = s->out;
  uint32_t kind = (uint32_t)kiln_elf_reloc_kind(s->module->options.target.processor, type);
  assert_true(KN_ROOM(s->module, o->relocs, 1));
  o->relocs.at[o->relocs.n++] =
    (struct kn_code_reloc){{o->funcs.at[o->funcs.n - 1].start + offset}, symbol.id, kind, addend};
}

/* Frame rows of the newest function. */
static inline void code_cfi(kiln_session *s, const void *bytes, uint32_t size) {
  struct kn_output *o = s->out;
  assert_true(KN_ROOM(s->module, o->cfi, size));
  memcpy(o->cfi.at + o->cfi.n, bytes, size);
  o->cfi.n += size;
  o->funcs.at[o->funcs.n - 1].cfi_size += size;
}

/* Block `block` of the newest function is at `offset` of its code. */
static inline kiln_symbol code_label(kiln_session *s, uint32_t block, uint32_t offset) {
  struct kn_output *o = s->out;
  const struct kn_code_func *f = o->funcs.at + o->funcs.n - 1;
  kiln_symbol symbol = kiln_block_symbol(s->module, (kiln_symbol){f->symbol}, (kiln_block){block});
  assert_true(KN_ROOM(s->module, o->labels, 1));
  o->labels.at[o->labels.n++] = (struct kn_code_label){symbol.id, f->start + offset};
  return symbol;
}

static inline kiln_symbol data_with(struct fixture *t, const kiln_symbol_desc *symbol,
                                    const kiln_data_desc *data) {
  kiln_symbol s = kiln_data_declare(t->m, symbol);
  assert_int_equal(kiln_data_define(t->m, s, data), KILN_OK);
  return s;
}

static inline kiln_symbol bytes_of(struct fixture *t, const char *name, kiln_linkage linkage,
                                   unsigned flags, const void *bytes, size_t size) {
  return data_with(t, &(kiln_symbol_desc){.name = name, .linkage = linkage},
                   &(kiln_data_desc){.bytes = bytes, .size_bytes = size, .flags = flags});
}

/* ---- reading ---- */

static inline kiln_status emit(struct fixture *t) {
  close_object(t);
  kiln_session *sessions[2] = {t->s, t->s2};
  return kiln_emit_elf(t->m, sessions, 2, &t->object);
}

/* Section number by name, from `from` on; 0 if there is none. */
static inline size_t section_after(struct fixture *t, const char *name, size_t from) {
  size_t strings;
  assert_int_equal(elf_getshdrstrndx(t->elf, &strings), 0);
  for (size_t i = from; i < t->n_sections; i++) {
    GElf_Shdr h;
    assert_non_null(gelf_getshdr(elf_getscn(t->elf, i), &h));
    if (strcmp(elf_strptr(t->elf, strings, h.sh_name), name) == 0) return i;
  }
  return 0;
}

static inline size_t section(struct fixture *t, const char *name) {
  return section_after(t, name, 1);
}

static inline GElf_Shdr header(struct fixture *t, size_t number) {
  GElf_Shdr h;
  assert_non_null(gelf_getshdr(elf_getscn(t->elf, number), &h));
  return h;
}

static inline const uint8_t *content(struct fixture *t, size_t number) {
  return t->object.data + header(t, number).sh_offset;
}

/* Emits the object and opens it with libelf. */
static inline void load(struct fixture *t) {
  if (emit(t) != KILN_OK) fail_msg("%s", kiln_module_diag(t->m)->message);
  t->elf = elf_memory((char *)t->object.data, t->object.size);
  assert_non_null(t->elf);
  assert_int_equal(elf_getshdrnum(t->elf, &t->n_sections), 0);
  size_t symtab = section(t, ".symtab"), shndx = section(t, ".symtab_shndx");
  assert_int_not_equal(symtab, 0);
  t->symtab = header(t, symtab);
  t->symbols = elf_getdata(elf_getscn(t->elf, symtab), NULL);
  t->shndx = shndx != 0 ? elf_getdata(elf_getscn(t->elf, shndx), NULL) : NULL;
}

static inline size_t n_symbols(const struct fixture *t) {
  return t->symtab.sh_size / t->symtab.sh_entsize;
}

/* One symbol; `section` with the extended number where there is one. */
static inline const char *symbol_at(struct fixture *t, size_t i, GElf_Sym *out, uint32_t *section) {
  Elf32_Word wide = 0;
  assert_non_null(gelf_getsymshndx(t->symbols, t->shndx, (int)i, out, &wide));
  *section = out->st_shndx == SHN_XINDEX ? wide : out->st_shndx;
  return elf_strptr(t->elf, t->symtab.sh_link, out->st_name);
}

/* Number of the symbol with a name, or 0. */
static inline size_t symbol_number(struct fixture *t, const char *name) {
  GElf_Sym s;
  uint32_t at;
  for (size_t i = 1; i < n_symbols(t); i++)
    if (strcmp(symbol_at(t, i, &s, &at), name) == 0) return i;
  return 0;
}

static inline GElf_Sym symbol(struct fixture *t, const char *name) {
  GElf_Sym s;
  uint32_t at;
  size_t i = symbol_number(t, name);
  if (i == 0) fail_msg("no symbol %s", name);
  symbol_at(t, i, &s, &at);
  return s;
}

/* Number of the section symbol of section `number`. */
static inline size_t section_symbol(struct fixture *t, size_t number) {
  GElf_Sym s;
  uint32_t at;
  for (size_t i = 1; i < n_symbols(t); i++) {
    symbol_at(t, i, &s, &at);
    if (GELF_ST_TYPE(s.st_info) == STT_SECTION && at == number) return i;
  }
  fail_msg("no section symbol of section %zu", number);
  return 0;
}

/* The relocations of section `number`: section number of the table, or 0. */
static inline size_t relocs_of(struct fixture *t, size_t number) {
  for (size_t i = 1; i < t->n_sections; i++) {
    GElf_Shdr h = header(t, i);
    if (h.sh_type == SHT_RELA && h.sh_info == number) return i;
  }
  return 0;
}

static inline size_t n_relocs(struct fixture *t, size_t number) {
  size_t i = relocs_of(t, number);
  return i != 0 ? header(t, i).sh_size / sizeof(Elf64_Rela) : 0;
}

static inline void check_reloc(struct fixture *t, size_t number, size_t i, uint64_t offset,
                               uint32_t type, size_t symbol, int64_t addend) {
  GElf_Rela r;
  assert_in_range(i + 1, 1, n_relocs(t, number));
  Elf_Data *d = elf_getdata(elf_getscn(t->elf, relocs_of(t, number)), NULL);
  assert_non_null(gelf_getrela(d, (int)i, &r));
  assert_int_equal(r.r_offset, offset);
  assert_int_equal(GELF_R_TYPE(r.r_info), type);
  assert_int_equal(GELF_R_SYM(r.r_info), symbol);
  assert_int_equal(r.r_addend, addend);
}

#define ELF_TEST(f) cmocka_unit_test_setup_teardown(f, elf_setup, elf_teardown)

#endif

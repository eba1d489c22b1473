/* What all fuzz targets use: see fuzz.h. */
#include "fuzz.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBELF
#include <gelf.h>
#include <libelf.h>
#endif

void fz_die(const char *format, ...) {
  va_list l;
  va_start(l, format);
  fputs("fuzz: ", stderr);
  vfprintf(stderr, format, l);
  fputc('\n', stderr);
  va_end(l);
  abort();
}

/* ---- memory ---- */

static void *counted_realloc(void *user, void *old, size_t size) {
  struct fz_run *m = user;
  size_t had = malloc_usable_size(old);
  if (size == 0) {
    m->held -= had;
    free(old);
    return NULL;
  }
  m->calls++;
  if (m->fail != 0 && (m->for_good ? m->calls >= m->fail : m->calls == m->fail)) return NULL;
  uint64_t limit = m->limit != 0 ? m->limit : UINT64_C(256) << 20;
  if (size > limit || m->held - had + size > limit) return NULL;
  void *p = realloc(old, size);
  if (p != NULL) m->held += malloc_usable_size(p) - had;
  return p;
}

kiln_allocator fz_allocator(struct fz_run *m) { return (kiln_allocator){counted_realloc, m}; }

void fz_memory_end(const struct fz_run *m) {
  if (m->held != 0) fz_die("%llu bytes were not freed", (unsigned long long)m->held);
}

/* ---- choices ---- */

uint64_t fz_hash(const uint8_t *data, size_t size) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++) h = (h ^ data[i]) * UINT64_C(0x100000001b3);
  h ^= h >> 32;
  return h * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t fz_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * UINT64_C(0x2545f4914f6cdd1d);
}

static void keep_first(void *user, const kiln_diag *d) {
  struct fz_run *m = user;
  if (m->diag.status == KILN_OK) m->diag = *d;
}

kiln_module_options fz_options(uint64_t h, struct fz_run *m) {
  m->diag.status = KILN_OK;
  return (kiln_module_options){
    .pic = (kiln_pic)(h % KILN_PIC_COUNT),
    .name = "input",
    .allocator = fz_allocator(m),
    .on_diag = keep_first,
    .on_diag_user = m,
    .function_sections = h >> 8 & 1,
    .data_sections = (h >> 24 & 3) == 0,
    .stress_seed = (h >> 11 & 3) == 0 ? 1 + (h >> 13) % 1000 : 0,
  };
}

void fz_attrs(uint64_t h, kiln_module *m) {
  if ((h >> 9 & 3) == 0) kiln_module_set_attrs(m, &(kiln_module_attrs){.no_red_zone = true});
}

void fz_check_diag(const struct fz_run *m, kiln_status s) {
  if (s == KILN_OK || s == KILN_ERR_MEMORY)
    return; /* printers give no diagnostic for lack of memory */
  if (s >= KILN_STATUS_COUNT) fz_die("status %d is none", (int)s);
  if (m->diag.status == KILN_OK || m->diag.message[0] == 0) {
    fz_die("status %s comes without a message", kiln_status_name(s));
  }
}

/* ---- objects ---- */

#ifdef HAVE_LIBELF

static void check_symbols(Elf *elf, const GElf_Shdr *sh, Elf_Data *data, size_t n_sections) {
  size_t n = (size_t)(sh->sh_size / sh->sh_entsize);
  if (sh->sh_info > n) fz_die("the first global symbol is outside the table");
  for (size_t i = 0; i < n; i++) {
    GElf_Sym sym;
    if (gelf_getsym(data, (int)i, &sym) == NULL) fz_die("symbol %zu: %s", i, elf_errmsg(-1));
    if (elf_strptr(elf, sh->sh_link, sym.st_name) == NULL) fz_die("symbol %zu has no name", i);
    if (sym.st_shndx < SHN_LORESERVE && sym.st_shndx >= n_sections) {
      fz_die("symbol %zu is in section %u of %zu", i, sym.st_shndx, n_sections);
    }
  }
}

static void check_relocations(Elf *elf, const GElf_Shdr *sh, Elf_Data *data) {
  GElf_Shdr target, symbols;
  if (gelf_getshdr(elf_getscn(elf, sh->sh_info), &target) == NULL ||
      gelf_getshdr(elf_getscn(elf, sh->sh_link), &symbols) == NULL) {
    fz_die("relocations of no section");
  }
  for (size_t i = 0; i < (size_t)(sh->sh_size / sh->sh_entsize); i++) {
    GElf_Rela r;
    if (gelf_getrela(data, (int)i, &r) == NULL) fz_die("relocation %zu: %s", i, elf_errmsg(-1));
    if (r.r_offset >= target.sh_size) fz_die("relocation %zu is outside its section", i);
    if (GELF_R_SYM(r.r_info) >= symbols.sh_size / symbols.sh_entsize) {
      fz_die("relocation %zu has no symbol", i);
    }
  }
}

void fz_check_object(const kiln_buffer *object) {
  if (elf_version(EV_CURRENT) == EV_NONE) fz_die("libelf: %s", elf_errmsg(-1));
  Elf *elf = elf_memory((char *)object->data, object->size);
  GElf_Ehdr eh;
  size_t n_sections, names;
  if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &eh) == NULL ||
      elf_getshdrnum(elf, &n_sections) != 0 || elf_getshdrstrndx(elf, &names) != 0) {
    fz_die("not an object that libelf reads: %s", elf_errmsg(-1));
  }
  Elf_Scn *scn = NULL;
  while ((scn = elf_nextscn(elf, scn)) != NULL) {
    GElf_Shdr sh;
    if (gelf_getshdr(scn, &sh) == NULL) fz_die("section: %s", elf_errmsg(-1));
    const char *name = elf_strptr(elf, names, sh.sh_name);
    if (name == NULL) fz_die("a section has no name");
    if (sh.sh_type == SHT_NOBITS || sh.sh_size == 0) continue;
    Elf_Data *data = elf_getdata(scn, NULL);
    if (data == NULL) fz_die("section %s: %s", name, elf_errmsg(-1));
    if ((sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_RELA) && sh.sh_entsize == 0) {
      fz_die("section %s has no size of entries", name);
    }
    if (sh.sh_type == SHT_SYMTAB) check_symbols(elf, &sh, data, n_sections);
    if (sh.sh_type == SHT_RELA) check_relocations(elf, &sh, data);
  }
  elf_end(elf);
}

#else
void fz_check_object(const kiln_buffer *object) {
  if (object->size < 64 || memcmp(object->data, "\177ELF", 4) != 0) fz_die("not an object");
}
#endif

void fz_compile(fz_read_fn read, const uint8_t *data, size_t size, kiln_processor target,
                bool verify, uint64_t h, struct fz_run *run) {
  kiln_module_options options = fz_options(h, run);
  options.target.processor = target;
  options.verify = verify;
  kiln_buffer object = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  if (s != NULL) {
    kiln_status status = read(s, data, size);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
    fz_check_diag(run, status);
    if (status == KILN_OK) fz_check_object(&object);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&object);
}

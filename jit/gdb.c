/* gdb's JIT interface (gdb manual, "JIT Compilation Interface"): for each unit an ELF image in
 * memory with the names and frames of its functions, and the debug sections that its modules
 * have. gdb finds the descriptor and the function below by name, so they are exported. They are
 * state of the process: all JITs of the process share them, under a lock of their
 * own. */
#include "jit/jit_state.h"

struct jit_code_entry {
  struct jit_code_entry *next, *prev;
  const uint8_t *symfile;
  uint64_t symfile_size;
};

struct jit_descriptor {
  uint32_t version, action; /* 0: nothing, 1: added, 2: to be removed */
  struct jit_code_entry *relevant, *first;
};

/* Weak: a program may link another library that defines them, LLVM for one, and then both use one list. */
#define FOR_GDB __attribute__((visibility("protected"), used, weak))
extern struct jit_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);
FOR_GDB struct jit_descriptor __jit_debug_descriptor = {.version = 1};
static pthread_mutex_t gdb_lock = PTHREAD_MUTEX_INITIALIZER;

/* gdb has a breakpoint here. */
FOR_GDB __attribute__((noinline)) void __jit_debug_register_code(void) {
  __asm__ volatile("" ::: "memory");
}

static void notify(struct jit_code_entry *e, uint32_t action) {
  __jit_debug_descriptor.relevant = e;
  __jit_debug_descriptor.action = action;
  __jit_debug_register_code();
  __jit_debug_descriptor.action = 0;
  __jit_debug_descriptor.relevant = NULL;
}

enum { TEXT = 1, FRAMES, SYMTAB, STRTAB, NAMES, N_SECTIONS };
static const char section_names[] = "\0.text\0.eh_frame\0.symtab\0.strtab\0.shstrtab";
enum { MOST_NAMES = 512 };

/* Where the parts of an image are in it. */
struct layout {
  uint64_t frames, symtab, strtab, names, debug[KN_DS_COUNT], size;
  uint64_t names_size, strtab_size, symtab_size;
  char all_names[MOST_NAMES]; /* of sections */
  uint32_t debug_name[KN_DS_COUNT];
  uint16_t n_sections;
};

static void lay_out(const struct kn_jit_item *u, const kiln_buffer *debug, struct layout *at) {
  *at = (struct layout){.n_sections = N_SECTIONS, .names_size = sizeof section_names};
  memcpy(at->all_names, section_names, sizeof section_names);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (debug[k].size == 0) continue;
    const char *name = kn_dwarf_section_name(k);
    at->n_sections++;
    at->debug_name[k] = (uint32_t)at->names_size;
    memcpy(at->all_names + at->names_size, name, strlen(name) + 1);
    at->names_size += strlen(name) + 1;
  }
  at->strtab_size = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++)
    at->strtab_size += strlen(u->names + u->symbols[i].name) + 1;
  at->symtab_size = (u->n_funcs + (uint64_t)1) * sizeof(Elf64_Sym);
  at->frames = sizeof(Elf64_Ehdr) + at->n_sections * sizeof(Elf64_Shdr);
  at->symtab = kn_align_up(at->frames + u->eh_frame_size, 8);
  at->strtab = at->symtab + at->symtab_size;
  at->names = at->strtab + at->strtab_size;
  at->size = at->names + at->names_size;
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    at->debug[k] = at->size;
    at->size += debug[k].size;
  }
}

static void put_headers(const kiln_jit *jit, const struct kn_jit_item *u, const kiln_buffer *debug,
                        const struct layout *at, uint8_t *p) {
  Elf64_Ehdr head = {.e_type = ET_EXEC,
                     .e_machine = kn_elf_machine(jit->target)->number,
                     .e_version = EV_CURRENT,
                     .e_shoff = sizeof head,
                     .e_ehsize = sizeof head,
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = at->n_sections,
                     .e_shstrndx = NAMES};
  memcpy(head.e_ident, ELFMAG "\2\1\1", 7); /* 64 bits, little-endian, version 1 */
  memcpy(p, &head, sizeof head);
  const struct kn_jit_block *code = u->blocks + KN_JIT_CODE;
  const Elf64_Shdr sections[N_SECTIONS] = {
    [TEXT] = {1, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, (uint64_t)(uintptr_t)code->at, at->frames,
              code->size, 0, 0, 16, 0},
    [FRAMES] = {7, SHT_PROGBITS, SHF_ALLOC, (uint64_t)(uintptr_t)u->eh_frame, at->frames,
                u->eh_frame_size, 0, 0, 8, 0},
    [SYMTAB] = {17, SHT_SYMTAB, 0, 0, at->symtab, at->symtab_size, STRTAB, 1, 8, sizeof(Elf64_Sym)},
    [STRTAB] = {25, SHT_STRTAB, 0, 0, at->strtab, at->strtab_size, 0, 0, 1, 0},
    [NAMES] = {33, SHT_STRTAB, 0, 0, at->names, at->names_size, 0, 0, 1, 0},
  };
  p += sizeof head;
  memcpy(p, sections, sizeof sections);
  p += sizeof sections;
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (debug[k].size == 0) continue;
    Elf64_Shdr s = {at->debug_name[k], SHT_PROGBITS, 0, 0, at->debug[k], debug[k].size, 0, 0, 1, 0};
    memcpy(p, &s, sizeof s);
    p += sizeof s;
  }
}

/* Makes the image of a unit, behind the list entry for it. */
static struct jit_code_entry *image_of(const kiln_jit *jit, const struct kn_jit_item *u,
                                       const kiln_buffer *debug) {
  struct layout at;
  lay_out(u, debug, &at);
  struct jit_code_entry *e = kn_jit_realloc(jit, NULL, sizeof *e + at.size);
  if (e == NULL) return NULL;
  uint8_t *p = (uint8_t *)(e + 1);
  memset(p, 0, at.size);
  *e = (struct jit_code_entry){.symfile = p, .symfile_size = at.size};
  put_headers(jit, u, debug, &at, p);
  if (u->eh_frame != NULL) memcpy(p + at.frames, u->eh_frame, u->eh_frame_size);
  uint64_t name = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_jit_symbol *f = u->symbols + i;
    Elf64_Sym s = {.st_name = (uint32_t)name,
                   .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                   .st_shndx = TEXT,
                   .st_value = f->address,
                   .st_size = f->size};
    memcpy(p + at.symtab + (i + (uint64_t)1) * sizeof s, &s, sizeof s);
    size_t length = strlen(u->names + f->name) + 1;
    memcpy(p + at.strtab + name, u->names + f->name, length);
    name += length;
  }
  memcpy(p + at.names, at.all_names, at.names_size);
  for (unsigned k = 0; k < KN_DS_COUNT; k++)
    if (debug[k].size != 0) memcpy(p + at.debug[k], debug[k].data, debug[k].size);
  return e;
}

void kn_jit_gdb_hold(bool hold) {
  if (hold) pthread_mutex_lock(&gdb_lock);
  else pthread_mutex_unlock(&gdb_lock);
}

void kn_jit_gdb_add(const struct kn_jit_link *l) {
  const kiln_jit *jit = l->jit;
  struct kn_jit_item *u = l->unit;
  if (!jit->options.gdb || u->n_funcs == 0) return;
  kiln_buffer debug[KN_DS_COUNT];
  for (unsigned k = 0; k < KN_DS_COUNT; k++)
    debug[k] = (kiln_buffer){.allocator = jit->options.allocator};
  struct jit_code_entry *e = kn_jit_debug_sections(l, debug) ? image_of(jit, u, debug) : NULL;
  for (unsigned k = 0; k < KN_DS_COUNT; k++) kiln_buffer_free(&debug[k]);
  if (e == NULL) return; /* without memory gdb shows bare addresses */
  u->gdb = e;
  pthread_mutex_lock(&gdb_lock);
  e->next = __jit_debug_descriptor.first;
  if (e->next != NULL) e->next->prev = e;
  __jit_debug_descriptor.first = e;
  notify(e, 1);
  pthread_mutex_unlock(&gdb_lock);
}

void kn_jit_gdb_remove(const kiln_jit *jit, struct kn_jit_item *u) {
  struct jit_code_entry *e = u->gdb;
  if (e == NULL) return;
  pthread_mutex_lock(&gdb_lock);
  if (e->prev != NULL) e->prev->next = e->next;
  else __jit_debug_descriptor.first = e->next;
  if (e->next != NULL) e->next->prev = e->prev;
  notify(e, 2);
  pthread_mutex_unlock(&gdb_lock);
  kn_jit_realloc(jit, e, 0);
  u->gdb = NULL;
}

const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes) {
  const void *image = NULL;
  uint64_t size = 0;
  if (jit != NULL) {
    kn_jit_lock(jit);
    const struct kn_jit_item *u = kn_jit_unit_get(jit, unit);
    const struct jit_code_entry *e = u != NULL ? u->gdb : NULL;
    if (e != NULL) {
      image = e->symfile;
      size = e->symfile_size;
    }
    kn_jit_unlock(jit);
  }
  if (image_bytes != NULL) *image_bytes = size;
  return image;
}

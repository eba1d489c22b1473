/* gdb's JIT interface (gdb manual, "JIT Compilation Interface"): for each unit an ELF image in memory with
 * the names and frames of its functions. gdb finds the descriptor and the function below by name, so they are
 * exported. They are the library's only global state: all JITs of the process share them, under a lock of their own. */
#include "jit/jit.h"

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

/* Makes the image of a unit, behind the list entry for it. */
static struct jit_code_entry *image_of(const kiln_jit *jit, const struct kn_jit_item *u) {
  uint64_t names = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) names += strlen(u->names + u->symbols[i].name) + 1;
  uint64_t frames_at = sizeof(Elf64_Ehdr) + N_SECTIONS * sizeof(Elf64_Shdr);
  uint64_t symtab_at = kn_align_up(frames_at + u->eh_frame_size, 8);
  uint64_t symtab_size = (u->n_funcs + (uint64_t)1) * sizeof(Elf64_Sym);
  uint64_t strtab_at = symtab_at + symtab_size, names_at = strtab_at + names;
  uint64_t size = names_at + sizeof section_names;
  struct jit_code_entry *e = kn_jit_realloc(jit, NULL, sizeof *e + size);
  if (e == NULL) return NULL;
  uint8_t *p = (uint8_t *)(e + 1);
  memset(p, 0, size);
  *e = (struct jit_code_entry){.symfile = p, .symfile_size = size};

  Elf64_Ehdr head = {.e_type = ET_EXEC,
                     .e_machine = jit->machine->number,
                     .e_version = EV_CURRENT,
                     .e_shoff = sizeof head,
                     .e_ehsize = sizeof head,
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = N_SECTIONS,
                     .e_shstrndx = NAMES};
  memcpy(head.e_ident, ELFMAG "\2\1\1", 7); /* 64 bits, little-endian, version 1 */
  memcpy(p, &head, sizeof head);
  const struct kn_jit_block *code = u->blocks + KN_JIT_CODE;
  const Elf64_Shdr sections[N_SECTIONS] = {
    [TEXT] = {1, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, (uint64_t)(uintptr_t)code->at, frames_at,
              code->size, 0, 0, 16, 0},
    [FRAMES] = {7, SHT_PROGBITS, SHF_ALLOC, (uint64_t)(uintptr_t)u->eh_frame, frames_at,
                u->eh_frame_size, 0, 0, 8, 0},
    [SYMTAB] = {17, SHT_SYMTAB, 0, 0, symtab_at, symtab_size, STRTAB, 1, 8, sizeof(Elf64_Sym)},
    [STRTAB] = {25, SHT_STRTAB, 0, 0, strtab_at, names, 0, 0, 1, 0},
    [NAMES] = {33, SHT_STRTAB, 0, 0, names_at, sizeof section_names, 0, 0, 1, 0},
  };
  memcpy(p + sizeof head, sections, sizeof sections);
  if (u->eh_frame != NULL) memcpy(p + frames_at, u->eh_frame, u->eh_frame_size);
  uint64_t name = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_jit_symbol *f = u->symbols + i;
    Elf64_Sym s = {.st_name = (uint32_t)name,
                   .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                   .st_shndx = TEXT,
                   .st_value = f->address,
                   .st_size = f->size};
    memcpy(p + symtab_at + (i + (uint64_t)1) * sizeof s, &s, sizeof s);
    size_t length = strlen(u->names + f->name) + 1;
    memcpy(p + strtab_at + name, u->names + f->name, length);
    name += length;
  }
  memcpy(p + names_at, section_names, sizeof section_names);
  return e;
}

void kn_jit_gdb_add(const kiln_jit *jit, struct kn_jit_item *u) {
  if (!jit->options.gdb || u->n_funcs == 0) return;
  struct jit_code_entry *e = image_of(jit, u);
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

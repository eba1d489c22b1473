/* gdb's JIT interface (gdb manual, "JIT Compilation Interface"): for each unit an ELF image in
 * memory with the names and frames of its functions, and the debug sections that its modules
 * have. gdb finds the descriptor and the function below by name, so they are exported. They are
 * state of the process: all JITs of the process share them, under a lock of their
 * own. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/process.h"
#include "lib/jit/serve/serve.h"

#include "lib/dwarf/dwarf_sections.h"
#include "lib/object/elf_memory.h"

struct jit_code_entry {
  struct jit_code_entry *next, *prev;
  const uint8_t *symfile;
  uint64_t symfile_size;
};

struct jit_descriptor {
  uint32_t version, action; /* 0: nothing, 1: added, 2: to be removed */
  struct jit_code_entry *relevant, *first;
};

/* Weak: a program may link another library that defines them, LLVM for one, and then both use one list. On Windows
 * programs are linked without weak data of two archives, and a second definition is an error of the linker. */
#ifdef _WIN32
#define FOR_GDB __attribute__((used))
#else
#define FOR_GDB __attribute__((visibility("protected"), used, weak))
#endif
extern struct jit_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);
FOR_GDB struct jit_descriptor __jit_debug_descriptor = {.version = 1};
/* Code that forms the address of a protected symbol by itself, as clang's does, GNU ld does not link statically for
 * AArch64 ("copy relocation against non-copyable protected symbol"), so it is read. */
static struct jit_descriptor *const volatile descriptor = &__jit_debug_descriptor;

/* gdb has a breakpoint here. */
FOR_GDB __attribute__((noinline)) void __jit_debug_register_code(void) {
  __asm__ volatile("" ::: "memory");
}

static void notify(struct jit_code_entry *e, uint32_t action) {
  descriptor->relevant = e;
  descriptor->action = action;
  __jit_debug_register_code();
  descriptor->action = 0;
  descriptor->relevant = NULL;
}

/* Makes the image of a unit, after the list entry for it. */
static struct jit_code_entry *image_of(const kiln_jit *jit, const struct kn_jit_unit *u,
                                       const kiln_buffer *debug) {
  const struct kn_jit_block *code = u->blocks + KN_JIT_CODE;
  const struct kn_elf_memory memory = {.processor = jit->processor,
                                       .code_at = (uint64_t)(uintptr_t)code->at,
                                       .code_size = code->size,
                                       .frames = u->eh_frame,
                                       .frames_size = u->eh_frame_size,
                                       .funcs = u->symbols,
                                       .n_funcs = u->n_funcs,
                                       .names = u->names,
                                       .debug = debug};
  uint64_t size = kn_elf_memory_size(&memory);
  struct jit_code_entry *e = kn_jit_realloc(jit, NULL, sizeof *e + size);
  if (e == NULL) return NULL;
  uint8_t *p = (uint8_t *)(e + 1);
  *e = (struct jit_code_entry){.symfile = p, .symfile_size = size};
  kn_elf_memory_write(&memory, p);
  return e;
}

void kn_jit_gdb_add(const struct kn_jit_link *l) {
  const kiln_jit *jit = l->jit;
  struct kn_jit_unit *u = l->unit;
  if (!jit->options.gdb || u->n_funcs == 0) return;
  kiln_buffer debug[KN_DS_COUNT];
  for (unsigned k = 0; k < KN_DS_COUNT; k++)
    debug[k] = (kiln_buffer){.allocator = jit->options.allocator};
  struct jit_code_entry *e = kn_jit_debug_sections(l, debug) ? image_of(jit, u, debug) : NULL;
  for (unsigned k = 0; k < KN_DS_COUNT; k++) kiln_buffer_free(&debug[k]);
  if (e == NULL) return; /* without memory gdb shows bare addresses */
  u->gdb = e;
  pthread_mutex_lock(&kn_jit_process.gdb_lock);
  e->next = descriptor->first;
  if (e->next != NULL) e->next->prev = e;
  descriptor->first = e;
  notify(e, 1);
  pthread_mutex_unlock(&kn_jit_process.gdb_lock);
}

void kn_jit_gdb_remove(const kiln_jit *jit, struct kn_jit_unit *u) {
  struct jit_code_entry *e = u->gdb;
  if (e == NULL) return;
  pthread_mutex_lock(&kn_jit_process.gdb_lock);
  if (e->prev != NULL) e->prev->next = e->next;
  else descriptor->first = e->next;
  if (e->next != NULL) e->next->prev = e->prev;
  notify(e, 2);
  pthread_mutex_unlock(&kn_jit_process.gdb_lock);
  kn_jit_realloc(jit, e, 0);
  u->gdb = NULL;
}

const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes) {
  const void *image = NULL;
  uint64_t size = 0;
  if (kn_jit_enter(jit)) {
    const struct kn_jit_unit *u = kn_jit_unit_get(jit, unit);
    const struct jit_code_entry *e = u != NULL ? u->gdb : NULL;
    image = e != NULL ? e->symfile : NULL;
    size = e != NULL ? e->symfile_size : 0;
    kn_jit_unlock(jit);
  }
  if (image_bytes != NULL) *image_bytes = size;
  return image;
}

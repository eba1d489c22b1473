/* Code in memory as ELF, for debuggers and profilers: a file with its functions, frames and debug sections. Called by
 * the JIT (lib/jit/serve/gdb.c, lib/jit/serve/perf_linux.c). */
#ifndef KN_LIB_OBJECT_ELF_MEMORY_H
#define KN_LIB_OBJECT_ELF_MEMORY_H

#include "lib/dwarf/dwarf_sections.h"

#include <kiln/module.h>

/* A function or data in memory. */
struct kn_memory_symbol {
  uint64_t address, size;
  uint32_t name; /* offset in the names */
  bool func;
};

struct kn_elf_memory {
  kiln_processor processor;
  uint64_t code_at, code_size;
  const uint8_t *frames; /* .eh_frame, where it is; NULL: none */
  uint64_t frames_size;
  const struct kn_memory_symbol *funcs;
  uint32_t n_funcs;
  const char *names;
  const kiln_buffer *debug; /* by enum kn_dwarf_section */
};

/* Bytes of the file. */
uint64_t kn_elf_memory_size(const struct kn_elf_memory *memory);
/* Writes it to `to`, which has room. */
void kn_elf_memory_write(const struct kn_elf_memory *memory, uint8_t *to);
/* ELF's number of a processor (e_machine). */
uint16_t kn_elf_machine_number(kiln_processor p);

#endif

/* Lines of backtraces: lines.c has those of the program's files, load.c those of code in memory. */
#ifndef KN_RUNTIME_LINES_H
#define KN_RUNTIME_LINES_H

#include <kiln/wasm_runtime.h>

struct kn_lines_wanted {
  uint32_t n;
  uint64_t at[KILN_WASMRT_FRAMES]; /* addresses; 0: none */
  kiln_wasmrt_line *lines;         /* of each; line 0: not found yet */
};

/* The addresses of an error's frames, and no lines. */
void kn_lines_want(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines,
                   struct kn_lines_wanted *out);
/* Looks in an ELF file, or what is like one, whose addresses are `bias` lower than those in memory. */
void kn_lines_of_elf(const uint8_t *bytes, size_t size, uint64_t bias,
                     const struct kn_lines_wanted *wanted);

#endif

/* What the files of the assembler behind inline assembly do for each other. */
#ifndef KILN_TOOLS_ASSEMBLE_H
#define KILN_TOOLS_ASSEMBLE_H

#include "tool.h"

#include <elf.h>

/* Sections that texts are in: this and the number of the text. */
#define TOOL_ASM_SECTION ".kiln.asm."
/* The section of frames. */
#define TOOL_FRAMES ".eh_frame"

/* Memory of `size` bytes and one more, zeros, until the module ends; NULL without any. */
void *tool_assembler_keep(struct tool_assembler *a, size_t size);

/* ---- assemble_object.c ---- */

/* An assembler's object. */
struct tool_object {
  const uint8_t *at;
  size_t size;
  const Elf64_Ehdr *head;
  const Elf64_Shdr *sections;
  const Elf64_Sym *symbols;
  size_t n_symbols;
  const char *strings;
  size_t strings_size;
};

/* The content of section `s`; NULL if it is not within the object. The name of section `i`, or "". */
const void *tool_object_content(const struct tool_object *o, const Elf64_Shdr *s);
const char *tool_object_section(const struct tool_object *o, unsigned i);
/* True if the text has that in it. */
bool tool_assembly_has(const kiln_assembly *t, const char *word);
/* Fills in the code of `n` texts, or of one whole one, from the object of `size` bytes at `at`. False without memory, or if
 * that is no object. */
bool tool_assembled(struct tool_assembler *a, kiln_target target, const void *at, size_t size,
                    kiln_assembly *texts, uint32_t n);

/* ---- assemble_frames.c ---- */

/* The frames that the code of a section has, as kiln_asm.rows, or NULL. NULL, or what is wrong. */
const char *tool_object_frame(struct tool_assembler *a, kiln_target target,
                              const struct tool_object *o, unsigned section, const uint8_t **rows,
                              uint32_t *n_rows);

#endif

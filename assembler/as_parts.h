/* What the files of the assembler of inline assembly do for each other. */
#ifndef KN_ASSEMBLER_AS_PARTS_H
#define KN_ASSEMBLER_AS_PARTS_H

#include <kiln/as.h>
#include <kiln/asm.h>
#include <kiln/emit.h>
#include <kiln/section.h>

#include <elf.h>
#include <stdio.h>

/* Sections that texts are in: this and the number of the text. What a text opens and defines has it after its name. */
#define AS_SECTION ".kiln.asm."
/* The section group of a text's section, if it has one: this and the number. */
#define AS_GROUP ".kiln.group."
/* The section of frames. */
#define AS_FRAMES ".eh_frame"

/* Memory of `size` bytes and one more, zeros, until the module ends; NULL without any. */
void *kn_as_keep(kiln_as *a, size_t size);

/* ---- as_text.c ---- */

/* True if texts for the target can be read. */
bool kn_as_knows(kiln_processor target);

/* True if the text has directives whose meaning the object's format decides: its sections, symbols and frames. */
bool kn_as_has_directives(const kiln_assembly *t);
/* Writes the directive that opens the section of a text, which is not whole; the text; the
 * number of its lines that end. Sets the error of a text that says what cannot be taken over. */
void kn_as_put_section(FILE *f, bool coff, const kiln_assembly *t, uint32_t number);
uint32_t kn_as_put_text(FILE *f, kiln_processor target, bool coff, kiln_assembly *t,
                        uint32_t number);

/* True if the text gives a binding, visibility or type to a symbol that `is_own` does not say is its
 * own: that has no effect on the module's. */
bool kn_as_says_of_others(const kiln_assembly *t,
                          bool (*is_own)(const void *user, const char *name, size_t n),
                          const void *user);

/* ---- as_object.c ---- */

/* The frame of some code: a record of .eh_frame that is an FDE. */
struct kn_as_fde {
  uint32_t section; /* of the code */
  uint64_t at;      /* the record */
  uint64_t start;   /* of the code, in its section */
};

/* An assembler's object. What is looked for by section is in arrays, since there may be many sections: by section, the
 * number of the group that it is in, or 0; whether a symbol is defined in it; FDEs in the order of sections. */
struct kn_as_object {
  const uint8_t *at;
  size_t size;
  const Elf64_Ehdr *head;
  const Elf64_Shdr *sections;
  const Elf64_Sym *symbols;
  size_t n_symbols;
  const char *strings;
  size_t strings_size;
  uint32_t *groups;
  bool *has_symbol;
  const uint8_t *frames; /* content of .eh_frame; NULL: there are no frames */
  uint64_t frames_bytes;
  struct kn_as_fde *fdes;
  size_t n_fdes;
  bool unusual_frames; /* it has a record that is not understood */
  bool
    coff; /* it was one in COFF, where .eh_frame is data like all other: systems do not read it */
};

/* The content of section `s`; NULL if it is not within the object. The name of section `i`, or "". */
const void *kn_as_content(const struct kn_as_object *o, const Elf64_Shdr *s);
const char *kn_as_section(const struct kn_as_object *o, unsigned i);
/* True if the text has that in it. */
bool kn_as_has(const kiln_assembly *t, const char *word);
/* Fills in the code of `n` texts, or of one whole one, from the object of `size` bytes at `at`, which is in COFF or in
 * ELF. False without memory, or if that is no object. */
bool kn_as_take(kiln_as *a, kiln_processor target, bool coff, const void *at, size_t size,
                kiln_assembly *texts, uint32_t n);

/* ---- as_coff.c ---- */

/* Makes an object in ELF from the one in COFF of *size bytes at *at: sets both. NULL, or what is wrong. */
const char *kn_as_from_coff(kiln_as *a, const void **at, size_t *size);

/* ---- as_frames.c ---- */

/* Finds the frames of an object; false without memory. */
bool kn_as_find_frames(kiln_as *a, struct kn_as_object *o);
/* The frames of a section's code, as kiln_asm.rows. */
struct kn_as_rows {
  const uint8_t *bytes; /* NULL: it has none */
  uint32_t n_bytes;
  bool
    gaps; /* some of the code is in no frame: there, the rows leave the return address undefined */
};
/* Sets `*out` if the section has frames. Returns NULL, or what is wrong; kn_as_unusual: rows cannot say all of it. */
extern const char kn_as_unusual[];
const char *kn_as_frame(kiln_as *a, kiln_processor target, const struct kn_as_object *o,
                        unsigned section, struct kn_as_rows *out);

#endif

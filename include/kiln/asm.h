/* Machine code that a front end supplies: instructions with operands in given registers (ASM), and the embedder's
 * assembler, which makes such code from text (kiln_module_options.assemble). */
#ifndef KILN_ASM_H
#define KILN_ASM_H

#include <kiln/reloc.h>
#include <kiln/section.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machine code in functions ---- */

/** A field, in the bytes of a kiln_asm, that the linker fills in. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  kiln_reloc_kind kind;  /**< which value the field takes */
  kiln_symbol symbol;    /**< the symbol referred to */
  int64_t addend;        /**< added to the symbol's address; 32 bits */
  /** For x86-64, with KILN_RELOC_ABS32S and no symbol: the number of a stack slot, plus 1. The slot is aligned to at
   * most 16 bytes, and the field is filled with its offset from rbp. 0 for none. */
  uint32_t slot;
} kiln_asm_reloc;

/** Machine code for kiln_build_asm. Registers have the numbers of kiln_register_find. */
typedef struct kiln_asm {
  const void *bytes;   /**< the code; control enters at its first byte and leaves after its last */
  uint32_t size_bytes; /**< size of `bytes` */
  uint32_t n_relocs;   /**< number of `relocs` */
  const kiln_asm_reloc *relocs; /**< in ascending order of offset */
  /** For each parameter of the signature: the register that holds it. */
  const uint8_t *params;
  const uint8_t *results; /**< for each result: the register in which the code leaves it */
  /** One bit for each further register that the code changes and that calls preserve. The code may change all other
   * registers, the flags, and memory in any case. */
  uint64_t lost;
  /** For one of the ASMs of a naked function: how the frame changes from the ASM's first byte on, as call frame
   * instructions (DWARF 5, 6.4.2), which are copied unchanged. NULL if the frame does not change. */
  const uint8_t *rows;
  uint32_t rows_bytes; /**< size of `rows` */
  /** From kiln_asm_label: takes the address of the first byte; id 0 for none. */
  kiln_symbol label;
  uint64_t reserved[2]; /**< 0 */
} kiln_asm;

/** Builds an [ASM]: machine code with operands and results in registers. `sig` has their types: integers of up to 64
 * bits, f32, f64 and vectors. Each is in a register of its kind, and no register is used twice. The stack is aligned as
 * for a call. The code must restore the stack pointer, and must not unwind. Everything is copied. Returns result 0, or
 * none if there is no result. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n_args);

/** Returns the symbol of a label in this function, for one of its ASMs (kiln_asm.label), so that data can refer to that
 * code. `number` is any number below 2^30, and is used for only one ASM. */
KILN_API kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number);

/** Gives a name to `target` + `offset_bytes`, a position in this function's machine code or in its own data. Of `desc`,
 * only the name, linkage and visibility are used. The symbol may be declared already, but not defined. It becomes
 * defined when the object is written, if the object contains the function and the position. It is then an error if two
 * positions have the same name, except in a section group, or if the name is local: there, the first one takes
 * effect. Front ends need this for labels that inline assembly defines: other code may refer to such a label before the
 * function is compiled or inlined, or although it is left out. */
KILN_API kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc,
                                            kiln_symbol target, int64_t offset_bytes);

/* ---- assemblers ---- */

/** A field of assembled code that the linker fills in. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  /** Which value the field takes; see kiln_elf_reloc_kind (<kiln/emit.h>). */
  kiln_reloc_kind kind;
  const char *symbol; /**< name of the symbol referred to; NULL to refer to `section` */
  uint32_t section;   /**< if `symbol` is NULL: a section of the text, or KILN_ASSEMBLED_CODE */
  int64_t addend;     /**< added to the address */
} kiln_assembled_reloc;

/** Used as a section's index: the code of a text that is not that of a whole module. */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section to which a text adds content other than its own code. */
typedef struct kiln_assembled_section {
  const char *name;                   /**< as in the object */
  kiln_section_kind kind;             /**< as in kiln_section_desc, but never BY_NAME */
  uint32_t format_type;               /**< as in kiln_section_desc */
  uint32_t flags;                     /**< KILN_SECTION_... */
  uint32_t entry_bytes;               /**< size of its entries; 0 for no entries */
  uint8_t align_log2;                 /**< alignment of its start */
  const uint8_t *bytes;               /**< NULL for zeros */
  uint64_t size_bytes;                /**< size of its content */
  const kiln_assembled_reloc *relocs; /**< in ascending order of offset */
  uint32_t n_relocs;                  /**< number of them */
  const uint8_t *frame;               /**< for the code of a whole text: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;               /**< size of `frame` */
  /** The section group that contains it; NULL for none; "" for that of the text's code, if there is one. */
  const char *group;
} kiln_assembled_section;

/** A symbol that a text defines. */
typedef struct kiln_assembled_symbol {
  const char *name;           /**< not empty */
  uint32_t section;           /**< index of its section, or KILN_ASSEMBLED_CODE */
  uint64_t offset_bytes;      /**< from the start of that section */
  bool global;                /**< visible to other objects */
  bool weak;                  /**< another definition may replace it */
  kiln_visibility visibility; /**< its visibility, if it is global */
} kiln_assembled_symbol;

/** A piece of assembly text, and the machine code that an assembler makes of it. The caller fills in the fields up to
 * `rows`, and the assembler fills in the others. */
struct kiln_assembly {
  /** Whole lines, in the language of GNU as; on x86-64 in AT&T syntax unless the text switches. */
  const char *text;
  size_t text_bytes; /**< length of the text */
  /** The text is the assembly of a module: its content in all sections and the symbols that it defines are used.
   * Otherwise, the text is one piece of code. */
  bool whole;
  bool rows; /**< the code is in a function whose frame it describes itself (.cfi_ directives) */
  const char *error;                  /**< out: why there is no code; or NULL */
  const uint8_t *bytes;               /**< out: the code */
  uint32_t size_bytes;                /**< out: its size */
  uint32_t n_relocs;                  /**< out: number of `relocs` */
  const kiln_assembled_reloc *relocs; /**< out: in ascending order of offset */
  /** Out: sections; those of a whole text have all its content. */
  const kiln_assembled_section *sections;
  uint32_t n_sections;                  /**< out: number of `sections` */
  uint32_t n_symbols;                   /**< out: number of `symbols` */
  const kiln_assembled_symbol *symbols; /**< out: symbols */
  const uint8_t *frame;                 /**< out, if `rows`: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;                 /**< out: size of `frame` */
  uint64_t reserved[2];                 /**< 0 */
};

/** Calls the module's assembler (kiln_module_options.assemble) if there are texts. Returns KILN_ERR_UNSUPPORTED if the
 * module has none. */
KILN_API kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts,
                                          uint32_t n_texts);

#ifdef __cplusplus
}
#endif
#endif

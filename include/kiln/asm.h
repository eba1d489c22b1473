/* Machine code that a front end supplies: instructions whose operands are in given registers (ASM), and the embedder's
 * assembler, which translates assembly text to such code (kiln_module_options.assemble). */
#ifndef KILN_ASM_H
#define KILN_ASM_H

#include <kiln/reloc.h>
#include <kiln/section.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machine code in functions ---- */

/** A field in the bytes of a kiln_asm. The linker fills in the field. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  kiln_reloc_kind kind;  /**< which value the field takes */
  kiln_symbol symbol;    /**< the symbol referred to */
  int64_t addend;        /**< added to the symbol's address; 32 bits */
  /** For x86-64, with KILN_RELOC_ABS32S and no symbol: the number of a stack slot, plus 1; 0 for no slot. The
   * relocated 4 bytes get the slot's offset from rbp. The slot's alignment must be at most 16 bytes. */
  uint32_t slot;
} kiln_asm_reloc;

/** Machine code for kiln_build_asm. Registers have the numbers of kiln_register_find. */
typedef struct kiln_asm {
  /** The code; it is entered at its first byte and left after its last byte. */
  const void *bytes;
  uint32_t size_bytes;          /**< size of `bytes` */
  uint32_t n_relocs;            /**< number of `relocs` */
  const kiln_asm_reloc *relocs; /**< in ascending order of offset */
  /** For each parameter of the signature: the register that holds it. */
  const uint8_t *params;
  /** For each result of the signature: the register that holds it when the code ends. */
  const uint8_t *results;
  /** One bit for each register that the code changes, that calls preserve, and that is not in `results`. The code may
   * always change the registers that calls do not preserve, the flags, and memory. */
  uint64_t lost;
  /** For an ASM of a naked function: call frame instructions (DWARF 5, 6.4.2) that describe how the frame changes from
   * the ASM's first byte on. They are copied unchanged. NULL if the frame does not change. */
  const uint8_t *rows;
  uint32_t rows_bytes; /**< size of `rows` */
  /** A symbol from kiln_asm_label, which then stands for the address of the first byte; id 0 for none. */
  kiln_symbol label;
  uint64_t reserved[2]; /**< 0 */
} kiln_asm;

/** Builds an [ASM]: machine code whose operands and results are in registers. The parameters of `sig` are the types of
 * the operands, and its results are the types of the results. The types may be integers of up to 64 bits, f32, f64 and
 * vectors. Each operand is in a register of the kind that its type requires (general, or floating-point and vector),
 * and so is each result. No two operands are in the same register, and no two results are. When the code is entered,
 * the stack is aligned as for a call. The code must restore the stack pointer, and must not unwind. Everything is
 * copied. Returns result 0, or none if there is no result. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n_args);

/** Returns the symbol of a label in this function. Set kiln_asm.label of one ASM to this symbol; data can then refer to
 * the address of that ASM's code. `number` is any number below 2^30, and must not be used for more than one ASM. */
KILN_API kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number);

/** Gives a name to the address `target` + `offset_bytes`, which must be a position in this function's machine code or
 * in its own data (kiln_func_add_data). Of `desc`, only the name, linkage and visibility are used. A symbol of that
 * name may have been declared already, but must not have been defined. The symbol becomes defined when the object is
 * written, if the object contains the function and the position. If two positions in the object have the same name,
 * this is an error, unless the name is local or the positions are in a section group; in these two cases, the first
 * position takes effect.
 *
 * Front ends need this function for labels that inline assembly defines. Other code may refer to such a label before
 * the function is compiled or inlined, and even if the function is left out. */
KILN_API kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc,
                                            kiln_symbol target, int64_t offset_bytes);

/* ---- assemblers ---- */

/** A field of assembled code. The linker fills in the field. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  /** The value that the field takes; see kiln_elf_reloc_kind (<kiln/emit.h>). */
  kiln_reloc_kind kind;
  const char *symbol; /**< name of the symbol referred to; NULL to refer to `section` */
  /** If `symbol` is NULL: the index of a section of the text, or KILN_ASSEMBLED_CODE. */
  uint32_t section;
  int64_t addend; /**< added to the address */
} kiln_assembled_reloc;

/** Used instead of a section's index for the code of a text that is not the assembly of a whole module
 * (kiln_assembly.whole). */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section to which an assembly text adds content. The code of a text that is not a whole module's is not in such a
 * section. */
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
  /** For a section with code of a whole module's text: call frame instructions, as in kiln_asm.rows; or NULL. */
  const uint8_t *frame;
  uint32_t frame_bytes; /**< size of `frame` */
  /** Name of the section group that contains the section; NULL for none. "" means the section group of the text's code,
   * if that code is in a section group. */
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

/** A piece of assembly text, and the machine code that an assembler translates the text to. The caller fills in the
 * fields up to and including `rows`, and the assembler fills in the others. */
struct kiln_assembly {
  /** Whole lines in the language of GNU as. For x86-64, the text is in AT&T syntax until it switches to another
   * syntax. */
  const char *text;
  size_t text_bytes; /**< length of the text */
  /** If true, the text is the assembly of a module: the content that the text has in all sections, and the symbols that
   * it defines, are used. If false, the text is one piece of code. */
  bool whole;
  /** The code is part of a naked function, whose frame the text itself describes (.cfi_ directives). */
  bool rows;
  /** Out: the reason why there is no code; NULL if there is code. */
  const char *error;
  const uint8_t *bytes;               /**< out: the code */
  uint32_t size_bytes;                /**< out: its size */
  uint32_t n_relocs;                  /**< out: number of `relocs` */
  const kiln_assembled_reloc *relocs; /**< out: in ascending order of offset */
  /** Out: sections. If `whole` is true, they contain everything that the text assembles to. */
  const kiln_assembled_section *sections;
  uint32_t n_sections;                  /**< out: number of `sections` */
  uint32_t n_symbols;                   /**< out: number of `symbols` */
  const kiln_assembled_symbol *symbols; /**< out: symbols */
  /** Out, if `rows` is true: call frame instructions, as in kiln_asm.rows; or NULL. */
  const uint8_t *frame;
  uint32_t frame_bytes; /**< out: size of `frame` */
  uint64_t reserved[2]; /**< 0 */
};

/** Calls the module's assembler (kiln_module_options.assemble) if `n_texts` is not 0. Returns KILN_ERR_UNSUPPORTED if
 * the module has no assembler. */
KILN_API kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts,
                                          uint32_t n_texts);

#ifdef __cplusplus
}
#endif
#endif

/* Machine code of a front end: instructions with operands in given registers (ASM), and the embedder's assembler, which
 * makes such code from text (kiln_module_options.assemble). */
#ifndef KILN_ASM_H
#define KILN_ASM_H

#include <kiln/reloc.h>
#include <kiln/section.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machine code in functions ---- */

/** A field of the bytes of a kiln_asm that the linker fills. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  kiln_reloc_kind kind;  /**< what the field becomes */
  kiln_symbol symbol;    /**< what is referred to */
  int64_t addend;        /**< added to its address; 32 bits */
  /** of x86-64, with KILN_RELOC_ABS32S and no symbol: number + 1 of a stack slot, aligned to 16 bytes
   * at most. The field becomes its distance from rbp. 0: none */
  uint32_t slot;
} kiln_asm_reloc;

/** Machine code for kiln_build_asm. Registers have the numbers of kiln_register_find. */
typedef struct kiln_asm {
  const void *bytes;   /**< the code; control enters at its first byte and leaves after its last */
  uint32_t size_bytes; /**< of it */
  uint32_t n_relocs;   /**< of `relocs` */
  const kiln_asm_reloc *relocs; /**< in ascending order of their offsets */
  const uint8_t *params;        /**< by parameter of the signature: the register that has it */
  const uint8_t *results;       /**< by result: the register that the code leaves it in */
  /** a bit for each further register that it changes, of those that calls preserve. It may change all other registers,
   * the flags, and memory anyway */
  uint64_t lost;
  /** in a naked function, for one of its ASMs: how the frame changes from its first byte on, as call frame
   * instructions (DWARF 5, 6.4.2), which are copied unchanged. NULL: it does not change */
  const uint8_t *rows;
  uint32_t rows_bytes;  /**< of them */
  kiln_symbol label;    /**< of kiln_asm_label: gets the address of the first byte; id 0: none */
  uint64_t reserved[2]; /**< 0 */
} kiln_asm;

/** [ASM] Machine code with operands and results in registers; `sig` has their types: integers of
 * up to 64 bits, f32, f64, vectors, each with a register of its kind, none twice. The stack is
 * aligned as for a call, and the code leaves the stack pointer as it was; it does not unwind.
 * All is copied. Gives result 0, or none. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n_args);

/** The symbol of a label in this function, for one of its ASMs (kiln_asm.label), so that data can refer to that code.
 * `number`: any below 2^30, for one ASM only. */
KILN_API kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number);

/** Gives `target` + `offset_bytes`, a position in this function's machine code or its own data, a name. Only name,
 * linkage and visibility of `desc` count. The symbol may be declared already, but not defined. It is defined when the
 * object is written, if the function and the position are in it. A name that is given to two positions is an error
 * then, except in a section group, or if it is local: there the first one counts. Labels that inline assembly defines
 * need it: other code may refer to them before the function is compiled, or inlined, or left out. */
KILN_API kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc,
                                            kiln_symbol target, int64_t offset_bytes);

/* ---- assemblers ---- */

/** A field of assembled code that the linker fills. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  kiln_reloc_kind kind;  /**< what the field becomes; see kiln_elf_reloc_kind (<kiln/emit.h>) */
  const char *symbol;    /**< name of what is referred to; NULL: `section` is */
  uint32_t section;      /**< if `symbol` is NULL: a section of the text, or KILN_ASSEMBLED_CODE */
  int64_t addend;        /**< added to its address */
} kiln_assembled_reloc;

/** In place of a section's index: the code of a text that is not a whole module's. */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section that a text has content for, besides its own code. */
typedef struct kiln_assembled_section {
  const char *name;                   /**< as the object has it */
  kiln_section_kind kind;             /**< as in kiln_section_desc, but not BY_NAME */
  uint32_t format_type;               /**< as in kiln_section_desc */
  uint32_t flags;                     /**< KILN_SECTION_... */
  uint32_t entry_bytes;               /**< size of its entries; 0: none */
  uint8_t align_log2;                 /**< of its beginning */
  const uint8_t *bytes;               /**< NULL: zeros */
  uint64_t size_bytes;                /**< of it */
  const kiln_assembled_reloc *relocs; /**< ascending by offset */
  uint32_t n_relocs;                  /**< number of them */
  const uint8_t *frame;               /**< of a whole text's code: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;               /**< of `frame` */
  /** the section group that it is in; NULL: none; "": that of the text's code, if any */
  const char *group;
} kiln_assembled_section;

/** A symbol that a text defines. */
typedef struct kiln_assembled_symbol {
  const char *name;           /**< not empty */
  uint32_t section;           /**< index of its section, or KILN_ASSEMBLED_CODE */
  uint64_t offset_bytes;      /**< in that */
  bool global;                /**< others see it */
  bool weak;                  /**< another definition may replace it */
  kiln_visibility visibility; /**< who sees it, if it is global */
} kiln_assembled_symbol;

/** A text of assembly, and the machine code that an assembler makes of it. */
struct kiln_assembly {
  /** whole lines, in the language of GNU as; on x86-64 in AT&T's syntax unless it switches */
  const char *text;
  size_t text_bytes; /**< its length */
  /** assembly of a module: its content of all sections counts, and the symbols that it defines; else it is one piece of
   * code */
  bool whole;
  bool rows; /**< the code is in a function whose frame it describes itself (.cfi_ directives) */
  const char *error;                      /**< to be set: why there is no code, or NULL */
  const uint8_t *bytes;                   /**< to be set: the code */
  uint32_t size_bytes;                    /**< to be set: of it */
  uint32_t n_relocs;                      /**< to be set: of `relocs` */
  const kiln_assembled_reloc *relocs;     /**< to be set; ascending by offset */
  const kiln_assembled_section *sections; /**< to be set; of whole texts all is in these */
  uint32_t n_sections;                    /**< to be set: of `sections` */
  uint32_t n_symbols;                     /**< to be set: of `symbols` */
  const kiln_assembled_symbol *symbols;   /**< to be set */
  const uint8_t *frame;                   /**< to be set if `rows`: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;                   /**< to be set: of `frame` */
  uint64_t reserved[2];                   /**< 0 */
};

/** Calls the module's assembler (kiln_module_options.assemble), if there are texts. KILN_ERR_UNSUPPORTED if it has
 * none. */
KILN_API kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts,
                                          uint32_t n_texts);

#ifdef __cplusplus
}
#endif
#endif

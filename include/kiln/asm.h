/* Machine code that a front end brings along: instructions in given registers (ASM), and the assembler that makes it
 * from text, which is the embedder's (kiln_module_options.assemble). */
#ifndef KILN_ASM_H
#define KILN_ASM_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machine code in functions ---- */

/** A field of the bytes of a kiln_asm that the linker fills. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  uint32_t type;         /**< the ELF number: R_X86_64_..., R_AARCH64_... */
  kiln_symbol symbol;    /**< what is referred to */
  int64_t addend;        /**< added to its address; 32 bits */
  /** of x86-64, with R_X86_64_32S and no symbol: number + 1 of a stack slot, aligned to 16 bytes
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
  /** set of further registers that it changes, a bit each: those that calls preserve. All others, the
   * flags, and memory may be changed without being named */
  uint64_t lost;
  /** in a naked function, for one of its ASMs: how the frame changes from its first byte on, as call frame
   * instructions (DWARF 5, 6.4.2), counted and taken as they are. NULL: it does not */
  const uint8_t *rows;
  uint32_t rows_bytes; /**< of them */
  kiln_symbol label;   /**< of kiln_asm_label: gets the address of the first byte; id 0: none */
} kiln_asm;

/** [ASM] Machine code with operands and results in registers; `sig` says their types: integers of
 * up to 64 bits, f32, f64, vectors, each with a register of its kind, none twice. The stack is
 * aligned as for a call, and the code leaves the stack pointer as it was; it does not unwind.
 * All is copied. Gives result 0, or none. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n_args);

/** The symbol of a label of this function that one of its ASMs is to have (kiln_asm.label), so that data can refer to
 * that code. `number`: any below 2^30, not twice for two ASMs. */
KILN_API kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number);

/** Gives `target` + `offset_bytes`, a position in this function's machine code or its own data, a
 * name that others see, as far as `desc` says; of that only the name, linkage and visibility
 * count. The symbol may be declared already, but not defined. It is defined when the object is
 * written, if the function and the position are in it. What is declared again for another one is
 * an error then, but in a section group, or for a local name: there the first one counts. */
KILN_API kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc,
                                            kiln_symbol target, int64_t offset_bytes);

/* ---- assemblers ---- */

/** A field of assembled code that the linker fills. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  uint32_t type;         /**< the ELF number: R_X86_64_..., R_AARCH64_... */
  const char *symbol;    /**< name of what is referred to; NULL: */
  uint32_t section;      /**< the beginning of this section of the text, or KILN_ASSEMBLED_CODE */
  int64_t addend;        /**< added to its address */
} kiln_assembled_reloc;

/** In place of a section's index: the code of a text that is not whole. */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section that a text has content for, besides its own code. */
typedef struct kiln_assembled_section {
  const char *name;                   /**< as the object has it */
  uint32_t type;                      /**< ELF's sh_type */
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
  const char *name;      /**< not empty */
  uint32_t section;      /**< index of its section, or KILN_ASSEMBLED_CODE */
  uint64_t offset_bytes; /**< in that */
  bool global;           /**< others see it */
  bool weak;             /**< and may define it better */
  uint8_t visibility;    /**< ELF's STV_... */
} kiln_assembled_symbol;

/** A text of assembly, and the machine code that an assembler makes of it. */
struct kiln_assembly {
  /** whole lines, in GNU as's language and on x86-64 in AT&T's syntax at first */
  const char *text;
  size_t text_bytes; /**< its length */
  /** a module's own: what it puts into any section counts, and the symbols that it defines;
   * else it is one piece of code */
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
};

/** Calls the module's assembler (kiln_module_options.assemble), if there are texts. KILN_ERR_UNSUPPORTED if it has
 * none. */
KILN_API kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts,
                                          uint32_t n_texts);

#ifdef __cplusplus
}
#endif
#endif

/* Machine code that a front end supplies. An ASM is an instruction that consists of machine code. The operands of an
 * ASM are in given registers. An embedder can supply an assembler (kiln_module_options.assemble). The assembler
 * translates assembly text to machine code. */
#ifndef KILN_ASM_H
#define KILN_ASM_H

#include <kiln/reloc.h>
#include <kiln/section.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- machine code in functions ---- */

/** A field in the machine code of a kiln_asm. The linker fills in the field, which should be 0 in the code. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  kiln_reloc_kind kind;  /**< which value the field takes */
  kiln_symbol symbol;    /**< the symbol referred to */
  int64_t addend;        /**< added to the symbol's address; 32 bits */
  /** The number of a stack slot, plus 1, or 0 for none. Only on x86-64, for a field of the kind KILN_RELOC_ABS32S
   * without a symbol: its 4 bytes receive the slot's offset from rbp. The slot's alignment must be at most 16 bytes. */
  uint32_t slot;
  uint64_t reserved[2]; /**< 0 */
} kiln_asm_reloc;

/** Machine code for kiln_build_asm. Registers have the numbers of kiln_register_find. */
typedef struct kiln_asm {
  /** The machine code. Execution enters the code at its first byte, and leaves the code after its last byte. */
  const void *bytes;
  uint32_t size_bytes;          /**< size of `bytes` */
  uint32_t n_relocs;            /**< number of `relocs` */
  const kiln_asm_reloc *relocs; /**< in ascending order of offset */
  /** The register of each parameter of the signature, in order. A parameter is in its register when the code begins. */
  const uint8_t *params;
  /** The register of each result of the signature, in order. A result is in its register when the code ends. */
  const uint8_t *results;
  /** A bit mask in which bit n stands for register n. The mask contains each register that the code changes, except the
   * registers in `results` and the registers that calls do not preserve. The code may always change the flags, memory,
   * and the registers that calls do not preserve. */
  uint64_t lost;
  /** Call frame instructions (DWARF 5, 6.4.2) for an ASM of a naked function. They describe how the frame changes from
   * the first byte of the ASM onwards. Kiln copies the call frame instructions unchanged. NULL means that the frame
   * does not change. */
  const uint8_t *rows;
  uint32_t rows_bytes; /**< size of `rows` */
  /** A symbol from kiln_asm_label; id 0 for none. The symbol stands for the address of the first byte of the code. */
  kiln_symbol label;
  /** The code begins at a multiple of 1 << align_log2 bytes, at most 2^16: Kiln executes instructions that do nothing
   * up to there, and aligns the function as well. 0 if the code can begin anywhere. */
  uint32_t align_log2;
  uint64_t reserved[4]; /**< 0 */
} kiln_asm;

/** Builds an [ASM]: machine code whose operands and results are in registers. Their types are the parameters and
 * results of `sig`: integers of up to 64 bits, in general registers; f32, f64 and vectors, in floating-point and vector
 * registers. Each operand and each result must have a register of its own.
 * - Returns result 0, or none if there is no result.
 * - Copies everything that `code` and `args` point to.
 * - When execution enters the code, the stack is aligned as for a call. The code must restore the stack pointer, and
 *   must not unwind. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n_args);

/** Returns the symbol of a label in the function `f`. Set kiln_asm.label of one ASM to this symbol; data can then refer
 * to the address of the machine code of that ASM. `number` is any number below 2^30, a different one for each ASM. */
KILN_API kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number);

/** Gives a name to the address `target` + `offset_bytes`, a position in the machine code of `f` or in data that
 * kiln_func_add_data added to `f`. Front ends need this for labels that inline assembly defines: code outside `f` may
 * refer to the label before Kiln compiles or inlines `f`, and even if the object does not contain `f`.
 * - `desc` has a name, a linkage and a visibility. If another field is not zero, the function fails with
 *   KILN_ERR_ARGUMENT. A symbol of that name may have been declared already,
 *   but must not have been defined. It becomes defined when an object that contains both `f` and the position is
 *   written.
 * - Several calls may give the same name to different positions, for example if a program contains the same inline
 *   assembly several times. It is usually an error if the object contains more than one of these positions. It is not
 *   an error if the name is local, or if the positions are in a section group; the name then stands for the first
 *   position. */
KILN_API kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc,
                                            kiln_symbol target, int64_t offset_bytes);

/* ---- assemblers ---- */

/** A field in machine code that an assembler made. The linker fills in the field. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  /** The value that the field takes; see kiln_elf_reloc_kind (<kiln/emit.h>). */
  kiln_reloc_kind kind;
  /** Name of the symbol that the field refers to. If `symbol` is NULL, the field refers to `section`. */
  const char *symbol;
  /** The section that the field refers to if `symbol` is NULL. This is the index of one of the sections of the assembly
   * text, or KILN_ASSEMBLED_CODE. */
  uint32_t section;
  int64_t addend;       /**< added to the address */
  uint64_t reserved[2]; /**< 0 */
} kiln_assembled_reloc;

/** A number that stands for the code of an assembly text. It takes the place of a section's index. KILN_ASSEMBLED_CODE
 * is for texts that are not the assembly of a whole module (kiln_assembly.whole is false). */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section to which an assembly text adds content. If the text is not the assembly of a whole module, the text's code
 * is not part of any kiln_assembled_section. */
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
  uint32_t n_relocs;                  /**< number of `relocs` */
  /** Call frame instructions, as in kiln_asm.rows. NULL means that the code has no unwind rows. Only a section with
   * code from the assembly of a whole module has call frame instructions. If they cannot describe the frames exactly,
   * the section `.eh_frame` is one of the text's sections, too. */
  const uint8_t *frame;
  uint32_t frame_bytes; /**< size of `frame` */
  /** Name of the section group that contains the section. NULL means that the section is in no section group. "" means
   * that the section is in the same section group as the machine code of the assembly text, if that code is in a
   * section group. */
  const char *group;
  /** If true, the section consists of thread-local data. Only sections of the assembly of a whole module are
   * thread-local. */
  bool tls;
  uint64_t reserved[4]; /**< 0 */
} kiln_assembled_section;

/** What a symbol of an assembly text is. Only the assembly of a whole module has symbols of other kinds than PLACE. */
typedef enum kiln_assembled_kind {
  KILN_ASSEMBLED_PLACE,    /**< a place in a section */
  KILN_ASSEMBLED_RESOLVER, /**< an ifunc, whose resolver is at that place */
  KILN_ASSEMBLED_COMMON,   /**< common data, which the linker allocates */
  KILN_ASSEMBLED_NUMBER,   /**< a number, which is the symbol's address */
  /** A symbol that the text does not define. The text gives it a binding, a visibility or, by its references, the type
   * of thread-local data. */
  KILN_ASSEMBLED_UNDEFINED,
  KILN_ASSEMBLED_KIND_COUNT
} kiln_assembled_kind;

/** A symbol that a text defines, or of which the text says something else. */
typedef struct kiln_assembled_symbol {
  const char *name;         /**< not empty */
  kiln_assembled_kind kind; /**< what it is */
  uint32_t section;         /**< PLACE, RESOLVER: index of its section, or KILN_ASSEMBLED_CODE */
  uint64_t offset_bytes;    /**< PLACE, RESOLVER: from the start of `section`; NUMBER: it */
  uint64_t size_bytes;      /**< COMMON: its size */
  uint8_t align_log2;       /**< COMMON: its alignment */
  bool global;              /**< visible to other objects */
  bool weak; /**< another definition may replace it; UNDEFINED: it need not have one */
  bool tls;  /**< UNDEFINED: it is thread-local */
  kiln_visibility visibility; /**< its visibility, if it is global */
  uint64_t reserved[2];       /**< 0 */
} kiln_assembled_symbol;

/** A piece of assembly text, and the machine code that an assembler makes from the text. The caller fills in the fields
 * up to and including `rows`. The assembler fills in the other fields. */
struct kiln_assembly {
  /** Whole lines in the language of the GNU assembler. For x86-64, the text begins in AT&T syntax. A directive in the
   * text may select another syntax. */
  const char *text;
  size_t text_bytes; /**< length of the text */
  /** If true, the text is the assembly of a whole module. Kiln then uses the content of all sections of the text, and
   * the symbols that the text defines. If false, the text is one piece of code. */
  bool whole;
  /** If true, the code is part of a naked function. The text itself then describes the function's frame with .cfi_
   * directives. */
  bool rows;
  /** Out: the reason why the assembler made no code. NULL if the assembler made code. */
  const char *error;
  const uint8_t *bytes;               /**< out: the code */
  uint32_t size_bytes;                /**< out: its size */
  uint32_t n_relocs;                  /**< out: number of `relocs` */
  const kiln_assembled_reloc *relocs; /**< out: in ascending order of offset */
  /** Out: the sections to which the assembly text adds content. If `whole` is true, these sections contain everything
   * that the assembly text assembles to. If `whole` is false, the code of the assembly text is in `bytes` and not in
   * these sections. */
  const kiln_assembled_section *sections;
  uint32_t n_sections;                  /**< out: number of `sections` */
  uint32_t n_symbols;                   /**< out: number of `symbols` */
  const kiln_assembled_symbol *symbols; /**< out: symbols */
  /** Out, if `rows` is true: call frame instructions, as in kiln_asm.rows. NULL if there are none. */
  const uint8_t *frame;
  uint32_t frame_bytes; /**< out: size of `frame` */
  uint32_t align_log2;  /**< out, if `whole` is false: as kiln_asm.align_log2 */
  uint64_t reserved[4]; /**< 0 */
};

/** Calls the assembler of the module `m` (kiln_module_options.assemble) for the `n_texts` elements of `texts`. If
 * `n_texts` is 0, the assembler is not called. Returns KILN_ERR_UNSUPPORTED if the module has no assembler. */
KILN_API kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts,
                                          uint32_t n_texts);

#ifdef __cplusplus
}
#endif
#endif

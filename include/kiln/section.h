/* Sections: properties of those that front ends name (kiln_symbol_desc.section), and data of functions in them. */
#ifndef KILN_SECTION_H
#define KILN_SECTION_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of a section. */
enum {
  KILN_SECTION_ALLOC = 1, /**< in memory while the program runs */
  KILN_SECTION_WRITE = 2, /**< writable */
  KILN_SECTION_EXEC = 4,  /**< executable */
  /** the linker may merge equal entries: data without relocations. References to an entry name the symbol of the
   * item that begins there */
  KILN_SECTION_MERGE = 8,
  KILN_SECTION_STRINGS = 16, /**< with MERGE: strings of entries, each ended by a zero entry */
  KILN_SECTION_RETAIN = 32,  /**< kept even if the linker collects garbage */
  KILN_SECTION_EXCLUDE = 64  /**< left out of what is linked from the object */
};

/** What a section's content is to linkers and loaders. */
typedef enum kiln_section_kind {
  KILN_SECTION_BY_NAME, /**< as the section's name says */
  KILN_SECTION_CONTENT, /**< it means nothing to them */
  KILN_SECTION_ZERO,    /**< zeros, which take no room in the object */
  KILN_SECTION_NOTE,    /**< notes about the program */
  KILN_SECTION_INIT,    /**< addresses of functions that are called when the program starts */
  KILN_SECTION_FINI,    /**< when it ends */
  KILN_SECTION_PREINIT, /**< when it starts, before those of INIT; of executables */
  KILN_SECTION_OTHER,   /**< what kiln_section_desc.format_type says */
  KILN_SECTION_KIND_COUNT
} kiln_section_kind;

/** What a section is. */
typedef struct kiln_section_desc {
  uint32_t flags;         /**< all of its KILN_SECTION_... */
  kiln_section_kind kind; /**< what its content is */
  /** OTHER: the object format's own number for a kind that is not named here: of ELF, a section type of a system, a
   * processor or an application (from 0x60000000 on). Else 0. */
  uint32_t format_type;
  uint32_t entry_bytes; /**< size of its entries (MERGE: not 0); 0: none */
  uint64_t reserved[1]; /**< 0 */
} kiln_section_desc;

/** Sets the properties of section `name` (kiln_symbol_desc.section). For a section without this call, its name
 * and its content decide: alloc, exec for functions, write for data that is not read-only; content of other flags is
 * in another section of that name. Setting equal properties again is allowed. Content that does not fit is an error
 * when the object is written. */
KILN_API kiln_status kiln_section_declare(kiln_module *m, const char *name,
                                          const kiln_section_desc *desc);

/** The properties that kiln_section_declare set; false if it was not called for `name`. */
KILN_API bool kiln_section_find(const kiln_module *m, const char *name, kiln_section_desc *out);

/** As kiln_func_add_data, but in two steps, and in a section or section group of your choice. Makes the symbol, so that
 * data and code can refer to it before the data is defined. Only `section` and `comdat` of `where` count. `said` sets
 * the section's properties as kiln_section_declare does, in a frozen module too; NULL: it does not. */
KILN_API kiln_symbol kiln_func_declare_data(kiln_func *f, const kiln_symbol_desc *where,
                                            const kiln_section_desc *said);

/** The second step: defines the data of a symbol of kiln_func_declare_data. Errors stick to the function. */
KILN_API void kiln_func_define_data(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc);

#ifdef __cplusplus
}
#endif
#endif

/* Sections: properties of the sections that front ends name (kiln_symbol_desc.section), and functions' data in such
 * sections. */
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
  /** The linker may merge equal entries, which are data without relocations. References to an entry use the symbol of
   * the item that begins there. */
  KILN_SECTION_MERGE = 8,
  KILN_SECTION_STRINGS = 16, /**< with MERGE: strings of entries, each terminated by a zero entry */
  KILN_SECTION_RETAIN = 32,  /**< kept even if the linker collects garbage */
  KILN_SECTION_EXCLUDE = 64  /**< left out of the output when the object is linked */
};

/** The meaning of a section's content to linkers and loaders. */
typedef enum kiln_section_kind {
  KILN_SECTION_BY_NAME, /**< determined by the section's name */
  KILN_SECTION_CONTENT, /**< no meaning to them */
  KILN_SECTION_ZERO,    /**< zeros, which take no room in the object */
  KILN_SECTION_NOTE,    /**< notes about the program */
  KILN_SECTION_INIT,    /**< addresses of functions to call when the program starts */
  KILN_SECTION_FINI,    /**< addresses of functions to call when the program ends */
  KILN_SECTION_PREINIT, /**< for executables: like INIT, but called before INIT's */
  KILN_SECTION_OTHER,   /**< given by kiln_section_desc.format_type */
  KILN_SECTION_KIND_COUNT
} kiln_section_kind;

/** Properties of a section. */
typedef struct kiln_section_desc {
  uint32_t flags;         /**< all of the section's KILN_SECTION_... */
  kiln_section_kind kind; /**< the meaning of its content */
  /** With OTHER: the object format's own number for a kind that this header does not name; for ELF, a section type of a
   * system, a processor or an application (0x60000000 and above). Otherwise 0. */
  uint32_t format_type;
  uint32_t entry_bytes; /**< size of its entries (nonzero with MERGE); 0 for no entries */
  uint64_t reserved[1]; /**< 0 */
} kiln_section_desc;

/** Sets the properties of the section `name` (kiln_symbol_desc.section). Without this call, the section's name and
 * content determine them: alloc; exec for functions; write for data that is not read-only. Content with different flags
 * goes to another section of that name. Setting the same properties again is allowed. Content that does not fit the
 * section is an error when the object is written. */
KILN_API kiln_status kiln_section_declare(kiln_module *m, const char *name,
                                          const kiln_section_desc *desc);

/** Finds the properties that kiln_section_declare set. Returns false if it was not called for `name`. */
KILN_API bool kiln_section_find(const kiln_module *m, const char *name, kiln_section_desc *out);

/** Does what kiln_func_add_data does, but in two steps, and in a section or section group of your choice. Makes the
 * symbol, so that data and code can refer to it before kiln_func_define_data defines the data. Of `where`, only
 * `section` and `comdat` are used. `said` sets the section's properties as kiln_section_declare does, even in a frozen
 * module; NULL to leave them as they are. */
KILN_API kiln_symbol kiln_func_declare_data(kiln_func *f, const kiln_symbol_desc *where,
                                            const kiln_section_desc *said);

/** Defines the data of a symbol that kiln_func_declare_data made. Errors stick to the function. */
KILN_API void kiln_func_define_data(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc);

#ifdef __cplusplus
}
#endif
#endif

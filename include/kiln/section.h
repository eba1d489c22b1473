/* Sections: sets the properties of the sections that front ends name (kiln_symbol_desc.section), and defines data of a
 * function in such sections. */
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
  /** The linker may merge equal entries. Entries are data without relocations. A reference to an entry must use the
   * symbol of the data item that begins at the entry. */
  KILN_SECTION_MERGE = 8,
  /** With MERGE: the section consists of strings, whose characters are entries and whose terminator is a zero entry. */
  KILN_SECTION_STRINGS = 16,
  KILN_SECTION_RETAIN = 32, /**< kept even if the linker collects garbage */
  KILN_SECTION_EXCLUDE = 64 /**< the linker leaves the section out of its output */
};

/** The meaning of a section's content to linkers and loaders. */
typedef enum kiln_section_kind {
  KILN_SECTION_BY_NAME, /**< determined by the section's name */
  KILN_SECTION_CONTENT, /**< data or code without a special meaning */
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
  /** With OTHER: the object format's number for a kind of section that this header does not name. For ELF, this is a
   * section type that a system, a processor or an application defines (0x60000000 and above). Otherwise 0. */
  uint32_t format_type;
  uint32_t entry_bytes; /**< size of its entries (nonzero with MERGE); 0 for no entries */
  uint64_t reserved[1]; /**< 0 */
} kiln_section_desc;

/** Sets the properties of the section `name` (kiln_symbol_desc.section). If this function is not called for a section,
 * the section's name and content determine its flags: ALLOC always, EXEC for functions, and WRITE for data that is not
 * read-only. Content with different flags is then placed in different sections of the same name. Setting the same
 * properties again is allowed. If a section's content does not agree with its properties, writing the object fails. */
KILN_API kiln_status kiln_section_declare(kiln_module *m, const char *name,
                                          const kiln_section_desc *desc);

/** Finds the properties that kiln_section_declare set for the section `name`. Returns false if kiln_section_declare was
 * not called for this section. */
KILN_API bool kiln_section_find(const kiln_module *m, const char *name, kiln_section_desc *out);

/** Makes a symbol for private data of a function, in a section or section group of your choice. This function and
 * kiln_func_define_data together do what kiln_func_add_data does. Code and data can refer to the symbol before
 * kiln_func_define_data is called. Of `where`, only `section` and `comdat` are used. If `said` is not NULL, it sets the
 * section's properties as kiln_section_declare does, even in a frozen module. */
KILN_API kiln_symbol kiln_func_declare_data(kiln_func *f, const kiln_symbol_desc *where,
                                            const kiln_section_desc *said);

/** Defines the data of a symbol that kiln_func_declare_data made. Errors stick to the function. */
KILN_API void kiln_func_define_data(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc);

#ifdef __cplusplus
}
#endif
#endif

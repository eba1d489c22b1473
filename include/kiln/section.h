/* Sections that front ends name (kiln_symbol_desc.section). The functions of this header set the properties of these
 * sections, and define data of a function in these sections. */
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
  /** The linker may merge equal entries of the section. Entries are data without relocations. To refer to an entry, use
   * the symbol of the data item that begins at the entry. */
  KILN_SECTION_MERGE = 8,
  /** With MERGE: the section consists of strings. Each entry is a character. A zero entry ends a string. */
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
  KILN_SECTION_PREINIT, /**< for executables: like INIT, but called before the functions of INIT */
  KILN_SECTION_OTHER,   /**< given by kiln_section_desc.format_type */
  KILN_SECTION_KIND_COUNT
} kiln_section_kind;

/** Properties of a section. */
typedef struct kiln_section_desc {
  uint32_t flags;         /**< all of the section's KILN_SECTION_... */
  kiln_section_kind kind; /**< the meaning of its content */
  /** With OTHER, the object format's number for a kind of section that this header does not name. For ELF, this is a
   * section type that a system, a processor or an application defines (0x60000000 and above). For COFF, these are the
   * section's characteristics, without those for its alignment. Without OTHER, 0. */
  uint32_t format_type;
  /** Size of an entry of the section. With MERGE, the size must be nonzero. 0 means that there are no entries. */
  uint32_t entry_bytes;
  uint64_t reserved[4]; /**< 0 */
} kiln_section_desc;

/** Sets the properties of the section `name` (kiln_symbol_desc.section). You may set the same properties again. If the
 * content of a section does not agree with its properties, writing the object fails.
 * - For a section whose properties are not set, Kiln chooses flags by the section's name and content: ALLOC always,
 *   EXEC for functions, WRITE for data that is not read-only. If the content needs different flags, the object has
 *   several sections of the same name. */
KILN_API kiln_status kiln_section_declare(kiln_module *m, const char *name,
                                          const kiln_section_desc *desc);

/** Finds the properties that kiln_section_declare set for the section `name`. Returns false if kiln_section_declare was
 * not called for this section. */
KILN_API bool kiln_section_find(const kiln_module *m, const char *name, kiln_section_desc *out);

/** Makes a symbol for private data of the function `f`, which kiln_func_define_data then defines. The two calls
 * together do what kiln_func_add_data does, but code and data can refer to the symbol between them.
 * - `where` chooses the section or section group of the data, with its fields `section` and `comdat...`. If another
 *   field is not zero, the function fails with KILN_ERR_ARGUMENT.
 * - `section`, if not NULL, gives the properties of the section, as for kiln_section_declare, even in a frozen module.
 *   */
KILN_API kiln_symbol kiln_func_declare_data(kiln_func *f, const kiln_symbol_desc *where,
                                            const kiln_section_desc *section);

/** Defines the data of a symbol from kiln_func_declare_data. Errors stick to the function. */
KILN_API void kiln_func_define_data(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc);

#ifdef __cplusplus
}
#endif
#endif

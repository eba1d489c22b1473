/* What the linker reads: objects (ELF, x86-64), and archives of them. Files are mapped, and changed in memory alone.
 * input.c; the other files of this folder call it. */
#ifndef KN_LINK_INPUT_H
#define KN_LINK_INPUT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Elf64_Shdr and Elf64_Sym at any address: an archive's members begin at even ones. */
struct link_section {
  uint32_t name, type;
  uint64_t flags, address, at, size;
  uint32_t link, info;
  uint64_t alignment, entry_size;
} __attribute__((packed));
struct link_symbol {
  uint32_t name;
  uint8_t info, other;
  uint16_t section;
  uint64_t value, size;
} __attribute__((packed));

/* A file: an object, or an archive. */
struct link_file {
  uint8_t *bytes; /* mapped for this process alone */
  size_t size;
};

/* An object, of which all tables are inside of the file. */
struct link_object {
  const char *name; /* of the archive's member; "": the file is the object */
  size_t name_size;
  uint8_t *bytes;
  size_t size;
  const struct link_section *sections;
  size_t n_sections;
  const char *section_names;
  size_t section_names_size;
  struct link_symbol *symbols; /* from the first that is not local */
  size_t n_symbols;
  const char *names; /* of symbols */
  size_t names_size;
};

/* Called with each object of a file; false: it wants no more. */
typedef bool link_object_fn(void *user, struct link_object *o);

/* Maps a file; false: it cannot be read. */
bool link_file_open(struct link_file *f, const char *path);
void link_file_close(struct link_file *f);
/* Writes the file as it is in memory; false: it cannot. */
bool link_file_write(const struct link_file *f, const char *path);
/* Calls `fn` with each object, but for a library's metadata. False: a member is no such object, or `fn` said so. */
bool link_file_objects(const struct link_file *f, link_object_fn *fn, void *user);

/* The name of a section or symbol; "" if the file does not have it. */
const char *link_section_name(const struct link_object *o, const struct link_section *s);
const char *link_symbol_name(const struct link_object *o, const struct link_symbol *s);
static inline bool link_is_hidden(const struct link_symbol *s) {
  return ELF64_ST_VISIBILITY(s->other) == STV_HIDDEN ||
         ELF64_ST_VISIBILITY(s->other) == STV_INTERNAL;
}
static inline bool link_is_defined(const struct link_symbol *s) { return s->section != SHN_UNDEF; }
/* Makes a hidden symbol visible to other modules. */
static inline void link_show(struct link_symbol *s) { s->other &= (unsigned char)~3; }

#endif

/* What the files of kiln-dis share: a stretch of code with what points into it, and how one line of it
 * is decoded and printed. dis.c reads objects, dis_listing.c the records of `kiln compile --listing`. */
#ifndef KN_TOOLS_DIS_H
#define KN_TOOLS_DIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct label {
  uint64_t at;
  const char *name;
  size_t section; /* index, of an object */
  size_t order;   /* of labels at one place the first counts that has a name of its own */
};

struct reloc {
  uint64_t at;
  uint32_t type;
  int64_t addend;
  const char *symbol;
  const char *name; /* of the type; NULL: as ELF has it */
};

/* A section, or a function, with what points into it. */
struct code {
  const uint8_t *bytes;
  size_t size;
  uint64_t base;        /* address of the first byte; 0 in objects */
  struct label *labels; /* ascending, as relocs */
  size_t n_labels;
  struct reloc *relocs;
  size_t n_relocs;
};

/* Chooses the machine, an ELF number; false after a message that begins with `path`. */
bool dis_machine(unsigned number, const char *path);
/* The same by Kiln's name of the target. */
bool dis_machine_named(const char *name, const char *path);
/* That name, of the machine chosen. */
const char *dis_machine_name(void);
/* A label that says what follows, as assemblers make them for some machines ($x, $d), and is not printed. */
bool dis_is_mapping(const char *label);
/* Writes the text of the instruction at `at` and returns its length; a byte sequence that is no instruction gives a
 * line of its own. `target` is where a direct branch goes to, or UINT64_MAX. */
size_t dis_decode(const struct code *c, size_t at, char *text, size_t text_size, uint64_t *target);
/* Prints address, `n` bytes, text, and the relocations in them from `*reloc` on, which moves; without
 * one the label at `target`. */
void dis_print_line(const struct code *c, size_t at, size_t n, const char *text, uint64_t target,
                    size_t *reloc);
/* Sorts labels by section and address. */
void dis_sort_labels(struct label *labels, size_t n);
/* An array that grows at powers of two; a tool's memory: ends the program if there is none. */
void *dis_grow(void *old, size_t n, size_t item);
void dis_sort_relocs(struct code *c);
/* Reads records from standard input: see tools/listing.c. Exit status. */
int dis_listing(void);
/* Says what is wrong with `path`; 1. */
int dis_fail(const char *path, const char *why);

#endif

/* Objects and archives. Facts: the ELF specification; ar(5) as GNU's writes it, which rustc does too: headers of 60
 * bytes, members at even offsets, a table of long names in the member "//". */
#define _GNU_SOURCE
#include "input.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

bool link_file_open(struct link_file *f, const char *path) {
  struct stat st;
  *f = (struct link_file){NULL, 0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  if (fstat(fd, &st) == 0 && st.st_size > 0) {
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (at != MAP_FAILED) *f = (struct link_file){at, (size_t)st.st_size};
  }
  close(fd);
  return f->bytes != NULL;
}

void link_file_close(struct link_file *f) {
  if (f->bytes != NULL) munmap(f->bytes, f->size);
  f->bytes = NULL;
}

bool link_file_write(const struct link_file *f, const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  size_t at = 0;
  for (ssize_t n; fd >= 0 && at < f->size && (n = write(fd, f->bytes + at, f->size - at)) > 0;)
    at += (size_t)n;
  return fd >= 0 && close(fd) == 0 && at == f->size;
}

/* ---- objects ---- */

static bool is_inside(const struct link_object *o, uint64_t at, uint64_t size) {
  return at <= o->size && size <= o->size - at;
}

/* A table of strings, which ends with NUL. */
static bool take_strings(const struct link_object *o, const struct link_section *s,
                         const char **out, size_t *size) {
  if (!is_inside(o, s->at, s->size)) return false;
  *out = (const char *)o->bytes + s->at;
  *size = s->size;
  return s->size == 0 || (*out)[s->size - 1] == 0;
}

static bool take_symbols(struct link_object *o, const struct link_section *s) {
  if (s->entry_size != sizeof *o->symbols || !is_inside(o, s->at, s->size) ||
      s->link >= o->n_sections || s->info > s->size / sizeof *o->symbols)
    return false;
  o->symbols = (struct link_symbol *)(o->bytes + s->at) + s->info;
  o->n_symbols = s->size / sizeof *o->symbols - s->info;
  return take_strings(o, &o->sections[s->link], &o->names, &o->names_size);
}

/* Reads the tables; false: it is no object for x86-64, or a table is not inside of it. */
static bool read_object(struct link_object *o) {
  Elf64_Ehdr h;
  if (o->size < sizeof h) return false;
  memcpy(&h, o->bytes, sizeof h);
  if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
      h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_type != ET_REL || h.e_machine != EM_X86_64 ||
      h.e_shentsize != sizeof *o->sections || !is_inside(o, h.e_shoff, sizeof *o->sections))
    return false;
  o->sections = (const struct link_section *)(o->bytes + h.e_shoff);
  o->n_sections = h.e_shnum != 0 ? h.e_shnum : o->sections[0].size;
  size_t names = h.e_shstrndx != SHN_XINDEX ? h.e_shstrndx : o->sections[0].link;
  if (o->n_sections > o->size / sizeof *o->sections ||
      !is_inside(o, h.e_shoff, o->n_sections * sizeof *o->sections) || names >= o->n_sections ||
      !take_strings(o, &o->sections[names], &o->section_names, &o->section_names_size))
    return false;
  for (size_t i = 0; i < o->n_sections; i++)
    if (o->sections[i].type == SHT_SYMTAB) return take_symbols(o, &o->sections[i]);
  return true;
}

const char *link_section_name(const struct link_object *o, const struct link_section *s) {
  return s->name < o->section_names_size ? o->section_names + s->name : "";
}

const char *link_symbol_name(const struct link_object *o, const struct link_symbol *s) {
  return s->name < o->names_size ? o->names + s->name : "";
}

/* ---- archives ---- */

enum { HEADER = 60, NAME = 16, SIZE_AT = 48, SIZE = 10 };

static uint64_t number(const uint8_t *at, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n && at[i] >= '0' && at[i] <= '9'; i++) v = v * 10 + (at[i] - '0');
  return v;
}

/* A member's name, of the header, or of the table of long names. */
static void take_name(struct link_object *o, const uint8_t *header, const char *longs,
                      size_t n_longs) {
  o->name = (const char *)header;
  o->name_size = NAME;
  if (header[0] == '/' && header[1] >= '0' && header[1] <= '9') {
    uint64_t at = number(header + 1, NAME - 1);
    o->name = at < n_longs ? longs + at : "";
    o->name_size = at < n_longs ? n_longs - at : 0;
  }
  for (size_t i = 0; i < o->name_size; i++)
    if (o->name[i] == '/' || o->name[i] == '\n') o->name_size = i;
}

/* Is it what rustc keeps for other compilations: lib.rmeta, lib.rmeta-link? */
static bool is_metadata(const struct link_object *o) {
  static const char begin[] = "lib.rmeta";
  return o->name_size >= sizeof begin - 1 && memcmp(o->name, begin, sizeof begin - 1) == 0;
}

static bool give(struct link_object *o, link_object_fn *fn, void *user) {
  return read_object(o) && fn(user, o);
}

bool link_file_objects(const struct link_file *f, link_object_fn *fn, void *user) {
  static const char magic[] = "!<arch>\n";
  const char *longs = "";
  size_t n_longs = 0, at = sizeof magic - 1;
  if (f->size < at || memcmp(f->bytes, magic, at) != 0) {
    struct link_object o = {.name = "", .bytes = f->bytes, .size = f->size};
    return give(&o, fn, user);
  }
  while (f->size - at >= HEADER) {
    const uint8_t *header = f->bytes + at;
    struct link_object o = {.bytes = f->bytes + at + HEADER,
                            .size = number(header + SIZE_AT, SIZE)};
    if (header[58] != '`' || header[59] != '\n' || o.size > f->size - at - HEADER) return false;
    at += HEADER + o.size + (o.size & 1);
    if (at > f->size) at = f->size;
    if (memcmp(header, "//", 2) == 0) {
      longs = (const char *)o.bytes;
      n_longs = o.size;
    } else if (memcmp(header, "/ ", 2) != 0 && memcmp(header, "/SYM64/", 7) != 0) {
      take_name(&o, header, longs, n_longs);
      if (!is_metadata(&o) && !give(&o, fn, user)) return false;
    }
  }
  return at == f->size;
}

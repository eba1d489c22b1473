/* Lines of functions in backtraces: by the line tables of the code, in the program's own files or in the image that
 * a JIT has of it. Called after a trap, in ordinary code. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "lines.h"

#include "line_reader.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- tables ---- */

/* Addresses whose lines are looked for in the tables of one file. */
struct search {
  const struct kn_lines_wanted *wanted;
  uint64_t bias; /* what is added to the file's addresses */
  const struct kn_line_table *table;
  struct kn_line_row before; /* the row before the next one */
  bool has_before;
};

/* Writes a file's path, in the folder that the table says; as much as there is room for. */
static void write_path(const struct kn_line_table *t, uint64_t file, kiln_wasmrt_line *out) {
  struct kn_line_name *dirs = calloc(t->n_dirs + t->n_files + 1, sizeof *dirs),
                      *files = dirs + t->n_dirs;
  uint64_t number = file - t->first;
  if (dirs == NULL) return;
  kn_line_names(t, dirs, files);
  if (number < t->n_files && files[number].text != NULL) {
    const char *name = files[number].text;
    uint64_t dir = files[number].dir - t->first;
    const char *folder = dir < t->n_dirs && name[0] != '/' ? dirs[dir].text : NULL;
    const char *base =
      folder != NULL && folder[0] != '/' && t->first == 0 && dir != 0 ? dirs[0].text : NULL;
    snprintf(out->file, sizeof out->file, "%s%s%s%s%s", base != NULL ? base : "",
             base != NULL ? "/" : "", folder != NULL ? folder : "", folder != NULL ? "/" : "",
             name);
  }
  free(dirs);
}

static bool on_table(void *user, const struct kn_line_table *t) {
  struct search *s = user;
  s->table = t;
  s->has_before = false;
  return true;
}

static bool on_row(void *user, const struct kn_line_row *row) {
  struct search *s = user;
  const struct kn_lines_wanted *w = s->wanted;
  for (uint32_t i = 0; i < w->n && s->has_before; i++) {
    uint64_t at = w->at[i] - s->bias;
    if (w->at[i] == 0 || w->lines[i].line != 0 || at < s->before.at || at >= row->at) continue;
    w->lines[i].line = s->before.line;
    w->lines[i].column = s->before.column;
    write_path(s->table, s->before.file, &w->lines[i]);
  }
  s->before = *row;
  s->has_before = !row->end;
  return true;
}

/* ---- files ---- */

void kn_lines_of_elf(const uint8_t *bytes, size_t size, uint64_t bias,
                     const struct kn_lines_wanted *wanted) {
  Elf64_Ehdr head;
  struct kn_dwarf_sections found = {0};
  if (size < sizeof head) return;
  memcpy(&head, bytes, sizeof head);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
      head.e_shentsize != sizeof(Elf64_Shdr) || head.e_shoff > size ||
      (size - head.e_shoff) / sizeof(Elf64_Shdr) < head.e_shnum || head.e_shstrndx >= head.e_shnum)
    return;
  Elf64_Shdr names, h;
  const uint8_t *rows = bytes + head.e_shoff;
  memcpy(&names, rows + head.e_shstrndx * sizeof h, sizeof h);
  const struct {
    const char *name;
    struct kn_dwarf_bytes *to;
  } wants[] = {
    {".debug_line", &found.line}, {".debug_str", &found.str}, {".debug_line_str", &found.line_str}};
  for (uint32_t i = 0; i < head.e_shnum; i++) {
    memcpy(&h, rows + i * sizeof h, sizeof h);
    if (h.sh_type == SHT_NOBITS || h.sh_flags & SHF_COMPRESSED || h.sh_offset > size ||
        h.sh_size > size - h.sh_offset || names.sh_offset > size ||
        h.sh_name > size - names.sh_offset)
      continue;
    const char *name = (const char *)bytes + names.sh_offset + h.sh_name;
    size_t left = size - names.sh_offset - h.sh_name;
    for (size_t k = 0; k < sizeof wants / sizeof *wants; k++)
      if (strlen(wants[k].name) < left && strcmp(name, wants[k].name) == 0)
        *wants[k].to = (struct kn_dwarf_bytes){bytes + h.sh_offset, (size_t)h.sh_size};
  }
  struct search s = {.wanted = wanted, .bias = bias};
  const struct kn_line_sink sink = {&s, on_table, on_row};
  kn_line_read(&found, &sink);
}

static void search_file(const char *path, uint64_t bias, const struct kn_lines_wanted *wanted) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *p = fstat(fd, &st) == 0 && st.st_size > 0
              ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
              : MAP_FAILED;
  close(fd);
  if (p == MAP_FAILED) return;
  kn_lines_of_elf(p, (size_t)st.st_size, bias, wanted);
  munmap(p, (size_t)st.st_size);
}

static bool has(const struct dl_phdr_info *info, uint64_t at) {
  for (unsigned k = 0; k < info->dlpi_phnum; k++) {
    const ElfW(Phdr) *h = &info->dlpi_phdr[k];
    if (h->p_type == PT_LOAD && at - info->dlpi_addr - h->p_vaddr < h->p_memsz) return true;
  }
  return false;
}

static int each_file(struct dl_phdr_info *info, size_t size, void *user) {
  const struct kn_lines_wanted *all = user;
  struct kn_lines_wanted here = *all;
  bool any = false;
  (void)size;
  for (uint32_t i = 0; i < all->n; i++) {
    here.at[i] = has(info, all->at[i]) ? all->at[i] : 0;
    any |= here.at[i] != 0;
  }
  if (any)
    search_file(info->dlpi_name[0] != 0 ? info->dlpi_name : "/proc/self/exe", info->dlpi_addr,
                &here);
  return 0;
}

/* ---- public ---- */

void kn_lines_want(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines,
                   struct kn_lines_wanted *out) {
  *out = (struct kn_lines_wanted){.n = error->n_frames, .lines = lines};
  for (uint32_t i = 0; i < error->n_frames; i++) {
    const kiln_wasmrt_frame *f = &error->frames[i];
    const kiln_wasm_image *image = kiln_wasmrt_instance_image(f->instance);
    out->at[i] = (uint64_t)(uintptr_t)image->funcs[f->function].code + f->code_offset;
    lines[i].line = lines[i].column = 0;
    lines[i].file[0] = 0;
  }
}

void kiln_wasmrt_lines(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines) {
  struct kn_lines_wanted wanted;
  kn_lines_want(error, lines, &wanted);
  dl_iterate_phdr(each_file, &wanted);
}

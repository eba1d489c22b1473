/* The assembler behind a module's inline assembly: the system's, started once for all texts of a call. Each text is put
 * into a section of its own; the object is read back and taken apart. Called by the library (kiln_module_options).
 * KILN_AS names another assembler than `as`, or for another machine than this one that of its GNU tools; where there is
 * none, or it refuses, clang is asked. Invariant: nothing is written to disk. */
#define _GNU_SOURCE /* memfd_create */
#include "tool.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SECTION ".kiln.asm."

/* Memory that results are in, until the module ends. */
struct chunk {
  struct chunk *next;
  max_align_t bytes[];
};
struct tool_assembler {
  pthread_mutex_t lock;
  struct chunk *chunks;
};

struct tool_assembler *tool_assembler_new(void) {
  struct tool_assembler *a = calloc(1, sizeof *a);
  if (a != NULL) pthread_mutex_init(&a->lock, NULL);
  return a;
}

void tool_assembler_free(struct tool_assembler *a) {
  if (a == NULL) return;
  for (struct chunk *c = a->chunks, *next; c != NULL; c = next) {
    next = c->next;
    free(c);
  }
  pthread_mutex_destroy(&a->lock);
  free(a);
}

static void *keep(struct tool_assembler *a, size_t size) {
  struct chunk *c = malloc(sizeof *c + size + 1);
  if (c == NULL) return NULL;
  pthread_mutex_lock(&a->lock);
  c->next = a->chunks;
  a->chunks = c;
  pthread_mutex_unlock(&a->lock);
  memset(c->bytes, 0, size + 1);
  return c->bytes;
}

/* ---- running it ---- */

/* Runs `argv` with these descriptors as its input, output and errors. Its exit status, or -1 if it cannot be started. */
static int run(const char *const *argv, int in, int out, int errors) {
  pid_t child;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, errors, 2);
  int error = posix_spawnp(&child, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* What GNU as and clang are told, so that they know all instructions. */
static const char *const march[][2] = {
  [KILN_TARGET_X86_64] = {NULL, "-Wa,-W"},
  [KILN_TARGET_AARCH64] = {"-march=armv9-a+sve2+memtag+crypto+sha3+sm4+rng+ls64",
                           "-march=armv9-a+sve2+memtag+crypto+sha3+sm4"},
};

/* Goes back to the begin of the input, and empties the output. */
static bool rewound(int in, int out) {
  return lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0 && ftruncate(out, 0) == 0;
}

/* Assembles what is in `in` to `out`; its messages are in `errors` then. */
static bool assemble(kiln_target target, int in, int out, int errors) {
  char path[64], triple[64];
  kiln_target host;
  bool native = kiln_target_host(&host) && host == target;
  const char *own = getenv("KILN_AS"), *name = kiln_target_name(target);
  snprintf(path, sizeof path, "/proc/self/fd/%d", out);
  snprintf(triple, sizeof triple, "--target=%s-linux-gnu", name);
  char cross[64];
  snprintf(cross, sizeof cross, "%s-linux-gnu-as", name);
  /* `as` alone may be another target's, if folders of a cross compiler are in $PATH */
  const char *const names[] = {own != NULL && own[0] != 0 ? own : cross,
                               native && (own == NULL || own[0] == 0) ? "as" : NULL};
  const char *clang = getenv("KILN_CLANG");
  const char *const with_clang[] = {clang != NULL && clang[0] != 0 ? clang : "clang-22",
                                    triple,
                                    march[target][1],
                                    "-c",
                                    "-x",
                                    "assembler",
                                    "-",
                                    "-o",
                                    "-",
                                    NULL};
  int status = -1;
  for (unsigned k = 0; k < 2 && names[k] != NULL && status < 0; k++) {
    const char *const as[] = {names[k], "-o", path, march[target][0], NULL};
    if (!rewound(in, out)) return false;
    status = run(as, in, errors, errors);
  }
  /* clang may know what GNU as does not; if it cannot be started, the messages of GNU as stay */
  return status == 0 || (rewound(in, out) && run(with_clang, in, out, errors) == 0);
}

/* ---- the input ---- */

static bool is_name(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$';
}

/* Writes a text; its local labels, which begin with .L, get names of their own. */
static uint32_t put_text(FILE *f, const kiln_assembly *t, uint32_t number) {
  uint32_t lines = 0;
  const char *s = t->text, *end = s + t->text_bytes;
  for (; s < end; s++) {
    fputc(*s, f);
    lines += *s == '\n';
    if (s[0] == '.' && end - s > 1 && s[1] == 'L' && (s == t->text || !is_name(s[-1]))) {
      fprintf(f, "L%u.", number);
      s++;
    }
  }
  return lines;
}

/* Writes all texts; `lines` gets the number of the first line of each, and of the end. */
static bool put_all(int fd, const kiln_assembly *texts, uint32_t n, uint32_t *lines) {
  int copy = dup(fd);
  FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;
  uint32_t line = 1;
  if (f == NULL) return false;
  for (uint32_t i = 0; i < n; i++) {
    if (texts[i].whole) fprintf(f, ".text\n");
    else fprintf(f, ".section " SECTION "%u,\"ax\",@progbits\n", i);
    lines[i] = line;
    line += 1 + put_text(f, &texts[i], i);
    if (texts[i].text_bytes && texts[i].text[texts[i].text_bytes - 1] != '\n')
      fputc('\n', f), line++;
  }
  lines[n] = line;
  return fclose(f) == 0;
}

/* ---- the output ---- */

struct object {
  const uint8_t *at;
  size_t size;
  const Elf64_Ehdr *head;
  const Elf64_Shdr *sections;
  const Elf64_Sym *symbols;
  size_t n_symbols;
  const char *strings;
  size_t strings_size;
};

/* The content of section `s`; NULL if it is not within the object. */
static const void *content(const struct object *o, const Elf64_Shdr *s) {
  if (s->sh_type == SHT_NOBITS || s->sh_offset > o->size || s->sh_size > o->size - s->sh_offset)
    return NULL;
  return o->at + s->sh_offset;
}

static bool open_object(struct object *o) {
  o->head = (const void *)o->at;
  if (o->size < sizeof *o->head || memcmp(o->at, ELFMAG, SELFMAG) != 0) return false;
  if (o->head->e_shentsize != sizeof(Elf64_Shdr) || o->head->e_shoff > o->size ||
      o->head->e_shnum > (o->size - o->head->e_shoff) / sizeof(Elf64_Shdr))
    return false;
  o->sections = (const void *)(o->at + o->head->e_shoff);
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->head->e_shnum) continue;
    o->symbols = content(o, s);
    o->n_symbols = s->sh_size / sizeof(Elf64_Sym);
    o->strings = content(o, &o->sections[s->sh_link]);
    o->strings_size = o->sections[s->sh_link].sh_size;
  }
  return o->symbols == NULL || (o->strings != NULL && o->strings_size > 0 &&
                                o->strings[o->strings_size - 1] == 0); /* it may have no symbols */
}

static const char *section_name(const struct object *o, unsigned i) {
  if (o->head->e_shstrndx >= o->head->e_shnum) return "";
  const Elf64_Shdr *names = &o->sections[o->head->e_shstrndx];
  const char *at = content(o, names);
  if (at == NULL || o->sections[i].sh_name >= names->sh_size || at[names->sh_size - 1] != 0)
    return "";
  return at + o->sections[i].sh_name;
}

/* Takes over the relocations `s`, of a section of its own (`own`), or of any section of a whole text, whose sections
 * have the numbers `numbers`. NULL, or what is wrong. */
static const char *relocations(struct tool_assembler *a, const struct object *o,
                               const Elf64_Shdr *s, unsigned own, const uint32_t *numbers,
                               const kiln_assembled_reloc **out, uint32_t *n_out) {
  static const char unreadable[] = "the assembler's object cannot be read";
  const Elf64_Rela *from = content(o, s);
  size_t n = s->sh_size / sizeof *from;
  if (from == NULL) return unreadable;
  kiln_assembled_reloc *to = keep(a, n * sizeof *to);
  if (to == NULL) return "out of memory";
  for (size_t i = 0; i < n; i++) {
    size_t k = ELF64_R_SYM(from[i].r_info);
    if (k >= o->n_symbols || o->symbols[k].st_name >= o->strings_size) return unreadable;
    const Elf64_Sym *y = &o->symbols[k];
    bool inside = y->st_shndx != SHN_UNDEF;
    to[i] = (kiln_assembled_reloc){.offset_bytes = (uint32_t)from[i].r_offset,
                                   .type = (uint32_t)ELF64_R_TYPE(from[i].r_info),
                                   .addend = from[i].r_addend};
    if (inside && numbers == NULL)
      return y->st_shndx == own ? "not implemented: a reference to a place in the assembly itself"
                                : "not implemented: a reference to another section";
    if (inside && ELF64_ST_BIND(y->st_info) == STB_LOCAL) {
      if (y->st_shndx >= o->head->e_shnum || numbers[y->st_shndx] == UINT32_MAX)
        return "not implemented: a reference to a section of this kind";
      to[i].section = numbers[y->st_shndx];
      to[i].addend += (int64_t)y->st_value;
      continue;
    }
    const char *symbol = o->strings + y->st_name;
    char *copy = keep(a, strlen(symbol));
    if (copy == NULL) return "out of memory";
    to[i].symbol = strcpy(copy, symbol);
  }
  *out = to;
  *n_out = (uint32_t)n;
  return NULL;
}

static const char *keep_string(struct tool_assembler *a, const char *s) {
  char *copy = keep(a, strlen(s));
  return copy != NULL ? strcpy(copy, s) : NULL;
}

/* Takes over one section of a whole text. */
static const char *whole_section(struct tool_assembler *a, const struct object *o, unsigned i,
                                 kiln_assembled_section *to) {
  const Elf64_Shdr *s = &o->sections[i];
  uint8_t *bytes = NULL;
  if (s->sh_type != SHT_NOBITS) {
    const void *from = content(o, s);
    if (from == NULL || (bytes = keep(a, s->sh_size)) == NULL) return "out of memory";
    memcpy(bytes, from, s->sh_size);
  }
  *to = (kiln_assembled_section){.name = keep_string(a, section_name(o, i)),
                                 .type = s->sh_type,
                                 .entry_bytes = (uint32_t)s->sh_entsize,
                                 .bytes = bytes,
                                 .size_bytes = s->sh_size};
  if (s->sh_flags & (SHF_TLS | SHF_GROUP | SHF_LINK_ORDER | SHF_COMPRESSED))
    return "not implemented: sections of this kind in module-level assembly";
  to->flags = (s->sh_flags & SHF_ALLOC ? KILN_SECTION_ALLOC : 0u) |
              (s->sh_flags & SHF_WRITE ? KILN_SECTION_WRITE : 0u) |
              (s->sh_flags & SHF_EXECINSTR ? KILN_SECTION_EXEC : 0u) |
              (s->sh_flags & SHF_MERGE ? KILN_SECTION_MERGE : 0u) |
              (s->sh_flags & SHF_STRINGS ? KILN_SECTION_STRINGS : 0u) |
              (s->sh_flags & SHF_EXCLUDE ? KILN_SECTION_EXCLUDE : 0u);
  while (to->align_log2 < 16 && UINT64_C(1) << to->align_log2 < s->sh_addralign) to->align_log2++;
  return to->name != NULL ? NULL : "out of memory";
}

/* Takes over all of an object that was made of one text. NULL, or what is wrong. */
static const char *take_whole(struct tool_assembler *a, struct object *o, kiln_assembly *t) {
  if (!open_object(o)) return "the assembler's object cannot be read";
  uint32_t *numbers = keep(a, o->head->e_shnum * sizeof *numbers), n = 0, n_symbols = 0;
  kiln_assembled_section *sections = keep(a, o->head->e_shnum * sizeof *sections);
  kiln_assembled_symbol *symbols = keep(a, o->n_symbols * sizeof *symbols);
  const char *error = NULL;
  if (numbers == NULL || sections == NULL || symbols == NULL) return "out of memory";
  for (unsigned i = 0; i < o->head->e_shnum && error == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    bool content = s->sh_size != 0 && s->sh_type != SHT_SYMTAB && s->sh_type != SHT_STRTAB &&
                   s->sh_type != SHT_RELA && s->sh_type != SHT_NULL && s->sh_type != SHT_GROUP &&
                   strcmp(section_name(o, i), ".note.gnu.property") != 0;
    numbers[i] = content ? n : UINT32_MAX;
    if (content) error = whole_section(a, o, i, &sections[n++]);
  }
  for (unsigned i = 0; i < o->head->e_shnum && error == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= o->head->e_shnum ||
        numbers[s->sh_info] == UINT32_MAX)
      continue;
    kiln_assembled_section *to = &sections[numbers[s->sh_info]];
    error = relocations(a, o, s, s->sh_info, numbers, &to->relocs, &to->n_relocs);
  }
  for (size_t i = 1; i < o->n_symbols && error == NULL; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    unsigned type = ELF64_ST_TYPE(y->st_info), bind = ELF64_ST_BIND(y->st_info);
    if (type == STT_SECTION || type == STT_FILE || y->st_shndx == SHN_UNDEF ||
        y->st_name >= o->strings_size || o->strings[y->st_name] == 0)
      continue;
    const char *name = o->strings + y->st_name;
    if (bind == STB_LOCAL && (name[0] == '$' || strncmp(name, ".L", 2) == 0)) continue;
    if (y->st_shndx >= o->head->e_shnum || type == STT_TLS || type == STT_GNU_IFUNC)
      return "not implemented: a symbol of this kind in module-level assembly";
    if (numbers[y->st_shndx] == UINT32_MAX)
      return "not implemented: a symbol in a section without content";
    symbols[n_symbols++] = (kiln_assembled_symbol){.name = keep_string(a, name),
                                                   .section = numbers[y->st_shndx],
                                                   .offset_bytes = y->st_value,
                                                   .global = bind != STB_LOCAL,
                                                   .weak = bind == STB_WEAK,
                                                   .visibility = ELF64_ST_VISIBILITY(y->st_other)};
    if (symbols[n_symbols - 1].name == NULL) return "out of memory";
  }
  t->sections = sections;
  t->n_sections = n;
  t->symbols = symbols;
  t->n_symbols = n_symbols;
  return error;
}

static bool contains(const kiln_assembly *t, const char *word, size_t length) {
  return memmem(t->text, t->text_bytes, word, length) != NULL;
}

/* True if `text` may put something elsewhere than into its own section. */
static bool leaves_section(const kiln_assembly *t) {
  static const char *const words[] = {".section", ".pushsection", ".data",      ".bss",
                                      ".text",    ".previous",    ".subsection"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (contains(t, words[i], strlen(words[i]))) return true;
  return false;
}

/* What a text says about symbols beyond its own code has no effect, so it is refused: directives, which need not leave a
 * trace in the object, and definitions. */
static void refuse_symbols(const struct object *o, kiln_assembly *texts, uint32_t n) {
  static const char *const words[] = {".symver", ".weak", ".hidden", ".protected", ".internal"};
  for (uint32_t k = 0; k < n; k++)
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (contains(&texts[k], words[i], strlen(words[i])))
        texts[k].error = "not implemented: a symbol's version, binding or visibility";
  for (size_t i = 1; i < o->n_symbols; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    if (ELF64_ST_BIND(y->st_info) == STB_LOCAL || y->st_shndx == SHN_UNDEF ||
        y->st_name >= o->strings_size)
      continue;
    const char *name = o->strings + y->st_name;
    const char *in = y->st_shndx < o->head->e_shnum ? section_name(o, y->st_shndx) : "";
    bool own = strncmp(in, SECTION, strlen(SECTION)) == 0;
    unsigned long number = own ? strtoul(in + strlen(SECTION), NULL, 10) : n;
    for (uint32_t k = 0; k < n; k++)
      if (k == number || contains(&texts[k], name, strlen(name)))
        texts[k].error = "not implemented: a definition of a global symbol";
  }
}

/* Takes the object apart. */
static bool take(struct tool_assembler *a, struct object *o, kiln_assembly *texts, uint32_t n) {
  if (!open_object(o)) return false;
  for (unsigned i = 1; i < o->head->e_shnum; i++) {
    const char *name = section_name(o, i);
    const Elf64_Shdr *s = &o->sections[i];
    if (strncmp(name, SECTION, strlen(SECTION)) != 0) {
      bool elsewhere = s->sh_size != 0 && s->sh_type != SHT_NULL && s->sh_type != SHT_SYMTAB &&
                       s->sh_type != SHT_STRTAB && s->sh_type != SHT_RELA &&
                       s->sh_type != SHT_GROUP && strcmp(name, ".note.gnu.property") != 0;
      for (uint32_t k = 0; k < n && elsewhere; k++)
        if (leaves_section(&texts[k])) texts[k].error = "not implemented: other sections";
      continue;
    }
    unsigned long k = strtoul(name + strlen(SECTION), NULL, 10);
    if (k >= n) continue;
    const uint8_t *bytes = content(o, s);
    if (bytes == NULL || s->sh_size > UINT32_MAX) return false;
    uint8_t *copy = keep(a, s->sh_size);
    if (copy == NULL) return false;
    memcpy(copy, bytes, s->sh_size);
    texts[k].bytes = copy;
    texts[k].size_bytes = (uint32_t)s->sh_size;
  }
  for (unsigned i = 1; i < o->head->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    const char *name =
      s->sh_type == SHT_RELA && s->sh_info < o->head->e_shnum ? section_name(o, s->sh_info) : "";
    if (strncmp(name, SECTION, strlen(SECTION)) != 0) continue;
    unsigned long k = strtoul(name + strlen(SECTION), NULL, 10);
    if (k >= n) continue;
    const char *error =
      relocations(a, o, s, s->sh_info, NULL, &texts[k].relocs, &texts[k].n_relocs);
    if (error != NULL) texts[k].error = error;
  }
  refuse_symbols(o, texts, n);
  return true;
}

/* The whole of a descriptor's file; NULL if it is empty. */
static void *map(int fd, size_t *size) {
  struct stat st;
  if (fstat(fd, &st) != 0 || st.st_size == 0) return NULL;
  *size = (size_t)st.st_size;
  void *p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

/* Gives each text the first message that is about one of its lines; those without one that of another. */
static void errors_of(struct tool_assembler *a, int fd, kiln_assembly *texts, uint32_t n,
                      const uint32_t *lines) {
  size_t size = 0;
  const char *all = map(fd, &size), *end = all + size;
  bool found = false;
  const char *some = all != NULL ? "the assembler has failed"
                                 : "no assembler (as of GNU binutils, or clang-22) can be started";
  for (const char *s = all; all != NULL && s < end;) {
    const char *e = memchr(s, '\n', (size_t)(end - s));
    size_t length = e != NULL ? (size_t)(e - s) : (size_t)(end - s);
    char line[512], *at, *word;
    snprintf(line, sizeof line, "%.*s", (int)(length < 500 ? length : 500), s);
    s += length + 1;
    if ((word = strstr(line, "Error: ")) == NULL && (word = strstr(line, "error: ")) == NULL)
      continue;
    if ((at = strchr(line, ':')) == NULL) continue;
    unsigned long number = strtoul(at + 1, NULL, 10);
    char *message = keep(a, strlen(word + 7));
    if (message == NULL) break;
    strcpy(message, word + 7);
    if (!found) some = message;
    found = true;
    for (uint32_t k = 0; k < n; k++)
      if (number >= lines[k] && number < lines[k + 1] && texts[k].error == NULL)
        texts[k].error = message;
  }
  for (uint32_t k = 0; k < n; k++)
    if (texts[k].error == NULL) texts[k].error = some;
  if (all != NULL) munmap((void *)(uintptr_t)all, size);
}

/* All of `n` texts, or one whole one. */
static bool assemble_these(void *user, kiln_target target, kiln_assembly *texts, uint32_t n) {
  struct tool_assembler *a = user;
  uint32_t *lines = calloc((size_t)n + 1, sizeof *lines);
  int in = memfd_create("kiln.s", 0), out = memfd_create("kiln.o", 0),
      errors = memfd_create("errors", 0);
  bool ok = lines != NULL && in >= 0 && out >= 0 && errors >= 0 && put_all(in, texts, n, lines);
  if (ok && !assemble(target, in, out, errors)) {
    errors_of(a, errors, texts, n, lines);
  } else if (ok) {
    struct object o = {0};
    void *at = map(out, &o.size);
    o.at = at;
    ok = at != NULL;
    if (ok && texts[0].whole) texts[0].error = take_whole(a, &o, &texts[0]);
    else ok = ok && take(a, &o, texts, n);
    if (at != NULL) munmap(at, o.size);
  }
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  if (errors >= 0) close(errors);
  free(lines);
  return ok;
}

bool tool_assemble(void *user, kiln_target target, kiln_assembly *texts, uint32_t n) {
  uint32_t first = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!texts[i].whole) continue;
    if ((i > first && !assemble_these(user, target, texts + first, i - first)) ||
        !assemble_these(user, target, texts + i, 1))
      return false;
    first = i + 1;
  }
  return first == n || assemble_these(user, target, texts + first, n - first);
}

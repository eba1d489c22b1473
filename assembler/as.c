/* The assembler of a module's inline assembly: the system's, started once for all texts of a call. Each text is put
 * into a section of its own; as_object.c takes the object apart. Called by the library (kiln_module_options), for
 * whoever gave it this (kiln/as.h). Invariant: nothing is written to disk. */
#define _GNU_SOURCE /* memfd_create */
#include "as_parts.h"

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

/* Memory that results are in, until the module ends. */
struct chunk {
  struct chunk *next;
  max_align_t bytes[];
};
struct kiln_as {
  pthread_mutex_t lock;
  struct chunk *chunks;
  const char *assembler, *clang; /* in `chunks`; NULL: the environment or the defaults say them */
  bool no_environment;
};

void *kn_as_keep(kiln_as *a, size_t size) {
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

/* Runs `argv` with these descriptors as its input, output and errors. Its exit status, or -1 if
 * it cannot be started. */
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
  [KILN_PROCESSOR_X86_64] = {NULL, "-Wa,-W"},
  [KILN_PROCESSOR_AARCH64] = {"-march=armv9-a+sve2+memtag+crypto+sha3+sm4+rng+ls64",
                              "-march=armv9-a+sve2+memtag+crypto+sha3+sm4"},
};
_Static_assert(sizeof march / sizeof *march == KILN_PROCESSOR_COUNT, "every target has a row");

/* Goes back to the begin of the input, and empties the output. */
static bool rewound(int in, int out) {
  return lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0 && ftruncate(out, 0) == 0;
}

/* What an option or a variable says; NULL: neither does. */
static const char *said(const kiln_as *a, const char *option, const char *variable) {
  if (option != NULL || a->no_environment) return option;
  const char *name = getenv(variable);
  return name != NULL && name[0] != 0 ? name : NULL;
}

static const char *clang_name(const kiln_as *a) {
  const char *name = said(a, a->clang, "KILN_CLANG");
  return name != NULL ? name : "clang-22";
}

/* The same for Windows, by clang first: GNU as fills up the code of each section there. */
static bool assemble_coff(const kiln_as *a, int in, int out, int errors) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", out);
  const char *const with_clang[] = {
    clang_name(a), "--target=x86_64-windows-gnu", "-Wa,-W", "-c", "-x", "assembler", "-", "-o", "-",
    NULL};
  const char *const as[] = {"x86_64-w64-mingw32-as", "-o", path, NULL};
  if (!rewound(in, out)) return false;
  int status = run(with_clang, in, out, errors);
  if (status >= 0) return status == 0;
  return rewound(in, out) && run(as, in, errors, errors) == 0;
}

/* Assembles what is in `in` to `out`; its messages are in `errors` then. */
static bool assemble(const kiln_as *a, kiln_processor target, int in, int out, int errors) {
  char path[64], triple[64];
  kiln_target host;
  bool native = kiln_target_find_host(&host) && host.processor == target;
  const char *own = said(a, a->assembler, "KILN_AS"), *name = kiln_processor_name(target);
  snprintf(path, sizeof path, "/proc/self/fd/%d", out);
  snprintf(triple, sizeof triple, "--target=%s-linux-gnu", name);
  char cross[64];
  snprintf(cross, sizeof cross, "%s-linux-gnu-as", name);
  /* `as` alone may be another target's, if folders of a cross compiler are in $PATH */
  const char *const names[] = {own != NULL ? own : cross, native && own == NULL ? "as" : NULL};
  const char *const with_clang[] = {
    clang_name(a), triple, march[target][1], "-c", "-x", "assembler", "-", "-o", "-", NULL};
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

/* Where assemblers have pools of constants, the jump over them. */
static const char *const jump[] = {[KILN_PROCESSOR_X86_64] = NULL, [KILN_PROCESSOR_AARCH64] = "b"};
_Static_assert(sizeof jump / sizeof *jump == KILN_PROCESSOR_COUNT, "every target has a row");

/* Has the text a constant that an assembler puts into a pool, as of `ldr x0, =1000000`? */
static bool has_literal(const kiln_assembly *t) {
  const char *end = t->text + t->text_bytes;
  for (const char *s = t->text; (s = memchr(s, ',', (size_t)(end - s))) != NULL;) {
    for (s++; s < end && (*s == ' ' || *s == '\t'); s++) {
    }
    if (s < end && *s == '=') return true;
  }
  return false;
}

/* Writes all texts; `lines` gets the number of the first line of each, and of the end. */
static bool put_all(int fd, kiln_target t, bool coff, kiln_assembly *texts, uint32_t n,
                    uint32_t *lines) {
  const kiln_processor target = t.processor;
  int copy = dup(fd);
  FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;
  uint32_t line = 1;
  if (f == NULL) return false;
  for (uint32_t i = 0; i < n; i++) {
    if (texts[i].whole) fprintf(f, ".text\n");
    else kn_as_put_section(f, coff, &texts[i], i);
    bool frame =
      texts[i].rows && t.system != KILN_SYSTEM_WINDOWS && !kn_as_has(&texts[i], ".cfi_startproc");
    if (frame) fprintf(f, ".cfi_startproc\n"), line++;
    lines[i] = line;
    line += 1 + kn_as_put_text(f, target, coff, &texts[i], i);
    if (texts[i].text_bytes && texts[i].text[texts[i].text_bytes - 1] != '\n')
      fputc('\n', f), line++;
    if (jump[target] != NULL && !texts[i].whole && has_literal(&texts[i])) {
      fprintf(f, "%s .Lkiln_behind%u\n.ltorg\n.Lkiln_behind%u:\n", jump[target], i, i);
      line += 3;
    }
    if (frame) fprintf(f, ".cfi_endproc\n"), line++;
  }
  lines[n] = line;
  return fclose(f) == 0;
}

/* The whole of a descriptor's file; NULL if it is empty. */
static void *map(int fd, size_t *size) {
  struct stat st;
  if (fstat(fd, &st) != 0 || st.st_size == 0) return NULL;
  *size = (size_t)st.st_size;
  void *p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

/* The text that has a line; `n` if there is none. */
static uint32_t text_of(const uint32_t *lines, uint32_t n, unsigned long line) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (lines[middle + 1] <= line) low = middle + 1;
    else high = middle;
  }
  return low < n && lines[low] <= line ? low : n;
}

/* Gives each text the first message that is about one of its lines; those without one that of another. */
static void errors_of(kiln_as *a, int fd, kiln_assembly *texts, uint32_t n, const uint32_t *lines) {
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
    char *message = kn_as_keep(a, strlen(word + 7));
    if (message == NULL) break;
    strcpy(message, word + 7);
    if (!found) some = message;
    found = true;
    uint32_t k = text_of(lines, n, number);
    if (k < n && texts[k].error == NULL) texts[k].error = message;
  }
  for (uint32_t k = 0; k < n; k++)
    if (texts[k].error == NULL) texts[k].error = some;
  if (all != NULL) munmap((void *)(uintptr_t)all, size);
}

/* All of `n` texts, or one whole one. */
static bool assemble_these(void *user, kiln_target t, kiln_assembly *texts, uint32_t n) {
  kiln_as *a = user;
  const kiln_processor target = t.processor;
  bool windows = t.system == KILN_SYSTEM_WINDOWS, coff = windows && texts[0].whole;
  /* instructions alone are the same in all formats, and GNU as for ELF is the fastest */
  for (uint32_t i = 0; i < n && windows && !coff; i++) coff = kn_as_has_directives(&texts[i]);
  uint32_t *lines = calloc((size_t)n + 1, sizeof *lines);
  int in = memfd_create("kiln.s", 0), out = memfd_create("kiln.o", 0),
      errors = memfd_create("errors", 0);
  bool ok =
    lines != NULL && in >= 0 && out >= 0 && errors >= 0 && put_all(in, t, coff, texts, n, lines);
  if (ok && !(coff ? assemble_coff(a, in, out, errors) : assemble(a, target, in, out, errors))) {
    errors_of(a, errors, texts, n, lines);
  } else if (ok) {
    size_t size;
    void *at = map(out, &size);
    ok = at != NULL && kn_as_take(a, target, coff, at, size, texts, n);
    if (at != NULL) munmap(at, size);
  }
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  if (errors >= 0) close(errors);
  free(lines);
  return ok;
}

kiln_status kiln_as_assemble(void *as, const kiln_target *target, kiln_assembly *texts,
                             uint32_t n) {
  uint32_t first = 0;
  if (as == NULL) return KILN_ERR_UNSUPPORTED;
  if (target == NULL || (texts == NULL && n != 0)) return KILN_ERR_ARGUMENT;
  if (!kn_as_knows(target->processor)) {
    char *message = kn_as_keep(as, 64);
    if (message == NULL) return KILN_ERR_MEMORY;
    snprintf(message, 64, "assembly for %s is not supported",
             kiln_processor_name(target->processor));
    for (uint32_t i = 0; i < n; i++) texts[i].error = message;
    return KILN_OK;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!texts[i].whole) continue;
    if ((i > first && !assemble_these(as, *target, texts + first, i - first)) ||
        !assemble_these(as, *target, texts + i, 1))
      return KILN_ERR_IO;
    first = i + 1;
  }
  return first == n || assemble_these(as, *target, texts + first, n - first) ? KILN_OK
                                                                             : KILN_ERR_IO;
}

/* Copies an option, if it is given; false without memory. */
static bool copy_name(kiln_as *a, const char **to, const char *name) {
  if (name == NULL) return true;
  char *copy = kn_as_keep(a, strlen(name));
  *to = copy != NULL ? strcpy(copy, name) : NULL;
  return copy != NULL;
}

kiln_as *kiln_as_new(const kiln_as_options *options) {
  static const kiln_as_options defaults;
  if (options == NULL) options = &defaults;
  for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
    if (options->reserved[i] != 0) return NULL;
  kiln_as *a = calloc(1, sizeof *a);
  if (a == NULL) return NULL;
  pthread_mutex_init(&a->lock, NULL);
  a->no_environment = options->no_environment;
  if (copy_name(a, &a->assembler, options->assembler) && copy_name(a, &a->clang, options->clang))
    return a;
  kiln_as_free(a);
  return NULL;
}

void kiln_as_free(kiln_as *a) {
  if (a == NULL) return;
  for (struct chunk *c = a->chunks, *next; c != NULL; c = next) {
    next = c->next;
    free(c);
  }
  pthread_mutex_destroy(&a->lock);
  free(a);
}

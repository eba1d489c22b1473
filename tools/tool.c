/* Inputs and modules of the `kiln` tool: what every verb needs besides the API. Called by the verbs. */
#include "tool.h"

#include "qbe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kiln/llvm.h>

const char *tool_targets(char out[TOOL_TARGETS_SIZE], const char *last) {
  const char *name, *next = kiln_processor_name((kiln_processor)1);
  size_t n = 0;
  for (unsigned t = 1; (name = next) != NULL && n < TOOL_TARGETS_SIZE; t++) {
    next = kiln_processor_name((kiln_processor)(t + 1));
    const char *before = t == 1 ? "" : next != NULL ? ", " : last;
    n += (size_t)snprintf(out + n, TOOL_TARGETS_SIZE - n, "%s%s", before, name);
  }
  return out;
}

int tool_parse_target(const char *name, kiln_target *out) {
  char targets[TOOL_TARGETS_SIZE];
  if (kiln_target_find(name, out)) return TOOL_OK;
  return tool_usage("unknown target '%s': %s", name, tool_targets(targets, " or "));
}

int tool_hand_over(const char *name, char **argv, const char *where) {
  char path[PATH_MAX];
  if (tool_beside(name, path)) execv(path, argv);
  execvp(name, argv);
  tool_error("%s: %s (%s)", name, strerror(errno), where);
  return TOOL_FAILED;
}

char *tool_derived_name(const char *path) {
  const char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  const char *dot = strrchr(base, '.');
  size_t n = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  char *name = malloc(n + 3);
  if (name == NULL) return NULL;
  memcpy(name, base, n);
  memcpy(name + n, ".o", 3);
  return name;
}

/* ---- inputs ---- */

/* Reads what cannot be mapped: pipes, terminals. */
static bool read_all(int fd, struct tool_input *in) {
  kiln_buffer b = {0};
  for (;;) {
    size_t room = b.size < 65536 ? 65536 : b.size;
    uint8_t *to = kiln_buffer_reserve(&b, room);
    if (to == NULL) {
      errno = ENOMEM;
      break;
    }
    ssize_t n = read(fd, to, room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    if (n == 0) {
      in->bytes = b.data;
      in->size = b.size;
      return true;
    }
    b.size += (size_t)n;
  }
  kiln_buffer_free(&b);
  return false;
}

bool tool_input_open(struct tool_input *in, const char *path) {
  memset(in, 0, sizeof *in);
  in->path = path;
  int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  bool ok = fd >= 0 && fstat(fd, &st) == 0;
  if (ok && S_ISREG(st.st_mode) && st.st_size > 0 && fd != STDIN_FILENO) {
    /* MAP_POPULATE, since every byte is read anyway. */
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    in->mapped = p != MAP_FAILED;
    if (in->mapped) {
      in->bytes = p;
      in->size = (size_t)st.st_size;
    }
  }
  if (ok && !in->mapped) ok = read_all(fd, in);
  if (!ok) tool_error("%s: %s", path, strerror(errno));
  if (fd >= 0 && fd != STDIN_FILENO) close(fd);
  if (ok && in->size == 0) { /* a failed command before this one left it empty */
    tool_error("%s: the input is empty", path);
    tool_input_close(in);
    ok = false;
  }
  if (ok) in->bitcode = kiln_llvm_is_bitcode(in->bytes, in->size);
  return ok;
}

void tool_input_done(const struct tool_input *in) {
  if (in->mapped) (void)madvise((void *)(uintptr_t)in->bytes, in->size, MADV_DONTNEED);
}

void tool_input_close(struct tool_input *in) {
  if (in->mapped) {
    munmap((void *)(uintptr_t)in->bytes, in->size);
  } else {
    kiln_buffer b = {.data = (uint8_t *)(uintptr_t)in->bytes, .size = in->size};
    kiln_buffer_free(&b);
  }
  memset(in, 0, sizeof *in);
}

/* ---- modules ---- */

_Thread_local kiln_diag *tool_thread_diag;

/* Prints an input's first diagnostic; later ones repeat it on higher levels. */
static void print_diag(void *user, const kiln_diag *d) {
  struct tool_module *t = user;
  if (tool_thread_diag != NULL) {
    if (tool_thread_diag->status == KILN_OK) *tool_thread_diag = *d;
    return;
  }
  if (t->errors++ > 0) return;
  tool_diag_print(d);
}

/* The target that an input is for: what bitcode's triple or a text's `target` line says, or else
 * the machine that the tool runs on. False if that is no target either. */
static bool input_target(const struct tool_input *in, kiln_target *out) {
  if (in->bitcode && kiln_llvm_find_target(in->bytes, in->size, out)) return true;
  if (!in->bitcode && !in->qbe) {
    static const char key[] = "target ";
    const char *at = (const char *)in->bytes, *end = at + in->size;
    while (at < end) {
      const char *eol = memchr(at, '\n', (size_t)(end - at));
      if (eol == NULL) eol = end;
      if ((size_t)(eol - at) >= sizeof key && memcmp(at, key, sizeof key - 1) == 0) {
        const char *word = at + sizeof key - 1;
        char name[64];
        size_t n = 0;
        while (word < eol && n + 1 < sizeof name && *word > ' ' && *word != ';')
          name[n++] = *word++;
        name[n] = 0;
        if (kiln_target_find(name, out)) return true;
      }
      at = eol + 1;
    }
  }
  return kiln_target_find_host(out);
}

/* Files that are neither bitcode nor text, by their suffix, and what takes them. */
static const struct {
  const char *suffixes;
  enum tool_language language;
  const char *advice;
} others[] = {
  {".c.i.", TOOL_C, "C: kiln cc -c"},
  {".cpp.cc.cxx.c++.C.ii.cppm.", TOOL_CXX, "C++: kiln c++ -c"},
  {".ssa.", TOOL_QBE, "QBE's language: kiln qbe"},
  {".rs.", TOOL_OTHER, "Rust: kiln cargo, or rustc --emit=llvm-bc"},
  {".ll.", TOOL_OTHER, "LLVM's text: llvm-as makes bitcode of it"},
  {".s.S.", TOOL_OTHER, "assembly: kiln cc -c"},
  {".o.a.so.", TOOL_OTHER, "compiled: kiln dis, or a linker"},
};

enum tool_language tool_language(const char *path, const char **advice) {
  const char *slash = strrchr(path, '/'), *dot = strrchr(slash != NULL ? slash : path, '.');
  char suffix[16];
  int n = dot != NULL ? snprintf(suffix, sizeof suffix, "%s.", dot) : INT_MAX;
  for (size_t i = 0; n < (int)sizeof suffix && i < sizeof others / sizeof *others; i++) {
    if (strstr(others[i].suffixes, suffix) == NULL) continue;
    *advice = others[i].advice;
    return others[i].language;
  }
  return TOOL_OWN;
}

bool tool_module_open(struct tool_module *t, const struct tool_input *in,
                      kiln_module_options options, bool target_given) {
  memset(t, 0, sizeof *t);
  const char *advice;
  if (!in->bitcode && !in->qbe && tool_language(in->path, &advice) != TOOL_OWN) {
    tool_error("%s: expected LLVM bitcode or Kiln's text; this is %s", in->path, advice);
    return false;
  }
  options.name = strcmp(in->path, "-") == 0 ? "<stdin>" : in->path;
  options.on_diag = print_diag;
  options.on_diag_user = t;
  if (!target_given && !input_target(in, &options.target)) {
    char targets[TOOL_TARGETS_SIZE];
    tool_error("%s: the input names no target; give --target=%s", in->path,
               tool_targets(targets, " or "));
    return false;
  }
  t->assembler = kiln_as_new(&options);
  t->module = kiln_module_new(&options);
  if (t->module != NULL) t->session = kiln_session_new(t->module);
  if (t->session != NULL) return true;
  tool_error("%s: %s", in->path, kiln_status_name(KILN_ERR_MEMORY));
  tool_module_close(t);
  return false;
}

int tool_parse_inline(const char *word, struct tool_inlining *out) {
  if (tool_inlining_parse(word, out)) return TOOL_OK;
  return tool_usage("bad size '%s' of functions to be inlined: 1 to 10000, small or must", word);
}

void tool_module_close(struct tool_module *t) {
  if (t->session != NULL) kiln_session_free(t->session);
  kiln_module_free(t->module);
  kiln_as_free(t->assembler);
  memset(t, 0, sizeof *t);
}

kiln_status tool_module_read(struct tool_module *t, const struct tool_input *in,
                             kiln_func_sink_fn sink, void *user, uint64_t *instructions) {
  const char *text = (const char *)in->bytes;
  kiln_status s;
  if (in->qbe) s = kiln_qbe_read(t->session, text, in->size, sink, user, instructions);
  else if (in->bitcode)
    s = kiln_llvm_read(t->session, in->bytes, in->size, sink, user, instructions);
  else s = kiln_text_read(t->session, text, in->size, sink, user);
  return s != KILN_OK ? s : kiln_module_status(t->module);
}

void tool_module_report(struct tool_module *t, const struct tool_input *in, kiln_status status) {
  if (t->errors > 0) return;
  kiln_diag d = *kiln_module_diag(t->module);
  if (d.status == KILN_OK) tool_error("%s: %s", in->path, kiln_status_name(status));
  else print_diag(t, &d);
}

/* Inputs and modules of the `kiln` tool: what every verb needs besides the API. Called by the verbs. */
#include "system.h"
#include "options.h"
#include "tool.h"

#include "qbe.h"

#include <stdlib.h>

#include <kiln/llvm.h>

/* True if the library has the target. */
static bool is_target(kiln_target t) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.target = t});
  bool has = m != NULL && kiln_module_status(m) == KILN_OK;
  kiln_module_free(m);
  return has;
}

/* Writes the name of target `i`, the shortest that --target knows: Linux is not named. Those of Linux come first. False
 * if there is no target of that number. */
static bool name_target(unsigned i, char name[TOOL_TARGETS_SIZE]) {
  const char *processor;
  for (unsigned s = KILN_SYSTEM_LINUX; s < KILN_SYSTEM_COUNT; s++) {
    const bool unnamed = s == KILN_SYSTEM_LINUX;
    const char *system = unnamed ? "" : kiln_system_name((kiln_system)s);
    for (unsigned p = 1; (processor = kiln_processor_name((kiln_processor)p)) != NULL; p++) {
      const kiln_target t = {.processor = (kiln_processor)p, .system = (kiln_system)s};
      if (!is_target(t) || i-- != 0) continue;
      snprintf(name, TOOL_TARGETS_SIZE, "%s%s%s", processor, unnamed ? "" : "-", system);
      return true;
    }
  }
  return false;
}

const char *tool_targets(char out[TOOL_TARGETS_SIZE], const char *between, const char *last) {
  char name[TOOL_TARGETS_SIZE], next[TOOL_TARGETS_SIZE];
  size_t n = 0;
  bool more = name_target(0, next);
  for (unsigned i = 1; more && n < TOOL_TARGETS_SIZE; i++) {
    const char *before = i == 1 ? "" : between;
    memcpy(name, next, sizeof name);
    more = name_target(i, next);
    if (i > 1 && !more) before = last;
    n += (size_t)snprintf(out + n, TOOL_TARGETS_SIZE - n, "%s%s", before, name);
  }
  return out;
}

int tool_parse_target(const char *name, kiln_target *out) {
  char targets[TOOL_TARGETS_SIZE];
  if (kiln_target_find(name, out)) return TOOL_OK;
  return tool_usage("unknown target '%s': %s", name, tool_targets(targets, ", ", " or "));
}

char *tool_dwo_name(const char *path) {
  const char *slash = kn_last_slash(path), *dot = strrchr(slash != NULL ? slash : path, '.');
  size_t n = dot != NULL ? (size_t)(dot - path) : strlen(path);
  char *name = malloc(n + sizeof ".dwo");
  if (name == NULL) return NULL;
  memcpy(name, path, n);
  memcpy(name + n, ".dwo", sizeof ".dwo");
  return name;
}

char *tool_derived_name(const char *path) {
  const char *base = kn_last_slash(path);
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

/* Reads what cannot be mapped: pipes, terminals; not devices without end. */
enum { MOST_PIPED = 1 << 30 }; /* bytes */

static bool read_all(int fd, struct tool_input *in) {
  kiln_buffer b = {0};
  for (;;) {
    size_t room = b.size < 65536 ? 65536 : b.size;
    uint8_t *to = kiln_buffer_reserve(&b, room);
    if (to == NULL || b.size >= MOST_PIPED) {
      errno = to == NULL ? ENOMEM : EFBIG;
      break;
    }
    ssize_t n = read(fd, to, kn_some(room));
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

bool tool_input_open(struct tool_input *in, const char *path, const struct tool_words *w) {
  char hint[TOOL_HINT_SIZE] = "";
  bool standard = strcmp(path, "-") == 0;
  memset(in, 0, sizeof *in);
  in->path = standard ? "<stdin>" : path[0] != 0 ? path : "''";
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | KN_OPEN);
  if (fd >= 0 && fd != STDIN_FILENO) tool_system_map(in, fd);
  bool ok = fd >= 0 && (in->mapped || read_all(fd, in));
  if (!ok) {
    int error = errno;
    tool_error("%s: %s%s", in->path, strerror(error),
               error == ENOENT ? tool_meant(w, path, hint) : "");
  }
  if (fd >= 0 && fd != STDIN_FILENO) close(fd);
  if (ok && in->size == 0) { /* a failed command before this one left it empty */
    tool_error("%s: the input is empty", in->path);
    tool_input_close(in);
    ok = false;
  }
  if (ok) tool_language_find(in);
  return ok;
}

void tool_input_done(const struct tool_input *in) {
  if (in->mapped) tool_system_forget(in);
}

void tool_input_close(struct tool_input *in) {
  if (in->mapped) {
    tool_system_unmap(in);
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

/* Shows the texts to tool_reading.on_assembly, and has them assembled. */
static kiln_status watch_assembly(void *user, const kiln_target *target, kiln_assembly *texts,
                                  uint32_t n_texts) {
  struct tool_module *t = user;
  t->how->on_assembly(t->how->on_assembly_user, texts, n_texts);
  return t->assemble(t->assemble_user, target, texts, n_texts);
}

bool tool_module_open(struct tool_module *t, const struct tool_input *in,
                      const struct tool_reading *how) {
  memset(t, 0, sizeof *t);
  if (in->language >= TOOL_OBJECT) {
    tool_error("%s: this is %s%s%s", in->path, in->what, in->advice != NULL ? "; " : "",
               in->advice != NULL ? in->advice : "");
    return false;
  }
  kiln_module_options options = how->module;
  options.name = in->path;
  options.on_diag = print_diag;
  options.on_diag_user = t;
  options.verify |= in->language == TOOL_TEXT;
  t->wasm_options = how->wasm;
  t->llvm_options = how->llvm;
  t->wasm_options.flags |= KILN_WASM_EXPORT_SYMBOLS;
  if (!how->target_given && !tool_language_target(in, &options.target) &&
      !kiln_target_find_host(&options.target)) {
    char targets[TOOL_TARGETS_SIZE];
    tool_error("%s: the input names no target; give --target=%s", in->path,
               tool_targets(targets, ", ", " or "));
    return false;
  }
  t->assembler = kiln_as_new(NULL);
  if (t->assembler != NULL) options.assemble = kiln_as_assemble;
  options.assemble_user = t->assembler;
  if (how->on_assembly != NULL && options.assemble != NULL) {
    t->how = how;
    t->assemble = options.assemble;
    t->assemble_user = options.assemble_user;
    options.assemble = watch_assembly;
    options.assemble_user = t;
  }
  t->module = kiln_module_new(&options);
  const char *slash = strrchr(in->path, '/');
  if (slash != NULL) kiln_module_set_source_file(t->module, slash + 1);
  if (t->module != NULL) t->session = kiln_session_new(t->module);
  if (t->session != NULL) return true;
  tool_error("%s: %s", in->path, kiln_status_name(KILN_ERR_MEMORY));
  tool_module_close(t);
  return false;
}

int tool_parse_inline(const char *word, struct tool_inlining *out) {
  if (tool_inlining_parse(word, out)) return TOOL_OK;
  return tool_bad_value(OPTION_INLINE, word,
                        "small, must, foreign or a number of instructions from 1 to 10000");
}

void tool_module_close(struct tool_module *t) {
  kiln_wasm_free(t->wasm);
  if (t->session != NULL) kiln_session_free(t->session);
  kiln_module_free(t->module);
  kiln_as_free(t->assembler);
  memset(t, 0, sizeof *t);
}

kiln_status tool_module_begin_wasm(struct tool_module *t, const struct tool_input *in) {
  t->wasm = kiln_wasm_new(t->module, in->bytes, in->size, &t->wasm_options);
  if (kiln_wasm_note(t->wasm) != NULL) tool_warning("%s: %s", in->path, kiln_wasm_note(t->wasm));
  return t->wasm != NULL ? KILN_OK : kiln_module_status(t->module);
}

kiln_status tool_module_read(struct tool_module *t, const struct tool_input *in,
                             kiln_func_sink_fn sink, void *user, uint64_t *instructions) {
  const char *text = (const char *)in->bytes;
  kiln_status s;
  switch (in->language) {
  case TOOL_QBE: s = kiln_qbe_read(t->session, text, in->size, sink, user, instructions); break;
  case TOOL_BITCODE:
    s = kiln_llvm_read(t->session, in->bytes, in->size, &t->llvm_options, sink, user, instructions);
    break;
  case TOOL_WASM:
    s = tool_module_begin_wasm(t, in);
    if (s == KILN_OK)
      s = kiln_wasm_read_bodies(t->wasm, t->session, 0, kiln_wasm_body_count(t->wasm), sink, user);
    break;
  default: s = kiln_text_read(t->session, text, in->size, sink, user);
  }
  return s != KILN_OK ? s : kiln_module_status(t->module);
}

void tool_module_report(struct tool_module *t, const struct tool_input *in, kiln_status status) {
  if (t->errors > 0) return;
  kiln_diag d = *kiln_module_diag(t->module);
  if (d.status == KILN_OK) tool_error("%s: %s", in->path, kiln_status_name(status));
  else print_diag(t, &d);
}

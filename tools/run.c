/* kiln-run, the program that `kiln run` starts: compiles its inputs into its own memory with the JIT and runs them as
 * its own program. Sources in C and C++ become bitcode by clang.
 * Invariant: nothing that the program can use is freed; exit still runs its handlers and destructors. */
#define _GNU_SOURCE /* program_invocation_name */
#include "run.h"
#include "cc.h"
#include "options.h"
#include "threads.h"
#include "wasm.h"

#include <kiln/jit.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct input {
  struct tool_input file;
  struct tool_module module;
  struct tool_compiled compiled;
};

struct flags {
  const char **paths, **libraries, **folders, **dirs, **env; /* space for all arguments each */
  size_t n_paths, n_libraries, n_folders, n_dirs, n_env;
  unsigned threads;
  bool gdb, perf, lines;
  struct tool_wasm_run limits; /* of a module: what the options of these say */
  struct tool_inlining inlining;
  struct cc_list clang; /* options of clang, for sources */
};

/* What handlers of exit need of the program. */
static struct {
  kiln_jit *jit;
  kiln_jit_unit unit;
  struct input *inputs; /* no longer needed by the JIT; not freed, to save time */
} program;

/* ---- options ---- */

static const char *joined(const char *a, const char *b) {
  char *s = cc_more(NULL, strlen(a) + strlen(b) + 1);
  return cc_keep(strcat(strcpy(s, a), b));
}

/* A number above 0 for an option of limits; false after a message. */
static bool parse_limit(int option, const char *text, struct tool_wasm_run *limits) {
  char *end;
  errno = 0;
  double number = strtod(text, &end);
  bool ok = end != text && *end == 0 && errno == 0 && number > 0 && number < 1e15 &&
            (option == OPTION_TIMEOUT || number == (double)(int64_t)number);
  if (!ok)
    return tool_usage("%s: not a number above 0: %s", tool_options[option].name, text), false;
  if (option == OPTION_TIMEOUT) limits->timeout = number;
  else if (option == OPTION_RUN_FUEL) limits->fuel = (int64_t)number;
  else limits->max_pages = (uint64_t)number * 16;
  return true;
}

/* TOOL_OK, or the exit status after a message; after help TOOL_OK without inputs. */
static int parse_flags(struct flags *f, struct tool_words *w) {
  for (int o; (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_LIBRARY: f->libraries[f->n_libraries++] = w->value; break;
    case OPTION_FOLDER: f->folders[f->n_folders++] = w->value; break;
    case OPTION_THREADS:
      if (tool_parse_threads(w->value, &f->threads) != TOOL_OK) return TOOL_USAGE;
      break;
    case OPTION_DIR: f->dirs[f->n_dirs++] = w->value; break;
    case OPTION_ENV: f->env[f->n_env++] = w->value; break;
    case OPTION_INLINE:
      if (tool_parse_inline(w->value, &f->inlining) != TOOL_OK) return TOOL_USAGE;
      break;
    case OPTION_RUN_FUEL:
    case OPTION_TIMEOUT:
    case OPTION_MAX_MEMORY:
      if (!parse_limit(o, w->value, &f->limits)) return TOOL_USAGE;
      break;
    case OPTION_GDB: f->gdb = true; break;
    case OPTION_DEBUG: f->lines = true; break;
    case OPTION_PERF: f->perf = true; break;
    case OPTION_INCLUDE:
    case OPTION_DEFINE:
      cc_push(&f->clang, tool_options[o].name);
      cc_push(&f->clang, w->value);
      break;
    case OPTION_OPTIMIZE:
      if (strcmp(w->value, "g") == 0) f->inlining.what = KILN_INLINING_SMALL; /* fall through */
    case OPTION_STANDARD:
      cc_push(&f->clang, joined(o == OPTION_STANDARD ? "-std=" : "-O", w->value));
      break;
    default: w->n_inputs = 0; return w->status;
    }
  }
  if (w->n_inputs == 0) return tool_usage("run needs an input");
  return TOOL_OK;
}

/* ---- compiling and linking ---- */

/* Has clang make bitcode of a source. What is wrong with that it says itself. */
static bool open_source(struct input *in, const char *path, bool cxx, const struct flags *f,
                        bool passes) {
  static const char *const words[] = {"-fno-vectorize",
                                      "-fno-slp-vectorize",
                                      "-emit-llvm",
                                      "-Xclang",
                                      "-no-emit-llvm-uselists",
                                      "-c",
                                      "-o",
                                      "-"};
  kiln_buffer bitcode = {0};
  struct cc_list l = {0};
  for (size_t i = 0; i < f->clang.n; i++) cc_push(&l, f->clang.at[i]);
  if (!passes) cc_push_required_passes(&l);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) cc_push(&l, words[i]);
  cc_push(&l, path);
  cc_begin(cxx);
  int status = cc_run(&l, &bitcode, NULL);
  free(l.at);
  in->file =
    (struct tool_input){.path = path, .bytes = bitcode.data, .size = bitcode.size, .bitcode = true};
  return status == 0;
}

static kiln_status compile_file(struct input *in, const struct flags *f) {
  kiln_module_options options = {.verify = !in->file.bitcode && !in->file.qbe, .jit = true};
  if (!tool_module_open(&in->module, &in->file, options, false)) return KILN_ERR_ARGUMENT;
  if (in->file.bitcode) tool_inlining_set(in->module.module, &f->inlining);
  return tool_module_compile(&in->compiled, &in->module, &in->file, f->threads, false);
}

/* Small functions are inlined from what clang makes before LLVM's passes; where Kiln lacks something that these change,
 * as coroutines, from what they make. */
static bool compile_source(struct input *in, const char *path, bool cxx, const struct flags *f) {
  bool passes = f->inlining.what == KILN_INLINING_OFF;
  kiln_diag said = {.status = KILN_OK};
  if (!open_source(in, path, cxx, f, passes)) return false;
  if (!passes) tool_thread_diag = &said;
  kiln_status s = compile_file(in, f);
  tool_thread_diag = NULL;
  if (s == KILN_ERR_UNSUPPORTED && !passes) {
    tool_compiled_free(&in->compiled);
    tool_module_close(&in->module);
    if (!open_source(in, path, cxx, f, true)) return false;
    s = compile_file(in, f);
  } else if (s != KILN_OK && !passes) {
    tool_diag_print(&said);
    return false;
  }
  if (s != KILN_OK) tool_module_report(&in->module, &in->file, s);
  return s == KILN_OK;
}

static bool compile(struct input *in, const char *path, const struct flags *f) {
  const char *advice;
  enum tool_language language = tool_language(path, &advice);
  /* the C++ library that clang++ would link */
  if (language == TOOL_CXX && !run_load_library("stdc++", NULL, 0)) return false;
  if (language == TOOL_C || language == TOOL_CXX)
    return compile_source(in, path, language == TOOL_CXX, f);
  if (!tool_input_open(&in->file, path)) return false;
  in->file.qbe = language == TOOL_QBE;
  kiln_status s = compile_file(in, f);
  if (s != KILN_OK && in->module.module != NULL) tool_module_report(&in->module, &in->file, s);
  return s == KILN_OK;
}

static void print_error(const kiln_jit_error *e) {
  const char *name = (const char *)e->missing.data;
  for (uint32_t i = 0; i < e->n_missing; i++, name += strlen(name) + 1)
    tool_error("undefined symbol: %s", name);
  if (e->n_missing > 0) return;
  tool_error("%s", e->diag.message);
}

static bool link_all(struct input *inputs, size_t n, const struct flags *f) {
  kiln_jit_options options = {.gdb = f->gdb, .perf_map = f->perf};
  kiln_jit_error e = {0};
  kiln_jit_input *units = calloc(n, sizeof *units);
  program.jit = units != NULL ? kiln_jit_new(&options, &e) : NULL;
  for (size_t i = 0; i < n && units != NULL; i++) {
    units[i] = (kiln_jit_input){.module = inputs[i].module.module,
                                .sessions = inputs[i].compiled.sessions,
                                .n_sessions = inputs[i].compiled.n};
  }
  if (units == NULL) {
    tool_error("%s", kiln_status_name(KILN_ERR_MEMORY));
    return false;
  }
  bool ok = program.jit != NULL &&
            kiln_jit_add(program.jit, 0, units, (uint32_t)n, &program.unit, &e) == KILN_OK;
  if (!ok) print_error(&e);
  kiln_jit_error_free(&e);
  free(units);
  return ok;
}

/* ---- running ---- */

static void run_destructors(void) { kiln_jit_run_destructors(program.jit, program.unit); }

/* The function `main` of the inputs; NULL after a message. */
static void *find_main(const struct input *inputs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    kiln_symbol s = kiln_symbol_lookup(inputs[i].module.module, "main");
    if (s.id == 0) continue;
    kiln_symbol_info info = kiln_symbol_get(inputs[i].module.module, s);
    if (info.kind != KILN_SYMBOL_FUNC || !info.defined) continue;
    void *address = kiln_jit_address(program.jit, program.unit, "main");
    if (address != NULL) return address;
  }
  tool_error("no input defines main");
  return NULL;
}

static int start(void *address, int argc, char **argv) {
  int (*program_main)(int, char **, char **);
  memcpy(&program_main, &address, sizeof program_main);
  const char *slash = strrchr(argv[0], '/');
  program_invocation_name = argv[0];
  program_invocation_short_name = slash != NULL ? argv[0] + (slash - argv[0]) + 1 : argv[0];
  /* Registered before the program registers anything, so that it runs last. */
  if (atexit(run_destructors) != 0) {
    tool_error("%s", strerror(ENOMEM));
    return TOOL_FAILED;
  }
  kiln_jit_run_constructors(program.jit, program.unit, argc, argv, environ);
  exit(program_main(argc, argv, environ));
}

enum wasm { NO_WASM, IS_WASM, WASM_FAILED };

/* Whether the only input is a module of WebAssembly, which then is in `in`; or it cannot be read, after a message. */
static enum wasm open_wasm(struct tool_input *in, const struct flags *f) {
  const char *advice;
  if (f->n_paths != 1 || tool_language(f->paths[0], &advice) != TOOL_OWN) return NO_WASM;
  if (strcmp(f->paths[0], "-") == 0) return NO_WASM;
  if (!tool_input_open(in, f->paths[0])) return WASM_FAILED;
  if (kiln_wasm_is_module(in->bytes, in->size)) return IS_WASM;
  tool_input_close(in);
  return NO_WASM;
}

static int run_wasm(struct tool_input *in, const struct flags *f, char **argv) {
  struct tool_wasm_run r = {.bytes = in->bytes,
                            .size = in->size,
                            .dirs = f->dirs,
                            .n_dirs = (uint32_t)f->n_dirs,
                            .env = f->env,
                            .n_env = (uint32_t)f->n_env,
                            .argv = argv,
                            .lines = f->lines,
                            .fuel = f->limits.fuel,
                            .timeout = f->limits.timeout,
                            .max_pages = f->limits.max_pages,
                            .gdb = f->gdb,
                            .perf = f->perf};
  int status = tool_wasm_run(&r);
  tool_input_close(in);
  return status;
}

int main(int argc, char **argv) {
  const char *words[5 * argc]; /* of this function, since help ends the program */
  struct flags f = {.threads = 1,
                    .paths = words,
                    .libraries = words + argc,
                    .folders = words + 2 * argc,
                    .dirs = words + 3 * argc,
                    .env = words + 4 * argc};
  struct tool_words w;
  tool_words_begin(&w, VERB_RUN, argc, argv);
  int bad = parse_flags(&f, &w);
  if (bad != TOOL_OK || w.n_inputs == 0) return tool_output_end(bad);
  for (int i = 0; i < w.n_inputs; i++) f.paths[f.n_paths++] = w.inputs[i];
  /* The program's arguments are the end of this one's, with its name before them. */
  argv[w.rest - 1] = (char *)(uintptr_t)f.paths[0];
  struct tool_input module;
  enum wasm wasm = open_wasm(&module, &f);
  if (wasm == IS_WASM) return run_wasm(&module, &f, argv + w.rest - 1);
  if (wasm == WASM_FAILED) return TOOL_FAILED;
  program.inputs = calloc(f.n_paths, sizeof *program.inputs);
  bool ok = program.inputs != NULL;
  if (!ok) tool_error("%s", strerror(ENOMEM));
  /* The runtime library that compilers call for arithmetic and exceptions. */
  dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
  for (size_t i = 0; i < f.n_libraries && ok; i++)
    ok = run_load_library(f.libraries[i], f.folders, f.n_folders);
  for (size_t i = 0; i < f.n_paths && ok; i++) ok = compile(program.inputs + i, f.paths[i], &f);
  if (!ok || !link_all(program.inputs, f.n_paths, &f)) return TOOL_FAILED;
  void *address = find_main(program.inputs, f.n_paths);
  if (address == NULL) return TOOL_FAILED;
  return start(address, argc - w.rest + 1, argv + w.rest - 1);
}

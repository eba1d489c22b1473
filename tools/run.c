/* kiln-run, the program that `kiln run` starts: compiles its inputs into its own memory with the JIT and runs them as
 * its own program. Sources in C and C++ become bitcode by clang.
 * Invariant: nothing that the program can use is freed; exit still runs its handlers and destructors. */
#define _GNU_SOURCE /* program_invocation_name */
#include "run.h"
#include "cc.h"
#include "options.h"
#include "report.h"
#include "wasm.h"

#include <kiln/jit.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
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
  struct tool_words words;
  const char **libraries, **folders, **dirs, **env; /* space for all arguments each */
  size_t n_libraries, n_folders, n_dirs, n_env;
  unsigned threads;
  bool gdb, perf, debug;
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
  if (!ok) {
    tool_bad_value(option, text,
                   option == OPTION_TIMEOUT ? "a number above 0" : "a whole number above 0");
    return false;
  }
  if (option == OPTION_TIMEOUT) limits->timeout = number;
  else if (option == OPTION_FUEL) limits->fuel = (int64_t)number;
  else limits->max_pages = (uint64_t)number * 16;
  return true;
}

/* An option that clang gets, for sources. */
static void take_clang(struct flags *f, int option, const char *value) {
  switch (option) {
  case OPTION_INCLUDE:
  case OPTION_DEFINE:
    cc_push(&f->clang, tool_options[option].name);
    cc_push(&f->clang, value);
    break;
  case OPTION_OPTIMIZE:
    if (strcmp(value, "g") == 0) f->inlining.what = KILN_INLINING_SMALL; /* fall through */
  default: cc_push(&f->clang, joined(option == OPTION_STANDARD ? "-std=" : "-O", value));
  }
}

/* TOOL_OK, the exit status after a message, or WORDS_STOP. */
static int parse_flags(struct flags *f) {
  struct tool_words *w = &f->words;
  int bad = TOOL_OK;
  for (int o; bad == TOOL_OK && (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_LIBRARY: f->libraries[f->n_libraries++] = w->value; break;
    case OPTION_FOLDER: f->folders[f->n_folders++] = w->value; break;
    case OPTION_THREADS: bad = tool_parse_threads(w->value, &f->threads); break;
    case OPTION_STATS: tool_report_request(w->value); break;
    case OPTION_DIR: f->dirs[f->n_dirs++] = w->value; break;
    case OPTION_ENV: f->env[f->n_env++] = w->value; break;
    case OPTION_INLINE: bad = tool_parse_inline(w->value, &f->inlining); break;
    case OPTION_FUEL:
    case OPTION_TIMEOUT:
    case OPTION_MAX_MEMORY:
      bad = parse_limit(o, w->value, &f->limits) ? TOOL_OK : TOOL_USAGE;
      break;
    case OPTION_GDB: f->gdb = true; break;
    case OPTION_DEBUG: f->debug = true; break;
    case OPTION_PERF: f->perf = true; break;
    case WORDS_STOP: return WORDS_STOP;
    default: take_clang(f, o, w->value);
    }
  }
  return bad != TOOL_OK ? bad : tool_words_count(w, INT_MAX);
}

/* ---- compiling and linking ---- */

/* Has clang make bitcode of a source, which takes the place of the input. What is wrong with the source clang says
 * itself. */
static bool make_bitcode(struct input *in, const char *path, const struct flags *f, bool passes) {
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
  if (f->debug) cc_push(&l, "-g");
  if (!passes) cc_push_required_passes(&l);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) cc_push(&l, words[i]);
  cc_push(&l, path);
  cc_begin(in->file.language == TOOL_CXX ? CC_VERB_CXX : CC_VERB_C);
  int status = cc_run(&l, &bitcode, NULL);
  free(l.at);
  enum tool_language language = in->file.language;
  tool_input_close(&in->file);
  in->file = (struct tool_input){
    .path = path, .bytes = bitcode.data, .size = bitcode.size, .language = TOOL_BITCODE};
  if (status != 0) in->file.language = language;
  return status == 0;
}

static kiln_status compile_file(struct input *in, const struct flags *f) {
  const struct tool_reading how = {.module = {.jit = true}};
  struct tool_report report = {.in = &in->file, .compiled = &in->compiled};
  uint64_t start = tool_now_ns(), cpu = tool_cpu_ns();
  if (!tool_module_open(&in->module, &in->file, &how)) return KILN_ERR_ARGUMENT;
  if (in->file.language == TOOL_BITCODE) tool_inlining_set(in->module.module, &f->inlining);
  kiln_status s =
    tool_module_compile(&in->compiled, &in->module, &in->file, f->threads, tool_report_wanted());
  report.stats = tool_compiled_stats(&in->compiled);
  report.cpu_ns = tool_cpu_ns() - cpu;
  report.all_ns = tool_now_ns() - start;
  if (s != KILN_OK || tool_report(&report)) return s;
  in->module.errors++; /* it has its message */
  return KILN_ERR_ARGUMENT;
}

/* Small functions are inlined from what clang makes before LLVM's passes, foreign ones from that of -O0; if Kiln lacks
 * something that the passes change, as coroutines, from what they make. */
static bool compile_source(struct input *in, const char *path, const struct flags *f) {
  bool passes = f->inlining.what == KILN_INLINING_OFF || f->inlining.what == KILN_INLINING_FOREIGN;
  enum tool_language language = in->file.language;
  kiln_diag said = {.status = KILN_OK};
  if (!make_bitcode(in, path, f, passes)) return false;
  if (!passes) tool_thread_diag = &said;
  kiln_status s = compile_file(in, f);
  tool_thread_diag = NULL;
  if (s == KILN_ERR_UNSUPPORTED && !passes) {
    tool_compiled_free(&in->compiled);
    tool_module_close(&in->module);
    in->file.language = language;
    if (!make_bitcode(in, path, f, true)) return false;
    s = compile_file(in, f);
  } else if (s != KILN_OK && !passes) {
    tool_diag_print(&said);
    return false;
  }
  if (s != KILN_OK) tool_module_report(&in->module, &in->file, s);
  return s == KILN_OK;
}

static bool compile(struct input *in, const char *path, const struct flags *f) {
  enum tool_language language = in->file.language;
  /* the C++ library that clang++ would link */
  if (language == TOOL_CXX && !run_load_library("stdc++", NULL, 0)) return false;
  if (language == TOOL_C || language == TOOL_CXX) return compile_source(in, path, f);
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
  tool_error("%s defines no function main", n == 1 ? inputs[0].file.path : "no input");
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

/* Opens all inputs; false after a message. A module of WebAssembly has to be alone. */
static bool open_inputs(struct input *inputs, const struct flags *f) {
  const struct tool_words *w = &f->words;
  unsigned languages = 0;
  for (int i = 0; i < w->n_inputs; i++) {
    if (!tool_input_open(&inputs[i].file, w->inputs[i], w)) return false;
    languages |= 1u << inputs[i].file.language;
  }
  for (int i = 0; i < w->n_inputs && w->n_inputs > 1; i++) {
    const struct tool_input *in = &inputs[i].file;
    if (in->language != TOOL_WASM) continue;
    tool_error("%s: a WebAssembly module runs alone, but there are %d inputs; the program's "
               "arguments come after '--'",
               in->path, w->n_inputs);
    return false;
  }
  bool readable = !(languages >> TOOL_OBJECT & 1) && !(languages >> TOOL_OTHER & 1);
  return !readable || tool_words_fit(w, languages, w->n_inputs == 1 ? &inputs[0].file : NULL);
}

static int run_wasm(struct tool_input *in, const struct flags *f, char **argv) {
  struct tool_wasm_run r = {.bytes = in->bytes,
                            .size = in->size,
                            .dirs = f->dirs,
                            .n_dirs = (uint32_t)f->n_dirs,
                            .env = f->env,
                            .n_env = (uint32_t)f->n_env,
                            .argv = argv,
                            .lines = f->debug,
                            .fuel = f->limits.fuel,
                            .timeout = f->limits.timeout,
                            .max_pages = f->limits.max_pages,
                            .gdb = f->gdb,
                            .perf = f->perf};
  int status = tool_wasm_run(&r);
  tool_input_close(in);
  return status;
}

/* Compiles and links the inputs; the address of main, NULL after a message. */
static void *make_program(char **paths, size_t n, const struct flags *f) {
  bool ok = true;
  /* The runtime library that compilers call for arithmetic and exceptions. */
  dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
  for (size_t i = 0; i < f->n_libraries && ok; i++)
    ok = run_load_library(f->libraries[i], f->folders, f->n_folders);
  for (size_t i = 0; i < n && ok; i++) ok = compile(program.inputs + i, paths[i], f);
  if (!ok || !link_all(program.inputs, n, f)) return NULL;
  return find_main(program.inputs, n);
}

int main(int argc, char **argv) {
  const char *words[4 * argc]; /* of this function, since help ends the program */
  struct flags f = {.threads = 1,
                    .libraries = words,
                    .folders = words + argc,
                    .dirs = words + 2 * argc,
                    .env = words + 3 * argc};
  tool_words_begin(&f.words, VERB_RUN, argc, argv);
  int bad = parse_flags(&f);
  if (bad == WORDS_STOP) return tool_output_end(f.words.status);
  if (bad == TOOL_OK) bad = tool_report_begin();
  if (bad != TOOL_OK) return bad;
  size_t n = (size_t)f.words.n_inputs;
  char *paths[n];
  memcpy(paths, f.words.inputs, n * sizeof *paths);
  program.inputs = calloc(n, sizeof *program.inputs);
  if (program.inputs == NULL) {
    tool_error("%s", strerror(ENOMEM));
    return TOOL_FAILED;
  }
  if (!open_inputs(program.inputs, &f)) return TOOL_FAILED;
  /* The program's arguments are the end of this one's, with its name before them. */
  argv[f.words.rest - 1] = paths[0];
  char **program_argv = argv + f.words.rest - 1;
  if (program.inputs[0].file.language == TOOL_WASM)
    return run_wasm(&program.inputs[0].file, &f, program_argv);
  void *address = make_program(paths, n, &f);
  if (address == NULL || !tool_report_end()) return TOOL_FAILED;
  if (f.words.given >> OPTION_STATS & 1)
    unsetenv("KILN_STATS"); /* it is Kiln's, not the program's */
  run_set_env(f.env, f.n_env);
  return start(address, argc - f.words.rest + 1, program_argv);
}

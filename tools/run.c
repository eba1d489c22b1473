/* kiln-run, the program behind `kiln run`: compiles its inputs into its own memory with the JIT and runs them as its
 * own program. Options are parsed by hand: getopt's state belongs to that program.
 * Invariant: nothing that the program can use is freed; exit still runs its handlers and destructors. */
#define _GNU_SOURCE /* program_invocation_name */
#include "run.h"
#include "threads.h"

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
  const char **paths, **libraries, **folders; /* space for all arguments each */
  size_t n_paths, n_libraries, n_folders;
  unsigned threads;
  bool gdb, perf;
  char **arguments; /* of the program; NULL at the end, and space for one before */
  int n_arguments;
};

/* What handlers of exit need of the program. */
static struct {
  kiln_jit *jit;
  kiln_jit_unit unit;
  struct input *inputs; /* no longer needed by the JIT; not freed, to save time */
} program;

/* ---- options ---- */

/* The value of a short option, "-lNAME" or "-l NAME"; NULL if there is none. */
static const char *value_of(char **argv, int argc, int *i) {
  if (argv[*i][2] != 0) return argv[*i] + 2;
  return *i + 1 < argc ? argv[++*i] : NULL;
}

static int parse_option(struct flags *f, int argc, char **argv, int *i) {
  const char *word = argv[*i], *value;
  char *end;
  if (word[1] == 'l' || word[1] == 'L') {
    value = value_of(argv, argc, i);
    if (value == NULL || value[0] == 0) return tool_usage("%s wants a value", word);
    if (word[1] == 'l') f->libraries[f->n_libraries++] = value;
    else f->folders[f->n_folders++] = value;
    return TOOL_OK;
  }
  if (strncmp(word, "--threads=", 10) == 0) {
    unsigned long n = strtoul(word + 10, &end, 10);
    if (word[10] < '0' || word[10] > '9' || *end != 0 || n > 1024)
      return tool_usage("bad number of threads '%s': 0 (one per processor) to 1024", word + 10);
    f->threads = n > 0 ? (unsigned)n : tool_processors();
    return TOOL_OK;
  }
  if (strcmp(word, "--gdb") == 0) f->gdb = true;
  else if (strcmp(word, "--perf") == 0) f->perf = true;
  else return tool_usage("unknown option '%s' of run", word);
  return TOOL_OK;
}

static int parse_flags(struct flags *f, int argc, char **argv) {
  f->paths = calloc((size_t)argc * 3, sizeof *f->paths);
  if (f->paths == NULL) {
    tool_error("%s", strerror(ENOMEM));
    return TOOL_FAILED;
  }
  f->libraries = f->paths + argc;
  f->folders = f->libraries + argc;
  int i = 1, bad = TOOL_OK;
  for (; i < argc && strcmp(argv[i], "--") != 0 && bad == TOOL_OK; i++) {
    if (argv[i][0] == '-' && argv[i][1] != 0) bad = parse_option(f, argc, argv, &i);
    else f->paths[f->n_paths++] = argv[i];
  }
  if (bad != TOOL_OK) return bad;
  if (f->n_paths == 0) {
    return tool_usage(
      "run wants inputs: kiln run [-l LIBRARY] [-L FOLDER] INPUT... [-- ARGUMENT...]");
  }
  /* The program's arguments are the end of this one's, with its name before them. */
  f->arguments = argv + (i < argc ? i : argc - 1);
  f->arguments[0] = (char *)(uintptr_t)f->paths[0];
  f->n_arguments = i < argc ? argc - i : 1;
  return TOOL_OK;
}

/* ---- compiling and linking ---- */

static bool compile(struct input *in, const char *path, unsigned threads) {
  if (!tool_input_open(&in->file, path)) return false;
  kiln_module_options options = {.verify = !in->file.bitcode, .jit = true};
  if (!tool_module_open(&in->module, &in->file, options, false)) return false;
  kiln_status s = tool_module_compile(&in->compiled, &in->module, &in->file, threads, false);
  if (s != KILN_OK) tool_module_report(&in->module, &in->file, s);
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
    kiln_symbol s = kiln_symbol_find(inputs[i].module.module, "main");
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

int main(int argc, char **argv) {
  struct flags f = {.threads = 1};
  int bad = parse_flags(&f, argc, argv);
  if (bad != TOOL_OK) return bad;
  program.inputs = calloc(f.n_paths, sizeof *program.inputs);
  bool ok = program.inputs != NULL;
  if (!ok) tool_error("%s", strerror(ENOMEM));
  /* The runtime library that compilers call for arithmetic and exceptions. */
  dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
  for (size_t i = 0; i < f.n_libraries && ok; i++)
    ok = run_load_library(f.libraries[i], f.folders, f.n_folders);
  for (size_t i = 0; i < f.n_paths && ok; i++)
    ok = compile(program.inputs + i, f.paths[i], f.threads);
  if (!ok || !link_all(program.inputs, f.n_paths, &f)) return TOOL_FAILED;
  void *address = find_main(program.inputs, f.n_paths);
  return address != NULL ? start(address, f.n_arguments, f.arguments) : TOOL_FAILED;
}

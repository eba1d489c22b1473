/* kiln-interp, the program that `kiln interp` starts: runs the `main` of a module with the interpreter. It is
 * a program of its own because it needs a dynamic C library, where it looks up what the module does not define. It
 * reports faults with their place, and passes the program's exit status on. */
#include "options.h"
#include "run.h"
#include "tool.h"

#include <dlfcn.h>
#include <errno.h>
#include <kiln/inspect.h>
#include <kiln/interp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* The interpreter that runs, for handlers of exit and signals, which get no argument. */
static kiln_interp *running;

static void print_fault(void *user, const kiln_diag *d) {
  (void)user;
  fflush(stdout);
  tool_diag_print(d);
}

/* Reports the place of an invalid memory access, then lets the signal have its default effect. */
static void on_signal(int number) {
  kiln_diag d;
  char line[700];
  if (kiln_interp_find_place(running, &d)) {
    d.status = KILN_ERR_UNDEFINED;
    snprintf(d.message, sizeof d.message,
             "signal %d: an access to memory that does not belong to the program", number);
    size_t n = kiln_diag_format(&d, line, sizeof line - 1);
    if (n > sizeof line - 2) n = sizeof line - 2;
    line[n] = '\n';
    if (write(STDERR_FILENO, line, n + 1) < 0) _exit(TOOL_FAILED);
  }
  raise(number); /* SA_RESETHAND has restored the default */
}

static void catch_signals(void) {
  static char stack[65536];
  stack_t s = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction a = {.sa_handler = on_signal,
                        .sa_flags = (int)((unsigned)SA_ONSTACK | SA_RESETHAND | SA_NODEFER)};
  sigaltstack(&s, NULL);
  sigemptyset(&a.sa_mask);
  sigaction(SIGSEGV, &a, NULL);
  sigaction(SIGBUS, &a, NULL);
}

static void run_destructors(void) { kiln_interp_run_destructors(running, NULL); }

static int run_main(kiln_interp *in, kiln_module *m, int argc, char **argv) {
  kiln_symbol symbol = kiln_symbol_lookup(m, "main");
  kiln_sig_info sig = kiln_sig_get(m, kiln_symbol_get(m, symbol).sig);
  kiln_interp_value args[3] = {
    {(uint64_t)argc, 0}, {(uint64_t)(uintptr_t)argv, 0}, {(uint64_t)(uintptr_t)environ, 0}};
  kiln_interp_value result[KILN_MAX_RESULTS] = {{0, 0}};
  if (symbol.id == 0 || sig.n_params > 3) {
    tool_error("%s defines no function 'main' that interp can call", kiln_module_name(m));
    return TOOL_FAILED;
  }
  catch_signals();
  if (atexit(run_destructors) != 0 || kiln_interp_run_constructors(in, NULL) != KILN_OK)
    return TOOL_FAILED;
  if (kiln_interp_call(in, symbol, args, sig.n_params, result, NULL) != KILN_OK) return TOOL_FAILED;
  return (int)(result[0].low & 255);
}

static int interpret(const struct tool_input *input, const struct tool_reading *how, int argc,
                     char **argv) {
  static struct tool_module t; /* never closed: the program's destructors run during exit */
  if (input->language == TOOL_WASM) {
    tool_error("%s: interp does not run WebAssembly; use `kiln run`", input->path);
    return TOOL_FAILED;
  }
  if (!tool_module_open(&t, input, how)) return TOOL_FAILED;
  kiln_interp_options o = {.on_fault = print_fault};
  kiln_interp *in = running = kiln_interp_new(t.module, &o);
  kiln_diag diag = {0};
  if (!in) {
    tool_error("%s", kiln_status_name(KILN_ERR_MEMORY));
    return TOOL_FAILED;
  }
  kiln_status s = tool_module_read(&t, input, kiln_interp_sink, in, NULL);
  if (s != KILN_OK) {
    tool_module_report(&t, input, s);
    return TOOL_FAILED;
  }
  if (kiln_interp_link(in, &diag) != KILN_OK) {
    tool_error("%s: %s", input->path, diag.message);
    return TOOL_FAILED;
  }
  return run_main(in, t.module, argc, argv);
}

int main(int argc, char **argv) {
  const char *words[3 * argc], **libraries = words, **folders = words + argc,
                               **env = words + 2 * argc;
  size_t n_libraries = 0, n_folders = 0, n_env = 0;
  struct tool_reading how = {.target_given = false};
  struct tool_words w;
  tool_words_begin(&w, VERB_INTERP, argc, argv);
  for (int o; (o = tool_words_next(&w)) != WORDS_END;) {
    switch (o) {
    case OPTION_TARGET:
      if (tool_parse_target(w.value, &how.module.target) != TOOL_OK) return TOOL_USAGE;
      how.target_given = true;
      break;
    case OPTION_LIBRARY: libraries[n_libraries++] = w.value; break;
    case OPTION_FOLDER: folders[n_folders++] = w.value; break;
    case OPTION_ENV: env[n_env++] = w.value; break;
    default: return tool_output_end(w.status);
    }
  }
  int bad = tool_words_count(&w, 1);
  if (bad != TOOL_OK) return bad;
  struct tool_input input;
  if (!tool_input_open(&input, w.inputs[0], &w)) return TOOL_FAILED;
  dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL);
  for (size_t i = 0; i < n_libraries; i++)
    if (!run_load_library(libraries[i], folders, n_folders)) return TOOL_FAILED;
  run_set_env(env, n_env);
  /* The program's arguments are the end of this one's, with its name before them. */
  argv[w.rest - 1] = w.inputs[0];
  return interpret(&input, &how, argc - w.rest + 1, argv + w.rest - 1);
}

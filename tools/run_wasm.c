/* `kiln run` of a WebAssembly module: compiles it into memory, gives it WASI, and runs its export "_start". Called by
 * run.c. Traps print a backtrace and end with status 134, as an abort of a shell's child would. */
#include "report.h"
#include "wasm.h"

#include <kiln/wasi.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { TRAP_STATUS = 134 };

struct process {
  kiln_wasmrt_code *code;
  kiln_wasmrt_store *store;
  kiln_wasi *wasi;
};

/* Words "HOST" or "HOST::GUEST"; the guest's name is the host's without it. Free both results. */
static bool split_dirs(const struct tool_wasm_run *r, kiln_wasi_dir *dirs, char **copies) {
  for (uint32_t i = 0; i < r->n_dirs; i++) {
    copies[i] = strdup(r->dirs[i]);
    if (copies[i] == NULL) return false;
    char *guest = strstr(copies[i], "::");
    if (guest != NULL) *guest = 0;
    dirs[i] = (kiln_wasi_dir){.host = copies[i], .guest = guest != NULL ? guest + 2 : copies[i]};
  }
  return true;
}

static bool open_wasi(struct process *p, const struct tool_wasm_run *r) {
  kiln_wasi_dir *dirs = calloc(r->n_dirs + 1u, sizeof *dirs);
  char **copies = calloc(r->n_dirs + 1u, sizeof *copies);
  uint32_t n_args = 0, failed = r->n_dirs;
  while (r->argv[n_args] != NULL) n_args++;
  kiln_wasi_options o = {.args = (const char *const *)r->argv,
                         .n_args = n_args,
                         .env = r->env,
                         .n_env = r->n_env,
                         .dirs = dirs,
                         .n_dirs = r->n_dirs};
  errno = ENOMEM;
  if (dirs != NULL && copies != NULL && split_dirs(r, dirs, copies))
    p->wasi = kiln_wasi_new(&o, &failed);
  bool ok = p->wasi != NULL && kiln_wasi_define(p->wasi, p->store);
  if (p->wasi == NULL && failed < r->n_dirs)
    tool_error("%s: %s", dirs[failed].host, strerror(errno));
  else if (!ok) tool_error("%s", strerror(ENOMEM));
  for (uint32_t i = 0; i < r->n_dirs && copies != NULL; i++) free(copies[i]);
  free(copies);
  free(dirs);
  return ok;
}

/* True if the module has debugging information. */
static bool has_lines(const kiln_wasm_image *image) {
  for (uint32_t i = 0; i < image->n_customs; i++) {
    const kiln_wasm_name *n = &image->customs[i].name;
    if (n->text_length == 11 && memcmp(n->text, ".debug_line", 11) == 0) return true;
  }
  return false;
}

/* A name of the module, in which control characters would be the terminal's. */
static void print_name(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i], next = i + 1 < n ? (unsigned char)text[i + 1] : 0;
    bool long_one = c == 0xc2 && next >= 0x80 && next < 0xa0;
    if (c < 0x20 || c == 0x7f) fprintf(stderr, "\\x%02x", c);
    else if (long_one) fprintf(stderr, "\\x%02x", next), i++;
    else fputc(c, stderr);
  }
}

static void print_backtrace(const struct process *p, const kiln_wasmrt_error *e, bool lined) {
  kiln_wasmrt_line lines[KILN_WASMRT_FRAMES];
  kiln_wasmrt_code_lines(p->code, e, lines);
  for (uint32_t i = 0; i < e->n_frames; i++) {
    kiln_wasm_name name = kiln_wasmrt_func_name(e->frames + i);
    fprintf(stderr, "  %2u: function %u", i, e->frames[i].function);
    if (name.text_length > 0) fputc(' ', stderr);
    print_name(name.text, name.text_length);
    if (lines[i].line != 0) {
      fputs(" at ", stderr);
      print_name(lines[i].file, strlen(lines[i].file));
      fprintf(stderr, ":%u", lines[i].line);
    }
    if (lines[i].line != 0 && lines[i].column != 0) fprintf(stderr, ":%u", lines[i].column);
    fputc('\n', stderr);
  }
  if (e->n_frames > 0 && !lined && has_lines(kiln_wasmrt_code_image(p->code)))
    fprintf(stderr, "  (with -g: lines of the sources)\n");
}

/* The process's status for how a call ended. */
static int status_of(const struct process *p, const struct tool_wasm_run *r,
                     const kiln_wasmrt_error *e) {
  if (e->status == KILN_WASMRT_OK) return TOOL_OK;
  if (e->status == KILN_WASMRT_EXIT && e->exit_status <= 255) return (int)e->exit_status;
  if (e->status == KILN_WASMRT_EXIT) { /* the system would take its lowest byte, which may be 0 */
    tool_error("%s: exit status %u is more than 255", r->argv[0], e->exit_status);
    return TOOL_FAILED;
  }
  tool_error("%s: %s", r->argv[0], e->message);
  print_backtrace(p, e, r->lines || r->gdb);
  return e->status == KILN_WASMRT_LINK || e->status == KILN_WASMRT_MEMORY ? TOOL_FAILED
                                                                          : TRAP_STATUS;
}

static kiln_wasmrt_store *timed; /* by a signal's handler */

static void on_timeout(int signal) {
  (void)signal;
  kiln_wasmrt_interrupt(timed);
}

static void start_timer(kiln_wasmrt_store *store, double seconds) {
  struct itimerval t = {.it_value = {.tv_sec = (time_t)seconds}};
  t.it_value.tv_usec = (suseconds_t)((seconds - (double)t.it_value.tv_sec) * 1e6);
  if (t.it_value.tv_sec == 0 && t.it_value.tv_usec == 0) t.it_value.tv_usec = 1;
  timed = store;
  struct sigaction action = {.sa_handler = on_timeout, .sa_flags = SA_ONSTACK | SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &t, NULL);
}

static int run(struct process *p, const struct tool_wasm_run *r) {
  char message[512];
  kiln_wasmrt_error error;
  kiln_wasmrt_compile_options options = {
    .flags = r->lines || r->gdb ? KILN_WASM_DEBUG : 0, .gdb = r->gdb, .perf = r->perf};
  const kiln_wasmrt_store_options limits = {.fuel = r->fuel, .max_total_pages = r->max_pages};
  if (r->fuel != 0) options.flags |= KILN_WASM_FUEL;
  if (r->timeout != 0) options.flags |= KILN_WASM_INTERRUPT;
  uint64_t begun = tool_now_ns(), cpu = tool_cpu_ns();
  p->code = kiln_wasmrt_compile(r->bytes, r->size, &options, message, sizeof message);
  if (p->code == NULL) {
    tool_error("%s: %s", r->argv[0], message);
    return TOOL_FAILED;
  }
  if (!tool_report_runtime(r->argv[0], r->size, tool_now_ns() - begun, tool_cpu_ns() - cpu) ||
      !tool_report_end())
    return TOOL_FAILED;
  if (r->lines && kiln_wasmrt_code_note(p->code) != NULL)
    tool_warning("%s: %s", r->argv[0], kiln_wasmrt_code_note(p->code));
  p->store = kiln_wasmrt_store_new(&limits);
  if (p->store == NULL) {
    tool_error("%s", strerror(ENOMEM));
    return TOOL_FAILED;
  }
  if (!open_wasi(p, r)) return TOOL_FAILED;
  if (r->timeout != 0) start_timer(p->store, r->timeout);
  kiln_wasmrt_instance *i =
    kiln_wasmrt_instantiate(p->store, kiln_wasmrt_code_image(p->code), &error);
  if (i == NULL) return status_of(p, r, &error);
  const kiln_wasm_func *start = kiln_wasmrt_lookup_func(i, "_start");
  kiln_wasm_functype type =
    start != NULL ? kiln_wasmrt_func_type(p->store, start) : (kiln_wasm_functype){.n_params = 1};
  if (type.n_params + type.n_results > 0) {
    tool_error("%s: the module must export a function '_start' without parameters and results",
               r->argv[0]);
    return TOOL_FAILED;
  }
  kiln_wasmrt_call(p->store, start, NULL, &error);
  return status_of(p, r, &error);
}

int tool_wasm_run(const struct tool_wasm_run *r) {
  struct process p = {0};
  int status = run(&p, r);
  signal(SIGALRM, SIG_IGN); /* the store goes */
  kiln_wasmrt_store_free(p.store);
  kiln_wasi_free(p.wasi);
  kiln_wasmrt_code_free(p.code);
  return status;
}

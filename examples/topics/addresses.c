/* docs/tutorial.md: a sampling profiler, and a crash report with names and lines of code in memory. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

static kiln_jit *jit;

static const void *interrupted(void *context) {
  const ucontext_t *c = context;
#ifdef __x86_64__
  return (const void *)c->uc_mcontext.gregs[REG_RIP];
#else
  return (const void *)c->uc_mcontext.pc;
#endif
}

/* [profiler] */
enum { SAMPLES = 20 };
static atomic_uint by_line[10], samples;

static void on_tick(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  kiln_jit_frame frame = {0};
  kiln_jit_pc_info found = {.frames = &frame, .max_frames = 1};
  if (!kiln_jit_find_pc(jit, interrupted(context), &found)) return; /* other code of the program */
  if (frame.line < 10) by_line[frame.line]++;
  samples++;
}
/* [end] */

/* [report] */
/* Functions such as printf must not be called here. */
static void put(const char *text) {
  if (write(STDOUT_FILENO, text, strlen(text)) < 0) _exit(2);
}

static void put_frames(const void *pc) {
  kiln_jit_frame frames[8];
  char text[512], line[16] = {0};
  kiln_jit_pc_info found = {
    .frames = frames, .max_frames = 8, .text = text, .text_bytes = sizeof text};
  if (!kiln_jit_find_pc(jit, pc, &found)) return;
  for (uint32_t i = 0; i < found.n_frames && i < 8; i++) {
    unsigned n = sizeof line - 1;
    for (uint32_t k = frames[i].line; k != 0; k /= 10) line[--n] = (char)('0' + k % 10);
    put("  ");
    put(frames[i].function);
    put(", ");
    put(frames[i].file);
    put(":");
    put(line + n);
    put("\n");
  }
}

static void on_crash(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  void *at[64];
  int n = backtrace(at, 64), k = 0;
  put("crash in:\n");
  put_frames(interrupted(context));
  while (k < n && at[k] != interrupted(context)) k++;        /* the handler's own frames */
  for (k++; k < n; k++) put_frames((const char *)at[k] - 1); /* these are return addresses */
  _exit(0);
}
/* [end] */

static void on(int number, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(number, &act, NULL);
}

/* The program, in a file list.toy:
 *   1 func total(list, n)
 *   2   for i := 0, n
 *   3     sum := sum + list[i]
 *   4   return sum
 *   6 func report(list, n)
 *   7   return total(list, n) + 1 */
static kiln_session *s;
static kiln_die file, unit;

static uint32_t at(uint32_t line) {
  return kiln_loc_new(s, kiln_file_new_die(s, file, NULL), line, 0);
}

/* [begin] */
static kiln_func *begin(kiln_module *m, const char *name, uint32_t line) {
  kiln_debug *d = kiln_module_debug(m);
  kiln_sig sig = kiln_sig_parse(m, "(i64, i64) -> i64");
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig));
  kiln_die entry = kiln_die_new_function(
    d, unit, &(kiln_die_declaration){.name = name, .file = file, .line = line}, false);
  kiln_func_set_debug(f, entry, unit, at(line));
  return f;
}
/* [end] */

static void build_total(kiln_module *m) {
  kiln_func *f = begin(m, "total", 1);
  kiln_type i64 = KILN_TYPE_I64;
  kiln_block loop = kiln_block_new(f), body = kiln_block_new(f), done = kiln_block_new(f);
  kiln_value i = kiln_block_add_param(f, loop, i64), sum = kiln_block_add_param(f, loop, i64);
  kiln_value zero = kiln_const_int(f, 0), start[] = {zero, zero};
  kiln_build_br(f, loop, start, 2);
  kiln_block_switch(f, loop);
  kiln_func_set_loc(f, at(2));
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLT, i64, i, kiln_func_param(f, 1));
  kiln_build_brif(f, more, body, NULL, 0, done, NULL, 0);
  kiln_block_switch(f, body);
  kiln_func_set_loc(f, at(3));
  kiln_value where = kiln_build_addr(f, kiln_func_param(f, 0), i, 8, 0);
  kiln_value next[] = {kiln_build_add(f, i64, i, kiln_const_int(f, 1)),
                       kiln_build_add(f, i64, sum, kiln_build_load(f, i64, where, 0, 0))};
  kiln_build_br(f, loop, next, 2);
  kiln_block_switch(f, done);
  kiln_func_set_loc(f, at(4));
  kiln_build_ret(f, &sum, 1);
  kiln_func_compile(f);
}

static void build_report(kiln_module *m) {
  kiln_func *f = begin(m, "report", 6);
  kiln_symbol total = kiln_symbol_lookup(m, "total");
  kiln_value args[] = {kiln_func_param(f, 0), kiln_func_param(f, 1)};
  kiln_func_set_loc(f, at(7));
  kiln_value sum = kiln_build_call(f, kiln_sig_parse(m, "(i64, i64) -> i64"),
                                   kiln_const_symbol(f, total, 0), args, 2);
  sum = kiln_build_add(f, KILN_TYPE_I64, sum, kiln_const_int(f, 1));
  kiln_build_ret(f, &sum, 1);
  kiln_func_compile(f);
}

int main(void) {
  kiln_jit_error error = {0};
  kiln_module *m = kiln_module_new(&(kiln_module_options){.name = "list", .jit = true});
  jit = kiln_jit_new(NULL, &error);
  s = kiln_session_new(m);
  file = kiln_die_new_file(kiln_module_debug(m), "/toy", "list.toy");
  unit = kiln_die_new_unit(kiln_module_debug(m), file, "toy", KILN_DW_LANG_lo_user);
  build_total(m);
  build_report(m);
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  if (kiln_jit_add(jit, 0, &input, 1, NULL, &error) != KILN_OK) return 1;
  kiln_session_free(s);
  kiln_module_free(m);
  long (*report)(const long *, long) = (long (*)(const long *, long))kiln_jit_lookup(jit, "report");

  static long list[100000] = {1, 2, 3};
  on(SIGPROF, on_tick);
  setitimer(ITIMER_PROF, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
  while (samples < SAMPLES)
    if (report(list, 100000) != 7) return 1;
  setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
  printf("of %u samples, %u are in the loop\n", samples, by_line[2] + by_line[3]);
  fflush(stdout);

  void *first[1];
  backtrace(first, 1); /* loads what it needs, before there is a signal */
  on(SIGSEGV, on_crash);
  report(NULL, 1);
  return 1;
}

/* Clay's runtime on Linux: system.h. */
#define _GNU_SOURCE
#include "runtime.h"
#include "system.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

void *clay_map(size_t size) {
  void *p =
    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p != MAP_FAILED ? p : NULL;
}

void clay_unmap(void *start, size_t size) { munmap(start, size); }

void clay_close(void *start, size_t size) { mprotect(start, size, PROT_NONE); }

/* ---- the stack ---- */

struct walk {
  bool (*visit)(const struct clay_frame *frame, void *user);
  void *user;
};

static uintptr_t reg(const void *context, unsigned number) {
  return _Unwind_GetGR((struct _Unwind_Context *)(uintptr_t)context, (int)number);
}

/* What libgcc calls the frame's CFA is its stack pointer. */
static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *context, void *user) {
  const struct walk *w = user;
  const struct clay_frame frame = {
    .pc = _Unwind_GetIP(context), .sp = _Unwind_GetCFA(context), .reg = reg, .context = context};
  return w->visit(&frame, w->user) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void clay_each_frame(bool (*visit)(const struct clay_frame *frame, void *user), void *user) {
  struct walk w = {visit, user};
  _Unwind_Backtrace(visit_frame, &w);
}

_Unwind_Reason_Code clay_personality(int version, _Unwind_Action actions, uint64_t class,
                                     struct _Unwind_Exception *e, struct _Unwind_Context *context) {
  return clay_find_handler(version, actions, class, e, context);
}

/* Where the stack may be. */
static uintptr_t stack_bottom, stack_limit;

/* Endless recursion faults in the guard below the stack. */
static void on_fault(int signal_number, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t address = (uintptr_t)info->si_addr;
  if (address < stack_bottom && stack_bottom - address < stack_limit + (1 << 20)) {
    fflush(stdout);
    fputs("runtime error: stack overflow\n", stderr);
    _Exit(CLAY_STATUS_FAILED);
  }
  signal(signal_number, SIG_DFL);
}

void clay_watch_stack(uintptr_t bottom) {
  static char stack[65536];
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  stack_bottom = bottom;
  stack_limit = limit.rlim_cur;
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
}

/* ---- files ---- */

void clay_open_output(void) {}

ptrdiff_t clay_get_line(char **line, size_t *room) { return getline(line, room, stdin); }

/* A crash in Kiln's code becomes a value, so that LLVM can compile instead. A handler of signals jumps back to the
 * call; signals that are not the guard's go to the handler that was there before.
 * Invariant: no jump out of code that may hold a lock, malloc's for example. */
#define _GNU_SOURCE
#include "guard.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* Of the thread. A handler cannot have a library's thread-local data made, so they are there from the start. */
static _Thread_local struct {
  bool on;
  sigjmp_buf back;
  struct shim_crash crash;
} guarded __attribute__((tls_model("initial-exec")));

static struct {
  pthread_once_t once;
  uintptr_t base, begin, end; /* this object: where it is loaded, its code */
  uintptr_t libc[8];          /* functions of libc that hold no lock */
  struct sigaction before[SIGNALS];
} known = {.once = PTHREAD_ONCE_INIT};

static uintptr_t program_counter(const void *context) {
  const ucontext_t *u = context;
#if defined(__x86_64__)
  return (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
#else
  return (uintptr_t)u->uc_mcontext.pc;
#endif
}

static bool may_leave(uintptr_t pc) {
  enum { LARGEST = 4096 }; /* of libc's functions that copy and compare */
  if (pc >= known.begin && pc < known.end) return true;
  for (size_t i = 0; i < sizeof known.libc / sizeof *known.libc; i++)
    if (known.libc[i] != 0 && pc >= known.libc[i] && pc < known.libc[i] + LARGEST) return true;
  return false;
}

static void handle(int signal, siginfo_t *info, void *context) {
  uintptr_t pc = program_counter(context);
  unsigned i = 0;
  while (signals[i] != signal) i++;
  if (guarded.on && info->si_code > 0 &&
      may_leave(pc)) { /* the processor's, not another process's */
    guarded.on = false;
    guarded.crash = (struct shim_crash){signal, pc - known.base};
    siglongjmp(guarded.back, 1);
  }
  const struct sigaction *before = &known.before[i];
  if (before->sa_flags & SA_SIGINFO) before->sa_sigaction(signal, info, context);
  else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
    before->sa_handler(signal);
  else {
    sigaction(signal, before, NULL); /* and the instruction runs again */
    if (info->si_code <= 0) raise(signal);
  }
}

static int find_code(struct dl_phdr_info *info, size_t size, void *address) {
  (void)size;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + p->p_vaddr, at = (uintptr_t)address;
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || at < begin || at >= begin + p->p_memsz)
      continue;
    known.base = info->dlpi_addr, known.begin = begin, known.end = begin + p->p_memsz;
    return 1;
  }
  return 0;
}

static void install(void) {
  static const char *const names[] = {"memcpy", "memmove", "memset", "memcmp",
                                      "memchr", "strlen",  "strcmp", "strncmp"};
  dl_iterate_phdr(find_code, (void *)(uintptr_t)install);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    known.libc[i] = (uintptr_t)dlsym(RTLD_DEFAULT, names[i]);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  for (unsigned i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &known.before[i]);
}

struct shim_crash shim_guard(void (*f)(void *user), void *user) {
  pthread_once(&known.once, install);
  guarded.crash = (struct shim_crash){.signal = 0};
  if (sigsetjmp(guarded.back, 1) == 0) {
    guarded.on = true;
    f(user);
  }
  guarded.on = false;
  return guarded.crash;
}

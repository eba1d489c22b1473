/* Entering code and leaving it: calls, traps by fault or by call, functions of the host, the end of the stack.
 * Invariants: a fault is a trap only if the instruction that made it is in compiled code or in a stub that such code
 * calls, and its address is one that it may fault at: the addresses of traps, the reserved space of a memory of the
 * store, the stack's end, the page of interruption. All else goes on to the handler that was there before. Code is left
 * by giving the stack's pointer back: nothing is unwound, no lock is taken, no memory is needed. */
#define _GNU_SOURCE /* pthread_getattr_np, dladdr */
#include "code.h"
#include "state.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIGNAL_STACK_BYTES = 65536, GUARD_BYTES = 65536 };

_Thread_local struct kn_thread kn_thread __attribute__((tls_model("initial-exec")));

/* The thread: code that a coroutine continues on another thread must not keep the address of the first one's. */
__attribute__((noinline)) static struct kn_thread *self(void) {
  __asm__ volatile("");
  return &kn_thread;
}

/* Known to those who leave frames, if the program has ASan. */
extern void __asan_handle_no_return(void) __attribute__((weak));

/* ---- leaving ---- */

const char *kiln_wasmrt_trap_text(kiln_wasm_trap trap) {
  static const char *const texts[] = {
    [KILN_WASM_TRAP_NULL_FUNCTION] = "uninitialized element",
    [KILN_WASM_TRAP_UNREACHABLE] = "unreachable",
    [KILN_WASM_TRAP_MEMORY] = "out of bounds memory access",
    [KILN_WASM_TRAP_UNALIGNED] = "unaligned atomic",
    [KILN_WASM_TRAP_TABLE] = "out of bounds table access",
    [KILN_WASM_TRAP_UNDEFINED_ELEMENT] = "undefined element",
    [KILN_WASM_TRAP_SIGNATURE] = "indirect call type mismatch",
    [KILN_WASM_TRAP_DIVIDE_BY_ZERO] = "integer divide by zero",
    [KILN_WASM_TRAP_OVERFLOW] = "integer overflow",
    [KILN_WASM_TRAP_CONVERSION] = "invalid conversion to integer",
    [KILN_WASM_TRAP_STACK] = "call stack exhausted",
    [KILN_WASM_TRAP_NULL_EXCEPTION] = "null exception reference",
    [KILN_WASM_TRAP_INTERRUPT] = "interrupted",
    [KILN_WASM_TRAP_FUEL] = "out of fuel",
    [KILN_WASM_TRAP_NOT_SHARED] = "expected shared memory",
    [KILN_WASM_TRAP_LIMIT] = "limit of the store exceeded",
  };
  _Static_assert(sizeof texts / sizeof *texts == KILN_WASM_TRAP_COUNT, "a text for each trap");
  return trap < KILN_WASM_TRAP_COUNT ? texts[trap] : "unknown trap";
}

/* Whether an address is on the stack that `a` runs on, or just below its end. */
static bool on_stack(const struct kn_activation *a, uintptr_t at) {
  return at < a->stack && at >= a->low - GUARD_BYTES;
}

/* The activation that ends when code, or a function of the host that it has called, ends itself. NULL: none, or a
 * coroutine was switched to meanwhile. */
static struct kn_activation *innermost(void) {
  const struct kn_thread *t = self();
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (t->current != NULL) return t->current;
  return here >= t->host_low && here < t->host_high ? t->host : NULL;
}

__attribute__((noreturn)) static void leave(struct kn_activation *a, kiln_wasmrt_status status) {
  a->error->status = status;
  if (__asan_handle_no_return != NULL) __asan_handle_no_return();
  kn_leave(&a->jump);
}

/* Registers of the code that called a stub, in which there was a fault or which noted where it was left. */
static struct kn_regs caller_of(struct kn_regs g) {
#if defined(__x86_64__)
  memcpy(&g.pc, (const void *)g.sp, sizeof g.pc);
  g.sp += sizeof g.pc;
#else
  g.pc = g.link;
#endif
  return g;
}

static void walk(struct kn_activation *a, const struct kn_regs *exit) {
  if (!on_stack(a, exit->sp)) return; /* no code has called anything */
  kn_code_begin();
  a->n_places = kn_code_walk(caller_of(*exit), false, a->stack, a->places, KILN_WASMRT_FRAMES);
  kn_code_end();
}

/* The functions that are active when code, or a function of the host that it has called, has called the runtime. */
static void take_backtrace(struct kn_activation *a) {
  const struct kn_thread *t = self();
  const struct kn_regs last = {.sp = t->exit_sp, .fp = t->exit_fp, .link = t->exit_pc};
  a->n_places = 0;
  walk(a, &last);
  if (a->n_places == 0) walk(a, &a->exit);
}

/* The runtime's own functions call it directly: by its stub, kiln_wasmrt_trap, they would be where code was left. */
__attribute__((noreturn)) void kn_do_trap(void *instance, uint32_t trap) {
  (void)instance;
  struct kn_activation *a = innermost();
  if (a == NULL) abort(); /* code was called without kiln_wasmrt_protect: there is nowhere to go */
  take_backtrace(a);
  a->error->trap = (kiln_wasm_trap)trap;
  leave(a, KILN_WASMRT_TRAP);
}

__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status) {
  struct kn_activation *a = innermost();
  if (a == NULL) abort();
  a->error->exit_status = status;
  leave(a, KILN_WASMRT_EXIT);
}

__attribute__((noreturn)) void kn_fail(const char *message) {
  struct kn_activation *a = innermost();
  if (a == NULL) abort();
  take_backtrace(a);
  kn_error(a->error, KILN_WASMRT_LINK, "%s", message);
  leave(a, KILN_WASMRT_LINK);
}

void kn_do_out_of_fuel(void *instance) { kn_do_trap(instance, KILN_WASM_TRAP_FUEL); }

void kn_catches(uintptr_t function) {
  struct kn_activation *a = innermost();
  kn_code_begin();
  bool leaves = function == 0 || kn_code_has_own(function); /* by an `entry` function */
  kn_code_end();
  if (a != NULL && leaves) take_backtrace(a);
}

void kn_uncaught(kiln_wasm_exn *exn) {
  struct kn_activation *a = innermost();
  if (a == NULL) return;
  a->error->exception = exn;
  leave(a, KILN_WASMRT_EXCEPTION);
}

/* Code of `a` runs, or goes on. */
static void set_current(struct kn_thread *t, struct kn_activation *a) {
  t->current = a;
  t->limit = a->limit;
  t->exit_sp = 0;
}

kiln_wasm_exn *kn_do_host_call(void *host, kiln_wasm_value *values) {
  struct kn_host *h = host;
  struct kn_thread *t = self();
  struct kn_activation *a = t->current;
  if (a == NULL) return h->fn(h->user, values);
  struct kn_thread before = *t;
  a->exit = (struct kn_regs){.sp = t->exit_sp, .fp = t->exit_fp, .link = t->exit_pc};
  a->caller = h->caller;
  t->current = NULL;
  t->limit = 0;
  t->host = a;
  t->host_low = a->low;
  t->host_high = a->stack;
  kiln_wasm_exn *exn = h->fn(h->user, values);
  /* It may have switched to another coroutine and back, also on another thread. */
  t = self();
  if (!t->ready) kn_prepare_thread();
  t->host = before.host;
  t->host_low = before.host_low;
  t->host_high = before.host_high;
  set_current(t, a);
  return exn;
}

const kiln_wasmrt_instance *kiln_wasmrt_caller(void) {
  const struct kn_thread *t = self();
  return t->current == NULL && t->host != NULL ? t->host->caller : NULL;
}

/* ---- faults ---- */

static struct sigaction
  before[2]; /* of SIGSEGV and SIGBUS; written once, before the first code runs */

static struct kn_regs regs_of(const ucontext_t *c) {
  const mcontext_t *m = &c->uc_mcontext;
#if defined(__x86_64__)
  return (struct kn_regs){.pc = (uintptr_t)m->gregs[REG_RIP],
                          .sp = (uintptr_t)m->gregs[REG_RSP],
                          .fp = (uintptr_t)m->gregs[REG_RBP]};
#else
  return (struct kn_regs){.pc = m->pc, .sp = m->sp, .fp = m->regs[29], .link = m->regs[30]};
#endif
}

/* Has the interrupted thread go on where kn_enter returns 1: the system puts back its mask of signals and its stack for
 * them. */
static void go_on_at(ucontext_t *c, const struct kn_jump *jump) {
  mcontext_t *m = &c->uc_mcontext;
#if defined(__x86_64__)
  m->gregs[REG_RSP] = (greg_t)jump->sp;
  m->gregs[REG_RIP] = (greg_t)(uintptr_t)kn_landing;
#else
  m->sp = jump->sp;
  m->pc = (uintptr_t)kn_landing;
  m->pstate &= ~UINT64_C(0xc00); /* of an indirect branch, whose target is checked */
#endif
}

/* Whether code of the store may fault at `at` in a memory: only beyond what is accessible, which another thread may
 * just have made more of, if it is shared. */
static bool beyond_memory(const kiln_wasmrt_store *s, uintptr_t at) {
  for (const struct kn_memory_use *u = s->memories; u != NULL; u = u->next) {
    const struct kn_memory *m = u->memory;
    uintptr_t end = (uintptr_t)m->reserved + m->reserved_bytes, base = (uintptr_t)m->own.base;
    uint64_t size = m->limits.shared ? m->limits.min * KILN_WASM_PAGE_BYTES : m->memory->size_bytes;
    if (at >= base + size && at < end) return true;
  }
  return false;
}

/* The system may stop the growth of a stack somewhat above or below the end that it names. */
static const uintptr_t slack = 2 << 20;

/* The trap that a fault of compiled code at `at` is, or -1. */
static int trap_of(const struct kn_activation *a, uintptr_t at) {
  if (at < (uintptr_t)KILN_WASM_TRAP_COUNT * KILN_WASM_TRAP_STEP)
    return (int)(at / KILN_WASM_TRAP_STEP);
  /* What is known exactly comes first: it may be mapped right below the stack. */
  if (at - (uintptr_t)a->store->interrupt < a->store->interrupt_bytes)
    return KILN_WASM_TRAP_INTERRUPT;
  if (beyond_memory(a->store, at)) return KILN_WASM_TRAP_MEMORY;
  /* Mapped pages of the stack do not fault: below where code was entered, it is the end. */
  return at < a->stack && at >= a->low - slack ? KILN_WASM_TRAP_STACK : -1;
}

/* A fault that is not ours. */
static void pass_on(int signal, siginfo_t *info, ucontext_t *context) {
  struct sigaction *at = before + (signal == SIGBUS), old = *at;
  if (!(old.sa_flags & SA_SIGINFO) && (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN)) {
    sigaction(signal, &old, NULL); /* and the instruction faults again */
    if (info->si_code <= 0 || info->si_code == SI_KERNEL) raise(signal);
    return;
  }
  sigset_t mask;
  sigorset(&mask, &context->uc_sigmask, &old.sa_mask);
  if (!(old.sa_flags & SA_NODEFER)) sigaddset(&mask, signal);
  if (old.sa_flags & (int)SA_RESETHAND) *at = (struct sigaction){.sa_handler = SIG_DFL};
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (old.sa_flags & SA_SIGINFO) old.sa_sigaction(signal, info, context);
  else old.sa_handler(signal);
}

/* An interruption becomes a trap: the next one is another one. False: there is none. The requesting thread counts it,
 * and then makes the page inaccessible and the file readable. It may do so after the interruption was taken: that means
 * nothing. None is lost, since the count is read last. */
static bool take_interruption(kiln_wasmrt_store *s) {
  uint64_t count;
  mprotect(s->interrupt, s->interrupt_bytes, PROT_READ);
  if (s->wake_fd >= 0 && read(s->wake_fd, &count, sizeof count) < 0) errno = 0;
  uint32_t asked = __atomic_load_n(&s->interruptions, __ATOMIC_SEQ_CST);
  bool any = asked != s->interruptions_taken;
  s->interruptions_taken = asked;
  return any;
}

void kn_interrupt_trap(kiln_wasmrt_store *s) {
  take_interruption(s);
  kn_do_trap(NULL, KILN_WASM_TRAP_INTERRUPT);
}

/* Where compiled code was when the system found no room on its stack for the frame of another signal's handler: the end
 * of the stack. That signal is lost. */
static bool no_room_for_signal(const struct kn_activation *a, int signal, const siginfo_t *info,
                               const struct kn_regs *g) {
  return signal == SIGSEGV && info->si_code == SI_KERNEL && info->si_addr == NULL &&
         on_stack(a, g->sp) && g->sp < a->low + slack;
}

/* What becomes of a fault. */
enum fault {
  NOT_OURS,
  TRAPS,
  GOES_ON /* the same instruction again: an interruption that was taken made the page inaccessible */
};

static enum fault take_fault(struct kn_activation *a, uintptr_t at, struct kn_regs g) {
  bool in_stub = g.pc - (uintptr_t)kn_stubs_begin < (uintptr_t)(kn_stubs_end - kn_stubs_begin);
  enum fault done = NOT_OURS;
  kn_code_begin();
  if ((in_stub || kn_code_has(g.pc)) && on_stack(a, g.sp)) {
    int trap = trap_of(a, at);
    if (trap >= 0) done = TRAPS;
    if (trap == KILN_WASM_TRAP_INTERRUPT && !take_interruption(a->store)) done = GOES_ON;
    a->error->trap = (kiln_wasm_trap)trap;
    if (done == TRAPS)
      a->n_places =
        kn_code_walk(in_stub ? caller_of(g) : g, !in_stub, a->stack, a->places, KILN_WASMRT_FRAMES);
  }
  kn_code_end();
  return done;
}

static void on_fault(int signal, siginfo_t *info, void *user) {
  ucontext_t *context = user;
  int error = errno;
  struct kn_regs g = regs_of(context);
  struct kn_activation *a = self()->current;
  uintptr_t fault = (uintptr_t)info->si_addr;
  bool takes = a != NULL && info->si_code > 0 &&
               info->si_code != SI_KERNEL; /* neither sent, nor without an address */
  if (a != NULL && no_room_for_signal(a, signal, info, &g)) {
    fault = a->low;
    takes = true;
  }
  enum fault what = takes ? take_fault(a, fault, g) : NOT_OURS;
  if (what == TRAPS) {
    a->error->status = KILN_WASMRT_TRAP;
    if (__asan_handle_no_return != NULL) __asan_handle_no_return();
    go_on_at(context, &a->jump);
  } else if (what == NOT_OURS) {
    pass_on(signal, info, context);
  }
  errno = error;
}

/* ---- entering ---- */

static pthread_key_t signal_stack_key;

static void free_signal_stack(void *stack) {
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, SIGNAL_STACK_BYTES);
}

/* The handlers stay: so must their code, where it is in a library that could be closed. */
static void stay(void) {
  Dl_info info;
  if (dladdr((void *)&signal_stack_key, &info) != 0 && info.dli_fname != NULL)
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static void install(void) {
  /* No other handler runs meanwhile: one that does not come back would leave a lookup of code under way. */
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask);
  stay();
  kn_code_prepare();
  pthread_key_create(&signal_stack_key, free_signal_stack);
  sigaction(SIGSEGV, NULL, before);
  sigaction(SIGBUS, NULL, before + 1);
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

/* The thread's signal stack and the bounds of its stack. Its signals for faults must not be blocked: the system would
 * end the process. */
bool kn_prepare_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  stack_t old;
  sigset_t faults;
  struct kn_thread *t = self();
  sigemptyset(&faults);
  sigaddset(&faults, SIGSEGV);
  sigaddset(&faults, SIGBUS);
  pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
  sigaltstack(NULL, &old);
  if (old.ss_flags & SS_DISABLE || old.ss_size < SIGNAL_STACK_BYTES / 2) {
    void *p =
      mmap(NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return false;
    stack_t mine = {.ss_sp = p, .ss_size = SIGNAL_STACK_BYTES};
    sigaltstack(&mine, NULL);
    pthread_setspecific(signal_stack_key, p);
  }
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void *low;
    size_t size;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    t->stack_low = (uintptr_t)low;
    t->stack_high = (uintptr_t)low + size;
  }
  return t->ready = true;
}

/* A page that ends the stack of code earlier than the stack itself ends. */
static void make_guard(struct kn_activation *a) {
  uintptr_t most = a->store->options.max_stack_bytes;
  uintptr_t low = (a->stack - most) & ~(uintptr_t)(GUARD_BYTES - 1);
  if (a->stack - a->low <= most + GUARD_BYTES) return;
  volatile uint8_t *page = (volatile uint8_t *)(low - GUARD_BYTES);
  *page = *page; /* the first thread's stack grows when it is touched */
  if (mprotect((void *)(low - GUARD_BYTES), GUARD_BYTES, PROT_NONE) != 0) return;
  a->low = a->guard = low;
}

/* Where the stack ends that the call is on: false if that is not known. */
static bool find_stack(struct kn_activation *a, struct kn_thread *t) {
  const kiln_wasmrt_stack *given = &a->store->stack;
  a->low = t->stack_low;
  if (a->stack - (uintptr_t)given->low < given->size_bytes) a->low = (uintptr_t)given->low;
  else if (a->stack < t->stack_low || a->stack >= t->stack_high) return false;
  if (a->stack >= t->guard_low && a->stack < t->guard_high && t->guard_low > a->low) {
    a->low = t->guard_low;
  } else {
    make_guard(a);
    t->guard_low = a->guard;
    t->guard_high = a->guard != 0 ? a->stack : 0;
  }
  a->limit = a->low + a->store->options.host_stack_bytes;
  uintptr_t high = a->low == (uintptr_t)given->low ? a->low + given->size_bytes : t->stack_high;
  if (a->store->depth++ == 0) a->store->low = a->low, a->store->high = high;
  else if (a->store->high != high) a->store->high = 0;
  return true;
}

/* Also when an exception of C++ or the end of the thread unwinds a function of the host. */
static void end(struct kn_activation *a) {
  struct kn_thread *t = self();
  uintptr_t low = t->stack_low, high = t->stack_high;
  bool ready = t->ready;
  if (a->limit != 0) a->store->depth--;
  *t = a->before;
  t->stack_low = low;
  t->stack_high = high;
  t->ready = ready;
  if (a->guard != 0)
    mprotect((void *)(a->guard - GUARD_BYTES), GUARD_BYTES, PROT_READ | PROT_WRITE);
}

/* After code was left by `leave`. */
static void describe(const struct kn_activation *a) {
  kiln_wasmrt_error *e = a->error;
  switch (e->status) {
  case KILN_WASMRT_TRAP:
    kn_error(e, e->status, "%s", kiln_wasmrt_trap_text(e->trap));
    kn_backtrace_name(a, e);
    break;
  case KILN_WASMRT_EXCEPTION:
    a->store->thrown = e->exception;
    kn_error(e, e->status, "uncaught exception");
    kn_backtrace_name(a, e);
    break;
  case KILN_WASMRT_LINK: kn_backtrace_name(a, e); break; /* kn_fail has said why */
  default: kn_error(e, e->status, "exit status %u", e->exit_status); break;
  }
}

kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error) {
  error->status = KILN_WASMRT_OK;
  error->n_frames = 0;
  error->message[0] = 0;
  if (!self()->ready && !kn_prepare_thread()) {
    kn_error(error, KILN_WASMRT_MEMORY, "no memory for a signal stack");
    return error->status;
  }
  struct kn_activation a __attribute__((cleanup(end)));
  a.store = store;
  a.error = error;
  a.stack = (uintptr_t)__builtin_frame_address(0);
  a.guard = a.limit = 0;
  a.exit.sp = 0;
  a.n_places = 0;
  a.before = *self();
  if (!find_stack(&a, self())) {
    kn_error(error, KILN_WASMRT_MEMORY,
             "the call is on a stack whose bounds are not known: kiln_wasmrt_set_stack");
    return error->status;
  }
  set_current(self(), &a);
  if (kn_enter(&a.jump, body, user) != 0) describe(&a);
  return error->status;
}

void kiln_wasmrt_set_stack(kiln_wasmrt_store *store, const kiln_wasmrt_stack *stack) {
  store->stack = stack != NULL ? *stack : (kiln_wasmrt_stack){NULL, 0};
}

/* A call as kiln_wasmrt_protect's body. */
struct call {
  kiln_wasm_entry_fn entry;
  const kiln_wasm_func *func;
  kiln_wasm_value *values;
};

static void call(void *user) {
  struct call *c = user;
  kiln_wasm_exn *exn = c->entry != NULL ? c->entry(c->func->instance, c->func->code, c->values)
                                        : kn_host_call(c->func->user, c->values);
  if (exn != NULL) kn_uncaught(exn);
}

bool kn_of_store(const kiln_wasmrt_store *s, const kiln_wasm_func *func) {
  return (func->type_index == 0 || func->type_index == s->serial) && func->type_id - 1 < s->n_types;
}

kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error) {
  /* A function of the host that no module has called has no code that a module could enter. */
  error->n_frames = 0;
  if (!kn_of_store(store, func)) {
    kn_error(error, KILN_WASMRT_LINK, "the function is of another store");
    return error->status;
  }
  struct call c = {func->code != NULL ? store->types[func->type_id - 1].entry : NULL, func, values};
  if (func->code != NULL && c.entry == NULL) {
    kn_error(error, KILN_WASMRT_LINK, "no module has an entry for functions of this type");
    return error->status;
  }
  return kiln_wasmrt_protect(store, call, &c, error);
}

/* ---- interruption ---- */

void kiln_wasmrt_interrupt(kiln_wasmrt_store *store) {
  const uint64_t one = 1;
  int error = errno;
  __atomic_add_fetch(&store->interruptions, 1, __ATOMIC_SEQ_CST);
  mprotect(store->interrupt, store->interrupt_bytes, PROT_NONE);
  kn_wake(store);
  if (store->wake_fd >= 0 && write(store->wake_fd, &one, sizeof one) < 0) errno = error;
  errno = error;
}

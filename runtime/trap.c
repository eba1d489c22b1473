/* Entering code and leaving it: calls, traps by fault or by call, functions of the host, the end of the stack.
 * Invariant: a fault is a trap only if code of a module runs on this thread (not a function of the host), and only at
 * an address that code can be made to touch: the addresses of traps, a memory's reserved space, the stack's end, the
 * page of interruption. All else goes on to the handler that was there before. */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIGNAL_STACK_BYTES = 65536 };

/* What a thread has once it called code. In memory of the thread itself, since a signal handler reads it. */
static _Thread_local struct {
  struct kn_activation *current; /* NULL: no code runs */
  uintptr_t stack_low, stack_high;
  bool ready;
} thread __attribute__((tls_model("initial-exec")));

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
  };
  _Static_assert(sizeof texts / sizeof *texts == KILN_WASM_TRAP_COUNT, "a text for each trap");
  return trap < KILN_WASM_TRAP_COUNT ? texts[trap] : "unknown trap";
}

__attribute__((noreturn)) static void leave(struct kn_activation *a, kiln_wasmrt_status status,
                                            kiln_wasm_trap trap) {
  a->error->status = status;
  a->error->trap = trap;
  siglongjmp(a->jump, 1);
}

__attribute__((noreturn)) void kiln_wasmrt_trap(void *instance, uint32_t trap) {
  (void)instance;
  struct kn_activation *a = thread.current;
  if (a == NULL) abort(); /* code was called without kiln_wasmrt_protect: there is nowhere to go */
  kn_backtrace_take(a);
  leave(a, KILN_WASMRT_TRAP, trap);
}

__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status) {
  struct kn_activation *a = thread.current;
  if (a == NULL) abort();
  a->error->exit_status = status;
  leave(a, KILN_WASMRT_EXIT, 0);
}

void kiln_wasmrt_out_of_fuel(void *instance) { kiln_wasmrt_trap(instance, KILN_WASM_TRAP_FUEL); }

void kn_uncaught(kiln_wasm_exn *exn) {
  struct kn_activation *a = thread.current;
  if (a == NULL) return;
  a->error->exception = exn;
  leave(a, KILN_WASMRT_EXCEPTION, 0);
}

void kn_need_stack(kiln_wasmrt_store *store) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (here >= thread.stack_low && here < thread.stack_high &&
      here - thread.stack_low < store->options.host_stack_bytes)
    kiln_wasmrt_trap(NULL, KILN_WASM_TRAP_STACK);
}

kiln_wasm_exn *kn_host_call(void *host, kiln_wasm_value *values) {
  struct kn_host *h = host;
  struct kn_activation *a = thread.current;
  kn_need_stack(h->store);
  if (a != NULL) a->in_host++;
  kiln_wasm_exn *exn = h->fn(h->user, values);
  if (a != NULL) a->in_host--;
  return exn;
}

/* ---- faults ---- */

static struct sigaction
  before[2]; /* of SIGSEGV and SIGBUS; written once, before the first code runs */

/* The trap that a fault at `at` is, or -1. */
static int trap_of(const struct kn_activation *a, uintptr_t at) {
  if (at < (uintptr_t)KILN_WASM_TRAP_COUNT * KILN_WASM_TRAP_STEP)
    return (int)(at / KILN_WASM_TRAP_STEP);
  /* Mapped pages of the stack do not fault: below where code was entered, it is the end. The system may stop the growth
   * of a stack somewhat above or below the end that it names. */
  const uintptr_t slack = 2 << 20;
  if (at < a->stack && at >= thread.stack_low - slack && at < thread.stack_high)
    return KILN_WASM_TRAP_STACK;
  if (at - (uintptr_t)a->store->interrupt < 4096) return KILN_WASM_TRAP_INTERRUPT;
  for (const struct kn_memory *m = a->store->memories; m != NULL; m = m->next)
    if (at - (uintptr_t)m->reserved < m->reserved_bytes) return KILN_WASM_TRAP_MEMORY;
  return -1;
}

/* A fault that is not ours. */
static void pass_on(int signal, siginfo_t *info, void *context) {
  const struct sigaction *old = before + (signal == SIGBUS);
  if (old->sa_flags & SA_SIGINFO) {
    old->sa_sigaction(signal, info, context);
  } else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
    sigaction(signal, old, NULL); /* and the instruction faults again */
    if (info->si_code <= 0) raise(signal);
  } else {
    old->sa_handler(signal);
  }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  struct kn_activation *a = thread.current;
  /* SI_KERNEL and less: sent, or without an address. */
  if (a != NULL && a->in_host == 0 && info->si_code > 0 && info->si_code != SI_KERNEL) {
    int trap = trap_of(a, (uintptr_t)info->si_addr);
    if (trap == KILN_WASM_TRAP_INTERRUPT) mprotect(a->store->interrupt, 4096, PROT_READ);
    if (trap >= 0) {
      kn_backtrace_take(a);
      leave(a, KILN_WASMRT_TRAP, (kiln_wasm_trap)trap);
    }
  }
  pass_on(signal, info, context);
}

/* ---- entering ---- */

static pthread_key_t signal_stack_key;

static void free_signal_stack(void *stack) {
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, SIGNAL_STACK_BYTES);
}

static void install(void) {
  /* SA_NODEFER: leaving the handler by siglongjmp needs no change of the signal mask. */
  struct sigaction action = {.sa_sigaction = on_fault,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  pthread_key_create(&signal_stack_key, free_signal_stack);
  sigaction(SIGSEGV, NULL, before);
  sigaction(SIGBUS, NULL, before + 1);
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

/* The thread's signal stack and the bounds of its stack. */
static bool prepare_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  stack_t old;
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
    thread.stack_low = (uintptr_t)low;
    thread.stack_high = (uintptr_t)low + size;
  }
  thread.ready = true;
  return true;
}

/* After code was left by `leave`. */
static void describe(const struct kn_activation *a) {
  kiln_wasmrt_error *e = a->error;
  switch (e->status) {
  case KILN_WASMRT_TRAP:
    kn_error(e, e->status, "%s", kiln_wasmrt_trap_text(e->trap));
    kn_backtrace_name(a, e);
    break;
  case KILN_WASMRT_EXCEPTION: kn_error(e, e->status, "uncaught exception"); break;
  default: kn_error(e, e->status, "exit status %u", e->exit_status); break;
  }
}

kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error) {
  struct kn_activation a = {.outer = thread.current, .store = store, .error = error};
  a.stack = (uintptr_t)__builtin_frame_address(0);
  error->status = KILN_WASMRT_OK;
  error->n_frames = 0;
  error->message[0] = 0;
  if (!thread.ready && !prepare_thread()) {
    kn_error(error, KILN_WASMRT_MEMORY, "no memory for a signal stack");
    return error->status;
  }
  if (sigsetjmp(a.jump, 0) == 0) {
    thread.current = &a;
    body(user);
  }
  thread.current = a.outer;
  if (error->status != KILN_WASMRT_OK) describe(&a);
  return error->status;
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

kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error) {
  /* A function of the host that no module has called has no code that a module could enter. */
  struct call c = {func->code != NULL ? store->types[func->type_id - 1].entry : NULL, func, values};
  if (func->code != NULL && c.entry == NULL) {
    kn_error(error, KILN_WASMRT_LINK, "no module has an entry for functions of this type");
    error->n_frames = 0;
    return error->status;
  }
  return kiln_wasmrt_protect(store, call, &c, error);
}

void kiln_wasmrt_interrupt(kiln_wasmrt_store *store) {
  mprotect(store->interrupt, 4096, PROT_NONE);
}

/* Single-steps a child through the functions under test and unwinds at every instruction.
 * The expected values are on a shadow stack: at each call the stack pointer, the return address and the callee-saved
 * registers are recorded. The values by .eh_frame must be equal for every frame. Prints a line per fault, then `steps
 * N kiln M faults F`, M of the steps between text_begin and text_end. */
#include "cfi.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

void cases_run(int which);
extern const int cases_count;
/* There, if callees free their arguments: after a tail call, another number of bytes than that of the function that
 * was called, so that the CFA of the function that returns is another one. */
extern const int cases_pop __attribute__((weak));
extern char text_begin[], text_end[], helpers_begin[], helpers_end[];
void step_start(void (*run)(int), int which); /* helpers.S: junk in the callee-saved registers */

enum { MAX_DEPTH = 4096, MAX_FAULTS = 40 };
static const int kept[] = {CFI_RBX, CFI_RBP, CFI_R12, 13, 14, 15};

struct call {
  uint64_t cfa, ra, kept[6];
  struct cfi_frame all; /* at the call */
};
static struct call shadow[MAX_DEPTH];
static int depth, faults;
static long steps, kiln_steps;

static void to_frame(const struct user_regs_struct *u, struct cfi_frame *f) {
  uint64_t r[CFI_REGS] = {u->rax, u->rdx, u->rcx, u->rbx, u->rsi, u->rdi, u->rbp, u->rsp, u->r8,
                          u->r9,  u->r10, u->r11, u->r12, u->r13, u->r14, u->r15, u->rip};
  memset(f, 0, sizeof *f);
  memcpy(f->r, r, sizeof r);
}

static bool peek(void *user, uint64_t address, uint64_t *out) {
  errno = 0;
  *out = (uint64_t)ptrace(PTRACE_PEEKDATA, *(pid_t *)user, (void *)address, NULL);
  return errno == 0;
}

static bool in(uint64_t pc, const char *from, const char *to) {
  return pc >= (uint64_t)from && pc < (uint64_t)to;
}

static bool is_call(const uint8_t *p) {
  if (*p == 0xe8) return true;
  if ((*p & 0xf0) == 0x40) p++;
  return p[0] == 0xff && (p[1] >> 3 & 7) == 2;
}

static bool is_return(const uint8_t *p) {
  return p[0] == 0xc3 || p[0] == 0xc2 || (p[0] == 0xf3 && p[1] == 0xc3);
}

/* Is the stack pointer where a function is left? */
static bool is_end(uint64_t sp, uint64_t cfa) {
  return sp == cfa || (&cases_pop != NULL && (sp - cfa) % 8 == 0);
}

static void fault(uint64_t pc, int frame, const char *what, uint64_t got, uint64_t want) {
  if (faults++ < MAX_FAULTS)
    printf("fault at %+ld frame %d of %d: %s 0x%lx, expected 0x%lx\n",
           (long)(pc - (uint64_t)text_begin), frame, depth, what, got, want);
}

/* Unwinds from `u` through all frames of the shadow. */
static void check(pid_t child, const struct user_regs_struct *u) {
  struct cfi_frame f;
  to_frame(u, &f);
  uint64_t pc = u->rip;
  for (int i = 0; i < depth; i++) {
    const struct call *c = &shadow[depth - 1 - i];
    const char *bad = cfi_up(&f, i > 0, peek, &child);
    if (bad) {
      fault(pc, i, bad, f.r[CFI_RA], 0);
      return;
    }
    if (!is_end(f.cfa, c->cfa)) {
      fault(pc, i, "CFA", f.cfa, c->cfa);
      return;
    }
    if (f.r[CFI_RA] != c->ra) {
      fault(pc, i, "return address", f.r[CFI_RA], c->ra);
      return;
    }
    for (int k = 0; k < CFI_RA; k++)
      if (f.saved[k] && k != CFI_RSP && f.r[k] != c->all.r[k])
        fault(pc, i, "a saved register", f.r[k], c->all.r[k]);
    if (i >= depth - 2 && !f.known[CFI_RBX])
      return; /* junked_call: it says that it does not keep them */
    for (int k = 0; k < 6; k++) {
      static const char *const names[] = {"rbx", "rbp", "r12", "r13", "r14", "r15"};
      if (f.r[kept[k]] != c->kept[k]) fault(pc, i, names[k], f.r[kept[k]], c->kept[k]);
    }
  }
}

static void keep(const struct user_regs_struct *u, uint64_t *out) {
  struct cfi_frame f;
  to_frame(u, &f);
  for (int k = 0; k < 6; k++) out[k] = f.r[kept[k]];
}

/* Follows one instruction that led from `a` to `b`. */
static void follow(pid_t child, const struct user_regs_struct *a,
                   const struct user_regs_struct *b) {
  const uint8_t *code = (const uint8_t *)a->rip;
  if (is_call(code) && b->rsp == a->rsp - 8) {
    if (depth == MAX_DEPTH) {
      printf("too deep\n");
      exit(2);
    }
    struct call *c = &shadow[depth++];
    c->cfa = b->rsp + 8;
    peek(&child, b->rsp, &c->ra);
    keep(b, c->kept);
    to_frame(b, &c->all);
  } else if (is_return(code) && depth > 0) {
    const struct call *c = &shadow[--depth];
    uint64_t now[6];
    keep(b, now);
    if (b->rip != c->ra || !is_end(b->rsp, c->cfa)) fault(a->rip, 0, "return to", b->rip, c->ra);
    else if (memcmp(now, c->kept, sizeof now) != 0 && in(a->rip, text_begin, text_end))
      fault(a->rip, 0, "callee-saved registers changed over a call; rbx", now[0], c->kept[0]);
  }
}

static int trace(pid_t child) {
  int status;
  struct user_regs_struct before, now;
  if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return 3;
  /* The child stops itself in step_ready, which returns into step_start's caller. */
  ptrace(PTRACE_GETREGS, child, NULL, &before);
  bool started = false;
  for (;;) {
    if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || waitpid(child, &status, 0) < 0)
      return 3;
    if (!WIFSTOPPED(status)) break;
    if (WSTOPSIG(status) != SIGTRAP) {
      printf("signal %d at %+ld\n", WSTOPSIG(status), (long)(before.rip - (uint64_t)text_begin));
      kill(child, SIGKILL);
      return 4;
    }
    ptrace(PTRACE_GETREGS, child, NULL, &now);
    started |= in(now.rip, helpers_begin, helpers_end);
    if (started) {
      follow(child, &before, &now);
      bool kiln = in(now.rip, text_begin, text_end);
      steps++;
      kiln_steps += kiln;
      if (kiln || in(now.rip, helpers_begin, helpers_end)) check(child, &now);
    }
    before = now;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 5;
}

int main(int argc, char **argv) {
  int bad = 0;
  int first = argc > 1 ? atoi(argv[1]) : 0, last = argc > 1 ? first : cases_count - 1;
  for (int i = first; i <= last; i++) {
    long kiln_before = kiln_steps;
    int faults_before = faults;
    depth = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(77);
      raise(SIGSTOP);
      step_start(cases_run, i);
      _exit(0);
    }
    int status = trace(child);
    if (status != 0) {
      printf("case %d ended with %d\n", i, status);
      bad = status == 3 ? 77 : 1;
    }
    printf("case %d instructions %ld faults %d\n", i, kiln_steps - kiln_before,
           faults - faults_before);
  }
  printf("steps %ld kiln %ld faults %d\n", steps, kiln_steps, faults);
  return bad;
}

/* Assembly at the level of the module with symbols of all kinds: common data, names that stay undefined, ifuncs,
 * thread-local data; and frames with what only tables of unwinding can say: of signals, with personalities. */
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#ifdef __x86_64__
#define ADDRESS(name) "\tmovq " #name "@GOTPCREL(%rip),%rax\n\tret\n"
#define RETURN_FUNCTION(name) "\tleaq " #name "(%rip),%rax\n\tret\n"
#define TLS_VALUE(name) "\tmovq " #name "@GOTTPOFF(%rip),%rax\n\tmovl %fs:(%rax),%eax\n\tret\n"
#define CALL(name)                                                                                 \
  "\tsubq $8,%rsp\n\t.cfi_adjust_cfa_offset 8\n\tcall " #name                                      \
  "\n\taddq $8,%rsp\n\t.cfi_adjust_cfa_offset -8\n\tret\n"
#define FUNCTION "@function"
#define IFUNC "@gnu_indirect_function"
#define BITS "@progbits"
#define NO_BITS "@nobits"
#define NUMBERS "\t.globl number\n\t.set number,0x123456789\n\t.set local_number,77\n"
#else
#define ADDRESS(name) "\tadrp x0,:got:" #name "\n\tldr x0,[x0,:got_lo12:" #name "]\n\tret\n"
#define RETURN_FUNCTION(name) "\tadrp x0," #name "\n\tadd x0,x0,:lo12:" #name "\n\tret\n"
#define TLS_VALUE(name)                                                                            \
  "\tadrp x0,:gottprel:" #name "\n\tldr x0,[x0,:gottprel_lo12:" #name                              \
  "]\n\tmrs x1,tpidr_el0\n\tldr w0,[x1,x0]\n\tret\n"
#define CALL(name)                                                                                 \
  "\tstr x30,[sp,#-16]!\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset x30,-16\n\tbl " #name             \
  "\n\tldr x30,[sp],#16\n\t.cfi_def_cfa_offset 0\n\t.cfi_restore x30\n\tret\n"
#define FUNCTION "%function"
#define IFUNC "%gnu_indirect_function"
#define BITS "%progbits"
#define NO_BITS "%nobits"
/* LLVM's assembler has no code for the addresses of numbers. */
#define NUMBERS ""
#endif
#define BEGIN(name)                                                                                \
  "\t.text\n\t.p2align 4\n\t.globl " #name "\n\t.type " #name "," FUNCTION "\n" #name ":\n"

/* What the program refers to, too, and what it does not. */
__asm__("\t.comm shared,16,8\n\t.comm own,4,4\n" NUMBERS
        "\t.weak absent\n\t.weak missing\n\t.hidden missing\n" BEGIN(address_of_own) ADDRESS(own)
          BEGIN(address_of_shared) ADDRESS(shared) BEGIN(address_of_absent) ADDRESS(absent)
            BEGIN(address_of_missing) ADDRESS(missing));
extern long shared[2];
extern int absent;
extern char number[], local_number[];
int *address_of_own(void), *address_of_absent(void), *address_of_missing(void);
long *address_of_shared(void);
static int *volatile here = &absent;

__asm__("\t.text\n\t.globl chosen\n\t.type chosen," IFUNC "\nchosen:\n" RETURN_FUNCTION(
  seven) "\t.type chosen_here," IFUNC "\nchosen_here:\n" RETURN_FUNCTION(eight)
          BEGIN(call_chosen_here) "\t.cfi_startproc\n" CALL(chosen_here) "\t.cfi_endproc\n");
int chosen(int), call_chosen_here(int);
__attribute__((used)) static int seven(int x) { return x + 7; }
__attribute__((used)) static int eight(int x) { return x + 8; }
static int (*volatile changing)(int) = chosen;

__asm__("\t.section .tdata,\"awT\"," BITS "\n\t.globl first\n\t.p2align 2\nfirst:\t.long 5\n"
        "inner:\t.long 6\n"
        "\t.section .tbss,\"awT\"," NO_BITS "\n\t.globl second\n\t.p2align 3\nsecond:\t.zero 8\n"
        "\t.section .tdata.mine,\"awT\"," BITS
        "\n\t.p2align 2\n\t.long 0\nmine:\t.long 9\n" BEGIN(get_first) TLS_VALUE(first)
          BEGIN(get_inner) TLS_VALUE(inner) BEGIN(get_mine) TLS_VALUE(mine) BEGIN(get_second)
            TLS_VALUE(second) BEGIN(get_ours) TLS_VALUE(ours));
extern __thread int first;
extern __thread long second;
__thread int ours = 11;
int get_first(void), get_inner(void), get_mine(void), get_second(void), get_ours(void);

__asm__(
  BEGIN(signals) "\t.cfi_startproc\n\t.cfi_signal_frame\n" CALL(walk) "\t.cfi_endproc\n" BEGIN(
    plain) "\t.cfi_startproc\n" CALL(signals) "\t.cfi_endproc\n" BEGIN(guarded) "\t.cfi_"
                                                                                "startproc\n\t.cfi_"
                                                                                "personality "
                                                                                "0x1b,"
                                                                                "personality\n\t."
                                                                                "cfi_lsda "
                                                                                "0x1b,."
                                                                                "Ltable\n" CALL(
                                                                                  throw) "\t.cfi_"
                                                                                         "endproc\n"
                                                                                         "\t."
                                                                                         "section "
                                                                                         ".gcc_"
                                                                                         "except_"
                                                                                         "table,"
                                                                                         "\"a\""
                                                                                         "," BITS
                                                                                         "\n\t."
                                                                                         "p2align "
                                                                                         "2\n."
                                                                                         "Ltable:"
                                                                                         "\t.long "
                                                                                         "4711\n\t."
                                                                                         "text\n");
void signals(void), plain(void), guarded(void);

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *user) {
  int before = 0;
  _Unwind_GetIPInfo(context, &before);
  int *n = user;
  if (before) printf("frame %d is a signal's\n", *n);
  return ++*n == 6 ? _URC_END_OF_STACK : _URC_NO_REASON;
}
__attribute__((used, noinline)) void walk(void) {
  int n = 0;
  _Unwind_Backtrace(frame, &n);
  printf("%d frames\n", n);
}

__attribute__((used)) _Unwind_Reason_Code personality(int version, _Unwind_Action actions,
                                                      _Unwind_Exception_Class class,
                                                      struct _Unwind_Exception *exception,
                                                      struct _Unwind_Context *context) {
  (void)class, (void)exception;
  const void *table = (const void *)_Unwind_GetLanguageSpecificData(context);
  int number;
  memcpy(&number, table, sizeof number);
  printf("version %d, actions %d, table %d\n", version, actions, number);
  return _URC_CONTINUE_UNWIND;
}
__attribute__((used, noinline)) void throw(void) {
  static struct _Unwind_Exception exception;
  printf("raised: %d\n", _Unwind_RaiseException(&exception) == _URC_END_OF_STACK);
}

int main(void) {
  shared[1] = 3;
  *address_of_own() = 4;
  printf("%ld %d %d\n", address_of_shared()[1], *address_of_own(), address_of_shared() == shared);
#ifdef __x86_64__
  printf("%lx %lu\n", (unsigned long)number, (unsigned long)local_number);
#endif
  printf("%d %d %d\n", here == 0, address_of_absent() == 0, address_of_missing() == 0);
  printf("%d %d %d\n", chosen(1), call_chosen_here(1), changing(2));
  first++;
  second = 12;
  printf("%d %d %d %d %d\n", get_first(), get_inner(), get_mine(), get_second(), get_ours());
  plain();
  guarded();
  return 0;
}

/* Assembly at the level of the module, which defines and refers to symbols in several sections, and naked functions; both
 * describe their frames. */
#include <stdio.h>
#include <unwind.h>
#ifdef __x86_64__
__asm__(".globl gadd\n.type gadd,@function\ngadd:\n\tleal (%rdi,%rsi),%eax\n\tret\n"
        "\t.type local_mul,@function\nlocal_mul:\n\timull %esi,%edi\n\tjmp helper\n"
        ".section .data.rel.ro,\"aw\"\n.globl table\n.align 8\ntable: .quad gadd, counter, "
        "42\n.Ldist: .long "
        "local_mul - .\n.data\nvar: .long 17\n.text\n");
#else
__asm__(".globl gadd\n.type gadd,@function\ngadd:\n\tadd w0,w0,w1\n\tret\n"
        "local_mul:\n\tmul w0,w0,w1\n\tb helper\n"
        ".section .data.rel.ro,\"aw\"\n.globl table\n.align 8\ntable: .quad gadd, counter, "
        "42\n.data\n.align "
        "2\nvar: .long 17\n.text\n");
#endif
int gadd(int, int);
int local_mul(int, int);
extern long table[];
extern int var;
int counter = 5;
__attribute__((used)) static int calls;
__attribute__((used)) int helper(int x) {
  calls++;
  return x;
}
__attribute__((naked)) int nk(int a, int b) {
#ifdef __x86_64__
  __asm__("leal (%rdi,%rsi),%eax\n\tret");
#else
  __asm__("add w0,w0,w1\n\tret");
#endif
}
__attribute__((naked)) int tail(int a) {
#ifdef __x86_64__
  __asm__ volatile("movl $5,%esi\n\tjmp nk");
#else
  __asm__ volatile("mov w1,#5\n\tb nk");
#endif
}
/* Calls its argument. */
#ifdef __x86_64__
#define CALLS                                                                                      \
  "push %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset %rbx,-16\n\tsub $32,%rsp\n"                  \
  "\t.cfi_adjust_cfa_offset 32\n\tcall *%rdi\n\tadd $32,%rsp\n\t.cfi_adjust_cfa_offset "           \
  "-32\n\tpop %rbx\n\t.cfi_def_cfa_offset 8\n\tret\n"
#else
#define CALLS                                                                                      \
  "stp x19,x30,[sp,#-48]!\n\t.cfi_def_cfa_offset 48\n\t.cfi_offset x19,-48\n"                      \
  "\t.cfi_offset x30,-40\n\tblr x0\n\tldp x19,x30,[sp],#48\n\t.cfi_def_cfa_offset 0\n"             \
  "\t.cfi_restore x30\n\tret\n"
#endif
__asm__(".globl framed\nframed:\n\t.cfi_startproc\n\t" CALLS "\t.cfi_endproc\n");
void framed(void (*)(void));
__attribute__((naked)) void naked(void (*f)(void)) { __asm__(CALLS); }
static int frames;
static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *arg) {
  (void)context, (void)arg;
  return ++frames > 100 ? _URC_END_OF_STACK : _URC_NO_REASON;
}
__attribute__((noinline)) static void count(void) {
  frames = 0;
  _Unwind_Backtrace(frame, 0);
}
int main() {
  count();
  int plain = frames;
  framed(count);
  printf("%d ", frames - plain);
  naked(count);
  printf("%d\n", frames - plain);
  printf("%d %d\n", nk(3, 4), tail(6));
  printf("%d %d %d\n", gadd(3, 4), local_mul(5, 6), calls);
  printf("%ld %d %d %d\n", table[2], *(int *)table[1], ((int (*)(int, int))table[0])(1, 2), var);
  var++;
  printf("%d\n", var);
  return 0;
}

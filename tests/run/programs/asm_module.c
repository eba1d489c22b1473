/* Assembly at the level of the module, which defines and refers to symbols in several sections,
 * and naked functions; both describe their frames. Inline assembly that opens other sections,
 * whose content refers to its places, and defines symbols. */
#include <stdint.h>
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
__asm__(".weak set_add\n.set set_add, gadd\n.globl set_helper\n.set set_helper, helper");
int set_add(int, int), set_helper(int);
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
/* labels of sections without content, with which configure scripts try an assembler */
__asm__(".text\n.globl asm_empty\nasm_empty:\n.size asm_empty, . - asm_empty\n"
        ".type asm_empty, %function\n"
        ".section asm_bounds, \"aw\"\n.globl asm_bound\nasm_bound:\n.previous\n");
extern char asm_empty[], asm_bound[], asm_bound_here[];
static __attribute__((noinline)) int empty(void) {
  __asm__ volatile(".pushsection asm_bounds2, \"aw\"\n.globl asm_bound_here\n"
                   "asm_bound_here:\n.popsection");
  return ((uintptr_t)asm_empty != 0) + 2 * ((uintptr_t)asm_bound != 0) +
         4 * ((uintptr_t)asm_bound_here != 0);
}

/* ---- inline assembly ---- */

struct entry {
  int32_t code, text;
  int32_t number;
};
extern const struct entry __start_entries[], __stop_entries[];
#define MARK(n, s)                                                                                 \
  __asm__ volatile("771: nop\n"                                                                    \
                   ".pushsection .rodata.str, \"aMS\", %%progbits, 1\n"                            \
                   "772: .asciz \"" s "; .section\"\n"                                             \
                   ".popsection\n"                                                                 \
                   ".pushsection entries, \"a\"\n"                                                 \
                   ".balign 4\n"                                                                   \
                   ".long 771b - ., 772b - .\n"                                                    \
                   ".long %c0\n"                                                                   \
                   ".popsection"                                                                   \
                   :                                                                               \
                   : "i"(n))
static const char *at(const int32_t *p) { return (const char *)p + *p; }
static __attribute__((noinline)) void one(void) { MARK(1, "one"); }
static __attribute__((noinline)) int two(int x) {
  if (x) MARK(2, "two");
  MARK(3, "three");
  return x;
}

/* symbols in a function's text: code in the middle, data elsewhere */
extern char here[], word_of_asm[], hidden_word[] __attribute__((visibility("hidden")));
extern const void *const pointer_to_here;
extern char plain_label[];
static __attribute__((noinline)) const void *define(void) {
  __asm__ volatile(".globl here\nhere: nop\nplain_label: nop\n"
                   ".section .data\n.balign 8\n.globl word_of_asm\n.type word_of_asm, "
                   "%object\nword_of_asm: .long 42\n.size word_of_asm, 4\n"
                   ".weak hidden_word\n.hidden hidden_word\nhidden_word: .long 43\n"
                   ".previous\n"
                   ".pushsection .data.rel.ro, \"aw\"\n.balign 8\n.globl "
                   "pointer_to_here\npointer_to_here: .quad here\n.popsection");
  return here;
}
/* a jump table of the kernel's kind */
struct jump {
  int32_t from, to;
};
extern const struct jump __start_jumps[], __stop_jumps[];
static __attribute__((noinline)) int jump(int x) {
  __asm__ goto(
    "1: nop\n.pushsection jumps, \"aw\"\n.balign 4\n.long 1b - ., %l[yes] - .\n.popsection"
    :
    :
    :
    : yes);
  return x;
yes:
  return x + 1;
}
/* code elsewhere, to which the text jumps and which jumps back */
static __attribute__((noinline)) int fixed(int x) {
#ifdef __x86_64__
  __asm__("jmp 1f\n0:\n.pushsection .fixup, \"ax\"\n1: addl $5, %0\njmp 0b\n.popsection" : "+r"(x));
#else
  uint64_t t;
  __asm__("adrp %1, 1f\nadd %1, %1, :lo12:1f\nldr %w1, [%1]\nadd %w0, %w0, %w1\n.pushsection "
          ".rodata\n.balign 4\n1: .long 5\n.popsection"
          : "+r"(x), "=&r"(t));
#endif
  return x;
}
/* the same definition twice, in a section group */
extern const char probe_base[] __attribute__((visibility("hidden")));
#define BASE                                                                                       \
  __asm__ volatile(".ifndef probe_base\n"                                                          \
                   ".pushsection .probe_base, \"aG\", %progbits, .probe_base, comdat\n"            \
                   ".weak probe_base\n.hidden probe_base\nprobe_base: .byte 7\n"                   \
                   ".popsection\n.endif\n"                                                         \
                   ".pushsection .note.probes, \"?\", %note\n.long 0\n.popsection")
static __attribute__((noinline)) int base_of(int x) {
  if (x == 1) BASE;
  else BASE;
  return probe_base[0] + x;
}
static void sections(int argc) {
  one();
  two(argc);
  const void *h = define();
  for (const struct entry *e = __start_entries; e != __stop_entries; e++) {
    const unsigned char *c = (const unsigned char *)at(&e->code);
#ifdef __x86_64__
    int nop = *c == 0x90;
#else
    int nop = *(const uint32_t *)c == 0xd503201f;
#endif
    printf("%d %s %s\n", e->number, at(&e->text), nop ? "nop" : "?");
  }
  printf("%d %d %d %d %d\n", h == (const void *)here,
         plain_label - here > 0 && plain_label - here < 5, *(int *)word_of_asm, *(int *)hidden_word,
         pointer_to_here == here);
  printf("%d %d %d\n", jump(1), (int)(__stop_jumps - __start_jumps),
         at(&__start_jumps->to) > at(&__start_jumps->from));
  printf("%d %d\n", fixed(argc), base_of(1) + base_of(2));
}
int main(int argc, char **argv) {
  (void)argv;
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
  printf("%d\n", set_add(1, 2) + set_helper(3));
  printf("%d\n", empty());
  sections(argc);
  return 0;
}

/* Which code has unwind rows: of module assembly, only what .cfi_ directives describe; naked functions, unless they
 * neither throw nor have the attribute uwtable. Exceptions pass through what has rows, and walks of the stack end in
 * what has none. */
#include <stdio.h>
#include <unwind.h>
struct dwarf_eh_bases {
  void *text, *data, *func;
};
extern "C" const void *_Unwind_Find_FDE(void *, dwarf_eh_bases *);
#ifdef __x86_64__
#define BODY "push %rbx\n\tcall *%rdi\n\tpop %rbx\n\tret\n"
#define CFI_BODY                                                                                   \
  "push %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset %rbx, -16\n\tcall *%rdi\n\tpop %rbx\n\t"     \
  ".cfi_def_cfa_offset 8\n\tret\n"
#define TYPE "@function"
#else
#define BODY "stp x19, x30, [sp, #-16]!\n\tblr x0\n\tldp x19, x30, [sp], #16\n\tret\n"
#define CFI_BODY                                                                                   \
  "stp x19, x30, [sp, #-16]!\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset x19, -16\n\t"                \
  ".cfi_offset x30, -8\n\tblr x0\n\tldp x19, x30, [sp], #16\n\t.cfi_def_cfa_offset 0\n\t"          \
  ".cfi_restore x30\n\t.cfi_restore x19\n\tret\n"
#define TYPE "%function"
#endif
#define BEGIN(name) ".globl " name "\n.type " name ", " TYPE "\n" name ":\n\t"
/* one section for each: without rows, with, with gaps before, between and after; the last is this unit's .text */
#define SECTION(name) ".section .text." name ", \"ax\"\n"
__asm__(SECTION("a") BEGIN("bare") BODY /* */
        SECTION("b") BEGIN("framed") ".cfi_startproc\n\t" CFI_BODY ".cfi_endproc\n" /* */
        SECTION("c") BEGIN("before") BODY BEGIN("first") ".cfi_startproc\n\t" CFI_BODY
        ".cfi_endproc\n" BEGIN("between") BODY ".balign 16\n" BEGIN("second")
        ".cfi_startproc\n\t" CFI_BODY ".cfi_endproc\n" BEGIN("after") BODY /* */
        ".text\n" BEGIN("text_bare") BODY BEGIN("text_framed") ".cfi_startproc\n\t" CFI_BODY
        ".cfi_endproc\n");
typedef void callback();
extern "C" {
void bare(callback *), framed(callback *), before(callback *), first(callback *), between(callback *),
  second(callback *), after(callback *), text_bare(callback *), text_framed(callback *);
__attribute__((naked)) void naked(callback *) { __asm__(BODY); }
__attribute__((naked, nothrow, nouwtable)) void silent(callback *) { __asm__(BODY); }
}
static int frames;
static _Unwind_Reason_Code count(_Unwind_Context *context, void *) {
  frames += _Unwind_GetIP(context) != 0;
  return frames > 1000 ? _URC_END_OF_STACK : _URC_NO_REASON;
}
__attribute__((noinline)) static void walk() {
  frames = 0;
  _Unwind_Backtrace(count, 0);
  __asm__ volatile(""); /* no tail call */
}
__attribute__((noinline)) static void fail() { throw 5; }
static bool has_rows(void (*f)(callback *), dwarf_eh_bases *bases) {
  return _Unwind_Find_FDE((char *)(void *)f + 4, bases) != 0;
}
static void show(const char *name, void (*f)(callback *)) {
  dwarf_eh_bases bases;
  printf("%s:", name);
#ifndef SHARED
  bool has = has_rows(f, &bases);
  printf(" rows %d", has);
  if (has) printf(" of its own %d", bases.func == (void *)f);
#endif
  f(walk);
  if (frames <= 2) printf(" frames %d", frames); /* `walk`, the function itself */
  printf("\n");
}
static void pass(const char *name, void (*f)(callback *)) {
  try {
    f(fail);
  } catch (int x) {
    printf("%s: caught %d\n", name, x);
  }
}
int main() {
  show("bare", bare);
  show("framed", framed);
  show("before", before);
  show("first", first);
  show("between", between);
  show("second", second);
  show("after", after);
  show("text_bare", text_bare);
  show("text_framed", text_framed);
  show("silent", silent);
  dwarf_eh_bases bases;
  printf("naked: rows %d\n", has_rows(naked, &bases));
  pass("framed", framed);
  pass("first", first);
  pass("second", second);
  pass("text_framed", text_framed);
  return 0;
}

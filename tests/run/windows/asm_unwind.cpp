// Frames in module assembly, described by .seh_ directives: exceptions are thrown through them, and what they saved is
// there again after the catch; a handler of C++ that the assembly names; walks of the stack.
#include <cstdio>
#include <windows.h>

extern "C" int plain(int (*f)(int), int n);
extern "C" int registers(int (*f)(int), int n);
extern "C" int framed(int (*f)(int), int n);
extern "C" int vectors(int (*f)(int), int n);
extern "C" int leaf(int n);

__asm__(".globl plain\n.def plain; .scl 2; .type 32; .endef\n.seh_proc plain\nplain:\n"
        " subq $40,%rsp\n.seh_stackalloc 40\n.seh_endprologue\n"
        " movq %rcx,%rax\n movl %edx,%ecx\n call *%rax\n addq $40,%rsp\n ret\n.seh_endproc\n"

        ".globl registers\n.seh_proc registers\nregisters:\n"
        " pushq %rbx\n.seh_pushreg %rbx\n pushq %rsi\n.seh_pushreg %rsi\n"
        " subq $56,%rsp\n.seh_stackalloc 56\n movq %rdi,40(%rsp)\n.seh_savereg %rdi,40\n.seh_endprologue\n"
        " movl $77,%ebx\n movl $78,%esi\n movl $79,%edi\n"
        " movq %rcx,%rax\n movl %edx,%ecx\n call *%rax\n"
        " movq 40(%rsp),%rdi\n addq $56,%rsp\n popq %rsi\n popq %rbx\n ret\n.seh_endproc\n"

        ".globl framed\n.seh_proc framed\nframed:\n"
        " pushq %rbp\n.seh_pushreg %rbp\n subq $48,%rsp\n.seh_stackalloc 48\n"
        " leaq 32(%rsp),%rbp\n.seh_setframe %rbp,32\n.seh_endprologue\n"
        " subq $4096,%rsp\n" /* not described: the frame pointer finds the frame */
        " movq %rcx,%rax\n movl %edx,%ecx\n call *%rax\n"
        " leaq 16(%rbp),%rsp\n popq %rbp\n ret\n.seh_endproc\n"

        ".globl vectors\n.seh_proc vectors\nvectors:\n"
        " subq $72,%rsp\n.seh_stackalloc 72\n movaps %xmm6,48(%rsp)\n.seh_savexmm %xmm6,48\n.seh_endprologue\n"
        " xorps %xmm6,%xmm6\n movq %rcx,%rax\n movl %edx,%ecx\n call *%rax\n"
        " movaps 48(%rsp),%xmm6\n addq $72,%rsp\n ret\n.seh_endproc\n"

        ".globl leaf\nleaf: leal 1(%rcx),%eax\n ret\n");

static volatile int handled;
extern "C" EXCEPTION_DISPOSITION watch(EXCEPTION_RECORD *, void *, CONTEXT *, void *) {
  handled = handled + 1;
  return ExceptionContinueSearch;
}
extern "C" int watched(int (*f)(int), int n);
__asm__(".globl watched\n.seh_proc watched\n.seh_handler watch,@unwind,@except\nwatched:\n"
        " subq $40,%rsp\n.seh_stackalloc 40\n.seh_endprologue\n"
        " movq %rcx,%rax\n movl %edx,%ecx\n call *%rax\n addq $40,%rsp\n ret\n"
        ".seh_handlerdata\n.long 42\n.text\n.seh_endproc\n");

static int throws(int n) {
  if (n > 2) throw n;
  return n * 2;
}

static int walk(int) {
  void *frames[16];
  return CaptureStackBackTrace(0, 16, frames, nullptr) > 3;
}

__attribute__((noinline)) static int around(int (*through)(int (*)(int), int), int n) {
  register long long a __asm__("rbx") = n + 1, b __asm__("rsi") = n + 2, c __asm__("rdi") = n + 3;
  __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
  double kept = n * 1.5;
  int got;
  try {
    got = through(throws, n);
  } catch (int caught) {
    got = caught * 100;
  }
  __asm__ volatile("" : "+x"(kept));
  return got + static_cast<int>(a + b * 10 + c * 100) + static_cast<int>(kept);
}

int main() {
  int (*const all[])(int (*)(int), int) = {plain, registers, framed, vectors, watched};
  for (auto through : all) std::printf("%d %d %d\n", around(through, 1), around(through, 5), through(walk, 0));
  std::printf("%d %d\n", handled, leaf(3));
}

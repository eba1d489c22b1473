/* Thread-local data in module assembly for Windows: in .tls$, at an offset from the section's start, which C and
 * assembly read by the index of the image. */
#include <stdio.h>
#include <windows.h>

__asm__(".section .tls$,\"dw\"\n.globl number\n.p2align 2\nnumber: .long 41\n.globl "
        "second\nsecond: .long 7\n.text\n"
        ".globl by_assembly\nby_assembly: movl _tls_index(%rip),%eax\n movq %gs:88,%rcx\n movq "
        "(%rcx,%rax,8),%rcx\n"
        " incl number@SECREL32(%rcx)\n movl second@SECREL32(%rcx),%eax\n ret\n");
extern __thread int number, second;
int by_assembly(void);

static DWORD WINAPI other(void *p) {
  (void)p;
  second = 9;
  return (DWORD)(by_assembly() * 1000 + number);
}

int main(void) {
  DWORD status = 0;
  int first = by_assembly();
  HANDLE thread = CreateThread(NULL, 0, other, NULL, 0, NULL);
  WaitForSingleObject(thread, INFINITE);
  GetExitCodeThread(thread, &status);
  printf("%d %d %lu\n", first, number, (unsigned long)status);
  return 0;
}

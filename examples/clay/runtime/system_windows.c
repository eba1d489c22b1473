/* Clay's runtime on Windows (MinGW-w64): system.h. Exceptions are libgcc's, which the system's unwinder brings to each
 * frame; so the personality is one of the system's kind, and libgcc asks the one of Clay. */
#include "system.h"
#include "runtime.h"

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>

void *clay_map(size_t size) {
  return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void clay_unmap(void *start, size_t size) {
  (void)size;
  VirtualFree(start, 0, MEM_RELEASE);
}

void clay_close(void *start, size_t size) {
  DWORD before;
  VirtualProtect(start, size, PAGE_NOACCESS, &before);
}

/* ---- the stack ---- */

static uintptr_t reg(const void *context, unsigned number) {
  const CONTEXT *c = context;
  const uintptr_t by_number[] = {c->Rax, c->Rdx, c->Rcx, c->Rbx, c->Rsi, c->Rdi, c->Rbp, c->Rsp,
                                 c->R8,  c->R9,  c->R10, c->R11, c->R12, c->R13, c->R14, c->R15};
  return by_number[number & 15];
}

void clay_each_frame(bool (*visit)(const struct clay_frame *frame, void *user), void *user) {
  CONTEXT c;
  RtlCaptureContext(&c);
  for (;;) {
    DWORD64 base, established;
    PVOID data;
    PRUNTIME_FUNCTION f = RtlLookupFunctionEntry(c.Rip, &base, NULL);
    if (f != NULL) {
      RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, c.Rip, f, &c, &data, &established, NULL);
    } else {
      c.Rip = *(const DWORD64 *)(uintptr_t)c.Rsp;
      c.Rsp += 8;
    }
    const struct clay_frame frame = {.pc = c.Rip, .sp = c.Rsp, .reg = reg, .context = &c};
    if (c.Rip == 0 || !visit(&frame, user)) return;
  }
}

EXCEPTION_DISPOSITION clay_personality(PEXCEPTION_RECORD record, void *frame, PCONTEXT context,
                                       PDISPATCHER_CONTEXT dispatcher) {
  return _GCC_specific_handler(record, frame, context, dispatcher, clay_find_handler);
}

/* Makes a section of tables in each program. */
__attribute__((section("kiln_roots"), used)) static const uint32_t no_table = 0;

/* The last page of the stack is used for this. */
static LONG CALLBACK on_fault(PEXCEPTION_POINTERS e) {
  if (e->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
    return EXCEPTION_CONTINUE_SEARCH;
  fflush(stdout);
  fputs("runtime error: stack overflow\n", stderr);
  _Exit(CLAY_STATUS_FAILED);
}

void clay_watch_stack(uintptr_t bottom) {
  ULONG bytes = 65536;
  (void)bottom;
  SetThreadStackGuarantee(&bytes);
  AddVectoredExceptionHandler(1, on_fault);
}

/* ---- files ---- */

void clay_open_output(void) {
  _setmode(_fileno(stdout), _O_BINARY);
  _setmode(_fileno(stderr), _O_BINARY);
}

ptrdiff_t clay_get_line(char **line, size_t *room) {
  size_t n = 0;
  for (int c = 0; c != '\n';) {
    if (n + 2 > *room) {
      *room = 2 * *room + 128;
      *line = clay_need(realloc(*line, *room));
    }
    if ((c = getchar()) == EOF) break;
    (*line)[n++] = (char)c;
  }
  if (n == 0) return -1;
  (*line)[n] = 0;
  return (ptrdiff_t)n;
}

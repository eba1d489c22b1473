/* What the tool asks of Windows: system.h. Called by whoever shares tool.h. What is missing there, verbs, the assembler
 * of inline assembly and listings, is refused by name. A file that is being written stays under its temporary name if
 * the process is ended, as Windows removes no file that is open. */
#include "system.h"

#include "carried.h"

#include <kiln/as.h>

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

void tool_system_begin(void) {
  _fmode = _O_BINARY;
  for (int fd = 0; fd <= 2; fd++) setmode(fd, O_BINARY);
}

const char *tool_variable(const char *name) { return getenv(name); }

char *strndup(const char *text, size_t most) {
  const size_t n = strnlen(text, most);
  char *copy = malloc(n + 1);
  if (copy == NULL) return NULL;
  copy[n] = 0;
  return memcpy(copy, text, n);
}

/* ---- files ---- */

int tool_temporary_make(struct tool_temporary *t, char *path, size_t suffix) {
  static const char letters[32] = "abcdefghijklmnopqrstuvwxyz012345";
  char *to = path + strlen(path) - suffix;
  *t = (struct tool_temporary){.path = path};
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  uint64_t n = (uint64_t)GetCurrentProcessId() << 32 ^ (uint64_t)now.QuadPart;
  for (unsigned tries = 0; tries < 100; tries++) {
    n = n * 6364136223846793005u + 1;
    for (int i = 1; i <= 6; i++) to[-i] = letters[n >> 34 >> 5 * i & 31];
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | KN_OPEN, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

void tool_temporary_drop(struct tool_temporary *t) { (void)t; }

/* A file that is mapped could not be replaced, by its own object for instance. */
void tool_system_map(struct tool_input *in, int fd) { (void)in, (void)fd; }
void tool_system_unmap(const struct tool_input *in) { (void)in; }
void tool_system_forget(const struct tool_input *in) { (void)in; }

static bool identify(const char *path, BY_HANDLE_FILE_INFORMATION *out) {
  HANDLE h = CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, 0, NULL);
  if (h == INVALID_HANDLE_VALUE) return false;
  bool ok = GetFileInformationByHandle(h, out) != 0;
  CloseHandle(h);
  return ok;
}

bool tool_system_same_file(const char *a, const char *b) {
  BY_HANDLE_FILE_INFORMATION x, y;
  return identify(a, &x) && identify(b, &y) && x.dwVolumeSerialNumber == y.dwVolumeSerialNumber &&
         x.nFileIndexHigh == y.nFileIndexHigh && x.nFileIndexLow == y.nFileIndexLow;
}

bool tool_system_rename(const char *from, const char *to) { return kn_output_rename(from, to); }

/* ---- threads and programs ---- */

unsigned tool_system_processors(void) {
  DWORD_PTR of_process, of_system;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &of_process, &of_system) || of_process == 0)
    return 1;
  return (unsigned)__builtin_popcountll(of_process);
}

bool tool_system_start(pthread_t *thread, void *(*run)(void *), void *arg) {
  return pthread_create(thread, NULL, run, arg) == 0;
}

bool tool_system_demangle(const char *name, char *out, size_t size) {
  return (void)name, (void)out, (void)size, false;
}

/* ---- what is missing ---- */

bool tool_system_dis(FILE *records, FILE *out) {
  (void)records, (void)out;
  tool_error("Kiln for Windows has no disassembler, which listings need");
  return false;
}

/* Without an assembler the library refuses inline assembly. That of Windows makes COFF, and Kiln reads ELF. */
kiln_as *kiln_as_new(const kiln_as_options *options) { return (void)options, NULL; }
kiln_status kiln_as_assemble(void *as, const kiln_target *target, kiln_assembly *texts,
                             uint32_t n) {
  (void)as, (void)target, (void)texts, (void)n;
  return KILN_ERR_UNSUPPORTED;
}
void kiln_as_free(kiln_as *a) { (void)a; }

#define MISSING(verb)                                                                              \
  int verb_##verb(int argc, char **argv) {                                                         \
    (void)argc;                                                                                    \
    tool_error("Kiln for Windows has no '%s'; it has compile, print and verify", argv[0]);         \
    return TOOL_FAILED;                                                                            \
  }
MISSING(cc)
MISSING(cxx)
MISSING(flang)
MISSING(cargo)
MISSING(with)
MISSING(dis)
MISSING(interp)
MISSING(run)
MISSING(stats)

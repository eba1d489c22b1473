/* What Windows' process has by a name: see link.h. Programs and DLLs have only what they export. Functions of the
 * compiler's library are no DLL's in most programs: libkiln is linked with them. Windows' C library does not know whose
 * the functions are that are to be called at exit, so they are in a list here. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/process.h"

#define PSAPI_VERSION 2 /* a part of kernel32.dll */
#include <windows.h>

#include <math.h>
#include <psapi.h>
#include <stdlib.h>

/* ---- names ---- */

static uint64_t address_in(HMODULE module, const char *name) {
  return (uint64_t)(uintptr_t)GetProcAddress(module, name);
}

/* Of all DLLs ntdll.dll is the last, since it has functions of C's that are not those of the C library. */
uint64_t kn_jit_outside_process(const kiln_jit *jit, const char *name) {
  enum { MOST = 256 };
  HMODULE modules[MOST], *all = modules;
  DWORD bytes = 0, had = sizeof modules;
  const HANDLE process = GetCurrentProcess();
  const HMODULE last = GetModuleHandleA("ntdll.dll");
  uint64_t address = 0;
  if (!EnumProcessModules(process, modules, had, &bytes)) return 0;
  if (bytes > had) {
    HMODULE *more = kn_jit_realloc(jit, NULL, bytes);
    if (more != NULL && EnumProcessModules(process, more, bytes, &had)) all = more;
    else if (more != NULL) kn_jit_realloc(jit, more, 0);
    if (all == modules) bytes = sizeof modules;
    else if (had < bytes) bytes = had;
  }
  for (DWORD i = 0; i < bytes / sizeof *all && address == 0; i++)
    if (all[i] != last) address = address_in(all[i], name);
  if (all != modules) kn_jit_realloc(jit, all, 0);
  return address != 0 || last == NULL ? address : address_in(last, name);
}

/* clang-format off */
#define FUNCTIONS(X)                                                                                 \
  X(__divti3) X(__modti3) X(__udivti3) X(__umodti3)                                                  \
  X(__addtf3) X(__subtf3) X(__multf3) X(__divtf3)                                                    \
  X(__floattisf) X(__floattidf) X(__floattixf) X(__floattitf)                                        \
  X(__floatuntisf) X(__floatuntidf) X(__floatuntixf) X(__floatuntitf)                                \
  X(__floatsitf) X(__floatditf) X(__floatunsitf) X(__floatunditf)                                    \
  X(__fixsfti) X(__fixdfti) X(__fixxfti) X(__fixtfti) X(__fixtfsi) X(__fixtfdi)                      \
  X(__fixunssfti) X(__fixunsdfti) X(__fixunsxfti) X(__fixunstfti) X(__fixunstfsi) X(__fixunstfdi)    \
  X(__extendsftf2) X(__extenddftf2) X(__trunctfsf2) X(__trunctfdf2) X(_Unwind_Resume)
/* Of the C library: those that operations call. */
#define MATH(X)                                                                                      \
  X(fmod) X(fma) X(fmin) X(fmax) X(sqrt) X(floor) X(ceil) X(trunc) X(round) X(rint) X(nearbyint)
/* clang-format on */

#define DECLARE(name) extern void name(void);
FUNCTIONS(DECLARE)
#undef DECLARE

uint64_t kn_jit_outside_library(const char *name) {
#define ROW(name) {#name, (void (*)(void))name},
#define ROWS(name) ROW(name) ROW(name##f) ROW(name##l)
  static const struct {
    const char *name;
    void (*function)(void);
  } known[] = {FUNCTIONS(ROW) MATH(ROWS) ROW(memcpy) ROW(memmove) ROW(memset)};
#undef ROWS
#undef ROW
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(name, known[i].name) == 0) return (uint64_t)(uintptr_t)known[i].function;
  return 0;
}

uint64_t kn_jit_outside_throw(const char *name) {
  (void)name;
  return 0;
}

/* ---- at exit ---- */

struct kn_jit_exit {
  struct kn_jit_exit *next; /* registered before */
  void (*function)(void *);
  void *argument;
  uint64_t dso;
};

/* Takes the newest of all, or of those with a handle; false: there is none. */
static bool take(uint64_t dso, struct kn_jit_exit *out) {
  struct kn_jit_process *p = &kn_jit_process;
  pthread_mutex_lock(&p->list_lock);
  struct kn_jit_exit **at = &p->exits, *e;
  while ((e = *at) != NULL && dso != 0 && e->dso != dso) at = &e->next;
  if (e != NULL) {
    *out = *e;
    *at = e->next;
  }
  pthread_mutex_unlock(&p->list_lock);
  free(e);
  return e != NULL;
}

void kn_jit_outside_finalize(uint64_t dso) {
  struct kn_jit_exit e;
  while (take(dso, &e)) e.function(e.argument);
}

static void run_all(void) { kn_jit_outside_finalize(0); }

/* As __cxa_atexit. */
static int register_exit(void (*function)(void *), void *argument, void *dso) {
  struct kn_jit_process *p = &kn_jit_process;
  struct kn_jit_exit *e = malloc(sizeof *e);
  if (e == NULL) return -1;
  pthread_mutex_lock(&p->list_lock);
  const bool ready = p->exits_run || (p->exits_run = atexit(run_all) == 0);
  if (ready) {
    *e = (struct kn_jit_exit){p->exits, function, argument, (uint64_t)(uintptr_t)dso};
    p->exits = e;
  }
  pthread_mutex_unlock(&p->list_lock);
  if (!ready) free(e);
  return ready ? 0 : -1;
}

const struct kn_jit_registrar kn_jit_registrars[KN_JIT_REGISTRARS] = {
  {"atexit", (void (*)(void))register_exit, 2},
  {"at_quick_exit", NULL, 1},
  {"pthread_atfork", NULL, 3},
};

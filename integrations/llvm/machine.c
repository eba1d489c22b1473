/* What target machines are, noted by the address of what carries it: a target machine, a JIT's builder, a JIT. LLVM-C
 * has no call for the level of optimization, and TargetMachine::getOptLevel is an inline function from LLVM 20 on. */
#include "shim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Few of them live at once: one for each thread of a compiler. */
static struct {
  pthread_mutex_t lock;
  struct entry {
    const void *object;
    int level;
    struct shim_machine machine;
  } *at;
  uint32_t n, cap;
} noted = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct entry *find(const void *object) {
  for (uint32_t i = noted.n; i-- > 0;)
    if (noted.at[i].object == object) return &noted.at[i];
  return NULL;
}

/* A new entry; NULL if there is no memory. */
static struct entry *add(void) {
  if (noted.n == noted.cap) {
    uint32_t cap = noted.cap != 0 ? 2 * noted.cap : 16;
    struct entry *at = realloc(noted.at, cap * sizeof *at);
    if (at == NULL) return NULL;
    noted.at = at, noted.cap = cap;
  }
  return &noted.at[noted.n++];
}

static void set(const void *object, int level, struct shim_machine machine) {
  if (object == NULL) return;
  pthread_mutex_lock(&noted.lock);
  struct entry *e = find(object);
  if (e == NULL) e = add(); /* what stays unknown is compiled by LLVM */
  if (e != NULL) *e = (struct entry){object, level, machine};
  pthread_mutex_unlock(&noted.lock);
}

void shim_level_set(const void *object, int level) {
  set(object, level, (struct shim_machine){.triple = NULL});
}

void shim_level_drop(const void *object) {
  pthread_mutex_lock(&noted.lock);
  struct entry *e = find(object);
  if (e != NULL) *e = noted.at[--noted.n];
  pthread_mutex_unlock(&noted.lock);
}

static struct entry get(const void *object) {
  pthread_mutex_lock(&noted.lock);
  const struct entry *e = find(object);
  struct entry found = e != NULL ? *e : (struct entry){.level = SHIM_LEVEL_UNKNOWN};
  pthread_mutex_unlock(&noted.lock);
  return found;
}

int shim_level_of(const void *object) { return get(object).level; }
struct shim_machine shim_machine_of(const void *object) { return get(object).machine; }

void shim_machine_note(const void *object, struct shim_machine m) {
  set(object, get(object).level, m);
}

void shim_level_copy(const void *object, const void *from) {
  int level = shim_level_of(from);
  if (level == SHIM_LEVEL_UNKNOWN)
    shim_level_drop(object); /* the address may have been another object's */
  else set(object, level, shim_machine_of(from));
}

/* A copy of a text of LLVM's that is not freed: a process has few different ones. NULL: no memory. */
static const char *keep(const struct shim_host *h, char *text) {
  static struct {
    pthread_mutex_t lock;
    char *texts[64];
  } kept = {.lock = PTHREAD_MUTEX_INITIALIZER};
  enum { MOST = sizeof kept.texts / sizeof *kept.texts };
  size_t i = 0;
  pthread_mutex_lock(&kept.lock);
  while (i < MOST && kept.texts[i] != NULL && strcmp(kept.texts[i], text) != 0) i++;
  if (i < MOST && kept.texts[i] == NULL) kept.texts[i] = strdup(text);
  const char *found = i < MOST ? kept.texts[i] : strdup(text);
  pthread_mutex_unlock(&kept.lock);
  h->LLVMDisposeMessage(text);
  return found;
}

struct shim_machine shim_machine_read(const struct shim_host *h, void *tm) {
  struct shim_machine m = {.triple = NULL};
  if (!h->LLVMGetTargetMachineTriple || !h->LLVMGetTargetMachineCPU ||
      !h->LLVMGetTargetMachineFeatureString || !h->LLVMDisposeMessage)
    return m;
  m.cpu = keep(h, h->LLVMGetTargetMachineCPU(tm));
  m.features = keep(h, h->LLVMGetTargetMachineFeatureString(tm));
  if (m.cpu != NULL && m.features != NULL) m.triple = keep(h, h->LLVMGetTargetMachineTriple(tm));
  return m;
}

const char *shim_level_refused(int level) {
  const struct tool_settings *settings = shim_settings();
  if (settings->bad) return "KILN_INLINE, KILN_OPT_LEVEL or another setting has an invalid value";
  if (level == SHIM_LEVEL_REFUSED) return "its code model or a transformation is not for Kiln";
  if (level == SHIM_LEVEL_ABI)
    return "its target machine has an ABI or a relocation model of its own";
  if (level == SHIM_LEVEL_UNKNOWN) return "its level of optimization is not known";
  return level <= settings->opt_level ? NULL : "the unit is optimized";
}

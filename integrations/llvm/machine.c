/* Levels of optimization, noted by the address of what carries them: a target machine, a JIT's builder, a JIT. LLVM-C
 * has no call for it, and TargetMachine::getOptLevel is an inline function from LLVM 20 on. */
#include "shim.h"

#include <pthread.h>
#include <stdlib.h>

/* Few of them live at once: one for each thread of a compiler. */
static struct {
  pthread_mutex_t lock;
  struct entry {
    const void *object;
    int level;
  } *at;
  uint32_t n, cap;
} noted = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct entry *find(const void *object) {
  for (uint32_t i = noted.n; i-- > 0;)
    if (noted.at[i].object == object) return &noted.at[i];
  return NULL;
}

void shim_level_set(const void *object, int level) {
  if (object == NULL) return;
  pthread_mutex_lock(&noted.lock);
  struct entry *e = find(object);
  if (e == NULL && noted.n == noted.cap) {
    uint32_t cap = noted.cap != 0 ? 2 * noted.cap : 16;
    struct entry *at = realloc(noted.at, cap * sizeof *at);
    if (at != NULL) noted.at = at, noted.cap = cap;
  }
  if (e == NULL && noted.n < noted.cap)
    e = &noted.at[noted.n++]; /* else it stays unknown: LLVM compiles */
  if (e != NULL) *e = (struct entry){object, level};
  pthread_mutex_unlock(&noted.lock);
}

void shim_level_drop(const void *object) {
  pthread_mutex_lock(&noted.lock);
  struct entry *e = find(object);
  if (e != NULL) *e = noted.at[--noted.n];
  pthread_mutex_unlock(&noted.lock);
}

int shim_level_of(const void *object) {
  pthread_mutex_lock(&noted.lock);
  struct entry *e = find(object);
  int level = e != NULL ? e->level : SHIM_LEVEL_UNKNOWN;
  pthread_mutex_unlock(&noted.lock);
  return level;
}

void shim_level_copy(const void *object, const void *from) {
  int level = shim_level_of(from);
  if (level == SHIM_LEVEL_UNKNOWN)
    shim_level_drop(object); /* the address may have been another object's */
  else shim_level_set(object, level);
}

const char *shim_level_refused(int level) {
  const char *most = getenv("KILN_OPT_LEVEL");
  if (level == SHIM_LEVEL_REFUSED) return "its code model or a transformation is not for Kiln";
  if (level == SHIM_LEVEL_UNKNOWN) return "its level of optimization is not known";
  return level <= (most != NULL ? atoi(most) : 0) ? NULL : "the unit is optimized";
}

/* `CLAY_LIVE=N clay --jit FILE`: a loop whose functions are replaced from the edited file while it runs. When the
 * file's statements have run, N threads call `step(n: int) -> int` again and again. Each line of standard input has a
 * number: the file is read again, functions whose text has changed replace the old ones, `tick()` is called once if
 * there is one, and what each thread then gets from `step` of that number is printed. Variables outside of functions
 * keep their values, and statements are not run again. A file with an error replaces nothing.
 *
 * - A function is replaced by one store of its new address, at any time: no thread waits for that. A call in progress
 *   ends in the old code, which stays.
 * - The runtime is one thread's: in live programs nothing may allocate (jit.c refuses it). */
#include "jit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 64 };

typedef int64_t step_fn(int64_t n);

static struct {
  const char *path;
  char *text; /* the file, as it was when it had no errors */
  step_fn *_Atomic step;
  _Atomic int64_t number;
  atomic_ulong generation; /* of the functions */
  atomic_bool ends;
} live;

struct worker {
  pthread_t thread;
  atomic_ulong generation; /* that `answer` is of */
  int64_t answer;
};

/* ---- what has changed ---- */

/* A function of a file: from `text` on; the body begins at `body`. */
struct part {
  const char *name, *text, *body;
  size_t name_size, size;
};

/* The text after a string, a byte in quotes, a comment, or one byte of anything else. */
static const char *skip(const char *s) {
  if (s[0] == '/' && s[1] == '/') return s + strcspn(s, "\n");
  if (*s != '"' && *s != '\'') return s + 1;
  const char quote = *s++;
  for (; *s != 0 && *s != quote && *s != '\n'; s++) s += s[0] == '\\' && s[1] != 0;
  return *s == quote ? s + 1 : s;
}

/* The next function at the beginning of a line; false: there is none. */
static bool find_function(const char *s, const char *begin, struct part *f) {
  for (; *s != 0; s = skip(s)) {
    if (strncmp(s, "fn ", 3) != 0 || (s != begin && s[-1] != '\n')) continue;
    *f = (struct part){.text = s, .name = s + 3};
    f->name_size = strcspn(f->name, " (\n");
    for (s = f->name; *s != 0 && *s != '{'; s = skip(s)) continue;
    f->body = s;
    int depth = 0;
    for (; *s != 0; s = skip(s)) {
      depth += (*s == '{') - (*s == '}');
      if (*s == '}' && depth == 0) break;
    }
    f->size = (size_t)(s - f->text) + (*s != 0);
    return true;
  }
  return false;
}

static bool find_named(const char *text, const struct part *of, struct part *f) {
  for (const char *s = text; find_function(s, text, f); s = f->text + f->size)
    if (f->name_size == of->name_size && memcmp(f->name, of->name, f->name_size) == 0) return true;
  return false;
}

static bool same(const char *a, size_t n, const char *b, size_t m) {
  return n == m && memcmp(a, b, n) == 0;
}

/* The new text, with blanks in place of all that stays: places in it are those of the file. NULL: nothing changed. If
 * the parameters or the result of a function have changed, so has every function. The caller frees it. */
static char *changed_functions(const char *old, const char *text) {
  struct part f, was;
  char *changed = strdup(text);
  bool all = false, any = false;
  if (changed == NULL) abort();
  for (char *s = changed; *s != 0; s++)
    if (*s != '\n') *s = ' ';
  for (const char *s = text; find_function(s, text, &f); s = f.text + f.size)
    all |= find_named(old, &f, &was) &&
           !same(f.text, (size_t)(f.body - f.text), was.text, (size_t)(was.body - was.text));
  for (const char *s = text; find_function(s, text, &f); s = f.text + f.size) {
    if (!all && find_named(old, &f, &was) && same(f.text, f.size, was.text, was.size)) continue;
    memcpy(changed + (f.text - text), f.text, f.size);
    any = true;
  }
  if (any) return changed;
  free(changed);
  return NULL;
}

/* Replaces what has changed in the file; after a message, nothing. */
static void replace_changed(void) {
  size_t size;
  char *text = clay_read_file(live.path, &size);
  if (text == NULL) {
    fprintf(stderr, "clay: %s: %s\n", live.path, strerror(errno));
    return;
  }
  char *changed = changed_functions(live.text, text);
  bool ok = true;
  if (changed != NULL) {
    clay_input(jit_clay(), live.path, changed, size);
    ok = jit_run();
  }
  free(changed);
  if (ok) free(live.text);
  if (ok) live.text = text;
  else free(text);
}

/* ---- the loop ---- */

static void *work(void *argument) {
  struct worker *w = argument;
  while (!atomic_load(&live.ends)) {
    const unsigned long generation = atomic_load(&live.generation);
    const int64_t answer = atomic_load(&live.step)(atomic_load(&live.number));
    if (generation == atomic_load(&w->generation)) continue;
    w->answer = answer;
    atomic_store(&w->generation, generation);
  }
  return NULL;
}

/* The newest function of a name, without a parameter or with one; its address, or NULL. */
static void *find(const char *name, uint32_t n_params) {
  const struct fn *fn = clay_text(jit_clay(), name, strlen(name))->fn;
  return fn != NULL && !fn->external && fn->n_params == n_params ? jit_find(fn) : NULL;
}

static bool find_step(void) {
  const struct fn *fn = clay_text(jit_clay(), "step", 4)->fn;
  const struct type *integer = &jit_clay()->types[TYPE_INT];
  void *address = find("step", 1);
  if (address == NULL || fn->params->type != integer || fn->result != integer) {
    fprintf(stderr, "clay: %s: there is no function step(n: int) -> int\n", live.path);
    return false;
  }
  step_fn *step;
  memcpy(&step, &address, sizeof step);
  atomic_store(&live.step, step);
  return true;
}

static void answer(struct worker *workers, unsigned n, int64_t number) {
  replace_changed();
  find_step(); /* another signature: the old one goes on */
  void *address = find("tick", 0);
  void (*tick)(void);
  memcpy(&tick, &address, sizeof tick);
  if (tick != NULL) tick();
  atomic_store(&live.number, number);
  const unsigned long generation = atomic_fetch_add(&live.generation, 1) + 1;
  for (unsigned k = 0; k < n; k++) {
    while (atomic_load(&workers[k].generation) != generation) sched_yield();
    printf("%lld%s", (long long)workers[k].answer, k + 1 < n ? " " : "\n");
  }
  fflush(stdout);
}

bool live_loop(const char *path, const char *text, unsigned n_threads) {
  static struct worker workers[MAX_THREADS];
  char line[64];
  const unsigned n = n_threads < MAX_THREADS ? n_threads : MAX_THREADS;
  unsigned n_started = 0;
  live.path = path;
  live.text = strdup(text);
  if (live.text == NULL) abort();
  bool ok = find_step();
  for (; n_started < n && ok; n_started++)
    ok = pthread_create(&workers[n_started].thread, NULL, work, workers + n_started) == 0;
  while (ok && fgets(line, sizeof line, stdin) != NULL) answer(workers, n, strtoll(line, NULL, 10));
  atomic_store(&live.ends, true);
  for (unsigned k = 0; k < n_started; k++) pthread_join(workers[k].thread, NULL);
  free(live.text);
  return ok;
}

/* Compares functions after inlining with the same before: both are run by the interpreter, where the latter calls what
 * the former has copies of. Results, memory, calls of functions outside with what they get, traps and exceptions are to
 * be the same for drawn inputs. What depends on undefined values is found by running the function before inlining
 * twice, with other undefined values. Slots after inlining are where code generation puts them: those of bodies share
 * memory.
 *
 *     inlined [--inputs=N] [--seed=N] [--only=NAME] [--every=N] FILE.bc|FILE.kir...
 *
 * Prints a line for each function with inlined calls: its name and numbers, in the order of `struct counts`. */
#include "inlined.h"
#include "world.h"

#include <kiln/as.h>
#include <kiln/inline.h>
#include <kiln/llvm.h>
#include <kiln/text.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 20000, MOST_CALLS = 4096, SECONDS = 10, ENOUGH = 6 };

/* A call that became a copy, as the function before inlining makes it. */
struct call {
  const struct kn_ifunc *within;
  uint32_t site;
  bool now, compared; /* it ran with this input; and with one that was compared to its end */
};

/* Of the inputs of a function. Shared with the process that runs them. */
struct counts {
  uint32_t calls;    /* that became copies */
  uint32_t compared; /* of these: they ran with an input that was the same, to its end */
  uint32_t same, thrown;
  uint32_t undefined, endless, unsupported, unstable,
    overrun; /* no answer: by what the run before inlining did */
  uint32_t different, broken;
};

struct decided {
  uint32_t within, callee;
};

struct input {
  const char *path;
  bool text;
  kiln_module *m;
  kiln_session *s;
  struct world world;
  struct addresses *addresses;
  kiln_symbol *kept;
  uint32_t n_kept;
  struct decided *decided; /* of the function that is built */
  uint32_t n_decided;
  struct call calls[MOST_CALLS];
  uint32_t n_calls;
  uint32_t entry; /* symbol of the function that runs */
};

static uint32_t n_inputs = 24, every = 1;
static uint64_t first_seed = 1;
static const char *only;

/* ---- reading ---- */

static void *grow(void *old, size_t bytes) {
  void *at = realloc(old, bytes);
  if (at == NULL) abort();
  return at;
}

static bool decide(void *user, const kiln_inline_call_info *call) {
  struct input *i = user;
  if (call->why_not != NULL) return false;
  i->decided = grow(i->decided, (i->n_decided + 1) * sizeof *i->decided);
  i->decided[i->n_decided++] = (struct decided){call->within.id, call->callee.id};
  return true;
}

/* Text with a word in each function that nothing replaces it, and that it is to be inlined; to be freed. */
static char *with_words(const char *text, size_t size, size_t *out_size) {
  static const char words[] = "  !final\n  !inline always\n";
  char *out = grow(NULL, size * sizeof words + 1),
       *to = out; /* a function has more than one byte */
  for (const char *at = text, *end = text + size; at < end;) {
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    const size_t n = eol != NULL ? (size_t)(eol + 1 - at) : (size_t)(end - at);
    memcpy(to, at, n);
    to += n;
    if (n > 5 && memcmp(at, "func ", 5) == 0) to = stpcpy(to, words);
    at += n;
  }
  *out_size = (size_t)(to - out);
  return out;
}

static kiln_status sink(void *user, kiln_func *f) {
  struct input *i = user;
  const kiln_symbol symbol = kiln_func_symbol(f);
  if (kiln_interp_add(i->world.in, f) == KILN_OK) {
    addresses_add(i->addresses, f);
    if (kiln_func_keep(f) == KILN_OK) {
      i->kept = grow(i->kept, (i->n_kept + 1) * sizeof *i->kept);
      i->kept[i->n_kept++] = symbol;
      return KILN_OK;
    }
  }
  kiln_func_discard(f);
  return KILN_OK;
}

static bool read_functions(struct input *i, const void *bytes, size_t size) {
  if (i->text) {
    char *text = with_words(bytes, size, &size);
    kiln_status status = kiln_text_read(i->s, text, size, sink, i);
    free(text);
    return status == KILN_OK;
  }
  kiln_llvm *reader = kiln_llvm_new(i->s, bytes, size, NULL);
  const uint32_t n = kiln_llvm_body_count(reader);
  kiln_llvm_defer_assembly(reader); /* the interpreter does not run it */
  kiln_status status = kiln_llvm_read_bodies(reader, 0, n, sink, i, NULL);
  kiln_llvm_free(reader);
  return reader != NULL && status == KILN_OK;
}

static bool begin(struct input *i, const void *bytes, size_t size) {
  kiln_module_options o = {.name = i->path};
  if (i->text || !kiln_llvm_find_target(bytes, size, &o.target))
    kiln_target_find("x86_64", &o.target);
  i->m = kiln_module_new(&o);
  i->s = kiln_session_new(i->m);
  i->addresses = addresses_new();
  kiln_module_attrs attrs = kiln_module_get_attrs(i->m);
  attrs.inlining = KILN_INLINING_SMALL;
  attrs.variables = KILN_VARIABLES_AS_IS;
  kiln_module_set_attrs(i->m, &attrs);
  kiln_module_set_inline_attrs(i->m, &(kiln_inline_attrs){.decide = decide, .decide_user = i});
  return i->s != NULL && world_begin(&i->world, i->m) && read_functions(i, bytes, size) &&
         kiln_module_settle_inlining(i->m) == KILN_OK;
}

/* ---- a function with inlined calls ---- */

struct pair {
  kiln_symbol before, after;
  struct decided *decided;
  uint32_t n_decided;
  struct placement placement; /* of the slots after inlining */
  uint64_t hash;              /* of its text */
  uint64_t seed;              /* of its name: the same, however it is inlined */
};

static uint64_t text_hash(kiln_func *f) {
  kiln_buffer text = {0};
  uint64_t hash = 0;
  if (kiln_func_print(f, &text) == KILN_OK)
    for (size_t k = 0; k < text.size; k++) hash = world_mix(hash, text.data[k]);
  kiln_buffer_free(&text);
  return hash;
}

/* Builds a kept function with its calls inlined, and gives it to the interpreter by a symbol of its own. */
static bool build_after(struct input *i, kiln_symbol before, struct pair *out) {
  i->decided = NULL;
  i->n_decided = 0;
  kiln_func *f = kiln_session_begin_kept(i->s, before);
  *out = (struct pair){.before = before, .decided = i->decided, .n_decided = i->n_decided};
  i->decided = NULL;
  if (f == NULL || out->n_decided == 0 || kiln_func_status(f) != KILN_OK) {
    if (f != NULL && kiln_func_status(f) != KILN_OK)
      printf("not built: %s\n", kiln_symbol_get(i->m, before).desc.name);
    free(out->decided);
    kiln_func_discard(f);
    return false;
  }
  char name[32];
  snprintf(name, sizeof name, "after inlining %u", before.id);
  out->after =
    kiln_func_declare(i->m, &(kiln_symbol_desc){.name = name}, kiln_symbol_get(i->m, before).sig);
  out->hash = text_hash(f);
  const char *own = kiln_symbol_get(i->m, before).desc.name;
  for (out->seed = first_seed; own != NULL && *own != 0; own++)
    out->seed = world_mix(out->seed, (uint8_t)*own);
  kiln_symbol was = rename_func(f, out->after);
  const bool good = kiln_interp_add(i->world.in, f) == KILN_OK;
  rename_func(f, was);
  place_slots(f, &out->placement);
  return good;
}

/* Notes which calls of the function before inlining became copies. */
static void find_calls(struct input *i, const struct pair *p) {
  i->n_calls = 0;
  for (uint32_t d = 0; d < p->n_decided; d++) {
    const struct kn_ifunc *fn = kn_interp_callee(i->world.in, p->decided[d].within);
    for (uint32_t s = 0; fn != NULL && s < fn->n_sites; s++) {
      bool known = fn->sites[s].symbol != p->decided[d].callee;
      for (uint32_t k = 0; k < i->n_calls; k++)
        known |= i->calls[k].within == fn && i->calls[k].site == s;
      if (known || i->n_calls == MOST_CALLS) continue;
      i->calls[i->n_calls++] = (struct call){.within = fn, .site = s};
    }
  }
}

static void on_call(void *user, const struct kn_ifunc *caller, uint32_t site) {
  struct input *i = user;
  for (uint32_t k = 0; k < i->n_calls; k++)
    if (i->calls[k].within == caller && i->calls[k].site == site) i->calls[k].now = true;
}

/* ---- comparing ---- */

enum { FILL = 0xa5, OTHER_FILL = 0x5a }; /* no bit is the same */

/* Is a word after inlining what it was before, twice? Bytes that are undefined may differ; a word that was computed of
 * undefined ones, or of addresses on the stack, too. */
static bool agrees(const struct item *a, const struct item *b, const struct item *after) {
  if (a->kind == ITEM_FACT || after->kind == ITEM_FACT)
    return a->kind == after->kind && a->word == after->word;
  if (a->kind == ITEM_STACK && b->kind == ITEM_STACK && a->word == b->word)
    return after->kind == ITEM_STACK &&
           (after->word == a->word || after->word == UNKNOWN || a->word == UNKNOWN);
  if (a->kind != ITEM_VALUE || b->kind != ITEM_VALUE) return true;
  uint64_t defined = 0;
  for (unsigned k = 0; k < 64; k += 8) {
    const uint64_t x = a->word >> k & 255, y = b->word >> k & 255;
    if (x == y) defined |= UINT64_C(255) << k;
    else if (x != FILL || y != OTHER_FILL) return true;
  }
  if (after->kind == ITEM_STACK) return defined == 0;
  return ((after->word ^ a->word) & defined) == 0;
}

static const char *items_differ(const struct item *a, const struct item *b,
                                const struct item *after, uint32_t n) {
  static char text[160];
  for (uint32_t k = 0; k < n; k++) {
    if (agrees(&a[k], &b[k], &after[k])) continue;
    snprintf(text, sizeof text, "word %u: %llx (%u), after inlining %llx (%u)", k,
             (unsigned long long)a[k].word, a[k].kind, (unsigned long long)after[k].word,
             after[k].kind);
    return text;
  }
  return NULL;
}

/* Did the two runs before inlining do the same, but for values? */
static bool alike(const struct outcome *a, const struct outcome *b) {
  if (a->status != b->status || a->n_items != b->n_items) return false;
  for (uint32_t k = 0; k < a->n_items; k++) {
    const struct item *x = &a->items[k], *y = &b->items[k];
    if ((x->kind == ITEM_FACT) != (y->kind == ITEM_FACT)) return false;
    if (x->kind == ITEM_FACT && x->word != y->word) return false;
  }
  return true;
}

/* What differs after inlining; NULL: nothing. */
static const char *differs(const struct outcome *a, const struct outcome *b,
                           const struct outcome *after) {
  static char text[240];
  if (after->status != a->status) {
    snprintf(text, sizeof text, "%s %s, after inlining %s %s", kiln_status_name(a->status),
             a->message, kiln_status_name(after->status), after->message);
    return text;
  }
  if (after->n_items != a->n_items) {
    snprintf(text, sizeof text, "%u words of calls and results, after inlining %u", a->n_items,
             after->n_items);
    return text;
  }
  const char *why = items_differ(a->items, b->items, after->items, a->n_items);
  if (why != NULL) return why;
  why = items_differ(a->memory, b->memory, after->memory, a->n_memory);
  if (why == NULL) return NULL;
  snprintf(text, sizeof text, "memory: %s", why);
  return text;
}

/* For --only. */
static void print_outcome(const struct input *i, const char *what, const struct outcome *out) {
  printf("  %s: %s %s\n", what, kiln_status_name(out->status), out->message);
  for (uint32_t k = 0; k < out->n_items; k++) {
    const struct item *item = &out->items[k];
    const kiln_symbol_info info = kiln_symbol_get(i->m, (kiln_symbol){(uint32_t)item->word});
    if (item->kind == ITEM_FACT && info.desc.name != NULL) printf("    %s\n", info.desc.name);
    else printf("      %llx %u\n", (unsigned long long)item->word, item->kind);
  }
}

/* One input. */
static void compare(struct input *i, const struct pair *p, uint64_t seed, struct outcome out[3],
                    struct counts *c) {
  const kiln_symbol_info info = kiln_symbol_get(i->m, p->before);
  const uint32_t n = kiln_sig_get(i->m, info.sig).n_params;
  kiln_interp_value args[n + 1];
  for (uint32_t k = 0; k < i->n_calls; k++) i->calls[k].now = false;
  world_draw(&i->world, info.sig, addresses_of(i->addresses, p->before), seed, args);
  world_run(&i->world, p->before, NULL, args, n, (struct chance){FILL, 0}, STEPS, &out[0]);
  if (out[0].status == KILN_ERR_UNDEFINED) c->undefined++;
  else if (out[0].status == KILN_ERR_UNSUPPORTED) c->unsupported++;
  else if (out[0].status != KILN_OK && out[0].status != KILN_ERR_TRAP) c->endless++;
  else if (out[0].overrun) c->overrun++;
  else {
    world_run(&i->world, p->before, NULL, args, n, (struct chance){OTHER_FILL, 3}, STEPS, &out[1]);
    if (out[1].overrun || !alike(&out[0], &out[1])) {
      c->unstable++;
      return;
    }
    world_run(&i->world, p->after, &p->placement, args, n, (struct chance){OTHER_FILL, 6},
              2 * STEPS, &out[2]);
    const char *why = out[2].overrun ? NULL : differs(&out[0], &out[1], &out[2]);
    if (out[2].overrun) { /* by an address that missed what is beside the slots before inlining */
      c->overrun++;
      return;
    }
    if (why != NULL) {
      if (c->different++ == 0)
        printf("different: %s: %s: seed %llu: %s\n", i->path, info.desc.name,
               (unsigned long long)seed, why);
      if (only != NULL && c->different == 1) {
        print_outcome(i, "before", &out[0]);
        print_outcome(i, "after", &out[2]);
      }
      return;
    }
    c->same++;
    c->thrown += out[0].status == KILN_ERR_TRAP;
    for (uint32_t k = 0; k < i->n_calls; k++) i->calls[k].compared |= i->calls[k].now;
  }
}

/* Is a slot not wholly in the memory that bodies share? */
static bool is_beyond(const struct input *i, const struct pair *p) {
  const struct kn_ifunc *fn = kn_interp_callee(i->world.in, p->after.id);
  for (uint32_t k = 0; k < p->placement.n; k++)
    if (p->placement.at[k] != OWN_MEMORY &&
        p->placement.at[k] + fn->slots[k].size > p->placement.bytes)
      return true;
  return false;
}

/* In a process of its own, which a wrong function may break. */
static void run_inputs(struct input *i, const struct pair *p, struct counts *c) {
  struct outcome out[3];
  setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
  for (unsigned k = 0; k < 3; k++)
    if (!outcome_make(&i->world, &out[k])) _exit(1);
  i->world.on_call = on_call;
  i->world.on_call_user = i;
  for (uint32_t k = 0; k < n_inputs; k++) {
    compare(i, p, world_mix(p->seed, k), out, c);
    c->compared = 0;
    for (uint32_t n = 0; n < i->n_calls; n++) c->compared += i->calls[n].compared;
    if (c->compared == c->calls && c->same >= ENOUGH) break;
  }
  fflush(stdout);
  _exit(0);
}

static void compare_pair(struct input *i, const struct pair *p) {
  static struct counts *c;
  if (c == NULL)
    c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  find_calls(i, p);
  *c = (struct counts){.calls = i->n_calls, .different = is_beyond(i, p)};
  if (c->different != 0)
    printf("different: %s: %s: a slot is beyond the memory that bodies share\n", i->path,
           kiln_symbol_get(i->m, p->before).desc.name);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) run_inputs(i, p, c);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) abort();
  if (status != 0) c->broken++;
  printf("function %s %016llx", kiln_symbol_get(i->m, p->before).desc.name,
         (unsigned long long)p->hash);
  const uint32_t *number = (const uint32_t *)(const void *)c;
  for (size_t k = 0; k < sizeof *c / sizeof *number; k++) printf(" %u", number[k]);
  printf("\n");
}

static bool compare_file(struct input *i, const void *bytes, size_t size) {
  i->text = size < 4 || memcmp(bytes, "BC\xc0\xde", 4) != 0;
  if (!begin(i, bytes, size)) return false;
  struct pair *pairs = grow(NULL, (i->n_kept + 1) * sizeof *pairs);
  uint32_t n = 0;
  for (uint32_t k = 0; k < i->n_kept; k++) n += build_after(i, i->kept[k], &pairs[n]);
  world_stand_in(&i->world, i->s);
  addresses_settle(i->addresses);
  kiln_diag diag = {.status = KILN_OK};
  if (kiln_interp_link(i->world.in, &diag) != KILN_OK || !world_linked(&i->world)) {
    printf("not linked: %s: %s\n", i->path, diag.message);
    return false;
  }
  for (uint32_t k = 0; k < n; k++) {
    const char *name = kiln_symbol_get(i->m, pairs[k].before).desc.name;
    if ((only == NULL || (name != NULL && strcmp(only, name) == 0)) && pairs[k].seed % every == 0)
      compare_pair(i, &pairs[k]);
    free(pairs[k].decided);
    free(pairs[k].placement.at);
  }
  free(pairs);
  return true;
}

static bool run_file(const char *path) {
  struct input *i = calloc(1, sizeof *i);
  struct stat st;
  int fd = open(path, O_RDONLY);
  if (i == NULL || fd < 0 || fstat(fd, &st) != 0) return false;
  void *bytes = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  i->path = path;
  const bool good = bytes != MAP_FAILED && compare_file(i, bytes, (size_t)st.st_size);
  if (!good)
    printf("not read: %s: %s\n", path, i->m != NULL ? kiln_module_diag(i->m)->message : "");
  return good;
}

int main(int argc, char **argv) {
  bool good = true;
  for (int k = 1; k < argc; k++) {
    if (strncmp(argv[k], "--inputs=", 9) == 0) n_inputs = (uint32_t)strtoul(argv[k] + 9, NULL, 10);
    else if (strncmp(argv[k], "--every=", 8) == 0) every = (uint32_t)strtoul(argv[k] + 8, NULL, 10);
    else if (strncmp(argv[k], "--seed=", 7) == 0) first_seed = strtoull(argv[k] + 7, NULL, 10);
    else if (strncmp(argv[k], "--only=", 7) == 0) only = argv[k] + 7;
    else good &= run_file(argv[k]);
  }
  return good ? 0 : 1;
}

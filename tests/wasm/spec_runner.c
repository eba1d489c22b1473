/* Executes scripts of the official test suite, as suite.py makes them: spec_runner [--load=LIBRARY] [--refuse=BITS]
 * [--flags=BITS] SCRIPT.
 *
 * Modules are compiled into memory; or, with --load, they are in a shared library, that of the script's line N under
 * the name image_N, and those that must be refused are left to whoever made the library. Prints what failed, skipped
 * assertions by reason, and at the end `passed N failed N skipped N texts N` (refusals with the suite's words). */
#include <kiln/jit.h>
#include <kiln/wasm.h>
#include <kiln/wasm_runtime.h>

#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 4096, MOST_MODULES = 4096, MOST_VALUES = 2048 };

struct module {
  char *name; /* NULL: none */
  kiln_wasmrt_instance *instance;
};

static struct {
  kiln_wasmrt_store *store;
  struct module modules[MOST_MODULES];
  uint32_t n_modules;
  kiln_wasmrt_instance *last;
  kiln_wasmrt_code *codes[MOST_MODULES];
  uint32_t n_codes;
  void *library;
  const char *folder;
  uint32_t refuse; /* proposals: kiln_wasm_options.refuse */
  uint32_t flags;  /* likewise flags */
  unsigned passed, failed, skipped, texts;
} run;

/* ---- words ---- */

static void die(const char *what, const char *word) {
  fprintf(stderr, "spec_runner: %s: %s\n", what, word);
  exit(2);
}

/* The bytes of a word `=HEX`, with a NUL; NULL for `-`. */
static char *bytes_of(const char *word, size_t *n) {
  if (word[0] != '=') return NULL;
  *n = strlen(word + 1) / 2;
  char *out = calloc(*n + 1, 1);
  for (size_t i = 0; i < *n; i++) {
    char pair[3] = {word[1 + 2 * i], word[2 + 2 * i], 0};
    out[i] = (char)strtoul(pair, NULL, 16);
  }
  return out;
}

static void *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) die("cannot read", path);
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  void *bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, f) != *size) die("cannot read", path);
  fclose(f);
  return bytes;
}

static void failed(unsigned line, const char *what, const char *detail) {
  run.failed++;
  printf("%u: %s: %s\n", line, what, detail);
}

static void check(bool ok, unsigned line, const char *what, const char *detail) {
  if (ok) run.passed++;
  else failed(line, what, detail);
}

/* ---- values ---- */

static bool has_prefix(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

static kiln_wasm_value value_of(const char *word) {
  kiln_wasm_value v = {0};
  const char *colon = strchr(word, ':');
  char *end;
  v.v128[0] = strtoull(colon + 1, &end, 16);
  v.v128[1] = strtoull(end + 1, NULL, 16);
  return v;
}

static uint8_t type_of(const char *word) {
  static const char *const names[] = {
    "i32:", "i64:", "f32:", "f64:", "v128:", "funcref:", "externref:", "exnref:"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (has_prefix(word, names[i])) return (uint8_t)(KILN_WASM_TYPE_I32 + i);
  return KILN_WASM_TYPE_NONE;
}

/* One alternative of an expected value. */
static bool matches(const char *pattern, kiln_wasm_value v, uint8_t type) {
  uint64_t want[2] = {0}, mask[2] = {0}, is[2] = {v.v128[0], v.v128[1]};
  if (type_of(pattern) != type) return false;
  const char *colon = strchr(pattern, ':');
  if (has_prefix(colon, ":any")) return v.ref != NULL;
  char *end;
  want[0] = strtoull(colon + 1, &end, 16);
  want[1] = strtoull(end + 1, &end, 16);
  mask[0] = strtoull(end + 1, &end, 16);
  mask[1] = strtoull(end + 1, NULL, 16);
  return ((is[0] ^ want[0]) & mask[0]) == 0 &&
         (type != KILN_WASM_TYPE_V128 || ((is[1] ^ want[1]) & mask[1]) == 0);
}

static bool matches_any(const char *word, kiln_wasm_value v, uint8_t type) {
  for (const char *p = word; p != NULL; p = strchr(p, '|')) {
    p += *p == '|';
    if (matches(p, v, type)) return true;
  }
  return false;
}

/* ---- modules ---- */

static kiln_wasm_exn *print(void *user, kiln_wasm_value *values) {
  (void)user;
  (void)values;
  return NULL;
}

static void define_spectest(kiln_wasmrt_store *s) {
  static const char *const prints[][2] = {
    {"print", ""},      {"print_i32", "i"},      {"print_i64", "I"},     {"print_f32", "f"},
    {"print_f64", "F"}, {"print_i32_f32", "if"}, {"print_f64_f64", "FF"}};
  const kiln_wasm_limits table = {.min = 10, .max = 20},
                         table64 = {.min = 10, .max = 20, .is_64 = true};
  const kiln_wasm_limits memory = {.min = 1, .max = 2},
                         shared = {.min = 1, .max = 2, .shared = true};
  bool ok = true;
  for (size_t i = 0; i < sizeof prints / sizeof *prints; i++)
    ok &= kiln_wasmrt_define_func(s, "spectest", prints[i][0], prints[i][1], print, NULL);
#define GLOBAL(name, type, ...)                                                                    \
  ok &= kiln_wasmrt_define(s, "spectest", name,                                                    \
                           kiln_wasmrt_global_new(s, type, false, (kiln_wasm_value){__VA_ARGS__}))
  GLOBAL("global_i32", KILN_WASM_TYPE_I32, .i32 = 666);
  GLOBAL("global_i64", KILN_WASM_TYPE_I64, .i64 = 666);
  GLOBAL("global_f32", KILN_WASM_TYPE_F32, .f32 = 666.6f);
  GLOBAL("global_f64", KILN_WASM_TYPE_F64, .f64 = 666.6);
  ok &= kiln_wasmrt_define(s, "spectest", "table",
                           kiln_wasmrt_table_new(s, KILN_WASM_TYPE_FUNCREF, &table));
  ok &= kiln_wasmrt_define(s, "spectest", "table64",
                           kiln_wasmrt_table_new(s, KILN_WASM_TYPE_FUNCREF, &table64));
  ok &= kiln_wasmrt_define(s, "spectest", "memory", kiln_wasmrt_memory_new(s, &memory));
  ok &= kiln_wasmrt_define(s, "spectest", "shared_memory", kiln_wasmrt_memory_new(s, &shared));
  if (!ok) die("no memory for", "spectest");
}

static void *module_bytes(const char *file, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", run.folder, file);
  return read_file(path, size);
}

/* The image of the module on a line of the script; NULL after a failure. */
static const kiln_wasm_image *load(unsigned index, const char *file, char *error,
                                   size_t error_bytes) {
  if (run.library != NULL) {
    char name[32];
    snprintf(name, sizeof name, "image_%u", index);
    const kiln_wasm_image *image = dlsym(run.library, name);
    if (image == NULL) snprintf(error, error_bytes, "not in the library");
    return image;
  }
  size_t size;
  void *bytes = module_bytes(file, &size);
  const kiln_wasmrt_compile_options options = {.flags = run.flags, .refuse = run.refuse};
  kiln_wasmrt_code *code = kiln_wasmrt_compile(bytes, size, &options, error, error_bytes);
  free(bytes);
  if (code == NULL) return NULL;
  if (run.n_codes == MOST_MODULES) die("too many modules", file);
  run.codes[run.n_codes++] = code;
  return kiln_wasmrt_code_image(code);
}

static kiln_wasmrt_instance *find_module(const char *word) {
  size_t n;
  char *name = bytes_of(word, &n);
  if (name == NULL) return run.last;
  for (uint32_t i = run.n_modules; i-- > 0;)
    if (run.modules[i].name != NULL && strcmp(run.modules[i].name, name) == 0) {
      free(name);
      return run.modules[i].instance;
    }
  die("no module", name);
  return NULL;
}

static void module(unsigned index, unsigned line, char **words) {
  kiln_wasmrt_error error;
  char message[512] = "";
  size_t n;
  const kiln_wasm_image *image = load(index, words[3], message, sizeof message);
  run.last = NULL;
  if (image == NULL) {
    failed(line, "module", message);
    return;
  }
  run.last = kiln_wasmrt_instantiate(run.store, image, &error);
  check(run.last != NULL, line, "module", error.message);
  if (run.n_modules == MOST_MODULES) die("too many modules", words[3]);
  run.modules[run.n_modules++] = (struct module){bytes_of(words[4], &n), run.last};
}

/* ---- refusals ---- */

/* Validates and compiles, without running. KILN_OK: the module was taken. */
static kiln_status refuse(const char *file, char *message, size_t message_bytes) {
  size_t size;
  kiln_module_options options = {0};
  if (!kiln_target_find_host(&options.target)) die("no target", "host");
  void *bytes = module_bytes(file, &size);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  const kiln_wasm_options of_wasm = {.refuse = run.refuse};
  kiln_wasm *w = kiln_wasm_new(m, bytes, size, &of_wasm);
  if (w != NULL) kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
  kiln_status status = kiln_module_status(m);
  snprintf(message, message_bytes, "%s", kiln_module_diag(m)->message);
  kiln_wasm_free(w);
  kiln_session_free(s);
  kiln_module_free(m);
  free(bytes);
  return status;
}

static void expect_refused(unsigned line, char **words) {
  char message[512];
  size_t n;
  if (run.library != NULL) return; /* by whoever made the library */
  kiln_status status = refuse(words[3], message, sizeof message);
  if (status == KILN_OK) {
    failed(line, words[0], "accepted");
  } else if (status == KILN_ERR_UNSUPPORTED || status == KILN_ERR_MEMORY) { /* says nothing of it */
    failed(line, words[0], message);
  } else {
    char *text = bytes_of(words[2], &n);
    run.passed++;
    run.texts += has_prefix(message, text) || has_prefix(text, message);
    free(text);
  }
}

/* A module of which no instance is made. */
static void expect_accepted(unsigned line, char **words) {
  char message[512];
  if (run.library != NULL) return; /* by whoever made the library */
  check(refuse(words[3], message, sizeof message) == KILN_OK, line, words[0], message);
}

/* What Kiln does not take, and names where a module, if there is one, has it. */
static void expect_unsupported(unsigned line, char **words) {
  char message[512];
  size_t n;
  if (strcmp(words[3], "-") != 0 && run.library == NULL &&
      refuse(words[3], message, sizeof message) != KILN_ERR_UNSUPPORTED) {
    failed(line, words[0], "it is not refused as what Kiln lacks");
    return;
  }
  char *reason = bytes_of(words[2], &n);
  printf("skipped: %s\n", reason);
  run.skipped++;
  free(reason);
}

/* A trap's text: the suite's may say more, as which element, or less; `|` between alternatives. */
static bool same_text(const char *is, const char *want) {
  for (const char *p = want; p != NULL; p = strchr(p, '|')) {
    p += *p == '|';
    if (has_prefix(is, p) || has_prefix(p, is)) return true;
  }
  return false;
}

static void expect_no_instance(unsigned index, unsigned line, char **words,
                               kiln_wasmrt_status status) {
  kiln_wasmrt_error error;
  char message[512] = "";
  size_t n;
  char *text = bytes_of(words[2], &n);
  const kiln_wasm_image *image = load(index, words[3], message, sizeof message);
  if (image == NULL) {
    failed(line, words[0], message);
  } else {
    bool made = kiln_wasmrt_instantiate(run.store, image, &error) != NULL;
    check(!made && error.status == status && same_text(error.message, text), line, words[0],
          made ? "an instance was made" : error.message);
  }
  free(text);
}

/* ---- actions ---- */

static void expect_results(unsigned line, char **words, const kiln_wasm_functype *type,
                           const kiln_wasm_value *values) {
  uint32_t n = 0;
  char detail[256];
  for (; words[n] != NULL; n++) {
    uint8_t is = n < type->n_results ? type->types[type->n_params + n] : KILN_WASM_TYPE_NONE;
    if (matches_any(words[n], values[n], is)) continue;
    snprintf(detail, sizeof detail, "result %u is %llx:%llx, not %s", n,
             (unsigned long long)values[n].v128[0], (unsigned long long)values[n].v128[1],
             words[n]);
    failed(line, "return", detail);
    return;
  }
  check(n == type->n_results, line, "return", "number of results");
}

static void ended(unsigned line, char **words, const kiln_wasmrt_error *error) {
  size_t n;
  char *text = bytes_of(words[2], &n);
  bool ok = false;
  if (strcmp(words[0], "trap") == 0)
    ok = error->status == KILN_WASMRT_TRAP && same_text(error->message, text);
  else if (strcmp(words[0], "exhaustion") == 0)
    ok = error->status == KILN_WASMRT_TRAP && error->trap == KILN_WASM_TRAP_STACK;
  else if (strcmp(words[0], "exception") == 0) ok = error->status == KILN_WASMRT_EXCEPTION;
  else ok = error->status == KILN_WASMRT_OK;
  check(ok, line, words[0], error->status == KILN_WASMRT_OK ? "it returned" : error->message);
  free(text);
}

static void invoke(unsigned line, char **words, kiln_wasmrt_extern e, char **expected) {
  static kiln_wasm_value values[MOST_VALUES];
  kiln_wasmrt_error error;
  uint32_t n = 0;
  const kiln_wasm_func *func = e.address;
  kiln_wasm_functype type = kiln_wasmrt_func_type(run.store, func);
  for (char **w = words + 6; *w != NULL && strcmp(*w, "->") != 0; w++, n++) {
    if (n < type.n_params && type_of(*w) != type.types[n]) n = type.n_params;
    values[n] = value_of(*w);
  }
  if (n != type.n_params || type.n_results > MOST_VALUES) {
    failed(line, "invoke", "arguments do not fit");
    return;
  }
  kiln_wasmrt_call(run.store, func, values, &error);
  if (expected == NULL || error.status != KILN_WASMRT_OK) ended(line, words, &error);
  else expect_results(line, expected, &type, values);
}

static void action(unsigned line, char **words) {
  kiln_wasmrt_instance *i = find_module(words[4]);
  kiln_wasm_name name;
  char **expected = NULL;
  for (char **w = words; *w != NULL; w++)
    if (strcmp(*w, "->") == 0) expected = w + 1;
  if (i == NULL) {
    failed(line, words[0], "no instance");
    return;
  }
  name.text = bytes_of(words[5], &name.text_length);
  kiln_wasmrt_extern e = kiln_wasmrt_lookup_bytes(i, name);
  free((char *)(uintptr_t)name.text);
  bool get = strcmp(words[3], "get") == 0;
  if (e.address == NULL || e.kind != (get ? KILN_WASM_GLOBAL : KILN_WASM_FUNC)) {
    failed(line, words[0], "no such export");
  } else if (get) {
    kiln_wasm_value v = {0};
    memcpy(&v, e.address, e.type == KILN_WASM_TYPE_V128 ? 16 : 8);
    kiln_wasm_functype type = {.types = &e.type, .n_results = 1};
    expect_results(line, expected, &type, &v);
  } else {
    invoke(line, words, e, expected);
  }
}

/* An exported memory's content: FNV-1a of its words. */
static void check_hash(unsigned line, char **words) {
  size_t n = 0;
  char *name = bytes_of(words[2], &n);
  kiln_wasmrt_extern e = run.last != NULL
                           ? kiln_wasmrt_lookup_bytes(run.last, (kiln_wasm_name){name, n})
                           : (kiln_wasmrt_extern){0};
  free(name);
  if (e.address == NULL || e.kind != KILN_WASM_MEMORY) {
    failed(line, words[0], "no such memory");
    return;
  }
  const kiln_wasm_memory *m = e.address;
  uint64_t hash = 0xcbf29ce484222325, word;
  for (uint64_t i = 0; i < m->size_bytes; i += 8) {
    memcpy(&word, m->base + i, 8);
    hash = (hash ^ word) * 0x100000001b3;
  }
  check(hash == strtoull(words[3], NULL, 16), line, words[0], "the memory's content");
}

/* ---- scripts ---- */

static void do_line(unsigned index, char **words) {
  const char *what = words[0];
  unsigned line = (unsigned)strtoul(words[1], NULL, 10);
  if (strcmp(what, "module") == 0) {
    module(index, line, words);
  } else if (strcmp(what, "register") == 0) {
    size_t n;
    char *as = bytes_of(words[2], &n);
    kiln_wasmrt_instance *i = find_module(words[3]);
    check(i != NULL && kiln_wasmrt_define_instance(run.store, as, i), line, what, "no instance");
    free(as);
  } else if (strcmp(what, "invalid") == 0 || strcmp(what, "malformed") == 0) {
    expect_refused(line, words);
  } else if (strcmp(what, "definition") == 0) {
    expect_accepted(line, words);
  } else if (strcmp(what, "outside") == 0) {
    expect_unsupported(line, words);
  } else if (strcmp(what, "unlinkable") == 0) {
    expect_no_instance(index, line, words, KILN_WASMRT_LINK);
  } else if (strcmp(what, "uninstantiable") == 0) {
    expect_no_instance(index, line, words, KILN_WASMRT_TRAP);
  } else if (strcmp(what, "skip") == 0) {
    size_t n;
    char *reason = bytes_of(words[2], &n);
    printf("skipped: %s\n", reason);
    run.skipped++;
    free(reason);
  } else if (strcmp(what, "hash") == 0) {
    check_hash(line, words);
  } else if (strcmp(what, "unknown") == 0) {
    failed(line, "unknown", words[2]);
  } else {
    action(line, words);
  }
}

static void do_script(char *text) {
  static char *words[MOST_WORDS];
  unsigned index = 0;
  bool trace = getenv("SPEC_TRACE") != NULL;
  for (char *end; *text != 0; text = end) {
    uint32_t n = 0;
    end = strchr(text, '\n');
    *end++ = 0;
    for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " ")) {
      if (n + 1 == MOST_WORDS) die("too many words", words[0]);
      words[n++] = w;
    }
    words[n] = NULL;
    if (trace) fprintf(stderr, "%s %s\n", words[0], words[1]);
    do_line(index++, words);
  }
}

int main(int argc, char **argv) {
  const char *script = argv[argc - 1];
  for (int i = 1; i + 1 < argc; i++) {
    if (has_prefix(argv[i], "--refuse=")) run.refuse = (uint32_t)strtoul(argv[i] + 9, NULL, 0);
    else if (has_prefix(argv[i], "--flags=")) run.flags = (uint32_t)strtoul(argv[i] + 8, NULL, 0);
    else if (has_prefix(argv[i], "--load=")) run.library = dlopen(argv[i] + 7, RTLD_NOW);
    if (has_prefix(argv[i], "--load=") && run.library == NULL) die("cannot load", dlerror());
  }
  if (argc < 2) die("usage", "spec_runner [--load=LIBRARY] [--refuse=BITS] SCRIPT");
  run.store = kiln_wasmrt_store_new(NULL);
  if (run.store == NULL) die("no memory for", "a store");
  define_spectest(run.store);
  size_t size;
  char *text = read_file(script, &size), *copy = strdup(script);
  text[size] = 0;
  run.folder = dirname(copy);
  do_script(text);
  printf("passed %u failed %u skipped %u texts %u\n", run.passed, run.failed, run.skipped,
         run.texts);
  kiln_wasmrt_store_free(run.store);
  for (uint32_t i = 0; i < run.n_codes; i++) kiln_wasmrt_code_free(run.codes[i]);
  for (uint32_t i = 0; i < run.n_modules; i++) free(run.modules[i].name);
  free(copy);
  free(text);
  return run.failed > 0;
}

/* The program `clay-prompt`, which `clay -i` becomes: each line of standard input is a program and a module of its
 * own, compiled into memory and run at once. It is linked with Clay's runtime, whose main calls it in place of a
 * program. Later lines use what earlier ones declared. A function that is declared again replaces the old one, also
 * for its existing callers if its signature is the same; the code of a line is kept, because its declarations stay
 * valid. */
#include "gen.h"
#include "runtime.h"

#include <kiln/jit.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void clay_personality(void); /* runtime/unwind.c; the unwinder's type of it does not matter here */

static jmp_buf next_line;

/* An error at run time ends the line, not the prompt. */
void clay_failed(void) { longjmp(next_line, 1); }

static void *runtime_function(void *user, const char *name) {
  static const struct {
    const char *name;
    void (*address)(void);
  } table[] = {
#define RUNTIME(name, n, flags) {"clay_" #name, (void (*)(void))clay_##name},
    RUNTIME_FUNCTIONS
#undef RUNTIME
  };
  static const struct {
    const char *name;
    const void *address;
  } data[] = {{"clay_type_int", &clay_type_int},
              {"clay_type_float", &clay_type_float},
              {"clay_type_bool", &clay_type_bool},
              {"clay_type_str", &clay_type_str},
              {"clay_personality", (const void *)clay_personality}};
  (void)user;
  for (size_t i = 0; i < sizeof data / sizeof *data; i++)
    if (strcmp(data[i].name, name) == 0) return (void *)(uintptr_t)data[i].address;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, name) == 0) return (void *)(uintptr_t)table[i].address;
  return NULL; /* a function of C */
}

/* The number of brackets still open at the end; if not 0, the input continues on the next line. */
static int nesting(const char *s) {
  int depth = 0;
  for (; *s != 0; s++) {
    if (*s == '"') {
      for (s++; *s != 0 && *s != '"' && *s != '\n'; s++) s += s[0] == '\\' && s[1] != 0;
    } else if (s[0] == '/' && s[1] == '/') {
      s += strcspn(s, "\n");
    } else {
      depth += (strchr("([{", *s) != NULL) - (strchr(")]}", *s) != NULL);
    }
    if (*s == 0) break;
  }
  return depth;
}

/* Reads a line with its continuation lines; NULL at the end. The caller frees it. */
static char *read_lines(void) {
  bool asks = isatty(STDIN_FILENO);
  char *text = NULL, *line = NULL;
  size_t size = 0, room = 0;
  do {
    if (asks) fputs(text == NULL ? "> " : "  ", stdout);
    fflush(stdout);
    ssize_t n = getline(&line, &room, stdin);
    if (n <= 0) break;
    text = realloc(text, size + (size_t)n + 1);
    if (text == NULL) abort();
    memcpy(text + size, line, (size_t)n + 1);
    size += (size_t)n;
  } while (nesting(text) > 0);
  free(line);
  return text;
}

/* Compiles a checked line; its code, or NULL after a message. */
static void (*compile_line(kiln_jit *jit, struct clay *c, const struct program *p))(void) {
  char entry[32];
  snprintf(entry, sizeof entry, "clay_line_%u", c->input);
  kiln_module_options options = {.name = c->file, .verify = true, .jit = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_unit unit;
  kiln_jit_error e = {0};
  void (*code)(void) = NULL;
  if (s == NULL || gen_program(c, p, s, entry, NULL, NULL) != KILN_OK) {
    fprintf(stderr, "clay: %s\n", s != NULL ? kiln_module_diag(m)->message : "out of memory");
  } else if (kiln_jit_add(jit, KILN_JIT_REDEFINABLE,
                          &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1, &unit,
                          &e) != KILN_OK) {
    fprintf(stderr, "clay: %s\n", e.diag.message);
  } else {
    void *address = kiln_jit_address(jit, unit, entry);
    memcpy(&code, &address, sizeof code);
  }
  kiln_jit_error_free(&e);
  kiln_session_free(s);
  kiln_module_free(m);
  return code;
}

/* Called by the runtime's main. */
void clay_program(void) {
  static struct clay c;
  static kiln_jit *jit; /* static variables keep their values over longjmp */
  static char *text;
  kiln_jit_error e = {0};
  jit = kiln_jit_new(&(kiln_jit_options){.resolve = runtime_function}, &e);
  if (jit == NULL) {
    fprintf(stderr, "clay: %s\n", e.diag.message);
    exit(3);
  }
  clay_init(&c);
  setjmp(next_line);
  for (free(text); (text = read_lines()) != NULL; free(text)) {
    struct program p = {0};
    clay_input(&c, "prompt", text, strlen(text));
    parse_program(&c, &p);
    if (c.errors == 0) check_program(&c, &p);
    if (c.errors > 0) continue;
    void (*code)(void) = compile_line(jit, &c, &p);
    if (code != NULL) code();
  }
  clay_free(&c);
  kiln_jit_free(jit);
}

/* Writes programs, as text, that a seed determines. A program has functions f0 to fN, which call later ones alone, and
 * t0 to tM, which are entered by tail calls alone. Each has roots, numbers in variables that live over calls, loops,
 * and conditional code. In every other pair of programs, t0 to tM and some of the others have the convention `tail`,
 * and any number of parameters more. The host limits how many calls a run may make. */
#define _GNU_SOURCE
#include "moving.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCS = 7, TAILS = 3, MAX_ROOTS = 8, MAX_EXTRA = 14 };

struct gen {
  FILE *out;
  struct random random;
  uint32_t func;  /* number of the function, from 0; tail-called ones count on */
  uint32_t kinds; /* ID_... that hold for it */
  uint32_t n_roots, n_small;
  uint32_t block, value, call; /* numbers of the next ones */
  unsigned depth;
  uint32_t pops;                  /* bits: functions that free their stack arguments */
  uint8_t n_extra[FUNCS + TAILS]; /* their parameters after the usual three */
  bool pad;                       /* the code is in a landing pad */
  bool stale;                     /* a value is to be used that a call has made stale */
};

static uint32_t below(struct gen *g, uint32_t n) { return random_below(&g->random, n); }

static __attribute__((format(printf, 2, 3))) void put(struct gen *g, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(g->out, format, args);
  va_end(args);
  putc('\n', g->out);
}

static uint32_t id(struct gen *g) {
  return g->kinds | (g->pad ? ID_PAD : 0) | g->func * ID_FUNC | ++g->call;
}

/* A call that follows has an id; gives it. */
static uint32_t put_id(struct gen *g) {
  uint32_t n = id(g);
  put(g, "  !id %u", n);
  return n;
}

/* Loads a root; the number of the value. */
static uint32_t load(struct gen *g, uint32_t root) {
  put(g, "  %%v%u = load.i64 %%r%u", g->value, root);
  return g->value++;
}

/* The newest value is a reference, and stored to a root. */
static void keep(struct gen *g, uint32_t value, uint32_t root) {
  put(g, "  !reference %%v%u", value);
  put(g, "  store.i64 %%v%u, %%r%u", value, root);
}

static uint32_t any_root(struct gen *g) { return below(g, g->n_roots); }

static void start(struct gen *g, uint32_t block) { put(g, "b%u:", block); }

/* ---- statements ---- */

static void put_new(struct gen *g) {
  put_id(g);
  put(g, "  %%v%u = call @rt_new(%u)", g->value, below(g, 1000000));
  keep(g, g->value++, any_root(g));
}

static void put_copy(struct gen *g) {
  uint32_t v = load(g, any_root(g));
  put(g, "  store.i64 %%v%u, %%r%u", v, any_root(g));
}

/* Loads or stores a field of an object, if there is one. */
static void put_field(struct gen *g, bool stores) {
  uint32_t b = g->block, root = any_root(g), field = 16 + 8 * below(g, FIELDS);
  g->block += 2;
  uint32_t v = load(g, root);
  put(g, "  %%v%u = call @rt_is_object(%%v%u)", g->value, v);
  put(g, "  brif %%v%u, b%u, b%u", g->value++, b, b + 1);
  start(g, b);
  uint32_t o = load(g, root);
  if (stores) {
    uint32_t w = load(g, any_root(g));
    put(g, "  %%v%u = add.i64 %%v%u, %u", g->value, o, field);
    put(g, "  store.i64 %%v%u, %%v%u", w, g->value++);
  } else {
    put(g, "  %%v%u = load.i64 %%v%u+%u", g->value, o, field);
    keep(g, g->value++, any_root(g));
  }
  put(g, "  br b%u", b + 1);
  start(g, b + 1);
}

static void put_mix(struct gen *g) {
  uint32_t v = load(g, any_root(g));
  put(g, "  %%v%u = load.i64 %%n0", g->value);
  put(g, "  %%v%u = call @rt_mix(%%v%u, %%v%u)", g->value + 1, v, g->value);
  put(g, "  store.i64 %%v%u, %%n0", g->value + 1);
  g->value += 2;
}

/* A call that does not return, which may be the last instruction of the function. */
static void put_throw(struct gen *g) {
  uint32_t b = g->block, v = g->value;
  g->block += 2;
  g->value += 3;
  put(g, "  %%v%u = load.i64 %%n%u", v, below(g, 4));
  put(g, "  %%v%u = and.i64 %%v%u, 7", v + 1, v);
  put(g, "  %%v%u = icmp.i64 eq %%v%u, %u", v + 2, v + 1, below(g, 8));
  put(g, "  brif %%v%u, b%u, b%u", v + 2, b, b + 1);
  start(g, b);
  put_id(g);
  put(g, "  call @rt_throw(%u)", below(g, 100));
  put(g, "  unreachable");
  start(g, b + 1);
}

/* Numbers that are not references, in variables: they live over calls. */
static void put_numbers(struct gen *g) {
  uint32_t a = below(g, 4), b = below(g, 4);
  put(g, "  %%v%u = load.i64 %%n%u", g->value, a);
  put(g, "  %%v%u = load.i64 %%n%u", g->value + 1, b);
  put(g, "  %%v%u = mul.i64 %%v%u, %u", g->value + 2, g->value, 2 * below(g, 500) + 3);
  put(g, "  %%v%u = add.i64 %%v%u, %%v%u", g->value + 3, g->value + 2, g->value + 1);
  put(g, "  store.i64 %%v%u, %%n%u", g->value + 3, a);
  g->value += 4;
}

/* A tagged number in a root is used after a call that collects. */
static void put_plain(struct gen *g) {
  uint32_t v = g->value;
  g->value += 4;
  put(g, "  store.i64 %u, %%tag", 2 * below(g, 1000) + 1);
  put(g, "  %%v%u = load.i64 %%tag", v);
  put(g, "  %%v%u = copy.i64 %%v%u", v + 1, v);
  put(g, "  !plain %%v%u", v + 1);
  uint32_t n = put_id(g);
  put(g, "  call @rt_poll(%u)", n);
  put(g, "  %%v%u = load.i64 %%n0", v + 2);
  put(g, "  %%v%u = add.i64 %%v%u, %%v%u", v + 3, v + 2, v + 1);
  put(g, "  store.i64 %%v%u, %%n0", v + 3);
}

/* A compressed reference in a root of 4 bytes. */
static void put_small(struct gen *g) {
  uint32_t r = below(g, g->n_small);
  if (below(g, 2) == 0) {
    uint32_t v = load(g, any_root(g));
    put(g, "  %%v%u = call @rt_pack(%%v%u)", g->value, v);
    put(g, "  !reference %%v%u", g->value);
    put(g, "  store.i32 %%v%u, %%s%u", g->value++, r);
  } else {
    put(g, "  %%v%u = load.i32 %%s%u", g->value, r);
    put(g, "  %%v%u = call @rt_unpack(%%v%u)", g->value + 1, g->value);
    keep(g, g->value + 1, any_root(g));
    g->value += 2;
  }
}

static void put_poll(struct gen *g) {
  uint32_t n = put_id(g);
  put(g, "  call @rt_poll(%u)", n);
}

static bool pops(const struct gen *g, uint32_t func) { return g->pops >> func & 1; }

/* The name and arguments of a call of a program's function. Parameters after the usual three are references and
 * numbers by turns. */
static void put_call_text(struct gen *g, uint32_t func, char *text, size_t size) {
  FILE *out = fmemopen(text, size, "w");
  if (out == NULL) moving_wrong("no memory");
  uint32_t to = 0, a = load(g, any_root(g)), b = load(g, any_root(g)), extra[MAX_EXTRA];
  const bool indirect = pops(g, func) && below(g, 4) == 0;
  const char kind = func < FUNCS ? 'f' : 't';
  const uint32_t number = func < FUNCS ? func : func - FUNCS;
  put(g, "  %%v%u = load.i64 %%n%u", g->value, below(g, 4));
  uint32_t n = g->value++;
  for (uint32_t i = 0; i < g->n_extra[func]; i++) {
    if (i % 2 == 0) {
      extra[i] = load(g, any_root(g));
      continue;
    }
    put(g, "  %%v%u = load.i64 %%n%u", g->value, below(g, 4));
    extra[i] = g->value++;
  }
  if (indirect) {
    to = g->value++;
    put(g, "  %%v%u = addr @%c%u + 0", to, kind, number);
    fprintf(out, "%%v%u", to);
  } else fprintf(out, "@%c%u", kind, number);
  fprintf(out, "(%%v%u, %%v%u, %%v%u", a, b, n);
  for (uint32_t i = 0; i < g->n_extra[func]; i++) fprintf(out, ", %%v%u", extra[i]);
  fputc(')', out);
  if (indirect) {
    fputs(" as (i64, i64, i64", out);
    for (uint32_t i = 0; i < g->n_extra[func]; i++) fputs(", i64", out);
    fputs(") -> i64 tail", out);
  }
  if (fclose(out) != 0) moving_wrong("a call is too long");
}

/* A later function: most often the next one, so that stacks are deep; false: there is none. */
static bool callee(struct gen *g, uint32_t *func) {
  uint32_t after = g->func >= FUNCS ? FUNCS - 2 : g->func;
  if (after + 1 >= FUNCS) return false;
  *func = below(g, 3) != 0 ? after + 1 : after + 1 + below(g, FUNCS - after - 1);
  return true;
}

static void put_call(struct gen *g) {
  static const char *const through[] = {"rt_through", "rt_aligned"};
  uint32_t f, way = below(g, 4);
  char call[512];
  if (!callee(g, &f)) return;
  put_call_text(g, f, call, sizeof call);
  put_id(g);
  if (below(g, 8) == 0) put(g, "  %%v%u = call @rt_maybe(%u)", g->value, below(g, 100));
  else if (way < 2 && !pops(g, f))
    put(g, "  %%v%u = call @%s(@f%u, %s", g->value, through[way], f, strchr(call, '(') + 1);
  else put(g, "  %%v%u = call %s", g->value, call);
  keep(g, g->value++, any_root(g));
}

static void put_statements(struct gen *g, uint32_t n);

/* A call that may throw, in a try: what catches it collects, too. */
static void put_try(struct gen *g) {
  uint32_t b = g->block, f;
  char call[512];
  bool calls = callee(g, &f) && below(g, 3) == 0;
  g->block += 3;
  if (calls) put_call_text(g, f, call, sizeof call);
  put(g, "  %%v%u = load.i64 %%n%u", g->value, below(g, 4));
  uint32_t v = g->value++;
  put_id(g);
  if (calls)
    put(g, "  try %s to b%u(result 0) unwind b%u(exception 0) [catch all]", call, b, b + 1);
  else
    put(g, "  try @rt_maybe(%%v%u) to b%u(result 0) unwind b%u(exception 0) [catch all]", v, b,
        b + 1);
  uint32_t r = g->value++, e = g->value++, x = g->value++, y = g->value++;
  put(g, "b%u(%%v%u: i64):", b, r);
  keep(g, r, any_root(g));
  put(g, "  br b%u", b + 2);
  put(g, "b%u(%%v%u: i64):", b + 1, e);
  put(g, "  %%v%u = call @rt_catch(%%v%u)", x, e);
  put(g, "  store.i64 %%v%u, %%n0", x);
  bool was = g->pad;
  g->pad = true;
  put_poll(g);
  put_new(g);
  put_mix(g);
  g->pad = was;
  put(g, "  br b%u", b + 2);
  start(g, b + 2);
  (void)y;
}

static void put_loop(struct gen *g) {
  uint32_t b = g->block, i = g->depth, v = g->value;
  g->block += 2;
  g->value += 3;
  put(g, "  store.i64 %u, %%i%u", 1 + below(g, 3), i);
  put(g, "  br b%u", b);
  start(g, b);
  g->depth++;
  put_statements(g, 1 + below(g, 4));
  g->depth--;
  put(g, "  %%v%u = load.i64 %%i%u", v, i);
  put(g, "  %%v%u = sub.i64 %%v%u, 1", v + 1, v);
  put(g, "  store.i64 %%v%u, %%i%u", v + 1, i);
  put(g, "  %%v%u = icmp.i64 ne %%v%u, 0", v + 2, v + 1);
  put(g, "  brif %%v%u, b%u, b%u", v + 2, b, b + 1);
  start(g, b + 1);
}

/* What is in the memory of a variable size stays there. */
static void put_memory(struct gen *g) {
  uint32_t v = g->value;
  g->value += 5;
  put(g, "  %%v%u = load.i64 %%memory", v);
  put(g, "  %%v%u = load.i64 %%v%u", v + 1, v);
  put(g, "  %%v%u = load.i64 %%n0", v + 2);
  put(g, "  %%v%u = add.i64 %%v%u, %%v%u", v + 3, v + 1, v + 2);
  put(g, "  store.i64 %%v%u, %%n0", v + 3);
  put(g, "  %%v%u = xor.i64 %%v%u, %%v%u", v + 4, v + 1, v + 3);
  put(g, "  store.i64 %%v%u, %%v%u", v + 4, v);
}

/* What makes a value derived of another one, with the other operand. */
static const struct {
  const char *before, *after;
} derivations[] = {{"copy.i64 ", ""},          {"add.i64 ", ", 16"}, {"add.i64 8, ", ""},
                   {"sub.i64 ", ", 8"},        {"and.i64 ", ", -8"}, {"or.i64 ", ", 1"},
                   {"xor.i64 ", ", 3"},        {"not.i64 ", ""},     {"neg.i64 ", ""},
                   {"shl.i64 ", ", 1"},        {"addr ", " + 16"},   {"select.i64 %go, ", ", 3"},
                   {"select.i64 %go, 3, ", ""}};
enum { DERIVATIONS = sizeof derivations / sizeof *derivations };

/* Uses a derived value after a call that collects: at once, in another block, or as a block's parameter. */
static void put_stale(struct gen *g) {
  uint32_t v = load(g, any_root(g)), k = below(g, DERIVATIONS), b = g->block, way = below(g, 3);
  put(g, "  %%v%u = %s%%v%u%s", g->value, derivations[k].before, v, derivations[k].after);
  v = g->value++;
  if (way != 0) {
    g->block++;
    if (way == 2) put(g, "  br b%u(%%v%u)\nb%u(%%v%u: i64):", b, v, b, g->value);
    else put(g, "  br b%u\nb%u:", b, b);
    if (way == 2) v = g->value++;
  }
  put_poll(g);
  put(g, "  call @rt_result(%%v%u)", v);
}

static void put_statement(struct gen *g) {
  uint32_t k = below(g, 26);
  if (g->stale && g->depth == 0 && below(g, 4) == 0) {
    g->stale = false;
    put_stale(g);
    return;
  }
  if (k < 5) put_new(g);
  else if (k < 6) put_copy(g);
  else if (k < 9) put_field(g, true);
  else if (k < 11) put_field(g, false);
  else if (k < 13) put_mix(g);
  else if (k < 14) put_numbers(g);
  else if (k < 15) put_plain(g);
  else if (k < 17) put_small(g);
  else if (k < 18) put_poll(g);
  else if (k < 22) put_call(g);
  else if (k < 24) put_try(g);
  else if (k < 25 && below(g, 4) == 0) put_throw(g);
  else if (k < 25 && g->depth < 2) put_loop(g);
  else if (g->kinds & ID_SALLOC) put_memory(g);
  else put_numbers(g);
}

static void put_statements(struct gen *g, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) put_statement(g);
}

/* ---- functions ---- */

/* What makes frames unusual. */
static void put_attributes(struct gen *g) {
  static const char *const attributes[] = {"frame_pointer", "realign_stack", "probe 4096",
                                           "guard always",
#if defined(__aarch64__)
                                           "protect return"
#endif
  };
  uint32_t k = below(g, 2 * sizeof attributes / sizeof *attributes);
  if (k < sizeof attributes / sizeof *attributes) put(g, "  !%s", attributes[k]);
}

static void put_slots(struct gen *g) {
  for (uint32_t i = 0; i < 4; i++) put(g, "  %%n%u = slot 8", i);
  for (uint32_t i = 0; i < 2; i++) put(g, "  %%i%u = slot 8", i);
  put(g, "  %%memory = slot 8");
  for (uint32_t i = 0; i < g->n_roots; i++) {
    if (below(g, 4) == 0) put(g, "  %%between%u = slot %u array", i, 8 + below(g, 40));
    put(g, "  %%r%u = slot 8 align 8 root", i);
  }
  put(g, "  %%tag = slot 8 align 8 root");
  for (uint32_t i = 0; i < g->n_small; i++) put(g, "  %%s%u = slot 4 align 4 root", i);
}

/* Leaves the function: most often by a return, else by a tail call to a function of the same convention. */
static void put_end(struct gen *g) {
  put_mix(g);
  uint32_t target = g->func < FUNCS ? below(g, TAILS) : g->func - FUNCS + 1;
  if (target < TAILS && pops(g, g->func) == pops(g, FUNCS + target) && below(g, 3) == 0) {
    char call[512];
    put_call_text(g, FUNCS + target, call, sizeof call);
    put(g, "  tailcall %s", call);
    return;
  }
  put(g, "  %%v%u = load.i64 %%n0", g->value);
  put(g, "  call @rt_result(%%v%u)", g->value++);
  uint32_t v = load(g, any_root(g));
  put(g, "  ret %%v%u", v);
}

static void put_function(struct gen *g) {
  bool tail = g->func >= FUNCS, dynamic = below(g, 3) == 0;
  const uint32_t n_extra = g->n_extra[g->func];
  g->kinds = (tail ? ID_TAIL : 0) | (dynamic ? ID_SALLOC : 0) | (n_extra > 5 ? ID_POPS : 0);
  g->n_roots = 3 + below(g, MAX_ROOTS - 2);
  g->n_small = 1 + below(g, 2);
  g->block = 3;
  g->value = g->call = g->depth = 0;
  fprintf(g->out, "func%s @%c%u(i64, i64, i64", tail ? " linkonce" : "", tail ? 't' : 'f',
          tail ? g->func - FUNCS : g->func);
  for (uint32_t i = 0; i < n_extra; i++) fputs(", i64", g->out);
  put(g, ") -> i64%s personality @kir_personality {", pops(g, g->func) ? " tail" : "");
  put_attributes(g);
  put_slots(g);
  fputs("b0(%a: i64, %b: i64, %n: i64", g->out);
  for (uint32_t i = 0; i < n_extra; i++) fprintf(g->out, ", %%e%u: i64", i);
  put(g, "):\n  !reference %%a\n  !reference %%b");
  put(g, "  store.i64 %%a, %%r0\n  store.i64 %%b, %%r1\n  store.i64 %%n, %%n0");
  for (uint32_t i = 1; i < 4; i++) put(g, "  store.i64 %u, %%n%u", below(g, 1000), i);
  for (uint32_t i = 0; i < n_extra; i += 2)
    put(g, "  !reference %%e%u\n  store.i64 %%e%u, %%r%u", i, i, (i / 2 + 2) % g->n_roots);
  for (uint32_t i = 1; i < n_extra; i += 2) put(g, "  store.i64 %%e%u, %%n%u", i, 1 + i / 2 % 3);
  bool throws = below(g, 4) == 0; /* the function ends with a call that does not return */
  put(g, "  %%go = call @rt_enter()\n  brif %%go, b2, b1%s\nb2:", throws ? "" : "\nb1:\n  ret 0");
  if (dynamic) {
    put(g, "  %%low = and.i64 %%n, 120\n  %%size = add.i64 %%low, 16\n  %%p = salloc %%size");
    put(g, "  store.i64 %%n, %%p\n  store.i64 %%p, %%memory");
  }
  for (uint32_t i = 0; i < 3; i++) put_new(g);
  put_statements(g, 4 + below(g, 10));
  put_end(g);
  if (throws) {
    put(g, "b1:");
    put_id(g);
    put(g, "  call @rt_throw(1)\n  unreachable");
  }
  put(g, "}");
}

/* Chooses the functions that free their arguments: all that are entered by tail calls, half of the others. */
static void draw_conventions(struct gen *g) {
  g->pops = ((1u << TAILS) - 1) << FUNCS | below(g, 1u << FUNCS);
  for (uint32_t i = 0; i < FUNCS + TAILS; i++)
    if (pops(g, i)) g->n_extra[i] = (uint8_t)below(g, MAX_EXTRA + 1);
}

char *moving_program(uint64_t seed, bool stale, size_t *length) {
  static const char declarations[] = "declare @kir_personality(...) -> i32\n"
                                     "declare @rt_new(i64) -> i64\n"
                                     "declare @rt_poll(i64)\n"
                                     "declare @rt_maybe(i64) -> i64\n"
                                     "declare @rt_throw(i64) noreturn\n"
                                     "declare @rt_through(i64, i64, i64, i64) -> i64\n"
                                     "declare @rt_aligned(i64, i64, i64, i64) -> i64\n"
                                     "declare @rt_enter() -> i8 nocollect\n"
                                     "declare @rt_is_object(i64) -> i8 nocollect\n"
                                     "declare @rt_mix(i64, i64) -> i64 nocollect\n"
                                     "declare @rt_catch(i64) -> i64 nocollect\n"
                                     "declare @rt_pack(i64) -> i32 nocollect\n"
                                     "declare @rt_unpack(i32) -> i64 nocollect\n"
                                     "declare @rt_result(i64) nocollect\n";
  char *text = NULL;
  struct gen g = {.random = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1}, .stale = stale};
  g.out = open_memstream(&text, length);
  if (g.out == NULL) moving_wrong("no memory");
  for (unsigned i = 0; i < 8; i++) (void)random_next(&g.random);
  if (seed / 2 % 2 == 0) draw_conventions(&g);
  fputs(declarations, g.out);
  fputs("func @main(i64) -> i64 personality @kir_personality {\nb0(%n: i64):\n  try @f0(0, 0, %n",
        g.out);
  for (uint32_t i = 0; i < g.n_extra[0]; i++) fprintf(g.out, ", %u", i % 2 * i);
  fputs(") to b1(result 0) unwind b2(exception 0) [catch all]\nb1(%r: i64):\n  ret %r\n"
        "b2(%e: i64):\n  %x = call @rt_catch(%e)\n  ret 0\n}\n",
        g.out);
  for (g.func = 0; g.func < FUNCS + TAILS; g.func++) put_function(&g);
  if (fclose(g.out) != 0) moving_wrong("no memory");
  return text;
}

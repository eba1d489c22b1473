/* The reader of QBE's language with damaged input: every length of a text, lines and bytes changed, hostile
 * sizes, failing memory. Every read ends with a status and, unless it is KILN_OK, with a diagnostic; memory
 * errors are what the sanitizer builds of this test are for. What right programs do: tests/run/qbe. */
#include "unit.h"

#include "qbe.h"
#include "failing.h"

/* A text with a bit of everything. */
static const char source[] =
  "# a comment\n"
  "type :p = { w, s 2, b }\ntype :u = align 8 { { l } { :p 1 } }\ntype :o = align 4 { 12 }\n"
  "export data $a = align 16 { w 1 -2, b \"x\\n\\101\" 0, l $f + 8 $b, s s_1.5, d d_-1e3, z 7 }\n"
  "thread data $t = { w 5 }\nsection \"s\" \"aw\" data $b = { z 100 }\ncommon data $c = { z 8 }\n"
  "dbgfile \"f.c\"\n"
  "export function w $f(w %x, :p %p, sb %b, d %d, ...) {\n"
  "@start\n\t%s =l alloc8 24\n\tvastart %s\n\t%v =l vaarg %s\n\tdbgloc 3, 4\n\t%i =w copy 10\n"
  "@loop\n\t%k =w phi @start 1, @next %m\n\t%c =w csltw %k, %i\n\tjnz %c, @next, @end\n"
  "@next\n\t%m =w add %k, 1\n\t%x =w mul %x, %k\n\t%y =w sub %x, %k\n\tblit %p, %s, 16\n\tjmp "
  "@loop\n"
  "@end\n\t%r =:u call $g(:u %s, l thread $t, ..., d %d, s s_2, :o $b)\n\t%e =w extsb %b\n"
  "\t%z =w loadsh %r\n\t%q =l shl %v, %z\n\tstoreb %q, $a\n\t%h =d cast %q\n\t%n =w dtosi %h\n"
  "\t%w =w add %x, %y\n\t%w =w add %w, %n\n\tret %w\n}\n"
  "function :u $g(:u %a) {\n@s\n\tret %a\n}\n"
  "function w $h(env %e, w %x) {\n@s\n\t%r =w call $h(env %e, w 1)\n\tret %r\n}\nfunction $k() "
  "{\n@s\n\thlt\n}\n";

/* Reads from memory of exactly that size, and makes an object if that is right. */
static kiln_status read_text(const char *text, size_t size, kiln_processor target,
                             struct failing *budget) {
  kiln_module_options options = {.target.processor = target, .verify = true, .name = "text"};
  if (budget != NULL) options.allocator = failing_allocator(budget);
  char *copy = malloc(size != 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  kiln_buffer object = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_status status = KILN_ERR_MEMORY;
  if (s != NULL) {
    uint64_t instructions;
    status = kiln_qbe_read(s, copy, size, NULL, NULL, &instructions);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
    if (status == KILN_OK) assert_true(object.size > 0);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&object);
  free(copy);
  return status;
}

CASE(every_length) {
  for (kiln_processor t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    for (size_t n = 0; n < sizeof source - 1; n++) read_text(source, n, t, NULL);
    assert_int_equal(read_text(source, sizeof source - 1, t, NULL), KILN_OK);
  }
}

static uint64_t random_state = 0x9e3779b97f4a7c15;
static size_t below(size_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (size_t)(random_state >> 16) % n;
}

/* The beginning of a line, chosen at random. */
static size_t some_line(const char *text, size_t size) {
  size_t at = below(size);
  while (at > 0 && text[at - 1] != '\n') at--;
  return at;
}

static size_t line_size(const char *text, size_t size, size_t at) {
  const char *end = memchr(text + at, '\n', size - at);
  return end != NULL ? (size_t)(end - text) - at + 1 : size - at;
}

/* Puts `n` bytes in the place of `gone` bytes at `at`. */
static size_t splice(char *text, size_t size, size_t at, size_t gone, const char *bytes, size_t n) {
  memmove(text + at + n, text + at + gone, size - at - gone);
  memmove(text + at, bytes, n);
  return size - gone + n;
}

static size_t damage(char *text, size_t size) {
  static const char *const words[] = {"w ",
                                      "l ",
                                      "s ",
                                      "d ",
                                      "%x",
                                      "@loop",
                                      "$f",
                                      ":p",
                                      ":u",
                                      "99999999999",
                                      "-1",
                                      "4294967296",
                                      "0",
                                      "}\n",
                                      "{",
                                      "phi ",
                                      "ret\n",
                                      "jmp @next\n",
                                      "call ",
                                      "alloc8 ",
                                      "thread ",
                                      "...",
                                      ", ",
                                      "=",
                                      "\"",
                                      "#",
                                      "@new\n",
                                      "\n",
                                      "copy ",
                                      "type ",
                                      "data ",
                                      "function ",
                                      "s_1e",
                                      "\\",
                                      "%new",
                                      "env ",
                                      "section \"a\" ",
                                      "common ",
                                      "align 65536 "};
  char line[256];
  size_t at = below(size), n;
  switch (below(6)) {
  case 0: text[at] ^= (char)(1 << below(8)); return size;
  case 1: text[at] = (char)below(256); return size;
  case 2: /* a line is gone, or there again elsewhere */
  case 3:
    at = some_line(text, size);
    n = line_size(text, size, at);
    if (n > sizeof line || n >= size) return size;
    memcpy(line, text + at, n);
    if (below(2) != 0) size = splice(text, size, at, n, line, 0);
    return below(2) != 0 ? splice(text, size, some_line(text, size), 0, line, n) : size;
  case 4: n = below(8); return splice(text, size, at, n < size - at ? n : 0, "", 0);
  default: {
    const char *word = words[below(sizeof words / sizeof *words)];
    return splice(text, size, at, below(2) && at + 2 < size ? 2 : 0, word, strlen(word));
  }
  }
}

CASE(random_damage) {
  static char text[8192];
  unsigned good = 0, rounds = 6000;
  for (unsigned i = 0; i < rounds; i++) {
    size_t size = sizeof source - 1;
    memcpy(text, source, size);
    for (size_t k = 1 + below(3); k > 0; k--) size = damage(text, size);
    good += read_text(text, size, (kiln_processor)(1 + (i & 1)), NULL) == KILN_OK;
  }
  assert_true(good > 0 && good < rounds); /* both ways were tried */
}

/* Every allocation fails once. */
CASE(failing_memory) {
  kiln_status status = KILN_ERR_MEMORY;
  long n = 0;
  for (; status != KILN_OK; n++) {
    assert_true(n < 10000);
    struct failing budget = {.fail_at = (size_t)n + 1, .on = true};
    status = read_text(source, sizeof source - 1, KILN_PROCESSOR_X86_64, &budget);
    if (status != KILN_OK) assert_int_equal(status, KILN_ERR_MEMORY);
  }
  assert_true(n > 20);
}

/* `n` times a line, with the number of each in place of '%'s. */
static void lines(kiln_buffer *text, const char *format, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    char line[200];
    int size = snprintf(line, sizeof line, format, i, i + 1, i, i);
    assert_true(kiln_buffer_append(text, line, (size_t)size) == KILN_OK);
  }
}

static void check_lines(kiln_buffer *text, kiln_status want) {
  for (kiln_processor t = 1; t < KILN_PROCESSOR_COUNT; t++)
    assert_int_equal(read_text((const char *)text->data, text->size, t, NULL), want);
  kiln_buffer_free(text);
}

/* Large functions of shapes where time could grow faster than size, and long names, lists and strings. */
CASE(hostile_sizes) {
  enum { MANY = 20000 };
  kiln_buffer text = {0};
  lines(&text, "function w $f(w %%c) {\n@s\n%%x =w copy %%c\n",
        1); /* a ladder, whose dominators take long */
  lines(&text, "@b%u\n%%x%u =w add %%c, 1\njnz %%x, @b%u, @end\n", 0);
  for (unsigned i = 0; i < MANY; i++) {
    char line[100];
    int n = snprintf(line, sizeof line, "@b%u\n%%x%u =w add %%x, %%c\njnz %%x%u, @b%u, @b%u\n", i,
                     i, i, i + 1, i % 3 == 0 && i > 0 ? i / 2 : i + 1);
    kiln_buffer_append(&text, line, (size_t)n);
  }
  char end[100];
  int n = snprintf(end, sizeof end, "@b%u\n%%y =w add %%x0, %%x%u\nret %%y\n}\n", (unsigned)MANY,
                   (unsigned)MANY - 1);
  kiln_buffer_append(&text, end, (size_t)n);
  check_lines(&text, KILN_OK);

  lines(&text, "function w $g(w %%c) {\n@s\njmp @b0\n", 1); /* one phi with as many operands */
  for (unsigned i = 0; i < MANY; i++) {
    char line[100];
    n = snprintf(line, sizeof line, "@b%u\njnz %%c, @b%u, @join\n", i, i + 1);
    kiln_buffer_append(&text, line, (size_t)n);
  }
  n = snprintf(end, sizeof end, "@b%u\n@join\n%%x =w phi @b%u 1", (unsigned)MANY, (unsigned)MANY);
  kiln_buffer_append(&text, end, (size_t)n);
  lines(&text, ", @b%u %%c", MANY);
  lines(&text, "\nret %%x\n}\n", 1);
  check_lines(&text, KILN_OK);

  lines(&text, "data $x%u = { l $x%u, b \"%u\" }\n", MANY);
  lines(&text, "type :t%u = { w %u }\n", MANY);
  lines(&text, "function w $f%u(w %%x%u) {\n@s%u\nret 0\n}\n", MANY / 10);
  check_lines(&text, KILN_OK);

  lines(&text, "function $f() {\n@s\ncall $g(w 0", 1);
  lines(&text, ", l %u", 16400);
  lines(&text, ")\nret\n}\n", 1);
  check_lines(&text, KILN_ERR_LIMIT);

  lines(&text, "data $a = { b \"", 1);
  lines(&text, "a%u\\n", MANY);
  lines(&text, "\" }\nfunction $", 1);
  lines(&text, "name%u.", MANY);
  lines(&text, "() {\n@", 1);
  lines(&text, "block%u.", MANY);
  lines(&text, "\nret\n}\n", 1);
  check_lines(&text, KILN_OK);

  lines(&text, "function $f() {\n@s\n%%x =d copy d_1", 1);
  lines(&text, "%u", MANY);
  lines(&text, "\nret\n}\n", 1);
  check_lines(&text, KILN_ERR_LIMIT); /* as in the text form */

  lines(&text, "}{\"", MANY);
  check_lines(&text, KILN_ERR_SYNTAX);
}

/* Functions go to a sink, finished, and an error of the sink ends the reading. */
static kiln_status count(void *user, kiln_func *f) {
  unsigned *left = user;
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  kiln_func_discard(f);
  return --*left > 0 ? KILN_OK : KILN_ERR_IO;
}

CASE(sink) {
  for (unsigned stop = 1; stop < 7; stop++) {
    kiln_module *m = kiln_module_new(NULL);
    kiln_session *s = kiln_session_new(m);
    unsigned left = stop;
    uint64_t instructions;
    kiln_status status = kiln_qbe_read(s, source, sizeof source - 1, count, &left, &instructions);
    assert_int_equal(status, stop <= 4 ? KILN_ERR_IO : KILN_OK);
    assert_int_equal(left, stop <= 4 ? 0 : stop - 4);
    if (stop > 4) assert_int_equal(instructions, 28);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_length),   cmocka_unit_test(random_damage),
    cmocka_unit_test(failing_memory), cmocka_unit_test(hostile_sizes),
    cmocka_unit_test(sink),
  };
  return cmocka_run_group_tests_name("qbe", tests, NULL, NULL);
}

/* The bitcode reader with files that LLVM's writer does not make, but its reader accepts: they are written here bit
 * by bit. Zig's writer defines abbreviations that no record could use, numbers attribute groups from 0, and has the
 * module's metadata before BLOCKINFO. `bitcode_written FILE` writes the module of the tests to a file, for LLVM. */
#include "bitcode_fixture.h"

/* ---- a bit stream ---- */

struct stream {
  uint8_t bytes[4096];
  size_t pos;      /* bits */
  size_t sizes[4]; /* of open blocks: position of the word that has the size */
  unsigned widths[4], depth;
  unsigned width; /* of abbreviation ids */
};

static void fixed(struct stream *s, uint64_t v, unsigned n) {
  for (unsigned i = 0; i < n; i++, s->pos++) {
    assert_true(s->pos / 8 < sizeof s->bytes);
    s->bytes[s->pos / 8] |= (uint8_t)((v >> i & 1) << s->pos % 8);
  }
}

static void vbr(struct stream *s, uint64_t v, unsigned n) {
  for (; v >> (n - 1) != 0; v >>= n - 1) fixed(s, (v & ((1u << (n - 1)) - 1)) | 1u << (n - 1), n);
  fixed(s, v, n);
}

static void align(struct stream *s) { s->pos = (s->pos + 31) & ~(size_t)31; }

static void enter(struct stream *s, unsigned block, unsigned width) {
  fixed(s, 1, s->width);
  vbr(s, block, 8);
  vbr(s, width, 4);
  align(s);
  s->widths[s->depth] = s->width;
  s->sizes[s->depth++] = s->pos / 8;
  s->pos += 32;
  s->width = width;
}

static void leave(struct stream *s) {
  fixed(s, 0, s->width);
  align(s);
  size_t at = s->sizes[--s->depth];
  uint32_t words = (uint32_t)((s->pos / 8 - at) / 4 - 1);
  memcpy(s->bytes + at, &words, 4);
  s->width = s->widths[s->depth];
}

/* A record without abbreviation. */
static void record_of(struct stream *s, unsigned code, const uint64_t *ops, size_t n) {
  fixed(s, 3, s->width);
  vbr(s, code, 6);
  vbr(s, n, 6);
  for (size_t i = 0; i < n; i++) vbr(s, ops[i], 6);
}
#define RECORD(s, code, ...)                                                                       \
  record_of((s), (code), (uint64_t[]){__VA_ARGS__},                                                \
            sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Operands of an abbreviation: what `l` (a literal), `f` and `v` (widths) stand before; `a`
 * array, `c` char6, `b` blob. */
static void define(struct stream *s, const char *ops) {
  unsigned n = 0;
  for (const char *p = ops; *p != 0; p++) n += *p >= 'a';
  fixed(s, 2, s->width);
  vbr(s, n, 5);
  for (char *p = (char *)(uintptr_t)ops; *p != 0;) {
    char kind = *p++;
    uint64_t v = *p >= '0' && *p <= '9' ? strtoul(p, &p, 10) : 0;
    fixed(s, kind == 'l', 1);
    if (kind == 'l') vbr(s, v, 8);
    else fixed(s, kind == 'f' ? 1 : kind == 'v' ? 2 : kind == 'a' ? 3 : kind == 'c' ? 4 : 5, 3);
    if (kind == 'f' || kind == 'v') vbr(s, v, 5);
  }
}

/* [literal 35, count, offset, blob] in abbreviation `id` */
static void metadata_strings(struct stream *s, unsigned id, unsigned n,
                             const char *const *strings) {
  struct stream lengths = {.pos = 0};
  for (unsigned i = 0; i < n; i++) vbr(&lengths, strlen(strings[i]), 6);
  align(&lengths);
  size_t offset = lengths.pos / 8, size = offset;
  for (unsigned i = 0; i < n; i++) size += strlen(strings[i]);
  fixed(s, id, s->width);
  vbr(s, n, 6);
  vbr(s, offset, 6);
  vbr(s, size, 6);
  align(s);
  for (size_t i = 0; i < offset; i++) fixed(s, lengths.bytes[i], 8);
  for (unsigned i = 0; i < n; i++)
    for (const char *p = strings[i]; *p != 0; p++) fixed(s, (uint8_t)*p, 8);
  align(s);
}

/* ---- the module ---- */

enum {
  MODULE = 8,
  PARAMATTR = 9,
  PARAMATTR_GROUP = 10,
  FUNCTION = 12,
  METADATA = 15,
  TYPE = 17,
  STRTAB = 23,
  ZEXT = 34 /* the attribute */

};

/* i8 @f(i8 %x): returns the result of i8 @g(i8 zeroext %x), called at line 12, column 3 of
 * "name.zig". With `use`, a record uses the abbreviation that none can. */
static struct stream module(bool use) {
  struct stream s = {.width = 2};
  fixed(&s, 0xdec04342, 32);
  enter(&s, MODULE, 3);
  RECORD(&s, 1, 2);       /* version */
  define(&s, "l16af8f1"); /* an array before the last operand but one: id 4 */
  define(&s, "a");        /* an array as the code */
  define(&s, "l16bf8");   /* a blob before the last operand */
  if (use) {
    fixed(&s, 4, 3);
    fixed(&s, 0, 32);
  }
  enter(&s, PARAMATTR_GROUP, 3);
  RECORD(&s, 3, 0, 1, 0, ZEXT); /* group 0: of parameter 1 */
  leave(&s);
  enter(&s, PARAMATTR, 3);
  RECORD(&s, 2, 0);
  leave(&s);
  enter(&s, TYPE, 3);
  RECORD(&s, 1, 3);        /* number of types */
  RECORD(&s, 7, 8);        /* 0: i8 */
  RECORD(&s, 21, 0, 0, 0); /* 1: i8 (i8) */
  RECORD(&s, 25, 0);       /* 2: ptr */
  leave(&s);
  /* name at, size, type, convention, declaration, linkage, attributes */
  RECORD(&s, 8, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  RECORD(&s, 8, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  enter(&s, METADATA, 3);
  define(&s, "l35v6v6b");
  metadata_strings(&s, 4, 2, (const char *const[]){"name.zig", "/folder"});
  RECORD(&s, 16, 0, 1, 2, 0, 0);                                   /* 3: file */
  RECORD(&s, 20, 1, 12, 3, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0); /* 4: unit, distinct */
  RECORD(&s, 21, 7, 3, 1, 0, 3, 1, 0, 1, 0, 2, 0, 0, 4, 0, 0, 0, 0, 0, 0,
         0); /* 5: subprogram, distinct */
  leave(&s);
  enter(&s, 0, 2); /* BLOCKINFO */
  RECORD(&s, 1, METADATA);
  define(&s, "l2f1f1"); /* id 4 of blocks after this */
  leave(&s);
  enter(&s, FUNCTION, 4);
  RECORD(&s, 1, 1); /* blocks */
  /* call: attributes, explicit type, type; callee and argument, relative to value 3 */
  RECORD(&s, 34, 1, 1 << 15, 1, 2, 1);
  RECORD(&s, 35, 12, 3, 5, 0, 0); /* location: line, column, scope */
  RECORD(&s, 10, 1);              /* ret */
  leave(&s);
  leave(&s);
  enter(&s, STRTAB, 3);
  define(&s, "l1b");
  fixed(&s, 4, 3);
  vbr(&s, 2, 6);
  align(&s);
  fixed(&s, 'f' | 'g' << 8, 16);
  align(&s);
  leave(&s);
  return s;
}

/* ---- tests ---- */

CASE(read_all) {
  struct stream s = module(false);
  struct bc_result r = bc_read(s.bytes, s.pos / 8, true);
  if (r.status != KILN_OK) fail_msg("%s", r.diag.message);
  const char *text = (const char *)r.text.data;
  /* group 0 has its attribute, and the scope's file was found */
  assert_non_null(strstr(text, "declare @g(i8 zext) -> i8"));
  assert_non_null(strstr(text, "/folder/name.zig"));
  assert_int_equal(r.instructions, 2);
  bc_free(&r);
}

CASE(unusable_abbreviation) {
  struct stream s = module(true);
  struct bc_result r = bc_read(s.bytes, s.pos / 8, false);
  assert_int_equal(r.status, KILN_ERR_SYNTAX);
  assert_non_null(strstr(r.diag.message, "abbreviation"));
  bc_free(&r);
}

/* Each bit inverted: any result, but no error without a message, and no memory error. */
CASE(damage) {
  struct stream s = module(false);
  for (size_t i = 0; i < s.pos; i++) {
    s.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    struct bc_result r = bc_read(s.bytes, s.pos / 8, false);
    assert_true(r.status == KILN_OK || r.diag.message[0] != 0);
    bc_free(&r);
    s.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
  }
}

int main(int argc, char **argv) {
  if (argc > 1) {
    struct stream s = module(false);
    FILE *f = fopen(argv[1], "wb");
    return f == NULL || fwrite(s.bytes, 1, s.pos / 8, f) != s.pos / 8 || fclose(f) != 0;
  }
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(read_all),
    cmocka_unit_test(unusable_abbreviation),
    cmocka_unit_test(damage),
  };
  return cmocka_run_group_tests_name("bitcode written", tests, NULL, NULL);
}

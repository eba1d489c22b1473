/* What replay makes of what is inlined: callers as text, before and after. */
#include "inline_program.h"

#define KEPT_COPY(attributes)                                                                      \
  "func @caller(i64) -> i64 {\n" attributes                                                        \
  "  slot0 = slot 8 align 8\n  slot1 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, slot0\n"      \
  "  memcpy slot1, slot0, 8\n  v3 = call @setjmp(v0)\n  v4 = load.i64 slot1\n  ret v4\n}\n"
#define FAR_COPY                                                                                   \
  "func @caller(i64) {\n  slot0 = slot 16 align 8\n  slot1 = slot 8 align 8\nb0(v0: i64):\n  "     \
  "memcpy slot0, v0, 16\n"                                                                         \
  "  v2 = addr slot1 + 2147483640\n  memcpy v2, slot0, 16\n  ret\n}\n"
static const struct {
  const char *text, *caller;
} made[] = {
  /* what is stored once is the value; the address of a slot reaches its accesses */
  {"func internal @callee(i64) -> i32 {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, "
   "slot0\n"
   "  v2 = load.i64 slot0\n  v3 = load.i32 v2+4\n  v4 = add.i32 v3, 1\n  store.i32 v4, v2+4\n  ret "
   "v4\n}\n"
   "func @caller(i32) -> i32 {\n  slot0 = slot 16 align 8\nb0(v0: i32):\n  store.i32 v0, slot0+4\n"
   "  v2 = call @callee(slot0)\n  v3 = load.i32 slot0+4\n  v4 = add.i32 v2, v3\n  ret v4\n}\n",
   "func @caller(i32) -> i32 {\n  slot0 = slot 16 align 8\nb0(v0: i32):\n  store.i32 v0, slot0+4\n"
   "  v2 = add.i32 v0, 1\n  store.i32 v2, slot0+4\n  v4 = add.i32 v2, v2\n  ret v4\n}\n"},
  /* an argument that is copied: what the body does to it, it does to the copy */
  {"func internal @callee(i64 byval(16, 8)) -> i64 {\nb0(v0: i64):\n  v1 = load.i64 v0+8\n"
   "  store.i64 1, v0+8\n  ret v1\n}\n"
   "func @caller(i64) -> i64 {\n  slot0 = slot 16 align 8\nb0(v0: i64):\n  store.i64 v0, slot0+8\n"
   "  v2 = call @callee(slot0)\n  v3 = load.i64 slot0+8\n  v4 = add.i64 v2, v3\n  ret v4\n}\n",
   "func @caller(i64) -> i64 {\n  slot0 = slot 16 align 8\n  slot1 = slot 16 align 8\nb0(v0: "
   "i64):\n  store.i64 v0, slot0+8\n  store.i64 v0, slot1+8\n  store.i64 1, slot1+8\n"
   "  v4 = add.i64 v0, v0\n  ret v4\n}\n"},
  /* volatile accesses stay */
  {"func @caller(i64) -> i64 {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, slot0 "
   "volatile\n"
   "  v2 = load.i64 slot0 volatile\n  v3 = load.i64 slot0 volatile\n  v4 = add.i64 v2, v3\n  ret "
   "v4\n}\n",
   "func @caller(i64) -> i64 {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, slot0 "
   "volatile\n"
   "  v2 = load.i64 slot0 volatile\n  v3 = load.i64 slot0 volatile\n  v4 = add.i64 v2, v3\n  ret "
   "v4\n}\n"},
  /* so do copies and fills of volatile memory */
  {"func @caller(i64) -> i64 {\n  slot0 = slot 16 align 8\n  slot1 = slot 16 align 8\nb0(v0: "
   "i64):\n"
   "  memset slot0, 0, 16 volatile\n  store.i64 v0, slot0\n  memcpy slot1, slot0, 16 volatile\n"
   "  v4 = load.i64 slot1\n  ret v4\n}\n",
   "func @caller(i64) -> i64 {\n  slot0 = slot 16 align 8\n  slot1 = slot 16 align 8\nb0(v0: "
   "i64):\n"
   "  memset slot0, 0, 16 volatile\n  store.i64 v0, slot0\n  memcpy slot1, slot0, 16 volatile\n"
   "  v4 = load.i64 slot1\n  ret v4\n}\n"},
  /* what setjmp returns to a second time, and what is to stay as it is, is not forwarded */
  {"declare @setjmp(i64) -> i32 returns_twice\n" KEPT_COPY(""), KEPT_COPY("")},
  {"declare @setjmp(i64) -> i32\n" KEPT_COPY("  !not_into\n"), KEPT_COPY("  !not_into\n")},
  /* a landing pad loads what was stored before the call */
  {PERSONAL "func @caller(i64) -> i64 personality @p {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n"
            "  store.i64 v0, slot0\n"
            "  try @other(v0) to b1(result 0) unwind b2(exception 0) [cleanup]\n"
            "b1(v3: i64):\n  store.i64 1, slot0\n  ret v3\n"
            "b2(v6: i64):\n  v7 = load.i64 slot0\n  v8 = call @other(v7)\n  resume v6\n}\n",
   "func @caller(i64) -> i64 personality @p {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n"
   "  store.i64 v0, slot0\n"
   "  try @other(v0) to b1(result 0) unwind b2(exception 0) [cleanup]\n"
   "b2(v3: i64):\n  v4 = load.i64 slot0\n  v5 = call @other(v4)\n  resume v3\n"
   "b1(v7: i64):\n  store.i64 1, slot0\n  ret v7\n}\n"},
  /* copies of fields, by their types; one that is not read is not copied */
  {"func internal @callee(i64, i64) {\n  slot0 = slot 24 align 8\nb0(v0: i64, v1: i64):\n"
   "  memcpy slot0, v1, 24\n  v3 = load.f64 slot0\n  v4 = fadd.f64 v3, v3\n  store.f64 v4, slot0\n"
   "  memcpy v0, slot0, 24\n  ret\n}\n"
   "func @caller(i64) -> f64 {\n  slot0 = slot 24 align 8\n  slot1 = slot 24 align 8\nb0(v0: "
   "i64):\n"
   "  memcpy slot0, v0, 24\n  call @callee(slot1, slot0)\n  v3 = load.f64 slot1\n"
   "  v4 = load.f64 slot1+16\n  v5 = fadd.f64 v3, v4\n  ret v5\n}\n",
   "func @caller(i64) -> f64 {\n  slot0 = slot 24 align 8\n  slot1 = slot 24 align 8\n"
   "  slot2 = slot 24 align 8\nb0(v0: i64):\n  v1 = load.f64 v0\n  store.f64 v1, slot0\n"
   "  v3 = load.f64 v0+16\n  store.f64 v3, slot0+16\n  store.f64 v1, slot2\n"
   "  store.f64 v3, slot2+16\n  v7 = fadd.f64 v1, v1\n  store.f64 v7, slot2\n"
   "  store.f64 v7, slot1\n  store.f64 v3, slot1+16\n  v11 = fadd.f64 v7, v3\n  ret v11\n}\n"},
  /* several returns; a condition that became a constant */
  {"func internal @callee(i64, i8) -> i64 {\nb0(v0: i64, v1: i8):\n  brif v1, b1, b2\nb1:\n  ret "
   "7\nb2:\n"
   "  v4 = mul.i64 v0, 5\n  ret v4\n}\n"
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @callee(v0, 0)\n  ret v1\n}\n",
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  v1 = mul.i64 v0, 5\n  br b1(v1)\nb1(v3: i64):\n  "
   "ret v3\n}\n"},
  /* operations on what became constants */
  {"func internal @callee(i64) -> i64 {\nb0(v0: i64):\n  v1 = sub.i64 v0, 3\n  v2 = mul.i64 v1, "
   "v1\n  ret v2\n}\n"
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @callee(10)\n  ret v1\n}\n",
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  ret 49\n}\n"},
  /* one that does not return */
  {"func internal @callee() {\nb0:\n  trap\n}\nfunc @caller(i64) -> i64 {\nb0(v0: i64):\n  call "
   "@callee()\n"
   "  v2 = mul.i64 v0, 5\n  ret v2\n}\n",
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  trap\n}\n"},
  /* a loop that does nothing, and does not end: nothing follows it */
  {"func internal @callee(i64) {\nb0(v0: i64):\n  br b1\nb1:\n  br b1\n}\n"
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  call @callee(v0)\n  ret v0\n}\n",
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  br b1\nb1:\n  br b1\n}\n"},
  /* copies and fills of no bytes, which may be outside of the slot */
  {"func @caller(i64) -> i64 {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, slot0\n"
   "  v2 = addr slot0+200\n  memset v2, 0, 0\n  memcpy v0, v2, 0\n  memcpy v2, v0, 0\n"
   "  v6 = load.i64 slot0\n  ret v6\n}\n",
   "func @caller(i64) -> i64 {\n  slot0 = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, slot0\n"
   "  ret v0\n}\n"},
  {FAR_COPY, FAR_COPY}, /* the end is at no displacement */
  /* calls of what a try calls */
  {PERSONAL "func internal @callee(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @other(v0)\n  v2 = "
            "add.i64 v1, 1\n"
            "  ret v2\n}\n" TRIES("cleanup"),
   "func @caller(i64) -> i64 personality @p {\nb0(v0: i64):\n"
   "  try @other(v0) to b2(result 0) unwind b1(exception 0) [cleanup]\n"
   "b2(v2: i64):\n  v3 = add.i64 v2, 1\n  ret v3\nb1(v5: i64):\n  resume v5\n}\n"},
  /* what tells a profiler of a call is not copied */
  {"declare @counts()\nfunc internal @callee(i64) -> i64 {\nb0(v0: i64):\n  call @counts() as () "
   "entry\n"
   "  v2 = add.i64 v0, 1\n  ret v2\n}\n"
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  call @counts() as () entry\n  v2 = call "
   "@callee(v0)\n  ret v2\n}\n",
   "func @caller(i64) -> i64 {\nb0(v0: i64):\n  call @counts() as () entry\n  v2 = add.i64 v0, 1\n "
   " ret v2\n}\n"},
  /* resuming to the caller's landing pad */
  {PERSONAL
   "func internal @callee(i64) -> i64 personality @p {\nb0(v0: i64):\n"
   "  try @other(v0) to b1(result 0) unwind b2(exception 0) [cleanup]\nb1(v2: i64):\n  ret v2\n"
   "b2(v4: i64):\n  v5 = call @other(v4)\n  resume v4\n}\n" TRIES("cleanup"),
   "func @caller(i64) -> i64 personality @p {\nb0(v0: i64):\n"
   "  try @other(v0) to b1(result 0) unwind b2(exception 0) [cleanup]\n"
   "b2(v2: i64):\n"
   "  try @other(v2) to b4(result 0) unwind b3(exception 0) [cleanup]\n"
   "b4(v4: i64):\n  br b3(v2)\nb1(v6: i64):\n  ret v6\nb3(v8: i64):\n  resume v8\n}\n"},
};

CASE(what_is_made) {
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    struct program p;
    read_program(&p, made[i].text, small);
    assert_string_equal(expanded(&p, "caller"), made[i].caller);
    end_program(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_made)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A module with a bit of everything that a loaded object can have, for tests and the fuzzer of kiln_jit_add_object:
 * relocations of all forms, data of each kind, thread-local data, constructors, a section group, an exception, roots,
 * debug entries. What it refers to are kir_throw.c, and `walk`. COFF's objects have no thread-local data. */
#ifndef TESTS_OBJECT_TEXT_H
#define TESTS_OBJECT_TEXT_H

/* Without the thread-local data. */
#define OBJECT_TEXT_PLAIN                                                                          \
  "!1 = file { name \"object.src\", comp_dir \"/nowhere\" }\n"                                     \
  "!2 = compile_unit { producer \"by hand\", language 12, decl_file !1 }\n"                        \
  "!sum = subprogram in !1 { name \"sum\", decl_file !1, decl_line 5, external }\n"                \
  "unit !2\n"                                                                                      \
  "declare @walk()\n"                                                                              \
  "declare @kir_throw(i64, i64)\n"                                                                 \
  "declare @kir_catch(i64) -> i64\n"                                                               \
  "declare @kir_personality()\n"                                                                   \
  "declare @outside(i64) -> i64\n"                                                                 \
  "data internal @words align 8 { i64 10, 20, 30 }\n"                                              \
  "data internal @zeros align 64 { zero 256 }\n"                                                   \
  "data @table align 16 readonly {\n  addr @words+8\n  addr @sum\n  rel32 @table+4\n  rel32 "      \
  "@sum\n}\n"                                                                                      \
  "data @counter align 8 { i64 7 }\n"                                                              \
  "data common @shared align 8 { zero 24 }\n"                                                      \
  "func @sum(i64) -> i64 {\n"                                                                      \
  "  !debug !sum in !2\n  !begin \"/nowhere/object.src\" 5:0 file !1 in !sum\n"                    \
  "b0(%x: i64):\n"                                                                                 \
  "  !loc \"/nowhere/object.src\" 6:3 file !1 in !sum\n"                                           \
  "  %a = load.i64 @words+16\n  %b = load.i64 @counter\n  %z = load.i64 @zeros+8\n"                \
  "  %s = add.i64 %a, %b\n  %t = add.i64 %s, %x\n  %u = add.i64 %t, %z\n  ret %u\n}\n"             \
  "func internal @twice(i64) -> i64 {\nb0(%x: i64):\n  %y = shl.i64 %x, 1\n  ret %y\n}\n"          \
  "func @through(i64) -> i64 {\nb0(%x: i64):\n"                                                    \
  "  %f = load.i64 @table+8\n  %a = call %f(%x) as (i64) -> i64\n  %b = call @twice(%a)\n"         \
  "  %c = call @once(%b)\n  ret %c\n}\n"                                                           \
  "func linkonce @once(i64) -> i64 {\nb0(%x: i64):\n  %y = add.i64 %x, 1\n  ret %y\n}\n"           \
  "func @catches(i64) -> i64 personality @kir_personality {\nb0(%x: i64):\n"                       \
  "  try @kir_throw(@counter, %x) to b1(0) unwind b2(exception 0, exception 1) [catch @words, "    \
  "catch @counter]\n"                                                                              \
  "b1(%n: i64):\n  ret %n\n"                                                                       \
  "b2(%e: i64, %k: i32):\n  %v = call @kir_catch(%e)\n  %c = icmp.i32 eq %k, typeid @counter\n"    \
  "  %r = select.i64 %c, %v, -1\n  ret %r\n}\n"                                                    \
  "func @holds(i64) -> i64 {\n  %r = slot 8 align 8 root\nb0(%x: i64):\n  store.i64 %x, %r\n"      \
  "  call @walk()\n  %y = load.i64 %r\n  ret %y\n}\n"                                              \
  "func @calls(i64) -> i64 {\nb0(%x: i64):\n  %y = call @outside(%x)\n  ret %y\n}\n"               \
  "func internal @starts() {\nb0:\n  %s = load.i64 @shared\n  %t = add.i64 %s, 3\n"                \
  "  store.i64 %t, @shared\n  ret\n}\n"                                                            \
  "func internal @starts_late() {\nb0:\n  %s = load.i64 @shared\n  %t = mul.i64 %s, 10\n"          \
  "  store.i64 %t, @shared\n  ret\n}\n"                                                            \
  "func internal @ends() {\nb0:\n  store.i64 1, @counter\n  ret\n}\n"                              \
  "ctor @starts_late 65535\nctor @starts 200\ndtor @ends 65535\n"

static const char object_text[] __attribute__((unused)) = OBJECT_TEXT_PLAIN
  "data tls(gd) @own align 8 { i64 100 }\n"
  "data tls(gd) @blank align 8 { zero 8 }\n"
  "func @next() -> i64 {\nb0:\n"
  "  %p = tls_addr @own\n  %v = load.i64 %p\n  %w = add.i64 %v, 1\n  store.i64 %w, %p\n"
  "  %q = tls_addr @blank\n  %o = load.i64 %q\n  store.i64 5, %q\n  %r = add.i64 %w, %o\n  ret "
  "%r\n}\n";

#endif

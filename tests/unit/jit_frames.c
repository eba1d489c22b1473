/* How a JIT registers frames: this program defines functions with the names of libgcc's, which the library then uses.
 * They behave as a libgcc with lists (up to GCC 12) or with a tree (from GCC 13 on), and check that no frame is ever
 * unknown. */
#include "jit_fixture.h"

#include <dlfcn.h>

enum { MOST = 1024, OBJECT_BYTES = 56, RECENT = 256 };
static bool trees;
static void *sections[MOST], **tables[MOST];
static unsigned n_sections, n_tables, table_calls, gaps;
/* Objects of tables, and of those that are gone: libgcc may still read these for a moment. */
static uint8_t *objects[MOST], *gone[RECENT];
static unsigned n_gone, reused;

static unsigned count(void **table) {
  unsigned n = 0;
  while (table[n] != NULL) n++;
  return n;
}

/* Address of the first function of a section. A section with absolute addresses is the library's own probe. */
static uintptr_t start_of(const uint8_t *section) {
  uintptr_t at = (uintptr_t)section + 24 + 8;
  int32_t distance;
  uint64_t address;
  memcpy(&distance, section + 24 + 8, 4);
  memcpy(&address, section + 24 + 8, 8);
  return section[16] == 0 ? address : at + (uintptr_t)(intptr_t)distance;
}

static bool known(const void *section) {
  for (unsigned i = 0; i < n_sections; i++)
    if (sections[i] == section) return true;
  for (unsigned i = 0; i < n_tables; i++)
    for (unsigned k = 0; tables[i][k] != NULL; k++)
      if (tables[i][k] == section) return true;
  return false;
}

void __register_frame(void *section);
void __deregister_frame(void *section);
void __register_frame_info_table(void *table, void *object);
void *__deregister_frame_info(const void *table);
const void *_Unwind_Find_FDE(void *pc, void *bases);

void __register_frame(void *section) {
  assert_true(n_sections < MOST);
  for (unsigned i = 0; trees && i < n_sections; i++) /* a tree has no two of one address */
    assert_true(start_of(sections[i]) != start_of(section));
  sections[n_sections++] = section;
}

void __register_frame_info_table(void *table, void *object) {
  assert_true(n_tables < MOST);
  table_calls++;
  for (unsigned i = 0; i < RECENT && gone[i] != NULL; i++) {
    reused += gone[i] == object;
    for (unsigned k = 0; k < OBJECT_BYTES; k++) reused += gone[i][k] != 0x5a;
  }
  memset(object, 0x5a, OBJECT_BYTES);
  objects[n_tables] = object;
  tables[n_tables++] = table;
}

void __deregister_frame(void *p) {
  for (unsigned i = 0; i < n_sections; i++) {
    if (sections[i] != p) continue;
    sections[i] = sections[--n_sections];
    return;
  }
  fail_msg("nothing of that address is registered");
}

void *__deregister_frame_info(const void *p) {
  unsigned i = 0;
  while (i < n_tables && (const void *)tables[i] != p) i++;
  if (i == n_tables) { /* libgcc_s.so.1 calls this for a section of its own */
    void *(*real)(const void *);
    void *at = dlsym(RTLD_NEXT, "__deregister_frame_info");
    assert_non_null(at);
    memcpy(&real, &at, sizeof at);
    return real(p);
  }
  void **old = tables[i];
  uint8_t *object = gone[n_gone++ % RECENT] = objects[i];
  tables[i] = tables[--n_tables];
  objects[i] = objects[n_tables];
  /* only the unit that is being removed may be unknown */
  unsigned lost = 0;
  for (unsigned k = 0; k < count(old); k++) lost += !known(old[k]);
  gaps += lost > 1;
  return object;
}

const void *_Unwind_Find_FDE(void *pc, void *bases) {
  (void)bases;
  for (unsigned i = 0; i < n_sections; i++) {
    uintptr_t start = start_of(sections[i]);
    if (!trees && (uintptr_t)pc >= start && (uintptr_t)pc < start + 16) return sections[i];
  }
  return NULL;
}

/* The library finds this program's functions alone, whichever version the system's libgcc_s has. */
void *dlopen(const char *name, int flags) {
  (void)name;
  (void)flags;
  return NULL;
}

static void add_and_remove(void) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_unit units[300];
  char text[64];
  for (int i = 0; i < 300; i++) {
    snprintf(text, sizeof text, "func internal @f() -> i64 {\nb0:\n  ret %d\n}\n", i);
    units[i] = jit_add(jit, text, 0);
  }
  for (int i = 0; i < 300; i++)
    if (i % 2 == 0) assert_int_equal(kiln_jit_remove(jit, units[i], NULL), KILN_OK);
  if (trees) {
    assert_int_equal(n_sections, 150);
    assert_int_equal(n_tables, 0);
  } else {
    assert_int_equal(n_sections, 0);
    /* one for each chunk of code, which is large enough for all of them, or for 16 that have pages of their own */
    assert_true(n_tables == 1 || (EMULATED && n_tables <= 300 / 16 + 1));
    unsigned known_units = 0;
    for (unsigned i = 0; i < n_tables; i++) known_units += count(tables[i]);
    assert_int_equal(known_units, 150);
  }
  kiln_jit_free(jit);
  assert_int_equal(n_sections, 0);
  assert_int_equal(n_tables, 0);
  assert_int_equal(gaps, 0);
}

CASE(library_with_lists) {
  trees = false;
  table_calls = 0;
  add_and_remove();
  assert_true(table_calls >= 400);
  assert_int_equal(reused, 0);
}

CASE(library_with_a_tree) {
  trees = true;
  table_calls = 0;
  add_and_remove();
  assert_int_equal(table_calls, 0);
}

CASE(none_wanted) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){.no_unwind = true});
  jit_add(jit, "func @f() -> i64 {\nb0:\n  ret 1\n}\n", 0);
  assert_int_equal(n_sections + n_tables, 0);
  kiln_jit_free(jit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(library_with_lists),
    cmocka_unit_test(library_with_a_tree),
    cmocka_unit_test(none_wanted),
  };
  return cmocka_run_group_tests_name("jit_frames", tests, NULL, NULL);
}

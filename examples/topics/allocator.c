/* docs/api.md: all memory comes from an allocator of the program. */
#include <kiln/kiln.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* Counts what is allocated. It may be called from every thread that uses the module. */
static void *counted(void *user, void *old, size_t size) {
  size_t *total = user;
  *total -= malloc_usable_size(old);
  if (size == 0) return free(old), NULL;
  void *p = realloc(old, size);
  *total += malloc_usable_size(p != NULL ? p : old);
  return p;
}

int main(void) {
  size_t total = 0;
  kiln_allocator allocator = {counted, &total};
  kiln_module *m = kiln_module_new(&(kiln_module_options){.allocator = allocator});
  kiln_session *s = kiln_session_new(m);
  static const char text[] = "func @f() -> i32 {\nb0:\n  ret 7\n}\n";
  kiln_text_read(s, text, sizeof text - 1, NULL, NULL);
  kiln_buffer object = {.allocator = allocator};
  kiln_status status = kiln_emit_elf(m, &s, 1, &object);
  printf("%zu bytes, %zu of them the object\n", total, object.capacity);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  return status == KILN_OK && total == 0 ? 0 : 1;
}

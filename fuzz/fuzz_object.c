/* Fuzz target: bytes damage an object that Kiln made, and a JIT loads it. Whatever the damage, the object is refused
 * with a diagnostic, or becomes a unit, which is removed again; its code is never run. An input that begins as an ELF
 * file is taken as it is. Each step of damage has 8 bytes: what is done, where, and a value. */
#include "fuzz.h"

#include "object_text.h"

#include <kiln/jit.h>
#include <kiln/text.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const bool fz_any_bytes = true;

/* What the object refers to beside kir_throw.c. */
void walk(void);
int64_t outside(int64_t x);
void walk(void) {}
int64_t outside(int64_t x) { return x; }

static uint8_t *object;
static size_t object_size;

/* The object of object_text.h. */
static void make_object(void) {
  kiln_module_options options = {.jit = true};
  kiln_buffer out = {0};
  if (!kiln_target_find_host(&options.target)) fz_die("no target");
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, object_text, strlen(object_text), NULL, NULL) != KILN_OK ||
      kiln_emit_object(m, &s, 1, &out) != KILN_OK)
    fz_die("the object was not made: %s", kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
  object = out.data;
  object_size = out.size;
}

/* Where a step of damage goes: into a table of the object, or anywhere. */
static size_t place(const uint8_t *bytes, size_t size, uint8_t table, uint16_t at) {
  Elf64_Ehdr head;
  memcpy(&head, bytes, sizeof head);
  if (table < 64 || head.e_shoff > size - sizeof(Elf64_Shdr) * 4) return at % size;
  if (table < 96) return head.e_shoff + at % (size - head.e_shoff);
  const size_t header = head.e_shoff + table % 64 * sizeof(Elf64_Shdr);
  Elf64_Shdr section;
  if (header > size - sizeof section) return at % size;
  memcpy(&section, bytes + header, sizeof section);
  if (section.sh_offset >= size || section.sh_size == 0) return at % size;
  return (section.sh_offset + at % section.sh_size) % size;
}

/* Applies the first steps: after many, nothing but the file's header would be read. The new size. */
static size_t damage(uint8_t *bytes, size_t size, const uint8_t *steps, size_t n) {
  const size_t most = 8 * (1 + n % 5);
  if (n > most) n = most;
  static const uint64_t edges[] = {0,          1,          8,          0x7fffffff,
                                   0x80000000, 0xffffffff, UINT64_MAX, 1ull << 63};
  for (; n >= 8 && size > sizeof(Elf64_Ehdr); steps += 8, n -= 8) {
    uint16_t where;
    uint32_t value;
    memcpy(&where, steps + 2, 2);
    memcpy(&value, steps + 4, 4);
    const size_t at = place(bytes, size, steps[1], where), room = size - at;
    const uint64_t edge = edges[value % 8];
    switch (steps[0] % 8) {
    case 0: bytes[at] ^= (uint8_t)(1u << value % 8); break;
    case 1: bytes[at] = (uint8_t)value; break;
    case 2: memcpy(bytes + at, &value, room < 4 ? room : 4); break;
    case 3:
    case 4: memcpy(bytes + (at & ~(size_t)7), &edge, room < 8 ? room : 8); break;
    case 5: bytes[at] = (uint8_t)(bytes[at] + (value % 17) - 8); break;
    case 6:
      memmove(bytes + at, bytes + value % size, room < size - value % size ? room % 25 : 1);
      break;
    default:
      if (steps[1] == 0) size -= value % 64 < size ? value % 64 : 0;
    }
  }
  return size;
}

static kiln_jit *jit;
static struct fz_run memory;
static unsigned n_runs, n_loaded;

/* Both happen, or nothing was tried. */
void fz_finish(void) {
  if (n_loaded < n_runs / 50 || n_runs - n_loaded < n_runs / 50)
    fz_die("%u of %u objects were loaded", n_loaded, n_runs);
  fprintf(stderr, "%u of %u objects were loaded\n", n_loaded, n_runs);
}

static void end(void) {
  kiln_jit_free(jit);
  jit = NULL;
  fz_memory_end(&memory);
  free(object);
  object = NULL;
}

/* A JIT serves some inputs. */
static void begin(void) {
  kiln_jit_error e = {0};
  if (object == NULL) {
    make_object();
    atexit(end);
  }
  if (n_runs++ % 512 != 0 && jit != NULL) return;
  kiln_jit_free(jit);
  fz_memory_end(&memory);
  memory = (struct fz_run){0};
  jit = kiln_jit_new(&(kiln_jit_options){.gdb = true, .allocator = fz_allocator(&memory)}, &e);
  if (jit == NULL) fz_die("%s", e.diag.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  kiln_jit_error e = {0};
  kiln_jit_unit unit;
  begin();
  const bool whole = size > SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
  const size_t room = whole ? size : object_size;
  uint8_t *bytes = malloc(room);
  memcpy(bytes, whole ? data : object, room);
  size_t n = whole ? size : damage(bytes, room, data, size);
  uint8_t *exact = malloc(n + 1); /* reads after its end are found */
  memcpy(exact + 1, bytes, n);    /* and nothing relies on an alignment */
  const kiln_status status = kiln_jit_add_object(jit, KILN_JIT_FORWARD, exact + 1, n, &unit, &e);
  n_loaded += status == KILN_OK;
  if (status == KILN_OK && kiln_jit_remove(jit, unit, &e) != KILN_OK) fz_die("%s", e.diag.message);
  if (status != KILN_OK && e.diag.message[0] == 0) fz_die("an error without a message");
  kiln_jit_error_free(&e);
  free(exact);
  free(bytes);
  return 0;
}

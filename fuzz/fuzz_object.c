/* Fuzz target: bytes damage an object that Kiln made, and a JIT loads it. Whatever the damage, the object is refused
 * with a diagnostic, or becomes a unit, which is removed again; its code is never run. An input that begins as an ELF
 * or COFF file is taken as it is. Each step of damage has 8 bytes: what is done, where, and a value. The first byte
 * also says which format is damaged: objects of COFF are loaded as on Windows, up to the linker. */
#include "fuzz.h"

#include "coff_load.h"
#include "object_text.h"

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

/* By whether it is COFF. */
static kiln_buffer objects[2];

/* The object of object_text.h. */
static void make_object(bool coff) {
  kiln_module_options options = {.jit = !coff};
  const char *text = coff ? OBJECT_TEXT_PLAIN : object_text;
  if (coff ? !kiln_target_find("x86_64-windows", &options.target)
           : !kiln_target_find_host(&options.target))
    fz_die("no target");
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK ||
      kiln_emit_object(m, &s, 1, objects + coff) != KILN_OK)
    fz_die("the object was not made: %s", kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* Of COFF: into the symbols and strings, the headers, or a section. */
static size_t place_in_coff(const uint8_t *bytes, size_t size, uint8_t table, uint16_t at) {
  enum { HEADER = 20, SECTION = 40 };
  uint32_t symbols, offset, bytes_of;
  uint16_t n;
  memcpy(&symbols, bytes + 8, 4);
  memcpy(&n, bytes + 2, 2);
  if (table < 64 || n == 0 || symbols >= size) return at % size;
  if (table < 128) return symbols + at % (size - symbols);
  const size_t header = HEADER + (size_t)(table % n) * SECTION;
  if (header + SECTION > size) return at % size;
  if (table < 160) return header + at % SECTION;
  memcpy(&offset, bytes + header + (table & 1 ? 24 : 20), 4);
  memcpy(&bytes_of, bytes + header + 16, 4);
  if (offset >= size || bytes_of == 0) return at % size;
  return (offset + (size_t)(at % bytes_of)) % size;
}

/* Where a step of damage goes: into a table of the object, or anywhere. */
static size_t place(const uint8_t *bytes, size_t size, uint8_t table, uint16_t at) {
  Elf64_Ehdr head;
  if (bytes[0] != ELFMAG0) return place_in_coff(bytes, size, table, at);
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
  for (unsigned k = 0; k < 2; k++) kiln_buffer_free(objects + k);
}

/* A JIT serves some inputs. */
static void begin(void) {
  kiln_jit_error e = {0};
  if (objects[0].data == NULL) {
    make_object(false);
    make_object(true);
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
  static const uint8_t machine[] = {0x64, 0x86};
  kiln_jit_error e = {0};
  kiln_jit_unit unit = {0};
  begin();
  const bool elf = size > SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
  const bool whole = elf || (size > 2 && memcmp(data, machine, 2) == 0);
  const bool coff = !elf && (whole || (size > 0 && (data[0] & 0x80) != 0));
  const size_t room = whole ? size : objects[coff].size;
  uint8_t *bytes = malloc(room);
  memcpy(bytes, whole ? data : objects[coff].data, room);
  size_t n = whole ? size : damage(bytes, room, data, size);
  uint8_t *exact = malloc(n + 1); /* reads after its end are found */
  memcpy(exact + 1, bytes, n);    /* and nothing relies on an alignment */
  const kiln_allocator counted = fz_allocator(&memory);
  const kiln_status status =
    coff ? coff_load(exact + 1, n, &counted, NULL, &e)
         : kiln_jit_add_object(jit, KILN_JIT_FORWARD, exact + 1, n, &unit, &e);
  n_loaded += status == KILN_OK;
  if (unit.id != 0 && kiln_jit_remove(jit, unit, &e) != KILN_OK) fz_die("%s", e.diag.message);
  if (status != KILN_OK && e.diag.message[0] == 0) fz_die("an error without a message");
  kiln_jit_error_free(&e);
  free(exact);
  free(bytes);
  return 0;
}

/* mir LEVEL FILE.mir: reads MIR's text, compiles all functions at the level, runs main. For bench/peers.py. */
#include <mir-gen.h>
#include <mir.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *import(const char *name) {
  return strcmp(name, "calloc") == 0  ? (void *)calloc
         : strcmp(name, "write") == 0 ? (void *)write
                                      : NULL;
}

int main(int argc, char **argv) {
  FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
  if (f == NULL || fseek(f, 0, SEEK_END) != 0) return 2;
  size_t size = (size_t)ftell(f);
  char *text = calloc(size + 1, 1);
  rewind(f);
  if (text == NULL || fread(text, 1, size, f) != size) return 2;
  MIR_context_t c = MIR_init();
  MIR_scan_string(c, text);
  MIR_module_t m = DLIST_TAIL(MIR_module_t, *MIR_get_module_list(c));
  MIR_load_module(c, m);
  MIR_gen_init(c);
  MIR_gen_set_optimize_level(c, (unsigned)atoi(argv[1]));
  MIR_link(c, MIR_set_gen_interface, import);
  MIR_item_t item = DLIST_HEAD(MIR_item_t, m->items);
  while (item->item_type != MIR_func_item || strcmp(MIR_item_name(c, item), "main") != 0)
    item = DLIST_NEXT(MIR_item_t, item);
  return (int)((int64_t (*)(void))item->addr)();
}

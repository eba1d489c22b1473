/* A plugin of QEMU's user emulation that counts the instructions of a program with one thread. Made by bench/debug.py,
 * which reads the number: it is written to the file that the argument `out=FILE` names. */
#include "qemu_plugin.h"

#include <stdio.h>
#include <string.h>

static uint64_t executed;
static const char *out;

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &executed, qemu_plugin_tb_n_insns(tb));
}

static void at_exit(plugin_id id, void *user) {
  (void)id, (void)user;
  FILE *file = fopen(out, "w");
  if (file == NULL) return;
  fprintf(file, "%llu\n", (unsigned long long)executed);
  fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info;
  if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) return -1;
  out = strdup(argv[0] + 4);
  if (out == NULL) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, at_exit, NULL);
  return 0;
}

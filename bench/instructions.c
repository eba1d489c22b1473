/* A plugin of QEMU's user emulation that counts the instructions of a program with one thread. Made by bench/debug.py,
 * which reads the number: it is written to the file that the argument `out=FILE` names. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* QEMU 7.2, include/qemu/qemu-plugin.h, version 1: Debian has no package with it. */
#define PUBLIC __attribute__((visibility("default")))
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
typedef void translated_fn(plugin_id id, struct qemu_plugin_tb *tb);
typedef void at_exit_fn(plugin_id id, void *user);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated_fn *fn);
/* Adds `n` to the uint64_t at `to` each time the block is executed; `op` is 0. */
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *to,
                                              uint64_t n);
void qemu_plugin_register_atexit_cb(plugin_id id, at_exit_fn *fn, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
PUBLIC int qemu_plugin_version = 1;
PUBLIC int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

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

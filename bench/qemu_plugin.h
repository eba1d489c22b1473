/* What plugins of QEMU's user emulation need of its interface. Included by branches.c and instructions.c. */
#ifndef KN_BENCH_QEMU_PLUGIN_H
#define KN_BENCH_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* QEMU 7.2, include/qemu/qemu-plugin.h, version 1: Debian has no package with it. */
#define PUBLIC __attribute__((visibility("default")))
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void translated_fn(plugin_id id, struct qemu_plugin_tb *tb);
typedef void executed_fn(unsigned cpu, void *user);
typedef void at_exit_fn(plugin_id id, void *user);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated_fn *fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, executed_fn *fn, int flags,
                                          void *user);
/* Adds `n` to the uint64_t at `to` each time the block is executed; `op` is 0. */
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *to,
                                              uint64_t n);
void qemu_plugin_register_atexit_cb(plugin_id id, at_exit_fn *fn, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t k);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
PUBLIC int qemu_plugin_version = 1;
PUBLIC int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

#endif

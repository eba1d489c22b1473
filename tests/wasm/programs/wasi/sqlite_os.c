/* SQLITE_OS_OTHER: SQLite's file system is its demonstration of one (test_demovfs.c), which needs no locks. */
#include "sqlite3.h"

sqlite3_vfs *sqlite3_demovfs(void);
int sqlite3_os_init(void) { return sqlite3_vfs_register(sqlite3_demovfs(), 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }

/* SQLite's shell reads the home directory and changes modes: WASI has neither. */
#include <sys/types.h>

struct passwd {
  char *pw_dir;
};
#define getuid() 0
#define getpwuid(uid) ((struct passwd *)0)
#define chmod(path, mode) 0

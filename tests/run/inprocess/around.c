/* A program's environment: arguments, their parsing, the environment, its name, standard streams, a child process. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp) {
  for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);
  printf(" %d\n", argv[argc] == NULL);
  for (int c; (c = getopt(argc, argv, "ab:")) != -1;)
    printf("option %c %s\n", c, optarg ? optarg : "-");
  while (optind < argc) printf("argument %s\n", argv[optind++]);
  printf("%d %s\n", envp == environ, getenv("KILN_TEST_VALUE"));
  setenv("KILN_TEST_VALUE", "changed", 1);
  printf("%s %d\n", getenv("KILN_TEST_VALUE"),
         argc > 0 && strcmp(program_invocation_name, argv[0]) == 0);
  for (int c; (c = getchar()) != EOF;) putchar(c == '\n' ? '|' : c);
  fprintf(stderr, "to standard error\n");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    printf("child\n");
    return 23;
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("status %d\n", WEXITSTATUS(status));
  unsigned __int128 wide = (unsigned __int128)argc << 100;
  printf("%llu\n", (unsigned long long)(wide / ((unsigned __int128)1000003 << 70)));
  return 0;
}

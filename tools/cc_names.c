/* Files that clang makes beside its output and names after it: coverage's, -save-temps', compilation databases and
 * the like. Since clang writes bitcode for Kiln instead of the output, the driver is asked which jobs it would run
 * for the unchanged command (-###), and its compiler's jobs are run with nothing changed but the kind of output. This
 * costs a second start of clang, so it is done only for commands with such flags. Called by verb_cc.c.
 * Invariant: each job of the plan is run once, or replaced by Kiln. */
#define _GNU_SOURCE /* memmem */
#include "cc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the plan ---- */

static struct cc_list *job_new(struct cc_plan *p) {
  if (p->n == p->cap) {
    size_t cap = p->cap ? p->cap * 2 : 16;
    struct cc_list *jobs = realloc(p->jobs, cap * sizeof *jobs);
    if (jobs == NULL) {
      tool_error("out of memory");
      exit(TOOL_FAILED);
    }
    p->jobs = jobs;
    p->cap = cap;
  }
  p->jobs[p->n] = (struct cc_list){0};
  return &p->jobs[p->n++];
}

/* Parses a job's line: words in quotes, with special characters after a backslash. Changed in place. */
static void parse_job(struct cc_list *job, char *p) {
  while ((p = strchr(p, '"')) != NULL) {
    char *word = ++p, *to = p;
    while (*p != 0 && *p != '"') {
      if (*p == '\\' && p[1] != 0) p++;
      *to++ = *p++;
    }
    if (*p != 0) p++;
    *to = 0;
    cc_push(job, word);
  }
}

/* Takes the jobs from the driver's output, and passes its warnings and errors on. */
static void parse_plan(struct cc_plan *p, char *text) {
  for (char *line = text, *next; line != NULL && *line != 0; line = next) {
    next = strchr(line, '\n');
    if (next != NULL) *next++ = 0;
    if (strncmp(line, " \"", 2) == 0) parse_job(job_new(p), line);
    else if (strstr(line, ": warning: ") != NULL || strstr(line, ": error: ") != NULL ||
             strstr(line, ": note: ") != NULL)
      fprintf(stderr, "%s\n", line);
  }
}

int cc_plan_make(struct cc_plan *p, const struct cc_args *a) {
  struct cc_list l = {0};
  *p = (struct cc_plan){0};
  cc_push(&l, cc_clang());
  cc_push(&l, "-###");
  for (size_t i = 0; i < a->kept.n; i++) cc_push(&l, a->kept.at[i]);
  cc_push_passes(&l, a);
  int status = cc_run_command(&l, 2, &p->said, NULL);
  free(l.at);
  if (status < 0) return TOOL_FAILED;
  if (kiln_buffer_append(&p->said, "", 1) != KILN_OK) {
    tool_error("out of memory");
    return TOOL_FAILED;
  }
  parse_plan(p, (char *)p->said.data);
  return status;
}

void cc_plan_free(struct cc_plan *p) {
  for (size_t i = 0; i < p->unwanted.n; i++) unlink(p->unwanted.at[i]);
  for (size_t i = 0; i < p->n; i++) free(p->jobs[i].at);
  free(p->jobs);
  free(p->unwanted.at);
  kiln_buffer_free(&p->said);
}

/* ---- a job ---- */

static const char *input_of(const struct cc_list *job) { return job->at[job->n - 1]; }

/* The index of the last word that is `word`, or n. */
static size_t last(const struct cc_list *job, const char *word) {
  size_t i = job->n;
  while (i > 0 && strcmp(job->at[i - 1], word) != 0) i--;
  return i > 0 ? i - 1 : job->n;
}

static const char *value_of(const struct cc_list *job, const char *flag) {
  size_t i = last(job, flag);
  return i + 1 < job->n ? job->at[i + 1] : NULL;
}

static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

/* Does a compiler's job compile the language `language` for an input? */
static bool compiles(const char *language, const struct cc_item *in) {
  if (cc_driver()->by == CC_BY_FLANG) return starts(language, "f95");
  if (in->cxx) return starts(language, "c++");
  return strcmp(language, "c") == 0 || strcmp(language, "cpp-output") == 0;
}

/* The flag that says what a compiler's job makes; NULL if it does not compile the input's language. */
static const char *action_of(const struct cc_list *job, const struct cc_item *in) {
  static const char *const actions[] = {"-E", "-emit-llvm-bc", "-emit-obj", "-S"};
  const char *language = value_of(job, "-x");
  if (job->n < 3 || strcmp(job->at[1], cc_driver()->compiler) != 0 || language == NULL) return NULL;
  if (!compiles(language, in)) return NULL;
  for (size_t i = 2; i < job->n; i++)
    for (size_t k = 0; k < sizeof actions / sizeof *actions; k++)
      if (strcmp(job->at[i], actions[k]) == 0) return actions[k];
  return NULL;
}

/* The job that takes what `job` makes; NULL: none does. */
static const struct cc_list *consumer(const struct cc_plan *p, const struct cc_list *job) {
  const char *out = value_of(job, "-o");
  for (const struct cc_list *j = job + 1; out != NULL && j < p->jobs + p->n; j++)
    if (strcmp(input_of(j), out) == 0) return j;
  return NULL;
}

/* Runs a compiler's job with bitcode as its output, as Kiln reads it: after LLVM's passes, without use-list orders.
 * Into memory, unless `keep`. */
static int run_for_bitcode(const struct cc_list *job, const char *action, bool keep,
                           kiln_buffer *bitcode) {
  struct cc_list l = {0};
  size_t out = last(job, "-o") + 1;
  for (size_t i = 0; i < job->n; i++) {
    const char *word = job->at[i];
    if (keep && strcmp(word, "-disable-llvm-passes") == 0) continue;
    if (strcmp(word, "-emit-llvm-uselists") == 0) continue;
    if (strcmp(word, action) == 0) {
      cc_push(&l, "-emit-llvm-bc");
      if (cc_driver()->no_uselists != NULL) cc_push(&l, cc_driver()->no_uselists);
    } else {
      cc_push(&l, i == out && !keep ? "-" : word);
    }
  }
  int status = cc_run_command(&l, 1, keep ? NULL : bitcode, NULL);
  free(l.at);
  struct tool_input in;
  if (!keep || status != 0) return status;
  if (!tool_input_open(&in, job->at[out], NULL)) return TOOL_FAILED;
  if (kiln_buffer_append(bitcode, in.bytes, in.size) != KILN_OK) {
    tool_error("out of memory");
    status = TOOL_FAILED;
  }
  tool_input_close(&in);
  return status;
}

/* Records the output of a failed compilation, which the driver would remove in the end. */
static void fail_job(struct cc_plan *p, const struct cc_list *job) {
  static const char trace[] = "-ftime-trace=", save[] = "-save-temps";
  for (size_t i = 0; i < job->n; i++)
    if (strncmp(job->at[i], save, sizeof save - 1) == 0) return;
  for (size_t i = 0; i < job->n; i++)
    if (strncmp(job->at[i], trace, sizeof trace - 1) == 0)
      cc_push(&p->unwanted, job->at[i] + sizeof trace - 1);
}

int cc_plan_bitcode(struct cc_plan *p, const struct cc_item *in, kiln_buffer *bitcode,
                    const char **object, const char **assembly) {
  *object = *assembly = NULL;
  const struct cc_list *job = NULL;
  const char *action = NULL;
  for (; p->next < p->n && job == NULL; p->next++) {
    action = action_of(&p->jobs[p->next], in);
    if (action != NULL && strcmp(input_of(&p->jobs[p->next]), in->word) == 0)
      job = &p->jobs[p->next];
  }
  int status = TOOL_OK;
  while (job != NULL && status == 0 && strcmp(action, "-E") == 0) { /* -save-temps */
    status = cc_run_command(job, 1, NULL, NULL);
    if (status != 0) fail_job(p, job);
    job = consumer(p, job);
    action = job != NULL ? action_of(job, in) : NULL;
    if (action == NULL) job = NULL;
  }
  if (status != 0) return status;
  if (job == NULL) {
    tool_error("%s: %s: `%s -###` prints no command that compiles this file", cc_verb(), in->word,
               cc_clang());
    return TOOL_FAILED;
  }
  bool keep = strcmp(action, "-emit-llvm-bc") == 0;
  status = run_for_bitcode(job, action, keep, bitcode);
  if (status != 0) fail_job(p, job);
  if (!keep || (job = consumer(p, job)) == NULL) return status;
  *assembly = value_of(job, "-o");
  job = consumer(p, job);
  if (job != NULL) *object = value_of(job, "-o");
  return status;
}

/* ---- compilation databases ---- */

/* Writes all of it to the end of the file `path`. */
static bool append(const char *path, const char *bytes, size_t size) {
  int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO)
                                  : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  bool ok = fd >= 0;
  while (ok && size > 0) {
    ssize_t n = write(fd, bytes, size);
    ok = n >= 0 || errno == EINTR;
    if (n < 0) continue;
    bytes += n;
    size -= (size_t)n;
  }
  if (fd >= 0) ok &= close(fd) == 0;
  if (!ok) tool_error("%s: %s: %s", cc_verb(), path, strerror(errno));
  return ok;
}

bool cc_database(const struct cc_args *a) {
  static const char only[] = "-fdriver-only", quoted[] = "\"-fdriver-only\", ";
  const char *temporary = cc_temporary(".json");
  struct cc_list l = {0};
  kiln_buffer said = {0};
  struct tool_input in;
  if (temporary == NULL) return false;
  cc_push(&l, cc_clang());
  cc_push(&l, only);
  cc_push(&l, "-MJ");
  cc_push(&l, temporary);
  for (size_t i = 0; i < a->kept.n; i++) cc_push(&l, a->kept.at[i]);
  int status =
    cc_run_command(&l, 2, &said, NULL); /* its diagnostics are those of the compilation */
  free(l.at);
  kiln_buffer_free(&said);
  if (status < 0 || !tool_input_open(&in, temporary, NULL)) return false;
  bool ok = true;
  const char *at = (const char *)in.bytes, *end = at + in.size;
  while (at < end && ok) {
    const char *flag = memmem(at, (size_t)(end - at), quoted, sizeof quoted - 1);
    const char *to = flag != NULL ? flag : end;
    ok = append(a->database, at, (size_t)(to - at));
    at = flag != NULL ? flag + sizeof quoted - 1 : end;
  }
  tool_input_close(&in);
  return ok;
}

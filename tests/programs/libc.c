/* A program as one writes it, for a C library: what it says here and on Linux must be the same. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void formats(void) {
  printf("%5d|%-5d|%05d|%x|%#o|%c|%s|%.3s\n", 42, 42, 42, 0xbeef, 8, 'c', "text", "cut off");
  printf("%.3f|%e|%g|%a|%.17g\n", 3.14159, 6.02e23, 1e-5, 1.0, 0.1);
  printf("%lld|%zu|%p\n", -1234567890123LL, sizeof(void *), (void *)0x1234);
  char text[32];
  int count = snprintf(text, sizeof text, "%.*s-%d", 9, "a rather long text that is cut", 7);
  printf("%d %s %ld %g\n", count, text, strtol("0x1f", NULL, 0), strtod("2.5e3", NULL));
}

/* Blocks of many sizes, freed in another order than they were taken, keep what was written to them. */
static void heap(void) {
  enum { BLOCKS = 300 };
  static unsigned char *blocks[BLOCKS];
  static size_t sizes[BLOCKS];
  unsigned long sum = 0;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < BLOCKS; i++) {
      sizes[i] = (size_t)(i * 7919 + round * 104729) % 9000 + (i % 50 == 0 ? 300000 : 1);
      blocks[i] = malloc(sizes[i]);
      memset(blocks[i], i, sizes[i]);
    }
    for (int i = 0; i < BLOCKS; i += 2) {
      blocks[i] = realloc(blocks[i], sizes[i] * 2);
      for (size_t at = 0; at < sizes[i]; at += 97) sum += blocks[i][at];
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[(i * 7) % BLOCKS]);
  }
  char *zero = calloc(1, 5 << 20);
  for (size_t at = 0; at < 5 << 20; at += 4096) sum += (unsigned char)zero[at];
  free(zero);
  printf("heap %lu\n", sum);
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void sorting(void) {
  int numbers[100];
  for (int i = 0; i < 100; i++) numbers[i] = (i * 37) % 101;
  qsort(numbers, 100, sizeof *numbers, ascending);
  printf("sorted %d %d %d\n", numbers[0], numbers[50], numbers[99]);
}

/* A child writes lines into a pipe, and its parent reads them with stdio. */
static void pipes(void) {
  int ends[2];
  fflush(stdout);
  if (pipe(ends) != 0) perror("pipe");
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    FILE *out = fdopen(ends[1], "w");
    for (int i = 0; i < 2000; i++) fprintf(out, "line %d\n", i);
    fclose(out);
    _exit(7);
  }
  close(ends[1]);
  FILE *in = fdopen(ends[0], "r");
  char line[64];
  int lines = 0;
  size_t bytes = 0;
  while (fgets(line, sizeof line, in) != NULL) lines++, bytes += strlen(line);
  fclose(in);
  int status;
  int isHis = waitpid(child, &status, 0) == child;
  printf("pipe %d lines, %zu bytes, the last %s", lines, bytes, line);
  printf("child %d exit %d\n", isHis, WEXITSTATUS(status));
}

static void said(const char *call, int answer) {
  printf("%s %d: %s\n", call, answer, strerror(errno));
}
static void descriptors(void) {
  int ends[2];
  if (pipe(ends) != 0) perror("pipe");
  struct iovec parts[2] = {{"by ", 3}, {"writev\n", 7}};
  fflush(stdout);
  writev(1, parts, 2);
  int copy = dup(1);
  dprintf(copy, "copy %d\n", copy);
  close(copy);
  said("write", (int)write(copy, "x", 1));
  errno = 0;
  said("open", open("/no/such/file", O_RDONLY));
  struct stat st;
  said("stat", stat("/no/such/file", &st));
  said("seek", (int)lseek(ends[0], 0, SEEK_SET));
}

static void goodbye(void) { puts("atexit"); }

int main(int count, char **words) {
  for (int i = 0; i < count; i++) printf("%d %s\n", i, i == 0 ? "program" : words[i]);
  atexit(goodbye);
  formats();
  heap();
  sorting();
  pipes();
  descriptors();
  return 3;
}

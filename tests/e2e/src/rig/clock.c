/* A clock that is wrong: loaded before the C library (LD_PRELOAD), it shifts the time of day by CLOCK_OFFSET seconds.
   Clocks that only measure how long something takes stay as they are. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
  const char *text = getenv("CLOCK_OFFSET");
  return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
  return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec real;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &real)) return -1;
  now->tv_sec = real.tv_sec;
  now->tv_usec = real.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec real;
  if (clock_gettime(CLOCK_REALTIME, &real)) return -1;
  if (result) *result = real.tv_sec;
  return real.tv_sec;
}

/* Time that only goes forward, for how long something takes. */
#ifndef RUNNER_BASE_CLOCK_H
#define RUNNER_BASE_CLOCK_H

/* Seconds of the monotonic clock, whose zero means nothing. Any thread. */
double clock_seconds(void);

#endif

/*
 * The calling thread's rounding, which updates and evaluation need as it is here and which foreign code may have set otherwise.
 */
#ifndef RUNNER_TRAIN_THREAD_NUMBERS_H
#define RUNNER_TRAIN_THREAD_NUMBERS_H

/* Sets flush-to-zero and round-to-nearest on the calling thread, so that foreign code's settings change no bit. Returns what was there, for
   thread_numbers_restore(). */
unsigned thread_numbers_set(void);
void thread_numbers_restore(unsigned before);

#endif

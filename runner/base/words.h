/* Numbers as people read them. Thread-safe. */
#ifndef RUNNER_BASE_WORDS_H
#define RUNNER_BASE_WORDS_H

#define WORDS_SIZE 64

/* "0.9623", "12.50", "1.2e-05", "nan" */
char *words_number(double number, char out[WORDS_SIZE]);
/* With as many decimals as the text of another number, beside which it stands. */
char *words_number_like(double number, const char *like, char out[WORDS_SIZE]);
/* "0:07", "12:34", "1:02:03" */
char *words_clock(double seconds, char out[WORDS_SIZE]);
/* "0.000042", "0.0123", "1.25", "142": seconds without their unit; nothing for NaN */
char *words_seconds(double seconds, char out[WORDS_SIZE]);
/* "1.5 GiB" */
char *words_bytes(double bytes, char out[WORDS_SIZE]);

#endif

/*
 * What the processor can do, and whether this machine can run the program at all. All code but main() and this is compiled for x86-64-v3.
 *
 * Call it first in main(), before anything else of the project:
 *     const char *missing = cpu_missing();
 *     if (missing) { fprintf(stderr, "runner: error: ...%s...\n", missing); return STATUS_ENVIRONMENT; }
 */
#ifndef RUNNER_BASE_CPU_H
#define RUNNER_BASE_CPU_H

/* The name of the first feature that the program needs and the processor or the system lacks ("avx2"); NULL where nothing lacks. */
const char *cpu_missing(void);

/* The level of x86-64 whose instructions code with several copies may choose: 4 (AVX-512) or 3, the lowest that runs. [any] thread. */
int cpu_level(void);
/* Bytes of a core's second-level cache; a guess where the system does not say. [any] thread. */
unsigned long cpu_second_cache(void);
/* cpu_level() is at most `level` from now on, as if the machine were an older one: for tests that results do not depend on it.
   Called in main() alone, before there are threads. */
void cpu_level_limit(int level);
/* The same for the text of a number, as $RUNNER_CPU_LEVEL has it; NULL and other text limit nothing. */
void cpu_level_limit_text(const char *text);

#endif

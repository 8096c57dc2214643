/*
 * Can this machine run the program? All code but main() and this is compiled for x86-64-v3.
 *
 * Call it first in main(), before anything else of the project:
 *     const char *missing = cpu_missing();
 *     if (missing) { fprintf(stderr, "runner: error: ...%s...\n", missing); return STATUS_ENVIRONMENT; }
 */
#ifndef RUNNER_BASE_CPU_H
#define RUNNER_BASE_CPU_H

/* The name of the first feature that the program needs and the processor or the system lacks ("avx2"); NULL where nothing lacks. */
const char *cpu_missing(void);

#endif

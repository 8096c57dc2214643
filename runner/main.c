#include "runner/base/cpu.h"
#include "runner/base/status.h"
#include "runner/cli/cli.h"
#include "runner/results/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const char *missing = cpu_missing();
    if (missing != NULL) {
        fprintf(stderr, "runner: error: this processor lacks %s; an x86-64-v3 machine (2013 or newer) is needed\n",
                missing);
        return STATUS_ENVIRONMENT;
    }
    cpu_level_limit_text(getenv("RUNNER_CPU_LEVEL")); /* as its workers, for the manifest */
    results_memory();
    mallopt(M_MMAP_THRESHOLD, 1 << 18); /* fixed, so that all that is larger goes back to the system when it is freed */
    return cli_main(argc, argv);
}

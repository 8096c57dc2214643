#include "runner/base/cpu.h"
#include "runner/base/status.h"
#include "runner/schedule/worker.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const char *missing = cpu_missing();
    if (missing != NULL) {
        fprintf(stderr,
                "runner-worker: error: this processor lacks %s; an x86-64-v3 machine (2013 or newer) is needed\n",
                missing);
        return STATUS_ENVIRONMENT;
    }
    cpu_level_limit_text(getenv("RUNNER_CPU_LEVEL"));
    return worker_main(argc, argv);
}

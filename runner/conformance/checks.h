/* Which checks there are for each kind, in the order in which they are run. */
#ifndef RUNNER_CONFORMANCE_CHECKS_H
#define RUNNER_CONFORMANCE_CHECKS_H

#include "runner/conformance/kinds.h"

struct check {
    const char *name;
    kind_check *run;
};

/* Ended by one without a name. */
const struct check *checks_of(enum runner_kind kind);

#endif

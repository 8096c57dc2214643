/* Whether a test is built with a sanitizer, which takes 20 times as long: of cases that reach the same memory by the same threads some do then. */
#ifndef TESTS_SANITIZED_H
#define TESTS_SANITIZED_H

#include "runner/base/build.h"

enum { SANITIZED = sizeof RUNNER_SANITIZER > 1 };

#endif

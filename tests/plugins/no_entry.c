/* Refused: a shared object, but no plugin. */
#include <runner/plugin.h>

RUNNER_EXPORT int no_entry_answer(void);

int no_entry_answer(void) {
    return 42;
}

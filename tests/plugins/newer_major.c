/* Refused: built against a later contract. */
#include <runner/plugin.h>

const runner_plugin *runner_plugin_entry(void) {
    static const runner_plugin plugin = {
        .magic = RUNNER_ABI_MAGIC, .abi_major = RUNNER_ABI_MAJOR + 1, .size = sizeof(runner_plugin)};
    return &plugin;
}

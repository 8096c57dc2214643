/* Refused: its magic number is not runner's. */
#include <runner/plugin.h>

const runner_plugin *runner_plugin_entry(void) {
    static const runner_plugin plugin = {.magic = 0x0badc0de,
                                         .abi_major = RUNNER_ABI_MAJOR,
                                         .abi_minor = RUNNER_ABI_MINOR,
                                         .size = sizeof(runner_plugin)};
    return &plugin;
}

/* Refused: its table of components is nowhere. */
#include <runner/plugin.h>

const runner_plugin *runner_plugin_entry(void) {
    static const runner_plugin plugin = {.magic = RUNNER_ABI_MAGIC,
                                         .abi_major = RUNNER_ABI_MAJOR,
                                         .size = sizeof(runner_plugin),
                                         .component_size = sizeof(runner_component),
                                         .param_size = sizeof(runner_param),
                                         .n_components = 1,
                                         .components = (const runner_component *)64,
                                         .version = "1.0.0"};
    return &plugin;
}

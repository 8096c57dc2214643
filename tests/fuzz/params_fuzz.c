/* Parameter tables of plugins, well or ill, and a value for each entry of a table that is accepted. */
#include "tests/fuzz/catalog.h"
#include "tests/fuzz/fuzz.h"

#include "runner/base/yaml.h"
#include "runner/host/loader.h"

enum { MOST_PARAMS = 6 };

struct input {
    const uint8_t *at, *end;
};

static uint64_t take(struct input *input, size_t n) {
    uint64_t number = 0;
    for (; n > 0 && input->at < input->end; n--)
        number = number << 8 | *input->at++;
    return number;
}

/* A line of the input, in memory that lives as long as the arena. */
static const char *take_line(struct input *input, struct arena *arena) {
    const uint8_t *stop =
        input->at < input->end ? memchr(input->at, '\n', (size_t)(input->end - input->at)) : input->end;
    stop = stop != NULL ? stop : input->end;
    const char *line = arena_copy_bytes(arena, input->at, (size_t)(stop - input->at));
    input->at = stop < input->end ? stop + 1 : stop;
    return line;
}

static double take_double(struct input *input) {
    static const double usual[] = {0, 1, -1, 10, 1e30, -1e30, 0.5, 1e15};
    uint64_t kind = take(input, 1), bits;
    double number;
    if (kind < sizeof usual / sizeof usual[0])
        return usual[kind];
    bits = take(input, 8);
    memcpy(&number, &bits, sizeof number);
    return number;
}

static void take_param(struct input *input, struct arena *arena, runner_param *param, size_t index) {
    static const char *const one[] = {"left", NULL}, *const two[] = {"left", "right", NULL}, *const none[] = {NULL};
    static const char *const *const choices[] = {NULL, one, two, none};
    param->type = (uint32_t)take(input, 1);
    param->flags = (uint32_t)take(input, 1);
    param->kind = (uint32_t)take(input, 1);
    param->offset = take(input, 1) % 8 != 0 ? (uint32_t)(16 * index) : (uint32_t)take(input, 4);
    param->choices = choices[take(input, 1) % 4];
    param->min = take_double(input);
    param->max = take_double(input);
    param->name = take_line(input, arena);
    param->doc = take_line(input, arena);
    param->initial = take(input, 1) % 4 != 0 ? take_line(input, arena) : NULL;
}

/* A value of the rest of the input against each entry. */
static void resolve(const runner_component *component, struct input *input, struct arena *arena) {
    for (uint32_t i = 0; i < component->n_params; i++) {
        struct diagnostics diagnostics;
        diagnostics_init(&diagnostics);
        struct catalog_param param;
        catalog_param_from_table(&component->params[i], arena, &param);
        const char *line = take_line(input, arena);
        struct tree *value = yaml_read(line, strlen(line), "fuzz", arena, &diagnostics);
        if (value != NULL) {
            struct tree *resolved = param_resolve(fuzz_catalog(), &param, value, "fuzz", arena, &diagnostics);
            FUZZ_CHECK((resolved == NULL) == (diagnostics.errors > 0));
        }
        diagnostics_clear(&diagnostics);
    }
}

static int plan(const void *config, runner_call *call, runner_optimizer_plan *planned) {
    (void)config, (void)call, (void)planned;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *run, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    (void)config, (void)run, (void)n, (void)w, (void)g, (void)slots;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct input input = {bytes, bytes + n};
    struct arena arena;
    arena_init(&arena);
    runner_param params[MOST_PARAMS] = {{.name = NULL}};
    runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};
    runner_component component = {.kind = RUNNER_OPTIMIZER,
                                  .name = "fuzz",
                                  .doc = "made of chance",
                                  .params = params,
                                  .ops = &ops,
                                  .config_size = 16 * MOST_PARAMS};
    component.n_params = (uint32_t)take(&input, 1) % (MOST_PARAMS + 1);
    for (uint32_t i = 0; i < component.n_params; i++)
        take_param(&input, &arena, &params[i], i);
    runner_plugin plugin = {.magic = RUNNER_ABI_MAGIC,
                            .abi_major = RUNNER_ABI_MAJOR,
                            .abi_minor = RUNNER_ABI_MINOR,
                            .size = sizeof plugin,
                            .component_size = sizeof component,
                            .param_size = sizeof(runner_param),
                            .n_components = 1,
                            .components = &component,
                            .version = "1.0.0"};
    struct error error = {0};
    if (plugin_check(&plugin, &error) == STATUS_OK)
        resolve(&component, &input, &arena);
    else
        FUZZ_CHECK(error.text[0] != '\0');
    arena_clear(&arena);
    return 0;
}

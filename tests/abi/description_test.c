/* plugin_check() on descriptions that are well but for one thing. */
#include "runner/host/downloads.h"
#include "runner/host/loader.h"
#include "runner/host/loader_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct config {
    double a, b;
    int64_t c;
    int32_t d;
    runner_parts parts;
};

/* A description that a test may break. */
struct sample {
    runner_plugin plugin;
    runner_component components[2];
    runner_param params[4];
    runner_optimizer_ops ops;
};

static int optimizer_plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *run, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    (void)config, (void)run, (void)n, (void)w, (void)g, (void)slots;
}

static const char *const choices[] = {"left", "right", NULL};
static const char *const doubled[] = {"left", "left", NULL};
static const char *const none[] = {NULL};

static void sample_init(struct sample *sample) {
    *sample = (struct sample){
        .plugin = {.magic = RUNNER_ABI_MAGIC,
                   .abi_major = RUNNER_ABI_MAJOR,
                   .abi_minor = RUNNER_ABI_MINOR,
                   .size = sizeof(runner_plugin),
                   .component_size = sizeof(runner_component),
                   .param_size = sizeof(runner_param),
                   .n_components = 1,
                   .components = sample->components,
                   .version = "1.0.0"},
        .params = {RUNNER_PARAM_RATE(struct config, a, "0.1", "a rate"),
                   RUNNER_PARAM_FLOAT(struct config, b, "0.5", 0, 1, "a share"),
                   RUNNER_PARAM_INT(struct config, c, NULL, 1, 10, "a count"),
                   RUNNER_PARAM_CHOICE(struct config, d, "right", choices, "a side")},
        .ops = {.size = sizeof(runner_optimizer_ops), .plan = optimizer_plan, .step = step},
    };
    sample->components[0] = (runner_component){.kind = RUNNER_OPTIMIZER,
                                               .config_size = sizeof(struct config),
                                               .name = "foo",
                                               .doc = "an optimizer",
                                               .params = sample->params,
                                               .n_params = 4,
                                               .ops = &sample->ops};
    sample->components[1] = sample->components[0];
}

static void refused(const runner_plugin *plugin, const char *expected) {
    struct error error = {0};
    enum status status = plugin_check(plugin, &error);
    if (status != STATUS_CONFIG || !strstr(error.text, expected)) {
        print_error("wanted: %s\nfound:  %s\n", expected, error.text);
    }
    assert_int_equal(status, STATUS_CONFIG);
    assert_non_null(strstr(error.text, expected));
}

static void accepted(const runner_plugin *plugin) {
    struct error error = {0};
    enum status status = plugin_check(plugin, &error);
    if (status != STATUS_OK) {
        print_error("%s\n", error.text);
    }
    assert_int_equal(status, STATUS_OK);
}

/* One statement that breaks a fresh sample `s`, and what the refusal must hold. */
#define REFUSES(breaking, expected)                                                                                    \
    do {                                                                                                               \
        struct sample s;                                                                                               \
        sample_init(&s);                                                                                               \
        breaking;                                                                                                      \
        refused(&s.plugin, expected);                                                                                  \
    } while (0)
#define ACCEPTS(change)                                                                                                \
    do {                                                                                                               \
        struct sample s;                                                                                               \
        sample_init(&s);                                                                                               \
        change;                                                                                                        \
        accepted(&s.plugin);                                                                                           \
    } while (0)

static void a_well_formed_plugin_is_accepted(void **state) {
    (void)state;
    ACCEPTS((void)0);
    ACCEPTS((s.components[1].name = "bar", s.plugin.n_components = 2));
    ACCEPTS((s.components[0].n_params = 0, s.components[0].params = NULL, s.components[0].config_size = 0));
    ACCEPTS((s.plugin.license = "MIT", s.plugin.author = "somebody"));
}

static void other_contracts_are_refused(void **state) {
    (void)state;
    refused(NULL, "runner_plugin_entry() gave NULL; wanted a runner_plugin");
    refused((const runner_plugin *)16, "runner_plugin_entry() gave a bad pointer");
    REFUSES(s.plugin.magic = 0xdeadbeef, "found magic 0xdeadbeef; wanted 0x524e4e52");
    REFUSES(s.plugin.magic = 0xdeadbeef, "rebuild it against this runner's plugin.h");
    REFUSES(s.plugin.abi_major = 2,
            "found plugin contract 2.2; wanted 1.0 to 1.2: rebuild it against this runner's plugin.h");
    REFUSES(s.plugin.abi_major = 0, "found plugin contract 0.2; wanted 1.0 to 1.2: rebuild it");
    REFUSES(s.plugin.abi_minor = RUNNER_ABI_MINOR + 1, "found plugin contract 1.3; wanted 1.0 to 1.2: rebuild it");
    REFUSES(s.plugin.size -= 8, "found a runner_plugin of 48 bytes; wanted 56: rebuild it");
    REFUSES(s.plugin.component_size = 8, "found a runner_component of 8 bytes; wanted");
    REFUSES(s.plugin.component_size = UINT32_MAX, "found a runner_component of 4294967295 bytes; wanted");
    REFUSES(s.plugin.param_size += 8, "found a runner_param of");
    REFUSES(s.plugin.version = NULL, "found no version of the plugin; wanted");
    REFUSES(s.plugin.author = (const char *)16, "found no version of the plugin");
    REFUSES(s.plugin.n_components = 0, "found 0 components; wanted 1 to");
    REFUSES(s.plugin.n_components = UINT32_MAX, "found 4294967295 components; wanted 1 to");
    REFUSES(s.plugin.components = NULL, "found no table for its 1 components");
    REFUSES(s.plugin.components = (const runner_component *)64, "found no table for its 1 components");
}

static void components_that_are_not_well_are_refused(void **state) {
    (void)state;
    REFUSES(s.components[0].name = NULL, "component 0 has no well-formed name; wanted [a-z][a-z0-9_]*");
    REFUSES(s.components[0].name = "Foo", "component 0 has no well-formed name");
    REFUSES(s.components[0].name = "", "component 0 has no well-formed name");
    REFUSES(s.components[0].name = "a-b", "component 0 has no well-formed name");
    REFUSES(s.components[0].name = (const char *)16, "component 0 has no well-formed name");
    REFUSES(s.components[0].kind = 0, "component 'foo': found kind 0; wanted a runner_kind, 1 to");
    REFUSES(s.components[0].kind = 99, "component 'foo': found kind 99; wanted");
    REFUSES(s.components[0].doc = NULL, "optimizer 'foo': found no doc; wanted one line");
    REFUSES(s.components[0].doc = "two\nlines", "optimizer 'foo': found no doc; wanted one line");
    REFUSES(s.components[0].config_size = UINT32_MAX, "optimizer 'foo': found a config struct of 4294967295 bytes");
    REFUSES(s.plugin.n_components = 2, "optimizer 'foo': found twice in this plugin; wanted once");
    REFUSES(s.components[0].ops = NULL, "optimizer 'foo' has no ops; wanted a runner_optimizer_ops");
    REFUSES(s.ops.size = 0, "optimizer 'foo': found ops of 0 bytes; wanted a runner_optimizer_ops of 56");
    REFUSES(s.ops.size = 32, "optimizer 'foo': found ops of 32 bytes; wanted");
    REFUSES(s.ops.size = 4096, "optimizer 'foo': found ops of 4096 bytes; wanted");
    REFUSES(s.components[0].ops = (const void *)16, "optimizer 'foo': found ops of 0 bytes; wanted");
}

/* ---- Ops of every kind: the functions are never called, so one stands for all ------------------------------------- */

#define MOST_OPS 9

struct any_ops {
    uint32_t size, flags;
    void (*functions[MOST_OPS])(void);
};

static void anything(void) {
}

static enum status check_functions(runner_kind kind, uint32_t count, unsigned present, struct error *error) {
    struct sample s;
    struct any_ops ops = {.size = 8 + count * (uint32_t)sizeof(void (*)(void))};
    sample_init(&s);
    for (uint32_t i = 0; i < count; i++) {
        ops.functions[i] = present >> i & 1 ? anything : NULL;
    }
    s.components[0] = (runner_component){.kind = (uint32_t)kind, .name = "foo", .doc = "a component", .ops = &ops};
    return plugin_check(&s.plugin, error);
}

static void every_needed_function_must_be_there(void **state) {
    (void)state;
    static const struct {
        runner_kind kind;
        uint32_t count;
        unsigned present;     /* bit i: the function i of the kind's ops */
        const char *expected; /* NULL: accepted */
    } cases[] = {
        {RUNNER_DATASET, 2, 3, NULL},
        {RUNNER_DATASET, 2, 2, "dataset 'foo' has no open; wanted open in its ops"},
        {RUNNER_DATASET, 2, 1, "dataset 'foo' has no read; wanted read in its ops"},
        {RUNNER_INITIALIZER, 1, 1, NULL},
        {RUNNER_INITIALIZER, 1, 0, "initializer 'foo' has no fill; wanted fill in its ops"},
        {RUNNER_SCHEDULE, 1, 1, NULL},
        {RUNNER_SCHEDULE, 1, 0, "schedule 'foo' has no rate; wanted rate in its ops"},
        {RUNNER_REGULARIZER, 1, 1, NULL},
        {RUNNER_REGULARIZER, 1, 0, "regularizer 'foo' has no penalty; wanted penalty in its ops"},
        {RUNNER_CONSTRAINT, 1, 1, NULL},
        {RUNNER_CONSTRAINT, 1, 0, "constraint 'foo' has no apply; wanted apply in its ops"},
        {RUNNER_LOSS, 2, 3, NULL},
        {RUNNER_LOSS, 2, 2, "loss 'foo' has no plan; wanted"},
        {RUNNER_LOSS, 2, 1, "loss 'foo' has no evaluate; wanted"},
        {RUNNER_METRIC, 3, 7, NULL},
        {RUNNER_METRIC, 3, 6, "metric 'foo' has no plan; wanted"},
        {RUNNER_METRIC, 3, 5, "metric 'foo' has no update; wanted"},
        {RUNNER_METRIC, 3, 3, "metric 'foo' has no result; wanted"},
        {RUNNER_OPTIMIZER, 4, 5, NULL}, /* plan, step */
        {RUNNER_OPTIMIZER, 4, 9, NULL}, /* plan, step_tensor */
        {RUNNER_OPTIMIZER, 4, 15, NULL},
        {RUNNER_OPTIMIZER, 4, 3, "optimizer 'foo' has no step; wanted step, or step_tensor, in its ops"},
        {RUNNER_OPTIMIZER, 4, 4, "optimizer 'foo' has no plan; wanted"},
        {RUNNER_LAYER, 9, 1, NULL},  /* expand */
        {RUNNER_LAYER, 9, 14, NULL}, /* plan, forward, backward */
        {RUNNER_LAYER, 9, 0x1fe, NULL},
        {RUNNER_LAYER, 9, 0, "layer 'foo' has no plan; wanted plan, forward and backward, or expand, in its ops"},
        {RUNNER_LAYER, 9, 10, "layer 'foo' has no forward; wanted"},
        {RUNNER_LAYER, 9, 6, "layer 'foo' has no backward; wanted"},
        {RUNNER_LAYER, 9, 14 + 32, "layer 'foo' has reduce but no combine; wanted both or neither in its ops"},
        {RUNNER_LAYER, 9, 14 + 64, "layer 'foo' has combine but no reduce; wanted both or neither in its ops"},
        {RUNNER_LAYER, 9, 14 + 128, "layer 'foo' has reduce_delta but no combine_delta; wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        enum status status = check_functions(cases[i].kind, cases[i].count, cases[i].present, &error);
        if (status != (cases[i].expected ? STATUS_CONFIG : STATUS_OK)) {
            print_error("case %zu: %s\n", i, error.text);
        }
        assert_int_equal(status, cases[i].expected ? STATUS_CONFIG : STATUS_OK);
        assert_non_null(strstr(error.text, cases[i].expected ? cases[i].expected : ""));
    }
}

/* The bits above say which function is where: held against the header here. */
static void functions_stand_where_the_header_says(void **state) {
    (void)state;
    assert_int_equal(offsetof(runner_layer_ops, backward), offsetof(struct any_ops, functions[3]));
    assert_int_equal(offsetof(runner_layer_ops, reduce), offsetof(struct any_ops, functions[5]));
    assert_int_equal(offsetof(runner_layer_ops, combine_delta), offsetof(struct any_ops, functions[8]));
    assert_int_equal(offsetof(runner_optimizer_ops, step_tensor), offsetof(struct any_ops, functions[3]));
    assert_int_equal(offsetof(runner_metric_ops, result), offsetof(struct any_ops, functions[2]));
    assert_int_equal(sizeof(runner_layer_ops), sizeof(struct any_ops));
}

/* ---- Parameter tables ---------------------------------------------------------------------------------------------- */

#define PARAMETER "optimizer 'foo': parameter 'b': "

static void bad_tables_are_refused(void **state) {
    (void)state;
    REFUSES(s.components[0].params = NULL, "optimizer 'foo': found no table for its 4 parameters");
    REFUSES(s.components[0].n_params = UINT32_MAX, "optimizer 'foo': found 4294967295 parameters; wanted at most");
    REFUSES(s.params[1].name = "B", "optimizer 'foo': parameter 1 has no well-formed name");
    REFUSES(s.params[1].name = NULL, "optimizer 'foo': parameter 1 has no well-formed name");
    REFUSES(s.params[1].name = "a", "optimizer 'foo': parameter 'a': found twice in the table; wanted once");
    REFUSES(s.params[1].type = 0, PARAMETER "found type 0; wanted a runner_type, 1 to 12");
    REFUSES(s.params[1].type = 13, PARAMETER "found type 13; wanted a runner_type");
    REFUSES(s.params[1].doc = NULL, PARAMETER "found no doc; wanted one line");
    REFUSES(s.components[0].config_size = 12,
            PARAMETER "found bytes 8 to 16 of a config struct of 12; wanted it within");
    REFUSES(s.components[0].config_size = 0, "parameter 'a': found bytes 0 to 8 of a config struct of 0");
    REFUSES(s.params[1].offset = UINT32_MAX - 7, PARAMETER "found bytes 4294967288 to 4294967296 of a config struct");
    REFUSES(s.params[1].offset = 12, PARAMETER "found offset 12; wanted a multiple of 8 for type float");
    REFUSES(s.params[1].offset = 0, PARAMETER "found bytes 0 to 8 of the config struct, which overlap those of 'a'");
    REFUSES((s.params[3].offset = offsetof(struct config, c) + 4),
            "parameter 'd': found bytes 20 to 24 of the config struct, which overlap those of 'c'");
    REFUSES(s.params[1].flags = 8, PARAMETER "found unknown flags 0x8");
    REFUSES(s.params[3].flags = RUNNER_NULLABLE,
            "parameter 'd': found RUNNER_NULLABLE with type choice; wanted int, float");
    REFUSES(s.params[0].flags = RUNNER_NULLABLE, "parameter 'a': found RUNNER_NULLABLE with type rate");
    REFUSES(s.params[1].min = 2, PARAMETER "found a range from 2 to 1; wanted one that holds a number");
    REFUSES(s.params[1].max = (double)NAN, PARAMETER "found a range from 0 to nan");
    REFUSES((s.params[1].max = 0, s.params[1].flags = RUNNER_OPEN_MIN), PARAMETER "found a range from 0 to 0");
    REFUSES(s.params[3].choices = NULL, "parameter 'd': found no choices; wanted 1 to");
    REFUSES(s.params[3].choices = none, "parameter 'd': found no choices; wanted 1 to");
    REFUSES(s.params[3].choices = doubled, "parameter 'd': found the choice 'left' twice");
    REFUSES(s.params[3].choices = (const char *const *)16, "parameter 'd': found no choices");
    REFUSES(s.params[0].kind = RUNNER_LOSS, "parameter 'a': found kind 3 for a rate; wanted RUNNER_SCHEDULE");
}

static void bad_defaults_are_refused(void **state) {
    (void)state;
    REFUSES(
        s.params[1].initial = "fast", PARAMETER
        "found the default 'fast', which its own table does not allow: it is text 'fast'; wanted a number from 0 to 1");
    REFUSES(s.params[1].initial = "2", PARAMETER "found the default '2', which its own table does not allow: it is 2");
    REFUSES(s.params[1].initial = "", PARAMETER "found the default ''; wanted YAML: the file is empty");
    REFUSES(s.params[1].initial = "[1", PARAMETER "found the default '[1'; wanted YAML: found the end of the file");
    REFUSES(s.params[1].initial = "null",
            PARAMETER "found the default 'null', which its own table does not allow: it is null");
    REFUSES(s.params[1].initial = (const char *)16, PARAMETER "found a default that is no line of text");
    REFUSES(s.params[2].initial = "11", "parameter 'c': found the default '11'");
    REFUSES(s.params[2].initial = "1.5", "parameter 'c': found the default '1.5'");
    REFUSES(s.params[3].initial = "up", "parameter 'd': found the default 'up', which its own table does not allow");
    REFUSES(s.params[0].initial = "-1", "parameter 'a': found the default '-1'");
    REFUSES(s.params[0].initial = "[1]", "parameter 'a': found the default '[1]'");
    ACCEPTS(s.params[0].initial = "exponential"); /* a schedule, which may be another plugin's */
    ACCEPTS(s.params[0].initial = "{exponential: {rate: 0.1}}");
}

static void components_as_parameters_are_checked(void **state) {
    (void)state;
    const runner_param part = RUNNER_PARAM_PART(struct config, a, RUNNER_LAYER, "linear", "an activation");
    runner_param parts = RUNNER_PARAM_PARTS(struct config, parts, RUNNER_LAYER, "layers");
    ACCEPTS(s.params[0] = part);
    ACCEPTS((s.params[0] = part, s.params[0].initial = "null"));
    ACCEPTS((s.params[0] = part, s.params[0].initial = "{leaky: {slope: 0.1}}"));
    ACCEPTS(s.params[0] = parts);
    ACCEPTS((s.params[0] = parts, s.params[0].initial = "[linear]"));
    REFUSES((s.params[0] = part, s.params[0].kind = 0),
            "parameter 'a': found kind 0 for a component; wanted a runner_kind");
    REFUSES((s.params[0] = part, s.params[0].kind = 99), "parameter 'a': found kind 99 for a component");
    REFUSES((s.params[0] = part, s.params[0].initial = "5"), "parameter 'a': found the default '5'");
    REFUSES((s.params[0] = parts, s.params[0].initial = "linear"), "parameter 'parts': found the default 'linear'");
    REFUSES((s.params[0] = parts, s.params[0].initial = "[1]"), "parameter 'parts': found the default '[1]'");
}

/* ---- Downloads ----------------------------------------------------------------------------------------------------- */

/* A data set with two files, one of which a test may break. */
struct published {
    struct sample sample;
    runner_dataset_ops ops;
    runner_download downloads[2];
    const char *urls[20];
};

static int open_nothing(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)config, (void)call, (void)seed, (void)dataset;
    return RUNNER_OK;
}

static int read_nothing(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                        uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)call, (void)split, (void)examples, (void)n, (void)inputs, (void)targets;
    return RUNNER_OK;
}

#define SHA256 "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"

static void published_init(struct published *published) {
    *published = (struct published){
        .ops = {.size = sizeof published->ops,
                .open = open_nothing,
                .read = read_nothing,
                .downloads = published->downloads,
                .n_downloads = 2,
                .download_size = sizeof *published->downloads},
        .downloads = {{"a.gz", SHA256, 1, published->urls}, {"b", SHA256, DOWNLOAD_SIZE_MOST, published->urls}},
        .urls = {"https://example.org/a.gz", "http://[::1]:8080/a%20b?c=d&e=f", NULL},
    };
    sample_init(&published->sample);
    published->sample.components[0].kind = RUNNER_DATASET;
    published->sample.components[0].ops = &published->ops;
}

#define PUBLISHED(verdict, change, ...)                                                                                \
    do {                                                                                                               \
        struct published s;                                                                                            \
        published_init(&s);                                                                                            \
        change;                                                                                                        \
        verdict(&s.sample.plugin __VA_ARGS__);                                                                         \
    } while (0)
#define OFFERS(change) PUBLISHED(accepted, change)
#define MISOFFERS(breaking, expected) PUBLISHED(refused, breaking, , "dataset 'foo': " expected)

static void tables_of_downloads_are_checked(void **state) {
    (void)state;
    char many[210];
    memset(many, 'a', 201);
    many[201] = '\0';
    OFFERS((void)0);
    OFFERS((s.ops.downloads = NULL, s.ops.n_downloads = 0));
    MISOFFERS(s.ops.downloads = NULL, "found no table for its 2 downloads");
    MISOFFERS(s.ops.downloads = (const runner_download *)64, "found no table for its 2 downloads");
    MISOFFERS(s.ops.download_size = 0, "found a runner_download of 0 bytes; wanted 32: rebuild it");
    MISOFFERS(s.ops.download_size += 8, "found a runner_download of 40 bytes; wanted 32: rebuild it");
    MISOFFERS(s.ops.n_downloads = UINT32_MAX, "found 4294967295 downloads; wanted at most 1000");
    static const char *const names[] = {NULL, "", "..", ".hidden", "a/b", "/etc/passwd", "a\nb", (const char *)16};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        MISOFFERS(s.downloads[1].file = names[i], "download 1 has no well-formed file; wanted a name without '/'");
    MISOFFERS(s.downloads[1].file = many, "download 1 has no well-formed file");
    MISOFFERS(s.downloads[1].file = "a.gz", "download 'a.gz': found 'a.gz' in the table, too; wanted each name once");
    MISOFFERS(s.downloads[1].file = "a", "download 'a': found 'a.gz' in the table, too");
    MISOFFERS(s.downloads[1].file = "a.gz.gz", "download 'a.gz.gz': found 'a.gz' in the table, too");
    OFFERS(s.downloads[1].file = "a.g");
    OFFERS(s.downloads[1].file = "a.gz.g");
    static const char *const hashes[] = {NULL, "", "abc", SHA256 "0", "B" SHA256, (const char *)16};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        MISOFFERS(s.downloads[1].sha256 = hashes[i], "download 'b': found no SHA-256; wanted 64 digits");
    MISOFFERS(s.downloads[1].sha256 = "BA891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
              "download 'b': found no SHA-256");
    MISOFFERS(s.downloads[1].size = 0, "download 'b': found a size of 0; wanted the bytes of the file");
    MISOFFERS(s.downloads[1].size = UINT64_MAX, "download 'b': found a size of 18446744073709551615");
    static const char *const urls[] = {"",       "ftp://a/b",     "file:///etc/passwd", "https://",      "http:///b",
                                       "a/b.gz", "https://a/b c", "https://a/\xc3\xa4", (const char *)16};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        MISOFFERS(s.urls[1] = urls[i], "download 'a.gz': found no well-formed address at place 1 of its urls; wanted 1 "
                                       "to 16 that begin with http:// or https://, and NULL behind them");
    MISOFFERS(s.urls[0] = NULL, "download 'a.gz': found no well-formed address at place 0");
    MISOFFERS(s.downloads[1].urls = NULL, "download 'b': found no well-formed address at place 0");
    MISOFFERS(s.downloads[1].urls = (const char *const *)16, "download 'b': found no well-formed address at place 0");
    MISOFFERS(for (size_t i = 0; i < 17; i++) s.urls[i] = s.urls[0],
              "download 'a.gz': found no well-formed address at place 17");
}

/* What stands behind the size is none of the host's business. */
static void data_sets_of_older_versions_have_no_downloads(void **state) {
    (void)state;
    OFFERS((s.ops.size = offsetof(runner_dataset_ops, downloads), s.ops.downloads = (const runner_download *)64));
    MISOFFERS(s.ops.size = offsetof(runner_dataset_ops, read), "found ops of 16 bytes; wanted a runner_dataset_ops of");
}

/* Of a version in which a runner_download ended with its size. */
static void downloads_lie_as_far_apart_as_the_plugin_says(void **state) {
    (void)state;
    struct {
        const char *file, *sha256;
        uint64_t size;
    } older[] = {{"a", SHA256, 1}, {"b", SHA256, 2}};
    const runner_dataset_ops ops = {
        .downloads = (const runner_download *)(const void *)older, .n_downloads = 2, .download_size = sizeof *older};
    const runner_download last = plugin_download(&ops, 1);
    assert_string_equal(last.file, "b");
    assert_string_equal(last.sha256, SHA256);
    assert_int_equal(last.size, 2);
    assert_null(last.urls);
}

static void names_of_the_hosts_parameters_are_taken(void **state) {
    (void)state;
    static const runner_param seed[] = {RUNNER_PARAM_INT(struct config, c, "0", 0, 9, "a seed")};
    static const runner_param size[] = {RUNNER_PARAM_INT(struct config, c, "0", 0, 9, "a size")};
    struct any_ops ops = {.size = sizeof(runner_dataset_ops), .functions = {anything, anything}};
    runner_param params[1];
    for (int taken = 0; taken <= 1; taken++) {
        struct sample s;
        sample_init(&s);
        params[0] = taken ? seed[0] : size[0];
        params[0].name = taken ? "seed" : "size";
        s.components[0] = (runner_component){.kind = RUNNER_DATASET,
                                             .config_size = sizeof(struct config),
                                             .name = "foo",
                                             .doc = "data",
                                             .params = params,
                                             .n_params = 1,
                                             .ops = &ops};
        if (taken) {
            refused(&s.plugin,
                    "dataset 'foo': parameter 'seed': found the name of a parameter that the host gives every dataset");
        } else {
            accepted(&s.plugin);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_well_formed_plugin_is_accepted),
        cmocka_unit_test(other_contracts_are_refused),
        cmocka_unit_test(components_that_are_not_well_are_refused),
        cmocka_unit_test(every_needed_function_must_be_there),
        cmocka_unit_test(functions_stand_where_the_header_says),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(bad_defaults_are_refused),
        cmocka_unit_test(components_as_parameters_are_checked),
        cmocka_unit_test(tables_of_downloads_are_checked),
        cmocka_unit_test(data_sets_of_older_versions_have_no_downloads),
        cmocka_unit_test(downloads_lie_as_far_apart_as_the_plugin_says),
        cmocka_unit_test(names_of_the_hosts_parameters_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COMPONENTS = 256, MAX_BLOCKS = 4096 };

static const runner_component *components[MAX_COMPONENTS];
static int n_components;
static char case_name[256] = "start";

/* ---- Errors and memory ---- */

void host_case(const char *name) {
    snprintf(case_name, sizeof case_name, "%s", name);
}

noreturn void host_stop(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", case_name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

struct blocks {
    void *block[MAX_BLOCKS];
    int n;
};

static struct blocks kept, scratches;

static void *blocks_add(struct blocks *blocks, uint64_t bytes, int filling) {
    uint64_t size = (bytes + 63) / 64 * 64 + 64;
    if (blocks->n == MAX_BLOCKS)
        host_stop("too many blocks of memory");
    void *block = aligned_alloc(64, size);
    if (block == NULL)
        host_stop("out of memory");
    memset(block, filling, size);
    blocks->block[blocks->n++] = block;
    return block;
}

static void blocks_free(struct blocks *blocks) {
    while (blocks->n > 0)
        free(blocks->block[--blocks->n]);
}

void *host_memory(uint64_t bytes) {
    return blocks_add(&kept, bytes, 0);
}

void host_release(void) {
    blocks_free(&kept);
    blocks_free(&scratches);
}

void host_scratch_reset(void) {
    blocks_free(&scratches);
}

/* ---- Services ---- */

__attribute__((format(printf, 2, 3))) static int host_fail(runner_call *call, const char *format, ...) {
    (void)call;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: the plugin fails: ", case_name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return RUNNER_FAILED;
}

static void host_note(runner_call *call, const char *format, ...) {
    (void)call, (void)format;
}

static void *host_scratch(runner_call *call, uint64_t bytes) {
    (void)call;
    return blocks_add(&scratches, bytes, 0xff);
}

static void *host_plan_memory(runner_call *call, uint64_t bytes) {
    (void)call;
    return host_memory(bytes);
}

static void host_product(runner_call *call, uint32_t flags, float alpha, const runner_view *a, const runner_view *b,
                         float beta, const runner_view *c) {
    (void)call;
    int ta = (flags & RUNNER_TRANSPOSE_A) != 0, tb = (flags & RUNNER_TRANSPOSE_B) != 0;
    uint64_t inner = ta ? a->rows : a->columns;
    if ((tb ? b->columns : b->rows) != inner || (ta ? a->columns : a->rows) != c->rows ||
        (tb ? b->rows : b->columns) != c->columns)
        host_stop("shapes of a product do not fit");
    for (uint64_t i = 0; i < c->rows; i++)
        for (uint64_t j = 0; j < c->columns; j++) {
            double sum = 0;
            for (uint64_t k = 0; k < inner; k++)
                sum += (double)a->data[ta ? k * a->pitch + i : i * a->pitch + k] *
                       (double)b->data[tb ? j * b->pitch + k : k * b->pitch + j];
            float *into = c->data + i * c->pitch + j;
            *into = (float)((double)alpha * sum + (beta != 0 ? (double)beta * (double)*into : 0.0));
        }
}

#define FUNCTION(name)                                                                                                 \
    static void host_##name(uint64_t n, const float *x, float *y) {                                                    \
        for (uint64_t i = 0; i < n; i++)                                                                               \
            y[i] = (float)name((double)x[i]);                                                                          \
    }
FUNCTION(exp)
FUNCTION(log)
FUNCTION(tanh)
FUNCTION(erf)

/* SplitMix64 (Steele et al. 2014) of a counter */
static uint64_t random_bits(uint64_t row, uint64_t index) {
    uint64_t z = (row * 0x100000001b3u + index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double random_uniform(uint64_t row, uint64_t index) {
    return (double)(random_bits(row, index) >> 11) * 0x1p-53;
}

static double random_normal(uint64_t row, uint64_t index) {
    double radius = sqrt(-2 * log(1 - random_uniform(row, 2 * index)));
    return radius * cos(6.283185307179586 * random_uniform(row, 2 * index + 1));
}

static void host_bits(runner_call *call, uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    (void)call;
    for (uint64_t i = 0; i < n; i++)
        out[i] = (uint32_t)(random_bits(row, first + i) >> 32);
}

static void host_uniform(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out) {
    (void)call;
    for (uint64_t i = 0; i < n; i++)
        out[i] = (float)(random_bits(row, first + i) >> 40) * 0x1p-24f;
}

static void host_normal(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out) {
    (void)call;
    for (uint64_t i = 0; i < n; i++)
        out[i] = (float)random_normal(row, first + i);
}

static void host_truncated_normal(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out) {
    (void)call;
    for (uint64_t i = 0; i < n; i++) {
        double x = random_normal(row, first + i);
        for (uint64_t again = 1; fabs(x) > 2; again++)
            x = random_normal(row + (again << 32), first + i);
        out[i] = (float)x;
    }
}

static int host_read_file(runner_call *call, const char *path, runner_file *file) {
    (void)file;
    return host_fail(call, "there is no file '%s'", path);
}

static int host_read_member(runner_call *call, const char *path, const char *member, runner_file *file) {
    (void)file;
    return host_fail(call, "there is no member '%s' in '%s'", member, path);
}

static const char *host_find_file(runner_call *call, const char *folder, const char *name, const char *file) {
    (void)folder, (void)name;
    host_fail(call, "there is no file '%s'", file);
    return NULL;
}

static int host_open_as(runner_call *call, const char *dataset, const runner_setting *settings, uint32_t n,
                        runner_dataset *opened) {
    (void)settings, (void)n, (void)opened;
    return host_fail(call, "there is no data set '%s'", dataset);
}

static const runner_constant *host_constant(runner_call *call, const char *name) {
    (void)call, (void)name;
    return NULL;
}

static const void *host_extension(const char *id) {
    (void)id;
    return NULL;
}

static const runner_host services = {
    .size = sizeof services,
    .abi_minor = RUNNER_ABI_MINOR,
    .fail = host_fail,
    .note = host_note,
    .scratch = host_scratch,
    .memory = host_plan_memory,
    .product = host_product,
    .exp = host_exp,
    .log = host_log,
    .tanh = host_tanh,
    .erf = host_erf,
    .bits = host_bits,
    .uniform = host_uniform,
    .normal = host_normal,
    .truncated_normal = host_truncated_normal,
    .read_file = host_read_file,
    .read_member = host_read_member,
    .find_file = host_find_file,
    .open_as = host_open_as,
    .constant = host_constant,
    .extension = host_extension,
};
static runner_call the_call = {&services};
runner_call *const host_call = &the_call;

/* ---- Plugins ---- */

static void load_plugin(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        host_stop("%s", dlerror());
    runner_plugin_entry_fn entry;
    *(void **)&entry = dlsym(library, "runner_plugin_entry");
    if (entry == NULL)
        host_stop("%s", dlerror());
    const runner_plugin *plugin = entry();
    if (plugin->magic != RUNNER_ABI_MAGIC || plugin->abi_major != RUNNER_ABI_MAJOR ||
        plugin->component_size != sizeof(runner_component) || plugin->param_size != sizeof(runner_param))
        host_stop("%s: not a plugin of this version", path);
    for (uint32_t i = 0; i < plugin->n_components; i++) {
        if (n_components == MAX_COMPONENTS)
            host_stop("more than %d components", MAX_COMPONENTS);
        components[n_components++] = &plugin->components[i];
    }
}

void host_load(const char *folder) {
    DIR *entries = opendir(folder);
    if (entries == NULL)
        host_stop("cannot open '%s'", folder);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[4096];
        size_t length = strlen(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0)
            load_plugin(path);
        else if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            host_load(path);
    }
    closedir(entries);
}

/* ---- Parameters ---- */

/* Pieces of "a,b,c" or "[a, b, c]"; none of "[]" and "null". */
static uint64_t split(const char *text, char **pieces, uint64_t most) {
    char *copy = host_memory(strlen(text) + 1), *rest = copy;
    memcpy(copy, text, strlen(text));
    uint64_t n = 0;
    if (strcmp(text, "null") == 0)
        return 0;
    for (char *piece; (piece = strtok_r(rest, "[], ", &rest)) != NULL && n < most;)
        pieces[n++] = piece;
    return n;
}

static int64_t integer(const char *text) {
    return strcmp(text, "null") == 0 ? INT64_MIN : strtoll(text, NULL, 10);
}

static double number(const char *text) {
    return strcmp(text, "null") == 0 ? (double)NAN : strtod(text, NULL);
}

static int32_t choice(const runner_param *param, const char *text) {
    for (int32_t i = 0; param->choices[i] != NULL; i++)
        if (strcmp(param->choices[i], text) == 0)
            return i;
    host_stop("%s has no choice '%s'", param->name, text);
}

static const runner_part *part_of(const runner_param *param, const char *text) {
    return strcmp(text, "null") == 0 ? NULL : host_part((runner_kind)param->kind, text);
}

static void set_list(const runner_param *param, void *field, const char *text) {
    enum { MOST = 64 };
    char *pieces[MOST];
    uint64_t n = split(text, pieces, MOST);
    void *values = host_memory(MOST * sizeof(void *));
    for (uint64_t i = 0; i < n; i++) {
        if (param->type == RUNNER_INTS)
            ((int64_t *)values)[i] = integer(pieces[i]);
        else if (param->type == RUNNER_FLOATS)
            ((double *)values)[i] = number(pieces[i]);
        else if (param->type == RUNNER_TEXTS)
            ((const char **)values)[i] = pieces[i];
        else
            ((const runner_part **)values)[i] = part_of(param, pieces[i]);
    }
    memcpy(field, &(runner_ints){values, n}, sizeof(runner_ints)); /* all lists are a pointer and a count */
}

static void set(const runner_param *param, unsigned char *config, const char *text) {
    void *field = config + param->offset;
    switch (param->type) {
    case RUNNER_BOOL: *(int32_t *)field = strcmp(text, "true") == 0; break;
    case RUNNER_INT: *(int64_t *)field = integer(text); break;
    case RUNNER_FLOAT:
    case RUNNER_RATE: *(double *)field = number(text); break;
    case RUNNER_CHOICE: *(int32_t *)field = choice(param, text); break;
    case RUNNER_TEXT:
    case RUNNER_PATH: *(const char **)field = strcmp(text, "null") == 0 ? NULL : text; break;
    case RUNNER_COMPONENT: *(const runner_part **)field = part_of(param, text); break;
    default: set_list(param, field, text);
    }
}

const runner_component *host_find(runner_kind kind, const char *name) {
    for (int i = 0; i < n_components; i++)
        if (components[i]->kind == kind && strcmp(components[i]->name, name) == 0)
            return components[i];
    return NULL;
}

runner_part *host_part(runner_kind kind, const char *name) {
    const runner_component *component = host_find(kind, name);
    if (component == NULL)
        host_stop("there is no component %s of kind %d", name, (int)kind);
    runner_part *part = host_memory(sizeof *part);
    *part = (runner_part){component, host_memory(component->config_size)};
    for (uint32_t p = 0; p < component->n_params; p++)
        if (component->params[p].initial != NULL)
            set(&component->params[p], part->config, component->params[p].initial);
    return part;
}

int host_has(const runner_part *part, const char *param) {
    for (uint32_t i = 0; i < part->component->n_params; i++)
        if (strcmp(part->component->params[i].name, param) == 0)
            return 1;
    return 0;
}

void host_set(runner_part *part, const char *name, const char *text) {
    for (uint32_t i = 0; i < part->component->n_params; i++)
        if (strcmp(part->component->params[i].name, name) == 0) {
            set(&part->component->params[i], part->config, text);
            return;
        }
    host_stop("%s has no parameter '%s'", part->component->name, name);
}

/* The hot kernels one by one, beside the bounds that the machine sets them: rows of the group "kernels". */
#include "bench/settings.h"

#include <string.h>

/* "NAME;SHAPE;UNIT", cut in place. */
static void split(char *text, const char *parts[3]) {
    char *rest = NULL;
    parts[0] = strtok_r(text, ";", &rest);
    for (int i = 1; i < 3; i++) {
        const char *part = strtok_r(NULL, ";", &rest);
        parts[i] = part != NULL ? part : "";
    }
}

void bench_kernels(struct settings *settings) {
    char program[4096], folders[8300], words[32], text[SERVER_TEXT], what[SERVER_TEXT + 8];
    snprintf(program, sizeof program, "%s/bench/bench_kernels", settings->build);
    snprintf(folders, sizeof folders, "%s/bench/plugins:%s/plugins", settings->build, settings->build);
    struct server server = {.name = "kernels",
                            .peer = "kernels",
                            .processes = 1,
                            .threads = 1,
                            .arguments = {program, folders, "serve", NULL}};
    const double seconds = settings->seconds < 0.1 ? settings->seconds : 0.1;
    server_start(&server, &settings->servers);
    for (int k = 0; snprintf(words, sizeof words, "%d", k) > 0 && server_prepare(&server, words); k++) {
        struct series rates = {0}, bounds = {0};
        const char *parts[3];
        snprintf(text, sizeof text, "%s", server.variant);
        split(text, parts);
        for (size_t round = 0; round < settings->rounds; round++) {
            double values[SERVER_CORES][SERVE_VALUES], elapsed;
            if (!server_go(&server, (struct span){seconds, SERVE_WARM}, values, &elapsed))
                break;
            series_add(&rates, values[0][0]);
            series_add(&bounds, values[0][1]);
        }
        const struct series shares = series_ratio(&rates, &bounds);
        snprintf(what, sizeof what, "%s, %s", parts[0], parts[2]);
        rows_add(&settings->rows, (struct row){.group = "kernels",
                                               .what = what,
                                               .arrangement = parts[1],
                                               .peer = "machine",
                                               .value = summarize(&rates),
                                               .ratio = summarize(&shares)});
    }
    if (!server.alive)
        fprintf(stderr, "bench: bench_kernels died: see its log\n");
    server_stop(&server);
    fprintf(stderr, "bench: kernels: done\n");
}

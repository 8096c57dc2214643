/* The machine's own limits, without regard to any program: rows of the group "machine". */
#include "bench/settings.h"

static void add(struct settings *settings, struct server *server, const char *what, const char *words) {
    struct series series = {0};
    double values[SERVER_CORES][SERVE_VALUES], elapsed;
    if (!server_prepare(server, words))
        return;
    for (size_t round = 0; round < settings->rounds; round++)
        if (server_go(server, (struct span){settings->seconds, SERVE_WARM}, values, &elapsed))
            series_add(&series, values[0][0]);
    rows_add(&settings->rows,
             (struct row){.group = "machine", .what = what, .arrangement = words, .value = summarize(&series)});
}

/* From one core to another: what two threads on one trial hand each other. */
static void add_between(struct settings *settings, const char *program) {
    struct server server = {
        .name = "two cores", .peer = "machine", .processes = 1, .threads = 2, .arguments = {program, NULL}};
    server_start(&server, &settings->servers);
    add(settings, &server, "ns", "handover");
    add(settings, &server, "GB/s", "between 65536");
    add(settings, &server, "GB/s", "between 1048576");
    server_stop(&server);
}

void bench_machine(struct settings *settings) {
    static const char *const kinds[] = {"read", "write", "copy", "update"};
    static const long kib[] = {16, 256, 2048, 8192, 262144};
    char program[4096], words[64];
    snprintf(program, sizeof program, "%s/bench/bench_machine", settings->build);
    struct server server = {
        .name = "machine", .peer = "machine", .processes = 1, .threads = 1, .arguments = {program, NULL}};
    server_start(&server, &settings->servers);
    add(settings, &server, "GFLOP/s", "fma");
    add(settings, &server, "GFLOP/s", "sgemm");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof kib / sizeof *kib; i++) {
            snprintf(words, sizeof words, "bandwidth %s %ld", kinds[k], 1024 * kib[i]);
            add(settings, &server, "GB/s", words);
        }
    server_stop(&server);
    add_between(settings, program);
}

/*
 * Programs that bench_run measures by turns (serve.h): one or more processes of a program that work at the same time.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "bench/serve.h"

#include <stdio.h>
#include <sys/types.h>

enum { SERVER_CORES = 2, SERVER_ARGUMENTS = 12, SERVER_TEXT = 256 };

struct server {
    const char *name;                        /* "torch 2x1": unique, also that of its log */
    const char *peer;                        /* "torch" */
    int processes, threads;                  /* threads of each process */
    const char *arguments[SERVER_ARGUMENTS]; /* argv; NULL ends it */
    /* ---- */
    int attempts;
    bool alive, ready;
    size_t disturbed, kept;    /* measurements that other programs disturbed, and those that were kept all the same */
    char variant[SERVER_TEXT]; /* as the first process answered */
    pid_t pids[SERVER_CORES];
    FILE *to[SERVER_CORES], *from[SERVER_CORES];
};

/* What is true for all of them. */
struct servers {
    int realtime; /* priority; 0: the usual scheduling */
    int attempts; /* at a measurement that other programs disturb; 1 keeps the first */
    const char *logs;
    size_t cores[SERVER_CORES];
    int n_cores;
};

/* The first cores that this process may use. */
void servers_find_cores(struct servers *servers);
/* Starts the processes, pinned: those of one thread to a core each, others to all cores. */
void server_start(struct server *server, const struct servers *servers);
void server_stop(struct server *server);
/* All processes prepare the same; false (and `variant` says why) where they cannot. */
bool server_prepare(struct server *server, const char *words);
/* All processes measure at the same time. values[p][v], and the seconds until the last answer; false where one of them died. What other programs
   disturb is made again at once, and then after a while, `attempts` times in all; the last one counts. */
bool server_go(struct server *server, struct span span, double values[SERVER_CORES][SERVE_VALUES], double *elapsed);

#endif

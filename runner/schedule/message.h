/*
 * What the supervisor and a worker say to each other over frames (base/frame.h), and the packing of payloads.
 *
 * Both ends are of the same build, so numbers go as they lie in memory. A reader never goes beyond the payload: a worker
 * whose memory a plugin has spoilt may send anything. Single-threaded.
 *
 * Requests, each answered by MESSAGE_REPLY or MESSAGE_ERROR (TRAIN by RESULT):
 *     CATALOG  u64 n, n folders, u64 n, n files   -> an OPENING before each plugin file but for those files, then u64 numerics,
 *                                                    string BLAS, tree catalogue
 *     DATA     tree data set                      -> struct data_facts; with the memfd
 *     ATTACH   u64 index; with the memfd          -> nothing (no answer): data sets that PLAN and TRAIN name
 *     DETACH   u64 index                          -> nothing (no answer)
 *     PLAN     u64 index, u64 n and n strings, u64 m and m trees, u64 p and p points -> u64 a and a answers, p times u64
 *              A point is, for each of the n sections that the strings name, the u64 number of its tree; an answer is u64 status, then
 *              struct plan_facts or, where it is not OK, string where, string text; the numbers are those of the points' answers.
 *     TEST     string file, string component, tree parameters -> a CHECK for each line (conformance.h), then REPLY
 *     TRAIN    u64 index, u64 most threads, u64 memory limit, tree trial, string key ("": no checkpoints are wanted); perhaps with
 *              a checkpoint's file -> perhaps RESUME, then COLUMNS, ROW, PROGRESS, WEIGHTS and CHECKPOINT, at last RESULT
 * A worker sends the next CHECKPOINT, or RESULT, when KEPT has answered the one before.
 *
 * What else the supervisor tells a worker while that trains stands in memory that both see (struct orders), and so does what a worker may not
 * live to say (struct report).
 */
#ifndef RUNNER_SCHEDULE_MESSAGE_H
#define RUNNER_SCHEDULE_MESSAGE_H

#include "runner/base/arena.h"
#include "runner/base/frame.h"
#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/base/tree.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define WORKER_SOCKET 3 /* the descriptor of the worker's end */
#define WORKER_ORDERS 4 /* the descriptor of its struct orders, which it may read */
#define WORKER_REPORT 5 /* the descriptor of its struct report, which it writes */
#define WORKER_LOST 120 /* exit status of a worker that cannot speak with the supervisor any more */

/* The variable of the environment that keeps plugins, where it is set, from writing anywhere but in its folders. */
#define PLUGIN_WRITE_PATH "RUNNER_PLUGIN_WRITE_PATH"

enum message {
    MESSAGE_CATALOG = 1,
    MESSAGE_DATA,
    MESSAGE_ATTACH,
    MESSAGE_DETACH,
    MESSAGE_PLAN,
    MESSAGE_TRAIN,
    MESSAGE_TEST,
    MESSAGE_KEPT, /* - */
    MESSAGE_REPLY = 100,
    MESSAGE_ERROR,   /* u64 status, string text */
    MESSAGE_OPENING, /* string file, u64 foreign */
    MESSAGE_CHECK,   /* u64 outcome, string component, string check, string reason */
    MESSAGE_COLUMNS,
    MESSAGE_ROW,
    MESSAGE_PROGRESS,
    MESSAGE_WEIGHTS,    /* u64 epoch; with a sealed memfd that holds an .npz file */
    MESSAGE_CHECKPOINT, /* -; with a sealed memfd */
    MESSAGE_RESUME,     /* u64 whether, u64 epoch, u64 updates, double seconds so far, string why not */
    MESSAGE_RESULT,     /* u64 status, u64 outcome, string reason, string stopped_by, u64 epochs, u64 updates,
                       u64 has best, u64 best epoch, u64 restored, u64 restored epoch, u64 peak memory, u64 threads,
                       string error */
};

/* At the start of a page. */
struct orders {
    _Atomic uint32_t threads; /* that the running trial is to use from its next update on */
};

/* What a worker leaves for the supervisor however it ends. At the start of a page. */
struct report {
    _Atomic uint32_t lacked_memory; /* an allocation has failed */
    _Atomic uint32_t full_stack;    /* a fault (train/fault.h) was that of a stack which is full */
};

void message_u64(struct text *out, uint64_t number);
void message_double(struct text *out, double number);
void message_string(struct text *out, const char *string); /* NULL goes as "" */
void message_tree(struct text *out, const struct tree *tree);

/* After a read beyond the end `bad` is set, and reads give 0 and "". */
struct message_reader {
    const char *bytes;
    size_t length, at;
    bool bad;
};

void message_reader_init(struct message_reader *reader, const char *bytes, size_t length);
uint64_t message_read_u64(struct message_reader *reader);
double message_read_double(struct message_reader *reader);
const char *message_read_string(struct message_reader *reader); /* within the payload */
/* Without marks, in the arena; NULL and `bad` where it is broken. */
struct tree *message_read_tree(struct message_reader *reader, struct arena *arena);
/* A count of things that take at least `size` bytes each: 0 and `bad` where so many cannot follow. */
size_t message_read_count(struct message_reader *reader, size_t size);
/* STATUS_ENVIRONMENT, for a request that is broken. */
enum status message_misread(struct error *error);

#endif

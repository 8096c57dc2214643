/*
 * A place for one worker: its process, the data sets it has, and the trial that runs in it. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_SLOT_H
#define RUNNER_SCHEDULE_SLOT_H

#include "runner/results/record.h"
#include "runner/schedule/child.h"
#include "runner/schedule/session.h"
#include "runner/schedule/trial_log.h"

#define NO_TRIAL ((size_t)-1)

struct slot {
    struct child child;
    bool *attached; /* [n_data] to this process */
    size_t n_data;
    size_t trial;          /* index in the grid, or NO_TRIAL */
    double started;        /* seconds of the monotonic clock */
    struct record *record; /* of the trial, as far as it is known; lives in `arena` until the next one */
    struct arena arena;
    size_t rows_capacity;
    uint64_t epoch; /* which is being trained */
    double share;   /* of the trial, 0 to 1 */
    double loss;    /* running; NaN: not known */
    int file_fd;    /* a file that the worker handed over, or -1 */
    uint64_t file_epoch;
    bool checkpoints;     /* the trial may send some */
    bool checkpoint;      /* there is one of it in the results folder */
    bool resumed;         /* it went on from that one */
    char resume[256];     /* SLOT_RESUME: "resumed at epoch 3, update 120", or why the checkpoint was of no use */
    char message[512];    /* why the trial failed, for people */
    struct trial_log log; /* what the trial printed, as far as it has been taken */
    uint64_t most_rows;   /* of the record */
    const char *verdict;  /* why the supervisor ended the process; NULL: it did not */
    enum trial_status verdict_status;
};

void slot_init(struct slot *slot, size_t n_data);
/* An empty record for the next trial, in place of that of the last. */
struct record *slot_new_record(struct slot *slot);
/* Ends the process. */
void slot_clear(struct slot *slot);

/* A trial on its way to a worker. */
struct slot_order {
    size_t trial, data;               /* indices in the grid and the session */
    const struct tree *tree;          /* the resolved trial */
    const struct plugin_files *files; /* from outside the installation */
    uint64_t memory_limit;            /* bytes; 0: none */
    bool checkpoints;                 /* the worker may send some */
    int checkpoint;                   /* descriptor of one to go on from, or -1 */
    struct record *record;            /* with key, id, attempts and the threads to begin with */
    size_t most_threads;              /* that it may be given later */
    uint64_t most_rows;               /* a worker that sends more is spoilt */
};
/* Gives the trial to the process, or to a new one: where there is none, or where the trial has
   `files`. A failure is that of the machine. */
enum status slot_train(struct slot *slot, struct session *session, const struct slot_order *order, struct error *error);
/* A trial that cannot begin: the record is whole at once. */
void slot_refuse(struct slot *slot, size_t trial, const char *reason, const char *message);
/* Ends the process; its trial ends with this status and reason (a fixed word) once slot_died(). */
void slot_stop(struct slot *slot, enum trial_status status, const char *reason);
/* The trial goes on with so many threads, of those that it was ordered with at most. */
void slot_set_threads(struct slot *slot, size_t threads);
/* The worker lets go of the data set; not while it trains, since it does not read then. Data sets that the session has released
   are also let go when the next trial is sent. */
void slot_detach(struct slot *slot, size_t data);

/* SLOT_WEIGHTS: file_fd and file_epoch; the descriptor is valid until the next call. SLOT_CHECKPOINT: file_fd likewise; slot_kept()
   answers it. SLOT_RESUME: `resume`, and `started` has gone back by what earlier runs spent on the trial. */
enum slot_event { SLOT_NOTHING, SLOT_ROW, SLOT_PROGRESS, SLOT_WEIGHTS, SLOT_CHECKPOINT, SLOT_RESUME, SLOT_ENDED };

/* Reads what the socket holds, without waiting. SLOT_CLOSED: the stream has ended or is broken. */
enum slot_feed { SLOT_EMPTY, SLOT_FED, SLOT_CLOSED };
enum slot_feed slot_feed(struct slot *slot);
/* Takes the next message. Call until SLOT_NOTHING. With SLOT_ENDED the record is whole. A broken message ends the trial. */
enum slot_event slot_next(struct slot *slot);
/* Tells the worker that it may send another checkpoint. */
void slot_kept(struct slot *slot);
/* Ends the trial, and its process, since what it sent is not to be trusted. */
void slot_break(struct slot *slot, const char *message);
/* The process has ended. True where that ended a trial: the record says how. */
bool slot_died(struct slot *slot);

#endif

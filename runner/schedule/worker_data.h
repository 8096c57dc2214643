/*
 * The data sets that the supervisor has attached to a worker, by the index that requests name them by. Worker only, [main] thread.
 */
#ifndef RUNNER_SCHEDULE_WORKER_DATA_H
#define RUNNER_SCHEDULE_WORKER_DATA_H

#include "runner/host/data.h"

/* All zero: none. */
struct worker_data {
    struct data *sets;
    bool *mapped;
    size_t count;
};

/* Maps the memfd, which stays the caller's, where nothing has this index yet. */
enum status worker_data_attach(struct worker_data *data, uint64_t index, int fd, struct error *error);
/* Nothing where no data set has this index. */
void worker_data_detach(struct worker_data *data, uint64_t index);
void worker_data_clear(struct worker_data *data);

/* NULL where no data set has this index. */
const struct data *worker_data_get(const struct worker_data *data, uint64_t index);

#endif

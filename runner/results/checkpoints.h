/*
 * Checkpoints of trials that have not ended: FOLDER/KEY.checkpoint, the last one of each. Workers make their content (train/checkpoint.h)
 * and judge it; a file that is there need not be good. Single-threaded; one writer.
 */
#ifndef RUNNER_RESULTS_CHECKPOINTS_H
#define RUNNER_RESULTS_CHECKPOINTS_H

#include "runner/base/hash.h"
#include "runner/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Puts the content of a sealed memfd in the place of the trial's last one; makes the folder. As artifact_write(). */
enum status checkpoints_keep(const char *folder, struct hash128 key, int fd, struct error *error);
/* A descriptor (close-on-exec), or -1 where there is none that can be opened. */
int checkpoints_open(const char *folder, struct hash128 key);
/* Removes it, where there is one, and the folder where it was the last. */
void checkpoints_remove(const char *folder, struct hash128 key);
/* Removes all but those that are wanted, and what a killed writer left. */
void checkpoints_sweep(const char *folder, bool (*wanted)(void *context, struct hash128 key), void *context);

#endif

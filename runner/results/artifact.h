/*
 * Files that workers make and the supervisor puts into the results folder, whole: weights of trials. They come as sealed memfds.
 */
#ifndef RUNNER_RESULTS_ARTIFACT_H
#define RUNNER_RESULTS_ARTIFACT_H

#include "runner/base/status.h"

#include <stdint.h>

/* FOLDER/ID-epoch-EPOCH.npz; makes the folder. STATUS_ENVIRONMENT where it cannot be written, STATUS_TRIAL where the descriptor
   is not what a worker sends. */
enum status artifact_write_weights(const char *folder, uint64_t id, uint64_t epoch, int fd, struct error *error);

/* The content of a descriptor at `path`, under the same terms. */
enum status artifact_write(const char *path, int fd, struct error *error);

#endif

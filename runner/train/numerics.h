/*
 * The version of the engine's numbers. Raise it by one with any change after which some trial may end with other bits: it is
 * part of every trial's identity, so that results of before and after are never mixed.
 */
#ifndef RUNNER_TRAIN_NUMERICS_H
#define RUNNER_TRAIN_NUMERICS_H

#ifndef RUNNER_NUMERICS /* a test builds a worker of another version */
#define RUNNER_NUMERICS 2u
#endif

#endif

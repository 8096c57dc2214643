/*
 * Which settings of a grid each section of a point may depend on: those within it, and those of all that its `$` and `=` may name, on
 * and on. So a section is made once for all points that differ elsewhere.
 *
 * It is found from the words of texts, without evaluating anything: a section may be said to depend on more than it does, never on less.
 */
#ifndef RUNNER_CONFIG_DEPENDENCE_H
#define RUNNER_CONFIG_DEPENDENCE_H

#include "runner/config/grid.h"
#include "runner/config/resolve.h"

/* The `let` names, which are all filled at every point, stand beside the sections. */
enum { DEPENDENCE_LETS = N_SECTIONS, N_DEPENDENT };

/* Fills `number` and `dependent` of all settings of the grid. */
void dependence_find(struct grid *grid);

#endif

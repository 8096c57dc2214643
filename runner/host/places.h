/*
 * Where the files of data sets are looked for, and so where `runner fetch` puts them: $RUNNER_DATA/NAME, then the user's cache. All
 * strings are the arena's. Thread-safe, while nobody changes the environment.
 */
#ifndef RUNNER_HOST_PLACES_H
#define RUNNER_HOST_PLACES_H

#include "runner/base/arena.h"

/* NULL where RUNNER_DATA is not set. */
const char *places_shared(struct arena *arena, const char *name);
/* $XDG_CACHE_HOME/runner/NAME, else ~/.cache/runner/NAME (XDG Base Directory Specification 0.8: a relative XDG_CACHE_HOME is ignored);
   NULL where the user has no home. */
const char *places_cache(struct arena *arena, const char *name);
/* folder/file or folder/file.gz, the first of them that is a regular file; NULL where none is, or the folder is NULL. */
const char *places_find(struct arena *arena, const char *folder, const char *file);

/* The two folders for people: "A and B", also where they are not set. */
const char *places_words(struct arena *arena, const char *name);

#endif

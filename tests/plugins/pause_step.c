/* Removes the files of the results folder that $WRECK matches, or cuts them to $WRECK_LENGTH bytes. */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FAULT "wreck_step"
#define FAULT_AT "12"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    const char *pattern = getenv("WRECK"), *length = getenv("WRECK_LENGTH");
    glob_t files;
    if (pattern == NULL || glob(pattern, 0, NULL, &files) != 0)
        return;
    for (size_t i = 0; i < files.gl_pathc; i++)
        if ((length != NULL ? truncate(files.gl_pathv[i], atol(length)) : remove(files.gl_pathv[i])) < 0)
            perror(files.gl_pathv[i]);
    globfree(&files);
}

#include "fault.h"

/*
 * Pictures drawn by gnuplot: each a script and its data, from which anyone can draw it again with `gnuplot NAME.gp`.
 *
 * What comes from configs and plugins (labels, names) stands in the data alone, or in the script within single quotes without a character
 * that gnuplot takes for more than itself. gnuplot works in a temporary folder, has a time limit and reads no settings of the user's.
 */
#ifndef RUNNER_RESULTS_PLOT_H
#define RUNNER_RESULTS_PLOT_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/base/text.h"

#define PLOT_PACKAGE "gnuplot-nox" /* Debian's package */

struct plot {
    const char *name; /* of its files: letters, digits, "_" */
    struct text script, data;
    struct text svg; /* empty: was not drawn */
};

enum { PLOTS_MOST = 24 };
struct plots {
    struct arena arena;
    struct plot items[PLOTS_MOST];
    size_t count;
};

void plots_init(struct plots *plots);
void plots_clear(struct plots *plots);
/* A picture with its terminal and style set, in pixels; the caller adds to script and data. NULL where there are PLOTS_MOST. */
struct plot *plots_add(struct plots *plots, const char *name, int width, int height);

/* Draws all of them but those that the folder `former` (NULL: none) has with the same script and data.
   STATUS_ENVIRONMENT where gnuplot is not there, is too slow or complains; pictures that were drawn stand. */
enum status plots_draw(struct plots *plots, const char *former, struct error *error);
/* Puts scripts, data and pictures into the folder, each whole, and removes those of former reports that are none of these. */
enum status plots_keep(const struct plots *plots, const char *folder, struct error *error);

/* A label for data, of at most `most` characters ("..." behind what is cut): tabs, quotes and backslashes become others that look alike. */
void plot_label(const char *label, size_t most, struct text *out);
/* Characters that it takes. */
size_t plot_label_width(const char *label, size_t most);
/* A number and the tab or end of line behind it; "NaN" where there is none. */
void plot_number(double number, char after, struct text *out);
/* 'word': a string of the script. */
void plot_string(const char *word, struct text *out);

#endif

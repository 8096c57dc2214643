/* One colour, one meaning on a page. */
#include "runner/results/report_plot.h"
#include "runner/results/svg.h"

#include <string.h>

/* "optimizer=adam": what a colour stands for, the labels but for those along an axis, and but for the data set where another is left. */
static const char *colour_key(struct report *report, size_t point, size_t along) {
    const struct results *results = report->results;
    size_t dataset = results_dataset_axis(results), others = 0;
    for (size_t i = 0; i < report->n_axes; i++)
        others += report->axes[i] != along && report->axes[i] != dataset ? 1 : 0;
    struct text key;
    text_init(&key);
    for (size_t i = 0; i < report->n_axes; i++) {
        size_t axis = report->axes[i];
        if (axis == along || (axis == dataset && others > 0) || results->labels[point][axis] == NULL)
            continue;
        text_printf(&key, " %zu=%s", axis, results->labels[point][axis]);
    }
    const char *copy = arena_copy_text(&report->arena, key.data);
    text_clear(&key);
    return copy;
}

/* The series of a key, a new one where it has none yet; SVG_SERIES where all are taken, and for what is alone in a grid. */
static size_t find_series(struct report *report, const char *key) {
    size_t i = 0;
    if (key[0] == '\0' && report->n_axes > 0)
        return SVG_SERIES;
    while (i < report->n_series && strcmp(report->series[i], key) != 0)
        i++;
    if (i == report->n_series && i < SVG_SERIES)
        report->series[report->n_series++] = key;
    return i;
}

void report_strokes(struct report *report, const size_t *points, size_t n, size_t along, struct stroke *strokes) {
    static const int shapes[REPORT_CURVES] = {7, 5, 9, 13, 11, 6, 4, 8};
    size_t alike[SVG_SERIES + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        size_t series = find_series(report, colour_key(report, points[i], along));
        size_t other = alike[series]++, shape = (series < SVG_SERIES ? series : 0) + other;
        strokes[i] = (struct stroke){.colour = series < SVG_SERIES ? svg_series[series] : SVG_INK,
                                     .dash = (int)other + 1,
                                     .shape = shapes[shape % REPORT_CURVES]};
    }
}

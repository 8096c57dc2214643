/*
 * report.html: what a grid was asked, what came out, and how, on one page that needs nothing but itself. Its pictures stand beside it in
 * plots/, each as script, data and SVG. The same results and manifest give the same bytes,
 * and pictures of the same data are not drawn again.
 *
 * A report is made by one program at a time in a folder (.report.lock); every file is written whole. It may be made while the grid is
 * still being trained. Single-threaded.
 */
#ifndef RUNNER_RESULTS_REPORT_H
#define RUNNER_RESULTS_REPORT_H

#include "runner/results/results.h"

#define REPORT_FILE "report.html"

struct report_side {
    const struct results *results;
    const char *folder; /* where config.yaml, manifest.json and logs/ are read; what is not there is left out */
};

/* To FOLDER/report.html with FOLDER/plots/, or, where `output` is named, to that file alone. STATUS_ENVIRONMENT where it cannot be
   written. Without pictures there is still a report: `notice`, emptied first, says then why, in one line. */
enum status report_write(const struct report_side *side, const char *output, struct text *notice, struct error *error);

/* Several runs on one page, side by side: grid points are matched by their labels on axes of the same name. */
enum status report_compare(const struct report_side *sides, size_t n, const char *output, struct text *notice,
                           struct error *error);

#endif

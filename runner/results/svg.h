/*
 * The colours of pictures, and gnuplot's SVG made fit to stand in a page: the page's style decides its colours (light and dark), its ids are
 * its own, and it scales with its box. Single-threaded.
 */
#ifndef RUNNER_RESULTS_SVG_H
#define RUNNER_RESULTS_SVG_H

#include "runner/base/text.h"

/* The colours of scripts; in a page each is a variable of its style. Series: after Okabe and Ito, told apart by the colour-blind. */
enum { SVG_SERIES = 8 };
extern const unsigned svg_series[SVG_SERIES]; /* 0xrrggbb */
#define SVG_PAPER 0xffffffu                   /* behind everything, and around marks */
#define SVG_INK 0x222222u
#define SVG_AXIS 0x6a6a6au
#define SVG_GRID 0xdededeu
#define SVG_FAINT 0xa8a8a8u /* what is not told apart */

/* The variables, `name: value;` each. */
void svg_variables(bool dark, struct text *out);

/* Adds an <svg> element for a page. `name` is made of letters, digits, "-" and "_"; `label` is what a reader who does not see it is told.
   False, and nothing is added, where the bytes are no whole picture of gnuplot's. */
bool svg_inline(const char *bytes, size_t n, const char *name, const char *label, struct text *out);

#endif

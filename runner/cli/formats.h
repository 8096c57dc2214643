/* A sheet (words.h), whose first row is its head, as other programs take it. */
#ifndef RUNNER_CLI_FORMATS_H
#define RUNNER_CLI_FORMATS_H

#include "runner/cli/words.h"

/* A table of GitHub's Markdown. What Markdown would read as marks is escaped. */
void sheet_write_markdown(const struct sheet *sheet, struct text *out);
/* A tabular with the rules of LaTeX's package booktabs. */
void sheet_write_latex(const struct sheet *sheet, struct text *out);

/* A text among others, escaped in the same way. */
void markdown_text(const char *text, struct text *out);
void latex_text(const char *text, struct text *out);

#endif

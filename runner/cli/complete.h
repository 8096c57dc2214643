/* What a shell may offer for the word that is being typed; runner completion asks for it. */
#ifndef RUNNER_CLI_COMPLETE_H
#define RUNNER_CLI_COMPLETE_H

#include "runner/base/text.h"

/* `words` are those behind the program's name, the last of them the one that is being typed. Writes a line each: a word that begins as that
   does, a tab and what it means; or ":folders", or ":yaml" and the like for folders and files that end so, which the shell knows best. */
void complete_words(const char *const *words, size_t n_words, struct text *out);

#endif

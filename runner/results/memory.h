/* Memory of jansson. */
#ifndef RUNNER_RESULTS_MEMORY_H
#define RUNNER_RESULTS_MEMORY_H

/* Has jansson take its memory as all else does: out of memory ends the program (base/arena.h), where it would leave a part of a record
   or a manifest out, or take a good line of the journal for a damaged one. For the whole process: first in main(). */
void results_memory(void);

#endif

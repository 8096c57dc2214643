#include "runner/results/stored.h"

#include "runner/base/file.h"
#include "runner/results/folder.h"

#include <jansson.h>

enum status stored_open(const char *folder, struct stored *stored, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    const char *file = path_join(&arena, folder, FOLDER_JOURNAL);
    enum status status = folder_has(folder, FOLDER_JOURNAL, error);
    if (status == STATUS_OK)
        status = journal_read(file, JOURNAL_RECORDS, &stored->journal, error);
    if (status == STATUS_OK) {
        struct text grid;
        text_init(&grid);
        journal_grid(&stored->journal, &grid);
        json_t *json = json_loadb(grid.data, grid.length, 0, NULL);
        text_clear(&grid);
        if (json == NULL || !results_read(json, &stored->results)) {
            status = error_set(error, STATUS_CONFIG, "%s: the journal holds no grid; run the config again", file);
            journal_close(&stored->journal, NULL);
        } else {
            journal_join(&stored->journal, &stored->results);
        }
        json_decref(json);
    }
    arena_clear(&arena);
    return status;
}

void stored_close(struct stored *stored) {
    results_clear(&stored->results);
    journal_close(&stored->journal, NULL);
}

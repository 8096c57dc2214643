/* `init` and `save`: weights from and into files. */
#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/config/resolve.h"
#include "runner/host/params.h"

#include <stdlib.h>
#include <string.h>

#define WEIGHTS_LIMIT ((size_t)1 << 40)

static bool is_digest(const struct tree *value) {
    /* all digits: YAML sees a number */
    return tree_is_scalar(value) && value->type != TREE_NULL && strlen(value->text) == 64 &&
           strspn(value->text, "0123456789abcdef") == 64;
}

/* The hash of the file's content, which is what the trial depends on. A hash that was written has to be that one. */
static struct tree *digest_of(const struct tree *path, const struct tree *wanted, struct arena *arena,
                              struct diagnostics *diagnostics) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    struct error error;
    char digits[65];
    if (file_read(path->text, WEIGHTS_LIMIT, &bytes, &n, &error) != STATUS_OK) {
        diagnostics_error(diagnostics, path->mark, "init.file: %s", error.text);
        return NULL;
    }
    sha256_hex(bytes, n, digits);
    free(bytes);
    if (wanted && strcmp(wanted->text, digits) != 0) {
        diagnostics_error(diagnostics, wanted->mark,
                          "init.sha256 is %s, but %s has %s: it is another file than the one that was meant",
                          wanted->text, path->text, digits);
        return NULL;
    }
    return tree_text(arena, wanted ? wanted->mark : path->mark, digits);
}

static void check_init_keys(const struct tree *value, struct diagnostics *diagnostics) {
    static const char *const names[] = {"file", "sha256"};
    for (size_t i = 0; i < value->count; i++) {
        if (strcmp(value->keys[i], names[0]) == 0 || strcmp(value->keys[i], names[1]) == 0) {
            continue;
        }
        const char *near = text_nearest(value->keys[i], names, 2);
        diagnostics_error(diagnostics, value->key_marks[i], "unknown key '%.60s' of init; %s%s%s", value->keys[i],
                          near ? "did you mean '" : "known: file, sha256", near ? near : "", near ? "'?" : "");
    }
}

/* A path alone is `{file: PATH}`. */
struct tree *resolve_init(const struct catalog *catalog, const struct tree *value, struct arena *arena,
                          struct diagnostics *diagnostics) {
    const struct catalog_param path_param = {.name = "file", .type = RUNNER_PATH};
    if (!value || value->type == TREE_NULL) {
        return tree_null(arena, value ? value->mark : (struct mark){0});
    }
    bool alone = value->type == TREE_TEXT;
    const struct tree *file = alone ? value : tree_get(value, "file"), *wanted = tree_get(value, "sha256");
    if (!alone && value->type != TREE_MAP) {
        diagnostics_error(diagnostics, value->mark, "init is %s; wanted {file: WEIGHTS.npz}",
                          tree_type_name(value->type));
        return NULL;
    }
    size_t errors = diagnostics->errors;
    check_init_keys(value, diagnostics);
    if (!file) {
        diagnostics_error(diagnostics, value->mark, "init has no file; wanted {file: WEIGHTS.npz}");
    }
    if (wanted && wanted->type != TREE_NULL && !is_digest(wanted)) {
        diagnostics_error(diagnostics, wanted->mark, "init.sha256 is no SHA-256; wanted 64 digits of 0-9 and a-f");
    }
    struct tree *path = file ? param_resolve(catalog, &path_param, file, "init.file", arena, diagnostics) : NULL;
    if (!path || diagnostics->errors > errors) {
        return NULL;
    }
    wanted = wanted && wanted->type != TREE_NULL ? wanted : NULL;
    struct tree *digest = digest_of(path, wanted, arena, diagnostics), *resolved = tree_map(arena, value->mark);
    tree_set(arena, resolved, "file", path->mark, path);
    if (digest) {
        tree_set(arena, resolved, "sha256", path->mark, digest);
    }
    return digest ? resolved : NULL;
}

static bool is_choice(const struct tree *item) {
    return (item->type == TREE_TEXT && (strcmp(item->text, "best") == 0 || strcmp(item->text, "last") == 0)) ||
           (item->type == TREE_INT && item->value.integer >= 0);
}

/* A list, also where one was written. */
struct tree *resolve_save(const struct tree *value, struct arena *arena, struct diagnostics *diagnostics) {
    if (!value || value->type == TREE_NULL) {
        return tree_null(arena, value ? value->mark : (struct mark){0});
    }
    struct tree *list = tree_list(arena, value->mark);
    if (value->type == TREE_LIST) {
        for (size_t i = 0; i < value->count; i++) {
            tree_append(arena, list, value->items[i]);
        }
    } else {
        tree_append(arena, list, tree_copy(arena, value));
    }
    bool well = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct tree *item = list->items[i];
        if (!is_choice(item)) {
            well = false;
            diagnostics_error(diagnostics, item->mark, "save is %s%s%s; wanted best, last or epochs, or a list of them",
                              tree_is_scalar(item) ? "'" : "",
                              tree_is_scalar(item) ? item->text : tree_type_name(item->type),
                              tree_is_scalar(item) ? "'" : "");
        }
    }
    return well ? list : NULL;
}

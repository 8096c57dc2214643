/* Real shared objects: tests/plugins/NAME.c as built, and the plugins of the build tree. */
#include "runner/host/loader.h"

#include <dirent.h>
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <cmocka.h>

static const char *build_dir(void) {
    const char *folder = getenv("RUNNER_BUILD_DIR");
    return folder ? folder : ".";
}

/* The folder of a test plugin, in a buffer that the next call overwrites. */
static const char *folder_of(const char *name) {
    static char folder[4096];
    snprintf(folder, sizeof folder, "%s/tests/plugins/%s", build_dir(), name);
    return folder;
}

static void open_folder(struct loader *loader, const char *folder) {
    const char *folders[] = {folder};
    loader_open(loader, folders, 1, 0);
}

static void broken_plugins_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"bad_magic", "/bad_magic.so: found magic 0x0badc0de; wanted 0x524e4e52"},
        {"newer_major",
         "/newer_major.so: found plugin contract 2.0; wanted 1.0 to 1.2: rebuild it against this runner's plugin.h"},
        {"no_entry", "/no_entry.so: found no function runner_plugin_entry; wanted a plugin"},
        {"missing_step",
         "/missing_step.so: optimizer 'missing_step' has no step; wanted step, or step_tensor, in its ops"},
        {"missing_epoch", "/missing_epoch.so: callback 'missing_epoch' has no epoch; wanted epoch in its ops"},
        {"bad_table",
         "/bad_table.so: optimizer 'bad_table': parameter 'momentum': found bytes 8 to 16 of a config struct of 8"},
        {"bad_downloads", "/bad_downloads.so: dataset 'bad_downloads': download 0 has no well-formed file"},
        {"wild_pointer", "/wild_pointer.so: found no table for its 1 components"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loader loader;
        open_folder(&loader, folder_of(cases[i].name));
        assert_int_equal(loader.count, 0);
        assert_int_equal(loader.catalog.count, 0);
        assert_int_equal(loader.catalog.n_problems, 1);
        if (!strstr(loader.catalog.problems[0], cases[i].expected)) {
            print_error("wanted: %s\nfound:  %s\n", cases[i].expected, loader.catalog.problems[0]);
        }
        assert_non_null(strstr(loader.catalog.problems[0], cases[i].expected));
        loader_close(&loader);
    }
}

static void a_refused_plugin_leaves_the_others_usable(void **state) {
    (void)state;
    char good[4096], bad[4096];
    snprintf(bad, sizeof bad, "%s", folder_of("bad_magic"));
    snprintf(good, sizeof good, "%s", folder_of("crash_step"));
    const char *folders[] = {bad, good};
    struct loader loader;
    loader_open(&loader, folders, 2, 1);
    assert_int_equal(loader.catalog.n_problems, 1);
    assert_int_equal(loader.catalog.count, 1);
    const struct catalog_component *found = catalog_find(&loader.catalog, RUNNER_OPTIMIZER, "crash_step");
    assert_non_null(found);
    assert_false(found->foreign);
    assert_int_equal(strlen(found->hash), 32);
    assert_string_equal(found->version, "1.0.0");
    const runner_component *component = loader_find(&loader, RUNNER_OPTIMIZER, "crash_step");
    assert_non_null(component);
    assert_non_null(((const runner_optimizer_ops *)component->ops)->step);
    assert_null(loader_find(&loader, RUNNER_LAYER, "crash_step"));
    loader_close(&loader);
}

static void the_first_on_the_search_path_counts(void **state) {
    (void)state;
    char folder[] = "first_XXXXXX", copy[4096], command[10000];
    assert_non_null(mkdtemp(folder));
    const char *folders[] = {folder, folder_of("exit_step"), folder};
    snprintf(copy, sizeof copy, "%s/optimizers", folder);
    assert_int_equal(mkdir(copy, 0777), 0);
    snprintf(command, sizeof command, "cp '%s/exit_step.so' '%s/copy.so'", folders[1], copy);
    assert_int_equal(system(command), 0);
    struct loader loader;
    loader_open(&loader, folders, 3, 2); /* the folder that stands there twice is opened once */
    assert_int_equal(loader.count, 2);
    assert_int_equal(loader.catalog.count, 1);
    const struct catalog_component *found = &loader.catalog.components[0];
    assert_non_null(strstr(found->file, "/optimizers/copy.so"));
    assert_non_null(strstr(found->shadows, "/exit_step/exit_step.so"));
    assert_true(found->foreign);
    loader_close(&loader);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void put(const char *path, const void *bytes, size_t n) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, n, stream), n);
    fclose(stream);
}

static void what_is_no_shared_object_is_refused(void **state) {
    (void)state;
    char folder[] = "junk_XXXXXX", path[4096];
    assert_non_null(mkdtemp(folder));
    static const char *const names[] = {"a_empty.so", "b_text.so",  "c_object.so",
                                        "d_other.so", ".hidden.so", "notes.txt"};
    unsigned char elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    for (size_t i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        elf[16] = i == 2 ? 1 : 3;                 /* e_type: ET_REL, ET_DYN */
        elf[18] = i == 3 ? 8 : (unsigned char)62; /* e_machine: EM_MIPS, EM_X86_64 */
        put(path, i == 0 ? "" : i == 1 ? (const void *)"#!/bin/sh\nexit 1\n" : elf, i == 0 ? 0 : i == 1 ? 17 : 64);
    }
    snprintf(path, sizeof path, "%s/e_dangling.so", folder);
    assert_int_equal(symlink("nowhere", path), 0);
    snprintf(path, sizeof path, "%s/f_folder.so", folder);
    assert_int_equal(mkdir(path, 0777), 0);
    struct loader loader;
    open_folder(&loader, folder);
    assert_int_equal(loader.catalog.n_problems, 6);
    const char *const *problems = loader.catalog.problems;
    assert_non_null(
        strstr(problems[0], "a_empty.so: found no shared object; wanted a plugin built with cc -shared -fPIC"));
    assert_non_null(strstr(problems[1], "b_text.so: found no shared object"));
#ifdef __x86_64__
    assert_non_null(strstr(problems[2], "c_object.so: found an object file or a program"));
    assert_non_null(strstr(problems[3], "d_other.so: found code for another kind of machine"));
#endif
    assert_non_null(strstr(problems[4], "e_dangling.so"));
    assert_non_null(strstr(problems[5], "f_folder.so"));
    loader_close(&loader);
    char command[10000];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void only_folders_that_were_asked_for_must_exist(void **state) {
    (void)state;
    const char *folders[] = {"no/such/folder", "nor/this/one"};
    struct loader loader;
    loader_open(&loader, folders, 2, 1);
    assert_int_equal(loader.catalog.n_problems, 1);
    assert_string_equal(loader.catalog.problems[0],
                        "no/such/folder: cannot look for plugins there: No such file or directory");
    assert_int_equal(loader.catalog.n_folders, 2);
    loader_close(&loader);
}

static void one_file_can_be_added(void **state) {
    (void)state;
    char path[5000];
    struct loader loader = {0};
    snprintf(path, sizeof path, "%s/hang_step.so", folder_of("hang_step"));
    loader_open_file(&loader, path);
    snprintf(path, sizeof path, "%s/crash_step.so", folder_of("crash_step"));
    loader_open_file(&loader, path);
    loader_open_file(&loader, path);
    loader_open_file(&loader, "no_such.so");
    assert_int_equal(loader.catalog.count, 2);
    assert_string_equal(loader.catalog.components[0].name, "crash_step"); /* ordered by name */
    assert_true(loader.catalog.components[0].foreign);
    assert_non_null(loader_find(&loader, RUNNER_OPTIMIZER, "hang_step"));
    assert_int_equal(loader.catalog.n_problems, 1);
    assert_non_null(strstr(loader.catalog.problems[0], "no_such.so"));
    loader_close(&loader);
}

/* flush_subnormals.so sets the bits FTZ and DAZ of MXCSR when it is loaded. */
static void loading_leaves_the_floating_point_mode(void **state) {
    (void)state;
#ifdef __SSE__
    unsigned before = _mm_getcsr();
    struct loader loader;
    open_folder(&loader, folder_of("flush_subnormals"));
    assert_int_equal(loader.catalog.count, 1);
    assert_int_equal(_mm_getcsr() & 0x8040, before & 0x8040);
    assert_int_equal(before & 0x8040, 0);
    loader_close(&loader);
#endif
}

static void the_plugins_of_the_build_are_well(void **state) {
    (void)state;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/plugins", build_dir());
    if (access(folder, F_OK) != 0) {
        skip();
    }
    const char *folders[] = {folder};
    struct loader loader;
    loader_open(&loader, folders, 1, 1);
    for (size_t i = 0; i < loader.catalog.n_problems; i++) {
        print_error("%s\n", loader.catalog.problems[i]);
    }
    assert_int_equal(loader.catalog.n_problems, 0);
    assert_true(loader.catalog.count > 0);
    for (size_t i = 1; i < loader.catalog.count; i++) {
        const struct catalog_component *a = &loader.catalog.components[i - 1], *b = &loader.catalog.components[i];
        assert_true(a->kind < b->kind || (a->kind == b->kind && strcmp(a->name, b->name) < 0));
        assert_false(b->foreign);
        assert_null(b->shadows);
    }
    assert_non_null(loader_find(&loader, RUNNER_OPTIMIZER, "sgd"));
    const struct catalog_component *mnist = catalog_find(&loader.catalog, RUNNER_DATASET, "mnist");
    assert_non_null(mnist);
    assert_int_equal(mnist->n_downloads, 4);
    assert_string_equal(mnist->downloads[1].file, "train-labels-idx1-ubyte");
    assert_int_equal(mnist->downloads[1].n_urls, 2);
    assert_non_null(strstr(mnist->downloads[1].urls[1], "/train-labels-idx1-ubyte.gz"));
    assert_int_equal(catalog_find(&loader.catalog, RUNNER_DATASET, "digits")->n_downloads, 0);
    loader_close(&loader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_plugins_are_refused_by_name),
        cmocka_unit_test(a_refused_plugin_leaves_the_others_usable),
        cmocka_unit_test(the_first_on_the_search_path_counts),
        cmocka_unit_test(what_is_no_shared_object_is_refused),
        cmocka_unit_test(only_folders_that_were_asked_for_must_exist),
        cmocka_unit_test(one_file_can_be_added),
        cmocka_unit_test(loading_leaves_the_floating_point_mode),
        cmocka_unit_test(the_plugins_of_the_build_are_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

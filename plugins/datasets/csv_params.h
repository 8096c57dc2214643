/* The parameters of csv. Their names are those of pandas and scikit-learn where these have them. */
#ifndef CSV_PARAMS_H
#define CSV_PARAMS_H

#include <runner/plugin.h>

enum missing { MISSING_ERROR, MISSING_DROP, MISSING_MEAN, MISSING_MEDIAN, MISSING_FREQUENT, MISSING_CONSTANT };
static const char *const missing_names[] = {"error", "drop", "mean", "median", "most_frequent", "constant", NULL};
enum targets { AUTO, LABELS, VALUES };
static const char *const targets_names[] = {"auto", "labels", "values", NULL};

struct csv_config {
    const char *path, *test_path, *delimiter, *decimal;
    runner_texts label, features, drop, categorical, na_values, class_names;
    int32_t header, missing, standardize, targets;
    int64_t train, skiprows;
    double test, fill_value, scale;
    runner_ints shape;
};

#define TEXTS(field, doc)                                                                                              \
    RUNNER_PARAM_(RUNNER_TEXTS, struct csv_config, field, RUNNER_NULLABLE, 0, "null", 0, 0, NULL, doc)
static const runner_param csv_params[] = {
    RUNNER_PARAM_(RUNNER_PATH, struct csv_config, path, 0, 0, NULL, 0, 0, NULL, "the table, gzipped or not"),
    RUNNER_PARAM_PATH(struct csv_config, test_path, "null",
                      "table of the test rows; null: `test` cuts them from `path`"),
    TEXTS(label, "column of the target, by name or number from 0; several are values; null: the last"),
    TEXTS(features, "columns of the inputs, in this order; null: all others"),
    TEXTS(drop, "columns that are no inputs"),
    TEXTS(categorical, "inputs that become one-hot, a value for each category"),
    RUNNER_PARAM_CHOICE(struct csv_config, targets, "auto", targets_names,
                        "labels or values; auto: values where they are numbers and not all whole"),
    TEXTS(class_names, "the labels in the order of their classes; null: sorted"),
    RUNNER_PARAM_BOOL(struct csv_config, header, "true", "whether the first row holds the names of the columns"),
    RUNNER_PARAM_TEXT(struct csv_config, delimiter, "','",
                      "between cells: one character, tab, or whitespace (any run of it)"),
    RUNNER_PARAM_TEXT(struct csv_config, decimal, "'.'", "decimal mark: . or ,"),
    RUNNER_PARAM_INT(struct csv_config, skiprows, "0", 0, 1e9, "lines before the table"),
    RUNNER_PARAM_CHOICE(struct csv_config, missing, "error", missing_names,
                        "what to do where an input is missing: an error, drop the row, or what stands for it"),
    RUNNER_PARAM_FLOAT(struct csv_config, fill_value, "0.0", -1e30, 1e30,
                       "what stands for missing numbers with `missing: constant`"),
    TEXTS(na_values, "more texts for missing values, beside the empty cell, NA, NaN, null and others"),
    RUNNER_PARAM_BOOL(struct csv_config, standardize, "false",
                      "whether to take numbers to mean 0 and deviation 1 over the training rows"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct csv_config, test, RUNNER_NULLABLE, 0, "null", 0, UINT32_MAX, NULL,
                  "share below 1 or number of rows kept for testing, drawn by class; null: 0.2, or all of `test_path`"),
    RUNNER_PARAM_(RUNNER_INT, struct csv_config, train, RUNNER_NULLABLE, 0, "null", 1, UINT32_MAX, NULL,
                  "number of training rows, the first of them; null: all"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct csv_config, scale, RUNNER_OPEN_MIN, 0, "1.0", 0, 1e6, NULL,
                  "factor on the inputs"),
    RUNNER_PARAM_(RUNNER_INTS, struct csv_config, shape, RUNNER_NULLABLE, 0, "null", 1, UINT32_MAX, NULL,
                  "shape of one input, such as [28, 28, 1]; null: a vector"),
};

#endif

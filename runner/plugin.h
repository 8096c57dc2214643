/*
 * runner/plugin.h: the contract between runner and its plugins, version 1.
 *
 * A plugin is a shared object that exports one function, runner_plugin_entry(), which returns a static description of the
 * components it holds: data sets, layers, losses, optimizers, metrics, initializers, ... A component is a name, a
 * parameter table, the size of its config struct and a table of functions (its ops). The host reads YAML, checks it
 * against the parameter table and fills the config struct, so a plugin holds no parsing code.
 *
 * Rules for every function of a plugin:
 *  - Memory. The host allocates everything (weights, slots, activations, scratch), aligned to 64 bytes, from sizes that the
 *    plugin reports. Pointers that a function receives are valid until it returns, unless a comment says otherwise.
 *  - Threads. A tag says where a function is called. [main]: by one thread at a time. [any]: by several threads at once on
 *    different rows or tiles. A plugin starts no threads and keeps no mutable statics.
 *  - Numbers. A result may depend on nothing but the arguments: how the host cuts rows and tiles must not show. Draw random
 *    numbers from the host, compile with -ffp-contract=off, and take exp, log, tanh and erf from the host where bits matter.
 *  - Errors. A function that returns int returns 0, or RUNNER_FAILED after host->fail(). A plugin never prints and never exits.
 *
 * Shapes are written [rows][columns], row-major. Everything is float32 unless said otherwise.
 * This header is C11 and C++11, includes nothing of the project, and is laid out by hand.
 */
/* clang-format off */
#ifndef RUNNER_PLUGIN_H
#define RUNNER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Major: must be equal. Minor: tables grew at their end; a plugin's must not be above the host's. A struct that the other
   side may extend starts with its size, and a field is read only where that size covers it. */
#define RUNNER_ABI_MAGIC 0x524e4e52u /* "RNNR" */
#define RUNNER_ABI_MAJOR 1
#define RUNNER_ABI_MINOR 2
enum { RUNNER_OK = 0, RUNNER_FAILED = 1 };
enum { RUNNER_MAX_RANK = 6, RUNNER_MAX_INPUTS = 16, RUNNER_MAX_TENSORS = 16, RUNNER_MAX_SLOTS = 8, RUNNER_MAX_VALUES = 8 };

typedef enum runner_kind {
    RUNNER_DATASET = 1, RUNNER_LAYER, RUNNER_LOSS, RUNNER_OPTIMIZER, RUNNER_METRIC, RUNNER_INITIALIZER, RUNNER_SCHEDULE,
    RUNNER_REGULARIZER, RUNNER_CONSTRAINT, RUNNER_CALLBACK
} runner_kind;
#define RUNNER_LAST_KIND RUNNER_CALLBACK

/* ---- Parameters ------------------------------------------------------------------------------------------------ */
/* The type of a parameter, and in brackets that of its field in the config struct. Text and arrays live as long as the config. */
typedef enum runner_type {
    RUNNER_BOOL = 1,   /* [int32_t] 0 or 1 */
    RUNNER_INT,        /* [int64_t] */
    RUNNER_FLOAT,      /* [double] */
    RUNNER_TEXT,       /* [const char *] */
    RUNNER_CHOICE,     /* [int32_t] index into the choices */
    RUNNER_PATH,       /* [const char *] of a file or folder, made absolute; NULL where the value is null */
    RUNNER_INTS,       /* [runner_ints] a list, or one integer */
    RUNNER_FLOATS,     /* [runner_floats] a list, or one number */
    RUNNER_COMPONENT,  /* [const runner_part *] a component of the kind that the table names; NULL where the value is null */
    RUNNER_COMPONENTS, /* [runner_parts] a list of components */
    RUNNER_RATE,       /* [double] a number, or a schedule, which the host evaluates (see runner_step.rate) */
    RUNNER_TEXTS       /* [runner_texts] a list, or one text */
} runner_type;

typedef struct runner_ints { const int64_t *values; uint64_t count; } runner_ints;
typedef struct runner_floats { const double *values; uint64_t count; } runner_floats;
typedef struct runner_texts { const char *const *values; uint64_t count; } runner_texts;
typedef struct runner_part runner_part; /* a configured component: opaque, handed back to the host */
typedef struct runner_parts { const runner_part *const *parts; uint64_t count; } runner_parts;

#define RUNNER_OPEN_MIN 1u /* flags of a parameter: the smallest value itself is not allowed */
#define RUNNER_OPEN_MAX 2u
/* null is a value: NULL for text, paths and components; the smallest int64, NaN for numbers; an empty list */
#define RUNNER_NULLABLE 4u

typedef struct runner_param {
    const char *name;
    uint32_t type, flags;       /* runner_type */
    uint32_t offset;            /* of the field in the config struct */
    uint32_t kind;              /* RUNNER_COMPONENT(S): the kind wanted */
    const char *initial;        /* the default, written as in YAML; NULL: the parameter must be given */
    double min, max;            /* numbers, and the elements of lists of them */
    const char *const *choices; /* RUNNER_CHOICE: names, ended by NULL */
    const char *doc;            /* one line, lower case: what it is, its unit */
} runner_param;

/* S: the config struct, F: the field, which is also the parameter's name, I: the initial value, D: the doc */
#define RUNNER_PARAM_(type, S, F, flags, kind, I, min, max, choices, D) \
    { #F, type, flags, (uint32_t)offsetof(S, F), kind, I, min, max, choices, D }
#define RUNNER_PARAM_BOOL(S, F, I, D) RUNNER_PARAM_(RUNNER_BOOL, S, F, 0, 0, I, 0, 1, NULL, D)
#define RUNNER_PARAM_INT(S, F, I, min, max, D) RUNNER_PARAM_(RUNNER_INT, S, F, 0, 0, I, min, max, NULL, D)
#define RUNNER_PARAM_FLOAT(S, F, I, min, max, D) RUNNER_PARAM_(RUNNER_FLOAT, S, F, 0, 0, I, min, max, NULL, D)
#define RUNNER_PARAM_RATE(S, F, I, D) RUNNER_PARAM_(RUNNER_RATE, S, F, 0, RUNNER_SCHEDULE, I, 0, 1e30, NULL, D)
#define RUNNER_PARAM_TEXT(S, F, I, D) RUNNER_PARAM_(RUNNER_TEXT, S, F, 0, 0, I, 0, 0, NULL, D)
#define RUNNER_PARAM_CHOICE(S, F, I, choices, D) RUNNER_PARAM_(RUNNER_CHOICE, S, F, 0, 0, I, 0, 0, choices, D)
#define RUNNER_PARAM_PATH(S, F, I, D) RUNNER_PARAM_(RUNNER_PATH, S, F, RUNNER_NULLABLE, 0, I, 0, 0, NULL, D)
#define RUNNER_PARAM_PART(S, F, kind, I, D) RUNNER_PARAM_(RUNNER_COMPONENT, S, F, RUNNER_NULLABLE, kind, I, 0, 0, NULL, D)
#define RUNNER_PARAM_PARTS(S, F, kind, D) RUNNER_PARAM_(RUNNER_COMPONENTS, S, F, 0, kind, NULL, 0, 0, NULL, D)

/* ---- What the host lends ---------------------------------------------------------------------------------------- */
/* The shape of one example, without the batch; rank 0 is a scalar. Images are [height][width][channels]. */
typedef struct runner_shape { uint32_t rank, size[RUNNER_MAX_RANK]; } runner_shape;

/* A matrix; element (i, j) is data[i * pitch + j]. Where data is NULL the storage is the host's own (sparse rows, a weight
   matrix in a layout of its own) and only the host's products read it. Cut columns with runner_columns(). */
typedef struct runner_view {
    float *data;
    uint64_t rows, columns, pitch;
    const void *storage;
    uint64_t row0, column0; /* place of the view within the storage */
} runner_view;

enum { RUNNER_TRANSPOSE_A = 1, RUNNER_TRANSPOSE_B = 2 }; /* flags of a product */

typedef struct runner_host runner_host;
/* Handed to every call and handed back to the host's functions; belongs to one thread while the call lasts. */
typedef struct runner_call { const runner_host *host; } runner_call;

typedef struct runner_file {
    const unsigned char *bytes; /* decompressed where the file was gzip; valid as long as the component that asked */
    uint64_t size;
    char sha256[65]; /* of `bytes` */
} runner_file;

typedef struct runner_setting { const char *key, *value; } runner_setting; /* a parameter and its value as text */

/* Values that a data set gives to the rest of the model, such as the Hessian of a quadratic problem */
typedef struct runner_constant { const char *name; runner_shape shape; const float *values; } runner_constant;

typedef struct runner_dataset runner_dataset; struct runner_layer_ops;

struct runner_host {
    uint32_t size, abi_minor;
    /* [any] Says why the call fails: lower case, no full stop. Returns RUNNER_FAILED. */
    int (*fail)(runner_call *call, const char *format, ...);
    /* [any] A remark for the log of the trial. */
    void (*note)(runner_call *call, const char *format, ...);
    /* [any] Memory of this thread, 64-byte aligned, not zeroed; valid until the function that asked returns to the host. */
    void *(*scratch)(runner_call *call, uint64_t bytes);
    /* [main] Zeroed memory that lives as long as the component; NULL (and failed) where there is not enough. Only in open() and plan(). */
    void *(*memory)(runner_call *call, uint64_t bytes);

    /* [any] c = alpha op(a) op(b) + beta c, where op transposes as the flags say. The host sums over the inner index in an order that depends on the shapes alone. */
    void (*product)(runner_call *call, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta, const runner_view *c);
    /* [any] y[i] = f(x[i]) for n values; x may equal y. The same bits on every machine. */
    void (*exp)(uint64_t n, const float *x, float *y), (*log)(uint64_t n, const float *x, float *y);
    void (*tanh)(uint64_t n, const float *x, float *y), (*erf)(uint64_t n, const float *x, float *y);

    /* [any] Values first .. first + n of row `row` of this call's own stream of random numbers. A stream is keyed by the
       seed and: for layers the layer's name and the update, for initializers the tensor's name, for data sets the data
       set's seed. A value depends on (stream, row, index) alone. */
    void (*bits)(runner_call *call, uint64_t row, uint64_t first, uint64_t n, uint32_t *out);
    void (*uniform)(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out); /* [0, 1) */
    void (*normal)(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out);  /* mean 0, variance 1 */
    void (*truncated_normal)(runner_call *call, uint64_t row, uint64_t first, uint64_t n, float *out); /* normal's, cut at 2 standard deviations and not rescaled */

    /* [main] Data sets only. Reads a whole file, decompressing gzip. */
    int (*read_file)(runner_call *call, const char *path, runner_file *file);
    /* [main] The same for a member of a ZIP archive (.npz: "x_train.npy"); one that is not there has `bytes` NULL. */
    int (*read_member)(runner_call *call, const char *path, const char *member, runner_file *file);
    /* [main] The path of `file` (or `file`.gz) in `folder`, or where that is NULL in $RUNNER_DATA/NAME and the user's cache. NULL where there is none, after having failed with the places looked at. */
    const char *(*find_file)(runner_call *call, const char *folder, const char *name, const char *file);
    /* [main] Opens another data set in place of this one: `settings` are its parameters, n of them. */
    int (*open_as)(runner_call *call, const char *dataset, const runner_setting *settings, uint32_t n, runner_dataset *opened);

    /* [main] A constant of the trial's data set, valid while the model is; NULL where it has none of that name. In plan() and fill(). */
    const runner_constant *(*constant)(runner_call *call, const char *name);

    /* [any] Functions of later or private versions, by name; NULL where the host has none. */
    const void *(*extension)(const char *id);
};

/* ---- Data set ---------------------------------------------------------------------------------------------------- */
typedef enum runner_element { RUNNER_F32 = 1, RUNNER_U8 } runner_element;
typedef enum runner_split { RUNNER_TRAIN = 0, RUNNER_TEST = 1 } runner_split;

/* Filled by open(). The host cuts validation rows from the training rows by itself. */
struct runner_dataset {
    uint64_t rows[2];   /* by runner_split; 0 test rows mean that there is no test split */
    runner_shape input; /* of one example; rank 0: a problem without inputs */
    uint32_t element;   /* runner_element of the inputs as read */
    float scale;        /* the network sees element * scale; 1 for none */
    uint32_t classes;   /* targets are labels 0 .. classes - 1; 0: targets are values of shape `target` */
    runner_shape target;
    void *state;                      /* the data set's own, from host->memory() */
    const runner_constant *constants; /* [n_constants], from host->memory() */
    uint32_t n_constants;
};

/* A file of a data set as it is published. */
typedef struct runner_download {
    const char *file, *sha256; /* its name, as find_file() takes it; 64 digits, lower case: of its bytes, decompressed where they come as gzip */
    uint64_t size;             /* of the same bytes */
    const char *const *urls;   /* of the file or its gzip, http:// or https://, in the order in which they are tried; ended by NULL */
} runner_download;

typedef struct runner_dataset_ops {
    uint32_t size, flags;
    /* [main] `seed` keys host->bits() and friends as well. */
    int (*open)(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset);
    /* [any] Writes n examples: inputs [n][elements of input] of `element`, targets int32 labels [n] or float [n][elements of target]. */
    int (*read)(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples, uint64_t n, void *inputs, void *targets);
    /* Since 1.2; may be NULL: [n_downloads] what `runner fetch NAME` gets, NAME being the component's name, by which open() asks find_file(). */
    const runner_download *downloads;
    uint32_t n_downloads, download_size; /* sizeof(runner_download) */
} runner_dataset_ops;

/* ---- Initializer ------------------------------------------------------------------------------------------------- */
typedef struct runner_tensor {
    const char *name; /* "kernel"; the host's full name is LAYER/kernel */
    uint32_t flags;
    runner_shape shape; /* Keras' shape: a dense kernel is [in][out], a convolution's [height][width][in][out] */
    const runner_part *initializer, *regularizer, *constraint; /* NULL: zeros, none, none */
    uint64_t fan_in, fan_out; /* 0: Keras' rule from the shape */
} runner_tensor;

/* Flags of a tensor. A matrix view of a tensor has its last dimension as columns and all others as rows. */
#define RUNNER_STATE 1u   /* saved but not trained (moving statistics); written in combine() */
#define RUNNER_PRODUCT 2u /* used by nothing but the host's products, which may then keep it in a layout of their own */

typedef struct runner_initializer_ops {
    uint32_t size, flags;
    /* [main] Writes all values, and finite ones, in row-major order of tensor->shape; fan_in and fan_out are set. May fail. */
    int (*fill)(const void *config, runner_call *call, const runner_tensor *tensor, float *values);
} runner_initializer_ops;

/* ---- Regularizer, constraint ------------------------------------------------------------------------------------- */
typedef struct runner_regularizer_ops {
    uint32_t size, flags;
    /* [any] The penalty of n weights, a sum of each one's own; adds its derivative to g where that is not NULL. */
    double (*penalty)(const void *config, uint64_t n, const float *w, float *g);
} runner_regularizer_ops;

typedef struct runner_constraint_ops {
    uint32_t size, flags;
    /* [any] Brings a tensor, seen as a matrix, back within its bounds after an update; one within them stays as it is. */
    void (*apply)(const void *config, runner_call *call, const runner_view *w);
} runner_constraint_ops;

/* ---- Layer ------------------------------------------------------------------------------------------------------- */
/* What the host must keep for backward() and gradient(), and what it may do */
#define RUNNER_KEEP_INPUT 1u        /* inputs are valid there */
#define RUNNER_KEEP_OUTPUT 2u       /* the output is valid in backward() */
#define RUNNER_SPARSE_INPUT 4u      /* input 0 goes into products only: it may be a view without data */
#define RUNNER_IN_PLACE 8u          /* forward: output may be input 0; backward: its delta may be the output's */
#define RUNNER_FLATTEN 16u          /* has read the input as a flat vector */
#define RUNNER_TRAINING_DIFFERS 32u /* forward() differs in training (dropout, batch statistics) */
/* gradient() costs far more than the tensors' size (convolution): the host cuts it by rows, not by tiles, and adds the parts in order */
#define RUNNER_ROWS_GRADIENT 64u
/* Element j of the output depends on element j of input 0 alone, and so do their deltas. A layer without tensors and saved bytes may
   then be asked for any run of columns: all views have those alone */
#define RUNNER_ELEMENTWISE 128u
/* As dense: the tensors have the output's columns, and each column of the output depends on its own alone. forward() may be asked for a
   run of columns, backward() for its share of input 0's delta: then output, output_delta and tensors have those columns alone */
#define RUNNER_COLUMNS 256u
#define RUNNER_INPUT_COLUMNS 512u /* as dense: element j of input 0's delta depends on row j of tensor 0 alone; backward() may see a run of both */
/* As dense: tensor 0 has a row for each element of input 0, which where that is 0 in all rows changes no output and gets no gradient */
#define RUNNER_INPUT_ROWS 1024u
#define RUNNER_OUTER_GRADIENT 2048u /* as dense: that of tensor 0 is input 0, transposed, times output_delta; the host may take it itself */
#define RUNNER_INPUT_SUM 4096u /* as dense: forward() ends with adding the product of input 0 and tensor 0; it may see the first of both, the host adds the rest */

/* The host fills what stands above the line, plan() the rest (it finds everything zero). */
typedef struct runner_plan {
    uint32_t size, n_inputs;
    runner_shape inputs[RUNNER_MAX_INPUTS];
    /* ---- */
    runner_shape output;
    uint32_t flags, n_tensors;
    runner_tensor tensors[RUNNER_MAX_TENSORS];
    uint64_t saved;            /* bytes a row that forward(), or reduce_delta(), leaves for backward() and gradient() */
    uint32_t statistics;       /* float64 values that reduce() sums over the batch; 0: not a layer across the batch */
    uint32_t delta_statistics; /* the same for reduce_delta() */
} runner_plan;

/* Rows first .. first + rows of a batch of `batch` rows on their way through one layer. Views have `rows` rows. */
typedef struct runner_rows {
    uint32_t size, training; /* 1 while training, 0 while evaluating */
    uint64_t first, rows, batch;
    const runner_view *inputs, *output;          /* [n_inputs] and one: [rows][elements] */
    const runner_view *output_delta;             /* derivative of the loss by the output */
    const runner_view *input_deltas;             /* [n_inputs]: written by backward(); rows 0 where not wanted */
    const runner_view *tensors;                  /* [n_tensors] as matrices */
    unsigned char *saved;                        /* [rows][saved] */
    const double *statistics, *delta_statistics; /* as combine() and combine_delta() left them */
} runner_rows;

typedef struct runner_tile { uint32_t tensor; uint64_t row, rows, column, columns; } runner_tile; /* a part of a tensor's matrix */

typedef struct runner_build runner_build; typedef uint32_t runner_node;
#define RUNNER_NO_NODE UINT32_MAX

/* How expand() appends layers to the model. A node is a layer's output. */
struct runner_build {
    /* [main] A layer of the plugin's own; the host copies `config_size` bytes and plans it. RUNNER_NO_NODE after a failure: return it. */
    runner_node (*append)(runner_build *build, const struct runner_layer_ops *ops, const void *config, uint32_t config_size, const runner_node *inputs, uint32_t n_inputs);
    /* [main] A configured layer (a parameter's value), which may expand in turn; otherwise the same. */
    runner_node (*append_part)(runner_build *build, const runner_part *layer, runner_node input);
    runner_call *call;
};

typedef struct runner_layer_ops {
    uint32_t size, flags;
    /* [main] Appends layers and returns the last one's node, or RUNNER_NO_NODE. NULL: the layer itself runs. */
    runner_node (*expand)(const void *config, runner_build *build, runner_node input);
    /* [main] Checks the input shapes and says what the layer needs. May also fill fields of the config that no parameter has. */
    int (*plan)(void *config, runner_call *call, runner_plan *plan);
    /* [any] Writes the whole output of these rows, from the inputs. */
    void (*forward)(const void *config, runner_call *call, const runner_rows *run);
    /* [any] Writes the input deltas that are wanted (rows > 0), from the output delta. */
    void (*backward)(const void *config, runner_call *call, const runner_rows *run);
    /* [any] Adds alpha times the gradient of the tile over these rows into `into` [tile rows][tile columns]. It may not read the
       tensors, which change meanwhile. NULL where none is trained. */
    void (*gradient)(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile, float alpha, const runner_view *into);
    /* A layer across the batch. [any] Adds these rows' share to sums, before forward(). */
    void (*reduce)(const void *config, runner_call *call, const runner_rows *run, double *sums);
    /* [main] Turns the batch's sums into what forward() reads, and updates the layer's RUNNER_STATE tensors while training. While
       evaluating it is called once with zero sums and batch 0, to read them. */
    void (*combine)(const void *config, runner_call *call, uint64_t batch, const runner_view *tensors, uint32_t training, double *statistics);
    /* [any], [main] The same before backward(); tensors are not to be changed there. */
    void (*reduce_delta)(const void *config, runner_call *call, const runner_rows *run, double *sums);
    void (*combine_delta)(const void *config, runner_call *call, uint64_t batch, double *statistics);
} runner_layer_ops;

/* ---- Loss and metric --------------------------------------------------------------------------------------------- */
/* The form of target that a loss or metric wants; the host converts labels. */
typedef enum runner_target {
    RUNNER_ONE_HOT = 1, /* float [rows][classes] */
    RUNNER_LABELS,      /* int32 [rows] */
    RUNNER_VALUES /* float [rows][elements]: the data set's values; labels as one-hot, or as 0 and 1 for one output */
} runner_target;

typedef struct runner_loss_plan {
    uint32_t size, classes; /* of the data set; 0: values */
    runner_shape prediction, data_target;
    /* ---- */
    uint32_t target;       /* runner_target */
    const char *logits_of; /* name of an activation whose input the loss takes instead of its output, or NULL */
} runner_loss_plan;

typedef struct runner_loss_rows {
    uint32_t size, from_logits; /* prediction is the input of the activation named by logits_of */
    uint64_t first, rows;
    const runner_view *prediction; /* [rows][elements] */
    const runner_view *target;     /* ONE_HOT and VALUES */
    const int32_t *labels;         /* LABELS */
    double *values;                /* [rows] the loss of each row; NULL: not wanted */
    float scale;                   /* what the derivatives are multiplied by (1 / rows of the batch) */
    const runner_view *delta; /* written: scale * derivative of the row's loss by the prediction; NULL: not wanted */
} runner_loss_rows;

typedef struct runner_loss_ops {
    uint32_t size, flags;
    /* [main] Checks shapes and fills the plan. May also fill fields of the config that no parameter has. */
    int (*plan)(void *config, runner_call *call, runner_loss_plan *plan);
    /* [any] The loss of the batch is the mean of `values` over its rows. Each of `values` and `delta` may be NULL. */
    void (*evaluate)(const void *config, runner_call *call, const runner_loss_rows *run);
} runner_loss_ops;

typedef struct runner_metric_plan {
    uint32_t size, classes;
    runner_shape prediction, data_target;
    /* ---- */
    uint32_t target; /* runner_target */
    uint32_t sums;   /* float64 values that update() adds up; at most RUNNER_MAX_VALUES */
} runner_metric_plan;

typedef struct runner_metric_ops {
    uint32_t size, flags;
    /* [main] As a loss' plan(). */
    int (*plan)(void *config, runner_call *call, runner_metric_plan *plan);
    /* [any] Adds these rows' share to the sums; the host adds those of all slices in order. `delta` and `values` are NULL. */
    void (*update)(const void *config, runner_call *call, const runner_loss_rows *run, double *sums);
    /* [main] The metric from the sums over `rows` rows. */
    double (*result)(const void *config, uint64_t rows, const double *sums);
} runner_metric_ops;

/* ---- Schedule ---------------------------------------------------------------------------------------------------- */
typedef struct runner_schedule_ops {
    uint32_t size, flags;
    /* [main] The rate of update `update`, counted from 0: finite, from 0, and of the arguments alone. */
    double (*rate)(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates);
} runner_schedule_ops;

/* ---- Callback ---------------------------------------------------------------------------------------------------- */
/* What a callback asks for at the end of an epoch: train no further; keep a copy of the weights in place of the one kept before;
   when training ends, whatever ends it, take the copy back */
enum { RUNNER_STOP = 1, RUNNER_KEEP = 2, RUNNER_RESTORE = 4 };

typedef struct runner_epoch {
    uint32_t size, n_values;
    uint64_t epoch;                   /* counted from 1 */
    const char *const *names;         /* columns of epochs.csv: "train_loss", "val_accuracy", ...; without test_* */
    const double *values;             /* NaN where the epoch has none */
    double rate;                      /* learning rate of the last update */
    double rate_factor;               /* on the learning rate from now on; may be changed */
    double memory[RUNNER_MAX_VALUES]; /* the callback's own: zero at first, kept from epoch to epoch */
} runner_epoch;

typedef struct runner_callback_ops {
    uint32_t size, flags;
    /* [main] Checks that the columns it needs are there. */
    int (*plan)(const void *config, runner_call *call, const char *const *names, uint32_t n_names);
    /* [main] After each epoch and its evaluation, in the order of the config; returns flags. */
    uint32_t (*epoch)(const void *config, runner_epoch *epoch);
} runner_callback_ops;

/* ---- Optimizer --------------------------------------------------------------------------------------------------- */
/* What step() promises */
#define RUNNER_LINEAR 1u       /* w = w - rate * g and nothing else */
#define RUNNER_ZERO_IS_NOOP 2u /* where g is 0, w and slots stay */
#define RUNNER_WHOLE_TENSOR 4u /* by plan(): it wants step_tensor() for this tensor */

/* Values of a slot: one an element, one a row of the tensor's matrix, or one a column */
typedef enum runner_slot_shape { RUNNER_SLOT_ELEMENTS = 0, RUNNER_SLOT_ROWS, RUNNER_SLOT_COLUMNS } runner_slot_shape;

typedef struct runner_optimizer_plan {
    uint32_t size;
    runner_tensor tensor; /* which is trained, by its full name */
    /* ---- */
    uint32_t flags, slots;
    uint32_t slot_shape[RUNNER_MAX_SLOTS]; /* runner_slot_shape; other than ELEMENTS only with RUNNER_WHOLE_TENSOR */
    float slot_initial[RUNNER_MAX_SLOTS];
    uint64_t scratch; /* bytes that step_tensor() uses */
} runner_optimizer_plan;

typedef struct runner_step {
    uint32_t size;
    uint64_t number;                  /* of the update, counted from 1 */
    double rate;                      /* learning rate of this update */
    double values[RUNNER_MAX_VALUES]; /* begin()'s own: zero before update 1, kept from update to update */
} runner_step;

typedef struct runner_optimizer_ops {
    uint32_t size, flags;
    /* [main] What the optimizer needs for one tensor; called for each that is trained. */
    int (*plan)(const void *config, runner_call *call, runner_optimizer_plan *plan);
    /* [main] Once before each update: writes step->values (constants and running products, in float64) alone. May be NULL. */
    void (*begin)(const void *config, runner_step *step);
    /* [any] Updates n weights that lie one after another, and their slots; n is the host's choice. Nothing overlaps; g stays. Where weights
       are not read meanwhile it may come later, after other updates' begin(), with the runner_step of its own. */
    void (*step)(const void *config, const runner_step *step, uint64_t n, float *w, const float *g, float *const *slots);
    /* [any] Updates a whole tensor seen as a matrix, with slots of the shapes that plan() named. Only with RUNNER_WHOLE_TENSOR. */
    void (*step_tensor)(const void *config, runner_call *call, const runner_step *step, const runner_view *w, const runner_view *g, const runner_view *slots);
    /* [any] Since 1.1; may be NULL. To the bit as step(): step_zeros() with gradients of 0, for each of `count` steps in turn; step_outer() with fma(x, g[i], 0), where x is not 0. */
    void (*step_zeros)(const void *config, const runner_step *steps, uint64_t count, uint64_t n, float *w, float *const *slots);
    void (*step_outer)(const void *config, const runner_step *step, uint64_t n, float *w, float x, const float *g, float *const *slots);
} runner_optimizer_ops;

/* ---- The plugin -------------------------------------------------------------------------------------------------- */
typedef struct runner_component {
    uint32_t kind, config_size; /* runner_kind; bytes of the config struct: fields that no parameter fills are zero */
    const char *name; /* as used in configs: [a-z][a-z0-9_]* */
    const char *doc;  /* one line, lower case */
    const runner_param *params; /* NULL: none */
    uint32_t n_params, reserved;
    const void *ops; /* the ops struct of the kind; starts with its size */
} runner_component;

typedef struct runner_plugin {
    uint32_t magic; /* RUNNER_ABI_MAGIC */
    uint16_t abi_major, abi_minor;
    uint32_t size, component_size, param_size, n_components; /* sizes of this struct, runner_component, runner_param */
    const runner_component *components;
    const char *version;          /* of the plugin: "1.0.0" */
    const char *license, *author; /* may be NULL */
} runner_plugin;

#define RUNNER_EXPORT __attribute__((visibility("default")))

RUNNER_EXPORT const runner_plugin *runner_plugin_entry(void); /* [main] The one symbol of a plugin; called once after dlopen() */
typedef const runner_plugin *(*runner_plugin_entry_fn)(void);

#define RUNNER_COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
/* Defines the entry of a plugin whose components are the array `list`. */
#define RUNNER_PLUGIN(list, version)                                                                   \
    RUNNER_EXPORT const runner_plugin *runner_plugin_entry(void) {                                     \
        static const runner_plugin plugin = {                                                          \
            RUNNER_ABI_MAGIC, RUNNER_ABI_MAJOR, RUNNER_ABI_MINOR, sizeof(runner_plugin),               \
            sizeof(runner_component), sizeof(runner_param), RUNNER_COUNT(list), list, version, NULL, NULL}; \
        return &plugin;                                                                                \
    }

/* Columns first .. first + columns of a view. */
static inline runner_view runner_columns(const runner_view *view, uint64_t first, uint64_t columns) {
    runner_view part = {view->data == NULL ? NULL : view->data + first, view->rows, columns, view->pitch, view->storage,
                        view->row0, view->column0 + first};
    return part;
}

/* Number of elements of a shape. */
static inline uint64_t runner_elements(const runner_shape *shape) {
    uint64_t elements = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        elements *= shape->size[i];
    return elements;
}

#ifdef __cplusplus
}
#endif
#endif
